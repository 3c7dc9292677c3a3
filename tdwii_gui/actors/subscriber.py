"""What TDD and PPVS have in common: they follow the steps of a TMS and fetch their inputs."""

from __future__ import annotations

import logging
from threading import Lock, Timer
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import EventReported, InputsRetrieved, InstanceReceived, StepFetched
from tdwii_gui.actors.inputs import InputRetriever, RetrievalResult
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import AssociationError
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.net.event_receiver import EventReceiver
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.config.settings import PpvsSettings, TddSettings
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.store.instance_store import AddOutcome

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0


class Subscriber(Actor):
    """Subscribes to the TMS's steps, hears their events, and has their inputs sent to itself.

    Attributes
    ----------
    instances : InstanceStore
        The staging folder in which retrieved instances arrive.
    tms_ae_title, ost_ae_title : str
        Whose steps it follows, and the archive; they may be changed at run time.
    machine : str
        The treatment machine that it stands for; empty for any.
    """

    def __init__(
        self, settings: TddSettings | PpvsSettings, surroundings: Surroundings, staging: Path
    ) -> None:
        super().__init__(settings, surroundings)
        self.tms_ae_title = settings.tms_ae_title
        self.ost_ae_title = settings.ost_ae_title
        self.machine = settings.machine
        self.instances = InstanceStore(staging, on_conflict=Conflict.REPLACE)
        self._retriever = InputRetriever(self.local, self.directory, self.instances, self.running)
        self._keep = settings.subscribe
        self._subscribed_to = ""
        self._retry: Timer | None = None
        self._retry_lock = Lock()
        self.serve(
            StorageScp(self.instances, self._on_stored), EventReceiver(self._on_event_report)
        )

    @property
    def subscribed(self) -> bool:
        """Whether the TMS has accepted our subscription to all its steps."""
        return self._subscribed_to == self.tms_ae_title

    @property
    def wants_subscription(self) -> bool:
        """Whether we are subscribed, or try to be."""
        return self.subscribed or self._keep

    def start(self) -> None:
        """Listen, and subscribe where that is wanted."""
        super().start()
        if self._keep:
            self.keep_subscribed()

    def stop_listening(self) -> None:
        """Stop answering; a subscription that is still tried for waits for the next start."""
        super().stop_listening()
        self._cancel_retry()

    @task()
    def subscribe(self, deletion_lock: bool = False) -> int:
        """Subscribe to all steps of the TMS (PS3.4 CC.2.3.2); return the status."""
        tms = self.tms_ae_title
        with self._tms() as scu:
            status = scu.subscribe_globally(self.ae_title, deletion_lock=deletion_lock)
        self._subscribed_to = tms
        logger.info("%s subscribed to %s", self.ae_title, tms)
        return status

    @task()
    def keep_subscribed(self) -> None:
        """Subscribe; while the TMS cannot be reached, try again later."""
        self._keep = True
        self._subscribed_to = ""
        self._cancel_retry()
        try:
            self.subscribe().result()
        except AssociationError as error:
            logger.warning("%s is not subscribed yet: %s", self.ae_title, error)
            self._try_later()

    @task()
    def unsubscribe(self) -> int:
        """End all subscriptions to steps of the TMS (PS3.4 CC.2.3); return the status."""
        self._give_up()
        with self._tms() as scu:
            status = scu.unsubscribe(UPS_GLOBAL_SUBSCRIPTION, self.ae_title)
        self._subscribed_to = ""
        return status

    @task()
    def suspend(self) -> int:
        """End the subscription to steps to come; those to present ones remain (PS3.4 CC.2.3)."""
        self._give_up()
        with self._tms() as scu:
            status = scu.suspend_globally(self.ae_title)
        self._subscribed_to = ""
        return status

    @task()
    def fetch_step(self, sop_instance_uid: str) -> Ups:
        """Return a step as the TMS has it now (N-GET)."""
        return self._fetch_step(sop_instance_uid)

    def close(self) -> None:
        """Give up subscribing and close the staging store."""
        self._give_up()
        self.instances.close()

    def _tms(self) -> UpsScu:
        return UpsScu(self.local, self.directory.lookup(self.tms_ae_title))

    def _query(self, query: Dataset, on_match: Callable[[Ups], None] | None) -> list[Ups]:
        steps: list[Ups] = []
        with self.running.task(), self.running.of(self._tms()) as scu:
            if self.running.canceled():
                return steps
            for answer in scu.c_find(query):
                self.running.heed()
                steps.append(Ups(answer))
                if on_match is not None:
                    on_match(steps[-1])
        return steps

    def _fetch_step(self, sop_instance_uid: str) -> Ups:
        with self._tms() as scu:
            attributes = scu.n_get(sop_instance_uid)
        # A TMS need not repeat the UID that it was asked for (PS3.4 CC.2.7.1).
        attributes.SOPInstanceUID = sop_instance_uid
        step = Ups(attributes)
        self.emit(StepFetched(self.ae_title, step))
        return step

    def _retrieve(self, step: Ups, references: Iterable[InputReference]) -> RetrievalResult:
        result = self._retriever.retrieve(references, self.ost_ae_title)
        logger.info(
            "%s has %d of %d inputs of %s",
            self.ae_title,
            len(result.present),
            len(result.present) + len(result.missing),
            step.sop_instance_uid,
        )
        self.emit(InputsRetrieved(self.ae_title, step.sop_instance_uid, result))
        return result

    def _try_later(self) -> None:
        with self._retry_lock:
            if not (self.listening and self._keep):
                return
            self._retry = Timer(_RETRY_SECONDS, self.keep_subscribed)
            self._retry.name = f"{self.ae_title}-subscribe"
            self._retry.daemon = True
            self._retry.start()

    def _give_up(self) -> None:
        self._keep = False
        self._cancel_retry()

    def _cancel_retry(self) -> None:
        with self._retry_lock:
            retry, self._retry = self._retry, None
        if retry is not None:
            retry.cancel()

    def _on_event_report(self, report: EventReport) -> None:
        self.emit(EventReported(self.ae_title, report))

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))

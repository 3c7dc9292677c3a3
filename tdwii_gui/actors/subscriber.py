"""What TDD and PPVS have in common: they follow the steps of a TMS and fetch their inputs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings, machine_of
from tdwii_gui.actors.events import (
    EventReported,
    InputsProgressed,
    InputsRetrieved,
    InstanceReceived,
    StepFetched,
    SubscriptionChanged,
    WorklistOutdated,
)
from tdwii_gui.actors.inputs import InputRetriever, RetrievalResult
from tdwii_gui.actors.later import Later
from tdwii_gui.actors.subscriptions import (
    Subscription,
    SubscriptionKind,
    Subscriptions,
    ask,
    end,
)
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import AssociationError, DimseStatusError, NotAccepted
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_event import EventType, ListStatus, ScpStatus, read_event
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.net.event_receiver import EventReceiver
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore

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
_OUTDATED_SECONDS = 60.0
"""After how long the steps are queried again by who is subscribed to them."""


class Subscriber(Actor):
    """Subscribes to the TMS's steps, hears their events, and has their inputs sent to itself.

    Attributes
    ----------
    instances : InstanceStore
        The staging folder in which retrieved instances arrive.
    tms_ae_title, ost_ae_title : str
        Whose steps it follows, and the archive; they may be changed at run time.
    machine : str
        The treatment machine that it stands for: of its settings, else of its entry in the AE
        directory; empty for any.
    """

    def __init__(
        self, settings: TddSettings | PpvsSettings, surroundings: Surroundings, staging: Path
    ) -> None:
        super().__init__(settings, surroundings)
        self.tms_ae_title = settings.tms_ae_title
        self.ost_ae_title = settings.ost_ae_title
        self.machine = settings.machine or machine_of(self.directory, self.ae_title)
        self.instances = InstanceStore(staging, on_conflict=Conflict.REPLACE)
        self._retriever = InputRetriever(
            self.local, self.directory, self.instances, self.running, on_stored=self._on_stored
        )
        self._keep = settings.subscribe
        self._subscriptions = Subscriptions(Subscription())
        self._retry = Later(f"{self.ae_title}-subscribe", self.keep_subscribed)
        self._outdated = Later(f"{self.ae_title}-outdated", self._on_outdated)
        self.serve(
            StorageScp(self.instances, self._on_stored), EventReceiver(self._on_event_report)
        )

    @property
    def subscribed(self) -> bool:
        """Whether the TMS has accepted a subscription of ours."""
        return bool(self.subscriptions)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What the TMS has accepted: one about all or a machine's steps at most, and single ones.

        Empty while another AE is the TMS.
        """
        return self._subscriptions.held(self.tms_ae_title)

    @property
    def wanted_subscriptions(self) -> tuple[Subscription, ...]:
        """What it subscribes to: what was asked for, else what is usual."""
        return self._subscriptions.wanted

    @property
    def wants_subscription(self) -> bool:
        """Whether we are subscribed, or try to be."""
        return self.subscribed or self._keep

    def want(self, *subscriptions: Subscription) -> None:
        """Subscribe to these at the start, and again while the TMS cannot be reached."""
        self._subscriptions.want(*subscriptions)
        self._keep = True

    def start(self) -> None:
        """Listen, and subscribe where that is wanted."""
        super().start()
        if self._keep:
            self.keep_subscribed()
        elif self.subscribed:
            self._follow()

    def stop_listening(self) -> None:
        """Stop answering; a subscription that is still tried for waits for the next start."""
        super().stop_listening()
        self._retry.cancel()
        self._outdated.cancel()

    @task()
    def subscribe(self, deletion_lock: bool = False) -> int:
        """Subscribe to all steps of the TMS (PS3.4 CC.2.3.2); return the status."""
        return self._subscribe(Subscription(deletion_lock=deletion_lock))

    @task()
    def subscribe_filtered(self, machine: str, deletion_lock: bool = False) -> int:
        """Subscribe to all steps of a treatment machine (PS3.4 CC.2.3.1); return the status.

        It takes the place of a subscription to all steps. A TMS that has no filtered
        subscriptions is asked for one to all.

        Raises
        ------
        ConfigError
            If no machine is named.
        """
        kind = SubscriptionKind.FILTERED
        return self._subscribe(Subscription(kind, machine, deletion_lock=deletion_lock))

    @task()
    def subscribe_step(self, sop_instance_uid: str, deletion_lock: bool = False) -> int:
        """Subscribe to one step (PS3.4 CC.2.3.2); return the status."""
        kind = SubscriptionKind.STEP
        wanted = Subscription(kind, step_uid=sop_instance_uid, deletion_lock=deletion_lock)
        return self._subscribe(wanted)

    @task()
    def keep_subscribed(self) -> None:
        """Subscribe anew to what is wanted; while the TMS cannot be reached, try again later."""
        self._keep = True
        self._subscriptions.lose()
        self._retry.cancel()
        try:
            for wanted in self._subscriptions.wanted:
                self._subscribe_anew(wanted)
        except AssociationError as error:
            logger.warning("%s is not subscribed yet: %s", self.ae_title, error)
            self._tell_subscriptions()
            if self.listening and self._keep:
                self._retry.start(_RETRY_SECONDS)

    @task()
    def unsubscribe(self) -> int:
        """End all subscriptions to steps of the TMS (PS3.4 CC.2.3); return the status."""
        self._give_up()
        with self._tms() as scu:
            status = end(scu, self.ae_title, self.subscriptions)
        self._subscriptions.end()
        self._tell_subscriptions()
        return status

    @task()
    def suspend(self) -> int:
        """End the subscription to steps to come; those to present ones remain (PS3.4 CC.2.3)."""
        self._give_up()
        with self._tms() as scu:
            status = scu.suspend_globally(self.ae_title)
        self._subscriptions.end()
        self._tell_subscriptions()
        return status

    @task()
    def fetch_step(self, sop_instance_uid: str) -> Ups:
        """Return a step as the TMS has it now (N-GET)."""
        return self._fetch_step(sop_instance_uid)

    def close(self) -> None:
        """Give up subscribing and close the staging store."""
        self._give_up()
        self.instances.close()

    def _tms(self, ae_title: str = "") -> UpsScu:
        return UpsScu(self.local, self.directory.lookup(ae_title or self.tms_ae_title))

    def _subscribe(self, wanted: Subscription) -> int:
        tms = self.tms_ae_title
        with self._tms() as scu:
            status, accepted = ask(scu, self.ae_title, wanted)
        if status == Status.UPS_LOCK_NOT_GRANTED:
            logger.warning("%s subscribed to %s: %s", self.ae_title, tms, status_words(status))
        else:
            logger.info("%s subscribed to %s (%s)", self.ae_title, tms, accepted.kind)
        self._subscriptions.accept(tms, accepted)
        self._tell_subscriptions()
        self._follow()
        return status

    def _subscribe_anew(self, wanted: Subscription) -> None:
        """Subscribe, unless that is to a step that the TMS no longer has."""
        try:
            self._subscribe(wanted)
        except DimseStatusError as error:
            if not wanted.is_single or error.status != Status.UPS_UNKNOWN:
                raise
            logger.warning("%s has no step %s", self.tms_ae_title, wanted.step_uid)
            self._subscriptions.give_up(wanted)
            self._keep = self._subscriptions.is_any_wanted
            self._tell_subscriptions()

    def _tell_subscriptions(self) -> None:
        self.emit(SubscriptionChanged(self.ae_title, self.subscriptions))

    def _query(self, query: Dataset, on_match: Callable[[Ups], None] | None) -> list[Ups]:
        steps: list[Ups] = []
        with self.running.of(self._tms()) as scu:
            if self.running.canceled():
                return steps
            for answer in scu.c_find(query):
                steps.append(Ups(answer))
                if on_match is not None:
                    on_match(steps[-1])
        return steps

    def _fetch_step(self, sop_instance_uid: str) -> Ups:
        with self._tms() as scu:
            try:
                attributes = scu.n_get(sop_instance_uid)
            except (DimseStatusError, NotAccepted) as error:
                if getattr(error, "status", None) == Status.UPS_UNKNOWN:
                    raise
                attributes = self._found(scu, sop_instance_uid, error)
        # A TMS need not repeat the UID that it was asked for (PS3.4 CC.2.7.1).
        attributes.SOPInstanceUID = sop_instance_uid
        step = Ups(attributes)
        self.emit(StepFetched(self.ae_title, step))
        return step

    def _retrieve(
        self, step: Ups, references: Iterable[InputReference], *, follow: bool = False
    ) -> RetrievalResult:
        uid = step.sop_instance_uid
        result = self._retriever.retrieve(
            references,
            self.ost_ae_title,
            follow=follow,
            on_progress=lambda progress: self.emit(InputsProgressed(self.ae_title, uid, progress)),
        )
        logger.info(
            "%s has %d of %d inputs of %s",
            self.ae_title,
            len(result.present),
            len(result.present) + len(result.missing),
            uid,
        )
        self.emit(InputsRetrieved(self.ae_title, uid, result))
        return result

    @staticmethod
    def _found(scu: UpsScu, sop_instance_uid: str, error: Exception) -> Dataset:
        """Return a step of a TMS that lets it be queried but not read (C-FIND)."""
        keys = WorklistKeys(sop_instance_uid=sop_instance_uid, workitem=None)
        answers = list(scu.c_find(worklist_query(keys)))
        if len(answers) != 1:
            raise error
        return answers[0]

    def _give_up(self) -> None:
        self._keep = False
        self._retry.cancel()
        self._outdated.cancel()

    def _follow(self) -> None:
        """Count from now on how old what was told of the steps is."""
        if self.listening:
            self._outdated.start(_OUTDATED_SECONDS)

    def _on_outdated(self) -> None:
        if self.subscribed:
            self._follow()
            self._tell_outdated("an event report may have been lost")

    def _tell_outdated(self, reason: str) -> None:
        """Tell that steps may be others than they were told; after what was asked so far."""
        self.emit(WorklistOutdated(self.ae_title, reason))

    def _on_event_report(self, report: EventReport) -> None:
        if report.event_type == EventType.SCP_STATUS_CHANGE:
            self._on_scp_status(report)
        self.emit(EventReported(self.ae_title, report))

    def _on_scp_status(self, report: EventReport) -> None:
        """Follow a restart of the TMS: subscribe anew where it has lost that, then query."""
        tms = report.calling_ae
        if tms != self.tms_ae_title:
            logger.info("%s: %s is not the TMS that is followed", self.ae_title, tms)
            return
        told = read_event(report.event_type, report.sop_instance_uid, report.information)
        if told.scp_status is not ScpStatus.RESTARTED:
            logger.info("%s: %s is going down", self.ae_title, tms)
            return
        is_cold = told.subscription_list is ListStatus.COLD_START
        logger.info("%s: %s has restarted%s", self.ae_title, tms, ", cold" if is_cold else "")
        if is_cold and self.wants_subscription:
            self.keep_subscribed()
        self._tell_outdated("the TMS has restarted")

    def _on_stored(self, outcome: AddOutcome) -> None:
        self._retriever.arrived(outcome.instance.sop_instance_uid)
        self.emit(InstanceReceived(self.ae_title, outcome.instance))

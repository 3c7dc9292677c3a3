"""The Patient Position Verification System: is told of steps and has their inputs at hand."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import EventReported, InputsRetrieved, InstanceReceived
from tdwii_gui.actors.inputs import InputRetriever, RetrievalResult
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import AssociationError
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.net.event_receiver import EventReceiver
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.config.settings import PpvsSettings
    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.store.instance_store import AddOutcome

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0


class Ppvs(Actor):
    """Subscribes to the TMS's steps, hears their events and retrieves their inputs.

    Attributes
    ----------
    instances : InstanceStore
        The staging folder in which retrieved instances arrive.
    """

    def __init__(self, settings: PpvsSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._settings = settings
        self._retry: Timer | None = None
        staging = settings.import_staging_directory
        self.instances = InstanceStore(
            Path(staging) if staging else surroundings.data_folder / "ppvs",
            on_conflict=Conflict.REPLACE,
        )
        self._retriever = InputRetriever(
            self.local, self.directory, self.instances, settings.ost_ae_title
        )
        self.serve(
            StorageScp(self.instances, self._on_stored), EventReceiver(self._on_event_report)
        )

    def start(self) -> None:
        """Listen, and subscribe where the settings say so."""
        super().start()
        if self._settings.subscribe:
            self._keep_subscribing()

    @task()
    def subscribe(self, *, deletion_lock: bool = False) -> int:
        """Subscribe to all steps of the TMS (PS3.4 CC.2.3.2); return the status."""
        with self._tms() as scu:
            status = scu.subscribe_globally(self.ae_title, deletion_lock=deletion_lock)
        logger.info("%s subscribed to %s", self.ae_title, self._settings.tms_ae_title)
        return status

    @task()
    def query_steps(self, query: Dataset) -> list[Ups]:
        """Return the steps that match (C-FIND)."""
        with self._tms() as scu:
            return [Ups(answer) for answer in scu.c_find(query)]

    @task()
    def fetch_step(self, sop_instance_uid: str) -> Ups:
        """Return a step as the TMS has it now (N-GET)."""
        return self._fetch_step(sop_instance_uid)

    @task()
    def retrieve_inputs(self, sop_instance_uid: str) -> RetrievalResult:
        """Fetch a step and retrieve what it references and is not here yet."""
        return self._retrieve_inputs(self._fetch_step(sop_instance_uid))

    @task()
    def _keep_subscribing(self) -> None:
        """Subscribe; while the TMS cannot be reached, try again later."""
        try:
            self.subscribe().result()
        except AssociationError as error:
            logger.warning("%s is not subscribed yet: %s", self.ae_title, error)
            self._retry = Timer(_RETRY_SECONDS, self._keep_subscribing)
            self._retry.name = f"{self.ae_title}-subscribe"
            self._retry.daemon = True
            self._retry.start()

    @task()
    def _download(self, sop_instance_uid: str) -> None:
        """Retrieve the inputs of a step of our machine that can still be treated."""
        step = self._fetch_step(sop_instance_uid)
        machine = self._settings.machine
        if step.state is ProcedureStepState.SCHEDULED and (not machine or step.machine == machine):
            self._retrieve_inputs(step)

    def close(self) -> None:
        """Give up subscribing and close the staging store."""
        if self._retry:
            self._retry.cancel()
        self.instances.close()

    def _tms(self) -> UpsScu:
        return UpsScu(self.local, self.directory.lookup(self._settings.tms_ae_title))

    def _fetch_step(self, sop_instance_uid: str) -> Ups:
        with self._tms() as scu:
            attributes = scu.n_get(sop_instance_uid)
        # A TMS need not repeat the UID that it was asked for (PS3.4 CC.2.7.1).
        attributes.SOPInstanceUID = sop_instance_uid
        return Ups(attributes)

    def _retrieve_inputs(self, step: Ups) -> RetrievalResult:
        result = self._retriever.retrieve(step.inputs)
        logger.info(
            "%s has %d of %d inputs of %s",
            self.ae_title,
            len(result.present),
            len(result.present) + len(result.missing),
            step.sop_instance_uid,
        )
        self.emit(InputsRetrieved(self.ae_title, step.sop_instance_uid, result))
        return result

    def _on_event_report(self, report: EventReport) -> None:
        self.emit(EventReported(self.ae_title, report))
        if self._settings.auto_download and _announces(report):
            self._download(report.sop_instance_uid)

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))


def _announces(report: EventReport) -> bool:
    """Whether a step may have become one whose inputs are needed: created, ready or assigned."""
    match report.event_type:
        case EventType.STATE_REPORT:
            return Ups(report.information).state is ProcedureStepState.SCHEDULED
        case EventType.ASSIGNED:
            return True
        case _:
            return False

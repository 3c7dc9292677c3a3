"""The Patient Position Verification System: is told of steps and has their inputs at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.subscriber import Subscriber
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Surroundings
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.config.settings import PpvsSettings
    from tdwii_gui.dicom.net.event_receiver import EventReport


class Ppvs(Subscriber):
    """Follows the TMS's steps and retrieves their inputs.

    Attributes
    ----------
    auto_download : bool
        Whether the inputs of each step of the machine are retrieved when it is announced.
    """

    def __init__(self, settings: PpvsSettings, surroundings: Surroundings) -> None:
        staging = settings.import_staging_directory
        folder = Path(staging) if staging else surroundings.data_folder / "ppvs"
        super().__init__(settings, surroundings, folder)
        self.auto_download = settings.auto_download

    @task()
    def query_steps(
        self, query: Dataset, on_match: Callable[[Ups], None] | None = None
    ) -> list[Ups]:
        """Return the steps that match (C-FIND).

        `on_match` is called with each while they arrive, on the worker's thread.
        """
        return self._query(query, on_match)

    @task()
    def retrieve_inputs(self, sop_instance_uid: str) -> RetrievalResult:
        """Fetch a step and retrieve what it references and is not here yet."""
        return self._retrieve_inputs(self._fetch_step(sop_instance_uid))

    @task()
    def _download(self, sop_instance_uid: str) -> None:
        """Retrieve the inputs of a step of our machine that can still be treated."""
        step = self._fetch_step(sop_instance_uid)
        ours = not self.machine or self.machine in step.machines
        if step.state is ProcedureStepState.SCHEDULED and ours:
            self._retrieve_inputs(step)

    @task()
    def _download_missed(self) -> None:
        """Retrieve the inputs of the steps of our machine that nobody has told us of."""
        keys = WorklistKeys(machine=self.machine, state=ProcedureStepState.SCHEDULED, workitem=None)
        for step in self._query(worklist_query(keys), None):
            wanted = {reference.sop_instance_uid for reference in step.inputs}
            if wanted - self.instances.present(wanted):
                self._retrieve_inputs(step)

    def _retrieve_inputs(self, step: Ups) -> RetrievalResult:
        result = self._retrieve(step, step.inputs)
        # The photographs help to know the patient; nothing depends on them.
        self._retriever.retrieve(step.photos, self.ost_ae_title)
        return result

    def _tell_outdated(self, reason: str) -> None:
        super()._tell_outdated(reason)
        if self.auto_download:
            self._download_missed()

    def _on_event_report(self, report: EventReport) -> None:
        super()._on_event_report(report)
        if self.auto_download and _announces(report):
            self._download(report.sop_instance_uid)


def _announces(report: EventReport) -> bool:
    """Whether a step may have become one whose inputs are needed: created, ready or assigned."""
    match report.event_type:
        case EventType.STATE_REPORT:
            return Ups(report.information).state is ProcedureStepState.SCHEDULED
        case EventType.ASSIGNED:
            return True
        case _:
            return False

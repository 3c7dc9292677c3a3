"""The Patient Position Verification System: is told of steps and has their inputs at hand."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tdwii_gui.actors.events import ImagingChanged, StepGone
from tdwii_gui.actors.imaging_report import ImagingReport
from tdwii_gui.actors.later import Later
from tdwii_gui.actors.step_queue import StepQueue, ToldStep
from tdwii_gui.actors.subscriber import Subscriber
from tdwii_gui.actors.subscriptions import Subscription, SubscriptionKind, Subscriptions
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Surroundings
    from tdwii_gui.actors.imaging import ImagingState, PositionCheck
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.config.settings import PpvsSettings
    from tdwii_gui.dicom.net.event_receiver import EventReport

logger = logging.getLogger(__name__)


class Ppvs(Subscriber):
    """Follows the TMS's steps, retrieves their inputs, and reports its imaging.

    An event is answered before anything is done about it; then the step that it is about is
    fetched anew, and no other.

    Attributes
    ----------
    auto_download : bool
        Whether the inputs of each step of the machine are retrieved when it is announced, in the
        order of the scheduled starts where several wait.
    """

    def __init__(self, settings: PpvsSettings, surroundings: Surroundings) -> None:
        staging = settings.import_staging_directory
        folder = Path(staging) if staging else surroundings.data_folder / "ppvs"
        super().__init__(settings, surroundings, folder)
        if settings.subscription == SubscriptionKind.FILTERED:
            usual = Subscription(SubscriptionKind.FILTERED, self.machine)
            self._subscriptions = Subscriptions(usual)
        self._auto_download = settings.auto_download
        self._imaging = ImagingReport(
            self.local,
            lambda: self.directory.lookup(settings.mpps_ae_title),
            lambda uid, state: self.emit(ImagingChanged(self.ae_title, uid, state)),
            is_reported=settings.report_imaging,
            now=self.clock.now,
        )
        self._steps = StepQueue()
        self._soon = Later(f"{self.ae_title}-steps", self._go_on)
        self._complete: dict[str, frozenset[str]] = {}
        self._canceled: set[str] = set()
        self._looking_for_missed = False
        self._lock = Lock()

    @property
    def auto_download(self) -> bool:
        """Whether the inputs of each step of the machine are retrieved when it is announced."""
        return self._auto_download

    @auto_download.setter
    def auto_download(self, is_on: bool) -> None:
        self._auto_download = is_on
        if self.subscribed:
            self._look_for_missed()

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
        """Fetch a step and retrieve what it references and is not here yet.

        The retrieval ends early if the step is canceled meanwhile.
        """
        return self._retrieve_inputs(self._fetch_step(sop_instance_uid))

    def imaging(self, step_uid: str) -> ImagingState:
        """Return how far the imaging for a step is."""
        return self._imaging.state(step_uid)

    @task()
    def start_imaging(self, step_uid: str) -> ImagingState:
        """Begin to image for a step, and report it by MPPS: IN PROGRESS.

        Imaging does not wait for the report: one that cannot be sent is a problem of the state,
        and is sent before that of the end.

        Raises
        ------
        ActionNotAllowed
            If imaging for it is in progress, or the step is final.
        DimseStatusError, AssociationError
            If the TMS does not have the step or cannot be reached.
        """
        return self._imaging.start(self._fetch_step(step_uid))

    @task()
    def finish_imaging(self, check: PositionCheck) -> ImagingState:
        """End the imaging for a step, and report it by MPPS: COMPLETED, or DISCONTINUED.

        It is DISCONTINUED where the position is not accepted.

        Raises
        ------
        ActionNotAllowed
            If no imaging for it is in progress.
        DimseStatusError, AssociationError, ConfigError
            If it cannot be reported; it stays in progress, to be finished again.
        """
        return self._imaging.finish(check)

    def stop_listening(self) -> None:
        """Stop answering."""
        super().stop_listening()
        self._soon.cancel()

    # what events tell

    def _on_event_report(self, report: EventReport) -> None:
        super()._on_event_report(report)
        if report.event_type == EventType.SCP_STATUS_CHANGE:
            return
        uid, state = report.sop_instance_uid, Ups(report.information).state
        if report.event_type == EventType.STATE_REPORT and state is ProcedureStepState.CANCELED:
            self._steps.drop_inputs(uid)
            self._canceled.add(uid)
            self.running.cancel(uid)
        announced = report.event_type in (EventType.STATE_REPORT, EventType.ASSIGNED)
        self._steps.tell(uid, announced=announced)
        self._go_on()

    def _go_on(self) -> None:
        """Have the worker do what is due, one piece at a time: who asks it meanwhile comes next."""
        wait = self._steps.begin()
        if wait == 0:
            self.worker.post("follow_up", "", self._follow_up)
        elif wait is not None and self.listening:
            self._soon.start(wait)

    def _follow_up(self) -> None:
        try:
            match self._steps.take():
                case ToldStep() as told:
                    self._refresh(told)
                case Ups() as step if self.auto_download and self._needs_inputs(step):
                    # Neither switched off nor for another machine since it was put there.
                    self._retrieve_inputs(step)
        finally:
            self._steps.end()
            self._go_on()

    def _refresh(self, told: ToldStep) -> None:
        """Fetch a step anew, and see to its inputs if they may be needed."""
        uid = told.sop_instance_uid
        self._canceled.discard(uid)
        try:
            step = self._fetch_step(uid)
        except DimseStatusError as error:
            if error.status != Status.UPS_UNKNOWN:
                raise
            logger.info("%s: %s has no step %s", self.ae_title, self.tms_ae_title, uid)
            self._forget(uid)
            self.emit(StepGone(self.ae_title, uid))
            return
        if step.state is not None and step.state.is_final:
            self._forget(uid)
        elif told.announced and self.auto_download and self._needs_inputs(step):
            self._steps.want_inputs(step)

    def _forget(self, uid: str) -> None:
        self._steps.drop_inputs(uid)
        self._complete.pop(uid, None)

    # inputs

    def _needs_inputs(self, step: Ups) -> bool:
        """Whether a step of our machine may lack something here."""
        if self.machine and self.machine not in step.machines:
            return False
        wanted = _input_uids(step)
        return self._complete.get(step.sop_instance_uid) != wanted or bool(
            wanted - self.instances.present(wanted)
        )

    def _retrieve_inputs(self, step: Ups) -> RetrievalResult:
        uid = step.sop_instance_uid
        with self.running.about(uid):
            if uid in self._canceled:
                # The event came just before this could be canceled by it.
                self.running.cancel(uid)
            result = self._retrieve(step, step.inputs, follow=True)
            # The photographs help to know the patient; nothing depends on them.
            self._retriever.retrieve(step.photos, self.ost_ae_title)
        if self.running.canceled() or not (result.missing or result.unresolved):
            # Who has canceled it does not want it to begin anew by itself.
            self._complete[uid] = _input_uids(step)
        return result

    def _tell_outdated(self, reason: str) -> None:
        super()._tell_outdated(reason)
        self._look_for_missed()

    def _tell_subscriptions(self) -> None:
        super()._tell_subscriptions()
        if self.subscribed:
            self._look_for_missed()

    def _look_for_missed(self) -> None:
        """See to the steps that events have not told of, unless that is about to be done."""
        if not self.auto_download:
            return
        with self._lock:
            waits, self._looking_for_missed = self._looking_for_missed, True
        if not waits:
            self.worker.post("look_for_missed", "", self._download_missed)

    def _download_missed(self) -> None:
        """Retrieve the inputs of the steps that we follow and nobody has told us of."""
        with self._lock:
            self._looking_for_missed = False
        single = {each.step_uid for each in self.subscriptions if each.is_single}
        if single and len(single) == len(self.subscriptions):
            for uid in single:
                self._steps.tell(uid, announced=True)
        else:
            keys = WorklistKeys(
                machine=self.machine, state=ProcedureStepState.SCHEDULED, workitem=None
            )
            for step in self._query(worklist_query(keys), None):
                if self._needs_inputs(step):
                    self._steps.want_inputs(step)
        self._go_on()


def _input_uids(step: Ups) -> frozenset[str]:
    return frozenset(reference.sop_instance_uid for reference in step.inputs)

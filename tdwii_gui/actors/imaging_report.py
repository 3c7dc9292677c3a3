"""The imaging of a device, reported to the peer that keeps its MPPS (PS3.4 F)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.imaging import ImagingPhase, ImagingState
from tdwii_gui.dicom.errors import ActionNotAllowed, DimseStatusError, TdwiiError
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.mpps import (
    Mpps,
    MppsStatus,
    PerformedSeries,
    imaging_ended,
    imaging_started,
)
from tdwii_gui.dicom.net.mpps_scu import MppsScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import new_uid
from tdwii_gui.dicom.ups.change import local_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.imaging import PositionCheck
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.net.session import LocalAe

logger = logging.getLogger(__name__)

_PROTOCOL: Final = "Position verification"
_LONGEST: Final = 64


class ImagingReport:
    """Begins and ends the imaging for steps, and reports each change of phase.

    Parameters
    ----------
    local : LocalAe
        Whose imaging it is.
    keeper : Callable[[], ApplicationEntity]
        Returns who keeps the MPPS.
    on_changed : Callable[[str, ImagingState], None]
        Hears the SOP Instance UID of a step and its imaging, after each change.
    is_reported : bool
        Whether anything is reported.
    now : Callable
        The clock.
    """

    def __init__(
        self,
        local: LocalAe,
        keeper: Callable[[], ApplicationEntity],
        on_changed: Callable[[str, ImagingState], None],
        *,
        is_reported: bool = True,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._local = local
        self._keeper = keeper
        self._on_changed = on_changed
        self._is_reported = is_reported
        self._now = now
        self._states: dict[str, ImagingState] = {}
        self._created: dict[str, Dataset] = {}

    def state(self, step_uid: str) -> ImagingState:
        """Return how far the imaging for a step is; from any thread."""
        return self._states.get(step_uid, ImagingState())

    def start(self, step: Ups) -> ImagingState:
        """Begin; a report that cannot be sent is a problem of the state, no error.

        Raises
        ------
        ActionNotAllowed
            If it is in progress, or the step is final.
        """
        uid = step.sop_instance_uid
        if self.state(uid).phase is ImagingPhase.IN_PROGRESS:
            raise ActionNotAllowed("imaging for this step is in progress")
        if step.state is not None and step.state.is_final:
            raise ActionNotAllowed(f"the step is {step.state}")
        begun = self._now()
        self._created[uid] = imaging_started(
            step, station_ae_title=self._local.ae_title, description=_PROTOCOL, started=begun
        )
        state = ImagingState(ImagingPhase.IN_PROGRESS, new_uid(), begun)
        if self._is_reported:
            try:
                self._create(uid, state.mpps_uid)
                state = replace(state, reported=True)
            except TdwiiError as error:
                logger.warning("%s: imaging is not reported yet: %s", self._local.ae_title, error)
                state = replace(state, problem=str(error))
        return self._become(uid, state)

    def finish(self, check: PositionCheck) -> ImagingState:
        """End: COMPLETED if the position is accepted, else DISCONTINUED.

        Raises
        ------
        ActionNotAllowed
            If no imaging is in progress.
        TdwiiError
            If it cannot be reported; it stays in progress, with the problem.
        """
        uid, state = check.step_uid, self.state(check.step_uid)
        if state.phase is not ImagingPhase.IN_PROGRESS:
            raise ActionNotAllowed("no imaging for this step is in progress")
        ended = check.at or self._now()
        status = MppsStatus.COMPLETED if check.accepted else MppsStatus.DISCONTINUED
        if self._is_reported:
            try:
                self._report_end(uid, state, check, status, ended)
            except TdwiiError as error:
                problem = str(error)
                self._become(uid, replace(self.state(uid), problem=problem))
                raise
        del self._created[uid]
        return self._become(
            uid,
            replace(
                state,
                phase=ImagingPhase(status.value),
                ended=ended,
                check=check,
                reported=self._is_reported,
                problem="",
            ),
        )

    def _report_end(
        self,
        uid: str,
        state: ImagingState,
        check: PositionCheck,
        status: MppsStatus,
        ended: datetime,
    ) -> None:
        if not state.reported:
            # The keeper could not be told of the start; it takes no end without one.
            self._create(uid, state.mpps_uid)
            self._states[uid] = replace(state, reported=True, problem="")
        # This emulator makes no images: the series is named, and empty.
        series = PerformedSeries(new_uid(), _PROTOCOL, description(check))
        reason = None if check.accepted else codes.UNSPECIFIED_REASON
        modifications = imaging_ended(status, [series], ended=ended, reason=reason)
        with MppsScu(self._local, self._keeper()) as scu:
            try:
                scu.n_set(state.mpps_uid, modifications)
            except DimseStatusError:
                # It may have taken this before, and its answer was lost.
                if _status_at(scu, state.mpps_uid) is not status:
                    raise

    def _create(self, uid: str, mpps_uid: str) -> None:
        try:
            with MppsScu(self._local, self._keeper()) as scu:
                scu.n_create(self._created[uid], mpps_uid)
        except DimseStatusError as error:
            # It has this one already where its answer was lost.
            if error.status != Status.DUPLICATE_SOP_INSTANCE:
                raise

    def _become(self, uid: str, state: ImagingState) -> ImagingState:
        self._states[uid] = state
        logger.info("%s: imaging for %s is %s", self._local.ae_title, uid, state.phase)
        self._on_changed(uid, state)
        return state


def _status_at(scu: MppsScu, mpps_uid: str) -> MppsStatus | None:
    """Return the status of an MPPS as its keeper has it; None where it does not say."""
    try:
        return Mpps(scu.n_get(mpps_uid, ("PerformedProcedureStepStatus",))).status
    except TdwiiError:
        return None


def description(check: PositionCheck) -> str:
    """Return the outcome of a check as a Series Description (LO, 64 characters)."""
    shifts = (check.lateral_mm, check.longitudinal_mm, check.vertical_mm)
    angles = (check.pitch_deg, check.roll_deg, check.rotation_deg)
    words = "accepted" if check.accepted else "not accepted"
    millimetres = "/".join(f"{shift:.1f}" for shift in shifts)
    degrees = "/".join(f"{angle:.1f}" for angle in angles)
    return f"{words}: {millimetres} mm, {degrees} deg"[:_LONGEST]

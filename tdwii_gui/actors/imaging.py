"""Imaging for position verification: what was found, and its report by MPPS (PS3.4 F)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ImagingPhase(StrEnum):
    """How far the imaging for a step is; the last three are statuses of its MPPS."""

    NOT_STARTED = "NOT STARTED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


@dataclass(frozen=True, slots=True)
class PositionCheck:
    """The outcome of a position check: by how much the patient is off, and whether that is taken.

    Parameters
    ----------
    step_uid : str
        SOP Instance UID of the step.
    lateral_mm, longitudinal_mm, vertical_mm : float
        Shifts of the table top in mm.
    pitch_deg, roll_deg, rotation_deg : float
        Angles of the table top in degrees.
    accepted : bool
        Whether treatment may begin; else the imaging is discontinued.
    comment : str
        What the operator says to it.
    at : datetime or None
        When it was decided, aware; None for now.
    """

    step_uid: str
    lateral_mm: float = 0.0
    longitudinal_mm: float = 0.0
    vertical_mm: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    rotation_deg: float = 0.0
    accepted: bool = True
    comment: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImagingState:
    """The imaging for a step as it is now.

    Parameters
    ----------
    phase : ImagingPhase
        How far it is.
    mpps_uid : str
        SOP Instance UID of its Modality Performed Procedure Step; empty before the start.
    started, ended : datetime or None
        When, aware.
    check : PositionCheck or None
        The outcome; there at the end.
    reported : bool
        Whether the peer that keeps the MPPS knows of this phase.
    problem : str
        Why it does not, in words; empty where it does or nothing is reported at all.
    """

    phase: ImagingPhase = ImagingPhase.NOT_STARTED
    mpps_uid: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    check: PositionCheck | None = None
    reported: bool = False
    problem: str = ""

"""What the UPS service tells about each change of its worklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.errors import Finding
    from tdwii_gui.dicom.iod.ups import ProcedureStepState


class ChangeKind(StrEnum):
    """What happened to the worklist."""

    CREATED = "created"
    UPDATED = "updated"
    PROGRESSED = "progressed"
    STATE_CHANGED = "state changed"
    CANCEL_REQUESTED = "cancel requested"
    DELETED = "deleted"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    SUSPENDED = "suspended"
    ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True)
class StepChange:
    """A change of the worklist, told after its commit.

    Parameters
    ----------
    kind : ChangeKind
        What happened.
    sop_instance_uid : str
        The step, or the global subscription; the latter too for what is announced of the TMS.
    calling_ae : str
        Who asked for it.
    state : ProcedureStepState or None
        The step's state afterwards; None for a subscription or an announcement.
    dataset : Dataset
        The step afterwards, without Transaction UID; empty for a subscription.
    receivers : tuple of str
        The AEs to which events became due.
    findings : tuple of Finding
        What the request lacks of TDW-II.
    """

    kind: ChangeKind
    sop_instance_uid: str
    calling_ae: str
    state: ProcedureStepState | None
    dataset: Dataset
    receivers: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CreatedStep:
    """The answer to an N-CREATE, with the attributes that the service gave a value to."""

    sop_instance_uid: str
    attributes: Dataset
    status: int


def ignore(_change: StepChange) -> None:
    """Do nothing about a change."""


def local_now() -> datetime:
    """Return the current moment, aware of the local time zone."""
    return datetime.now().astimezone()

"""What an operator asks of a worklist, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import ActionNotAllowed
from tdwii_gui.dicom.iod import legal
from tdwii_gui.dicom.iod.macros import code_item, to_dt
from tdwii_gui.dicom.ups.consequences import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.ups import InputReadiness


@dataclass(frozen=True, slots=True)
class StepEdit:
    """What an operator changes of a SCHEDULED step; None leaves an attribute as it is.

    Parameters
    ----------
    readiness : InputReadiness or None
        Input Readiness State.
    station : Code or None
        Scheduled Station Name: the treatment machine.
    start : datetime or None
        Scheduled Procedure Step Start DateTime; a naive one is local time.
    """

    readiness: InputReadiness | None = None
    station: Code | None = None
    start: datetime | None = None

    def modifications(self) -> Dataset:
        """Return the modification list of the N-SET that makes the same change.

        Raises
        ------
        DatasetError
            If nothing is to be changed or the station's name is not legal.
        """
        dataset = Dataset()
        if self.readiness is not None:
            dataset.InputReadinessState = self.readiness.value
        if self.station is not None:
            legal.require("LongCodeValue", self.station.value)
            legal.require("CodeMeaning", self.station.meaning)
            dataset.ScheduledStationNameCodeSequence = [code_item(self.station)]
        if self.start is not None:
            dataset.ScheduledProcedureStepStartDateTime = to_dt(self.start)
        if not len(dataset):
            raise ActionNotAllowed("nothing to change: name readiness, station or start")
        legal.add_character_set(dataset)
        return dataset

    def __str__(self) -> str:
        said = []
        if self.readiness is not None:
            said.append(f"input readiness {self.readiness}")
        if self.station is not None:
            said.append(f"station {self.station.value}")
        if self.start is not None:
            said.append(f"start {self.start.astimezone():%Y-%m-%d %H:%M}")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """Which steps were deleted, or would be, and why the others are not.

    Parameters
    ----------
    deleted : tuple of str
        SOP Instance UIDs of those that are gone.
    locked : Mapping
        The AEs that hold a deletion lock, by the UID of each step that is final but locked.
    not_final : tuple of str
        Those that are SCHEDULED or IN PROGRESS.
    unknown : tuple of str
        Those that are not here.
    """

    deleted: tuple[str, ...] = ()
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_final: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{counted(len(self.deleted), 'step')} deleted"]
        parts += self.refusals()
        return "; ".join(parts)

    def refusals(self) -> list[str]:
        """Return in words what keeps steps from being deleted; empty if nothing does."""
        said = []
        if self.locked:
            holders = sorted({ae for aes in self.locked.values() for ae in aes})
            verb = "stays" if len(self.locked) == 1 else "stay"
            number = counted(len(self.locked), "step")
            said.append(f"{number} {verb}, with a deletion lock of {', '.join(holders)}")
        if self.not_final:
            verb = "stays, being" if len(self.not_final) == 1 else "stay, being"
            number = counted(len(self.not_final), "step")
            said.append(f"{number} {verb} neither COMPLETED nor CANCELED")
        if self.unknown:
            said.append(f"{counted(len(self.unknown), 'step')} not known here")
        return said

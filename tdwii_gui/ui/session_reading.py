"""What the TDD's console reads from files and plans, away from the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.ui.models.beam_path import BeamPath, beam_path
from tdwii_gui.ui.models.delivery_rows import BeamRow, beam_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tdwii_gui.actors.treatment_session import TreatmentSession


@dataclass(frozen=True, slots=True)
class SessionBeams:
    """The beams of a session as rows, and their geometry by Beam Number."""

    rows: list[BeamRow] = field(default_factory=list)
    paths: dict[int, BeamPath] = field(default_factory=dict)


def read_beams(session: TreatmentSession) -> SessionBeams:
    """Decode the control points of a session's beams; none before RO-61.

    Raises
    ------
    DatasetError
        If the plan cannot be read.
    """
    group, instruction = session.group, session.instruction
    if group is None or instruction is None:
        return SessionBeams()
    rows = beam_rows(group, instruction)
    return SessionBeams(rows, {row.number: beam_path(group.beam(row.number)) for row in rows})


def take_records(session: TreatmentSession, paths: Sequence[Path]) -> list[str]:
    """Read record files, have the session store them in the place of its own, and return names.

    Raises
    ------
    DatasetError
        If a file cannot be read or holds no beams treatment record.
    """
    records = [read_part10(path) for path in paths]
    for record in records:
        delivered_metersets(record)
    session.use_records(records)
    return [path.name for path in paths]

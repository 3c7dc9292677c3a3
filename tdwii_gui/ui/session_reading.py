"""What the TDD's console reads from files and plans, away from the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.record_check import check_record
from tdwii_gui.ui.models.beam_path import BeamPath, beam_path
from tdwii_gui.ui.models.delivery_rows import BeamRow, beam_rows, reached

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.dicom.iod.record_finding import RecordFinding


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
    paths = {
        task.beam_number: beam_path(group.beam(task.beam_number), task.adjustment)
        for task in instruction.tasks
    }
    rows = beam_rows(group, instruction)
    for beam in session.delivered:
        path = paths[beam.beam_number]
        moment = path.at(path.seconds_to(beam.end_meterset))
        rows = [
            reached(row, beam, moment) if row.number == beam.beam_number else row for row in rows
        ]
    return SessionBeams(rows, paths)


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """A record of a tester's own, and what it is found to be against plan and instruction."""

    name: str
    findings: list[RecordFinding]


def take_records(session: TreatmentSession, names: Mapping[Path, str]) -> list[CheckedRecord]:
    """Read record files, and have the session store them in the place of its own.

    They are stored whatever their check has found; without any the session builds its own again.

    Raises
    ------
    DatasetError
        If a file cannot be read or holds no beams treatment record.
    """
    records = {name: read_part10(path) for path, name in names.items()}
    for record in records.values():
        delivered_metersets(record)
    session.use_records(list(records.values()))
    plan = session.plan
    if plan is None:
        return []
    return [
        CheckedRecord(name, check_record(record, plan, session.instruction))
        for name, record in records.items()
    ]

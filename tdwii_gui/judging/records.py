"""What stored treatment records tell of beams, and what instruction and plan ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.delivered import DeliveredMeterset, delivered_metersets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction


def beams_of(record: Dataset) -> tuple[DeliveredMeterset, ...] | None:
    """Return the beams of a treatment record; None where it does not tell them clearly."""
    try:
        return delivered_metersets(record)
    except DatasetError:
        return None


def reached_metersets(records: Iterable[Dataset]) -> dict[int, float]:
    """Return how far each beam came in its whole meterset, by the records of a session."""
    reached: dict[int, float] = {}
    for record in records:
        for beam in beams_of(record) or ():
            end = (beam.start or 0.0) + beam.delivered
            reached[beam.beam_number] = max(end, reached.get(beam.beam_number, 0.0))
    return reached


def wanted_metersets(
    instruction: RtBeamsDeliveryInstruction, plan: Dataset | None
) -> Mapping[int, float | None]:
    """Return how far each beam is to come; None where neither instruction nor plan tells."""
    planned = {} if plan is None else _planned(plan, instruction.fraction_group_number)
    return {
        task.beam_number: (
            planned.get(task.beam_number) if task.end_meterset is None else task.end_meterset
        )
        for task in instruction.tasks
    }


def _planned(plan: Dataset, group_number: int | None) -> dict[int, float]:
    """Return the Beam Metersets of a fraction group; of all groups where none is named."""
    found: dict[int, float] = {}
    for group in tolerant.items(plan, "FractionGroupSequence"):
        number = tolerant.number(group, "FractionGroupNumber")
        if group_number is not None and number != group_number:
            continue
        for beam in tolerant.items(group, "ReferencedBeamSequence"):
            beam_number = tolerant.number(beam, "ReferencedBeamNumber")
            meterset = tolerant.number(beam, "BeamMeterset")
            if beam_number is not None and meterset is not None:
                found[int(beam_number)] = meterset
    return found

"""What remains of an interrupted fraction, from its treatment records (IHE-RO TDW-II)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.rtbdi import (
    ALREADY_TREATED,
    METERSET_TOLERANCE,
    BeamTask,
    OmittedBeam,
    SessionTasks,
    TreatmentDeliveryType,
)
from tdwii_gui.dicom.iod.values import integer, items, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


def continuation(
    plan: Plan, group: FractionGroup, records: Sequence[Dataset], fraction_number: int
) -> SessionTasks:
    """Return the tasks that complete a fraction: finished beams omitted, the rest to be delivered.

    Records of other plans, fraction groups and fractions are passed over, and a record given twice
    counts once.

    Raises
    ------
    DatasetError
        If a data set is no treatment record, none belongs to the fraction, or nothing remains.
    """
    group.check_fraction_number(fraction_number)
    delivered = _delivered_metersets(plan, group, records, fraction_number)
    if not delivered:
        raise DatasetError(f"has no treatment record of fraction {fraction_number}", plan.source)
    tasks: list[BeamTask] = []
    omitted: list[OmittedBeam] = []
    for beam in group.beams:
        done = delivered.get(beam.number, 0.0)
        if done >= beam.meterset - METERSET_TOLERANCE:
            omitted.append(OmittedBeam(beam.number, ALREADY_TREATED))
        else:
            tasks.append(_remaining_task(beam, done))
    if not tasks:
        raise DatasetError(
            f"nothing remains of fraction {fraction_number}: all beams are delivered", plan.source
        )
    return SessionTasks(tuple(tasks), tuple(omitted))


def _remaining_task(beam: Beam, done: float) -> BeamTask:
    if done <= METERSET_TOLERANCE:
        return BeamTask(beam.number)
    return BeamTask(beam.number, TreatmentDeliveryType.CONTINUATION, done, beam.meterset)


def _delivered_metersets(
    plan: Plan, group: FractionGroup, records: Sequence[Dataset], fraction_number: int
) -> dict[int, float]:
    """Return the meterset delivered so far per beam number."""
    total: dict[int, float] = defaultdict(float)
    for record in {text(record, "SOPInstanceUID"): record for record in records}.values():
        beams = delivered_metersets(record)
        if not _belongs(record, plan, group):
            continue
        for beam in beams:
            if beam.fraction_number == fraction_number:
                total[beam.beam_number] += beam.delivered
    return dict(total)


def _belongs(record: Dataset, plan: Plan, group: FractionGroup) -> bool:
    plans = items(record, "ReferencedRTPlanSequence")
    if plan.sop_instance_uid not in [text(p, "ReferencedSOPInstanceUID") for p in plans]:
        return False
    return integer(record, "ReferencedFractionGroupNumber") in (None, group.number)

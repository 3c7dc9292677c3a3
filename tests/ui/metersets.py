"""Metersets beam by beam, as a plan wants them and as records tell them, to the last digit."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset


def metersets(records: Iterable[Dataset]) -> dict[int, Decimal]:
    """Return the sum of what records delivered, by Referenced Beam Number."""
    total: dict[int, Decimal] = defaultdict(Decimal)
    for record in records:
        beams = [
            *record.get("TreatmentSessionBeamSequence", ()),
            *record.get("TreatmentSessionIonBeamSequence", ()),
        ]
        for beam in beams:
            total[beam.ReferencedBeamNumber] += Decimal(str(beam.DeliveredPrimaryMeterset))
    return dict(total)


def planned_metersets(name: str) -> dict[int, Decimal]:
    """Return the Beam Metersets of a plan of the demo patient."""
    plan = read_plan(resource_path("demo_patient", name))
    return {beam.number: Decimal(str(beam.meterset)) for beam in plan.fraction_group().beams}

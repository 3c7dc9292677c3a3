"""The control points of a treatment record against those of the plan (PS3.3 C.8.8.21.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.beam import control_point_index
from tdwii_gui.dicom.iod.record_check_devices import setting_findings
from tdwii_gui.dicom.iod.record_finding import (
    judged,
    met,
    missing,
    not_met,
    not_told,
    same_number,
)
from tdwii_gui.dicom.iod.treatment_record_couch import couch_corrections
from tdwii_gui.dicom.iod.treatment_record_spots import delivered_spots
from tdwii_gui.dicom.iod.treatment_record_tables import ION, PHOTON
from tdwii_gui.dicom.iod.values import integer, items, number, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint
    from tdwii_gui.dicom.iod.record_finding import RecordFinding
    from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment

_ENERGY_TOLERANCE: Final = 0.01
_POSITION_TOLERANCE: Final = 0.05
"""Adjusted positions, in mm or degrees, are told by both as they are to be."""


@dataclass(frozen=True)
class RecordedPoints:
    """The control points of a beam's item, each with that of the plan.

    Parameters
    ----------
    beam : Beam
        The planned beam.
    items : tuple[Dataset, ...]
        All control points of the item.
    pairs : tuple[tuple[ControlPoint, Dataset], ...]
        Those that name one of the plan's.
    metersets : tuple[float, ...]
        Delivered Metersets, of those that tell it.
    """

    beam: Beam
    items: tuple[Dataset, ...]
    pairs: tuple[tuple[ControlPoint, Dataset], ...]
    metersets: tuple[float, ...]

    @classmethod
    def of(cls, item: Dataset, beam: Beam) -> RecordedPoints:
        """Return the control points of a beam's item of the session beam sequence.

        They name the plan's by Referenced Control Point Index; in photon records, which need not
        have it, those without one are in the plan's order.
        """
        keyword = (
            "IonControlPointDeliverySequence" if beam.is_ion else "ControlPointDeliverySequence"
        )
        found = items(item, keyword)
        planned = {control_point_index(point): point for point in beam.control_points}
        pairs = []
        for place, each in enumerate(found):
            index = integer(each, "ReferencedControlPointIndex")
            point = planned.get(place if index is None else index)
            if point is not None:
                pairs.append((point, each))
        told = [number(each, "DeliveredMeterset") for each in found]
        return cls(beam, found, tuple(pairs), tuple(m for m in told if m is not None))

    @property
    def start(self) -> float | None:
        """The meterset at which the delivery started."""
        return min(self.metersets, default=None)

    @property
    def end(self) -> float | None:
        """The meterset at which the delivery ended."""
        return max(self.metersets, default=None)


def point_findings(
    path: str,
    points: RecordedPoints,
    adjustment: TableTopAdjustment | None,
    tolerance: float,
) -> Iterator[RecordFinding]:
    """Yield what is found of the control points of a beam, a line per attribute.

    Parameters
    ----------
    path : str
        How lines name the beam.
    points : RecordedPoints
        The control points.
    adjustment : TableTopAdjustment or None
        Adjusted positions of the beam's task.
    tolerance : float
        By how much metersets may differ.
    """
    beam, start, end = points.beam, points.start, points.end
    yield from _number_findings(path, points)
    if start is None or end is None:
        yield missing(f"{path} DeliveredMeterset", required=True)
        return
    specified = [(p.index, beam.specified_meterset(p), item) for p, item in points.pairs]
    yield _compared(
        path,
        "SpecifiedMeterset",
        [(index, number(item, "SpecifiedMeterset"), value) for index, value, item in specified],
        tolerance,
    )
    yield _compared(
        path,
        "DeliveredMeterset",
        [
            (index, number(item, "DeliveredMeterset"), min(max(value, start), end))
            for index, value, item in specified
        ],
        tolerance,
    )
    yield _compared(path, "NominalBeamEnergy", _energies(points), _ENERGY_TOLERANCE)
    if beam.is_modulated:
        yield from _spot_findings(path, points, start, end, tolerance)
    first = next((item for point, item in points.pairs if point.index == 0), None)
    if first is not None:
        first_path = f"{path} control point 0"
        yield from setting_findings(first_path, first, beam.control_points[0].item)
        for correction in couch_corrections(beam, adjustment):
            yield same_number(
                f"{first_path} {correction.keyword}",
                number(first, correction.keyword),
                correction.adjusted,
                _POSITION_TOLERANCE,
            )


def _sequence(beam: Beam) -> str:
    return (ION if beam.is_ion else PHOTON).control_points


def _number_findings(path: str, points: RecordedPoints) -> Iterator[RecordFinding]:
    planned, found, known = len(points.beam.control_points), len(points.items), len(points.pairs)
    subject = f"{path} {_sequence(points.beam)}"
    if not found:
        yield missing(subject, required=True)
    elif known < found:
        yield not_met(subject, f"has {found - known} control points that the plan does not have")
    elif known < planned:
        yield not_told(subject, f"has {known} of the plan's {planned} control points")
    else:
        yield judged(
            subject,
            f"has {found} control points as planned"
            if found == planned
            else f"has {found} control points, not {planned}",
            is_met=found == planned,
        )


def _compared(
    path: str,
    keyword: str,
    values: Iterable[tuple[int, float | None, float | None]],
    tolerance: float,
) -> RecordFinding:
    """Return one line for an attribute of all control points: index, found, expected."""
    told = [
        (index, found, expected)
        for index, found, expected in values
        if found is not None and expected is not None
    ]
    wrong = [each for each in told if abs(each[1] - each[2]) > tolerance]
    if not told:
        return missing(f"{path} {keyword}", required=False)
    if not wrong:
        return met(f"{path} {keyword}", f"is as expected at {len(told)} control points")
    index, found, expected = wrong[0]
    others = f", and {len(wrong) - 1} others differ" if len(wrong) > 1 else ""
    subject = f"{path} control point {index} {keyword}"
    return not_met(subject, f"is {found:.10g}, not {expected:.10g}{others}")


def _energies(points: RecordedPoints) -> Iterator[tuple[int, float | None, float | None]]:
    """Yield the energies; where a control point has none, that before it holds."""
    told: float | None = None
    for point, item in points.pairs:
        own = number(item, "NominalBeamEnergy")
        told = own if own is not None else told
        yield point.index, told, point.nominal_energy


def _spot_findings(
    path: str, points: RecordedPoints, start: float, end: float, tolerance: float
) -> Iterator[RecordFinding]:
    """Yield what is found of the spots: their numbers, and what each layer and all of them got."""
    expected = delivered_spots(points.beam, start, end)
    layers, counts, total = [], [], 0.0
    for point, item in points.pairs:
        told = numbers(item, "ScanSpotMetersetsDelivered")
        wanted = expected[point.index]
        total += sum(told)
        if told or wanted:
            counts.append((point.index, float(len(told)), float(len(wanted))))
            layers.append((point.index, sum(told), sum(wanted)))
    yield _compared(path, "ScanSpotMetersetsDelivered (number)", counts, 0)
    yield _compared(path, "ScanSpotMetersetsDelivered (sum of a layer)", layers, tolerance)
    yield same_number(
        f"{path} ScanSpotMetersetsDelivered (sum)", float(f"{total:.7g}"), end - start, tolerance
    )

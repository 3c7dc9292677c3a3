"""Adjusted positions of the table top in treatment records (PS3.3 C.8.8.21, C.8.8.29).

An RT Beams Delivery Instruction may tell another table top position than the plan's. The control
points then have the adjusted one, and the first tells which values were corrected, by how much,
and that those of the plan were overridden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.values import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment

OVERRIDE_REASON: Final = "Adjusted position of the RT Beams Delivery Instruction"

_ATTRIBUTES: Final = {
    "vertical": "TableTopVerticalPosition",
    "longitudinal": "TableTopLongitudinalPosition",
    "lateral": "TableTopLateralPosition",
    "patient_support_angle": "PatientSupportAngle",
    "eccentric_angle": "TableTopEccentricAngle",
    "pitch_angle": "TableTopPitchAngle",
    "roll_angle": "TableTopRollAngle",
}
_NOT_OF_ION: Final = ("eccentric_angle",)


@dataclass(frozen=True, slots=True)
class CouchCorrection:
    """An adjusted value of the first control point.

    Parameters
    ----------
    keyword : str
        The attribute.
    adjusted : float
        Its value, in mm or degrees.
    planned : float or None
        The plan's; None where the plan leaves it open, so that nothing is corrected.
    """

    keyword: str
    adjusted: float
    planned: float | None

    @property
    def is_angle(self) -> bool:
        """Whether it is in degrees."""
        return self.keyword.endswith("Angle")

    @property
    def value(self) -> float:
        """What was added to the plan's value; 0 where that is open. Angles go the shorter way."""
        if self.planned is None:
            return 0.0
        difference = self.adjusted - self.planned
        return (difference + 180) % 360 - 180 if self.is_angle else difference


def couch_corrections(
    beam: Beam, adjustment: TableTopAdjustment | None
) -> tuple[CouchCorrection, ...]:
    """Return the values of a beam's first control point that an instruction adjusts."""
    if adjustment is None:
        return ()
    first = beam.control_points[0].item
    return tuple(
        CouchCorrection(keyword, value, number(first, keyword, beam.source))
        for name, keyword in _ATTRIBUTES.items()
        if (value := getattr(adjustment, name)) is not None
        and not (beam.is_ion and name in _NOT_OF_ION)
    )


def correct_positions(
    item: Dataset, corrections: Sequence[CouchCorrection], *, first: bool
) -> None:
    """Put the adjusted values into a control point of the record.

    The first control point gets them; where a later one has a value of its own, that is moved by
    as much.
    """
    for correction in corrections:
        planned = number(item, correction.keyword)
        if first:
            _set(item, correction, correction.adjusted)
        elif planned is not None:
            _set(item, correction, planned + correction.value)


def add_corrections(
    item: Dataset, corrections: Sequence[CouchCorrection], sequence: str, operators_name: str
) -> None:
    """Tell in the first control point which of the plan's values were corrected and overridden.

    Parameters
    ----------
    item : Dataset
        The first control point, which is changed.
    corrections : Sequence[CouchCorrection]
        Those that change nothing are passed over.
    sequence : str
        Keyword of the sequence that the control points are in.
    operators_name : str
        Who overrode them; may be empty.
    """
    changed = [correction for correction in corrections if correction.value]
    if not changed:
        return
    corrected, overridden = [], []
    for correction in changed:
        entry = Dataset()
        entry.ParameterSequencePointer = tag_for_keyword(sequence)
        entry.ParameterItemIndex = 1
        entry.ParameterPointer = tag_for_keyword(correction.keyword)
        entry.CorrectionValue = correction.value
        corrected.append(entry)
        override = Dataset()
        override.ParameterSequencePointer = tag_for_keyword(sequence)
        override.OverrideParameterPointer = tag_for_keyword(correction.keyword)
        override.ParameterItemIndex = 1
        override.OperatorsName = operators_name or None
        override.OverrideReason = OVERRIDE_REASON
        overridden.append(override)
    item.CorrectedParameterSequence = corrected
    item.OverrideSequence = overridden


def _set(item: Dataset, correction: CouchCorrection, value: float) -> None:
    if dictionary_VR(correction.keyword) == "DS":
        value = value % 360 if correction.is_angle else value
        setattr(item, correction.keyword, decimal_string(value))
    else:
        setattr(item, correction.keyword, value)  # pitch and roll may be negative
    if correction.is_angle:
        direction = correction.keyword.replace("Angle", "RotationDirection")
        if direction not in item:
            setattr(item, direction, "NONE")

"""What a plan says of itself, read once and off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.references import read_references

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A fraction group in numbers.

    Parameters
    ----------
    number, fractions_planned, beam_count : int
        As in the plan; 0 fractions where the plan does not say.
    fraction_dose : float or None
        Dose of one fraction in Gy; None where the plan does not say, or says several.
    """

    number: int
    fractions_planned: int
    beam_count: int
    fraction_dose: float | None


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The values of a plan card, as the plan has them.

    Parameters
    ----------
    radiation : tuple[str, ...]
        Radiation Types of the treatable beams, each once.
    machines : tuple[str, ...]
        Treatment Machine Names, each once.
    structure_set : str
        SOP Instance UID of the referenced structure set; may be empty.
    photo_count : int
        Number of patient photos that the plan refers to.
    """

    label: str
    name: str
    date: str
    approval: str
    intent: str
    is_ion: bool
    radiation: tuple[str, ...]
    machines: tuple[str, ...]
    groups: tuple[GroupFacts, ...]
    structure_set: str
    photo_count: int

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return the facts of a plan."""
        dataset = plan.dataset
        beams = [beam for group in plan.fraction_groups for beam in group.beams]
        structure_set = tolerant.first_item(dataset, "ReferencedStructureSetSequence")
        return cls(
            label=plan.label,
            name=tolerant.text(dataset, "RTPlanName"),
            date=tolerant.text(dataset, "RTPlanDate"),
            approval=tolerant.text(dataset, "ApprovalStatus"),
            intent=tolerant.text(dataset, "PlanIntent"),
            is_ion=plan.is_ion,
            radiation=tuple(dict.fromkeys(beam.radiation_type for beam in beams)),
            machines=tuple(dict.fromkeys(beam.machine for beam in beams if beam.machine)),
            groups=tuple(_group_facts(dataset, group) for group in plan.fraction_groups),
            structure_set=tolerant.text(structure_set, "ReferencedSOPInstanceUID"),
            photo_count=len(read_references(dataset, "ReferencedPatientPhotoSequence")),
        )


def _group_facts(dataset: Dataset, group: FractionGroup) -> GroupFacts:
    return GroupFacts(
        group.number, group.fractions_planned, len(group.beams), _fraction_dose(dataset, group)
    )


def _fraction_dose(dataset: Dataset, group: FractionGroup) -> float | None:
    """Return the sum of the Beam Doses to one point, or None.

    Doses to different points do not add up: where the beams name different dose references, or
    one gives no dose, there is no sum.
    """
    for item in tolerant.items(dataset, "FractionGroupSequence"):
        if tolerant.number(item, "FractionGroupNumber") == group.number:
            treated = {beam.number for beam in group.beams}
            references = [
                reference
                for reference in tolerant.items(item, "ReferencedBeamSequence")
                if tolerant.number(reference, "ReferencedBeamNumber") in treated
            ]
            doses = [tolerant.number(reference, "BeamDose") for reference in references]
            points = {tolerant.text(each, "ReferencedDoseReferenceUID") for each in references}
            known = [dose for dose in doses if dose]
            return sum(known) if known and len(known) == len(doses) and len(points) == 1 else None
    return None

"""What the three plans share: general plan, prescription, patient setup, fraction group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from composite import (
    DATE,
    TIME,
    Instance,
    access_reference,
    add_approval,
    add_frame_of_reference,
    decimal,
    demo_uid,
    item,
    new_object,
    reference,
)
from images import PHOTO
from structure_set import BRAINSTEM_ROI, PTV_ROI, STRUCTURE_SET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

SETUP_NUMBER: Final = 1
TOLERANCE_TABLE_NUMBER: Final = 1


@dataclass(frozen=True, slots=True)
class Prescription:
    """What a plan gives.

    Parameters
    ----------
    label : str
        The plan's label and name.
    fractions : int
        Number of fractions planned.
    fraction_dose : float
        Dose of a fraction to the target, in Gy.
    """

    label: str
    fractions: int
    fraction_dose: float

    @property
    def dose(self) -> float:
        """Dose of all fractions to the target, in Gy."""
        return self.fractions * self.fraction_dose


@dataclass(frozen=True, slots=True)
class PlannedBeam:
    """A beam's part of a fraction; a setup beam has neither a meterset nor a dose."""

    number: int
    meterset: float | None = None
    dose: float | None = None


def new_plan(instance: Instance, prescription: Prescription) -> Dataset:
    """Return a plan with all modules except its fractions and beams (PS3.3 C.8.8.9, C.8.8.10)."""
    dataset = new_object(instance)
    add_frame_of_reference(dataset)
    add_approval(dataset)
    dataset.ReferencedPatientPhotoSequence = [access_reference(PHOTO)]
    dataset.RTPlanLabel = prescription.label
    dataset.RTPlanName = prescription.label
    dataset.RTPlanDescription = "Phantom plan for demonstrations, not for clinical use"
    dataset.RTPlanDate = DATE
    dataset.RTPlanTime = TIME
    dataset.PlanIntent = "CURATIVE"
    dataset.RTPlanGeometry = "PATIENT"
    dataset.ReferencedStructureSetSequence = [reference(STRUCTURE_SET)]
    dataset.DoseReferenceSequence = [_target(prescription), _organ_at_risk(prescription)]
    dataset.PatientSetupSequence = [_patient_setup()]
    return dataset


def _target(prescription: Prescription) -> Dataset:
    return item(
        DoseReferenceNumber=1,
        DoseReferenceUID=_target_dose_uid(prescription),
        DoseReferenceStructureType="VOLUME",
        DoseReferenceDescription="PTV",
        DoseReferenceType="TARGET",
        ReferencedROINumber=PTV_ROI,
        TargetPrescriptionDose=decimal(prescription.dose),
    )


def _organ_at_risk(prescription: Prescription) -> Dataset:
    return item(
        DoseReferenceNumber=2,
        DoseReferenceUID=demo_uid(f"brainstem dose {prescription.label}"),
        DoseReferenceStructureType="VOLUME",
        DoseReferenceDescription="Brainstem",
        DoseReferenceType="ORGAN_AT_RISK",
        ReferencedROINumber=BRAINSTEM_ROI,
        OrganAtRiskMaximumDose=54,
    )


def _target_dose_uid(prescription: Prescription) -> str:
    return demo_uid(f"target dose {prescription.label}")


def _patient_setup() -> Dataset:
    mask = item(
        FixationDeviceType="MASK",
        FixationDeviceLabel="MASK-1",
        FixationDeviceDescription="Thermoplastic mask",
    )
    return item(
        PatientSetupNumber=SETUP_NUMBER,
        PatientSetupLabel="Head first supine",
        PatientPosition="HFS",
        FixationDeviceSequence=[mask],
        SetupTechnique="ISOCENTRIC",
        SetupTechniqueDescription="Lasers to the marks of the mask, then shift to the isocentre",
        TableTopVerticalSetupDisplacement=0,
        TableTopLongitudinalSetupDisplacement=0,
        TableTopLateralSetupDisplacement=0,
    )


def fraction_group(prescription: Prescription, beams: Sequence[PlannedBeam]) -> Dataset:
    """Return the one Fraction Group item (PS3.3 C.8.8.13)."""
    return item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=prescription.fractions,
        NumberOfBeams=len(beams),
        NumberOfBrachyApplicationSetups=0,
        ReferencedBeamSequence=[_referenced_beam(prescription, beam) for beam in beams],
    )


def _referenced_beam(prescription: Prescription, beam: PlannedBeam) -> Dataset:
    referenced = item(ReferencedBeamNumber=beam.number)
    if beam.dose is not None:
        referenced.BeamDose = decimal(beam.dose)
        referenced.ReferencedDoseReferenceUID = _target_dose_uid(prescription)
    if beam.meterset is not None:
        referenced.BeamMeterset = decimal(beam.meterset, 3)
    return referenced

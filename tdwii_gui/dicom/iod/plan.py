"""Plan view: RT Plans and RT Ion Plans read alike, with the quirks of real exports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.beam import Beam
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.values import integer, items, number, text

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

_TREATING = ("", "TREATMENT", "CONTINUATION")


@dataclass(frozen=True, slots=True)
class LeftOutBeam:
    """A beam of the fraction group for which there is no treatment task.

    Parameters
    ----------
    number : int
        Beam Number.
    name : str
        Beam Name; may be empty.
    reason : str
        Why it is left out, in words.
    """

    number: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FractionGroup:
    """A fraction group of a plan.

    Parameters
    ----------
    number : int
        Fraction Group Number.
    fractions_planned : int
        Number of Fractions Planned; 0 where the plan does not say.
    beams : tuple[Beam, ...]
        The treatable beams, in the group's order.
    left_out : tuple[LeftOutBeam, ...]
        The others.
    source : str
        The plan's file or name, for messages.
    """

    number: int
    fractions_planned: int
    beams: tuple[Beam, ...]
    left_out: tuple[LeftOutBeam, ...]
    source: str = ""

    def beam(self, number: int) -> Beam:
        """Return the treatable beam with a Beam Number.

        Raises
        ------
        DatasetError
            If the group has no such beam, or it is left out.
        """
        for beam in self.beams:
            if beam.number == number:
                return beam
        for left_out in self.left_out:
            if left_out.number == number:
                raise DatasetError(f"beam {number} is left out: {left_out.reason}", self.source)
        raise DatasetError(f"fraction group {self.number} has no beam {number}", self.source)

    def check_fraction_number(self, fraction_number: int) -> None:
        """Check a Current Fraction Number against the fractions planned.

        Raises
        ------
        DatasetError
            If it is below 1 or beyond the fractions planned.
        """
        if fraction_number < 1:
            raise DatasetError(f"fraction {fraction_number} is below 1", self.source)
        if self.fractions_planned and fraction_number > self.fractions_planned:
            planned = f"{self.fractions_planned} fraction{'s'[: self.fractions_planned > 1]}"
            raise DatasetError(
                f"fraction {fraction_number} is beyond the {planned} planned", self.source
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """An RT Plan or RT Ion Plan.

    Parameters
    ----------
    dataset : Dataset
        The plan itself.
    source : str
        Its file or name, for messages.
    is_ion : bool
        Whether it is an RT Ion Plan.
    fraction_groups : tuple[FractionGroup, ...]
        In the plan's order; at least one of them has a treatable beam.
    """

    dataset: Dataset = field(repr=False)
    source: str
    is_ion: bool
    fraction_groups: tuple[FractionGroup, ...]

    @classmethod
    def from_dataset(
        cls, dataset: Dataset, *, source: str = "", meterset: float | None = None
    ) -> Plan:
        """Return the view of a plan.

        Parameters
        ----------
        dataset : Dataset
            An RT Plan or RT Ion Plan.
        source : str
            Its file or name, for messages.
        meterset : float or None
            Beam Meterset for the treatment beams of a fraction group that has none at all.

        Raises
        ------
        DatasetError
            If it is no external beam plan, contradicts itself, or has no treatable beam.
        """
        is_ion = _check_class(dataset, source)
        if meterset is not None and not meterset > 0:
            raise DatasetError(f"a meterset of {meterset:g} cannot be delivered", source)
        reader = _Reader(_beams_by_number(dataset, is_ion, source), is_ion, source, meterset)
        groups = tuple(
            reader.fraction_group(item) for item in items(dataset, "FractionGroupSequence", source)
        )
        if not groups:
            raise DatasetError([Finding("FractionGroupSequence", "has no item")], source)
        numbers = [group.number for group in groups]
        if len(set(numbers)) < len(numbers):
            raise DatasetError([Finding("FractionGroupNumber", "is not unique")], source)
        if not any(group.beams for group in groups):
            raise DatasetError(_none_treatable(groups), source)
        return cls(dataset, source, is_ion, groups)

    def fraction_group(self, number: int | None = None) -> FractionGroup:
        """Return the fraction group with a number; by default the first.

        Raises
        ------
        DatasetError
            If there is no such group, or none of its beams can be treated.
        """
        for group in self.fraction_groups:
            if number is None or group.number == number:
                if not group.beams:
                    raise DatasetError(_none_treatable((group,)), self.source)
                return group
        known = ", ".join(str(group.number) for group in self.fraction_groups)
        raise DatasetError(f"has no fraction group {number}, only {known}", self.source)

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID."""
        return text(self.dataset, "SOPClassUID", self.source)

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID."""
        return text(self.dataset, "SOPInstanceUID", self.source)

    @property
    def study_instance_uid(self) -> str:
        """Study Instance UID."""
        return text(self.dataset, "StudyInstanceUID", self.source)

    @property
    def series_instance_uid(self) -> str:
        """Series Instance UID."""
        return text(self.dataset, "SeriesInstanceUID", self.source)

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID; empty where the plan has none."""
        return text(self.dataset, "FrameOfReferenceUID", self.source)

    @property
    def label(self) -> str:
        """RT Plan Label."""
        return text(self.dataset, "RTPlanLabel", self.source)

    @property
    def patient_name(self) -> str:
        """Patient's Name as DICOM writes it."""
        return text(self.dataset, "PatientName", self.source)

    @property
    def patient_id(self) -> str:
        """Patient ID; may be empty."""
        return text(self.dataset, "PatientID", self.source)

    @property
    def patient_photos(self) -> tuple[Dataset, ...]:
        """Items of the Referenced Patient Photo Sequence."""
        return items(self.dataset, "ReferencedPatientPhotoSequence", self.source)

    @property
    def setup_images(self) -> tuple[Dataset, ...]:
        """Items of the Referenced Setup Image Sequences of all patient setups, each image once.

        They tell SOP Class and Instance UID, but neither study nor series.
        """
        references: dict[str, Dataset] = {}
        for setup in items(self.dataset, "PatientSetupSequence", self.source):
            for reference in items(setup, "ReferencedSetupImageSequence", self.source):
                uid = text(reference, "ReferencedSOPInstanceUID", self.source)
                references.setdefault(uid, reference)
        return tuple(references.values())


def read_plan(path: Path, *, meterset: float | None = None) -> Plan:
    """Return the view of a plan file; see `Plan.from_dataset`.

    Raises
    ------
    DatasetError
        If the file cannot be read or holds no usable plan.
    """
    return Plan.from_dataset(read_part10(path), source=str(path), meterset=meterset)


@dataclass(frozen=True, slots=True)
class _Reader:
    beams: dict[int, Dataset]
    is_ion: bool
    source: str
    meterset: float | None

    def fraction_group(self, item: Dataset) -> FractionGroup:
        number_ = integer(item, "FractionGroupNumber", self.source)
        if number_ is None:
            raise DatasetError([Finding("FractionGroupNumber", "is missing")], self.source)
        metersets = self._metersets(item, number_)
        reasons = {n: self._left_out_reason(n, metersets[n]) for n in metersets}
        supplied = self.meterset if all(reasons.values()) else None
        beams: list[Beam] = []
        left_out: list[LeftOutBeam] = []
        for beam_number, reason in reasons.items():
            beam_item, meterset = self.beams[beam_number], metersets[beam_number]
            if supplied is not None and meterset is None and self._is_treatment(beam_number):
                beams.append(Beam(beam_number, supplied, beam_item, self.is_ion, self.source))
            elif reason or meterset is None:
                name = text(beam_item, "BeamName", self.source)
                left_out.append(LeftOutBeam(beam_number, name, reason))
            else:
                beams.append(Beam(beam_number, meterset, beam_item, self.is_ion, self.source))
        planned = integer(item, "NumberOfFractionsPlanned", self.source) or 0
        return FractionGroup(number_, planned, tuple(beams), tuple(left_out), self.source)

    def _metersets(self, item: Dataset, group: int) -> dict[int, float | None]:
        found: dict[int, float | None] = {}
        for reference in items(item, "ReferencedBeamSequence", self.source):
            beam_number = integer(reference, "ReferencedBeamNumber", self.source)
            if beam_number not in self.beams:
                text_ = f"names beam {beam_number}, which the plan does not have"
                raise DatasetError([Finding(f"Fraction group {group}", text_)], self.source)
            if beam_number in found:
                text_ = f"names beam {beam_number} twice"
                raise DatasetError([Finding(f"Fraction group {group}", text_)], self.source)
            found[beam_number] = number(reference, "BeamMeterset", self.source)
        return found

    def _is_treatment(self, beam_number: int) -> bool:
        return self._delivery_type(beam_number) in _TREATING

    def _delivery_type(self, beam_number: int) -> str:
        return text(self.beams[beam_number], "TreatmentDeliveryType", self.source)

    def _left_out_reason(self, beam_number: int, meterset: float | None) -> str:
        if not self._is_treatment(beam_number):
            return f"its Treatment Delivery Type is {self._delivery_type(beam_number)}"
        if meterset is None:
            return "it has no Beam Meterset"
        if meterset <= 0:
            return f"its Beam Meterset is {meterset:g}"
        return ""


def _check_class(dataset: Dataset, source: str) -> bool:
    sop_class = text(dataset, "SOPClassUID", source)
    if sop_class not in uids.PLAN_CLASSES:
        found = uids.uid_name(sop_class) or "a data set without SOP Class UID"
        raise DatasetError(f"is no RT Plan or RT Ion Plan but {found}", source)
    if not text(dataset, "SOPInstanceUID", source):
        raise DatasetError([Finding("SOPInstanceUID", "is missing")], source)
    return sop_class == uids.RT_ION_PLAN


def _beams_by_number(dataset: Dataset, is_ion: bool, source: str) -> dict[int, Dataset]:
    keyword = "IonBeamSequence" if is_ion else "BeamSequence"
    beams: dict[int, Dataset] = {}
    for item in items(dataset, keyword, source):
        beam_number = integer(item, "BeamNumber", source)
        if beam_number is None or beam_number in beams:
            problem = "is missing" if beam_number is None else f"{beam_number} is not unique"
            raise DatasetError([Finding("BeamNumber", problem)], source)
        beams[beam_number] = item
    if not beams and items(dataset, "ApplicationSetupSequence", source):
        raise DatasetError("is a brachytherapy plan: it has no beams", source)
    if not beams:
        raise DatasetError([Finding(keyword, "has no item")], source)
    return beams


def _none_treatable(groups: tuple[FractionGroup, ...]) -> str:
    reasons = "; ".join(
        f"beam {beam.number}: {beam.reason}" for group in groups for beam in group.left_out
    )
    return f"has no beam that can be treated ({reasons or 'no beam is referenced'})"

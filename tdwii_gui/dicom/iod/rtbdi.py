"""RT Beams Delivery Instruction: which beams to deliver in a session (PS3.3 A.64, C.8.8.29)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import legal
from tdwii_gui.dicom.iod.macros import decimal_string, sop_reference
from tdwii_gui.dicom.iod.modules import Identity, new_instance
from tdwii_gui.dicom.iod.values import integer, items, number, text

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

MODALITY: Final = "PLAN"
ALREADY_TREATED: Final = "ALREADY_TREATED"
METERSET_TOLERANCE: Final = 0.001
"""Metersets closer than this are the same: they travel as decimal text."""


class TreatmentDeliveryType(StrEnum):
    """Treatment Delivery Type (300A,00CE) of a beam task (PS3.3 C.8.8.29)."""

    TREATMENT = "TREATMENT"
    CONTINUATION = "CONTINUATION"


@dataclass(frozen=True, slots=True)
class TableTopAdjustment:
    """Adjusted patient position of a beam task; None means no adjustment.

    Parameters
    ----------
    vertical, longitudinal, lateral : float or None
        Table Top Adjusted Positions in mm.
    patient_support_angle, eccentric_angle, pitch_angle, roll_angle : float or None
        Adjusted Angles in degrees.
    vertical_displacement, longitudinal_displacement, lateral_displacement : float or None
        Table Top Setup Displacements in mm.
    """

    vertical: float | None = None
    longitudinal: float | None = None
    lateral: float | None = None
    patient_support_angle: float | None = None
    eccentric_angle: float | None = None
    pitch_angle: float | None = None
    roll_angle: float | None = None
    vertical_displacement: float | None = None
    longitudinal_displacement: float | None = None
    lateral_displacement: float | None = None


_ADJUSTMENT_KEYWORDS: Final = {
    "vertical": "TableTopVerticalAdjustedPosition",
    "longitudinal": "TableTopLongitudinalAdjustedPosition",
    "lateral": "TableTopLateralAdjustedPosition",
    "patient_support_angle": "PatientSupportAdjustedAngle",
    "eccentric_angle": "TableTopEccentricAdjustedAngle",
    "pitch_angle": "TableTopPitchAdjustedAngle",
    "roll_angle": "TableTopRollAdjustedAngle",
    "vertical_displacement": "TableTopVerticalSetupDisplacement",
    "longitudinal_displacement": "TableTopLongitudinalSetupDisplacement",
    "lateral_displacement": "TableTopLateralSetupDisplacement",
}


@dataclass(frozen=True, slots=True)
class BeamTask:
    """One beam to be delivered.

    Parameters
    ----------
    beam_number : int
        Beam Number in the plan.
    delivery_type : TreatmentDeliveryType
        TREATMENT delivers the whole beam, CONTINUATION from start to end meterset.
    start_meterset, end_meterset : float or None
        For CONTINUATION only, in the beam's dosimeter unit.
    adjustment : TableTopAdjustment or None
        Adjusted patient position.
    """

    beam_number: int
    delivery_type: TreatmentDeliveryType = TreatmentDeliveryType.TREATMENT
    start_meterset: float | None = None
    end_meterset: float | None = None
    adjustment: TableTopAdjustment | None = None


@dataclass(frozen=True, slots=True)
class OmittedBeam:
    """One beam of the fraction group that is not delivered in the session."""

    number: int
    reason: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SessionTasks:
    """The tasks of a session in delivery order, and the beams omitted from it."""

    tasks: tuple[BeamTask, ...]
    omitted: tuple[OmittedBeam, ...] = ()


@dataclass(frozen=True, slots=True)
class RtBeamsDeliveryInstruction:
    """What an RT Beams Delivery Instruction asks for.

    Parameters
    ----------
    sop_instance_uid, plan_sop_class_uid, plan_sop_instance_uid : str
        The instruction's and its plan's UIDs.
    patient_id : str
        Patient ID; may be empty.
    fraction_number : int
        Current Fraction Number.
    fraction_group_number : int or None
        Referenced Fraction Group Number; None where the plan has one group.
    tasks : tuple[BeamTask, ...]
        By Beam Order Index where all tasks have one, else in sequence order; tasks that only take
        a verification image are left out.
    omitted : tuple[OmittedBeam, ...]
        The omitted beams.
    """

    sop_instance_uid: str
    plan_sop_class_uid: str
    plan_sop_instance_uid: str
    patient_id: str
    fraction_number: int
    fraction_group_number: int | None
    tasks: tuple[BeamTask, ...]
    omitted: tuple[OmittedBeam, ...]

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, source: str = "") -> RtBeamsDeliveryInstruction:
        """Return the view of an instruction.

        Raises
        ------
        DatasetError
            If it is no RT Beams Delivery Instruction, or lacks what a delivery needs.
        """
        sop_class = text(dataset, "SOPClassUID", source)
        if sop_class != uids.RT_BEAMS_DELIVERY_INSTRUCTION:
            found = uids.uid_name(sop_class) or "a data set without SOP Class UID"
            raise DatasetError(f"is no RT Beams Delivery Instruction but {found}", source)
        plans = items(dataset, "ReferencedRTPlanSequence", source)
        if len(plans) != 1:
            raise DatasetError([Finding("ReferencedRTPlanSequence", "needs one item")], source)
        task_items = _treating_items(dataset, source)
        order = [integer(item, "BeamOrderIndex", source) for item in task_items]
        if None not in order:
            task_items = tuple(
                item for _, item in sorted(zip(order, task_items, strict=True), key=_by_index)
            )
        return cls(
            sop_instance_uid=text(dataset, "SOPInstanceUID", source),
            plan_sop_class_uid=text(plans[0], "ReferencedSOPClassUID", source),
            plan_sop_instance_uid=text(plans[0], "ReferencedSOPInstanceUID", source),
            patient_id=text(dataset, "PatientID", source),
            fraction_number=_common_fraction_number(task_items, source),
            fraction_group_number=integer(task_items[0], "ReferencedFractionGroupNumber", source),
            tasks=tuple(_read_task(item, source) for item in task_items),
            omitted=tuple(
                OmittedBeam(
                    _required_integer(item, "ReferencedBeamNumber", source),
                    text(item, "ReasonForOmission", source),
                    text(item, "ReasonForOmissionDescription", source),
                )
                for item in items(dataset, "OmittedBeamTaskSequence", source)
            ),
        )


def build_rtbdi(
    plan: Plan,
    group: FractionGroup,
    fraction_number: int,
    session: SessionTasks | None = None,
    identity: Identity | None = None,
) -> Dataset:
    """Return a new RT Beams Delivery Instruction for a fraction group of a plan.

    Parameters
    ----------
    plan, group : Plan, FractionGroup
        The plan and one of its fraction groups.
    fraction_number : int
        The fraction to be delivered or completed.
    session : SessionTasks or None
        By default every treatable beam as TREATMENT, in the group's order.
    identity : Identity or None
        UIDs and time of creation; new ones by default.

    Raises
    ------
    DatasetError
        If an argument contradicts the plan or would make an illegal instruction.
    """
    group.check_fraction_number(fraction_number)
    if session is None:
        session = SessionTasks(tuple(BeamTask(beam.number) for beam in group.beams))
    _check_session(session, group, plan.source)
    dataset = new_instance(
        plan, uids.RT_BEAMS_DELIVERY_INSTRUCTION, MODALITY, identity or Identity()
    )
    dataset.ReferencedRTPlanSequence = [sop_reference(plan.sop_class_uid, plan.sop_instance_uid)]
    dataset.BeamTaskSequence = [
        _task_item(task, index, group, fraction_number)
        for index, task in enumerate(session.tasks, start=1)
    ]
    if len(plan.fraction_groups) > 1:
        for item in dataset.BeamTaskSequence:
            item.ReferencedFractionGroupNumber = group.number
    if session.omitted:
        dataset.OmittedBeamTaskSequence = [_omitted_item(omitted) for omitted in session.omitted]
    return dataset


def _check_session(session: SessionTasks, group: FractionGroup, source: str) -> None:
    if not session.tasks:
        # PS3.3 C.8.8.29: the Beam Task Sequence has one or more items.
        raise DatasetError([Finding("BeamTaskSequence", "needs at least one beam")], source)
    numbers = [task.beam_number for task in session.tasks]
    numbers += [omitted.number for omitted in session.omitted]
    repeated = [str(beam) for beam, count in Counter(numbers).items() if count > 1]
    if repeated:
        raise DatasetError(
            [Finding("BeamTaskSequence", f"has beam {', '.join(repeated)} more than once")], source
        )
    for task in session.tasks:
        _check_task(task, group, source)
    known = {beam.number for beam in group.beams} | {beam.number for beam in group.left_out}
    for omitted in session.omitted:
        if omitted.number not in known:
            group.beam(omitted.number)
        legal.require("ReasonForOmission", omitted.reason, source)
        legal.permit("ReasonForOmissionDescription", omitted.description, source)


def _check_task(task: BeamTask, group: FractionGroup, source: str) -> None:
    beam = group.beam(task.beam_number)
    start, end = task.start_meterset, task.end_meterset
    path = f"BeamTaskSequence beam {task.beam_number}"
    if task.delivery_type is TreatmentDeliveryType.TREATMENT:
        if start is not None or end is not None:
            raise DatasetError([Finding(path, "is TREATMENT: no start or end meterset")], source)
    elif start is None or end is None:
        raise DatasetError([Finding(path, "is CONTINUATION without start or end")], source)
    elif not 0 <= start < end <= beam.meterset + METERSET_TOLERANCE:
        raise DatasetError(
            [Finding(path, f"continues from {start:g} to {end:g} of {beam.meterset:g}")], source
        )
    adjustment = task.adjustment or TableTopAdjustment()
    for place in fields(adjustment):
        value = getattr(adjustment, place.name)
        if value is not None and not math.isfinite(value):
            raise DatasetError([Finding(_ADJUSTMENT_KEYWORDS[place.name], "is no number")], source)


def _task_item(task: BeamTask, index: int, group: FractionGroup, fraction_number: int) -> Dataset:
    item = Dataset()
    item.BeamTaskType = "TREAT"
    item.TreatmentDeliveryType = str(task.delivery_type)
    if task.delivery_type is TreatmentDeliveryType.CONTINUATION:
        item.PrimaryDosimeterUnit = group.beam(task.beam_number).dosimeter_unit
        item.ContinuationStartMeterset = task.start_meterset
        item.ContinuationEndMeterset = task.end_meterset
    item.CurrentFractionNumber = fraction_number
    item.ReferencedBeamNumber = task.beam_number
    for name, keyword in _ADJUSTMENT_KEYWORDS.items():
        value = getattr(task.adjustment, name, None)
        if value is not None and keyword.endswith("Displacement"):
            value = decimal_string(value)
        setattr(item, keyword, value)
    item.BeamOrderIndex = index
    item.AutosequenceFlag = "NO"
    return item


def _omitted_item(omitted: OmittedBeam) -> Dataset:
    item = Dataset()
    item.ReferencedBeamNumber = omitted.number
    item.ReasonForOmission = omitted.reason
    if omitted.description:
        item.ReasonForOmissionDescription = omitted.description
    return item


def _treating_items(dataset: Dataset, source: str) -> tuple[Dataset, ...]:
    found = tuple(
        item
        for item in items(dataset, "BeamTaskSequence", source)
        if text(item, "BeamTaskType", source) != "VERIFY"
    )
    if not found:
        raise DatasetError([Finding("BeamTaskSequence", "has no beam to treat")], source)
    return found


def _by_index(pair: tuple[int | None, Dataset]) -> int:
    return pair[0] or 0


def _common_fraction_number(task_items: tuple[Dataset, ...], source: str) -> int:
    numbers = {_required_integer(item, "CurrentFractionNumber", source) for item in task_items}
    if len(numbers) > 1:
        raise DatasetError([Finding("CurrentFractionNumber", "differs between beams")], source)
    return numbers.pop()


def _read_task(item: Dataset, source: str) -> BeamTask:
    beam_number = _required_integer(item, "ReferencedBeamNumber", source)
    path = f"Beam {beam_number}"
    delivery_type = text(item, "TreatmentDeliveryType", source)
    if delivery_type not in TreatmentDeliveryType.__members__:
        problem = f"is {delivery_type}" if delivery_type else "is missing"
        raise DatasetError([Finding(f"{path} TreatmentDeliveryType", problem)], source)
    start = number(item, "ContinuationStartMeterset", source)
    end = number(item, "ContinuationEndMeterset", source)
    if delivery_type == TreatmentDeliveryType.CONTINUATION and (start is None or end is None):
        missing = "ContinuationStartMeterset" if start is None else "ContinuationEndMeterset"
        raise DatasetError([Finding(f"{path} {missing}", "is missing")], source)
    values = {name: number(item, keyword, source) for name, keyword in _ADJUSTMENT_KEYWORDS.items()}
    return BeamTask(
        beam_number,
        TreatmentDeliveryType(delivery_type),
        start,
        end,
        TableTopAdjustment(**values) if any(v is not None for v in values.values()) else None,
    )


def _required_integer(item: Dataset, keyword: str, source: str) -> int:
    value = integer(item, keyword, source)
    if value is None:
        raise DatasetError([Finding(keyword, "is missing")], source)
    return value

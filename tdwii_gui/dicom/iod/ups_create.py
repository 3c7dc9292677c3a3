"""UPS for the delivery of one fraction or its continuation (PS3.4 CC.2.5, IHE-RO TDW-II)."""

from __future__ import annotations

import logging
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import codes, legal, tolerant
from tdwii_gui.dicom.iod.macros import code_item, numeric_item, sop_reference, text_item, to_dt
from tdwii_gui.dicom.iod.plan_record import legal_patient_id
from tdwii_gui.dicom.iod.references import (
    InputReference,
    access_items,
    read_references,
    reference_to,
)
from tdwii_gui.dicom.iod.requirements import check_create, ups_requirements
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import InputReadiness, Priority, ProcedureStepState
from tdwii_gui.dicom.iod.values import copy_legal, copy_legal_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

_LOG: Final = logging.getLogger(__name__)
_PATIENT: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")


@dataclass(frozen=True, slots=True)
class StepRequest:
    """What is to be delivered, when, where, and from where its inputs are retrieved.

    Parameters
    ----------
    fraction_number : int
        The fraction to be delivered, or to be completed by a continuation.
    group : FractionGroup
        The fraction group of the plan.
    start : datetime
        Scheduled start; a naive moment is local time.
    static_ae : str
        AE title of the OST, which offers plan, records and images.
    dynamic_ae : str
        AE title of the TMS, which offers the RT Beams Delivery Instruction; may be the same.
    machine : str or None
        The machine; by default the one of the group's beams.
    records : Sequence[Dataset]
        The prior treatment records of the fraction, which a CONTINUATION must have.
    setup_images : Sequence[Dataset]
        The images (or their headers) that the plan names as setup images, as far as known.
    replaced_step : str or None
        SOP Instance UID of the step that this one replaces.
    """

    fraction_number: int
    group: FractionGroup
    start: datetime
    static_ae: str
    dynamic_ae: str
    machine: str | None = None
    label: str = "RT treatment"
    worklist_label: str = ""
    priority: Priority = Priority.MEDIUM
    input_readiness: InputReadiness = InputReadiness.READY
    delivery_type: TreatmentDeliveryType = TreatmentDeliveryType.TREATMENT
    records: Sequence[Dataset] = ()
    setup_images: Sequence[Dataset] = ()
    replaced_step: str | None = None
    expected_completion: datetime | None = None
    comments: str = ""


def build_ups(plan: Plan, rtbdi: Dataset, request: StepRequest) -> Dataset:
    """Return the attribute list of the N-CREATE of a treatment delivery step.

    Every type 1 and 2 attribute is present. SOP Class and Instance UID are not: they travel in the
    command.

    Parameters
    ----------
    plan : Plan
        The plan to deliver.
    rtbdi : Dataset
        The RT Beams Delivery Instruction made from it.
    request : StepRequest
        All else.

    Raises
    ------
    DatasetError
        If plan, instruction, records and request do not fit together or hold a value that is not
        legal; the error names the attribute and the plan's file.
    """
    findings = [*_instruction_findings(plan, rtbdi, request), *_request_findings(plan, request)]
    if findings:
        raise DatasetError(findings, plan.source)
    request.group.check_fraction_number(request.fraction_number)
    dataset = Dataset()
    _add_scheduling(dataset, plan, request)
    _add_inputs(dataset, plan, rtbdi, request)
    copy_legal_or_empty(plan.dataset, dataset, _PATIENT)
    copy_legal(plan.dataset, dataset, ["IssuerOfPatientID"])
    if dataset.PatientSex not in ("M", "F", "O"):
        dataset.PatientSex = ""
    if request.replaced_step:
        uid = legal.require("ReferencedSOPInstanceUID", request.replaced_step, plan.source)
        dataset.ReplacedProcedureStepSequence = [sop_reference(uids.UPS_PUSH, uid)]
    dataset.ProcedureStepState = ProcedureStepState.SCHEDULED.value
    _add_empty_attributes(dataset)
    legal.add_character_set(dataset, tolerant.text(plan.dataset, "SpecificCharacterSet"))
    violations = check_create(dataset)
    if violations:
        raise DatasetError([Finding(v.attribute, v.text) for v in violations], plan.source)
    return dataset


def as_storable(dataset: Dataset, sop_instance_uid: str) -> Dataset:
    """Return a copy of a UPS with its SOP Class and Instance UID, to be kept in a file.

    Raises
    ------
    DatasetError
        If the UID is not legal.
    """
    storable = deepcopy(dataset)
    storable.SOPClassUID = uids.UPS_PUSH
    storable.SOPInstanceUID = legal.require("SOPInstanceUID", sop_instance_uid)
    return storable


def as_attribute_list(storable: Dataset) -> Dataset:
    """Return a copy of a UPS from a file as the attribute list of an N-CREATE."""
    dataset = Dataset()
    for tag in sorted(storable.keys()):
        if tag.group > 0x0002 and tag not in ("SOPClassUID", "SOPInstanceUID"):
            dataset[tag] = deepcopy(storable[tag])
    return dataset


def _add_scheduling(dataset: Dataset, plan: Plan, request: StepRequest) -> None:
    dataset.ScheduledProcedureStepPriority = Priority(request.priority).value
    dataset.InputReadinessState = InputReadiness(request.input_readiness).value
    source = plan.source
    dataset.ProcedureStepLabel = legal.require("ProcedureStepLabel", request.label, source)
    dataset.WorklistLabel = legal.permit("WorklistLabel", request.worklist_label, source)
    dataset.CommentsOnTheScheduledProcedureStep = legal.permit(
        "CommentsOnTheScheduledProcedureStep", request.comments, source
    )
    dataset.ScheduledProcedureStepStartDateTime = to_dt(request.start)
    if request.expected_completion is not None:
        dataset.ExpectedCompletionDateTime = to_dt(request.expected_completion)
    machine = legal.require("TreatmentMachineName", _machine(plan, request), source)
    station = codes.Code(machine, codes.STATION_NAME_SCHEME, machine)
    dataset.ScheduledStationNameCodeSequence = [code_item(station)]
    workitem = codes.RT_TREATMENT_INTERNAL_VERIFICATION
    dataset.ScheduledWorkitemCodeSequence = [code_item(workitem)]
    delivery_type = TreatmentDeliveryType(request.delivery_type)
    dataset.ScheduledProcessingParametersSequence = [
        text_item(codes.TREATMENT_DELIVERY_TYPE, delivery_type.value),
        text_item(codes.PLAN_LABEL, plan.label),
        numeric_item(codes.CURRENT_FRACTION_NUMBER, request.fraction_number),
        numeric_item(codes.NUMBER_OF_FRACTIONS_PLANNED, request.group.fractions_planned),
    ]


def _add_inputs(dataset: Dataset, plan: Plan, rtbdi: Dataset, request: StepRequest) -> None:
    static = [plan.dataset, *request.records]
    references = [reference_to(static[0], request.static_ae, plan.source)]
    references.append(reference_to(rtbdi, request.dynamic_ae, "RT Beams Delivery Instruction"))
    references.extend(
        reference_to(record, request.static_ae, "treatment record") for record in static[1:]
    )
    references.extend(_setup_images(plan, request))
    dataset.InputInformationSequence = access_items(references)
    dataset.StudyInstanceUID = references[0].study_instance_uid
    photos = read_references(plan.dataset, "ReferencedPatientPhotoSequence")
    if photos:
        dataset.ReferencedPatientPhotoSequence = access_items(
            replace(photo, retrieve_ae_title=request.static_ae) for photo in photos
        )


def _add_empty_attributes(dataset: Dataset) -> None:
    """Add the type 2 attributes that have no value yet, as the table of requirements has them."""
    for requirement in ups_requirements().top_level:
        if requirement.n_create.scu == "2" and requirement.keyword not in dataset:
            setattr(dataset, requirement.keyword, [] if requirement.vr == "SQ" else "")


def _setup_images(plan: Plan, request: StepRequest) -> list[InputReference]:
    """Return the setup images that the plan names; a plan alone may not tell their series."""
    known = {each.sop_instance_uid: each for each in _common_references(plan, request.static_ae)}
    for image in request.setup_images:
        reference = reference_to(image, request.static_ae, "setup image")
        known[reference.sop_instance_uid] = reference
    named = [tolerant.text(each, "ReferencedSOPInstanceUID") for each in plan.setup_images]
    found = [known[uid] for uid in named if uid in known]
    if len(found) < len(named):
        missing = len(named) - len(found)
        _LOG.warning("%d setup images of the plan left out: their series is not known", missing)
    return found


def _common_references(plan: Plan, static_ae: str) -> Iterator[InputReference]:
    """Yield what the Common Instance Reference module of the plan tells (PS3.3 C.12.2)."""
    own_study = [(plan.study_instance_uid, plan.dataset)]
    other = tolerant.items(plan.dataset, "StudiesContainingOtherReferencedInstancesSequence")
    other_studies = [(tolerant.text(item, "StudyInstanceUID"), item) for item in other]
    for study_uid, holder in own_study + other_studies:
        for series in tolerant.items(holder, "ReferencedSeriesSequence"):
            for instance in tolerant.items(series, "ReferencedInstanceSequence"):
                yield InputReference(
                    sop_class_uid=tolerant.text(instance, "ReferencedSOPClassUID"),
                    sop_instance_uid=tolerant.text(instance, "ReferencedSOPInstanceUID"),
                    study_instance_uid=study_uid,
                    series_instance_uid=tolerant.text(series, "SeriesInstanceUID"),
                    retrieve_ae_title=static_ae,
                )


def _machine(plan: Plan, request: StepRequest) -> str:
    if request.machine is not None:
        return request.machine
    machines = sorted({beam.machine for beam in request.group.beams})
    if len(machines) > 1:
        names = ", ".join(machine or "(none)" for machine in machines)
        text = f"is not one machine but {names}: name the machine"
        raise DatasetError([Finding("TreatmentMachineName", text)], plan.source)
    return machines[0] if machines else ""


def _instruction_findings(plan: Plan, rtbdi: Dataset, request: StepRequest) -> Iterator[Finding]:
    if tolerant.text(rtbdi, "SOPClassUID") != uids.RT_BEAMS_DELIVERY_INSTRUCTION:
        yield Finding("SOPClassUID", "of the instruction is not RT Beams Delivery Instruction")
    referenced = tolerant.first_item(rtbdi, "ReferencedRTPlanSequence")
    if tolerant.text(referenced, "ReferencedSOPInstanceUID") != plan.sop_instance_uid:
        yield Finding("ReferencedRTPlanSequence", "of the instruction does not name the plan")
    tasks = tolerant.items(rtbdi, "BeamTaskSequence")
    if any(tolerant.number(t, "CurrentFractionNumber") != request.fraction_number for t in tasks):
        yield Finding("CurrentFractionNumber", "of the instruction is not that of the step")
    types = {tolerant.text(task, "TreatmentDeliveryType") for task in tasks}
    continuing = request.delivery_type == TreatmentDeliveryType.CONTINUATION
    if TreatmentDeliveryType.CONTINUATION.value in types and not continuing:
        yield Finding(
            "TreatmentDeliveryType", "of the instruction is CONTINUATION, of the step not"
        )
    yield from _patient_findings(plan, rtbdi, "instruction")


def _request_findings(plan: Plan, request: StepRequest) -> Iterator[Finding]:
    if request.group.number not in {group.number for group in plan.fraction_groups}:
        yield Finding("FractionGroupNumber", f"{request.group.number} is not in the plan")
    if request.group.fractions_planned < 1:
        yield Finding("NumberOfFractionsPlanned", "has no value")
    if not plan.label:
        yield Finding("RTPlanLabel", "has no value")
    if request.delivery_type == TreatmentDeliveryType.CONTINUATION and not request.records:
        yield Finding("InputInformationSequence", "of a continuation needs a treatment record")
    for record in request.records:
        yield from _record_findings(plan, record)


def _record_findings(plan: Plan, record: Dataset) -> Iterator[Finding]:
    if tolerant.text(record, "SOPClassUID") not in uids.TREATMENT_RECORD_CLASSES:
        yield Finding("SOPClassUID", "of a record is no RT (Ion) Beams Treatment Record")
    referenced = tolerant.first_item(record, "ReferencedRTPlanSequence")
    if tolerant.text(referenced, "ReferencedSOPInstanceUID") != plan.sop_instance_uid:
        yield Finding("ReferencedRTPlanSequence", "of a record does not name the plan")
    yield from _patient_findings(plan, record, "record")


def _patient_findings(plan: Plan, instance: Dataset, what: str) -> Iterator[Finding]:
    if legal_patient_id(instance) != legal_patient_id(plan.dataset):
        yield Finding("PatientID", f"of the {what} is not that of the plan")

"""What treatment records a device stores for a step (RO-63)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.judging.observation import judged, observed
from tdwii_gui.judging.records import beams_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tdwii_gui.dicom.iod.delivered import DeliveredMeterset
    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.treated_step import TreatedStep

_RECORD_OF: Final[Mapping[str, str]] = {
    uids.RT_PLAN: uids.RT_BEAMS_TREATMENT_RECORD,
    uids.RT_ION_PLAN: uids.RT_ION_BEAMS_TREATMENT_RECORD,
}


def observe_records(step: TreatedStep) -> Iterator[Observation]:
    """Yield what the records of a step show."""
    for call in step.records:
        yield from _observe_identity(step, call)
        beams = beams_of(call.dataset)
        words = "tells beam and delivered meterset of each beam"
        problems = [] if beams else ["does not tell beam and delivered meterset of each beam"]
        yield judged("tdd-record-metersets", problems, words, call)
        if beams:
            yield from _observe_beams(step, call, beams)


def _observe_identity(step: TreatedStep, call: Call) -> Iterator[Observation]:
    known, record = step.as_claimed, call.dataset
    plan = known.plan
    if plan is not None:
        wanted = _RECORD_OF[plan.sop_class_uid]
        words = f"stores {uids.uid_name(call.sop_class_uid)} of an {_name(plan.sop_class_uid)}"
        yield observed("tdd-record-class", call.sop_class_uid == wanted, words, call)
        named = {
            tolerant.text(item, "ReferencedSOPInstanceUID")
            for item in tolerant.items(record, "ReferencedRTPlanSequence")
        }
        is_of_plan = plan.sop_instance_uid in named
        words = "names the plan of the step" if is_of_plan else "does not name the plan of the step"
        yield observed("tdd-record-of-plan", is_of_plan, words, call)
    if known.patient_id:
        is_same = tolerant.text(record, "PatientID") == known.patient_id
        words = f"is {'of' if is_same else 'not of'} the patient of the step"
        yield observed("tdd-record-of-patient", is_same, words, call)
    if known.study_instance_uid:
        is_same = tolerant.text(record, "StudyInstanceUID") == known.study_instance_uid
        words = f"is {'in' if is_same else 'not in'} the study that the step names"
        yield observed("tdd-record-in-study", is_same, words, call)


def _observe_beams(
    step: TreatedStep, call: Call, beams: tuple[DeliveredMeterset, ...]
) -> Iterator[Observation]:
    fraction = step.as_claimed.fraction_number
    if fraction is not None:
        others = sorted({b.fraction_number for b in beams} - {fraction}, key=str)
        problems = [f"is of fraction {other}, not {fraction}" for other in others]
        yield judged("tdd-record-of-fraction", problems, f"is of fraction {fraction}", call)
    if step.instruction is not None:
        wanted = {task.beam_number for task in step.instruction.tasks}
        unknown = sorted({beam.beam_number for beam in beams} - wanted)
        problems = [f"beam {number} is none of the instruction" for number in unknown]
        yield judged("tdd-record-of-beams", problems, "has beams of the instruction", call)


def _name(sop_class_uid: str) -> str:
    return uids.uid_name(sop_class_uid).removesuffix(" Storage")

"""How a treatment device gets the inputs of a step before it treats (RO-59, RO-61)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups import TreatmentDeliveryType
from tdwii_gui.judging.observation import judged, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.treated_step import Device, TreatedStep

_LEVELS: Final = {
    "PATIENT": (),
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}
_PATIENT_ROOT: Final = (uids.PATIENT_ROOT_MOVE, uids.PATIENT_ROOT_GET)
_STUDY_ROOT: Final = (uids.STUDY_ROOT_MOVE, uids.STUDY_ROOT_GET)


def observe_retrievals(device: Device) -> Iterator[Observation]:
    """Yield what the device's retrievals show, and what it did with the objects."""
    for call in device.history.sent_by(device.ae_title, "C-MOVE", "C-GET"):
        if call.sop_class_uid in (*_PATIENT_ROOT, *_STUDY_ROOT):
            problems = _key_problems(call.dataset, call.sop_class_uid in _PATIENT_ROOT)
            yield judged("tdd-retrieve-keys", problems, "gives the keys of its level", call)
    for call in device.history.received_by(device.ae_title, "C-STORE"):
        words = f"answers a {uids.uid_name(call.sop_class_uid)} with {call.answer_words}"
        yield observed("tdd-accepts-inputs", call.is_accepted, words, call)


def observe_inputs(step: TreatedStep) -> Iterator[Observation]:
    """Yield whether the inputs had been retrieved when the treatment began."""
    start = step.start
    if step.claim is None or start is None:
        return
    known = step.as_claimed
    static = [known.plan] if known.plan else []
    if known.delivery_type is TreatmentDeliveryType.CONTINUATION:
        static += known.records
    yield from _observe_arrival(step, "tdd-retrieves-static", static, start)
    yield from _observe_arrival(
        step, "tdd-retrieves-instruction", list(known.dynamic_inputs), start
    )


def _observe_arrival(
    step: TreatedStep, key: str, inputs: list[InputReference], start: Call
) -> Iterator[Observation]:
    """Yield whether inputs had arrived; those of archives that were not recorded are left out."""
    told = [each for each in inputs if each.retrieve_ae_title in step.history.ae_titles]
    if not told:
        return
    arrivals = {each.sop_instance_uid: _arrival(step, each, start) for each in told}
    problems = [
        f"treats without {uids.uid_name(each.sop_class_uid)} {each.sop_instance_uid}"
        for each in told
        if arrivals[each.sop_instance_uid] is None
    ]
    calls = [call for call in arrivals.values() if call is not None]
    yield judged(key, problems, "has what it needs before it treats", *calls, start)


def _arrival(step: TreatedStep, wanted: InputReference, start: Call) -> Call | None:
    """Return the C-STORE by which an instance came to the device, or to where it had it moved."""
    device = step.device
    for call in step.history.stores_of(wanted.sop_instance_uid):
        came = call.receiver in device.destinations and call.sender in device.archives
        # By C-GET the objects come on the association of the request (PS3.4 C.4.3).
        came = came or call.receiver == device.ae_title
        if came and call.number < start.number:
            return call
    return None


def _key_problems(identifier: Dataset, of_patient: bool) -> list[str]:
    level = tolerant.text(identifier, "QueryRetrieveLevel")
    if level not in _LEVELS:
        return [f"names no level: {level}" if level else "names no level"]
    needed = (("PatientID",) if of_patient or level == "PATIENT" else ()) + _LEVELS[level]
    return [f"lacks {key}" for key in needed if not tolerant.text(identifier, key)]

"""RT Beams Delivery Instructions that steps announce, and their making from the plan (RO-61).

A TMS may put the UID of an instruction into a step before there is one, and make it when a device
asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.continuation import continuation, records_of_fraction
from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType, build_rtbdi
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.store.instance_index import (
    UNIQUE_KEYS,
    Level,
    Root,
    query_level,
    uid_values,
)
from tdwii_gui.dicom.store.ups_mentions import steps_mentioning
from tdwii_gui.dicom.uids import is_valid_uid, new_uid
from tdwii_gui.dicom.ups.change import local_now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.store.ups_store import UpsStore

# What a final step announced and nobody has asked for will not be delivered any more.
_STATES: Final = (ProcedureStepState.SCHEDULED, ProcedureStepState.IN_PROGRESS)
_OF_STUDY: Final = ("StudyDate", "StudyTime", "StudyID", "AccessionNumber")


@dataclass(frozen=True, slots=True)
class AnnouncedRtbdi:
    """An instruction that a step names in its Input Information Sequence.

    Parameters
    ----------
    step : Ups
        The step.
    reference : InputReference
        The UIDs that the instruction has to have.
    """

    step: Ups
    reference: InputReference


def announced_instructions(
    store: UpsStore,
    identifier: Dataset,
    root: Root,
    ae_title: str,
    stored: Callable[[Iterable[str]], Collection[str]],
) -> list[AnnouncedRtbdi]:
    """Return what a C-MOVE or C-GET identifier asks for, steps announce, and is not stored.

    Parameters
    ----------
    store : UpsStore
        The worklist; of its steps those count that are SCHEDULED or IN PROGRESS.
    identifier : Dataset
        With study, series or SOP Instance UIDs; a patient alone names no instruction.
    root : Root
        The information model.
    ae_title : str
        The TMS's own: what is to be retrieved from another AE is not its business.
    stored : Callable
        Tells which of some SOP Instance UIDs are stored.

    Raises
    ------
    DimseStatusError
        A900 if the level or a UID is not usable.
    StoreError
        If the worklist cannot be read.
    """
    keys = _uids_by_level(identifier, root)
    lowest = next((uids for uids in reversed(keys.values()) if uids), [])
    if keys.get(Level.IMAGE):
        # Mostly all is stored, and then the worklist need not be looked through.
        here = stored(lowest)
        lowest = [uid for uid in lowest if uid not in here]
    found: dict[tuple[str, str], AnnouncedRtbdi] = {}
    for dataset in steps_mentioning(store.engine, lowest, _STATES):
        step = Ups(dataset)
        for reference in step.dynamic_inputs:
            usable = is_valid_uid(reference.sop_instance_uid)
            ours = reference.retrieve_ae_title in ("", ae_title)
            if usable and ours and _is_asked_for(reference, keys):
                key = (reference.sop_instance_uid, step.sop_instance_uid)
                found.setdefault(key, AnnouncedRtbdi(step, reference))
    here = stored(uid for uid, _step in found)
    return [one for one in found.values() if one.reference.sop_instance_uid not in here]


def build_announced_rtbdi(
    announced: AnnouncedRtbdi,
    plan: Plan,
    records: Sequence[Dataset] = (),
    *,
    created: datetime | None = None,
) -> Dataset:
    """Return the instruction that a step announces, with exactly the UIDs that it names.

    Parameters
    ----------
    announced : AnnouncedRtbdi
        The step; its parameters give fraction and Treatment Delivery Type.
    plan : Plan
        The plan that the step names.
    records : Sequence[Dataset]
        The prior treatment records that the step names, for a CONTINUATION.
    created : datetime or None
        When it is made; None is now.

    Raises
    ------
    DatasetError
        If step and plan do not say which beams are to be delivered, or contradict each other.
    """
    step, reference = announced.step, announced.reference
    number = step.fraction_number
    if number is None:
        raise DatasetError([Finding("Current Fraction Number", "is not in the step")])
    if step.patient_id != plan.patient_id:
        raise DatasetError([Finding("PatientID", "of step and plan differ")])
    group = _fraction_group(step, plan)
    session = None
    if step.delivery_type is TreatmentDeliveryType.CONTINUATION:
        of_fraction = records_of_fraction(plan, group, records, number)
        session = continuation(plan, group, of_fraction, number).session
    identity = Identity(
        sop_instance_uid=reference.sop_instance_uid,
        series_instance_uid=reference.series_instance_uid or new_uid(),
        created=created or local_now(),
    )
    dataset = build_rtbdi(plan, group, number, session, identity)
    if reference.study_instance_uid not in ("", plan.study_instance_uid):
        # The step's study is another than the plan's: what describes that one is not known.
        dataset.StudyInstanceUID = reference.study_instance_uid
        for keyword in _OF_STUDY:
            setattr(dataset, keyword, None)
        dataset.pop("StudyDescription", None)
    return dataset


def _uids_by_level(identifier: Dataset, root: Root) -> dict[Level, list[str]]:
    only_instances = bool(identifier.get("SOPInstanceUID"))
    lowest = query_level(identifier, root, default=Level.IMAGE if only_instances else None)
    levels = list(Level)[1 : list(Level).index(lowest) + 1]
    return {level: uid_values(identifier, UNIQUE_KEYS[level]) for level in levels}


def _is_asked_for(reference: InputReference, keys: Mapping[Level, list[str]]) -> bool:
    names = {
        Level.STUDY: reference.study_instance_uid,
        Level.SERIES: reference.series_instance_uid,
        Level.IMAGE: reference.sop_instance_uid,
    }
    return all(not uids or names[level] in uids for level, uids in keys.items())


def _fraction_group(step: Ups, plan: Plan) -> FractionGroup:
    """Return the fraction group that the step means: it names none, but how many fractions."""
    groups = [group for group in plan.fraction_groups if group.beams]
    if len(groups) > 1 and step.fractions_planned is not None:
        groups = [one for one in groups if one.fractions_planned == step.fractions_planned]
    if len(groups) != 1:
        text = f"of the plan that the step means is not clear: {len(groups)} fit"
        raise DatasetError([Finding("Fraction group", text)])
    return groups[0]

"""What an archive has of a plan's fractions: the metersets that its treatment records tell of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.input_location import referring_in_study
from tdwii_gui.dicom.errors import DatasetError, TdwiiError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.values import integer
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.inputs import InputRetriever
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.references import InputReference

_MOST_RECORDS: Final = 500
_PLANS: Final = "ReferencedRTPlanSequence"


def records_of_plan(
    retriever: InputRetriever, archive: str, plan: Plan
) -> tuple[Dataset, ...] | str:
    """Return the treatment records of a plan; a text, with the reason, where that is not known.

    Those in the plan's study are found (C-FIND), and fetched unless they are here.
    """
    try:
        references = _references(retriever, archive, plan)
        if len(references) > _MOST_RECORDS:
            return f"{archive} cannot tell: more than {_MOST_RECORDS} records are in the study"
        retriever.retrieve(references, archive).require_complete()
        found = tuple(retriever.store.read(each.sop_instance_uid) for each in references)
    except TdwiiError as error:
        return f"{archive} cannot tell: {error}"
    return tuple(record for record in found if plan.sop_instance_uid in _referred_plans(record))


def metersets_of_fraction(
    records: Iterable[Dataset], group: FractionGroup, fraction_number: int
) -> Mapping[int, float] | str:
    """Return the meterset delivered so far by beam number; a text if a record cannot be read."""
    total: dict[int, float] = defaultdict(float)
    try:
        for record in records:
            if integer(record, "ReferencedFractionGroupNumber") in (None, group.number):
                for beam in delivered_metersets(record):
                    if beam.fraction_number == fraction_number:
                        total[beam.beam_number] += beam.delivered
    except DatasetError as error:
        return f"a treatment record cannot be read: {error}"
    return dict(total)


def _references(retriever: InputRetriever, archive: str, plan: Plan) -> list[InputReference]:
    """Return the records in the study of a plan which refer to it, or may."""
    study_uid = tolerant.text(plan.dataset, "StudyInstanceUID")
    peer, running = retriever.directory.lookup(archive), retriever.running
    found: list[InputReference] = []
    with running.of(RetrieveScu(retriever.local, peer)) as scu:
        for one, plans in referring_in_study(scu.c_find, study_uid, Kind.RECORD, _PLANS):
            if not plans or plan.sop_instance_uid in plans:
                found.append(replace(one, retrieve_ae_title=archive))
            if len(found) > _MOST_RECORDS:
                break
    return found


def _referred_plans(record: Dataset) -> list[str]:
    return [
        tolerant.text(item, "ReferencedSOPInstanceUID") for item in tolerant.items(record, _PLANS)
    ]

"""Where an archive has instances of which only the UID is known, and what refers to others there.

The queries are relational first, with the SOP Instance UIDs alone (PS3.4 C.4.1.2.2.1); archives
that take only hierarchical ones are asked for the series of the studies that come into question.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.related import MODALITIES, Kind, kind_of
from tdwii_gui.dicom.uids import RT_DOSE, is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Find = Callable[[Dataset], Iterator[Dataset]]

logger = logging.getLogger(__name__)

_MOST_STUDIES: Final = 200
_MOST_UIDS: Final = 500


def locate(
    find: Find, wanted: Sequence[InputReference], patient_id: str | None
) -> dict[str, InputReference]:
    """Return what an archive has of the wanted instances, with study and series, by UID.

    Parameters
    ----------
    find : Callable
        Asks the archive (Study Root).
    patient_id : str or None
        Whose studies are searched besides those that the references name; empty for all
        patients', None for none.

    Raises
    ------
    AssociationError
        If the archive cannot be asked.
    """
    found: dict[str, InputReference] = {}
    with suppress(DimseStatusError):
        _look(find, Dataset(), wanted, found)
    for series in _series_in_question(find, wanted, patient_id):
        absent = [each for each in wanted if each.sop_instance_uid not in found]
        if not absent:
            break
        with suppress(DimseStatusError):
            _look(find, series, absent, found)
    return found


def referring_in_study(
    find: Find, study_uid: str, kind: Kind, keyword: str
) -> Iterator[tuple[InputReference, tuple[str, ...]]]:
    """Yield the objects of a kind in a study, with the UIDs to which they refer by a sequence.

    There are no UIDs where the archive does not tell them.

    Parameters
    ----------
    find : Callable
        Asks the archive (Study Root).
    kind : Kind
        One that has a Modality of its own.
    keyword : str
        Of the sequence by which they refer to others.

    Raises
    ------
    AssociationError, DimseStatusError
        If the archive cannot be asked, or takes no such query.
    """
    usual_class = RT_DOSE if kind is Kind.DOSE else ""
    for series in _series_of(find, study_uid, MODALITIES[kind]):
        keys = _keys("IMAGE", series)
        keys.SOPInstanceUID = ""
        item = Dataset()
        item.ReferencedSOPClassUID = item.ReferencedSOPInstanceUID = ""
        setattr(keys, keyword, [item])
        for answer in list(find(keys)):
            uids = (
                tolerant.text(each, "ReferencedSOPInstanceUID")
                for each in tolerant.items(answer, keyword)
            )
            reference = _answered(answer, series, usual_class)
            if is_valid_uid(reference.sop_instance_uid):
                yield reference, tuple(filter(None, uids))


def _look(
    find: Find, series: Dataset, wanted: Sequence[InputReference], found: dict[str, InputReference]
) -> None:
    """Ask for instances, of a series or of any."""
    by_uid = {each.sop_instance_uid: each for each in wanted}
    uids = list(by_uid)
    for start in range(0, len(uids), _MOST_UIDS):
        keys = _keys("IMAGE", series)
        keys.SOPInstanceUID = uids[start : start + _MOST_UIDS]
        for answer in list(find(keys)):
            place = _answered(answer, series)
            reference = by_uid.get(place.sop_instance_uid)
            if reference is not None and place.study_instance_uid and place.series_instance_uid:
                found[place.sop_instance_uid] = replace(
                    reference,
                    sop_class_uid=reference.sop_class_uid or place.sop_class_uid,
                    study_instance_uid=place.study_instance_uid,
                    series_instance_uid=place.series_instance_uid,
                )


def _series_in_question(
    find: Find, wanted: Iterable[InputReference], patient_id: str | None
) -> Iterator[Dataset]:
    modalities = {MODALITIES.get(kind_of(each.sop_class_uid), "") for each in wanted}
    modality = modalities.pop() if len(modalities) == 1 else ""
    named = dict.fromkeys(each.study_instance_uid for each in wanted)
    studies = [uid for uid in named if is_valid_uid(uid)]
    with suppress(DimseStatusError):
        for study in studies:
            yield from _series_of(find, study, modality)
        if patient_id is not None and "\\" not in patient_id:
            for study in _studies_of(find, patient_id):
                if study not in studies:
                    yield from _series_of(find, study, modality)


def _studies_of(find: Find, patient_id: str) -> list[str]:
    keys = _keys("STUDY")
    keys.PatientID = patient_id
    keys.StudyInstanceUID = ""
    answers = list(islice(find(keys), _MOST_STUDIES))
    return _uids(answers, "StudyInstanceUID")


def _series_of(find: Find, study_uid: str, modality: str) -> Iterator[Dataset]:
    """Yield the series of a study, of one modality or all, as keys of further queries."""
    keys = _keys("SERIES")
    keys.StudyInstanceUID = study_uid
    keys.SeriesInstanceUID = ""
    keys.Modality = modality
    answers = [
        answer
        for answer in find(keys)
        # Modality is no key that every archive matches by.
        if modality in ("", tolerant.text(answer, "Modality"))
    ]
    for uid in _uids(answers, "SeriesInstanceUID"):
        series = Dataset()
        series.StudyInstanceUID = study_uid
        series.SeriesInstanceUID = uid
        yield series


def _uids(answers: Iterable[Dataset], keyword: str) -> list[str]:
    texts = (tolerant.text(answer, keyword) for answer in answers)
    return [uid for uid in dict.fromkeys(texts) if is_valid_uid(uid)]


def _keys(level: str, above: Dataset | None = None) -> Dataset:
    keys = Dataset()
    if above is not None:
        keys.update(above)
    if level == "IMAGE":
        keys.SOPClassUID = ""
        if not above:
            keys.StudyInstanceUID = keys.SeriesInstanceUID = ""
    keys.QueryRetrieveLevel = level
    return keys


def _answered(answer: Dataset, series: Dataset, usual_class: str = "") -> InputReference:
    """Return the instance of an answer; keys that were sent need not be repeated in it."""

    def uid(keyword: str) -> str:
        value = tolerant.text(answer, keyword) or tolerant.text(series, keyword)
        return value if is_valid_uid(value) else ""

    return InputReference(
        sop_class_uid=uid("SOPClassUID") or usual_class,
        sop_instance_uid=uid("SOPInstanceUID"),
        study_instance_uid=uid("StudyInstanceUID"),
        series_instance_uid=uid("SeriesInstanceUID"),
        retrieve_ae_title="",
    )

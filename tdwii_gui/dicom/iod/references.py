"""References to composite instances with the AE that offers them (PS3.3 10.9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.macros import reference_and_access_item, sop_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataset import Dataset

_MOST_PER_REQUEST: Final = 500
"""An explicit VR UI element has room for a thousand UIDs (PS3.5 7.1.2)."""


@dataclass(frozen=True, slots=True)
class InputReference:
    """A composite instance that a UPS refers to, and the AE from which it is retrieved."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    retrieve_ae_title: str


def read_references(dataset: Dataset, keyword: str) -> tuple[InputReference, ...]:
    """Return the instances of a Referenced Instances and Access sequence.

    Items that name their instances or Retrieve AE Title only in a Referenced Series Sequence, as
    some systems write them, are understood.
    """
    found = tolerant.items(dataset, keyword)
    return tuple(reference for item in found for reference in _item_references(item))


def reference_to(instance: Dataset, retrieve_ae_title: str, source: str = "") -> InputReference:
    """Return the reference to a composite instance that an AE offers for retrieval.

    Raises
    ------
    DatasetError
        If the instance lacks one of its UIDs or the AE title is not legal.
    """
    title = legal.require("RetrieveAETitle", retrieve_ae_title)
    return InputReference(
        sop_class_uid=_uid(instance, "SOPClassUID", source),
        sop_instance_uid=_uid(instance, "SOPInstanceUID", source),
        study_instance_uid=_uid(instance, "StudyInstanceUID", source),
        series_instance_uid=_uid(instance, "SeriesInstanceUID", source),
        retrieve_ae_title=title,
    )


def access_items(references: Iterable[InputReference]) -> list[Dataset]:
    """Return sequence items for references; those of one series and AE share an item."""
    series: dict[tuple[str, str, str], list[Dataset]] = {}
    for each in references:
        place = (each.study_instance_uid, each.series_instance_uid, each.retrieve_ae_title)
        reference = sop_reference(each.sop_class_uid, each.sop_instance_uid)
        series.setdefault(place, []).append(reference)
    return [
        reference_and_access_item(study_uid, series_uid, instances, title)
        for (study_uid, series_uid, title), instances in series.items()
    ]


def by_archive_and_series(
    references: Iterable[InputReference], fallback_ae: str
) -> Iterator[tuple[str, list[InputReference]]]:
    """Yield references that one C-MOVE can ask for, with the AE title of their archive.

    The archive is the Retrieve AE Title, else `fallback_ae`.
    """

    def key(reference: InputReference) -> tuple[str, str, str]:
        archive = reference.retrieve_ae_title or fallback_ae
        return archive, reference.study_instance_uid, reference.series_instance_uid

    for (archive, _, _), group in groupby(sorted(references, key=key), key):
        series = list(group)
        for start in range(0, len(series), _MOST_PER_REQUEST):
            yield archive, series[start : start + _MOST_PER_REQUEST]


def _item_references(item: Dataset) -> list[InputReference]:
    series = tolerant.first_item(item, "ReferencedSeriesSequence")
    retrieval = tolerant.first_item(item, "DICOMRetrievalSequence")
    titles = (tolerant.text(holder, "RetrieveAETitle") for holder in (retrieval, series, item))
    title = next(filter(None, titles), "")
    own_series = tolerant.text(item, "SeriesInstanceUID")
    instances = tolerant.items(item, "ReferencedSOPSequence")
    return [
        InputReference(
            sop_class_uid=tolerant.text(instance, "ReferencedSOPClassUID"),
            sop_instance_uid=tolerant.text(instance, "ReferencedSOPInstanceUID"),
            study_instance_uid=tolerant.text(item, "StudyInstanceUID"),
            series_instance_uid=own_series or tolerant.text(series, "SeriesInstanceUID"),
            retrieve_ae_title=title.partition("\\")[0],
        )
        for instance in instances or tolerant.items(series, "ReferencedSOPSequence")
    ]


def _uid(instance: Dataset, keyword: str, source: str) -> str:
    return legal.require(keyword, tolerant.text(instance, keyword), source)

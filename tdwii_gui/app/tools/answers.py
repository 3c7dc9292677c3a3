"""Answers of a query as rows of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import keyword_for_tag
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from tdwii_gui.app.console import GrowingTable, say, say_json_array
from tdwii_gui.app.tools.query import RETURN_KEYS
from tdwii_gui.dicom.iod.dcmdump_values import attribute_name
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.store.instance_index import Level
from tdwii_gui.dicom.store.instance_tables import column_name
from tdwii_gui.dicom.store.matching import NO_KEYS
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    from tdwii_gui.app.tools.query import Query

# Of the UIDs only that of the level is shown; --json has all.
_UNSHOWN: Final = {
    Level.PATIENT: frozenset[str](),
    Level.STUDY: frozenset[str](),
    Level.SERIES: frozenset({"StudyInstanceUID"}),
    Level.IMAGE: frozenset({"StudyInstanceUID", "SeriesInstanceUID"}),
}
_HEADS: Final = {
    "NumberOfPatientRelatedStudies": "STUDIES",
    "NumberOfStudyRelatedSeries": "SERIES",
    "NumberOfStudyRelatedInstances": "OBJECTS",
    "NumberOfSeriesRelatedInstances": "OBJECTS",
    "ModalitiesInStudy": "MODALITIES",
    "StudyInstanceUID": "STUDY UID",
    "SeriesInstanceUID": "SERIES UID",
    "SOPInstanceUID": "SOP INSTANCE UID",
    "SOPClassUID": "SOP CLASS",
    "PatientID": "PATIENT ID",
    "PatientName": "PATIENT",
    "PatientBirthDate": "BORN",
    "PatientSex": "SEX",
    "StudyDescription": "STUDY",
    "StudyDate": "DATE",
    "SeriesNumber": "NO.",
    "SeriesDescription": "SERIES",
    "InstanceNumber": "NO.",
}


def say_answers(answers: Iterable[Dataset], wanted: Query, *, as_json: bool) -> None:
    """Print answers as they come."""
    if as_json:
        say_json_array(answer.to_json_dict() for answer in answers)
        return
    columns = _columns(wanted)
    with GrowingTable([_head(path) for path in columns]) as table:
        for answer in answers:
            table.say([_cell(answer, path) for path in columns])
    if not table.count:
        say("nothing matches")


def value_text(element: DataElement) -> str:
    """Return the value of an element for people."""
    value: Any = element.value
    if element.VR == "SQ":
        return counted(len(value), "item", "items")
    values = value if isinstance(value, MultiValue | list) else [value]
    texts = ("" if one is None else str(one) for one in values)
    if element.VR == "DA":
        texts = (re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", text) for text in texts)
    elif element.VR == "TM":
        texts = (re.sub(r"^(\d\d)(\d\d)(\d\d).*$", r"\1:\2:\3", text) for text in texts)
    elif element.keyword == "SOPClassUID":
        texts = (uid_name(text).removesuffix(" Storage") for text in texts)
    return "\\".join(texts)


def _columns(wanted: Query) -> list[tuple[BaseTag, ...]]:
    """Return the usual columns of the level, those of further keys, and last the UID."""
    usual = [word for word in RETURN_KEYS[wanted.level] if word not in _UNSHOWN[wanted.level]]
    further = [
        path
        for path in _paths(wanted.identifier)
        if path[-1] not in NO_KEYS
        and (len(path) > 1 or keyword_for_tag(path[0]) not in RETURN_KEYS[wanted.level])
    ]
    paths = [(Tag(word),) for word in usual]
    at = len(paths) if wanted.level is Level.PATIENT else len(paths) - 1
    return [*paths[:at], *further, *paths[at:]]


def _paths(dataset: Dataset) -> Iterator[tuple[BaseTag, ...]]:
    for element in dataset:
        if element.VR == "SQ" and element.value:
            for path in _paths(element.value[0]):
                yield (element.tag, *path)
        else:
            yield (element.tag,)


def _head(path: tuple[BaseTag, ...]) -> str:
    word = attribute_name(path[-1])
    return _HEADS.get(word) or column_name(word).replace("_", " ").upper()


def _cell(dataset: Dataset, path: tuple[BaseTag, ...]) -> str:
    """Return the value of an attribute, or all its values in the items of a sequence."""
    try:
        if path[0] not in dataset:
            return ""
        element = dataset[path[0]]
        if len(path) == 1:
            return value_text(element)
        return ", ".join(filter(None, (_cell(item, path[1:]) for item in element.value or ())))
    except PYDICOM_ERRORS:
        return "(cannot be decoded)"

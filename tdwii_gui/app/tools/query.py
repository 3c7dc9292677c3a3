"""The query of a command: keys, level and information model (PS3.4 C.6)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from tdwii_gui.dicom.iod.dcmdump import read_dataset
from tdwii_gui.dicom.iod.query_keys import add_keys, parse_key
from tdwii_gui.dicom.store.instance_index import UNIQUE_KEYS, Level, Root
from tdwii_gui.dicom.store.instance_tables import (
    INSTANCE_KEYWORDS,
    PATIENT_KEYWORDS,
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
)
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

RETURN_KEYS: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "NumberOfPatientRelatedStudies",
    ),
    Level.STUDY: (
        "PatientID",
        "PatientName",
        "StudyDate",
        "ModalitiesInStudy",
        "StudyDescription",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
        "StudyInstanceUID",
    ),
    Level.SERIES: (
        "PatientID",
        "StudyInstanceUID",
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    Level.IMAGE: (
        "PatientID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPClassUID",
        "InstanceNumber",
        "SOPInstanceUID",
    ),
}
"""What is asked for at each level besides the keys that are given."""

# How the attributes begin that tell the level of a query; the others, but those that the index
# holds, tell nothing.
_SERIES_WORDS: Final = ("Series", "NumberOfSeries")
_IMAGE_WORDS: Final = ("SOP", "Instance", "Image", "RTPlan", "Dose", "StructureSet", "Treatment")


@dataclass(frozen=True, slots=True)
class Query:
    """A C-FIND identifier with the model that it belongs to."""

    identifier: Dataset
    level: Level
    root: Root


def add_query_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select objects."""
    group = parser.add_argument_group("what is looked for")
    group.add_argument(
        "-k",
        "--key",
        dest="keys",
        metavar="KEY[=VALUE]",
        action="append",
        default=[],
        help="keyword or tag (0010,0020), within a sequence after a dot; may be repeated. "
        "Wildcards * and ?, ranges with -, lists with \\; without a value it is asked for",
    )
    group.add_argument(
        "--level",
        type=str.upper,
        choices=[level.value for level in Level],
        help="default: as the keys tell, else STUDY",
    )
    group.add_argument(
        "--root",
        type=str.upper,
        choices=[root.value for root in Root],
        help="information model (default: STUDY; PATIENT for that level)",
    )
    group.add_argument(
        "--query", type=Path, metavar="FILE", help="keys from a DICOM file or dcmdump text"
    )


def is_given(options: argparse.Namespace) -> bool:
    """Return whether the options of `add_query_options` select anything."""
    return bool(options.keys or options.query or options.level)


def query(options: argparse.Namespace) -> Query:
    """Return the query that the options stand for.

    Raises
    ------
    ConfigError
        If a key is not usable.
    DatasetError
        If the file cannot be read.
    """
    identifier = read_dataset(options.query) if options.query else Dataset()
    identifier = copy.copy(identifier)
    add_keys(identifier, [parse_key(text) for text in options.keys])
    named = options.level or str(identifier.get("QueryRetrieveLevel") or "")
    level = Level(named) if named in set(Level) else _level_of(identifier)
    model = Root.PATIENT if level is Level.PATIENT else Root.STUDY
    root = Root(options.root) if options.root else model
    return Query(with_return_keys(identifier, level), level, root)


def with_return_keys(identifier: Dataset, level: Level) -> Dataset:
    """Return an identifier of a level that asks for what is shown of its entities."""
    complete = copy.copy(identifier)
    complete.QueryRetrieveLevel = level.value
    for keyword in RETURN_KEYS[level]:
        if keyword not in complete:
            setattr(complete, keyword, None)
    return complete


def entity_identifier(answer: Dataset, level: Level, root: Root) -> Dataset:
    """Return the level and unique keys of an answer, as C-MOVE and C-GET take them.

    In the Study Root model the Patient ID is no key (PS3.4 C.6.2.1).
    """
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level.value
    for one in levels_down_to(level, root):
        keyword = UNIQUE_KEYS[one]
        if value := answer.get(keyword):
            setattr(identifier, keyword, value)
    return identifier


def levels_down_to(level: Level, root: Root) -> list[Level]:
    """Return the levels of a model from its top to a level."""
    levels = list(Level)
    top = 0 if root is Root.PATIENT else 1
    return levels[top : levels.index(level) + 1]


def names_one_entity(wanted: Query) -> bool:
    """Return whether a query holds unique keys alone, so that nothing needs to be found first."""
    unique = [UNIQUE_KEYS[level] for level in levels_down_to(wanted.level, wanted.root)]
    given = {
        keyword_for_tag(element.tag)
        for element in wanted.identifier
        if not element.is_empty and keyword_for_tag(element.tag) != "QueryRetrieveLevel"
    }
    return given == set(unique) and all(
        _is_single(keyword, wanted.identifier.get(keyword)) for keyword in unique
    )


def _is_single(keyword: str, value: Any) -> bool:
    if isinstance(value, MultiValue):
        return False
    text = str(value)
    return is_valid_uid(text) if keyword.endswith("UID") else not set(text) & set("*?")


def _level_of(identifier: Dataset) -> Level:
    """Return the deepest level that a key belongs to."""
    words = {keyword_for_tag(element.tag) for element in identifier}
    words -= {*PATIENT_KEYWORDS, *STUDY_KEYWORDS, *RETURN_KEYS[Level.STUDY], "SOPClassesInStudy"}
    series = {one for one in words if one.startswith(_SERIES_WORDS) or one in SERIES_KEYWORDS}
    instance = {one for one in words if one.startswith(_IMAGE_WORDS) or one in INSTANCE_KEYWORDS}
    if instance - series or any(element.VR == "SQ" for element in identifier):
        return Level.IMAGE
    return Level.SERIES if series else Level.STUDY

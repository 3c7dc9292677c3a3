"""The indexed keys of a UPS, and how SQL narrows a query by them before matching decides.

A condition may let through too many steps, but never too few; see `text_conditions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydicom.tag import Tag
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    func,
    literal,
    literal_column,
    select,
)

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.intervals import Interval, parse, parse_range
from tdwii_gui.dicom.store.matching import element_texts
from tdwii_gui.dicom.store.text_conditions import (
    SEVERAL,
    among,
    name_condition,
    name_text,
    one_of,
    single_text,
    text_condition,
)
from tdwii_gui.dicom.store.untouched import stored_items, stored_texts
from tdwii_gui.dicom.store.ups_tables import STEPS

if TYPE_CHECKING:
    from collections.abc import Container

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

_WIDEST_START: Final = (
    select(func.coalesce(func.max(literal_column("(start_last - start_first)", BigInteger)), 0))
    .select_from(STEPS)
    .scalar_subquery()
)
_ALL_TIME: Final = (-(2**60), 2**60)  # its width fits into a column too

_START: Final = Tag("ScheduledProcedureStepStartDateTime")
_PATIENT_NAME: Final = Tag("PatientName")
_TIMEZONE: Final = Tag("TimezoneOffsetFromUTC")
_CODE_VALUE: Final = Tag("CodeValue")
_TEXT_COLUMNS: Final = (
    (Tag("PatientID"), "patient_id"),
    (Tag("InputReadinessState"), "input_readiness"),
)
_CODE_COLUMNS: Final = (
    (Tag("ScheduledStationNameCodeSequence"), "station"),
    (Tag("ScheduledWorkitemCodeSequence"), "workitem"),
)

_KEY_TAGS: Final = (
    _START,
    _PATIENT_NAME,
    _TIMEZONE,
    *(tag for tag, _ in (*_TEXT_COLUMNS, *_CODE_COLUMNS)),
)


def has_key(tags: Container[int]) -> bool:
    """Return whether one of some attributes goes into a key column."""
    return any(tag in tags for tag in _KEY_TAGS)


def key_columns(dataset: Dataset) -> dict[str, Any]:
    """Return the values of a step's key columns."""
    columns: dict[str, Any] = {
        column: single_text(stored_texts(dataset, tag)) for tag, column in _TEXT_COLUMNS
    }
    for tag, column in _CODE_COLUMNS:
        columns[column] = _code_value(dataset, tag)
    columns["patient_name"] = name_text(stored_texts(dataset, _PATIENT_NAME))
    columns["start_first"], columns["start_last"] = _start(dataset)
    return columns


def conditions(identifier: Dataset) -> ColumnElement[bool] | None:
    """Return the condition that the steps matching an identifier fulfil; None if there is none.

    All values are bound parameters. The identifier must be one that `Matcher` accepts.
    """
    states = _texts(identifier, "ProcedureStepState")
    found = [
        one_of(STEPS.c.sop_instance_uid, _texts(identifier, "SOPInstanceUID")),
        one_of(STEPS.c.state, states),
        among(STEPS.c.input_readiness, _texts(identifier, "InputReadinessState")),
        text_condition(STEPS.c.patient_id, _texts(identifier, "PatientID")),
        name_condition(STEPS.c.patient_name, _texts(identifier, "PatientName")),
        *_start_conditions(identifier),
    ]
    for tag, column in _CODE_COLUMNS:
        items = identifier[tag].value or [] if tag in identifier else []
        values = _texts(items[0], "CodeValue") if items else []
        found.append(among(STEPS.c[column], values))
        if column == "station" and found[-1] is not None and not states:
            # The index has the state between the station and the start: any one will do.
            found.append(STEPS.c.state.in_(list(ProcedureStepState)))
    present = [condition for condition in found if condition is not None]
    return and_(*present) if present else None


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    return element_texts(dataset[keyword]) if keyword in dataset else []


def _code_value(dataset: Dataset, tag: BaseTag) -> str:
    items = stored_items(dataset, tag)
    if len(items) != 1:
        return SEVERAL if items else ""
    texts = stored_texts(items[0], _CODE_VALUE)
    return single_text(texts) if texts else SEVERAL


def _start(dataset: Dataset) -> tuple[int, int]:
    """Return the span of all start date-times of a step; one that is none matches nothing."""
    spans = []
    for text in stored_texts(dataset, _START):
        try:
            spans.append(parse("DT", text, _timezone(dataset)))
        except ValueError:
            continue
    firsts = [span.first for span in spans if span.first is not None]
    lasts = [span.last for span in spans if span.last is not None]
    return (min(firsts), max(lasts)) if firsts and lasts else _ALL_TIME


def _start_conditions(identifier: Dataset) -> list[ColumnElement[bool]]:
    keys = _texts(identifier, "ScheduledProcedureStepStartDateTime")
    if len(keys) != 1 or keys == ["*"]:
        return []
    span: Interval = parse_range("DT", keys[0], _timezone(identifier))
    found = []
    if span.first is not None:
        # The second condition follows from the first, and is what an index can serve.
        found.append(STEPS.c.start_last >= span.first)
        found.append(STEPS.c.start_first >= literal(span.first, BigInteger) - _WIDEST_START)
    if span.last is not None:
        found.append(STEPS.c.start_first <= span.last)
    return found


def _timezone(dataset: Dataset) -> str:
    return str(dataset[_TIMEZONE].value or "").strip() if _TIMEZONE in dataset else ""

"""Queries of stored instances (C-FIND, PS3.4 C.4.1): SQL narrows, `matching` decides.

Keys of levels above may be left out, as relational queries have it (PS3.4 C.4.1.3.2). The answers
are read page by page, in the order of the unique keys: however many there are, a few are in
memory, and no transaction stays open between two of them.

What a query at IMAGE level asks for and the index has not is looked up in the file of each match,
which takes a thousand times as long; to match by it, the files of all instances that match
otherwise are read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import dictionary_VR
from pydicom.filereader import read_partial
from pydicom.tag import Tag
from sqlalchemy import Float, cast, select, tuple_

from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, accept_foreign_values
from tdwii_gui.dicom.store import date_times
from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.instance_answer import AnswerForm, InstanceAnswer
from tdwii_gui.dicom.store.instance_index import (
    JOINED,
    Level,
    levels_down_to,
    query_level,
)
from tdwii_gui.dicom.store.instance_keys import QueryKeys
from tdwii_gui.dicom.store.instance_tables import (
    INSTANCES,
    SERIES,
    STUDIES,
    column,
)
from tdwii_gui.dicom.store.instance_totals import TOTALS, total_condition, totals
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.text_conditions import any_of, name_condition, text_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag
    from sqlalchemy import ColumnElement, Connection, Engine, Row, Select

    from tdwii_gui.dicom.store.instance_index import Root
    from tdwii_gui.dicom.store.matching import TextTest

_FIRST_PAGE: Final = 32
_LARGEST_PAGE: Final = 2048
"""Rows that are read at once: few for a quick first answer, then more."""
_MANY: Final = 2000
"""Of so many rows not even the unique keys are read at once."""

_TABLES: Final[Mapping[Level, Any]] = {
    Level.PATIENT: STUDIES,
    Level.STUDY: STUDIES,
    Level.SERIES: SERIES.join(STUDIES),
    Level.IMAGE: JOINED,
}
_PLACES: Final[Mapping[Level, Sequence[Any]]] = {
    # Studies of one patient may disagree about the patient.
    Level.PATIENT: [
        STUDIES.c.patient_id,
        STUDIES.c.patient_name,
        STUDIES.c.patient_birth_date,
        STUDIES.c.patient_sex,
    ],
    Level.STUDY: [STUDIES.c.study_instance_uid],
    Level.SERIES: [SERIES.c.series_instance_uid],
    Level.IMAGE: [INSTANCES.c.sop_instance_uid],
}
_OWNERS: Final[Mapping[Level, Any]] = {
    Level.PATIENT: STUDIES.c.patient_id,
    Level.STUDY: STUDIES.c.study_instance_uid,
    Level.SERIES: SERIES.c.series_instance_uid,
}
_TEXTS_KEPT: Final = 1024


class InstanceQuery:
    """One query.

    Parameters
    ----------
    identifier : Dataset
        The identifier of the C-FIND request.
    root : Root
        The information model.
    retrieve_ae_title : str
        Where the instances can be retrieved from; goes into each answer.
    combined_date_times : bool
        Whether dates and their times are matched together; see `date_times`.

    Attributes
    ----------
    unsupported : Sequence[str]
        Keys that are neither matched nor returned.

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if the level or a key is not usable.
    """

    def __init__(
        self,
        identifier: Dataset,
        root: Root,
        *,
        retrieve_ae_title: str = "",
        combined_date_times: bool = False,
    ) -> None:
        self._level = query_level(identifier, root)
        keys = QueryKeys(identifier, self._level)
        self.unsupported: Sequence[str] = keys.unsupported
        self._totals = {
            word: level
            for level in levels_down_to(self._level)
            for word in keys.indexed
            if word in TOTALS[level]
        }
        self._columns = [word for word in keys.indexed if word not in self._totals]
        constants = {"QueryRetrieveLevel": self._level.value}
        if retrieve_ae_title:
            constants["RetrieveAETitle"] = retrieve_ae_title
        if "InstanceAvailability" in identifier:
            constants["InstanceAvailability"] = "ONLINE"
        self._constants = list(constants.values())
        words = [*self._columns, *self._totals, *constants]
        self._form = AnswerForm(words)
        self._tests = _tests(keys, words, combined_date_times)
        self._in_files = _FileKeys(keys.in_files) if len(keys.in_files) else None
        self._rows = self._select()
        self._matching_rows = self._rows.where(*_conditions(keys, indexed=False))
        self._keys = (
            select(_PLACES[self._level][0])
            .select_from(_TABLES[self._level])
            .where(*_conditions(keys, indexed=True))
        )

    def run(self, engine: Engine, objects: Path) -> Iterator[InstanceAnswer | None]:
        """Yield the matches, and None after each page, for who wants to end it early.

        Parameters
        ----------
        engine : Engine
            The index.
        objects : Path
            The folder of the files.
        """
        patient = None
        for page in self._pages(engine):
            for row, texts in page:
                if not all(test(*(texts[i] for i in indices)) for indices, test in self._tests):
                    continue
                if self._level is Level.PATIENT:
                    if patient == row[0] != "":
                        continue
                    patient = row[0]
                if self._in_files is None:
                    yield InstanceAnswer(self._form, texts)
                elif (others := self._in_files.look_up(objects / row.file_name)) is not None:
                    yield InstanceAnswer(self._form, texts, others)
            yield None

    def _pages(self, engine: Engine) -> Iterator[list[tuple[Row[Any], list[str]]]]:
        """Yield the rows that may match, with the texts of an answer."""
        few = self._few(engine)
        if few is None:
            yield from self._all_pages(engine)
            return
        (place,) = _PLACES[self._level]
        start = 0
        for size in self._sizes():
            part = few[start : start + size]
            if not part:
                return
            start += size
            yield self._read(engine, self._rows.where(any_of(place, part)))

    def _few(self, engine: Engine) -> list[str] | None:
        """Return the unique keys of all rows that may match; None if they are many."""
        if self._level is Level.PATIENT:
            return None
        with read(engine) as connection:
            found = connection.scalars(self._keys.limit(_MANY)).all()
        return sorted(found) if len(found) < _MANY else None

    def _all_pages(self, engine: Engine) -> Iterator[list[tuple[Row[Any], list[str]]]]:
        places = _PLACES[self._level]
        page = self._matching_rows
        for size in self._sizes():
            rows = self._read(engine, page.limit(size))
            yield rows
            if len(rows) < size:
                return
            last = tuple(rows[-1][0][: len(places)])
            page = self._matching_rows.where(
                places[0] > last[0] if len(places) == 1 else tuple_(*places) > last
            )

    def _sizes(self) -> Iterator[int]:
        size = _FIRST_PAGE
        while True:
            yield size
            if self._in_files is None:
                size = min(4 * size, _LARGEST_PAGE)

    def _read(self, engine: Engine, page: Select[Any]) -> list[tuple[Row[Any], list[str]]]:
        with read(engine) as connection:
            rows = connection.execute(page).all()
            return list(zip(rows, self._with_totals(connection, rows), strict=True))

    def _select(self) -> Select[Any]:
        """Return the query of all rows: place, owners of totals, columns."""
        places = [one.label(f"place{n}") for n, one in enumerate(_PLACES[self._level])]
        owners = [_OWNERS[level].label(f"of_{word}") for word, level in self._totals.items()]
        files = [INSTANCES.c.file_name] if self._in_files is not None else []
        columns = map(column, self._columns)
        query = select(*places, *owners, *columns, *files).select_from(_TABLES[self._level])
        if self._level is Level.PATIENT:
            query = query.distinct()
        return query.order_by(*_PLACES[self._level])

    def _with_totals(self, connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[list[str]]:
        """Yield the texts of rows in the order of the form."""
        first = len(_PLACES[self._level])
        start = first + len(self._totals)
        end = start + len(self._columns)
        found = [
            totals(connection, level, word, {row[index] for row in rows})
            for index, (word, level) in enumerate(self._totals.items(), first)
        ]
        for row in rows:
            counted = [one.get(row[index], "0") for index, one in enumerate(found, first)]
            yield [*row[start:end], *counted, *self._constants]


class _FileKeys:
    """Keys that are looked up in the files."""

    def __init__(self, keys: Dataset) -> None:
        self._matcher = Matcher(keys)
        self._tags: list[BaseTag | int] = [Tag("SpecificCharacterSet"), *keys.keys()]
        self._last = max(keys.keys())

    def look_up(self, path: Path) -> Dataset | None:
        """Return the requested attributes of a file; None if it does not match."""
        accept_foreign_values()
        try:
            with path.open("rb") as file:
                dataset = read_partial(
                    file,
                    stop_when=lambda tag, _vr, _length: tag > self._last,
                    specific_tags=self._tags,
                )
            if self._matcher.matches(dataset):
                return self._matcher.return_keys(dataset)
        except PYDICOM_ERRORS:
            pass  # what cannot be read matches nothing
        return None


def _conditions(keys: QueryKeys, *, indexed: bool) -> Iterator[ColumnElement[bool]]:
    for keyword, texts in keys.texts.items():
        condition = _condition(keyword, texts, indexed=indexed)
        if condition is not None:
            yield condition


def _condition(keyword: str, texts: list[str], *, indexed: bool) -> ColumnElement[bool] | None:
    """Return the condition by which a key narrows the rows.

    Not `indexed`, it leaves the order of the rows to the order of their places: else each page
    would sort all rows that an index finds.
    """
    if any(keyword in of_level for of_level in TOTALS.values()):
        return total_condition(keyword, texts)
    if keyword == "PatientName":
        names = STUDIES.c.patient_name_key
        return name_condition(names if indexed else names + "", texts)
    vr = dictionary_VR(keyword)
    if vr == "UI":
        return any_of(column(keyword), texts)
    if vr == "DA":
        return _date_condition(column(keyword) if indexed else column(keyword) + "", texts)
    if vr == "IS":
        return cast(column(keyword), Float).in_([float(text) for text in texts])
    if vr in ("TM", "PN"):
        return None
    return text_condition(column(keyword), texts)


def _date_condition(dates: ColumnElement[Any], texts: list[str]) -> ColumnElement[bool] | None:
    first, dash, last = texts[0].partition("-")
    ends = [part.strip().replace(".", "") for part in (first, last)]
    if len(texts) != 1 or not any(ends):
        return None
    if not dash:
        return dates == ends[0]
    conditions = [dates >= ends[0]] if ends[0] else []
    if ends[1]:
        conditions.append(dates <= ends[1])
    return conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]


def _tests(
    keys: QueryKeys, words: list[str], combined_date_times: bool
) -> list[tuple[tuple[int, ...], Callable[..., bool]]]:
    """Return what decides on the texts of a row: the places of the texts, and the test of them."""
    tests = dict(keys.tests)
    found: list[tuple[tuple[int, ...], Callable[..., bool]]] = []
    if combined_date_times:
        single = [word for word in tests if len(keys.texts[word]) == 1]
        for date, time in date_times.pairs(single):
            del tests[date], tests[time]
            test = date_times.combined_test(keys.texts[date][0], keys.texts[time][0])
            found.append(((words.index(date), words.index(time)), test))
    for word, each in tests.items():
        if dictionary_VR(word) != "UI" or word == "SOPClassesInStudy":
            found.append(((words.index(word),), _of_text(each)))
    return found


def _of_text(test: TextTest) -> Callable[[str], bool]:
    """Return a test of values that are joined in one text; many rows have the same."""

    @lru_cache(_TEXTS_KEPT)
    def of_text(text: str) -> bool:
        return test([part for part in text.split("\\") if part])

    return of_text

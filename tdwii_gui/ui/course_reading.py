"""What became of a plan: its records of the OST or of files, checked, and its steps of the TMS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Signal

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.course_status import course_status
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan_record import read_plan_record
from tdwii_gui.dicom.iod.record_check import check_record
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.record_rows import RecordRow, record_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.course_status import CourseStatus, CourseStep
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.plan_record import PlanRecord
    from tdwii_gui.ui.bridge import ActorBridge

R = TypeVar("R")

MOST_FILES: Final = 500
"""So many files are taken as records at a time."""


@dataclass(frozen=True, slots=True)
class CourseKnowledge:
    """What is known of the course of a plan.

    Parameters
    ----------
    rows : tuple[RecordRow, ...]
        The usable records of the plan, the newest first.
    status : CourseStatus or None
        Where each fraction stands; None before anybody was asked, or if the records are unclear.
    refused : tuple[str, ...]
        What cannot be used, in sentences.
    asked : bool
        Whether the archive was asked.
    in_files : frozenset[str]
        SOP Instance UIDs of the records that are from files.
    """

    rows: tuple[RecordRow, ...] = ()
    status: CourseStatus | None = None
    refused: tuple[str, ...] = ()
    asked: bool = False
    in_files: frozenset[str] = frozenset()

    @property
    def records(self) -> list[Dataset]:
        """The records themselves."""
        return [row.dataset for row in self.rows]


NOTHING_KNOWN: Final = CourseKnowledge()


class CourseReader(QObject):
    """Reads what became of a plan; what is not asked for any more is dropped.

    Attributes
    ----------
    known : CourseKnowledge
        What was read last of the plan.

    Signals
    -------
    changed
        Something else is known.
    """

    changed = Signal()

    def __init__(
        self,
        creator: RtbdiCreator,
        bridge: ActorBridge,
        background: SerialWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.known = NOTHING_KNOWN
        self._creator = creator
        self._bridge = bridge
        self._background = background
        self._plan: Plan | None = None
        self._number = 0
        self._is_reading = False
        self._records: dict[str, tuple[Dataset, str]] = {}
        self._in_files: set[str] = set()
        self._steps: tuple[CourseStep, ...] = ()
        self._problems: list[str] = []
        self._refused: tuple[str, ...] = ()
        self._asked = False

    @property
    def is_reading(self) -> bool:
        """Whether the peers are being asked."""
        return self._is_reading

    def show_plan(self, plan: Plan | None) -> None:
        """Know nothing, of another plan."""
        self._number += 1
        self._plan = plan
        self._is_reading = self._asked = False
        self._records, self._steps = {}, ()
        self._in_files = set()
        self._problems, self._refused = [], ()
        self.known = NOTHING_KNOWN

    def read(self) -> None:
        """Ask TMS and OST; what one of them does not tell is said."""
        plan = self._plan
        if plan is None or self._is_reading:
            return
        self._is_reading = self._asked = True
        self._problems = []
        self._ask(
            self._creator.course_steps(plan),
            self._take_steps,
            lambda: self._ask(self._creator.fetch_records(plan), self._take_records, self._look),
        )
        self.changed.emit()

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add the records that are in files; those of other plans are told of."""
        plan, number = self._plan, self._number
        if plan is None:
            return

        def added(found: tuple[dict[str, tuple[Dataset, str]], tuple[str, ...]]) -> None:
            if number == self._number:
                self._in_files |= found[0].keys() - self._records.keys()
                self._records = {**found[0], **self._records}
                self._refused = found[1]
                self._look()

        self._bridge.watch(
            self._background.submit("read_records", "", partial(_read_files, plan, paths)), added
        )

    def stop(self) -> None:
        """End what is being asked."""
        self._creator.cancel_request()

    def _ask(self, future: Future[R], take: Callable[[R], None], then: Callable[[], None]) -> None:
        """Take what a peer answers, or note why it does not; go on with either."""
        number = self._number

        def done(result: R) -> None:
            if number == self._number:
                take(result)
                then()

        def failed(error: BaseException) -> None:
            if number == self._number:
                self._problems.append(str(error))
                then()

        self._bridge.watch(future, done, failed)

    def _take_steps(self, steps: Sequence[CourseStep]) -> None:
        self._steps = tuple(steps)

    def _take_records(self, records: Iterable[Dataset]) -> None:
        ae_title = self._creator.ost_ae_title
        for record in records:
            uid = str(record.SOPInstanceUID)
            self._records[uid] = (record, ae_title)
            self._in_files.discard(uid)

    def _look(self) -> None:
        """Check the records and find where the fractions stand, away from the GUI thread."""
        plan, number = self._plan, self._number
        if plan is None:
            return
        call = partial(_known, plan, dict(self._records), self._steps)

        def done(known: CourseKnowledge) -> None:
            if number == self._number:
                self._is_reading = False
                refused = (*self._problems, *self._refused, *known.refused)
                self.known = replace(
                    known, refused=refused, asked=self._asked, in_files=frozenset(self._in_files)
                )
                self.changed.emit()

        self._bridge.watch(self._background.submit("course", "", call), done)


def _read_files(
    plan: Plan, paths: Sequence[Path]
) -> tuple[dict[str, tuple[Dataset, str]], tuple[str, ...]]:
    """Return the records in files by UID, with their names, and what cannot be used."""
    found: dict[str, tuple[Dataset, str]] = {}
    refused = []
    for path in paths[:MOST_FILES]:
        try:
            record = read_part10(path)
            read_plan_record(plan, record)
        except DatasetError as error:
            reason = "; ".join(map(str, error.findings))
            refused.append(_tr("{0} cannot be used: {1}").format(path.name, reason))
        else:
            found[str(record.SOPInstanceUID)] = (record, path.name)
    return found, tuple(refused)


def _known(
    plan: Plan, records: Mapping[str, tuple[Dataset, str]], steps: Sequence[CourseStep]
) -> CourseKnowledge:
    usable: list[tuple[PlanRecord, str]] = []
    refused: list[str] = []
    for record, source in records.values():
        try:
            usable.append((read_plan_record(plan, record), source))
        except DatasetError as error:
            reason = "; ".join(map(str, error.findings))
            name = texts.elided_uid(str(record.SOPInstanceUID))
            words = _tr("Record {0} of {1} cannot be used: {2}")
            refused.append(words.format(name, source, reason))
    usable.sort(key=lambda pair: _order(pair[0]))
    rows: list[RecordRow] = []
    for read, source in usable:
        bare = record_row(read, source, ())
        fraction = (bare.group, bare.fraction)
        prior = [row.dataset for row in rows if (row.group, row.fraction) == fraction]
        findings = check_record(read.dataset, plan, None, prior)
        rows.append(replace(bare, findings=tuple(findings)))
    status: CourseStatus | None = None
    try:
        status = course_status(plan, [row.dataset for row in rows], steps)
    except DatasetError as error:
        refused.append(str(error))
    return CourseKnowledge(tuple(reversed(rows)), status, tuple(refused))


def _order(record: PlanRecord) -> tuple[float, list[int]]:
    started = record.started.timestamp() if record.started else 0.0
    return started, [beam.fraction_number or 0 for beam in record.beams]


def _tr(text: str) -> str:
    return QCoreApplication.translate("CourseReading", text)

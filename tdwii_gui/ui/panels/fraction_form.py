"""The form: which fraction, when, where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDateTime, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.dicom.iod.ups import Priority
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.plan_card import fraction_words
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.errors import Finding
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.ui.plan_source import OpenedPlan

SPIN_MARGINS: Final = (5, 0, 0, 0)
"""Where the text of a spin box stands: the style sheet's padding does not reach it."""

_MOST_FRACTIONS: Final = 999
_MACHINE_LENGTH: Final = 16
_MINUTE: Final = 60
_FIELDS: Final = {
    "FractionGroupNumber": "group",
    "NumberOfFractionsPlanned": "number",
    "CurrentFractionNumber": "number",
    "ScheduledProcedureStepStartDateTime": "start",
    "TreatmentMachineName": "machine",
    "ScheduledProcedureStepPriority": "priority",
}
"""At which field an attribute's finding is shown; all others stand below the form."""


@dataclass(frozen=True, slots=True)
class FormValues:
    """What the user has asked for.

    Parameters
    ----------
    first : FractionRequest
        The fraction; of a whole course the first session.
    whole_course : bool
        Whether all that remains of the plan's course is scheduled.
    is_continuation : bool
        Whether what was interrupted of the fraction is continued.
    """

    first: FractionRequest
    whole_course: bool
    is_continuation: bool = False


class FractionForm(Card):
    """Fraction group, fraction number, its rest or the whole course, start, machine and priority.

    Signals
    -------
    changed
        A value is another one; everything built from the values before is stale.
    course_asked, continuation_asked
        The whole course, or the continuation of a fraction, was ticked just now.
    """

    changed = Signal()
    course_asked = Signal()
    continuation_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Fraction"), parent)
        self.setObjectName("fraction_form")
        self._opened: OpenedPlan | None = None
        self._silent = False
        self._already = ""
        self._days = ""
        self._notes: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self._make_fields()
        self._place_fields()
        self._note("plan")
        self.setFocusProxy(self._number)
        self._connect()

    def _make_fields(self) -> None:
        self._group = QComboBox()
        self._group.setObjectName("fraction_group")
        self._number = QSpinBox()
        self._number.setObjectName("fraction_number")
        self._number.lineEdit().setTextMargins(*SPIN_MARGINS)
        self._course = QCheckBox(self.tr("&Whole course"))
        self._course.setObjectName("whole_course")
        self._rest = QCheckBox(self.tr("&Continue what was interrupted"))
        self._rest.setObjectName("continue_fraction")
        self._rest.setToolTip(
            texts.tooltip(self.tr("Schedule what remains of the fraction by its treatment records"))
        )
        self._start = QDateTimeEdit()
        self._start.setObjectName("start")
        self._start.setCalendarPopup(True)
        self._start.setDisplayFormat(self.tr("yyyy-MM-dd  HH:mm"))
        self._zone = muted()
        self._zone.setObjectName("time_zone")
        self._now = QPushButton(self.tr("Now"))
        self._now.setObjectName("start_now")
        self._now.setToolTip(texts.tooltip(self.tr("Start the session now")))
        self._machine = QLineEdit()
        self._machine.setObjectName("machine")
        self._machine.setMaxLength(_MACHINE_LENGTH)
        self._priority = QComboBox()
        self._priority.setObjectName("priority")
        for priority, text in (
            (Priority.HIGH, self.tr("High")),
            (Priority.MEDIUM, self.tr("Medium")),
            (Priority.LOW, self.tr("Low")),
        ):
            self._priority.addItem(text, priority)
        self._priority.setCurrentIndex(1)
        self._photos = muted()
        self._photos.setObjectName("photos")

    def _place_fields(self) -> None:
        self._field("group", self.tr("Fraction &group"), self._group)
        self._field("number", self.tr("Fraction &number"), self._number, self._course)
        self._grid.addWidget(self._rest, self._grid.rowCount(), 1)
        self._field("start", self.tr("&Start"), self._start, self._zone, self._now)
        self._field("machine", self.tr("&Machine"), self._machine)
        self._field("priority", self.tr("P&riority"), self._priority)
        row = self._grid.rowCount()
        self._grid.addWidget(muted(self.tr("Photo")), row, 0)
        self._grid.addWidget(self._photos, row, 1)

    def _connect(self) -> None:
        self._group.currentIndexChanged.connect(self._on_group_changed)
        self._number.valueChanged.connect(self._on_changed)
        self._course.toggled.connect(self._on_course_toggled)
        self._rest.toggled.connect(self._on_rest_toggled)
        self._start.dateTimeChanged.connect(self._on_changed)
        self._now.clicked.connect(self.start_now)
        self._machine.textChanged.connect(self._on_changed)
        self._priority.currentIndexChanged.connect(self._on_changed)

    def show_plan(self, opened: OpenedPlan) -> None:
        """Ask for a fraction of a plan: the first one, now."""
        self._silent = True
        self._opened = opened
        self._group.clear()
        groups = [group for group in opened.plan.fraction_groups if group.beams]
        for group in groups:
            self._group.addItem(self._group_text(group), group)
        self._group.setEnabled(len(groups) > 1)
        self._machine.clear()
        self._course.setChecked(False)
        self._rest.setChecked(False)
        self._priority.setCurrentIndex(1)
        self._photos.setText(self._photo_text(opened))
        self._start.setDateTime(_minute(QDateTime.currentDateTime()))
        self._show_group()
        self._number.setValue(1)
        self._silent = False
        self._on_changed()

    @property
    def group(self) -> FractionGroup:
        """The fraction group that is chosen."""
        group: FractionGroup = self._group.currentData()
        return group

    def values(self) -> FormValues:
        """Return what is asked for."""
        first = FractionRequest(
            1 if self._course.isChecked() else self._number.value(),
            self._moment(),
            self.group.number,
            self._machine.text().strip() or None,
            Priority(self._priority.currentData()),
        )
        return FormValues(first, self._course.isChecked(), self._rest.isChecked())

    def show_next(self, number: int, start: datetime) -> None:
        """Ask for another fraction, as a whole."""
        self._silent = True
        self._rest.setChecked(False)
        self._number.setValue(number)
        self.show_start(start)
        self._silent = False
        self._on_changed()

    def show_rest_of(self, group: int, number: int) -> None:
        """Ask for the rest of this fraction of this group."""
        self._silent = True
        groups = [self._group.itemData(row).number for row in range(self._group.count())]
        if group in groups:
            self._group.setCurrentIndex(groups.index(group))
            self._show_group()
        self._number.setValue(number)
        self._silent = False
        self._on_changed()

    def show_start(self, start: datetime) -> None:
        """Ask for another start."""
        self._start.setDateTime(_minute(QDateTime.fromSecsSinceEpoch(int(start.timestamp()))))

    def show_course_days(self, first: datetime, last: datetime) -> None:
        """Say from when to when the course is."""
        ends = (texts.moment(each).partition(",")[0] for each in (first, last))
        self._days = self.tr("from {0} to {1}").format(*ends)
        self.show_findings(())

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Say at the fields what is wrong with their values."""
        problems: dict[str, list[str]] = {}
        for finding in findings:
            field = _FIELDS.get(finding.attribute, "plan")
            words = finding.text if field != "plan" else str(finding)
            problems.setdefault(field, []).append(words)
        hints = self._hints()
        for field, label in self._notes.items():
            problem = "; ".join(problems.get(field, ()))
            text = problem or hints.get(field, "")
            label.setText(texts.plain(f"✕ {text}" if problem else text))
            set_property(label, "role", "error" if problem else "hint")
            label.setVisible(bool(text))
        set_property(self._machine, "invalid", "machine" in problems)
        set_property(self._number, "invalid", "number" in problems)

    def start_now(self) -> None:
        """Ask for a session that starts now."""
        self._start.setDateTime(_minute(QDateTime.currentDateTime()))

    def show_scheduled(self, text: str) -> None:
        """Say that the fraction was scheduled before; an empty text for one that was not."""
        self._already = text
        self.show_findings(())

    def _hints(self) -> dict[str, str]:
        """Return words at fields that are not wrong but worth knowing."""
        hints = {"number": self._already}
        if self._course.isChecked():
            hints["start"] = self._days
        elif (datetime.now().astimezone() - self._moment()).total_seconds() > 2 * _MINUTE:
            hints["start"] = self.tr("this moment has passed; it can be scheduled all the same")
        return hints

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._start.dateTime().toSecsSinceEpoch()).astimezone()

    def _show_group(self) -> None:
        group = self.group
        planned = group.fractions_planned
        self._number.setRange(1, planned or _MOST_FRACTIONS)
        self._number.setSuffix(self.tr(" of {0}").format(planned) if planned else "")
        self._course.setEnabled(planned > 1 or self._group.count() > 1)
        machines = sorted({beam.machine for beam in group.beams if beam.machine})
        one = texts.plain(machines[0], 20) if len(machines) == 1 else ""
        self._machine.setPlaceholderText(one or self.tr("name the machine"))

    def _on_group_changed(self) -> None:
        if self._opened is not None and self._group.count() and not self._silent:
            self._show_group()
            self._on_changed()

    def _on_course_toggled(self, is_on: bool) -> None:
        if is_on:
            self._untick(self._rest)
            self.course_asked.emit()
        self._on_changed()

    def _on_rest_toggled(self, is_on: bool) -> None:
        if is_on:
            self._untick(self._course)
            # Mostly the patient is still there, or comes back on the same day.
            self.start_now()
            self.continuation_asked.emit()
        self._on_changed()

    def _untick(self, box: QCheckBox) -> None:
        was_silent, self._silent = self._silent, True
        box.setChecked(False)
        self._silent = was_silent

    def _on_changed(self) -> None:
        if self._silent:
            return
        self._number.setEnabled(not self._course.isChecked())
        self._group.setEnabled(self._group.count() > 1 and not self._course.isChecked())
        self._days = ""
        self._zone.setText(self._moment().tzname() or "")
        self._already = ""
        self.show_findings(())
        self.changed.emit()

    def _group_text(self, group: FractionGroup) -> str:
        return f"{group.number}  ·  {fraction_words(group.fractions_planned, len(group.beams))}"

    def _photo_text(self, opened: OpenedPlan) -> str:
        count = opened.facts.photo_count
        if not count:
            return self.tr("none named by the plan")
        return texts.counted(
            count, self.tr("{0} photo, named by the plan"), self.tr("{0} photos, named by the plan")
        )

    def _field(self, key: str, title: str, field: QWidget, *beside: QWidget) -> None:
        label = muted(title)
        label.setBuddy(field)
        field.setAccessibleName(title.replace("&", ""))
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(field, 1)
        for widget in beside:
            line.addWidget(widget)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        self._grid.addLayout(line, row, 1)
        self._note(key)

    def _note(self, key: str) -> None:
        label = muted(wraps=True)
        label.setObjectName(f"{key}_note")
        label.hide()
        self._notes[key] = label
        place = self._grid.rowCount()
        self._grid.addWidget(label, place, 0 if key == "plan" else 1, 1, 2 if key == "plan" else 1)


def _minute(moment: QDateTime) -> QDateTime:
    """Return a moment without its seconds, which the field does not show."""
    return moment.addSecs(-moment.time().second()).addMSecs(-moment.time().msec())

"""What scheduling does, step by step, and how each has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted, strong
from tdwii_gui.ui.scheduling import Outcome, ScheduleStep, StepReport
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Mapping

_GLYPHS: Final = {
    Outcome.WAITING: "○",
    Outcome.RUNNING: "▶",
    Outcome.DONE: "✓",
    Outcome.FAILED: "✕",
    Outcome.STOPPED: "⊘",
    Outcome.LEFT_OUT: "–",
}
_CHIPS: Final = {
    Outcome.WAITING: "neutral",
    Outcome.RUNNING: "progress",
    Outcome.DONE: "done",
    Outcome.FAILED: "fault",
    Outcome.STOPPED: "neutral",
    Outcome.LEFT_OUT: "neutral",
}


@dataclass(frozen=True, slots=True)
class _Row:
    glyph: QLabel
    title: QLabel | QCheckBox
    detail: QLabel
    time: QLabel
    alone: QPushButton


class ScheduleSteps(Card):
    """A row per step: its mark, what it is, how it ended and how long it took.

    Signals
    -------
    alone_asked : ScheduleStep
        A tester wants one step alone.
    related_toggled : bool
        Whether the related objects are stored too.
    """

    alone_asked = Signal(object)
    related_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Steps"), parent)
        self.setObjectName("schedule_steps")
        self._single = QCheckBox(self.tr("Single ste&ps"))
        self._single.setObjectName("single_steps")
        self._single.setToolTip(
            texts.tooltip(self.tr("For testers: do each step alone, in any order"))
        )
        self.head.addWidget(self._single)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self.body.addStretch(1)
        self._rows = {step: self._make_row(step) for step in ScheduleStep}
        self._single.toggled.connect(self._on_single_toggled)
        self._related_count = 0
        self.show_peers("OST", "TMS")
        self.show_related(0)
        self.reset()

    @property
    def with_related(self) -> bool:
        """Whether the related objects are to be stored too."""
        box = self._rows[ScheduleStep.STORE_RELATED].title
        return isinstance(box, QCheckBox) and bool(self._related_count) and box.isChecked()

    @property
    def single(self) -> bool:
        """Whether each step can be done alone."""
        return self._single.isChecked()

    def outcome(self, step: ScheduleStep) -> str:
        """Return the glyph of a step, for those who look for it."""
        return self._rows[step].glyph.text()

    def show_peers(self, ost: str, tms: str) -> None:
        """Name the peers in the steps."""
        names = [texts.plain(ost, 16), texts.plain(tms, 16)]
        for step, text in self._titles(*names).items():
            self._rows[step].title.setText(text)
        self._peers = (ost, tms)

    def show_related(self, count: int) -> None:
        """Show how many objects can be stored besides the plan; if any, they are by default."""
        self._related_count = count
        box = self._rows[ScheduleStep.STORE_RELATED].title
        box.setEnabled(bool(count))
        if isinstance(box, QCheckBox):
            box.setChecked(bool(count))
        self.show_peers(*self._peers)

    def show_report(self, report: StepReport) -> None:
        """Show how far a step is."""
        row = self._rows[report.step]
        row.glyph.setText(_GLYPHS[report.outcome])
        row.glyph.setAccessibleName(self._words(report.outcome))
        set_property(row.glyph, "chip", _CHIPS[report.outcome])
        row.detail.setText(texts.plain(report.detail))
        row.detail.setVisible(bool(report.detail))
        set_property(row.detail, "role", "error" if report.outcome is Outcome.FAILED else "hint")
        time = "" if report.milliseconds is None else texts.number(report.milliseconds, 0)
        row.time.setText(self.tr("{0} ms").format(time) if time else "")

    def leave_out_related(self) -> None:
        """Do not store the related objects again, unless the user says so."""
        box = self._rows[ScheduleStep.STORE_RELATED].title
        if isinstance(box, QCheckBox):
            box.setChecked(False)

    def reset(self) -> None:
        """Show that nothing has been done."""
        for step in ScheduleStep:
            left_out = step is ScheduleStep.STORE_RELATED and not self.with_related
            outcome = Outcome.LEFT_OUT if left_out else Outcome.WAITING
            self.show_report(StepReport(step, outcome))

    def set_ready(self, why_not: str, *, is_running: bool) -> None:
        """Let steps be done alone, or say why they cannot; nothing else while something runs."""
        for step, row in self._rows.items():
            missing = why_not
            if step is ScheduleStep.STORE_RELATED and not self.with_related:
                missing = self.tr("There is nothing to be stored")
            row.alone.setEnabled(not missing and not is_running)
            row.alone.setToolTip(texts.tooltip(missing or self.tr("Do this step alone")))
        box = self._rows[ScheduleStep.STORE_RELATED].title
        box.setEnabled(bool(self._related_count) and not is_running)

    def _titles(self, ost: str, tms: str) -> Mapping[ScheduleStep, str]:
        objects = texts.counted(
            self._related_count, self.tr("{0} related object"), self.tr("{0} related objects")
        )
        return {
            ScheduleStep.CHECK_PEERS: self.tr("Check {0} and {1}").format(ost, tms),
            ScheduleStep.STORE_RELATED: self.tr("Also store {0} → {1}").format(objects, ost)
            if self._related_count
            else self.tr("No related objects to store"),
            ScheduleStep.STORE_PLAN: self.tr("Plan → {0}").format(ost),
            ScheduleStep.STORE_RTBDI: self.tr("Instruction (RTBDI) → {0}").format(tms),
            ScheduleStep.CREATE_STEP: self.tr("Procedure step (UPS) → {0}").format(tms),
        }

    def _words(self, outcome: Outcome) -> str:
        return {
            Outcome.WAITING: self.tr("waiting"),
            Outcome.RUNNING: self.tr("running"),
            Outcome.DONE: self.tr("done"),
            Outcome.FAILED: self.tr("failed"),
            Outcome.STOPPED: self.tr("stopped"),
            Outcome.LEFT_OUT: self.tr("left out"),
        }[outcome]

    def _make_row(self, step: ScheduleStep) -> _Row:
        glyph = strong()
        glyph.setProperty("chip", "neutral")
        glyph.setAlignment(Qt.AlignmentFlag.AlignCenter)
        glyph.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        is_related = step is ScheduleStep.STORE_RELATED
        title: QLabel | QCheckBox = QCheckBox() if is_related else strong()
        if isinstance(title, QCheckBox):
            title.setObjectName("store_related")
            title.toggled.connect(self.related_toggled)
        detail = muted(wraps=True)
        detail.setObjectName(f"{step.value}_detail")
        time = muted()
        time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        alone = QPushButton(self.tr("Do alone"))
        alone.setObjectName(f"{step.value}_alone")
        alone.setAccessibleName(self.tr("Do this step alone"))
        alone.clicked.connect(lambda _on=False, chosen=step: self.alone_asked.emit(chosen))
        alone.hide()
        row = 2 * list(ScheduleStep).index(step)
        self._grid.addWidget(glyph, row, 0)
        self._grid.addWidget(title, row, 1)
        self._grid.addWidget(time, row, 2)
        self._grid.addWidget(alone, row, 3)
        self._grid.addWidget(detail, row + 1, 1, 1, 3)
        self._grid.setRowMinimumHeight(row, 30)
        return _Row(glyph, title, detail, time, alone)

    def _on_single_toggled(self, is_single: bool) -> None:
        for row in self._rows.values():
            row.alone.setVisible(is_single)

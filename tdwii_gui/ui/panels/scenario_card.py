"""The card of a scenario: what it is for, what it exercises, its steps, and what became of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.scenario_rows import Mark, StepRow, step_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, muted, set_primary, strong
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QColor

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.scenario.document import Scenario

_ICON = QSize(16, 16)
_PURPOSE_LIMIT = 600


class ScenarioCard(Card):
    """Shows a scenario and lets it be stepped through, run, paused and stopped.

    Attributes
    ----------
    step, run, pause, stop : QPushButton
        What can be done.
    steps : Table
        The steps.

    Signals
    -------
    external_wanted : str
        Another system is to take the place of the actor of this role.
    """

    external_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("scenario_card")
        self._purpose = muted(wraps=True)
        self._purpose.setObjectName("scenario_purpose")
        self._clauses = muted(wraps=True)
        self._clauses.setObjectName("scenario_clauses")
        self._clauses.setProperty("role", "hint")
        self._actors = QHBoxLayout()
        self._actors.setSpacing(6)
        self.step = self._button("scenario_step", self.tr("Step"), "play")
        self.run = set_primary(self._button("scenario_run", self.tr("Run"), ""))
        self.pause = self._button("scenario_pause", self.tr("Pause"), "pause")
        self.stop = self._button("scenario_stop", self.tr("Stop"), "stop")
        self._model = step_model()
        self.steps = Table(
            self._model,
            name="scenario_steps",
            accessible_name=self.tr("Steps of the scenario"),
            empty=self._empty_words,
        )
        self.steps.setSortingEnabled(False)
        self.steps.tint = self._tint
        self.steps.chosen.connect(self._on_step_chosen)
        self._detail = _Detail()
        self._lay_out()

    @property
    def rows(self) -> list[StepRow]:
        """The steps with their results."""
        return self._model.all_rows

    def show_scenario(self, scenario: Scenario | None) -> None:
        """Show a scenario that has not run."""
        self.set_title(texts.plain(scenario.title) if scenario else self.tr("No scenario"))
        purpose = texts.plain(scenario.purpose, _PURPOSE_LIMIT) if scenario else ""
        self._purpose.setText(purpose)
        clauses = "  ·  ".join(scenario.clauses) if scenario else ""
        self._clauses.setText(texts.plain(clauses, _PURPOSE_LIMIT))
        steps = scenario.steps if scenario else ()
        self._model.replace_all(StepRow(n, step) for n, step in enumerate(steps, start=1))
        self.steps.fit_columns()
        self._detail.show_row(None)

    def show_actors(
        self, actors: Mapping[str, str], external: Mapping[str, ApplicationEntity]
    ) -> None:
        """Show who takes part, by role, and which of them are other systems."""
        while (item := self._actors.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for role, name in actors.items():
            self._actors.addWidget(self._actor(role, name, external.get(role)))
        self._actors.addStretch(1)

    def mark(self, number: int, mark: Mark, words: str = "", seconds: float | None = None) -> None:
        """Show what has become of a step, from 1."""
        row = self._model.row_of(number)
        if row is None:
            return
        row = replace(row, mark=mark, words=words, seconds=seconds)
        self._model.put(row)
        self.steps.fit_columns()
        index = self._model.index_of(number)
        self.steps.scrollTo(index)
        if mark in (Mark.RUNNING, Mark.FAILED) or self._detail.number == number:
            self._detail.show_row(row)

    def select(self, number: int) -> None:
        """Choose a step."""
        self.steps.select_key(number)

    def _lay_out(self) -> None:
        self.body.addWidget(self._purpose)
        self.body.addWidget(self._clauses)
        self.body.addLayout(self._actors)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self.run, self.step, self.pause):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.stop)
        self.body.addLayout(line)
        self.body.addWidget(self.steps, 1)
        self.body.addWidget(self._detail)

    def _button(self, name: str, text: str, icon: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        if icon:
            button.setIconSize(_ICON)
            set_icon(button, icon)
        return button

    def _actor(self, role: str, name: str, entity: ApplicationEntity | None) -> QPushButton:
        """Return the button of an actor: who plays it, and a way to another system."""
        button = QPushButton(f"↗ {name}…" if entity else f"{name}…")
        button.setObjectName(f"scenario_external_{role}")
        button.setAccessibleName(self.tr("Use another system as {0}").format(name))
        button.setCheckable(True)
        button.setChecked(entity is not None)
        told = self.tr("{0}: {1}").format(name, entity) if entity else ""
        button.setToolTip(texts.tooltip(told or self.tr("Ours; click to use another system")))
        button.clicked.connect(lambda: self.external_wanted.emit(role))
        # It shows who plays the actor, not that it was clicked.
        button.clicked.connect(lambda: button.setChecked(entity is not None))
        return button

    def _tint(self, row: StepRow) -> QColor | None:
        from PySide6.QtGui import QColor

        if row.mark in (Mark.RUNNING, Mark.FAILED):
            return QColor(current_theme().tint(row.mark.tone))
        return None

    @Slot(object)
    def _on_step_chosen(self, row: StepRow | None) -> None:
        if row is not None:
            self._detail.show_row(row)

    def _empty_words(self) -> str:
        return self.tr("Choose a scenario on the left, or open a file.")


class _Detail(QFrame):
    """What a step does, and in words what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.setProperty("inset", True)
        self._chip = Chip()
        self._title = strong()
        self._title.setWordWrap(True)
        self._where = muted()
        self._words = QLabel()
        self._words.setObjectName("step_words")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        first = QHBoxLayout()
        first.addWidget(self._title, 1)
        first.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(first)
        layout.addWidget(self._where)
        layout.addWidget(self._words)
        self.hide()

    def show_row(self, row: StepRow | None) -> None:
        self.setVisible(row is not None)
        self.number = row.number if row else 0
        if row is None:
            return
        self._title.setText(texts.plain(row.step.title))
        where = self.tr("{0}, line {1} of the file").format(row.step.name, row.step.line)
        self._where.setText(texts.plain(where))
        self._chip.show_state(row.mark.tone, row.mark.glyph, row.mark.word)
        self._words.setText(texts.plain(row.words, 900))
        self._words.setVisible(bool(row.words))

"""The list of scenarios: those that are shipped, and the user's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.scenario_rows import Mark, ScenarioRow, scenario_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScenarioList(Card):
    """Scenarios with how they ended when they ran last.

    Signals
    -------
    chosen : ScenarioRow or None
        Another one is selected.
    open_wanted
        A file is to be opened.
    """

    chosen = Signal(object)
    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Scenarios"))
        self._model = scenario_model()
        self.table = Table(
            self._model,
            name="scenarios",
            accessible_name=self.tr("Scenarios"),
            empty=self._empty_words,
        )
        self.table.setSortingEnabled(False)
        self.table.horizontalHeader().hide()
        self.table.chosen.connect(self._on_chosen)
        self._open = QPushButton(self.tr("&Open file…"))
        self._open.setObjectName("open_scenario")
        self._open.setToolTip(texts.tooltip(self.tr("A scenario of your own (TOML)")))
        self._open.clicked.connect(self.open_wanted)
        self.head.addWidget(self._open)
        self.body.addWidget(self.table, 1)

    @property
    def rows(self) -> list[ScenarioRow]:
        """All scenarios."""
        return self._model.all_rows

    def show_rows(self, rows: Sequence[ScenarioRow]) -> None:
        """Show scenarios; those that are there keep their results."""
        self._model.replace_all(rows)

    def put(self, row: ScenarioRow) -> None:
        """Show a scenario, or another state of one."""
        self._model.put(row)
        if row.mark is not Mark.WAITING:
            self.table.fit_columns()

    def forget(self, key: str) -> None:
        """Show a scenario no more, if it is there."""
        self._model.remove(key)

    def select(self, key: str) -> None:
        """Choose a scenario."""
        self.table.select_key(key)

    def allow(self, allowed: bool) -> None:
        """Let another scenario be chosen, or not while one runs."""
        self.table.setEnabled(allowed)
        self._open.setEnabled(allowed)
        why = "" if allowed else self.tr("Stop the scenario that runs first")
        self.table.setToolTip(texts.tooltip(why))

    @Slot(object)
    def _on_chosen(self, row: ScenarioRow | None) -> None:
        self.chosen.emit(row)

    def _empty_words(self) -> str:
        return self.tr("The scenarios are being read …")

"""Titles and values below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import muted, value

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE = 160


class FactGrid(QWidget):
    """A line per fact; its value may be of several lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)
        self._shown: list[tuple[str, str]] = []

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show other facts; values as a peer sent them are made plain."""
        if self._shown == list(facts):
            return
        self._shown = list(facts)
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for line, (title, fact) in enumerate(facts):
            name = muted(title)
            label = value("\n".join(texts.plain(each, _LINE) for each in fact.split("\n")))
            label.setWordWrap(True)
            self._grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, line, 1, Qt.AlignmentFlag.AlignTop)

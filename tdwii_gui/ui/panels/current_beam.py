"""The beam of the moment in large figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.delivery_rows import energy_words
from tdwii_gui.ui.panels.labels import caption, strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.delivery_rows import BeamRow


class CurrentBeam(QFrame):
    """Which beam it is, how much of it is delivered, and with what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("current_beam")
        self.setProperty("inset", True)
        self._meterset = QLabel()
        self._meterset.setTextFormat(Qt.TextFormat.PlainText)
        self._meterset.setProperty("role", "patient")
        self._meterset.setObjectName("current_meterset")
        self._title = caption()
        self._values: list[QLabel] = []
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 10, 14, 10)
        line.setSpacing(22)
        first = QVBoxLayout()
        first.setSpacing(2)
        first.addWidget(self._title)
        first.addWidget(self._meterset)
        line.addLayout(first, 1)
        for title in (self.tr("Energy"), self.tr("Rate"), self.tr("Gantry")):
            box = QVBoxLayout()
            box.setSpacing(6)
            self._values.append(strong())
            box.addWidget(caption(title))
            box.addWidget(self._values[-1])
            box.addStretch(1)
            line.addLayout(box)

    def show_beam(self, row: BeamRow | None, rows: Sequence[BeamRow]) -> None:
        """Show a beam of a session, or none."""
        self.setVisible(row is not None)
        if row is None:
            return
        place = [each.number for each in rows].index(row.number) + 1
        title = self.tr("Beam {0} of {1}").format(place, len(rows))
        self._title.setText(f"{title} · {texts.plain(row.name, 30)}".upper())
        self._meterset.setText(
            self.tr("{0} / {1} {2}").format(
                texts.number(row.delivered), texts.number(row.planned), texts.plain(row.unit, 16)
            )
        )
        rate = "\u2013"
        if row.rate is not None:
            rate = self.tr("{0} {1}/min").format(f"{row.rate:g}", texts.plain(row.unit, 16))
        for label, words in zip(
            self._values, (energy_words(row) or "\u2013", rate, _turn(row)), strict=True
        ):
            label.setText(words)


def _turn(row: BeamRow) -> str:
    """Return the gantry angle, or where it starts and ends."""
    angles = [f"{angle:.1f}°" for angle in row.gantry]
    return " → ".join(dict.fromkeys(angles)) or "\u2013"

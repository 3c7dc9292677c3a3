"""The beam of the moment in large figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.delivery_rows import energy_now, rate_now
from tdwii_gui.ui.panels.labels import caption, strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.delivery_rows import BeamRow


_NONE: Final = "\u2013"


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
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 10, 14, 10)
        line.setSpacing(22)
        first = QVBoxLayout()
        first.setSpacing(2)
        first.addWidget(self._title)
        first.addWidget(self._meterset)
        line.addLayout(first, 1)
        self._energy, _ = self._readout(line, self.tr("Energy"))
        self._rate, _ = self._readout(line, self.tr("Dose rate"))
        self._gantry, _ = self._readout(line, self.tr("Gantry"))
        self._layer, self._layer_holder = self._readout(line, self.tr("Layer"))

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
        gantry = row.moment.gantry if row.moment else None
        self._energy.setText(energy_now(row) or _NONE)
        self._rate.setText(rate_now(row) or _NONE)
        self._gantry.setText(_NONE if gantry is None else f"{gantry:.1f}°")
        layer = row.moment.layer if row.moment else None
        self._layer_holder.setVisible(row.layers > 0)
        if layer is not None:
            self._layer.setText(self.tr("{0} of {1}").format(layer + 1, row.layers))

    def _readout(self, line: QHBoxLayout, title: str) -> tuple[QLabel, QWidget]:
        """Return the label of a value below its title, and what holds both."""
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        label = strong()
        label.setAccessibleName(title)
        box.addWidget(caption(title))
        box.addWidget(label)
        box.addStretch(1)
        line.addWidget(holder)
        return label, holder

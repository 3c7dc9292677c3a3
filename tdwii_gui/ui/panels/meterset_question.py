"""Asks for the Beam Meterset of a plan that has none."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.fraction_form import SPIN_MARGINS
from tdwii_gui.ui.panels.labels import muted


class MetersetQuestion(QFrame):
    """A bar with a field; hidden while there is nothing to ask.

    Signals
    -------
    answered : float
        The meterset for each beam.
    """

    answered = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("meterset_question")
        self.setProperty("card", True)
        self._words = muted(wraps=True)
        self._field = QDoubleSpinBox()
        self._field.setObjectName("meterset_per_beam")
        self._field.setAccessibleName(self.tr("Meterset per beam"))
        self._field.lineEdit().setTextMargins(*SPIN_MARGINS)
        self._field.setRange(0.1, 99_999.9)
        self._field.setDecimals(1)
        self._field.setValue(100.0)
        self._field.setSuffix(self.tr(" MU"))
        label = QLabel(self.tr("&Meterset per beam"))
        label.setBuddy(self._field)
        button = QPushButton(self.tr("&Use this meterset"))
        button.setObjectName("use_meterset")
        button.clicked.connect(lambda: self.answered.emit(self._field.value()))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 14, 7)
        row.setSpacing(10)
        row.addWidget(self._words, 1)
        for widget in (label, self._field, button):
            row.addWidget(widget)
        self.hide()

    def ask(self, words: str) -> None:
        """Ask."""
        self._words.setText(texts.plain(words))
        self.show()
        self._field.setFocus()

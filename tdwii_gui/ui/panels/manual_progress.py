"""Progress and the end of a step sent by hand, with the claim's Transaction UID or without it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.fraction_form import SPIN_MARGINS
from tdwii_gui.ui.panels.labels import caption, field_label, muted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.delivery_rows import BeamRow

THROTTLE_MS: Final = 300
_TEXT_LENGTH: Final = 64
_LAST_BEAM: Final = 9999


class Key(StrEnum):
    """The Transaction UID with which a request is sent."""

    OWN = "own"
    WRONG = "wrong"
    NONE = "none"


class ManualProgress(QWidget):
    """Sends progress as it is typed, at most every 300 ms and the newest value last.

    Signals
    -------
    progress_wanted : float, int, str, str
        Percent, beam number and description for RO-62, and the `Key` to send it with.
    end_wanted : str
        The step is to be completed (RO-65) with a `Key` that is not the claim's.
    """

    progress_wanted = Signal(float, int, str, str)
    end_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._beam = QSpinBox()
        self._beam.setObjectName("manual_beam")
        self._beam.setRange(0, _LAST_BEAM)
        self._percent = QDoubleSpinBox()
        self._percent.setObjectName("manual_percent")
        self._percent.setRange(0.0, 100.0)
        self._percent.setDecimals(1)
        self._percent.setSuffix(self.tr(" %"))
        for spin in (self._beam, self._percent):
            spin.lineEdit().setTextMargins(*SPIN_MARGINS)
        self._text = QLineEdit()
        self._text.setObjectName("manual_text")
        self._text.setMaxLength(_TEXT_LENGTH)
        self._key = QComboBox()
        self._key.setObjectName("manual_key")
        for key, words in (
            (Key.OWN, self.tr("of the claim")),
            (Key.WRONG, self.tr("another one (wrong)")),
            (Key.NONE, self.tr("none")),
        ):
            self._key.addItem(words, key)
        self._send = self._button("send_update", self.tr("Send &update"))
        self._end = self._button("try_complete", self.tr("Tr&y to complete"))
        self._answer = muted(wraps=True)
        self._answer.setObjectName("manual_answer")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(THROTTLE_MS)
        self._timer.timeout.connect(self._on_quiet)
        self._waiting = False
        self._obstacle = ""
        self._beam.valueChanged.connect(self.request)
        self._percent.valueChanged.connect(self.request)
        self._send.clicked.connect(self.request)
        self._end.clicked.connect(lambda: self.end_wanted.emit(self.key))
        self._key.currentIndexChanged.connect(self._on_key)
        self.allow(self.tr("Claim the step first"))

    @property
    def key(self) -> Key:
        """The Transaction UID that is chosen."""
        return Key(self._key.currentData())

    def allow(self, obstacle: str) -> None:
        """Let progress be sent, or say why that cannot be."""
        self._obstacle = obstacle
        for widget in (self._beam, self._percent, self._text, self._key, self._send):
            widget.setEnabled(not obstacle)
            widget.setToolTip(texts.tooltip(obstacle))
        own = self.tr("With the claim's own Transaction UID the session completes the step")
        obstacle = obstacle or (own if self.key is Key.OWN else "")
        self._end.setEnabled(not obstacle)
        self._end.setToolTip(texts.tooltip(obstacle))

    def show_beams(self, rows: Sequence[BeamRow]) -> None:
        """Begin with the first beam of a session, and with the claim's Transaction UID."""
        self._beam.blockSignals(True)
        self._beam.setValue(rows[0].number if rows else 0)
        self._beam.blockSignals(False)
        self._key.setCurrentIndex(0)
        self.show_answer("")

    def show_answer(self, words: str) -> None:
        """Show what the TMS has answered."""
        self._answer.setText(texts.plain(words))

    @Slot()
    def request(self) -> None:
        """Send now, or at the end of the pause after the last one."""
        if self._timer.isActive():
            self._waiting = True
            return
        self._timer.start()
        values = (self._percent.value(), self._beam.value(), self._text.text())
        self.progress_wanted.emit(*values, self.key)

    @Slot()
    def _on_quiet(self) -> None:
        if self._waiting:
            self._waiting = False
            self.request()

    @Slot()
    def _on_key(self) -> None:
        self.allow(self._obstacle)

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.addRow(field_label(self.tr("Beam &number"), self._beam), self._beam)
        form.addRow(field_label(self.tr("&Progress"), self._percent), self._percent)
        form.addRow(field_label(self.tr("&Description"), self._text), self._text)
        form.addRow(field_label(self.tr("&Transaction UID"), self._key), self._key)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addStretch(1)
        line.addWidget(self._end)
        line.addWidget(self._send)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(caption(self.tr("Progress by hand (RO-62)")))
        column.addLayout(form)
        column.addLayout(line)
        column.addWidget(self._answer)
        column.addStretch(1)

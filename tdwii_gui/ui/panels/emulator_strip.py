"""The strip that never goes away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget


class EmulatorStrip(QFrame):
    """Says that this is an emulator."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emulator_strip")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 14, 4)
        text = QLabel("⚠  " + self.tr("EMULATOR – NOT FOR CLINICAL USE"))
        text.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(text)
        layout.addStretch(1)

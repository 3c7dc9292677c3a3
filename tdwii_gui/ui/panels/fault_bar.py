"""The amber bar that is there while faults are on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from tdwii_gui.ui.panels.labels import ElidedLabel


class FaultBar(QFrame):
    """Says that faults are on, which, and lets them be shown or cleared; else it is hidden.

    Parameters
    ----------
    can_act : bool
        Whether there are buttons.

    Signals
    -------
    show_wanted, clear_wanted
        The faults are to be shown, or to be taken away.
    """

    show_wanted = Signal()
    clear_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, can_act: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName("fault_bar")
        self._title = QLabel("⚡  " + self.tr("FAULTS ACTIVE"))
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._words = ElidedLabel()
        self._words.setObjectName("active_faults")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 3, 14, 3)
        layout.setSpacing(14)
        layout.addWidget(self._title)
        layout.addWidget(self._words, 1)
        for name, text, accessible, signal in (
            ("show_faults", self.tr("Show…"), self.tr("Show the faults"), self.show_wanted),
            ("clear_faults", self.tr("Clear all"), self.tr("Clear all faults"), self.clear_wanted),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setAccessibleName(accessible)
            button.setAutoDefault(False)
            button.clicked.connect(signal)
            button.setVisible(can_act)
            layout.addWidget(button)
        self.hide()

    @property
    def words(self) -> str:
        """What it says of the faults."""
        return self._words.whole_text

    def show_words(self, words: str) -> None:
        """Say what is on; nothing takes the bar away."""
        self._words.set_text(words[:1].upper() + words[1:])
        self.setAccessibleName(self.tr("Faults active: {0}").format(words))
        self.setVisible(bool(words))

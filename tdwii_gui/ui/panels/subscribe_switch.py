"""Whether the TMS tells this device of new and changed steps, and the button that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.ui.panels.desk import Desk


class SubscribeSwitch(QWidget):
    """The subscription to all steps of the TMS as a chip and a button."""

    def __init__(self, tdd: Tdd, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tdd = tdd
        self._desk = desk
        self._chip = Chip()
        self._chip.setObjectName("subscription_state")
        self._button = QPushButton()
        self._button.setObjectName("subscribe")
        self._button.setCheckable(True)
        self._button.setToolTip(
            texts.tooltip(self.tr("Have the TMS tell this device of new and changed steps"))
        )
        self._button.clicked.connect(self._on_clicked)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._chip)
        line.addWidget(self._button)
        self.refresh()

    def refresh(self) -> None:
        """Show the subscription as it is now."""
        is_on = self._tdd.subscribed
        self._button.setChecked(is_on)
        self._button.setText(self.tr("Un&subscribe") if is_on else self.tr("&Subscribe"))
        if is_on:
            self._chip.show_state(Tone.DONE, "✓", self.tr("Subscribed"))
        else:
            self._chip.show_state(Tone.NEUTRAL, "○", self.tr("Not subscribed"))

    @Slot()
    def _on_clicked(self) -> None:
        wants = not self._tdd.subscribed
        self._button.setEnabled(False)
        future = self._tdd.subscribe() if wants else self._tdd.unsubscribe()
        words = self.tr("Subscribing") if wants else self.tr("Unsubscribing")
        self._desk.job(future, words, lambda _status: self._on_answered(), self._on_failed)

    def _on_failed(self, error: BaseException) -> None:
        self._desk.messages.fail(str(error))
        self._on_answered()

    def _on_answered(self) -> None:
        self._button.setEnabled(True)
        self.refresh()

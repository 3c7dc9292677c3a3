"""What the PPVS follows: its subscription, and for which machine it prepares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, set_primary
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable


class SubscriptionBar(QFrame):
    """Subscribe and unsubscribe, the deletion lock, auto-download and the machine.

    Signals
    -------
    subscribe_wanted : bool
        A subscription to all steps, with or without deletion lock.
    unsubscribe_wanted
        An end of it.
    auto_download_changed : bool
        Whether inputs are to be retrieved as soon as a step is announced.
    machine_changed : str
        The machine whose steps count; empty for all.
    """

    subscribe_wanted = Signal(bool)
    unsubscribe_wanted = Signal()
    auto_download_changed = Signal(bool)
    machine_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("subscription_bar")
        self.setProperty("card", True)
        self._machines: tuple[str, ...] = ()
        self._chip = Chip()
        self._chip.setObjectName("subscription_state")
        self._reason = ElidedLabel()
        self._reason.setObjectName("subscription_reason")
        self._reason.setProperty("role", "muted")
        self.subscribe = QPushButton(self.tr("&Subscribe"))
        self.subscribe.setObjectName("subscribe")
        self.subscribe.clicked.connect(self._on_subscribe)
        self.unsubscribe = QPushButton(self.tr("&Unsubscribe"))
        self.unsubscribe.setObjectName("unsubscribe")
        self.unsubscribe.clicked.connect(self.unsubscribe_wanted)
        self.deletion_lock = QCheckBox(self.tr("With deletion &lock"))
        self.deletion_lock.setObjectName("deletion_lock")
        self.deletion_lock.setToolTip(
            texts.tooltip(
                self.tr("The TMS keeps a finished step until we have seen it (PS3.4 CC.2.3.1)")
            )
        )
        self.auto_download = QCheckBox(self.tr("&Auto-download"))
        self.auto_download.setObjectName("auto_download")
        self.auto_download.setToolTip(
            texts.tooltip(self.tr("Retrieve the inputs of each step as soon as it is announced"))
        )
        self.auto_download.toggled.connect(self.auto_download_changed)
        self.machine = self._machine_field()
        self._lay_out()

    def show_state(self, *, subscribed: bool, tms: str, is_busy: bool, reason: str) -> None:
        """Show whether we are subscribed, at which TMS, and if not, why."""
        peer = texts.plain(tms, 16)
        if is_busy:
            self._chip.show_state(Tone.PROGRESS, "●", self.tr("Asking {0} …").format(peer))
        elif subscribed:
            self._chip.show_state(Tone.DONE, "✓", self.tr("Subscribed to {0}").format(peer))
        else:
            tone, glyph = (Tone.FAULT, "✕") if reason else (Tone.NEUTRAL, "○")
            self._chip.show_state(tone, glyph, self.tr("Not subscribed"))
        self._reason.set_text("" if subscribed or is_busy else reason)
        self.subscribe.setEnabled(not is_busy and not subscribed)
        self.unsubscribe.setEnabled(not is_busy and subscribed)
        self.deletion_lock.setEnabled(not is_busy and not subscribed)
        asking = self.tr("The TMS is being asked")
        is_so, is_not = self.tr("Already subscribed"), self.tr("Not subscribed")
        self.subscribe.setToolTip(asking if is_busy else is_so if subscribed else "")
        self.unsubscribe.setToolTip(asking if is_busy else "" if subscribed else is_not)
        set_primary(self.subscribe, not subscribed)

    def offer_machines(self, machines: Iterable[str]) -> None:
        """Offer machines to choose from, with those offered before."""
        offered = tuple(sorted({*self._machines, *machines} - {""}, key=str.casefold))
        if offered == self._machines:
            return
        self._machines = offered
        chosen = self.machine.currentData() or ""
        with QSignalBlocker(self.machine):
            self.machine.clear()
            self.machine.addItem(self.tr("All machines"), "")
            for machine in offered:
                self.machine.addItem(texts.plain(machine, 40), machine)
            self.machine.setCurrentIndex(max(0, self.machine.findData(chosen)))

    def choose_machine(self, machine: str) -> None:
        """Show a machine as the chosen one, without telling it."""
        self.offer_machines([machine])
        with QSignalBlocker(self.machine):
            self.machine.setCurrentIndex(max(0, self.machine.findData(machine)))

    def _machine_field(self) -> QComboBox:
        field = QComboBox()
        field.setObjectName("machine")
        field.setAccessibleName(self.tr("Machine"))
        field.setToolTip(
            texts.tooltip(self.tr("Whose steps are shown, and retrieved by auto-download"))
        )
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(16)
        field.addItem(self.tr("All machines"), "")
        field.currentIndexChanged.connect(self._on_machine)
        return field

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 9, 14, 9)
        layout.setSpacing(10)
        layout.addWidget(self._chip)
        layout.addWidget(self.subscribe)
        layout.addWidget(self.unsubscribe)
        layout.addWidget(self.deletion_lock)
        layout.addWidget(self._reason, 1)
        layout.addWidget(self.auto_download)
        label = QLabel(self.tr("&Machine"))
        label.setBuddy(self.machine)
        layout.addWidget(label)
        layout.addWidget(self.machine)

    @Slot()
    def _on_subscribe(self) -> None:
        self.subscribe_wanted.emit(self.deletion_lock.isChecked())

    @Slot()
    def _on_machine(self) -> None:
        self.machine_changed.emit(self.machine.currentData() or "")

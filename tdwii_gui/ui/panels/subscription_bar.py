"""What the PPVS follows: its subscriptions, and for which machine it prepares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from tdwii_gui.actors.subscriptions import Subscription, SubscriptionKind
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, set_primary
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN_MACHINE: Final = 40


class SubscriptionBar(QFrame):
    """Kind of subscription, subscribe and unsubscribe, deletion lock, auto-download, machine.

    Signals
    -------
    subscribe_wanted : Subscription
        One more subscription, of the kind that is chosen.
    unsubscribe_wanted
        An end of all.
    auto_download_changed : bool
        Whether inputs are to be retrieved as soon as a step is announced.
    machine_changed : str
        The machine whose steps count; empty for all.
    """

    subscribe_wanted = Signal(object)
    unsubscribe_wanted = Signal()
    auto_download_changed = Signal(bool)
    machine_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("subscription_bar")
        self.setProperty("card", True)
        self._machines: tuple[str, ...] = ()
        self._held: tuple[Subscription, ...] = ()
        self._step = ("", "")
        self._is_busy = False
        self._chip = Chip()
        self._chip.setObjectName("subscription_state")
        self._reason = ElidedLabel()
        self._reason.setObjectName("subscription_reason")
        self._reason.setProperty("role", "muted")
        self.kind = self._kind_field()
        self.subscribe = QPushButton(self.tr("&Subscribe"))
        self.subscribe.setObjectName("subscribe")
        self.subscribe.clicked.connect(self._on_subscribe)
        self.unsubscribe = QPushButton(self.tr("&Unsubscribe"))
        self.unsubscribe.setObjectName("unsubscribe")
        self.unsubscribe.clicked.connect(self.unsubscribe_wanted)
        self.deletion_lock = QCheckBox(self.tr("&Lock"))
        self.deletion_lock.setObjectName("deletion_lock")
        self.deletion_lock.setAccessibleName(self.tr("With deletion lock"))
        self.deletion_lock.setToolTip(
            texts.tooltip(
                self.tr(
                    "Deletion lock: the TMS keeps a finished step until we have seen it "
                    "(PS3.4 CC.2.3.1)"
                )
            )
        )
        self.deletion_lock.toggled.connect(self._allow)
        self.auto_download = QCheckBox(self.tr("&Auto-download"))
        self.auto_download.setObjectName("auto_download")
        self.auto_download.setToolTip(
            texts.tooltip(self.tr("Retrieve the inputs of each step as soon as it is announced"))
        )
        self.auto_download.toggled.connect(self.auto_download_changed)
        self.machine = self._machine_field()
        self._lay_out()

    @property
    def wanted(self) -> Subscription:
        """The subscription that is chosen; it may lack its machine or step."""
        kind = self._chosen_kind
        return Subscription(
            kind,
            machine=self.chosen_machine if kind is SubscriptionKind.FILTERED else "",
            step_uid=self._step[0] if kind is SubscriptionKind.STEP else "",
            deletion_lock=self.deletion_lock.isChecked(),
        )

    @property
    def chosen_machine(self) -> str:
        """The machine whose steps count; empty for all."""
        return self.machine.currentData() or ""

    def show_state(
        self, held: Sequence[Subscription], tms: str, *, is_busy: bool, reason: str
    ) -> None:
        """Show what we are subscribed to at which TMS, and why to nothing."""
        peer = texts.plain(tms, 16)
        self._held, self._is_busy = tuple(held), is_busy
        if is_busy:
            self._chip.show_state(Tone.PROGRESS, "●", self.tr("Asking {0} …").format(peer))
        elif held:
            self._chip.show_state(Tone.DONE, "✓", held_words(self._held))
        else:
            tone, glyph = (Tone.FAULT, "✕") if reason else (Tone.NEUTRAL, "○")
            self._chip.show_state(tone, glyph, self.tr("Not subscribed"))
        exact = self.tr("At {0}: {1}").format(peer, "; ".join(map(_exact, held))) if held else ""
        self._chip.setToolTip(texts.tooltip(exact))
        self._reason.set_text("" if held or is_busy else reason)
        self._allow()

    def choose_kind(self, kind: SubscriptionKind) -> None:
        """Choose which subscription is asked for next."""
        self.kind.setCurrentIndex(self.kind.findData(kind.value))

    def show_step(self, uid: str, name: str) -> None:
        """Note which step is selected: a subscription may be for it alone."""
        if (uid, name) != self._step:
            self._step = (uid, name)
            self._allow()

    def offer_machines(self, machines: Iterable[str]) -> None:
        """Offer machines to choose from, with those offered before."""
        offered = tuple(sorted({*self._machines, *machines} - {""}, key=str.casefold))
        if offered == self._machines:
            return
        self._machines = offered
        chosen = self.chosen_machine
        with QSignalBlocker(self.machine):
            self.machine.clear()
            self.machine.addItem(self.tr("All machines"), "")
            for machine in offered:
                self.machine.addItem(texts.plain(machine, _SHOWN_MACHINE), machine)
            self.machine.setCurrentIndex(max(0, self.machine.findData(chosen)))

    def choose_machine(self, machine: str) -> None:
        """Show a machine as the chosen one, without telling it."""
        self.offer_machines([machine])
        with QSignalBlocker(self.machine):
            self.machine.setCurrentIndex(max(0, self.machine.findData(machine)))
        self._allow()

    @property
    def _chosen_kind(self) -> SubscriptionKind:
        return SubscriptionKind(self.kind.currentData())

    @Slot()
    def _allow(self) -> None:
        """Enable what can be asked for now, and say of the rest why not."""
        asking = self.tr("The TMS is being asked") if self._is_busy else ""
        why_not = asking or self._obstacle()
        self.subscribe.setEnabled(not why_not)
        self.subscribe.setToolTip(texts.tooltip(why_not))
        self.kind.setEnabled(not asking)
        self.deletion_lock.setEnabled(not asking)
        nothing = "" if self._held else self.tr("Not subscribed")
        self.unsubscribe.setEnabled(not (asking or nothing))
        self.unsubscribe.setToolTip(texts.tooltip(asking or nothing))
        set_primary(self.subscribe, not self._held)

    def _obstacle(self) -> str:
        wanted = self.wanted
        if wanted.kind is SubscriptionKind.FILTERED and not wanted.machine:
            return self.tr("Choose a machine first")
        if wanted.is_single and not wanted.step_uid:
            return self.tr("Select a step first")
        return self.tr("Already subscribed so") if wanted in self._held else ""

    def _kind_field(self) -> QComboBox:
        field = QComboBox()
        field.setObjectName("subscription_kind")
        field.setAccessibleName(self.tr("What to subscribe to"))
        field.setToolTip(
            texts.tooltip(
                self.tr(
                    "Global: all steps. Filtered: those of the machine. One step: the selected one"
                )
            )
        )
        for words, kind in (
            (self.tr("All steps"), SubscriptionKind.GLOBAL),
            (self.tr("Steps of the machine"), SubscriptionKind.FILTERED),
            (self.tr("The selected step"), SubscriptionKind.STEP),
        ):
            field.addItem(words, kind.value)
        field.currentIndexChanged.connect(self._allow)
        return field

    def _machine_field(self) -> QComboBox:
        field = QComboBox()
        field.setObjectName("machine")
        field.setAccessibleName(self.tr("Machine"))
        field.setToolTip(
            texts.tooltip(self.tr("Whose steps are shown, and retrieved by auto-download"))
        )
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(14)
        field.addItem(self.tr("All machines"), "")
        field.currentIndexChanged.connect(self._on_machine)
        return field

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 9, 14, 9)
        layout.setSpacing(10)
        layout.addWidget(self._chip)
        for widget in (self.kind, self.deletion_lock, self.subscribe, self.unsubscribe):
            layout.addWidget(widget)
        layout.addWidget(self._reason, 1)
        layout.addWidget(self.auto_download)
        label = QLabel(self.tr("&Machine"))
        label.setBuddy(self.machine)
        layout.addWidget(label)
        layout.addWidget(self.machine)

    @Slot()
    def _on_subscribe(self) -> None:
        self.subscribe_wanted.emit(self.wanted)

    @Slot()
    def _on_machine(self) -> None:
        self._allow()
        self.machine_changed.emit(self.chosen_machine)


def held_words(held: Sequence[Subscription]) -> str:
    """Return what is subscribed to, in a few words."""
    said = [_short(each) for each in held if not each.is_single]
    single = sum(each.is_single for each in held)
    if single:
        said.append(texts.counted(single, _tr("{0} step"), _tr("{0} steps")))
    locked = _tr(", locked") if any(each.deletion_lock for each in held) else ""
    return _tr("Subscribed: {0}").format(" + ".join(said) + locked)


def _short(subscription: Subscription) -> str:
    if subscription.kind is SubscriptionKind.FILTERED:
        return texts.plain(subscription.machine, _SHOWN_MACHINE)
    return _tr("all steps")


def _exact(subscription: Subscription) -> str:
    words = _short(subscription)
    if subscription.is_single:
        words = _tr("step {0}").format(subscription.step_uid)
    return _tr("{0} with deletion lock").format(words) if subscription.deletion_lock else words


def _tr(text: str) -> str:
    return QCoreApplication.translate("SubscriptionBar", text)

"""The launcher's button that records, beside what is being recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from pathlib import Path

_WORDS_WIDTH = 36


class RecordButton(QWidget):
    """Begins and ends recordings; says how large one is, and where.

    Attributes
    ----------
    with_patient_data : QAction
        Whether names, IDs and dates are kept as they are.

    Signals
    -------
    toggled
        A recording is to begin, or the one that runs to end.
    folder_wanted, place_wanted, evidence_wanted, open_wanted
        The recording's folder is to be shown, another place to be chosen, evidence to be written of
        it, or a recording to be looked at.
    """

    toggled = Signal()
    folder_wanted = Signal()
    place_wanted = Signal()
    evidence_wanted = Signal()
    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_recording = False
        self._words = ElidedLabel()
        self._words.setObjectName("recording_words")
        self._words.setProperty("role", "muted")
        self._words.setMinimumWidth(_WORDS_WIDTH * self.fontMetrics().averageCharWidth())
        self._words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._chip = Chip()
        self._chip.setObjectName("recording_chip")
        self.button = QToolButton()
        self.button.setObjectName("record")
        self.button.setMenu(self._menu())
        self.button.clicked.connect(self.toggled)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 1, 0, 1)
        layout.setSpacing(8)
        layout.addWidget(self._words)
        layout.addWidget(self._chip)
        layout.addWidget(self.button)
        self.show_idle()
        self.allow(False)

    @property
    def words(self) -> str:
        """What is said beside the button."""
        return self._words.whole_text

    def allow(self, allowed: bool) -> None:
        """Let a recording begin, or not before there are actors."""
        self.button.setEnabled(allowed)

    def show_idle(self, folder: Path | None = None, words: str = "") -> None:
        """Show that nothing is recorded; the last recording is in a folder, if there is one."""
        self._is_recording = False
        self.button.setText(self.tr("● Record"))
        self.button.setToolTip(
            texts.tooltip(self.tr("Records all associations that are made from now on (F9)"))
        )
        self._dress("off", QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.with_patient_data.setEnabled(True)
        self._place.setEnabled(True)
        for action in (self._folder, self._evidence):
            action.setEnabled(folder is not None)
        self._chip.hide()
        self._words.set_text(words)

    def show_recording(
        self, folder: Path, seconds: float, messages: int, octets: int, *, patient_data: bool
    ) -> None:
        """Show how far the recording has come."""
        if not self._is_recording:
            self._is_recording = True
            self.button.setText(self.tr("■ Stop recording"))
            self.button.setToolTip(texts.tooltip(self.tr("Ends the recording (F9)")))
            self._dress("on", QToolButton.ToolButtonPopupMode.DelayedPopup)
            self.with_patient_data.setEnabled(False)
            self._place.setEnabled(False)
            self._folder.setEnabled(True)
            self._evidence.setEnabled(False)
            data = self.tr("With patient data") if patient_data else self.tr("Pseudonymised")
            tone = Tone.PROGRESS if patient_data else Tone.NEUTRAL
            self._chip.show_state(tone, "⚠" if patient_data else "", data)
            self._chip.show()
        minutes, rest = divmod(int(seconds), 60)
        number = texts.counted(messages, self.tr("{0} message"), self.tr("{0} messages"))
        self._words.set_text(f"{minutes:02d}:{rest:02d}  ·  {number}  ·  {texts.size(octets)}")
        self._words.setToolTip(texts.tooltip(folder))

    @Slot()
    def press(self) -> None:
        """Do what a click does."""
        self.button.click()

    def _dress(self, look: str, popup: QToolButton.ToolButtonPopupMode) -> None:
        """Let the whole button stop a recording that runs; its menu is of those to come."""
        self.button.setPopupMode(popup)
        set_property(self.button, "record", look)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("record_menu")
        self.with_patient_data = menu.addAction(self.tr("Keep patient data as it is"))
        self.with_patient_data.setObjectName("record_patient_data")
        self.with_patient_data.setCheckable(True)
        self._place = menu.addAction(self.tr("Record into…"))
        menu.addSeparator()
        self._folder = menu.addAction(self.tr("Open its folder"))
        self._evidence = menu.addAction(self.tr("Evidence of it"))
        look = menu.addAction(self.tr("Open recording…"))
        for action, name, signal in (
            (self._place, "record_place", self.place_wanted),
            (self._folder, "record_folder", self.folder_wanted),
            (self._evidence, "record_evidence", self.evidence_wanted),
            (look, "record_open", self.open_wanted),
        ):
            action.setObjectName(name)
            action.triggered.connect(signal)
        return menu

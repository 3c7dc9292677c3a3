"""The head of a recording's window: which one it is, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tdwii_gui.recording.lines import Info
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, muted
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.recording.reading import Recording

_BETWEEN: Final = "  ·  "


class RecordingHead(QWidget):
    """Name, amount and time of a recording, and whether patient data are in it."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recording_head")
        self._words: list[str] = []
        self._name = ElidedLabel(folder.name)
        self._name.setObjectName("recording_name")
        self._name.setToolTip(texts.tooltip(folder))
        set_property(self._name, "role", "heading")
        self._facts = muted(self.tr("Opening…"))
        self._facts.setObjectName("recording_facts")
        self._patient_data = Chip()
        self._patient_data.setObjectName("recording_patient_data")
        self._patient_data.hide()
        self._ending = Chip()
        self._ending.setObjectName("recording_ending")
        self._ending.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._facts)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addLayout(words, 1)
        line.addWidget(self._ending)
        line.addWidget(self._patient_data)

    def show_failure(self) -> None:
        """Say that there is nothing to see."""
        self._facts.setText(self.tr("This recording cannot be opened."))

    def show_recording(self, recording: Recording) -> None:
        """Show what is in a recording."""
        info, messages = recording.info, recording.messages
        self._name.set_text(recording.folder.name)
        self._name.setToolTip(texts.tooltip(recording.folder))
        count = f"{len(messages):,}"
        one, many = self.tr("1 message"), self.tr("{0} messages")
        self._words = [(one if len(messages) == 1 else many).format(count)]
        if messages:
            seconds = (messages[-1].at - messages[0].at).total_seconds()
            self._words.append(texts.moment(messages[0].at))
            self._words.append(self.tr("{0} s").format(f"{seconds:,.1f}"))
        self._facts.setText(_BETWEEN.join(self._words))
        self._show_patient_data(info.get(Info.PATIENT_DATA))
        self._show_ending(info.get(Info.ENDED), str(info.get(Info.REASON) or ""))

    def show_associations(self, count: int) -> None:
        """Show how many associations there were."""
        words = texts.counted(count, self.tr("1 association"), self.tr("{0} associations"))
        self._facts.setText(_BETWEEN.join([*self._words[:1], words, *self._words[1:]]))

    def _show_patient_data(self, is_there: object) -> None:
        if is_there is False:
            self._patient_data.show_state(Tone.NEUTRAL, "", self.tr("Pseudonyms"))
            words = self.tr("Names, IDs and dates are pseudonyms; images and documents are zeros")
        else:
            self._patient_data.show_state(Tone.PROGRESS, "⚠", self.tr("Patient data"))
            words = self.tr("The data sets are as they were sent, patient data included")
        self._patient_data.setToolTip(texts.tooltip(words))
        self._patient_data.show()

    def _show_ending(self, ended: object, reason: str) -> None:
        self._ending.setVisible(not ended or bool(reason))
        if reason:
            self._ending.show_state(Tone.FAULT, "✕", self.tr("Ended early"))
            self._ending.setToolTip(texts.tooltip(reason))
        elif not ended:
            self._ending.show_state(Tone.PROGRESS, "▶", self.tr("Not ended"))
            words = self.tr("It is still being written, or the program was ended by force")
            self._ending.setToolTip(texts.tooltip(words))

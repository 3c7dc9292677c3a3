"""The card that leads through a fraction, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.guide import GuideState
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, caption, heading, muted, set_primary, value
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from tdwii_gui.ui.guide import Guide


class GuidePanel(Card):
    """Shows a guide's step, what it waits for, and its buttons.

    Signals
    -------
    left
        The person wants to do without the guide.
    """

    left = Signal()

    def __init__(self, guide: Guide, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._guide = guide
        self.setObjectName("guide_panel")
        self._number = caption()
        self._chip = Chip()
        self._headline = heading()
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(6)
        self._progress.setAccessibleName(self.tr("Steps of the guide that are done"))
        self._meaning = value()
        self._meaning.setWordWrap(True)
        self._dicom = muted(wraps=True)
        self._words = muted(wraps=True)
        self._words.setObjectName("guide_words")
        self._back = self._button("guide_back", self.tr("&Back"))
        self._auto = self._button("auto_play", self.tr("&Auto-play"))
        self._next = set_primary(self._button("guide_next", self.tr("&Next")))
        self._leave = self._button("explore", "✕")
        self._leave.setAccessibleName(self.tr("Leave the guide"))
        set_property(self._leave, "flat", value=True)
        self._leave.setToolTip(texts.tooltip(self.tr("Explore freely, without the guide")))
        self._lay_out()
        self._back.clicked.connect(guide.back)
        self._auto.clicked.connect(self._on_auto_play)
        self._next.clicked.connect(self._on_next)
        self._leave.clicked.connect(self.left)
        guide.changed.connect(self._show)

    @Slot()
    def _on_auto_play(self) -> None:
        self._guide.set_auto_play(not self._guide.auto_play)

    @Slot()
    def _on_next(self) -> None:
        if self._guide.state is GuideState.FINISHED:
            self.left.emit()
        else:
            self._guide.do_it()

    @Slot()
    def _show(self) -> None:
        """Show the step; a part that says nothing takes no room."""
        guide, step = self._guide, self._guide.step
        if step is None:
            return
        total = len(guide.steps)
        finished = guide.state is GuideState.FINISHED
        self._number.setText(self.tr("STEP {0} OF {1}").format(guide.number, total))
        self._progress.setRange(0, total)
        self._progress.setValue(total if finished else guide.number - 1)
        self._chip.show_state(*self._chip_words())
        if finished:
            self._headline.setText(self.tr("The fraction is treated"))
            self._meaning.setText(
                self.tr("From plan to COMPLETED, as a patient goes through it every day.")
            )
            self._dicom.setText(
                self.tr("Select an arrow of the ladder to read the message behind it.")
            )
        else:
            self._headline.setText(step.title)
            self._meaning.setText(step.meaning)
            self._dicom.setText(step.dicom)
        self._words.setText(texts.plain(guide.words))
        self._words.setVisible(bool(guide.words))
        failed = guide.state is GuideState.FAILED
        set_property(self._words, "role", "error" if failed else "hint")
        if failed:
            advice = self.tr("Put it right in the window, then try again.")
            self._words.setText(f"{self._words.text()}\n{advice}")
        self._show_buttons(step.action)

    def _show_buttons(self, action: str) -> None:
        guide = self._guide
        finished = guide.state is GuideState.FINISHED
        failed = guide.state is GuideState.FAILED
        self._next.setText(
            self.tr("&Done") if finished else self.tr("&Try again") if failed else action
        )
        self._next.setEnabled(guide.state is not GuideState.WAITING and not guide.auto_play)
        self._next.setToolTip(texts.tooltip(guide.words))
        self._auto.setText(self.tr("&Stop") if guide.auto_play else self.tr("&Auto-play"))
        self._auto.setVisible(not finished)
        self._leave.setVisible(not finished)
        self._back.setEnabled(guide.number > 1 and not finished)
        self._back.setVisible(not finished)

    def _chip_words(self) -> tuple[Tone, str, str]:
        match self._guide.state:
            case GuideState.FINISHED:
                return Tone.DONE, "✓", self.tr("Completed")
            case GuideState.FAILED:
                return Tone.FAULT, "✕", self.tr("Not done")
            case _ if self._guide.auto_play:
                return Tone.PROGRESS, "▶", self.tr("Playing")
            case GuideState.READY:
                return Tone.ACCENT, "●", self.tr("Your turn")
            case _:
                return Tone.NEUTRAL, "◌", self.tr("Waiting")

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        return button

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.addWidget(self._number)
        first.addStretch(1)
        first.addWidget(self._chip)
        first.addWidget(self._leave)
        self.body.addLayout(first)
        for widget in (self._progress, self._headline, self._meaning, self._dicom, self._words):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._back)
        buttons.addStretch(1)
        buttons.addWidget(self._auto)
        buttons.addWidget(self._next)
        self.body.addLayout(buttons)

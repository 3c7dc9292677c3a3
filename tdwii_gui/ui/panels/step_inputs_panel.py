"""What has arrived of the selected step: each kind with its count and, if missing, the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.step_input_rows import step_kind_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, set_primary
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.input_rows import InputRow
    from tdwii_gui.ui.models.step_input_rows import StepInputRow

_BAR_HEIGHT = 6


class StepInputsPanel(Card):
    """Plan, instruction, structure set, images and whatever else a step names.

    Signals
    -------
    retrieve_wanted : str
        What is missing of a step is to be asked for again.
    cancel_wanted
        The retrieval under way is to end.
    """

    retrieve_wanted = Signal(str)
    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("What has arrived"))
        self._uid = ""
        self._chip = Chip()
        self._chip.setObjectName("inputs_here")
        self.head.addWidget(self._chip)
        self._model = step_kind_model()
        self.table = Table(
            self._model,
            name="inputs",
            accessible_name=self.tr("Inputs of the selected step"),
            empty=self._empty_words,
        )
        self.body.addWidget(self.table, 1)
        self._bar = QProgressBar()
        self._bar.setObjectName("inputs_progress")
        self._bar.setAccessibleName(self.tr("Inputs that are here"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(_BAR_HEIGHT)
        self.retrieve = QPushButton(self.tr("&Retrieve again"))
        self.retrieve.setObjectName("retrieve")
        self.retrieve.clicked.connect(self._on_retrieve)
        self.cancel = QPushButton(self.tr("&Cancel"))
        self.cancel.setObjectName("cancel_retrieval")
        self.cancel.clicked.connect(self.cancel_wanted)
        self.head.addWidget(self.cancel)
        self.head.addWidget(self.retrieve)
        self.body.addWidget(self._bar)
        self.show_step(None, ())

    def show_step(self, row: StepInputRow | None, kinds: Sequence[InputRow]) -> None:
        """Show what is here of a step, and what is not; None for no step."""
        uid = row.uid if row else ""
        if uid != self._uid:
            self._uid = uid
            self._model.clear()
        wanted = {kind.key for kind in kinds}
        for known in self._model.all_rows:
            if known.key not in wanted:
                self._model.remove(known.key)
        for kind in kinds:
            if self._model.row_of(kind.key) != kind:
                self._model.put(kind)
        self._show_count(row)
        self._allow(row)

    def set_primary(self, is_primary: bool) -> None:
        """Make retrieving the one thing to do next, or not."""
        set_primary(self.retrieve, is_primary)

    def _show_count(self, row: StepInputRow | None) -> None:
        is_counted = row is not None and row.here is not None and bool(row.expected)
        self._chip.setVisible(is_counted)
        is_retrieving = row is not None and row.is_retrieving
        self._bar.setVisible(is_counted and is_retrieving)
        if row is None or row.here is None or not row.expected:
            return
        words = self.tr("{0} of {1} here").format(row.here, row.expected)
        if row.is_complete:
            self._chip.show_state(Tone.DONE, "✓", words)
        elif is_retrieving:
            self._chip.show_state(Tone.PROGRESS, "↓", words)
        elif row.missing:
            self._chip.show_state(Tone.FAULT, "✕", words)
        else:
            self._chip.show_state(Tone.ACCENT, "○", words)
        self._bar.setRange(0, row.expected)
        self._bar.setValue(row.here)

    def _allow(self, row: StepInputRow | None) -> None:
        is_retrieving = row is not None and row.is_retrieving
        self.cancel.setVisible(is_retrieving)
        self.retrieve.setEnabled(row is not None and not is_retrieving)
        is_first = row is not None and not row.is_complete and not row.missing
        words = self.tr("&Retrieve") if is_first else self.tr("&Retrieve again")
        self.retrieve.setText(words)
        reason = ""
        if row is None:
            reason = self.tr("Select a step first")
        elif is_retrieving:
            reason = self.tr("The inputs are being retrieved")
        self.retrieve.setToolTip(texts.tooltip(reason))

    def _empty_words(self) -> str:
        if not self._uid:
            return self.tr("Select a step to see what of it is here.")
        return self.tr("The step names no inputs, or they have not been read yet.")

    @Slot()
    def _on_retrieve(self) -> None:
        self.retrieve_wanted.emit(self._uid)

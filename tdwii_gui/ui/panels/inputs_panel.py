"""The inputs of the selected step: each kind with its count, ticking as objects come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from tdwii_gui.ui.models.input_rows import InputState, InputTally, input_model, kind_words
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted, set_primary
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.models.input_rows import InputRow


class InputsPanel(Card):
    """What the step references, what is here already, and what is missing and why.

    Signals
    -------
    cancel_wanted
        The retrieval under way is to end.
    again_wanted
        What is missing is to be asked for again.
    """

    cancel_wanted = Signal()
    again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Inputs"), parent)
        self.setObjectName("inputs_panel")
        self._tally = InputTally(())
        self._is_running = False
        self._may_ask = True
        self._count = muted()
        self._count.setObjectName("inputs_count")
        self.head.addWidget(self._count)
        self.model = input_model()
        self.table = Table(
            self.model,
            name="inputs",
            accessible_name=self.tr("Inputs of the step"),
            empty=lambda: self.tr("The step references no inputs"),
        )
        self.body.addWidget(self.table, 1)
        self._bar = QProgressBar()
        self._bar.setObjectName("inputs_progress")
        self._bar.setAccessibleName(self.tr("Inputs received"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(10)
        self.cancel = QPushButton(self.tr("&Stop retrieval"))
        self.cancel.setObjectName("cancel_retrieval")
        self.cancel.clicked.connect(self.cancel_wanted)
        self.again = QPushButton(self.tr("&Retrieve again"))
        self.again.setObjectName("retrieve_again")
        self.again.clicked.connect(self.again_wanted)
        set_primary(self.again)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._bar, 1)
        line.addWidget(self.cancel)
        line.addWidget(self.again)
        self.body.addLayout(line)
        self._refresh()

    def show_step(self, step: Ups | None, fallback_ae: str = "") -> None:
        """Show what a step references; nothing of it is here yet."""
        self._tally = InputTally(step.inputs if step else (), fallback_ae)
        self.model.replace_all(self._tally.rows)
        self._refresh()

    def begin(self) -> None:
        """Show that a retrieval runs."""
        self._is_running = True
        self._tally.retry()
        self._put_all()

    def receive(self, sop_instance_uid: str) -> None:
        """Tick an object that has come."""
        row = self._tally.receive(sop_instance_uid)
        if row is not None:
            self.model.put(row)
            self._refresh()

    def settle(self, result: RetrievalResult) -> None:
        """Show the outcome of a retrieval."""
        self._tally.settle(result)
        self._put_all()

    def end(self) -> None:
        """Show that no retrieval runs any more."""
        self._is_running = False
        self._refresh()

    def allow_again(self, *, may_ask: bool) -> None:
        """Offer to ask for what is missing, or not."""
        if may_ask != self._may_ask:
            self._may_ask = may_ask
            self._refresh()

    @property
    def missing(self) -> list[InputRow]:
        """The rows of which something could not be had."""
        return self._tally.missing

    def missing_words(self) -> str:
        """Return what is missing and why, on one line."""
        return "; ".join(
            f"{kind_words(row.sop_class_uid)} ({row.reason})" for row in self._tally.missing
        )

    def summary(self) -> str:
        """Return on one line what is here, for where there is no room for the table."""
        parts = []
        for row in self._tally.rows:
            glyph = "✓" if row.state is InputState.HERE else "○"
            count = f" {row.here}/{row.expected}" if row.expected > 1 else ""
            parts.append(f"{glyph} {kind_words(row.sop_class_uid)}{count}")
        return "   ".join(parts)

    def _put_all(self) -> None:
        for row in self._tally.rows:
            self.model.put(row)
        self._refresh()

    def _refresh(self) -> None:
        here, expected = self._tally.here, self._tally.expected
        self._count.setText(self.tr("{0} of {1} objects here").format(here, expected))
        self._bar.setRange(0, max(expected, 1))
        self._bar.setValue(here)
        self._bar.setVisible(self._is_running or bool(self._tally.missing))
        self.cancel.setVisible(self._is_running)
        self.again.setVisible(self._may_ask and not self._is_running and bool(self._tally.missing))

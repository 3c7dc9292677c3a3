"""The beams of the session, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.delivery_rows import (
    BeamState,
    beam_model,
    common_unit,
    current_row,
    paused,
    progressed,
    resumed,
    session_metersets,
)
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.current_beam import CurrentBeam
from tdwii_gui.ui.panels.labels import muted, strong
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.ui.models.delivery_rows import BeamRow


class BeamsPanel(Card):
    """A row per beam task with planned and delivered meterset, and the session's progress."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Beams"), parent)
        self.setObjectName("beams_panel")
        self._unit = "MU"
        self._is_paused = False
        self._left = 0.0
        self._speed = 1.0
        self._total_text = muted()
        self.head.addWidget(self._total_text)
        self.model = beam_model()
        self.table = self._table()
        self.body.addWidget(self.table, 1)
        self._current = CurrentBeam()
        self._current_number: int | None = None
        self.body.addWidget(self._current)
        self._bar = QProgressBar()
        self._bar.setObjectName("session_progress")
        self._bar.setAccessibleName(self.tr("Progress of the session"))
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedHeight(14)
        self._percent = strong()
        self._percent.setObjectName("session_percent")
        self._words = muted()
        self._words.setObjectName("session_words")
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(muted(self.tr("Session")))
        line.addWidget(self._bar, 1)
        line.addWidget(self._percent)
        line.addWidget(self._words)
        self.body.addLayout(line)
        self._inputs = muted(wraps=True)
        self._inputs.setObjectName("inputs_summary")
        self.body.addWidget(self._inputs)

    @property
    def rows(self) -> list[BeamRow]:
        """The rows, in the order of delivery."""
        return self.model.all_rows

    def show_beams(self, rows: Sequence[BeamRow]) -> None:
        """Show the beams of a session."""
        if rows and common_unit(rows) != self._unit:
            self._unit = common_unit(rows)
            self.model = beam_model(self._unit)
            before, self.table = self.table, self._table()
            self.body.replaceWidget(before, self.table)
            before.deleteLater()
        self.model.replace_all(rows)
        self._left = 0.0
        self._current_number = current_row(rows).number if rows else None
        _, total = session_metersets(rows)
        self._total_text.setText(
            self.tr("{0} beams  ·  {1}").format(len(rows), self._meterset(total)) if rows else ""
        )
        self._refresh()

    def show_inputs(self, summary: str) -> None:
        """Show on one line which inputs are here."""
        self._inputs.setText(summary)

    def progress(self, progress: DeliveryProgress) -> None:
        """Show how far a beam has come."""
        row = self.model.row_of(progress.beam_number)
        if row is None:
            return
        changed = progressed(row, progress)
        # What was on its way when the beam was paused does not mean that it is on again.
        self.model.put(paused(changed) if self._is_paused else changed)
        if row.number != self._current_number:
            self._current_number = row.number
            self.table.scrollTo(self.model.index_of(row.number))
        self._left = progress.seconds_left
        self._refresh()

    def show_state(self, state: SessionState) -> None:
        """Show whether the delivery is paused."""
        self._is_paused = state is SessionState.PAUSED
        change = paused if self._is_paused else resumed
        for row in self.rows:
            if change(row) != row:
                self.model.put(change(row))
        self._refresh()

    def show_speed(self, speed: float) -> None:
        """Tell how much faster than in real time it is delivered: so much sooner it ends."""
        self._speed = speed
        self._refresh()

    def _table(self) -> Table:
        """Return a table of the model: its heads name the unit."""
        return Table(
            self.model,
            name="beams",
            accessible_name=self.tr("Beams of the session"),
            empty=lambda: self.tr("The beams are known when the instruction is here (RO-61)."),
        )

    def _refresh(self) -> None:
        rows = self.rows
        self._current.show_beam(self.model.row_of(self._current_number), rows)
        done, total = session_metersets(rows)
        share = min(done / total, 1.0) if total else 0.0
        self._bar.setValue(round(1000 * share))
        self._percent.setText(self.tr("{0} %").format(texts.number(100 * share, 0)))
        is_on = any(row.state in (BeamState.BEAM_ON, BeamState.POSITIONING) for row in rows)
        set_property(self._bar, "tone", "done" if share >= 1 else "progress" if is_on else "")
        words = [self.tr("{0} of {1}").format(texts.number(done), self._meterset(total))]
        left = round(self._left / self._speed)
        if left and is_on:
            words.append(self.tr("{0} left").format(f"{left // 60}:{left % 60:02d}"))
        self._words.setText("  ·  ".join(words) if rows else "")

    def _meterset(self, value: float) -> str:
        return " ".join(filter(None, (texts.number(value), texts.plain(self._unit, 16))))

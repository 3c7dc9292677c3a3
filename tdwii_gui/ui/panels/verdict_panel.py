"""The verdict on another system: each requirement that its messages could show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from tdwii_gui.judging.verdict import Outcome, Verdict
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.verdict_rows import verdict_model, verdict_summary
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, muted
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORDER = (Outcome.NOT_MET, Outcome.MET, Outcome.NOT_SEEN)
_LIMIT = 900
_PROOFS = 6


class VerdictPanel(Card):
    """A table of requirements: met, not met, not seen.

    Signals
    -------
    message_wanted : int
        The message that proves the chosen verdict, by its number, is to be shown.
    """

    message_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("verdict_panel")
        self.set_title(self.tr("Verdict"))
        self._model = verdict_model()
        self.table = Table(
            self._model,
            name="verdicts",
            accessible_name=self.tr("Requirements of the profile"),
            empty=self._empty_words,
        )
        self.table.activated_row.connect(self._on_activated)
        self._chip = Chip()
        self._chip.setObjectName("verdict_chip")
        self._summary = muted()
        self._summary.setObjectName("verdict_summary")
        self._seen = QCheckBox(self.tr("Only &what is seen"))
        self._seen.setObjectName("verdict_only_seen")
        self._seen.toggled.connect(self._on_filter)
        for widget in (self._seen, self._chip):
            self.head.addWidget(widget)
        self._detail = muted(wraps=True)
        self._detail.setObjectName("verdict_detail")
        self.table.chosen.connect(self._on_chosen)
        self.body.addWidget(self._summary)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self._detail)
        self._on_chosen(None)

    def show_verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Show the verdict, what is not met first."""
        self._model.replace_all(sorted(verdicts, key=lambda row: _ORDER.index(row.outcome)))
        self.table.fit_columns()
        systems = sorted({verdict.ae_title for verdict in verdicts})
        self.set_title(self.tr("Verdict on {0}").format(texts.plain(", ".join(systems), 60)))
        self._summary.setText(verdict_summary(verdicts))
        if any(verdict.outcome is Outcome.NOT_MET for verdict in verdicts):
            self._chip.show_state(Tone.FAULT, "✕", self.tr("Does not conform"))
        else:
            self._chip.show_state(Tone.DONE, "✓", self.tr("Nothing against it"))

    @Slot(bool)
    def _on_filter(self, only_seen: bool) -> None:
        self._model.set_filter(
            (lambda row: row.outcome is not Outcome.NOT_SEEN) if only_seen else None
        )

    @Slot(object)
    def _on_chosen(self, row: Verdict | None) -> None:
        """Say the whole of a requirement, where it is written, and what was seen."""
        self._detail.setVisible(row is not None)
        if row is not None:
            asked = self.tr("{0} ({1})").format(row.requirement.text, row.requirement.clause)
            proof = ", ".join(str(number) for number in row.messages[:_PROOFS])
            shown = self.tr("Messages {0}").format(proof) if proof else ""
            words = "  ·  ".join(filter(None, (asked, row.words, shown)))
            self._detail.setText(texts.plain(words, _LIMIT))

    @Slot(object)
    def _on_activated(self, row: Verdict | None) -> None:
        if row is not None and row.messages:
            self.message_wanted.emit(row.messages[0])

    def _empty_words(self) -> str:
        return self.tr("Nothing that the profile asks for was seen.")

"""The colours of reports and pictures: those of the windows' light theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.recording.exchanges import RecordedExchange

COLOURS: Final[Mapping[str, str]] = {
    "ground": "#f5f6f8",
    "card": "#ffffff",
    "line": "#dfe3e8",
    "text": "#1d2733",
    "muted": "#5d6b7a",
    "accent": "#1f5fa8",
    "accent_tint": "#e8f0fa",
    "done": "#1b6e3c",
    "done_tint": "#e3f3e8",
    "progress": "#8a5a00",
    "progress_tint": "#fdf1d8",
    "fault": "#b3261e",
    "fault_tint": "#fbe7e5",
    "neutral": "#5f6368",
    "neutral_tint": "#eceef0",
    "strip": "#fff3cd",
    "strip_text": "#5c4400",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How an outcome is shown: a glyph says it as well as a colour.

    Parameters
    ----------
    tone : str
        ``"done"``, ``"progress"``, ``"fault"`` or ``"neutral"``, a key of `COLOURS`.
    """

    tone: str
    glyph: str


DONE: Final = Mark("done", "✓")
WARNED: Final = Mark("progress", "⚠")
FAILED: Final = Mark("fault", "✕")
CANCELED: Final = Mark("neutral", "⊘")
UNSEEN: Final = Mark("neutral", "○")

OUTCOMES: Final[Mapping[str, Mark]] = {
    Outcome.MET: DONE,
    Outcome.NOT_MET: FAILED,
    Outcome.NOT_SEEN: UNSEEN,
    "passed": DONE,
    "failed": FAILED,
    "skipped": CANCELED,
}
"""Of requirements, and of the steps of a scenario."""


def mark_of(exchange: RecordedExchange) -> Mark:
    """Return how the outcome of an exchange is shown."""
    if exchange.failed:
        return FAILED
    if exchange.warned:
        return WARNED
    return CANCELED if exchange.canceled else DONE

"""The reasons of an A-ASSOCIATE-RJ in words (PS3.8 9.3.4)."""

from __future__ import annotations

from typing import Final

_REASONS: Final = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "our AE title is not known there",
    (1, 7): "the called AE title is not the peer's",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "too many associations at once",
}
_TRANSIENT: Final = 2


def rejection(result: int | None, source: int | None, diagnostic: int | None) -> str:
    """Return whether a rejection lasts and why, e.g. ``"for now: temporary congestion"``."""
    reason = _REASONS.get((source or 0, diagnostic or 0), "reason unknown")
    return f"{'for now' if result == _TRANSIENT else 'for good'}: {reason}"

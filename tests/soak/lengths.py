"""How long the tests of endurance take: `make soak` runs them in full, `make test` in short."""

from __future__ import annotations

import os

IS_WHOLE = os.environ.get("TDWII_SOAK") == "1"


def rounds(short: int, whole: int) -> int:
    """Return how often something is repeated."""
    return whole if IS_WHOLE else short

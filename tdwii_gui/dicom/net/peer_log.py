"""What peers do wrong, told in the log: one line per peer, kind and minute."""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import Final

LOGGER = logging.getLogger(__name__)

_QUIET_SECONDS: Final = 60.0
_KEPT: Final = 1000


class PeerLog:
    """Tells of peers, and counts what it does not tell because it was just told."""

    def __init__(self, ae_title: str) -> None:
        self._ae_title = ae_title
        self._lock = Lock()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, host: str, reason: str, detail: str = "") -> None:
        """Tell that a peer did something wrong.

        Parameters
        ----------
        reason : str
            What, in words of ours, for it is the kind by which lines are counted.
        detail : str
            More about this case; a text from the network only as its `repr`.
        """
        now = time.monotonic()
        with self._lock:
            told, unsaid = self._told.get((host, reason), (now - _QUIET_SECONDS, 0))
            if now - told < _QUIET_SECONDS:
                self._told[host, reason] = (told, unsaid + 1)
                return
            if len(self._told) >= _KEPT:
                self._told.clear()
            self._told[host, reason] = (now, 0)
        before = f" ({unsaid} more times before)" if unsaid else ""
        LOGGER.warning("%r: %s %s%s%s", self._ae_title, host, reason, detail, before)

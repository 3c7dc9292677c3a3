"""Taking delivered events out of the outbox: one commit for all that were answered meanwhile."""

from __future__ import annotations

import logging
import time
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import StoreError

if TYPE_CHECKING:
    from tdwii_gui.dicom.net.event_queue import EventQueue

LOGGER = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 1.0
_GATHER_SECONDS: Final = 0.002
_LONGEST_SECONDS: Final = 0.008


class Receipts(Thread):
    """Takes out events that their receivers answered.

    With many receivers, a commit for each would take longer than the sending.
    """

    def __init__(self, outbox: EventQueue, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._outbox = outbox
        self._changed = Condition()
        self._noted: list[tuple[int, Event]] = []
        self._ending = False
        self._retry = Event()

    def note(self, event_id: int) -> Event:
        """Take note of an answer; what is returned is set when the event is out of the outbox."""
        done = Event()
        with self._changed:
            self._noted.append((event_id, done))
            self._changed.notify()
        return done

    def end(self, seconds: float) -> None:
        """Take out what is noted, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._retry.set()
        self.join(seconds)

    def run(self) -> None:
        """Take out events until the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._noted or self._ending)
                self._gather()
                noted, self._noted = self._noted, []
            if not noted:
                return
            try:
                self._outbox.delivered([event_id for event_id, _ in noted])
            except StoreError as error:
                LOGGER.log(logging.ERROR, "delivered events cannot be taken out: %s", error)
                if self._ending:
                    return
                with self._changed:
                    self._noted[:0] = noted
                self._retry.wait(_RETRY_SECONDS)
                continue
            for _, done in noted:
                done.set()

    def _gather(self) -> None:
        """Wait for more: many receivers answer in a moment, and a commit costs more than that."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        known = 0
        while known < len(self._noted) and not self._ending and time.monotonic() < deadline:
            known = len(self._noted)
            self._changed.wait(_GATHER_SECONDS)

"""The operation of a session that can be canceled (C-CANCEL, PS3.7 9.3.2.3)."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association


class CancelableOperation:
    """The C-FIND, C-MOVE or C-GET that runs on an association, if one does.

    One thread sends it and reads its responses; `cancel` may come from another.

    Attributes
    ----------
    is_canceled : Callable[[], bool]
        Says whether what is being sent is not wanted any more: a `cancel` that came before it left
        had nothing to cancel.
    """

    def __init__(self) -> None:
        self.is_canceled: Callable[[], bool] = lambda: False
        self._lock = Lock()
        self._running: tuple[Association, int, str] | None = None
        self._is_answering = False

    def begin(self, association: Association, message_id: int, model: str) -> None:
        """Note what was sent."""
        self._is_answering = False
        self._running = (association, message_id, model)
        self._heed()

    def goes_on(self) -> None:
        """Note a response after which there are others."""
        if not self._is_answering:
            self._is_answering = True
            # pynetdicom's SCP forgets a C-CANCEL that comes before it begins to answer.
            self._heed()

    def end(self) -> None:
        """Note the final response, or that there is none."""
        self._running = None

    def cancel(self) -> None:
        """Ask the peer, once, to end early; does nothing while nothing runs."""
        with self._lock:
            running = self._running
            if self._is_answering:
                self._running = None
        if running is not None:
            association, message_id, model = running
            with suppress(RuntimeError):
                association.send_c_cancel(message_id, query_model=model)

    def _heed(self) -> None:
        if self.is_canceled():
            self.cancel()

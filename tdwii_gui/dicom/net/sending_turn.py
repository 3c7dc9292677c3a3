"""Who may prepare and send an event: one receiver's line at a time, and after the answers.

An event costs the processor more than the network. Of many lines that are woken at once, each
takes the interpreter from the threads that answer requests, and a request waits for all of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_SECONDS: Final = 0.1
"""So long a line waits for its turn, in case the one before it cannot send."""

_ANSWER_SECONDS: Final = 0.003
"""So long it lets requests go first: with many clients there is always one."""


class SendingTurn:
    """The turn of the lines of a sender.

    Parameters
    ----------
    let_answers_leave : Callable[[float], object]
        Waits until no request is being answered, for so many seconds at most.
    """

    def __init__(self, let_answers_leave: Callable[[float], object]) -> None:
        self._let_answers_leave = let_answers_leave
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and have it for the time of the block."""
        is_ours = self._lock.acquire(timeout=_MOST_SECONDS)
        try:
            self._let_answers_leave(_ANSWER_SECONDS)
            yield
        finally:
            if is_ours:
                self._lock.release()

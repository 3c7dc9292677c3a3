"""The run loop of a server without a window."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from tdwii_gui.actors.actor import Actor

_LOOK_SECONDS = 0.2


def serve_until_signal(actor: Actor) -> None:
    """Start an actor, wait for SIGINT or SIGTERM, and stop it.

    Raises
    ------
    ListenError, ConfigError
        If the actor cannot listen.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        actor.start()
        # A wait without end may miss the signal: on Windows, and where another thread got it.
        while not stop.wait(_LOOK_SECONDS):
            pass
    finally:
        actor.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)

"""`tdwii deliver` that is killed at a point of the session, as `kill -9` does it.

Run as ``python -m tests.soak.dying_tdd POINT ARGUMENTS...``.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.claiming import Claiming
from tdwii_gui.actors.session_ending import SessionEnding
from tdwii_gui.actors.session_play import SessionPlay
from tdwii_gui.app.cli import main
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.store.claim_store import ClaimStore
from tdwii_gui.dicom.store.session_journal import OpenSession

if TYPE_CHECKING:
    from collections.abc import Callable


def before(owner: type, name: str, count: int = 1) -> None:
    """Die when a method is called for the so-maniest time."""
    _patch(owner, name, count, is_after=False)


def after(owner: type, name: str, count: int = 1) -> None:
    """Die when a method has returned for the so-maniest time."""
    _patch(owner, name, count, is_after=True)


def _patch(owner: type, name: str, count: int, *, is_after: bool) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    left = count

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if not is_after and not left:
            die()
        result = original(*arguments, **named)
        if is_after and not left:
            die()
        return result

    setattr(owner, name, dying)


def die() -> None:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


POINTS: Final[dict[str, Callable[[], None]]] = {
    "the claim is on the disk, not sent": partial(before, Claiming, "_change"),
    "the step is claimed, the answer lost": partial(after, UpsScu, "change_state"),
    "the instruction is here": partial(after, SessionPlay, "prepare"),
    "the first beam starts": partial(before, SessionPlay, "_take"),
    "in mid-beam": partial(after, OpenSession, "note_progress", 3),
    "in a later beam": partial(after, OpenSession, "note_progress", 7),
    "all is delivered": partial(before, SessionEnding, "store_records"),
    "the records are on the disk, not sent": partial(after, OpenSession, "keep_records"),
    "a record is sent, that is not noted": partial(before, OpenSession, "note_stored"),
    "the final update is sent": partial(after, SessionEnding, "send_final_update"),
    "the step is completed, the claim kept": partial(before, ClaimStore, "remove"),
    "the claim is gone, the session kept": partial(before, OpenSession, "forget"),
}
"""Where it dies."""


if __name__ == "__main__":
    POINTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))

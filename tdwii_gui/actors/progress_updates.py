"""What a delivery tells of its progress, off its hot path: the journal first, then the TMS (RO-62).

A TMS that cannot be reached does not hold the beam: what it has not heard is tried again, with
growing pauses, and of all that waits only the newest value counts.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.delivery import DeliveryPhase
from tdwii_gui.dicom.errors import AssociationError, StoreError, TdwiiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam

logger = logging.getLogger(__name__)

UPDATE_SECONDS: Final = 0.3
"""The shortest time between two updates while a beam is on."""

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0


@dataclass(frozen=True, slots=True)
class Note:
    """A progress value, and what is delivered of its beam by then; None if that is nothing."""

    progress: DeliveryProgress
    beam: DeliveredBeam | None

    @property
    def may_be_left_out(self) -> bool:
        """Whether a newer value says all that this one does."""
        return self.progress.phase is DeliveryPhase.BEAM_ON


class ProgressUpdates:
    """Keeps and tells the progress of one delivery, on a thread of its own.

    The TMS hears of the start and end of each beam, and in between every 0.3 s unless it still
    owes an answer.

    Parameters
    ----------
    name : str
        Name of the thread.
    keep : Callable[[Sequence[Note]], None]
        Puts values on the disk; the TMS hears of none before.
    tell : Callable[[DeliveryProgress], Future[int]]
        Sends a value to the TMS.
    """

    def __init__(
        self,
        name: str,
        keep: Callable[[Sequence[Note]], None],
        tell: Callable[[DeliveryProgress], Future[int]],
    ) -> None:
        self._keep = keep
        self._tell = tell
        self._changed = Condition()
        self._notes: deque[Note] = deque()
        self._keeping = False
        self._untold: deque[Note] = deque()
        self._asked: Future[int] | None = None
        self._next_at = 0.0
        self._pause = 0.0
        self._ended = False
        self._closed = False
        self._failure: StoreError | None = None
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def failure(self) -> StoreError | None:
        """Why values are not kept, and not told, any more; None if they are."""
        return self._failure

    def add(self, note: Note) -> None:
        """Take a value; waits for nothing."""
        with self._changed:
            _append(self._notes, note)
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until all is kept, and the TMS has heard all or cannot be reached.

        What it has not heard is tried again until `close`.

        Raises
        ------
        StoreError
            If something could not be kept.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure or self._closed or self._is_settled())
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Tell nothing more: what follows says more than that."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _is_settled(self) -> bool:
        is_kept = not self._notes and not self._keeping
        is_lost = bool(self._pause)
        return is_kept and self._asked is None and (not self._untold or is_lost)

    def _run(self) -> None:
        while True:
            with self._changed:
                while (wait := self._seconds_to_wait()) is None or wait > 0:
                    if self._is_over():
                        return
                    self._changed.wait(wait)
                notes = tuple(self._notes)
                self._notes.clear()
                self._keeping = bool(notes)
                due = self._untold.popleft() if not notes else None
            if due is not None:
                self._send(due)
            elif not self._kept(notes):
                return

    def _is_over(self) -> bool:
        is_idle = not self._notes and not self._untold and self._asked is None
        return (self._closed and not self._notes) or (self._ended and is_idle)

    def _seconds_to_wait(self) -> float | None:
        """Return the seconds until there is something to do; None if that is not known."""
        if self._notes:
            return 0.0
        if self._closed or not self._untold or self._asked is not None:
            return None
        at_once = not self._pause and not self._untold[0].may_be_left_out
        return 0.0 if at_once else max(self._next_at - time.monotonic(), 0.0)

    def _kept(self, notes: Sequence[Note]) -> bool:
        failure: StoreError | None = None
        try:
            self._keep(notes)
        except StoreError as error:
            logger.error("the delivery is not kept any more: %s", error)  # noqa: TRY400 - no bug
            failure = error
        with self._changed:
            self._keeping = False
            self._failure = failure
            for note in notes:
                _append(self._untold, note)
            self._changed.notify_all()
        return failure is None

    def _send(self, note: Note) -> None:
        with self._changed:
            self._next_at = time.monotonic() + UPDATE_SECONDS
            asked = self._asked = self._tell(note.progress)
        asked.add_done_callback(lambda done: self._on_answer(done, note))

    def _on_answer(self, done: Future[int], note: Note) -> None:
        error = None if done.cancelled() else done.exception()
        with self._changed:
            self._asked = None
            if isinstance(error, AssociationError):
                newest = self._untold.pop() if self._untold else note
                self._untold.clear()
                self._untold.append(newest)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE) or _FIRST_PAUSE
                self._next_at = time.monotonic() + self._pause
                logger.warning("the progress is told again in %g s: %s", self._pause, error)
            else:
                self._pause = 0.0
            self._changed.notify_all()
        if isinstance(error, TdwiiError) and not isinstance(error, AssociationError):
            logger.warning("the TMS does not take the progress: %s", error)


def _append(values: deque[Note], note: Note) -> None:
    """Add a value to those that wait; one in mid-beam is replaced by what follows."""
    if values and values[-1].may_be_left_out and _is_same_beam(values[-1], note):
        values.pop()
    values.append(note)


def _is_same_beam(one: Note, other: Note) -> bool:
    return one.progress.beam_number == other.progress.beam_number

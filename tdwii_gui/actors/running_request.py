"""What an actor asks of its peers at the moment, so that another thread can end it early."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.dicom.net.session import Session

    S = TypeVar("S", bound=Session)


class RunningRequest:
    """The task that can be canceled, and its association.

    A task opens it by `task` and its associations by `of`; `cancel` may come from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = False
        self._canceled = Event()
        self._subject = ""
        self._session: Session | None = None

    def canceled(self) -> bool:
        """Whether the task that runs, or ran last, was canceled."""
        return self._canceled.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, until canceled at most."""
        self._canceled.wait(seconds)

    @contextmanager
    def task(self) -> Iterator[None]:
        """Run a block as a task that can be canceled."""
        with self._lock:
            self._running = True
            self._canceled.clear()
        try:
            yield
        finally:
            with self._lock:
                self._running = False

    @contextmanager
    def about(self, subject: str) -> Iterator[None]:
        """Say what a block of the task is about, so that it can be canceled for that alone."""
        with self._lock:
            self._subject = subject
        try:
            yield
        finally:
            with self._lock:
                self._subject = ""

    @contextmanager
    def of(self, session: S) -> Iterator[S]:
        """Open an association whose C-FIND or C-MOVE ends when the task is canceled."""
        with self.asking(session), session:
            yield session

    @contextmanager
    def asking(self, session: S) -> Iterator[S]:
        """Use an association, as `of`, that outlasts the block; it is opened before or within."""
        session.operation.is_canceled = self.canceled
        with self._lock:
            self._session = session
        try:
            yield session
        finally:
            with self._lock:
                self._session = None

    def cancel(self, subject: str = "") -> None:
        """Ask the peer to end early (C-CANCEL); when asked again, abort the association.

        With a subject, only what is about that is canceled, and it is never aborted.
        """
        with self._lock:
            if not self._running:
                return
            if subject and (subject != self._subject or self._canceled.is_set()):
                return
            again = self._canceled.is_set()
            self._canceled.set()
            session = self._session
        if session is None:
            return
        if again:
            # An abort waits for the end of the connection; who cancels does not.
            Thread(
                target=session.abort, name=f"{session.local.ae_title}-abort", daemon=True
            ).start()
        else:
            session.cancel()

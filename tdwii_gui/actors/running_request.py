"""What an actor asks of its peers at the moment, so that another thread can end it early."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock, Thread
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
        self._canceled = False
        self._session: Session | None = None

    def canceled(self) -> bool:
        """Whether the task that runs, or ran last, was canceled."""
        return self._canceled

    @contextmanager
    def task(self) -> Iterator[None]:
        """Run a block as a task that can be canceled."""
        with self._lock:
            self._running, self._canceled = True, False
        try:
            yield
        finally:
            with self._lock:
                self._running = False

    @contextmanager
    def of(self, session: S) -> Iterator[S]:
        """Open an association whose C-FIND or C-MOVE ends when the task is canceled."""
        with self._lock:
            self._session = session
        try:
            with session:
                yield session
        finally:
            with self._lock:
                self._session = None

    def heed(self) -> None:
        """Pass on a cancellation that came before the request was sent; while answers arrive."""
        session = self._session
        if self._canceled and session is not None:
            session.cancel()

    def cancel(self) -> None:
        """Ask the peer to end early (C-CANCEL); when asked again, abort the association."""
        with self._lock:
            if not self._running:
                return
            again, self._canceled = self._canceled, True
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

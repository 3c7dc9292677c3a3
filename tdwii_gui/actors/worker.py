"""One thread per actor that runs its requests to peers in order."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class SerialWorker:
    """A daemon thread with a first-in first-out queue of tasks.

    Order is kept, so an N-SET cannot overtake its N-ACTION. A daemon thread, because a pool's
    threads keep the interpreter alive while a call to a dead peer is stuck.

    Parameters
    ----------
    name : str
        Name of the thread.
    on_failed : Callable[[str, Exception], None]
        Called on the worker's thread with a task's name and its error.
    around : Callable[[], AbstractContextManager[None]]
        Entered before a task's future says that it runs, and left when it has ended.
    """

    def __init__(
        self,
        name: str,
        on_failed: Callable[[str, Exception], None],
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._on_failed = on_failed
        self._around = around
        self._tasks: deque[tuple[str, str, Callable[[], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._transaction = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def transaction(self) -> str:
        """The profile transaction (``"RO-62"``) that the calling thread works on, if it is ours."""
        return self._transaction if threading.current_thread() is self._thread else ""

    def submit(self, name: str, transaction: str, call: Callable[[], R]) -> Future[R]:
        """Queue a task and return its future.

        A task that submits another one (a transaction made of several) runs it at once: waiting
        for its own queue would never end.
        """
        if threading.current_thread() is self._thread:
            future: Future[R] = Future()
            self._perform(transaction or self._transaction, call, future)
            return future
        return self.post(name, transaction, call)

    def post(self, name: str, transaction: str, call: Callable[[], R]) -> Future[R]:
        """Queue a task behind those that wait, from a task too, and return its future."""
        future: Future[R] = Future()
        with self._changed:
            if self._stopping:
                future.cancel()
            else:
                self._tasks.append((name, transaction, call, future))
                self._changed.notify()
        return future

    def stop(self, timeout: float = 2.0) -> bool:
        """Cancel what is queued, wait for what runs, and return whether the thread has ended."""
        with self._changed:
            self._stopping = True
            waiting = [future for _, _, _, future in self._tasks]
            self._tasks.clear()
            self._changed.notify()
        for future in waiting:
            future.cancel()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._tasks and not self._stopping:
                    self._changed.wait()
                if self._stopping:
                    return
                name, transaction, call, future = self._tasks.popleft()
            with self._around():
                if not future.set_running_or_notify_cancel():
                    continue
                error = self._perform(transaction, call, future)
            if error is not None:
                logger.debug("task %s failed", name, exc_info=error)
                self._on_failed(name, error)

    def _perform(
        self, transaction: str, call: Callable[[], R], future: Future[R]
    ) -> Exception | None:
        outer, self._transaction = self._transaction, transaction
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - one of two: no task may end the worker
            future.set_exception(error)
            return error
        finally:
            self._transaction = outer
        future.set_result(result)
        return None


class HasWorker(Protocol):
    """What `task` needs of the class whose methods it decorates."""

    worker: SerialWorker


A = TypeVar("A", bound=HasWorker)


def task(
    transaction: str = "",
) -> Callable[[Callable[Concatenate[A, P], R]], Callable[Concatenate[A, P], Future[R]]]:
    """Make a method run on its actor's worker; a call returns the future of its result.

    Parameters
    ----------
    transaction : str
        The profile's transaction that the method performs, e.g. ``"RO-62"``.
    """

    def decorate(
        method: Callable[Concatenate[A, P], R],
    ) -> Callable[Concatenate[A, P], Future[R]]:
        @wraps(method)
        def submit(actor: A, /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
            return actor.worker.submit(
                method.__name__, transaction, lambda: method(actor, *args, **kwargs)
            )

        return submit

    return decorate

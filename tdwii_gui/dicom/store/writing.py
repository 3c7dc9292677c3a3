"""The one connection of a process that writes, and the queue before it.

Writers of one process queue at a lock, which is fairer and faster than the polling of SQLite.
Those that wait share a commit: who ends while another waits leaves the transaction open to it,
and the last of a group commits for all. A commit waits for the disk; eight writers then wait for
it once and not eight times. Nobody returns before the commit that holds what it wrote or read.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

_LARGEST_GROUP: Final = 32
_LOOK_SECONDS: Final = 1.0


class _Group:
    """Transactions that one commit makes durable."""

    def __init__(self) -> None:
        self.size = 0
        self.ended = Event()
        self.error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        self.error = error
        self.ended.set()


class Writer:
    """Runs the write transactions of a process, one after the other.

    Parameters
    ----------
    connect : Callable
        Opens the connection that writes, whose transactions begin and end by statements.
    begin : str
        What begins a transaction and keeps other processes from writing, statements divided by
        semicolons.
    on_commit : Callable
        Called after each commit.
    """

    def __init__(
        self, connect: Callable[[], Connection], begin: str, on_commit: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._on_commit = on_commit
        self._begin = begin.split(";")
        self._connection: Connection | None = None
        self._turn = Lock()
        self._counting = Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a block as one transaction: committed at its end, rolled back by an exception."""
        with ExitStack() as ended, self._in_turn():
            connection, group, first = self._started()
            # A block that fails waits too: what it failed at may be another's of its group.
            ended.callback(self._wait, connection, group)
            try:
                yield connection
            except BaseException:
                self._undo(connection, group, first)
                raise
            self._finish(connection, group, first)
        if group.error is not None:
            raise group.error

    def _wait(self, connection: Connection, group: _Group) -> None:
        while not group.ended.wait(_LOOK_SECONDS):
            # Who was to commit has not come, or is busy: then the turn is waited for.
            with self._in_turn():
                if self._group is group:
                    self._commit(connection, group)

    def close(self) -> None:
        """Close the connection; the next transaction opens another."""
        with self._in_turn():
            self._discard()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        self._count(1)
        try:
            self._turn.acquire()
        finally:
            self._count(-1)
        try:
            yield
        finally:
            self._turn.release()

    def _count(self, change: int) -> None:
        with self._counting:
            self._waiting += change

    def _started(self) -> tuple[Connection, _Group, bool]:
        """Begin a transaction, or a part of the one that was left open; tell which."""
        if self._connection is not None and self._group is not None:
            group = self._group
            try:
                self._connection.exec_driver_sql("SAVEPOINT part")
            except SQLAlchemyError as error:
                self._fail(group, error)
                raise
            return self._connection, group, False
        try:
            connection = self._open_transaction()
        except DBAPIError as error:
            self._discard()
            if not error.connection_invalidated:
                raise
            connection = self._open_transaction()  # the server was restarted meanwhile
        self._group = _Group()
        return connection, self._group, True

    def _open_transaction(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        for statement in self._begin:
            self._connection.exec_driver_sql(statement)
        return self._connection

    def _finish(self, connection: Connection, group: _Group, first: bool) -> None:
        group.size += 1
        if not first:
            try:
                connection.exec_driver_sql("RELEASE SAVEPOINT part")
            except SQLAlchemyError as error:
                self._fail(group, error)
                return
        if not self._waiting or group.size >= _LARGEST_GROUP:
            self._commit(connection, group)

    def _undo(self, connection: Connection, group: _Group, first: bool) -> None:
        """Take back what a block wrote; what others of its group wrote stays."""
        if first:
            self._fail(group, None)
            return
        try:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
            connection.exec_driver_sql("RELEASE SAVEPOINT part")
        except SQLAlchemyError as error:
            # A full disk ends the whole transaction.
            self._fail(group, error)
            return
        if not self._waiting:
            self._commit(connection, group)

    def _commit(self, connection: Connection, group: _Group) -> None:
        try:
            connection.exec_driver_sql("COMMIT")
        except SQLAlchemyError as error:
            self._fail(group, error)
            return
        self._group = None
        group.end()
        self._on_commit()

    def _fail(self, group: _Group, error: BaseException | None) -> None:
        """Roll back the whole transaction and tell the error to all who wrote in it."""
        self._group = None
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("ROLLBACK")
        except SQLAlchemyError:
            self._discard()  # there is no transaction any more, or no connection
        group.end(error)

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()

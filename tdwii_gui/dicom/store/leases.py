"""What only one of several processes on a shared database does at a time."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.database import is_shared

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, TextClause

_LOCK_CLASS: Final = 0x7464_7769
_TAKE: Final = text("SELECT pg_try_advisory_lock(:lock_class, hashtext(:name))")
_GIVE_BACK: Final = text("SELECT pg_advisory_unlock(:lock_class, hashtext(:name))")
_GIVE_ALL_BACK: Final = text("SELECT pg_advisory_unlock_all()")


class Leases:
    """The leases of a process, by their names.

    On PostgreSQL each is an advisory lock of one connection: the server takes the leases back
    when the process dies, at once. An SQLite worklist has one process, which has every lease.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        """Return whether this process has a lease, which it asks for if it has not.

        Raises
        ------
        StoreError
            If the database cannot be used.
        """
        if not is_shared(self._engine):
            return True
        with self._lock:
            if name not in self._held and self._ask(_TAKE, name):
                self._held.add(name)
            return name in self._held

    def give_back(self, name: str) -> None:
        """Let another process have a lease; does nothing if this one has not got it.

        Raises
        ------
        StoreError
            If the database cannot be used; then all leases are gone.
        """
        with self._lock:
            if name in self._held:
                self._held.discard(name)
                self._ask(_GIVE_BACK, name)

    def close(self) -> None:
        """Give back all leases."""
        with self._lock:
            if self._connection is not None:
                with suppress(SQLAlchemyError):
                    self._connection.execute(_GIVE_ALL_BACK)
            self._drop()

    def _ask(self, statement: TextClause, name: str) -> bool:
        try:
            if self._connection is None:
                connection = self._engine.connect()
                self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            values = {"lock_class": _LOCK_CLASS, "name": name}
            return bool(self._connection.scalar(statement, values))
        except SQLAlchemyError as error:
            self._drop()
            raise StoreError(f"{self._engine.url.database}: no lease can be had") from error

    def _drop(self) -> None:
        """Close the connection, and with it all leases."""
        self._held.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()

"""Databases: embedded SQLite by default, any other by URL; transactions that are all or nothing."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, SQLAlchemyError

from tdwii_gui.dicom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for another process that writes."""

_WRITE_LOCK: Final = "tdwii_write_lock"
_WRITES: Final = "tdwii_writes"
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


class StoreFull(StoreError):
    """The disk is full or the database may not be written; reading may still work."""


def open_database(location: str | Path) -> Engine:
    """Return an engine for a database, made when it does not exist yet.

    A path, or a URL that begins with ``sqlite:``, is an SQLite file: write-ahead log, full
    synchronisation (what is committed survives a power loss), readable by its owner alone. Any
    other text with ``://`` is the URL of a database that several front ends share.

    Raises
    ------
    StoreError
        If the database cannot be opened, is corrupt or is no database.
    """
    try:
        url = make_url(str(location)) if "://" in str(location) else None
    except ArgumentError as error:
        raise StoreError("the database URL cannot be read") from error
    if url is None:
        return _open_sqlite(Path(location))
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreError("an SQLite database needs a file")
        return _open_sqlite(Path(url.database))
    return _open_server(url)


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """Run a block as one write transaction: committed at its end, rolled back by an exception.

    On SQLite it begins as ``BEGIN IMMEDIATE``, as a read transaction that turns into a write
    transaction fails at once when another process wrote meanwhile. The threads of this process
    queue at a lock, which is fairer and faster than SQLite's polling.

    Raises
    ------
    StoreError
        If the database cannot be written; `StoreFull` if the disk is full or read-only.
    """
    options = engine.get_execution_options()
    lock: threading.Lock = options[_WRITE_LOCK]
    with lock, _errors_named(engine), engine.connect() as connection:
        writing = connection.execution_options(**{_WRITES: True})
        with writing.begin():
            yield writing


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """Run a block as one read transaction, which sees one state of the database.

    Raises
    ------
    StoreError
        If the database cannot be read.
    """
    with _errors_named(engine), engine.connect() as connection:
        yield connection


def _open_sqlite(path: Path) -> Engine:
    try:
        _make_private(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or 'cannot be opened'}") from error
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        execution_options={_WRITE_LOCK: threading.Lock()},
        pool_size=5,
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        _check(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


def _open_server(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            execution_options={_WRITE_LOCK: threading.Lock()},
            pool_pre_ping=True,
            hide_parameters=True,
        )
        with engine.connect():
            return engine
    except (SQLAlchemyError, ImportError) as error:
        safe = url.render_as_string(hide_password=True)
        raise StoreError(f"{safe}: the database cannot be opened") from error


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the database file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the transactions begin in _begin_sqlite
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -16384",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check(engine: Engine) -> None:
    with read(engine) as connection:
        finding = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if finding != "ok":
        raise StoreError(f"{engine.url.database}: the database is corrupt")


@contextmanager
def _errors_named(engine: Engine) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        name = engine.url.database
        code = _sqlite_code(error)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreError(f"{name}: the database is corrupt or no database") from error
        if code in _NO_ROOM:
            raise StoreFull(f"{name}: the disk is full or may not be written") from error
        if code == sqlite3.SQLITE_BUSY:
            raise StoreError(f"{name}: another process keeps the database locked") from error
        raise StoreError(f"{name}: the database cannot be used") from error


def _sqlite_code(error: SQLAlchemyError) -> int | None:
    """Return the primary result code of SQLite, whose low byte it is."""
    original = error.orig if isinstance(error, DatabaseError) else None
    code = getattr(original, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None

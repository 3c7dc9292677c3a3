"""Databases: embedded SQLite by default, any other by URL; transactions that are all or nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, SQLAlchemyError

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.checkpoint import FALLBACK_PAGES, Checkpoints
from tdwii_gui.dicom.store.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for another process that writes."""

CORRUPT_COPY: Final = ".corrupt"
"""What is added to the name of the copy that is kept of a corrupt database."""

_WRITER: Final = "tdwii_writer"
_WRITES: Final = "tdwii_writes"
_READER_CACHE_KIB: Final = 2048
_WRITER_CACHE_KIB: Final = 8192
_ADVISORY_LOCK: Final = 0x7464_7769_69
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


class StoreFull(StoreError):
    """The disk is full or the database may not be written; reading may still work."""


class StoreCorrupt(StoreError):
    """The file is damaged, or is no database."""


def open_database(location: str | Path, *, derived: bool = False) -> Engine:
    """Return an engine for a database, made when it does not exist yet.

    A path, or a URL that begins with ``sqlite:``, is an SQLite file: write-ahead log, full
    synchronisation (what is committed survives a power loss), readable by its owner alone. Any
    other text with ``://`` is the URL of a database that several front ends share.

    Parameters
    ----------
    derived : bool
        Whether all in it can be made anew from something else. An SQLite file then does not wait
        for the disk at each commit: after a power loss the last commits may be missing.

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
        return _open_sqlite(Path(location), derived)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreError("an SQLite database needs a file")
        return _open_sqlite(Path(url.database), derived)
    return _open_server(url)


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """Run a block as one write transaction: committed at its end, rolled back by an exception.

    It begins by keeping all others from writing, in this process and in those that share the
    database: so what it reads cannot change before it writes, and transactions commit in the
    order in which they began. (On SQLite a read transaction that turned into a write transaction
    would fail at once when another process wrote meanwhile.)

    Raises
    ------
    StoreError
        If the database cannot be written; `StoreFull` if the disk is full or read-only.
    """
    writer: Writer = engine.get_execution_options()[_WRITER]
    with _errors_named(engine), writer.transaction() as connection:
        yield connection


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


def is_shared(engine: Engine) -> bool:
    """Return whether other processes may serve the same database."""
    return engine.dialect.name != "sqlite"


def _open_sqlite(path: Path, derived: bool) -> Engine:
    try:
        _make_private(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or 'cannot be opened'}") from error
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        pool_size=5,
        max_overflow=-1,
        hide_parameters=True,
    )
    checkpoints = Checkpoints(engine)
    _add_writer(
        engine,
        "BEGIN IMMEDIATE",
        f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}",
        f"PRAGMA wal_autocheckpoint = {FALLBACK_PAGES}",
        f"PRAGMA synchronous = {'NORMAL' if derived else 'FULL'}",
        on_commit=checkpoints.count,
    )
    event.listen(engine, "engine_disposed", lambda _engine: checkpoints.wait())
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        _check(engine)
    except StoreError as error:
        engine.dispose()
        raise _with_copy(path, error) from error
    return engine


def _open_server(url: URL) -> Engine:
    safe = url.render_as_string(hide_password=True)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        with engine.connect():
            pass
    except ImportError as error:
        raise StoreError(f"{safe}: {error.name or 'its driver'} is not installed") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{safe}: the database cannot be opened") from error
    _add_writer(engine, f"BEGIN;SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    return engine


def _add_writer(
    engine: Engine, begin: str, *prepare: str, on_commit: Callable[[], None] = lambda: None
) -> None:
    """Give an engine the connection that writes, which lives as long as the engine is used."""

    def connect() -> Connection:
        # Its transactions begin and end by statements of the writer, not by SQLAlchemy.
        own = engine.connect().execution_options(isolation_level="AUTOCOMMIT", **{_WRITES: True})
        own.detach()
        for statement in prepare:
            own.exec_driver_sql(statement)
        return own

    writer = Writer(connect, begin, on_commit)
    engine.update_execution_options(**{_WRITER: writer})
    event.listen(engine, "engine_disposed", lambda _engine: writer.close())


def _with_copy(path: Path, error: StoreError) -> StoreError:
    """Keep a copy of a corrupt database, the first time; return the error that tells of it."""
    if not isinstance(error, StoreCorrupt):
        return error
    copy = path.with_name(path.name + CORRUPT_COPY)
    if not copy.exists():
        with suppress(OSError):
            _make_private(copy)
            shutil.copyfile(path, copy)
    return StoreCorrupt(f"{error}; a copy is kept as {copy.name}") if copy.exists() else error


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
        f"cache_size = -{_READER_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("BEGIN")


def _check(engine: Engine) -> None:
    with read(engine) as connection:
        finding = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if finding != "ok":
        raise StoreCorrupt(f"{engine.url.database}: the database is corrupt")


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
            raise StoreCorrupt(f"{name}: the database is corrupt or no database") from error
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

"""Moving the write-ahead log of an SQLite database into its file, beside the writer.

SQLite itself does this within a commit, every thousand pages. With a large worklist that one
commit took half a second, and with it the answer that waited for it.
"""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

logger = logging.getLogger(__name__)

FALLBACK_PAGES: Final = 20_000
"""Beyond so many pages in the log, a commit moves them after all."""

COMMITS_BETWEEN: Final = 250


class Checkpoints:
    """Starts a thread for a checkpoint after a number of commits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._commits = 0
        self._thread: Thread | None = None

    def count(self) -> None:
        """Count a commit."""
        with self._lock:
            self._commits += 1
            if self._commits < COMMITS_BETWEEN or self._is_running():
                return
            self._commits = 0
            self._thread = Thread(target=self._run, name="tdwii-checkpoint", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait for a checkpoint that is under way."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        try:
            connection = self._engine.connect()
            with connection.execution_options(isolation_level="AUTOCOMMIT") as own:
                # Passive: it waits for nobody, and nobody for it.
                own.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except SQLAlchemyError as error:
            logger.warning("%s: no checkpoint: %s", self._engine.url.database, error)

"""The worklist in a database: its steps, for reading, and its transactions, for writing.

Everything that belongs together happens in one `UpsTransaction`; what a method of it wrote is
there for others when the ``with`` block has ended, and not before.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, tuple_

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.database import is_shared, open_database, read, write
from tdwii_gui.dicom.store.encoding import decode
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.narrowing import conditions
from tdwii_gui.dicom.store.process_lock import ProcessLock
from tdwii_gui.dicom.store.schema import bring_up_to_date
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions, StoredSubscription
from tdwii_gui.dicom.store.ups_tables import DELETIONS, METADATA, STEPS
from tdwii_gui.dicom.store.ups_transaction import Step, UpsTransaction, load_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

_FIRST_PAGE: Final = 32
_LARGEST_PAGE: Final = 512
"""Rows that are read at once: few for a quick first answer, then more."""
_PLACE: Final[tuple[Any, Any]] = (STEPS.c.start_first, STEPS.c.sop_instance_uid)


class UpsStore:
    """The worklist in a database; several processes may share one.

    Parameters
    ----------
    location : str or Path
        A path or a URL, as for `open_database`. What does not exist yet is made.
    serves : bool
        Serve it to peers: of an SQLite file, only one process at a time may do so.

    Attributes
    ----------
    engine : Engine
        The database, for the outbox.

    Raises
    ------
    StoreError
        If the database cannot be used, or another process serves it already; so do all methods.
    """

    def __init__(self, location: str | Path, *, serves: bool = False) -> None:
        self._process_lock: ProcessLock | None = None
        self.engine = open_database(location)
        try:
            if serves and not is_shared(self.engine):
                self._process_lock = ProcessLock(Path(f"{self.engine.url.database}.lock"))
            with write(self.engine) as connection:
                bring_up_to_date(connection, METADATA)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()
        lock, self._process_lock = self._process_lock, None
        if lock is not None:
            lock.release()

    @contextmanager
    def transaction(self) -> Iterator[UpsTransaction]:
        """Run a block as one write transaction: committed at its end, undone by an exception."""
        with write(self.engine) as connection:
            yield UpsTransaction(connection)

    def load(self, sop_instance_uid: str) -> Step | None:
        """Return a step, or None if it is not here."""
        with read(self.engine) as connection:
            return load_step(connection, sop_instance_uid)

    def select(self, identifier: Dataset) -> Iterator[Dataset]:
        """Return the data sets that match an identifier, by start time (PS3.4 CC.2.8).

        SQL narrows by the indexed keys, matching decides. No transaction stays open between two
        data sets, however slowly they are taken.

        Raises
        ------
        DimseStatusError
            A900 if a key is unusable; at once, not at the first data set.
        """
        matcher = Matcher(identifier)
        start, uid = _PLACE
        if "ScheduledStationNameCodeSequence" in identifier:
            # Else SQLite takes an index that is in this order before one that has the station.
            start = start + 0
        query = select(*_PLACE, STEPS.c.dataset, STEPS.c.implicit_vr).order_by(start, uid)
        narrowed = conditions(identifier)
        if narrowed is not None:
            query = query.where(narrowed)
        return self._matching(query, matcher)

    def changed_since(self, modification: int) -> list[tuple[int, str]]:
        """Return (modification, SOP Instance UID) of all steps changed after a modification.

        For those that show a worklist to which other processes write as well; 0 gives all steps.
        """
        query = (
            select(STEPS.c.modification, STEPS.c.sop_instance_uid)
            .where(STEPS.c.modification > modification)
            .order_by(STEPS.c.modification)
        )
        with read(self.engine) as connection:
            return [(row.modification, row.sop_instance_uid) for row in connection.execute(query)]

    def deleted_since(self, modification: int) -> list[tuple[int, str]]:
        """Return (modification, SOP Instance UID) of all steps deleted after a modification."""
        query = (
            select(DELETIONS)
            .where(DELETIONS.c.modification > modification)
            .order_by(DELETIONS.c.modification)
        )
        with read(self.engine) as connection:
            return [(row.modification, row.sop_instance_uid) for row in connection.execute(query)]

    def performers(self) -> dict[str, str]:
        """Return the AE that claimed a step, by the SOP Instance UID of each claimed one."""
        query = select(STEPS.c.sop_instance_uid, STEPS.c.performer_ae).where(
            STEPS.c.performer_ae != ""
        )
        with read(self.engine) as connection:
            return {row.sop_instance_uid: row.performer_ae for row in connection.execute(query)}

    def subscriptions(self) -> list[StoredSubscription]:
        """Return all subscriptions, the global ones first."""
        with read(self.engine) as connection:
            return StepSubscriptions(connection).all()

    def _matching(self, query: Any, matcher: Matcher) -> Iterator[Dataset]:
        page, size = query, _FIRST_PAGE
        while True:
            with read(self.engine) as connection:
                rows = connection.execute(page.limit(size)).all()
            if not rows:
                return
            last = (rows[-1].start_first, rows[-1].sop_instance_uid)
            complete = len(rows) < size
            for row in rows:
                dataset = decode(row.dataset, row.implicit_vr)
                if matcher.matches(dataset):
                    yield dataset
            if complete:
                return
            page = query.where(tuple_(*_PLACE) > tuple_(*last))
            size = min(2 * size, _LARGEST_PAGE)

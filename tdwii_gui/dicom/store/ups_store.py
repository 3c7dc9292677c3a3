"""The worklist in a database: its steps, for reading, and its transactions, for writing.

Everything that belongs together happens in one `UpsTransaction`; what a method of it wrote is
there for others when the ``with`` block has ended, and not before.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.encoding import decode
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.narrowing import conditions
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions, StoredSubscription
from tdwii_gui.dicom.store.ups_tables import METADATA, STEPS
from tdwii_gui.dicom.store.ups_transaction import Step, UpsTransaction, load_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

_BATCH: Final = 100


class UpsStore:
    """The worklist in a database; several processes may share one.

    Parameters
    ----------
    location : str or Path
        A path or a URL, as for `open_database`. What does not exist yet is made.

    Attributes
    ----------
    engine : Engine
        The database, for the outbox.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, location: str | Path) -> None:
        self.engine = open_database(location)
        try:
            with write(self.engine) as connection:
                METADATA.create_all(connection)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

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
        query = select(STEPS.c.sop_instance_uid).order_by(
            STEPS.c.start_first, STEPS.c.sop_instance_uid
        )
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
        with read(self.engine) as connection:
            uids = list(connection.scalars(query))
        for start in range(0, len(uids), _BATCH):
            for dataset in self._datasets(uids[start : start + _BATCH]):
                if matcher.matches(dataset):
                    yield dataset

    def _datasets(self, uids: Sequence[str]) -> list[Dataset]:
        columns = (STEPS.c.sop_instance_uid, STEPS.c.dataset, STEPS.c.implicit_vr)
        query = select(*columns).where(STEPS.c.sop_instance_uid.in_(uids))
        with read(self.engine) as connection:
            found = {
                row.sop_instance_uid: (row.dataset, row.implicit_vr)
                for row in connection.execute(query)
            }
        return [decode(*found[uid]) for uid in uids if uid in found]

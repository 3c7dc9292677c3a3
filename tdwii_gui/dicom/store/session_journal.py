"""The treatment sessions that have begun and not ended, across a crash.

What a session has done is here before it says so to anybody: the step before it is claimed, the
delivered metersets before the TMS hears of them, a treatment record before it is sent. A session
that has ended is forgotten.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.delivered_beam_text import beam_text
from tdwii_gui.dicom.store.encoding import encode
from tdwii_gui.dicom.store.process_lock import ProcessLock, is_held
from tdwii_gui.dicom.store.schema import bring_up_to_date
from tdwii_gui.dicom.store.session_entry import (
    BEAMS,
    METADATA,
    RECORDS,
    SESSIONS,
    SessionBeginning,
    SessionEntry,
    Stage,
    read_entry,
    session_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam
    from tdwii_gui.dicom.iod.ups import Cancellation


class SessionJournal:
    """Keeps what sessions have done in a database file.

    A session is held by who has opened it, until that closes or releases it or its process ends:
    nobody else gets it meanwhile.

    Parameters
    ----------
    path : Path
        The database; beside it are the lock files of the sessions that are held.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = open_database(path)
        with write(self._engine) as connection:
            bring_up_to_date(connection, METADATA)

    def open(self, step_uid: str, step: Dataset, beginning: SessionBeginning) -> OpenSession:
        """Begin a session, or go on with one whose step this is.

        Raises
        ------
        StoreError
            If somebody else holds it.
        """
        lock = self._hold(step_uid)
        values = {
            "step_uid": step_uid,
            "step": encode(step, implicit_vr=False)[0],
            "started": beginning.started.isoformat(),
            "supplied_meterset": beginning.supplied_meterset,
            "operators_name": beginning.operators_name,
            "stage": Stage.CLAIMING,
        }
        with _releasing(lock), write(self._engine) as connection:
            if session_row(connection, step_uid) is None:
                connection.execute(insert(SESSIONS).values(values))
        return OpenSession(self, step_uid, lock)

    def reopen(self, step_uid: str) -> OpenSession | None:
        """Go on with a session; None if there is none of the step.

        Raises
        ------
        StoreError
            If somebody else holds it.
        """
        if self.get(step_uid) is None:
            return None
        return OpenSession(self, step_uid, self._hold(step_uid))

    def get(self, step_uid: str) -> SessionEntry | None:
        """Return what is known of the session on a step, or None."""
        with read(self._engine) as connection:
            row = session_row(connection, step_uid)
            return None if row is None else read_entry(connection, row)

    def abandoned(self) -> list[SessionEntry]:
        """Return the sessions that nobody holds, the oldest first."""
        with read(self._engine) as connection:
            rows = connection.execute(select(SESSIONS).order_by(SESSIONS.c.started)).all()
            free = (row for row in rows if not is_held(self._lock_path(row.step_uid)))
            return [read_entry(connection, row) for row in free]

    def forget(self, step_uid: str) -> None:
        """Forget a session, because its step has ended or was never ours."""
        with write(self._engine) as connection:
            for table in (SESSIONS, BEAMS, RECORDS):
                connection.execute(delete(table).where(table.c.step_uid == step_uid))

    def update(self, step_uid: str, *beams: tuple[int, DeliveredBeam], **values: object) -> None:
        """Note values of a session, and what was delivered of beams, by their runs."""
        with write(self._engine) as connection:
            for run, beam in beams:
                _put_beam(connection, step_uid, run, beam)
            if values:
                this = SESSIONS.c.step_uid == step_uid
                connection.execute(update(SESSIONS).where(this).values(values))

    def keep_records(self, step_uid: str, records: Iterable[Dataset]) -> None:
        """Keep records that are to be sent, in the place of those that were not."""
        mine = RECORDS.c.step_uid == step_uid
        with write(self._engine) as connection:
            connection.execute(delete(RECORDS).where(mine, ~RECORDS.c.stored))
            kept = set(connection.scalars(select(RECORDS.c.sop_instance_uid).where(mine)))
            for record in records:
                uid = str(record.SOPInstanceUID)
                if uid not in kept:
                    kept.add(uid)
                    encoded = encode(record, implicit_vr=False)[0]
                    values = {"step_uid": step_uid, "sop_instance_uid": uid, "record": encoded}
                    connection.execute(insert(RECORDS).values(values))

    def note_stored(self, step_uid: str, sop_instance_uid: str) -> None:
        """Note that the archive has a record."""
        this = (RECORDS.c.step_uid == step_uid) & (RECORDS.c.sop_instance_uid == sop_instance_uid)
        with write(self._engine) as connection:
            connection.execute(update(RECORDS).where(this).values(stored=True))

    def remove_lock(self, step_uid: str) -> None:
        """Remove the lock file of a session that is forgotten."""
        with suppress(OSError):
            self._lock_path(step_uid).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def _hold(self, step_uid: str) -> ProcessLock:
        try:
            return ProcessLock(self._lock_path(step_uid))
        except StoreError as error:
            raise StoreError(f"the session on step {step_uid} is open already: {error}") from error

    def _lock_path(self, step_uid: str) -> Path:
        # A UID is text of the network: it is no name of a file.
        digest = hashlib.sha256(step_uid.encode()).hexdigest()[:32]
        return self._path.with_name(f"session-{digest}.lock")


class OpenSession:
    """A session that we hold; each note is on the disk when its method returns.

    Parameters
    ----------
    journal : SessionJournal
        Where it is kept.
    step_uid : str
        Its step.
    lock : ProcessLock
        Keeps others from it.
    """

    def __init__(self, journal: SessionJournal, step_uid: str, lock: ProcessLock) -> None:
        self._journal = journal
        self._step_uid = step_uid
        self._lock: ProcessLock | None = lock

    @property
    def entry(self) -> SessionEntry | None:
        """What is known of it."""
        return self._journal.get(self._step_uid)

    def note_stage(self, stage: Stage) -> None:
        """Note how far it has come."""
        self._journal.update(self._step_uid, stage=stage)

    def note_progress(
        self, percent: float, beam_number: int, *beams: tuple[int, DeliveredBeam]
    ) -> None:
        """Note the progress, and what was delivered of beams so far, by their runs."""
        self._journal.update(self._step_uid, *beams, percent=percent, beam_number=beam_number)

    def note_cancellation(self, cancellation: Cancellation) -> None:
        """Note that its step is being canceled, and why."""
        code = cancellation.code
        self._journal.update(
            self._step_uid,
            reason_code=code.value if code else None,
            reason_meaning=code.meaning if code else None,
            reason=cancellation.reason,
        )

    def keep_records(self, records: Iterable[Dataset]) -> None:
        """Keep the records that are to be sent next."""
        self._journal.keep_records(self._step_uid, records)

    def note_stored(self, sop_instance_uid: str) -> None:
        """Note that the archive has a record."""
        self._journal.note_stored(self._step_uid, sop_instance_uid)

    def forget(self) -> None:
        """Forget it: it has ended."""
        self._journal.forget(self._step_uid)
        self._journal.remove_lock(self._step_uid)
        self.release()

    def release(self) -> None:
        """Let somebody else go on with it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


@contextmanager
def _releasing(lock: ProcessLock) -> Iterator[None]:
    """Release a lock if a block fails."""
    try:
        yield
    except BaseException:
        lock.release()
        raise


def _put_beam(connection: Connection, step_uid: str, run: int, beam: DeliveredBeam) -> None:
    this = (
        (BEAMS.c.step_uid == step_uid)
        & (BEAMS.c.run == run)
        & (BEAMS.c.beam_number == beam.beam_number)
    )
    text = beam_text(beam)
    if not connection.execute(update(BEAMS).where(this).values(beam=text)).rowcount:
        values = {"step_uid": step_uid, "run": run, "beam_number": beam.beam_number, "beam": text}
        connection.execute(insert(BEAMS).values(values))

"""What a device asks its archive to keep safe, and what came of it (PS3.4 Annex J)."""

from __future__ import annotations

import logging
import time
from threading import Condition
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ActionNotAllowed, TdwiiError
from tdwii_gui.dicom.iod.commitment import CommitmentState, Reference
from tdwii_gui.dicom.net.commitment_scu import CommitmentReceiver, CommitmentScu
from tdwii_gui.dicom.status import status_words
from tdwii_gui.dicom.store.commitment_store import CommitmentStore
from tdwii_gui.dicom.store.database import open_database
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.iod.commitment import Commitment, CommitmentResult
    from tdwii_gui.dicom.net.session import LocalAe

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.2


class CommitmentRequests:
    """Asks for storage commitment and receives the results, also those of before a restart.

    Parameters
    ----------
    local : LocalAe
        Who asks.
    path : Path
        The database of the requests.
    on_change : Callable[[Commitment], None]
        Hears of each request, and of its result; from several threads.

    Attributes
    ----------
    receiver : CommitmentReceiver
        The service that receives the results, to be served.
    """

    def __init__(self, local: LocalAe, path: Path, on_change: Callable[[Commitment], None]) -> None:
        self._local = local
        self._on_change = on_change
        self._engine = open_database(path)
        self._store = CommitmentStore(self._engine)
        self._changed = Condition()
        self.receiver = CommitmentReceiver(self._on_result)

    def all(self) -> list[Commitment]:
        """Return all requests with what came of them, the oldest first."""
        return self._store.all()

    def ask(self, archive: ApplicationEntity, instances: Iterable[Dataset]) -> Commitment:
        """Ask an archive to commit to instances; the result comes later.

        Raises
        ------
        TdwiiError
            If the request does not get there or is refused; it is noted as such.
        """
        references = [Reference(str(i.SOPClassUID), str(i.SOPInstanceUID)) for i in instances]
        commitment = self._store.add(str(new_uid()), self._local.ae_title, references)
        self._tell(commitment)
        uid = commitment.transaction_uid
        try:
            with CommitmentScu(self._local, archive) as scu:
                scu.request(references, uid)
        except TdwiiError as error:
            logger.warning("%s: no commitment to be had: %s", self._local.ae_title, error)
            self._tell(self._store.withdraw(uid, str(error)))
            raise
        return commitment

    def latest(self, sop_instance_uids: Iterable[str]) -> Commitment | None:
        """Return the last request for exactly these instances, or None."""
        wanted = set(sop_instance_uids)
        found = (each for each in reversed(self._store.all()) if set(each.uids) == wanted)
        return next(found, None)

    def wait(
        self, sop_instance_uids: Iterable[str], seconds: float, canceled: Callable[[], bool]
    ) -> None:
        """Wait until the archive has committed to instances that it was asked for.

        Raises
        ------
        ActionNotAllowed
            If it has not within the time, or says no.
        """
        wanted = tuple(sop_instance_uids)
        deadline = time.monotonic() + seconds
        with self._changed:
            while (
                (commitment := self.latest(wanted)) is not None
                and commitment.state is CommitmentState.PENDING
                and time.monotonic() < deadline
                and not canceled()
            ):
                self._changed.wait(_LOOK_SECONDS)
        if commitment is None or not commitment.is_safe:
            raise ActionNotAllowed(f"the archive has not committed to all: {_why(commitment)}")

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def _on_result(self, result: CommitmentResult, sender: str) -> bool:
        commitment = self._store.receive(result)
        if commitment is None:
            logger.warning("%s: %r reports an unknown commitment", self._local.ae_title, sender)
            return False
        self._tell(commitment)
        return True

    def _tell(self, commitment: Commitment) -> None:
        with self._changed:
            self._changed.notify_all()
        self._on_change(commitment)


def _why(commitment: Commitment | None) -> str:
    if commitment is None:
        return "it was not asked"
    if commitment.failed:
        uid, reason = commitment.failed[0]
        return f"{uid} failed, {status_words(reason)}"
    return commitment.reason or "no result came yet"

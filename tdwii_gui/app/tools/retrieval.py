"""Retrieving what was found, entity by entity: C-MOVE and C-GET alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import GrowingTable, complain
from tdwii_gui.app.tools.canceling import ProgressLine, cancelable
from tdwii_gui.app.tools.found import text
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.store.instance_index import UNIQUE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.app.tools.found import Found
    from tdwii_gui.dicom.net.retrieve_scu import MoveResult
    from tdwii_gui.dicom.net.session import Session

    Progress = Callable[[MoveResult], None]


@dataclass(slots=True)
class Retrieval:
    """What came of what was asked for.

    Parameters
    ----------
    refused : int
        How many requests the peer refused altogether.
    entities : list[dict[str, Any]]
        For each identifier its unique key, counters, status, and the UIDs that failed.
    """

    completed: int = 0
    failed: int = 0
    refused: int = 0
    canceled: bool = False
    entities: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return {
            "completed": self.completed,
            "failed": self.failed,
            "refused": self.refused,
            "canceled": self.canceled,
            "entities": self.entities,
        }

    @property
    def is_complete(self) -> bool:
        """Whether something came, and all of it."""
        return self.completed > 0 and not (self.failed or self.refused or self.canceled)

    def words(self, done: str) -> str:
        """Return what came, in words."""
        total = counted(self.completed + self.failed, "object", "objects")
        canceled = "canceled: " if self.canceled else ""
        refused = counted(self.refused, "request", "requests")
        end = f", {refused} refused" if self.refused else ""
        return f"{canceled}{self.completed} of {total} {done}{end}"


def retrieve(
    found: Found,
    session: Session,
    ask: Callable[[Dataset, Progress], MoveResult],
    *,
    as_json: bool,
) -> Retrieval:
    """Ask for each entity that was found; one that fails does not keep the rest back.

    Ctrl-C ends it by C-CANCEL.

    Raises
    ------
    AssociationError
        If the peer cannot be reached or is lost.
    DimseStatusError
        If it does not know the move destination (A801).
    """
    retrieval = Retrieval()
    unique = UNIQUE_KEYS[found.level]
    line = ProgressLine("objects:")
    heads = ("OBJECTS", "FAILED", "STATUS", f"{found.level} UID")
    with cancelable() as running, running.of(session), GrowingTable(heads) as table:

        def on_progress(result: MoveResult) -> None:
            line.show(retrieval.completed + result.completed + result.warning, result.total)

        for identifier in found.identifiers():
            if running.canceled():
                break
            entity = _asked(identifier, ask, on_progress)
            line.end()
            _enter(retrieval, entity, text(identifier, unique))
            if not as_json:
                words = status_words(entity["status"])
                uid = entity["uid"] if "\\" not in entity["uid"] else "several"
                table.say((entity["completed"], entity["failed"], words, uid))
                _complain_of(entity)
        retrieval.canceled = running.canceled()
    return retrieval


def _asked(
    identifier: Dataset, ask: Callable[[Dataset, Progress], MoveResult], progress: Progress
) -> dict[str, Any]:
    try:
        result = ask(identifier, progress)
    except DimseStatusError as error:
        if error.status == Status.MOVE_DESTINATION_UNKNOWN:
            raise
        return {
            "status": error.status,
            "completed": 0,
            "failed": 0,
            "failed_uids": [],
            "reason": str(error),
        }
    return {
        "status": result.status,
        "completed": result.completed + result.warning,
        "failed": result.failed,
        "failed_uids": list(result.failed_uids),
        "reason": "",
    }


def _enter(retrieval: Retrieval, entity: dict[str, Any], uid: str) -> None:
    entity["uid"] = uid
    retrieval.completed += entity["completed"]
    retrieval.failed += entity["failed"]
    retrieval.refused += bool(entity["reason"])
    retrieval.entities.append(entity)


def _complain_of(entity: dict[str, Any]) -> None:
    if entity["reason"]:
        complain(entity["reason"])
    for uid in entity["failed_uids"]:
        complain(f"{uid} failed")

"""Verifying, querying and retrieving: C-ECHO, C-FIND, C-MOVE (PS3.4 A, C)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pynetdicom import build_context

from tdwii_gui.dicom.net.exchange import Request, counted
from tdwii_gui.dicom.net.querying_session import QueryingSession
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.status import Status, is_pending
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity

_FIND: Final = {Root.STUDY: STUDY_ROOT_FIND, Root.PATIENT: PATIENT_ROOT_FIND}
_MOVE: Final = {Root.STUDY: STUDY_ROOT_MOVE, Root.PATIENT: PATIENT_ROOT_MOVE}


Responses: TypeAlias = "Iterator[tuple[Dataset, Dataset | None]]"
"""The responses to a request: command elements, and a data set where there is one."""


@dataclass(frozen=True, slots=True)
class MoveResult:
    """How far a C-MOVE or C-GET is, or how it ended (PS3.4 C.4.2.1.5).

    Parameters
    ----------
    failed_uids : tuple[str, ...]
        SOP Instance UIDs that the peer names as failed; only at the end.
    status : int
        Pending, success, partial failure (B000) or canceled (FE00).
    """

    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_uids: tuple[str, ...] = ()
    remaining: int = 0
    status: int = Status.SUCCESS

    @property
    def total(self) -> int:
        """The number of all sub-operations."""
        return self.completed + self.failed + self.warning + self.remaining


def no_progress(_result: MoveResult) -> None:
    """Take no notice of the progress of a retrieval."""


class RetrievingSession(Session):
    """An association on which objects are retrieved."""

    def _retrieve(
        self,
        request: Request,
        start: Callable[[Association, int], Responses],
        on_progress: Callable[[MoveResult], None],
    ) -> MoveResult:
        """Send a C-MOVE or C-GET and follow its responses to the final one."""
        results: list[MoveResult] = []

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            self.accepted(request.sop_class_uid)
            responses = start(association, message_id)
            self.operation.begin(association, message_id, request.sop_class_uid)
            try:
                for command, failed in responses:
                    self._answered()
                    if "Status" not in command:
                        break
                    results.append(_result(command, failed, results))
                    if not is_pending(command.Status):
                        break
                    self.operation.goes_on()
                    on_progress(results[-1])
            finally:
                self.operation.end()
            return command, failed

        self._ask(request, send, detail=lambda _command: _detail(results[-1]))
        return results[-1]


class RetrieveScu(QueryingSession, RetrievingSession):
    """An association with an archive."""

    def __init__(self, local: LocalAe, peer: ApplicationEntity) -> None:
        uids = (*_FIND.values(), *_MOVE.values())
        super().__init__(local, peer, [build_context(uid) for uid in uids])

    def c_find(self, identifier: Dataset, root: str = Root.STUDY) -> Iterator[Dataset]:
        """Return the matches; one that stops early sends a C-CANCEL."""
        return self._find(identifier, self.accepted(_FIND[Root(root)]))

    def c_move(
        self,
        identifier: Dataset,
        destination: str,
        *,
        root: str = Root.STUDY,
        on_progress: Callable[[MoveResult], None] = no_progress,
    ) -> MoveResult:
        """Have objects sent to the AE title `destination`; return how many came through.

        `cancel`, from another thread, ends it early.

        Raises
        ------
        DimseStatusError
            If nothing at all could be sent (A702), the destination is unknown there (A801), or
            the identifier is refused (A900).
        """
        model = _MOVE[Root(root)]

        def start(association: Association, message_id: int) -> Responses:
            return association.send_c_move(identifier, destination, model, message_id)

        return self._retrieve(Request("C-MOVE", model, dataset=identifier), start, on_progress)


def _result(command: Dataset, failed: Dataset | None, before: list[MoveResult]) -> MoveResult:
    """Return the counters of a response; a final one may leave them out (PS3.7 9.1.4.1)."""
    last = before[-1] if before else MoveResult()
    listed = _failed_uids(failed)
    pending = is_pending(command.Status) or command.Status == Status.CANCELLED
    return MoveResult(
        completed=command.get("NumberOfCompletedSuboperations", last.completed),
        failed=command.get("NumberOfFailedSuboperations", max(last.failed, len(listed))),
        warning=command.get("NumberOfWarningSuboperations", last.warning),
        failed_uids=listed,
        remaining=command.get("NumberOfRemainingSuboperations", last.remaining) if pending else 0,
        status=int(command.Status),
    )


def _failed_uids(failed: Dataset | None) -> tuple[str, ...]:
    """Return the Failed SOP Instance UID List; one that is too long for its VR is of VR UN."""
    value = failed.get("FailedSOPInstanceUIDList") if failed is not None else None
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").rstrip("\0 ").split("\\")
    if not value:
        return ()
    return tuple(str(uid) for uid in ([value] if isinstance(value, str) else value))


def _detail(result: MoveResult) -> str:
    done = result.completed + result.warning
    return f"{done} of {counted(result.total, 'object', 'objects')}"

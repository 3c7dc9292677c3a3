"""Associations that this program requests: opening, time limits, requests, errors, closing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final, Self, cast

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.pdu_primitives import A_ABORT, A_P_ABORT

from tdwii_gui.dicom.errors import (
    Aborted,
    AssociationError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
    Refused,
    Rejected,
    TimedOut,
)
from tdwii_gui.dicom.net.broken_connection import shut_down
from tdwii_gui.dicom.net.cancelable_operation import CancelableOperation
from tdwii_gui.dicom.net.closing_socket import ClosingSocket
from tdwii_gui.dicom.net.exchange import Exchange, Request, Response
from tdwii_gui.dicom.net.leaving_messages import LeavingRequests
from tdwii_gui.dicom.net.local_ae import LocalAe, Timeouts, limit_waiting, make_ae, send_at_once
from tdwii_gui.dicom.net.message_reader import read_messages
from tdwii_gui.dicom.net.reactor_checkpoint import install_checkpoint
from tdwii_gui.dicom.net.rejection import rejection, unread_answer
from tdwii_gui.dicom.net.tls import tls_arguments
from tdwii_gui.dicom.status import is_failure
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.message_reader import ArrivingMessage
    from tdwii_gui.dicom.net.reactor_checkpoint import ReactorCheckpoint

__all__ = ["LocalAe", "Session", "Timeouts"]

_MAXIMUM_MESSAGE_ID: Final = 65535
_JOIN_SECONDS: Final = 1.0
_SEND_SECONDS: Final = 0.2
_CLOSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is recorded of a request; without a command there was no response."""

    command: Dataset | None = None
    dataset: Dataset | None = None
    comment: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Observed:
    """What the handlers saw of an association, to name the reason when it fails."""

    association: Association | None = None
    connected: bool = False
    aborted_by_peer: bool = False
    abort_asked: bool = False
    waiting_since: float = field(default_factory=time.monotonic)
    affected_uid: str = ""
    checkpoint: ReactorCheckpoint | None = None
    altered: Dataset | None = None


class Session:
    """An association with a peer, as a context manager.

    It associates on entry and releases on exit; on an exception other than a peer's failure
    status it aborts. One thread at a time may send requests; `abort` and `cancel` may come from
    another.

    Parameters
    ----------
    contexts : Sequence[PresentationContext]
        At most 128; at least one has to be accepted.
    roles : Sequence[SCP_SCU_RoleSelectionNegotiation]
        Role items to propose.

    Raises
    ------
    Refused, TimedOut, Rejected, NotAccepted, Aborted
        On entry, when there is no association.
    """

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        contexts: Sequence[PresentationContext],
        roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    ) -> None:
        self.local = local
        self.peer = peer
        self._contexts = list(contexts)
        self._roles = list(roles)
        self._observed = _Observed()
        self._association: Association | None = None
        self._message_id = 0
        self.operation = CancelableOperation()
        self._lock = Lock()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, (DimseStatusError, GeneratorExit)):
            self.release()
        else:
            self.abort()

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts that are proposed."""
        return self._contexts

    @property
    def roles(self) -> Sequence[SCP_SCU_RoleSelectionNegotiation]:
        """The role items that are proposed."""
        return self._roles

    @property
    def is_open(self) -> bool:
        """Whether the association is established."""
        return self._association is not None and self._association.is_established

    def open(self) -> None:
        """Associate with the peer."""
        started = time.perf_counter()
        try:
            self._association = self._associate()
        except AssociationError as error:
            self._record(Request("A-ASSOCIATE", ""), started, Outcome(comment=str(error)))
            raise

    def release(self) -> None:
        """Release the association; does nothing if there is none."""
        if self._association is not None and self._association.is_established:
            self._halt_reactor()
            self._association.release()
        self._end()

    def abort(self) -> None:
        """Abort the association; a request that waits for its response raises `Aborted`."""
        with self._lock:
            self._observed.abort_asked = True
            association = self._observed.association
        if association is None:
            return
        connection = association.dul.socket
        if isinstance(connection, ClosingSocket) and not connection.end_sending(_SEND_SECONDS):
            # The peer does not read, so it would not read an A-ABORT either.
            shut_down(association)
        # Nor does one close that is sent an A-ABORT behind what it does not read (PS3.8 Sta13).
        closing = Timer(_CLOSE_SECONDS, shut_down, (association,))
        closing.start()
        association.abort()
        closing.cancel()
        # Both queues are what a blocked request or association waits at, up to the time limit.
        association.dimse.msg_queue.put((None, None))
        association.dul.to_user_queue.put(A_ABORT())
        self._end()

    def cancel(self) -> None:
        """Ask the peer to end the running C-FIND, C-MOVE or C-GET; see `CancelableOperation`."""
        self.operation.cancel()

    def accepted(self, *sop_classes: str) -> str:
        """Return the first of the SOP classes whose presentation context is accepted.

        Raises
        ------
        NotAccepted
            If it is none of them.
        AssociationError
            If the association is lost.
        """
        contexts = self._established().accepted_contexts
        abstract_syntaxes = {str(context.abstract_syntax) for context in contexts}
        for uid in sop_classes:
            if uid in abstract_syntaxes:
                return uid
        names = " nor ".join(uid_name(uid) for uid in sop_classes)
        raise NotAccepted(f"{self.peer} does not accept {names}")

    def _associate(self) -> Association:
        tls_args = tls_arguments(self.local.tls, self.peer)
        ae = make_ae(self.local.ae_title, self.local.timeouts)
        ae.tap = self.local.tap
        started = time.monotonic()
        try:
            association = ae.associate(
                self.peer.host,
                self.peer.port,
                contexts=self._contexts,
                ae_title=self.peer.ae_title,
                ext_neg=list(self._roles),
                evt_handlers=self._bindings(),
                tls_args=tls_args,
            )
        except OSError as error:
            raise Refused(f"{self.peer}: {error.strerror or error}") from error
        with self._lock:
            self._observed.association = association
        if self._observed.abort_asked:
            association.abort()
            raise Aborted(f"{self.peer}: aborted by us")
        if not association.is_established:
            raise self._why_not(association, time.monotonic() - started)
        return association

    def _bindings(self) -> list[evt.EventHandlerType]:
        """Return what is bound to the association."""
        return [
            (evt.EVT_CONN_OPEN, self._on_open),
            (evt.EVT_ACSE_RECV, self._on_acse),
            (evt.EVT_DIMSE_RECV, self._on_message),
        ]

    def _why_not(self, association: Association, seconds: float) -> AssociationError:
        limits = self.local.timeouts
        if not self._observed.connected:
            if seconds >= limits.connect:
                return TimedOut(f"{self.peer} did not answer within {limits.connect:g} s")
            tls = ", or no TLS with us" if self.peer.tls else ""
            return Refused(f"{self.peer}: nothing listens there, or no way to the host{tls}")
        answer = association.acceptor.primitive or unread_answer(association)
        if answer is not None and answer.result:
            reason = rejection(answer.result, answer.result_source, answer.diagnostic)
            return Rejected(f"{self.peer} rejects us {reason}")
        if answer is not None and answer.result == 0:
            names = ", ".join(uid_name(str(one.abstract_syntax)) for one in self._contexts)
            return NotAccepted(f"{self.peer} accepts none of: {names}")
        if not self._observed.aborted_by_peer and seconds >= limits.acse:
            return TimedOut(f"{self.peer} did not associate within {limits.acse:g} s")
        return Aborted(f"{self.peer} aborted, or the connection was lost, while associating")

    def _on_open(self, event: Event) -> None:
        send_at_once(event)
        limit_waiting(event, self.local.timeouts.dimse)
        with self._lock:
            self._observed.association = event.assoc
            self._observed.connected = True
            self._observed.checkpoint = install_checkpoint(event.assoc)
        read_messages(event.assoc)
        LeavingRequests(event.assoc, self.local.faults, self._on_request)

    def _on_request(self, altered: Dataset | None) -> None:
        self._observed.altered = altered

    def _on_acse(self, event: Event) -> None:
        if isinstance(getattr(event, "primitive", None), (A_ABORT, A_P_ABORT)):
            self._observed.aborted_by_peer = True

    def _on_message(self, event: Event) -> None:
        # send_n_create() keeps the UID that the peer has assigned to itself.
        message = cast("ArrivingMessage", event.message)
        self._observed.affected_uid = message.affected_sop_instance_uid

    def _end(self) -> None:
        association, self._association = self._association, None
        if association is not None:
            association.join(_JOIN_SECONDS)

    def _next_message_id(self) -> int:
        self._message_id = self._message_id % _MAXIMUM_MESSAGE_ID + 1
        return self._message_id

    def _established(self) -> Association:
        if self._association is None or not self._association.is_established:
            raise self._lost()
        self._answered()
        self._halt_reactor()
        return self._association

    def _halt_reactor(self) -> None:
        """Keep the association's own thread from the responses, until `_resume_reactor`."""
        if self._observed.checkpoint is not None:
            self._observed.checkpoint.halt()

    def _resume_reactor(self) -> None:
        if self._observed.checkpoint is not None:
            self._observed.checkpoint.resume()

    def _answered(self) -> None:
        """Start the time limit of the next response."""
        self._observed.waiting_since = time.monotonic()

    def _lost(self) -> AssociationError:
        limit = self.local.timeouts.dimse
        if self._observed.abort_asked:
            return Aborted(f"{self.peer}: aborted by us")
        waited = time.monotonic() - self._observed.waiting_since
        association = self._association
        gone = self._observed.aborted_by_peer or (
            association is not None and association.acse.is_aborted()
        )
        if not gone and waited >= limit:
            return TimedOut(f"{self.peer} did not answer within {limit:g} s")
        return Aborted(f"{self.peer} aborted, or the connection was lost")

    def _ask(
        self,
        request: Request,
        send: Callable[[Association, int], tuple[Dataset, Dataset | None]],
        *,
        detail: Callable[[Dataset], str] = lambda _command: "",
        more: bool = False,
    ) -> Response:
        """Send a request, wait for its response, record the exchange.

        Parameters
        ----------
        more : bool
            Another request follows at once, so that the association's own thread may stand still.

        Raises
        ------
        DimseStatusError
            If the status is a failure.
        AssociationError
            If there is no response.
        """
        started = time.perf_counter()
        try:
            command, dataset = send(self._established(), self._next_message_id())
            if "Status" not in command:
                raise self._lost()
        except AssociationError as error:
            self._record(request, started, Outcome(comment=str(error)))
            raise
        except RuntimeError as error:
            lost = self._lost()
            self._record(request, started, Outcome(comment=str(lost)))
            raise lost from error
        except (ValueError, AttributeError) as error:
            self._record(request, started, Outcome(comment=str(error)))
            raise DatasetError(f"cannot be sent: {error}") from error
        finally:
            if not more:
                self._resume_reactor()
        self._record(request, started, Outcome(command, dataset, detail=detail(command)))
        self._check(request, command)
        return Response(int(command.Status), command, dataset)

    def _check(self, request: Request, command: Dataset) -> None:
        if is_failure(command.Status):
            comment = str(command.get("ErrorComment") or "")
            message = f"{request.message} to {self.peer.ae_title}"
            raise DimseStatusError(int(command.Status), comment, message)

    def _record(self, request: Request, started: float, outcome: Outcome) -> None:
        seconds = time.perf_counter() - started
        command = outcome.command if outcome.command is not None else Dataset()
        altered = self._observed.altered
        self.local.on_exchange(
            Exchange(
                calling_ae=self.local.ae_title,
                called_ae=self.peer.ae_title,
                message=request.message,
                sop_class_uid=request.sop_class_uid,
                sop_instance_uid=request.sop_instance_uid,
                status=int(command.Status) if "Status" in command else None,
                comment=outcome.comment or str(command.get("ErrorComment") or ""),
                milliseconds=seconds * 1000,
                detail=outcome.detail,
                role="scu",
                request=request.dataset if altered is None else altered,
                response=outcome.dataset,
                at=datetime.fromtimestamp(time.time() - seconds, UTC),
            )
        )

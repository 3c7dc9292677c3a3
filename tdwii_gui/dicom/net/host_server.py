"""The listening socket of a host, and the connections that peers make to it.

WORKAROUND for pynetdicom 3.0, which makes an association of every connection before it has said a
word, and shakes hands for TLS on the thread that accepts connections: here a connection becomes an
association when its whole request is there and is to be accepted.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from socketserver import BaseServer
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from tdwii_gui.dicom.net.accepted_association import AcceptedAssociation
from tdwii_gui.dicom.net.arrivals import Arrivals
from tdwii_gui.dicom.net.association_request import (
    ARRIVAL_SECONDS,
    AssociationRequest,
    NoRequestError,
    answer_and_end,
    read_request,
    rejection_pdu,
)
from tdwii_gui.dicom.net.fault import FaultKind
from tdwii_gui.dicom.net.peer_log import PeerLog
from tdwii_gui.dicom.net.rejection import RejectedAssociation, RejectionByFault, RejectionReason
from tdwii_gui.dicom.net.tap import Tap, tapped

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from ssl import SSLContext

    from pynetdicom.association import Association
    from pynetdicom.dimse_primitives import DimseServiceType

    from tdwii_gui.dicom.errors import DimseStatusError
    from tdwii_gui.dicom.net.faults import Faults
    from tdwii_gui.dicom.net.object_intake import ObjectRequest, ReceivedObject

LOGGER = logging.getLogger(__name__)

# pynetdicom waits by select, which fails from 1024 on, and each association has two more.
_HIGHEST_DESCRIPTOR: Final = 900


@dataclass(frozen=True, slots=True)
class HostRules:
    """Whom a host accepts, and how much it takes.

    Parameters
    ----------
    called_aes : frozenset[str]
        The AE titles by which it may be called.
    known_aes : Callable[[str], bool] or None
        Whether an AE title may call; None lets anybody.
    largest_message : int
        Bytes of a command and data set.
    tls : SSLContext or None
        With it, connections without TLS are refused.
    tap : Tap
        Is told what travels on the associations.
    faults : Faults
        What goes wrong on purpose.
    open_object : Callable
        Returns who takes the data set of an object, or None; see `ObjectIntake`.
    on_rejection, on_refusal : Callable
        Are called on the connection's thread: for an association that is rejected, and for a
        request that is answered without being handed on.
    """

    called_aes: frozenset[str]
    known_aes: Callable[[str], bool] | None
    maximum_associations: int
    largest_message: int
    tls: SSLContext | None
    tap: Tap
    faults: Faults
    open_object: Callable[[ObjectRequest], ReceivedObject | None]
    on_rejection: Callable[[RejectedAssociation], None]
    on_refusal: Callable[[Association, DimseServiceType, DimseStatusError], None]


class SharedContexts(list[PresentationContext]):
    """Presentation contexts that are read only, and so need no copy for each association."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> SharedContexts:
        return self


class RunningRequests:
    """Counts the requests that are being answered, from their arrival until the response is queued.

    What is queued leaves before an A-ABORT that is queued after it.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        """Wait until no request is being answered; return whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


class AcceptedRequest(RequestHandler):
    """A new connection, on a thread of its own until it is an association."""

    def handle(self) -> None:
        """Read the A-ASSOCIATE-RQ; accept or reject it."""
        host = cast("HostServer", self.server)
        arrival = host.arrivals.add(self.request)
        try:
            self._request = self._read(arrival)
            self._told = tapped(host.rules.tap, self.request, is_requestor=False)
            self._told.received([self._request.encoded])
            accepted = self._accept()
        except NoRequestError as error:
            self._refuse(error)
            accepted = False
        finally:
            host.arrivals.remove(arrival)
        if not accepted:
            host.shutdown_request(self.request)

    def _read(self, arrival: int) -> AssociationRequest:
        host = cast("HostServer", self.server)
        deadline = time.monotonic() + ARRIVAL_SECONDS
        if host.rules.tls is not None:
            self.request.settimeout(ARRIVAL_SECONDS)
            try:
                self.request = host.rules.tls.wrap_socket(
                    self.request, server_side=True, do_handshake_on_connect=False
                )
                host.arrivals.replace(arrival, self.request)
                self.request.do_handshake()
            # A connection that is gone, or closed by the other thread, raises ValueError.
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", None) or type(error).__name__
                raise NoRequestError(f"made no TLS connection: {reason}") from error
        return read_request(self.request, deadline)

    def _accept(self) -> bool:
        host = cast("HostServer", self.server)
        # One at a time, for they are counted.
        with host.admission:
            reason = self._rejection()
            if reason is None:
                super().handle()
                return True
        host.reject(self._request, str(self.client_address[0]), reason)
        answer = rejection_pdu(*reason.codes)
        self._told.sent([answer])
        with suppress(OSError, ValueError):
            answer_and_end(self.request, answer)
        self._told.closed(by_peer=False)
        return False

    def _rejection(self) -> RejectionReason | RejectionByFault | None:
        host = cast("HostServer", self.server)
        rules, request = host.rules, self._request
        if rules.faults.is_active:
            kind = FaultKind.REFUSE_ASSOCIATION
            fault = rules.faults.strike(kind, peer=request.calling_ae)
            if fault is not None:
                return RejectionByFault((fault.result, fault.source, fault.reason))
        if request.called_ae not in rules.called_aes:
            return RejectionReason.CALLED_AE_WRONG
        known = rules.known_aes is None or rules.known_aes(request.calling_ae)
        if not (known and request.has_calling_ae):
            return RejectionReason.CALLING_AE_UNKNOWN
        if (
            len(host.active_associations) >= rules.maximum_associations
            or self.request.fileno() > _HIGHEST_DESCRIPTOR
        ):
            return RejectionReason.TOO_MANY
        return None

    def _refuse(self, error: NoRequestError) -> None:
        host = str(self.client_address[0])
        if error.reason:
            cast("HostServer", self.server).peer_log.note(host, error.reason)
        else:
            LOGGER.debug("%s closed in silence", host)
        if error.answer:
            with suppress(OSError, ValueError):
                answer_and_end(self.request, error.answer)

    def _create_association(self) -> Association:
        association = super()._create_association()
        # pynetdicom has no parameter for the class of the association.
        association.__class__ = AcceptedAssociation
        cast("AcceptedAssociation", association).begin(self._request, self._told)
        return association


class HostServer(ThreadedAssociationServer):
    """A listening socket and its associations."""

    # These threads only begin an association: the end of listening waits for them.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, rules: HostRules, *arguments: Any, **options: Any) -> None:
        self.rules = rules
        self.requests = RunningRequests()
        self.arrivals = Arrivals()
        self.admission = Lock()
        super().__init__(*arguments, **options)
        self.peer_log = PeerLog(self.ae_title)

    @property
    def largest_message(self) -> int:
        """Bytes of a command and data set."""
        return self.rules.largest_message

    def open_object(self, request: ObjectRequest) -> ReceivedObject | None:
        """Return who takes the data set of an object, or None."""
        return self.rules.open_object(request)

    def on_refusal(
        self, association: Association, request: DimseServiceType, error: DimseStatusError
    ) -> None:
        """Take note of a request that is answered without being handed on."""
        self.rules.on_refusal(association, request, error)

    def reject(
        self, request: AssociationRequest, host: str, reason: RejectionReason | RejectionByFault
    ) -> None:
        """Take note of an association that is rejected."""
        self.peer_log.note(
            host,
            f"is rejected: {reason.words}",
            f" ({request.calling_ae!r} calls {request.called_ae!r})",
        )
        self.rules.on_rejection(
            RejectedAssociation(
                request.calling_ae, request.called_ae, host, reason.words, datetime.now(UTC)
            )
        )

    def service_actions(self) -> None:
        """Do nothing between requests.

        pynetdicom collects all of Python's garbage here, every few seconds and for each server:
        that halts the whole process, and it destroys widgets on a network thread.
        """

    def handle_error(
        self, _request: socket.socket | tuple[bytes, socket.socket], peer: Any
    ) -> None:
        """Tell of an error while an association was begun; the connection is then closed."""
        self.peer_log.note(str(peer[0]), "sent what cannot be handled")
        LOGGER.debug("no association: %r", sys.exception())

    def shutdown(self) -> None:
        """End listening; `serve_forever` returns."""
        # Not pynetdicom's, which takes for granted that AE.start_server() made the server.
        BaseServer.shutdown(self)
        self.arrivals.end_all()
        self.server_close()

"""A listening AE: a port, the services it offers, and their associations."""

from __future__ import annotations

import errno
import logging
import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, cast

from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.presentation import PresentationContext

from tdwii_gui.dicom.errors import ListenError
from tdwii_gui.dicom.net.broken_connection import shut_down
from tdwii_gui.dicom.net.dispatch import Dispatcher
from tdwii_gui.dicom.net.exchange import Exchange, ignore
from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.net.host_server import (
    AcceptedRequest,
    HostRules,
    HostServer,
    SharedContexts,
)
from tdwii_gui.dicom.net.local_ae import Timeouts, make_ae, send_at_once
from tdwii_gui.dicom.net.open_associations import (
    OpenAssociation,
    OpenAssociations,
    no_associations,
)
from tdwii_gui.dicom.net.reactor_checkpoint import install_checkpoint
from tdwii_gui.dicom.net.request_check import sop_class_uid, sop_instance_uid
from tdwii_gui.dicom.net.tap import NO_TAP, Tap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from ssl import SSLContext

    from pydicom.uid import UID
    from pynetdicom.association import Association
    from pynetdicom.dimse_primitives import DimseServiceType

    from tdwii_gui.dicom.errors import DimseStatusError
    from tdwii_gui.dicom.net.dispatch import Service
    from tdwii_gui.dicom.net.rejection import RejectedAssociation

LOGGER = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.002
_SEND_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 1.0
LONGEST_RECEIVED_PDU: Final = 128 * 1024
"""Bytes that peers are offered to send at once; the longest that DCMTK sends."""
LARGEST_MESSAGE: Final = 512 * 2**20


def no_rejection(_rejected: RejectedAssociation) -> None:
    """Take no notice of a rejected association."""


class ScpHost:
    """Listens on a port and hands the requests to its services.

    Parameters
    ----------
    port : int
        0 takes any free port, which `port` tells after `start`.
    services : Iterable[Service]
        What is offered; each request is handed on by its kind and abstract syntax.
    maximum_associations : int
        Further ones are rejected as transient (PS3.8 9.3.4).
    on_exchange : Callable[[Exchange], None]
        Is called once per request, on the association's thread, before the final response.
    largest_message : int
        Bytes of a command and data set that are taken into memory; beyond, the association is
        aborted.
    aliases : Collection[str]
        Further AE titles by which it may be called; any other is rejected (PS3.8 9.3.4, 1/1/7).
    known_aes : Callable[[str], bool] or None
        Whether an AE title may call; others are rejected (1/1/3). None lets anybody.
    tls : SSLContext or None
        Listens with TLS alone.
    tap : Tap
        Is told what travels on the associations, rejected ones too.
    faults : Faults or None
        What goes wrong on purpose.
    on_associations : Callable[[tuple[OpenAssociation, ...]], None]
        Is called when an association is accepted or ends, and while objects arrive.
    on_rejection : Callable[[RejectedAssociation], None]
        Is called for each association that is rejected, on its connection's thread.
    """

    def __init__(
        self,
        ae_title: str,
        bind_address: str,
        port: int,
        services: Iterable[Service],
        *,
        timeouts: Timeouts | None = None,
        maximum_associations: int = 50,
        largest_message: int = LARGEST_MESSAGE,
        aliases: Collection[str] = (),
        known_aes: Callable[[str], bool] | None = None,
        tls: SSLContext | None = None,
        tap: Tap = NO_TAP,
        faults: Faults | None = None,
        on_exchange: Callable[[Exchange], None] = ignore,
        on_associations: Callable[[tuple[OpenAssociation, ...]], None] = no_associations,
        on_rejection: Callable[[RejectedAssociation], None] = no_rejection,
    ) -> None:
        self.ae_title = ae_title
        self.port = port
        self._bind_address = bind_address
        faults = faults or Faults()
        self._dispatcher = Dispatcher(ae_title, services, on_exchange, faults)
        self._peers = OpenAssociations(on_associations)
        self._ae = make_ae(ae_title, timeouts or Timeouts())
        self._ae.maximum_associations = maximum_associations
        self._ae.maximum_pdu_size = LONGEST_RECEIVED_PDU
        self._on_exchange = on_exchange
        self._rules = HostRules(
            called_aes=frozenset((ae_title, *aliases)),
            known_aes=known_aes,
            maximum_associations=maximum_associations,
            largest_message=largest_message,
            tls=tls,
            tap=tap,
            faults=faults,
            open_object=self._dispatcher.open_object,
            on_rejection=on_rejection,
            on_refusal=self._on_refusal,
        )
        self._server: HostServer | None = None
        self._thread: Thread | None = None

    @property
    def is_listening(self) -> bool:
        """Whether the port is open."""
        return self._server is not None

    @property
    def associations(self) -> int:
        """How many associations are established."""
        return sum(association.is_established for association in self._open())

    @property
    def arrivals(self) -> int:
        """How many connections have not associated yet."""
        return len(self._server.arrivals) if self._server is not None else 0

    @property
    def open_associations(self) -> tuple[OpenAssociation, ...]:
        """Who is connected."""
        return self._peers.all()

    def start(self) -> None:
        """Listen.

        Raises
        ------
        ListenError
            If the port cannot be bound.
        """
        if self._server is not None:
            return
        try:
            server = HostServer(
                self._rules,
                self._ae,
                (self._bind_address, self.port),
                self.ae_title,
                SharedContexts(offered_context(one) for one in self._dispatcher.contexts),
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, _prepare),
                    *self._peers.bindings,
                    *self._dispatcher.bindings,
                ],
                request_handler=AcceptedRequest,
            )
        except OSError as error:
            raise ListenError(self._reason(error)) from error
        self._server = server
        self.port = server.server_address[1]
        self._thread = Thread(
            target=server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name=f"{self.ae_title}-scp",
            daemon=True,
        )
        self._thread.start()
        LOGGER.info("%r listens on %s:%d", self.ae_title, self._bind_address, self.port)

    def let_answers_leave(self, seconds: float) -> None:
        """Wait until no request is being answered, for so long at most."""
        server = self._server
        if server is not None:
            server.requests.wait_for_none(seconds)

    def stop(self) -> None:
        """End listening and, after a short grace for running requests, all associations."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        self._thread.join()
        server.requests.wait_for_none(_GRACE_SECONDS)
        _let_answers_leave(server.active_associations)
        _end_all(server.active_associations)
        self._peers.clear()
        LOGGER.info("%r no longer listens on port %d", self.ae_title, self.port)

    def _open(self) -> list[Association]:
        return self._server.active_associations if self._server is not None else []

    def _on_refusal(
        self, association: Association, request: DimseServiceType, error: DimseStatusError
    ) -> None:
        exchange = Exchange(
            calling_ae=str(association.requestor.ae_title),
            called_ae=self.ae_title,
            message=type(request).__name__.replace("_", "-"),
            sop_class_uid=sop_class_uid(request),
            sop_instance_uid=sop_instance_uid(request),
            status=error.status,
            comment=error.comment,
            milliseconds=0.0,
            detail="",
            role="scp",
            request=None,
            response=None,
            at=datetime.now(UTC),
        )
        LOGGER.info(
            "%r to %r %s %04XH", exchange.calling_ae, self.ae_title, exchange.message, error.status
        )
        self._on_exchange(exchange)

    def _reason(self, error: OSError) -> str:
        place = f"{self._bind_address}:{self.port}"
        if error.errno == errno.EADDRINUSE:
            return f"{place} is in use by another program"
        if error.errno == errno.EADDRNOTAVAIL:
            return f"{place}: this computer does not have the address {self._bind_address}"
        if error.errno == errno.EACCES:
            return f"{place}: this port needs administrator's rights"
        reason = os.strerror(error.errno) if error.errno else str(error)
        return f"{place} cannot be listened on: {reason}"


def _prepare(event: evt.Event) -> None:
    send_at_once(event)
    install_checkpoint(event.assoc)


def offered_context(context: PresentationContext) -> PresentationContext:
    """Return a context without deflation, by which kilobytes can become gigabytes.

    It is shared, and not to be changed: making one takes a third of a millisecond.
    """
    return _offered(
        context.abstract_syntax, tuple(context.transfer_syntax), context.scu_role, context.scp_role
    )


@lru_cache(maxsize=4096)
def _offered(
    abstract_syntax: UID | None,
    transfer_syntaxes: tuple[UID, ...],
    scu_role: bool | None,
    scp_role: bool | None,
) -> PresentationContext:
    offered = PresentationContext()
    offered.abstract_syntax = abstract_syntax
    offered.transfer_syntax = [
        syntax for syntax in transfer_syntaxes if syntax != DeflatedExplicitVRLittleEndian
    ]
    if scu_role is not None:
        offered.scu_role, offered.scp_role = scu_role, scp_role
    return offered


def _let_answers_leave(associations: Sequence[Association]) -> None:
    """Wait until what is queued is on its way.

    pynetdicom ends an association on two threads, and one of them closes the connection without
    regard to what the other has still to send.
    """
    established = [association for association in associations if association.is_established]
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and not all(
        association.dul.to_provider_queue.empty() for association in established
    ):
        time.sleep(_LOOK_SECONDS)
    if established:
        # What was taken from the queue last is not told to be sent.
        time.sleep(_SEND_SECONDS)


def _end_all(associations: Sequence[Association]) -> None:
    """End associations side by side: each one takes pynetdicom a tenth of a second."""
    deadline = time.monotonic() + _JOIN_SECONDS
    threads = [Thread(target=_end, args=(one,), daemon=True) for one in associations]
    for thread in threads:
        thread.start()
    for thread in (*threads, *associations):
        thread.join(max(0.0, deadline - time.monotonic()))
    for association in associations:
        if association.is_alive():
            # It is in the middle of a PDU that the peer does not finish or does not take.
            shut_down(association)
            association.join(_JOIN_SECONDS)


def _end(association: Association) -> None:
    if association.is_established:
        # What waits for the answer to a sub-operation is woken.
        association.dimse.msg_queue.put((None, None))
        association.abort()
        return
    # Nothing was associated yet, and an A-ABORT has no place (PS3.8 Table 9-10): the connection is
    # closed, and who waits for an A-ASSOCIATE-RQ is told as at its time limit.
    shut_down(association)
    cast("Any", association.dul.to_user_queue).put(None)

"""A listening AE: a port, the services it offers, and their associations."""

from __future__ import annotations

import errno
import logging
import os
import time
from contextlib import suppress
from socket import SHUT_RDWR
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom import evt

from tdwii_gui.dicom.errors import ListenError
from tdwii_gui.dicom.net.dispatch import Dispatcher
from tdwii_gui.dicom.net.exchange import Exchange, ignore
from tdwii_gui.dicom.net.host_server import (
    AcceptedRequest,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pynetdicom.association import Association

    from tdwii_gui.dicom.net.dispatch import Service

LOGGER = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.002
_SEND_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 1.0


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
    on_associations : Callable[[tuple[OpenAssociation, ...]], None]
        Is called when an association is accepted or ends, and while objects arrive.
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
        on_exchange: Callable[[Exchange], None] = ignore,
        on_associations: Callable[[tuple[OpenAssociation, ...]], None] = no_associations,
    ) -> None:
        self.ae_title = ae_title
        self.port = port
        self._bind_address = bind_address
        self._dispatcher = Dispatcher(ae_title, services, on_exchange)
        self._peers = OpenAssociations(on_associations)
        self._ae = make_ae(ae_title, timeouts or Timeouts())
        self._ae.maximum_associations = maximum_associations
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
                self._ae,
                (self._bind_address, self.port),
                self.ae_title,
                SharedContexts(self._dispatcher.contexts),
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


def _end(association: Association) -> None:
    if association.is_established:
        # What waits for the answer to a sub-operation is woken.
        association.dimse.msg_queue.put((None, None))
        association.abort()
        return
    # Nothing was associated yet, and an A-ABORT has no place (PS3.8 Table 9-10): the connection is
    # closed, and who waits for an A-ASSOCIATE-RQ is told as at its time limit.
    connection = association.dul.socket
    if connection is not None and connection.socket is not None:
        with suppress(OSError):
            connection.socket.shutdown(SHUT_RDWR)
    cast("Any", association.dul.to_user_queue).put(None)

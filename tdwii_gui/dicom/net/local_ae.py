"""The own side of an association: title, time limits, and pynetdicom set up for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import TYPE_CHECKING

from pynetdicom import AE, _config

from tdwii_gui.dicom.iod.part10 import accept_foreign_values
from tdwii_gui.dicom.net.closing_socket import ClosingSocket
from tdwii_gui.dicom.net.exchange import Exchange, ignore
from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.net.tap import NO_TAP, Tap
from tdwii_gui.dicom.net.tls import NO_FILES, TlsFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.transport import AddressInformation


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits in seconds: TCP connection, association, DIMSE message, idle connection."""

    connect: float = 3.0
    acse: float = 5.0
    dimse: float = 15.0
    network: float = 60.0


@dataclass(frozen=True, slots=True)
class LocalAe:
    """The own side of an association.

    Parameters
    ----------
    on_exchange : Callable[[Exchange], None]
        Is called on the thread that asked.
    tls : TlsFiles
        For peers whose entry in the AE directory has "TLS".
    tap : Tap
        Is told what travels on the associations.
    faults : Faults
        What goes wrong on purpose.
    """

    ae_title: str
    timeouts: Timeouts = Timeouts()
    on_exchange: Callable[[Exchange], None] = ignore
    tls: TlsFiles = NO_FILES
    tap: Tap = NO_TAP
    faults: Faults = field(default_factory=Faults)


class OurAe(AE):
    """An AE whose connections are closed when they end, and tapped."""

    tap: Tap = NO_TAP

    def _create_socket(
        self,
        assoc: Association,
        address: AddressInformation,
        tls_args: tuple[SSLContext, str] | None,
    ) -> ClosingSocket:
        connection = ClosingSocket(assoc, address=address)
        connection.tls_args = tls_args
        connection.tap = self.tap
        # A connection that hangs is not to keep the program from ending.
        assoc.dul.daemon = True
        return connection


def make_ae(ae_title: str, timeouts: Timeouts) -> OurAe:
    """Return an AE with all time limits set, and pynetdicom's own message logging off."""
    # pynetdicom knows these for the whole process only. Its logs would hold patient data; and a
    # stored file is to be sent as it is, without being decoded.
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    _config.STORE_SEND_CHUNKED_DATASET = True
    accept_foreign_values()
    ae = OurAe(ae_title)
    ae.connection_timeout = timeouts.connect
    ae.acse_timeout = timeouts.acse
    ae.dimse_timeout = timeouts.dimse
    ae.network_timeout = timeouts.network
    return ae


def send_at_once(event: Event) -> None:
    """Switch off Nagle's algorithm, which stalls each message by 40 ms (EVT_CONN_OPEN)."""
    association_socket = event.assoc.dul.socket
    if association_socket is not None and association_socket.socket is not None:
        association_socket.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)


def limit_waiting(event: Event, seconds: float) -> None:
    """Have a connection end when the peer, in the middle of a PDU, does not read or send on.

    WORKAROUND for pynetdicom 3.0: it waits without end (EVT_CONN_OPEN).
    """
    association_socket = event.assoc.dul.socket
    if association_socket is not None and association_socket.socket is not None:
        association_socket.socket.settimeout(seconds)

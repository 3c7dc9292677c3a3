"""A connection that pynetdicom's threads would leave behind broken: it is ended, and told of once.

WORKAROUND for pynetdicom 3.0: an error while a PDU is handled, and an event that the state table
(PS3.8 Table 9-10) does not have, such as our answer after the peer's abort, end one thread with a
traceback; the other one waits for its time limit, and the connection stays open.
"""

from __future__ import annotations

import logging
import struct
from contextlib import suppress
from queue import Empty
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom.fsm import InvalidEventError
from pynetdicom.pdu_primitives import A_P_ABORT

from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.net.association_request import abort_pdu

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association

LOGGER = logging.getLogger(__name__)

UPPER_LAYER_ERRORS: Final = (
    *PYDICOM_ERRORS,
    AssertionError,
    Empty,
    InvalidEventError,
    RuntimeError,
    struct.error,
)
"""What pynetdicom raises on what it cannot handle."""

_IDLE: Final = "Sta1"


def contained(association: Association, act: Callable[[str], None]) -> Callable[[str], None]:
    """Return the action of an upper layer's state machine so that its errors end the connection."""
    machine = association.dul.state_machine

    def contained_act(event: str) -> None:
        try:
            act(event)
        except UPPER_LAYER_ERRORS as error:
            LOGGER.info("connection ended: %s in %s", event, machine.current_state)
            LOGGER.debug("%s", type(error).__name__, exc_info=True)
            # An event out of turn comes when the connection is about to end anyway.
            end_connection(association, told=not isinstance(error, InvalidEventError))
        else:
            if machine.current_state == _IDLE and _awaits_request(association):
                cast("Any", association.dul.to_user_queue).put(None)

    return contained_act


def end_connection(association: Association, *, told: bool) -> None:
    """End a connection at once, and have the threads of the association end.

    Parameters
    ----------
    told : bool
        Whether the peer is sent an A-ABORT (PS3.8 9.3.8).
    """
    dul = association.dul
    connection = dul.socket
    if connection is not None:
        if told:
            connection.send(abort_pdu(0))
        connection.close()
    dul.kill_dul()
    awaits_request = _awaits_request(association)
    cast("Any", dul.to_user_queue).put(None if awaits_request else A_P_ABORT())


def shut_down(association: Association) -> None:
    """End a connection that another thread may be reading from."""
    connection = association.dul.socket
    if connection is not None and connection.socket is not None:
        with suppress(OSError):
            # Not that of a TLS socket, which changes what its reading thread uses.
            socket.shutdown(connection.socket, SHUT_RDWR)


def _awaits_request(association: Association) -> bool:
    return association.is_acceptor and association.requestor.primitive is None

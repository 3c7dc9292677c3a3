"""Associations that peers request: what pynetdicom leaves to be done.

pynetdicom answers C-MOVE and C-GET by decoding and encoding each object again, names itself as
the Move Originator (PS3.7 9.1.1.1.6 wants the AE that asked), and drops malformed requests without
an answer. Here the responses to all requests are left to their handler (see `responses`), a
malformed request ends the association, and a data set is decoded only once its structure is
checked.
"""

from __future__ import annotations

import logging
from threading import current_thread
from typing import TYPE_CHECKING, Final, cast

from pynetdicom import evt
from pynetdicom.association import Association

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.accepted_socket import LONGEST_PDU, AcceptedSocket
from tdwii_gui.dicom.net.broken_connection import UPPER_LAYER_ERRORS, end_connection
from tdwii_gui.dicom.net.command_fields import OPERATIONS
from tdwii_gui.dicom.net.message_reader import read_messages
from tdwii_gui.dicom.net.object_intake import ObjectIntake, discard
from tdwii_gui.dicom.net.request_check import check_request, refusal

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import DimseServiceType
    from pynetdicom.pdu_primitives import P_DATA

    from tdwii_gui.dicom.net.association_request import AssociationRequest
    from tdwii_gui.dicom.net.host_server import HostServer
    from tdwii_gui.dicom.net.tap import ConnectionTap

LOGGER = logging.getLogger(__name__)

_EVENTS: Final = {each.primitive: each.event for each in OPERATIONS}
_INVALID_PDU: Final = "Evt19"


class AcceptedAssociation(Association):
    """An association that a peer requested.

    pynetdicom makes an `Association`, which is then given this class and `begin`.
    """

    def begin(self, request: AssociationRequest, told: ConnectionTap) -> None:
        """Take over, with the request that was read already."""
        self._message_bytes = 0
        # A connection that hangs is not to keep the program from ending.
        self.dul.daemon = True
        # pynetdicom has no parameters for these classes and methods.
        connection = cast("AcceptedSocket", self.dul.socket)
        connection.__class__ = AcceptedSocket
        longest = max(LONGEST_PDU, self.acceptor.maximum_length or 0)
        connection.begin(request.encoded, longest, told)
        read_messages(self)
        self._intake = ObjectIntake(self, self._host.open_object, self._may_take)
        self._act = self.dul.state_machine.do_action
        self.dimse.receive_primitive = self._receive_limited  # type: ignore[method-assign]
        self.dul.state_machine.do_action = self._act_refusing  # type: ignore[method-assign]

    def run(self) -> None:
        """Serve the association, on its thread; an error ends the connection."""
        try:
            super().run()
        except UPPER_LAYER_ERRORS as error:
            self._note("sent what cannot be handled", f": {type(error).__name__}")
            LOGGER.debug("association ended", exc_info=True)
            end_connection(self, told=True)
        finally:
            self._intake.end()

    def _act_refusing(self, event: str) -> None:
        if event == _INVALID_PDU:
            connection = cast("AcceptedSocket", self.dul.socket)
            connection.refuse("sent a malformed PDU or message")
            self._note(connection.refused)
        self._act(event)

    def _may_take(self, size: int) -> bool:
        self._message_bytes += size
        if self._message_bytes <= self._host.largest_message:
            return True
        cast("AcceptedSocket", self.dul.socket).refuse("sent a message that is too large")
        return False

    def _receive_limited(self, primitive: P_DATA) -> None:
        values = primitive.presentation_data_value_list
        if not self._may_take(sum(len(value) for _, value in values)):
            self.dimse.message = None
            self.dul.event_queue.put(_INVALID_PDU)
            return
        self._intake.receive(primitive)
        if self.dimse.message is None:
            self._message_bytes = 0

    def _serve_request(self, msg: DimseServiceType, context_id: int) -> None:
        self._answer_one(msg, context_id)
        # N-EVENT-REPORT is served on a thread of its own.
        if current_thread() is self:
            self._serve_more()

    def _serve_more(self) -> None:
        """Serve requests as they come, until there is something else to do.

        WORKAROUND for pynetdicom 3.0: its reactor sleeps a millisecond before each look.
        """
        while self.is_established and not self._kill:
            self._is_paused = True
            self._reactor_checkpoint.wait()
            context_id, msg = self.dimse.get_msg(block=False)
            if msg is not None and context_id is not None:
                self._answer_one(msg, context_id)
            elif not self._is_idle():
                return

    def _answer_one(self, msg: DimseServiceType, context_id: int) -> None:
        with self._host.requests:
            try:
                self._answer(msg, context_id)
            finally:
                discard(msg)

    def _is_idle(self) -> bool:
        dul = self.dul
        return dul.to_user_queue.empty() and dul.is_alive() and not dul.idle_timer_expired()

    def _answer(self, msg: DimseServiceType, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        if not msg.is_valid_request:
            self._note("sent a malformed request: aborted", f" ({msg.msg_type})")
            self.abort()
            return
        if context is None:
            self._note("used a presentation context that was not accepted: aborted")
            self.abort()
            return
        try:
            check_request(msg, context)
        except DimseStatusError as error:
            self._host.on_refusal(self, msg, error)
            self.dimse.send_msg(refusal(msg, error), context_id)
            return
        event = _EVENTS.get(type(msg))
        if event is not None and not self._sent_release:
            self._serve(event, msg, context_id)

    def _serve(
        self, event: evt.InterventionEvent, request: DimseServiceType, context_id: int
    ) -> None:
        self._is_paused = True  # the sub-operations of C-GET read the responses themselves
        evt.trigger(
            self,
            event,
            {
                "request": request,
                "context": self._accepted_cx[context_id].as_tuple,
                "_is_cancelled": self._is_cancelled,
            },
        )
        self._is_paused = False

    def _is_cancelled(self, message_id: int) -> bool:
        return self.dimse.cancel_req.pop(message_id, None) is not None

    def _note(self, reason: str, detail: str = "") -> None:
        self._host.peer_log.note(str(self.requestor.address), reason, detail)

    @property
    def _host(self) -> HostServer:
        return cast("HostServer", self._server)

"""Associations that peers request: the server and what pynetdicom leaves to be done.

pynetdicom answers C-MOVE and C-GET by decoding and encoding each object again, names itself as
the Move Originator (PS3.7 9.1.1.1.6 wants the AE that asked), and drops malformed requests without
an answer. Here both retrievals are left to their handler, and a malformed request ends the
association.
"""

from __future__ import annotations

import logging
from socketserver import BaseServer
from threading import Condition
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import DimseServiceType

LOGGER = logging.getLogger(__name__)

_RETRIEVALS: Final = {C_MOVE: evt.EVT_C_MOVE, C_GET: evt.EVT_C_GET}


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


class AcceptedAssociation(Association):
    """An association that a peer requested."""

    def _serve_request(self, msg: DimseServiceType, context_id: int) -> None:
        with cast("HostServer", self._server).requests:
            self._answer(msg, context_id)

    def _answer(self, msg: DimseServiceType, context_id: int) -> None:
        event = _RETRIEVALS.get(type(msg))
        if not msg.is_valid_request:
            LOGGER.warning("%r sent a malformed %s: aborted", self.requestor.ae_title, msg.msg_type)
            self.abort()
        elif event is None or context_id not in self._accepted_cx:
            super()._serve_request(msg, context_id)
        else:
            self._serve_retrieval(event, msg, context_id)

    def _serve_retrieval(
        self, event: evt.InterventionEvent, request: DimseServiceType, context_id: int
    ) -> None:
        self.dimse.cancel_req = {}
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
        self.dimse.cancel_req = {}

    def _is_cancelled(self, message_id: int) -> bool:
        return self.dimse.cancel_req.pop(message_id, None) is not None


class AcceptedRequest(RequestHandler):
    """A new connection."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        # pynetdicom has no parameter for the class of the association.
        association.__class__ = AcceptedAssociation
        return association


class HostServer(ThreadedAssociationServer):
    """A listening socket and its associations."""

    # These threads only begin an association: the end of listening waits for them.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.requests = RunningRequests()
        super().__init__(*arguments, **options)

    def service_actions(self) -> None:
        """Do nothing between requests.

        pynetdicom collects all of Python's garbage here, every few seconds and for each server:
        that halts the whole process, and it destroys widgets on a network thread.
        """

    def shutdown(self) -> None:
        """End listening; `serve_forever` returns."""
        # Not pynetdicom's, which takes for granted that AE.start_server() made the server.
        BaseServer.shutdown(self)
        self.server_close()

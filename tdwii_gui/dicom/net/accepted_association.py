"""Associations that peers request: what pynetdicom leaves to be done.

pynetdicom answers C-MOVE and C-GET by decoding and encoding each object again, names itself as
the Move Originator (PS3.7 9.1.1.1.6 wants the AE that asked), and drops malformed requests without
an answer. Here both retrievals are left to their handler, and a malformed request ends the
association.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, cast

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import DimseServiceType

    from tdwii_gui.dicom.net.host_server import HostServer

LOGGER = logging.getLogger(__name__)

_RETRIEVALS: Final = {C_MOVE: evt.EVT_C_MOVE, C_GET: evt.EVT_C_GET}


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

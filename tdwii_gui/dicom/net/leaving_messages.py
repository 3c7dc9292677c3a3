"""Messages on their way out, and what goes wrong with them on purpose: delay, abort, alteration."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pydicom.uid import UID
from pynetdicom.dimse_primitives import C_CANCEL
from pynetdicom.dsutils import decode, encode

from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.net.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.dicom.net.faults import Faults

_DATA_SETS: Final = {
    "C_FIND": "Identifier",
    "C_GET": "Identifier",
    "C_MOVE": "Identifier",
    "N_ACTION": "ActionInformation",
    "N_CREATE": "AttributeList",
    "N_EVENT_REPORT": "EventInformation",
    "N_SET": "ModificationList",
}


class LeavingMessages:
    """The messages that leave on an association. To be asked only while faults are active."""

    def __init__(self, association: Association, faults: Faults) -> None:
        self._association = association
        self._faults = faults

    def may_leave(self, message: str, type_id: int = 0) -> bool:
        """Hold a message back for a while; return False if the association was aborted instead.

        Parameters
        ----------
        message : str
            The service, e.g. ``"N-SET"``, of the request or response.
        type_id : int
            The Action or Event Type ID; 0 without one.
        """
        peer = peer_of(self._association)
        self._faults.delay(message, peer, type_id)
        fault = self._faults.strike(FaultKind.ABORT, message=message, peer=peer, type_id=type_id)
        if fault is None:
            return True
        association = self._association
        # The association's own thread may stand still, and has to take part.
        association._reactor_checkpoint.set()
        association.abort()
        # Who waits for a response gets none.
        association.dimse.msg_queue.put((None, None))
        return False

    def altered(
        self, message: str, type_id: int, encoded: bytes, syntax: str
    ) -> tuple[bytes, Dataset | None]:
        """Return the data set of a message as it is to be sent, and decoded if it was altered.

        Parameters
        ----------
        encoded : bytes
            In the transfer syntax of the message's presentation context; may be empty.
        """
        kinds = (FaultKind.ALTER_ATTRIBUTE, FaultKind.REMOVE_ATTRIBUTE)
        if not encoded or not any(fault.kind in kinds for fault in self._faults.active):
            return encoded, None
        uid, peer = UID(syntax), peer_of(self._association)
        how = (uid.is_implicit_VR, uid.is_little_endian, uid.is_deflated)
        try:
            dataset = decode(BytesIO(encoded), *how)

            def applies(fault: Fault) -> bool:
                return fault.change.applies(dataset)

            struck = [
                fault
                for kind in kinds
                for fault in self._faults.strike_all(
                    kind, message=message, peer=peer, type_id=type_id, applies=applies
                )
            ]
            for fault in struck:
                fault.change.apply(dataset)
            changed = encode(dataset, *how) if struck else None
        except PYDICOM_ERRORS:
            return encoded, None
        return (encoded, None) if changed is None else (changed, dataset)


class LeavingRequests:
    """Stands between pynetdicom's requests and the association that they leave on.

    Parameters
    ----------
    on_request : Callable[[Dataset or None], None]
        Is told of each message, before it leaves: its data set if it was altered.
    """

    def __init__(
        self,
        association: Association,
        faults: Faults,
        on_request: Callable[[Dataset | None], None],
    ) -> None:
        self._on_request = on_request
        self._association = association
        self._faults = faults
        self._messages = LeavingMessages(association, faults)
        self._send = association.dimse.send_msg
        # pynetdicom has no event in which a message could be held back or changed.
        association.dimse.send_msg = self._send_message  # type: ignore[method-assign]

    def _send_message(self, primitive: Any, context_id: int) -> None:
        altered: Dataset | None = None
        if self._faults.is_active and not isinstance(primitive, C_CANCEL):
            name = type(primitive).__name__
            message, type_id = name.replace("_", "-"), type_id_of(primitive)
            if not self._messages.may_leave(message, type_id):
                return
            altered = self._alter(primitive, message, type_id, context_id)
        self._on_request(altered)
        self._send(primitive, context_id)

    def _alter(self, primitive: Any, message: str, type_id: int, context_id: int) -> Dataset | None:
        keyword = _DATA_SETS.get(type(primitive).__name__)
        content = getattr(primitive, keyword, None) if keyword else None
        context = self._association._accepted_cx.get(context_id)
        if keyword is None or content is None or context is None:
            return None
        syntax = context.transfer_syntax[0]
        encoded, altered = self._messages.altered(message, type_id, content.getvalue(), syntax)
        if altered is not None:
            setattr(primitive, keyword, BytesIO(encoded) if encoded else None)
        return altered


def peer_of(association: Association) -> str:
    """Return the AE title at the other end."""
    other = association.acceptor if association.is_requestor else association.requestor
    return str(other.ae_title)


def type_id_of(request: Any) -> int:
    """Return the Action or Event Type ID of a request; 0 without one."""
    for keyword in ("ActionTypeID", "EventTypeID"):
        value = getattr(request, keyword, None)
        if value is not None:
            return int(value)
    return 0

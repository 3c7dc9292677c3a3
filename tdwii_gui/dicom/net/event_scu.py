"""The association on which an SCP reports events (PS3.4 CC.2.4, F.9, J.3.3)."""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pynetdicom import build_context, build_role
from pynetdicom.dsutils import encode

from tdwii_gui.dicom.net.event_kind import UPS_EVENTS, EventKind
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.leaving_messages import LeavingMessages
from tdwii_gui.dicom.net.message_writer import BytesDataset, MessageWriter, encode_command
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.store.encoding import decode

if TYPE_CHECKING:
    from pydicom.uid import UID
    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.sending_turn import SendingTurn

_MESSAGE: Final = "N-EVENT-REPORT"
_SHORT: Final = Struct("<H")
_N_EVENT_REPORT_RQ: Final = 0x0100
_WITH_DATA_SET: Final = 0x0001
_WITHOUT_DATA_SET: Final = 0x0101


class EventScu(Session):
    """An association to report events: we invoke the operation, and are the SCP of their class."""

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        kind: EventKind = UPS_EVENTS,
        turn: SendingTurn | None = None,
    ) -> None:
        self._kind = kind
        self._turn = turn
        # A requestor is the SCU unless it proposes otherwise (PS3.7 D.3.3.4). Peers that ignore
        # the proposal receive events all the same.
        roles = [build_role(kind.context_uid, scp_role=True)]
        super().__init__(local, peer, [build_context(kind.context_uid)], roles)

    def n_event_report(self, event_type: int, sop_instance_uid: str, encoded: bytes) -> int:
        """Report an event; return the status of its answer.

        Parameters
        ----------
        event_type : int
            The Event Type ID.
        sop_instance_uid : str
            The instance it tells about.
        encoded : bytes
            The Event Information in explicit VR little endian; may be empty.

        Raises
        ------
        DimseStatusError
            If the status is a failure.
        AssociationError
            If there is no answer.
        """
        kind, information = self._kind, _decoded(encoded)

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            uid = self.accepted(kind.context_uid)
            contexts = association.accepted_contexts
            context = next(one for one in contexts if one.abstract_syntax == uid)
            sent = _encoded(encoded, context.transfer_syntax[0]) if encoded else b""
            command = _command(kind, event_type, sop_instance_uid, message_id, bool(sent))
            self._observed.altered = None
            if self.local.faults.is_active:
                leaving = LeavingMessages(association, self.local.faults)
                if not leaving.may_leave(_MESSAGE, event_type):
                    return Dataset(), None
                syntax = context.transfer_syntax[0]
                sent, self._observed.altered = leaving.altered(_MESSAGE, event_type, sent, syntax)
                command = _command(kind, event_type, sop_instance_uid, message_id, bool(sent))
            # pynetdicom takes three times as long to build the same bytes, and with many
            # subscribers that is what the last of them waits for.
            dataset = BytesDataset(sent) if sent else None
            with nullcontext() if self._turn is None else self._turn.taken():
                MessageWriter(association).write(context.context_id or 0, command, dataset)
            return _answer(association)

        request = Request(_MESSAGE, kind.sop_class_uid, sop_instance_uid, information)
        detail = kind.words(event_type, information)
        return self._ask(request, send, detail=lambda _command: detail).status


def _command(
    kind: EventKind, event_type: int, sop_instance_uid: str, message_id: int, has_data_set: bool
) -> bytes:
    """Return the command of an N-EVENT-REPORT-RQ (PS3.7 Table 10.3-1)."""
    return encode_command(
        {
            0x0002: _uid(kind.sop_class_uid),
            0x0100: _SHORT.pack(_N_EVENT_REPORT_RQ),
            0x0110: _SHORT.pack(message_id),
            0x0800: _SHORT.pack(_WITH_DATA_SET if has_data_set else _WITHOUT_DATA_SET),
            0x1000: _uid(sop_instance_uid),
            0x1002: _SHORT.pack(event_type),
        }
    )


# An event goes to many receivers, one after the other.
@lru_cache(maxsize=64)
def _decoded(encoded: bytes) -> Dataset:
    return decode(encoded, implicit_vr=False)


@lru_cache(maxsize=64)
def _encoded(information: bytes, syntax: UID) -> bytes:
    encoded = encode(_decoded(information), syntax.is_implicit_VR, syntax.is_little_endian)
    if encoded is None:
        raise ValueError("the event information cannot be encoded")
    return encoded


def _answer(association: Association) -> tuple[Dataset, Dataset | None]:
    """Wait for a response; without one the status is empty, as pynetdicom has it."""
    _, response = association.dimse.get_msg(block=True)
    if response is None:
        association._reactor_checkpoint.set()
        association._handle_no_response()
        return Dataset(), None
    if not response.is_valid_response:
        association.abort()
        return Dataset(), None
    answer = Dataset()
    answer.Status = response.Status
    comment = getattr(response, "ErrorComment", None)
    if comment:
        answer.ErrorComment = comment
    return answer, None


def _uid(text: str) -> bytes:
    value = text.encode("ascii")
    return value + b"\0" * (len(value) % 2)

"""Storage commitment as its SCU: asking for it, and receiving the results (PS3.4 J.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.commitment import (
    REQUEST,
    CommitmentEvent,
    commitment_request,
    read_result,
)
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae
from tdwii_gui.dicom.net.exchange import Request, counted
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.iod.commitment import CommitmentResult, Reference
    from tdwii_gui.dicom.net.dispatch import Handler


class CommitmentScu(Session):
    """An association to ask for storage commitment.

    The result comes to a `CommitmentReceiver` of the own AE, on an association that the peer
    requests.
    """

    def __init__(self, local: LocalAe, peer: ApplicationEntity) -> None:
        super().__init__(local, peer, [build_context(STORAGE_COMMITMENT)])

    def request(self, references: Iterable[Reference], transaction_uid: str = "") -> str:
        """Ask for commitment to instances; return the Transaction UID (PS3.4 J.3.2).

        Parameters
        ----------
        transaction_uid : str
            One that was never used; empty for a new one.

        Raises
        ------
        DatasetError
            If there is no instance, or a UID is none.
        DimseStatusError
            If the peer does not process the request.
        NotAccepted, AssociationError
            If it does not offer the service, or the association is lost.
        """
        uid = transaction_uid or str(new_uid())
        information = commitment_request(uid, references)

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            return association.send_n_action(
                information,
                REQUEST,
                self.accepted(STORAGE_COMMITMENT),
                STORAGE_COMMITMENT_INSTANCE,
                message_id,
            )

        number = counted(len(information.ReferencedSOPSequence), "object", "objects")
        request = Request("N-ACTION", STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, information)
        self._ask(request, send, detail=lambda _command: f"Storage Commitment Request: {number}")
        return uid


class CommitmentReceiver:
    """Answers the N-EVENT-REPORT of a storage commitment result (PS3.4 J.3.3).

    Parameters
    ----------
    on_result : Callable[[CommitmentResult, str], bool]
        Is called before the answer with the result and who reports it; tells whether there is
        such a transaction.
    """

    def __init__(self, on_result: Callable[[CommitmentResult, str], bool]) -> None:
        self._on_result = on_result

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service: who reports proposes to be the SCP."""
        context = build_context(STORAGE_COMMITMENT)
        context.scu_role = context.scp_role = True
        return [context]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_N_EVENT_REPORT: self._on_event}

    def _on_event(self, event: Event) -> tuple[int, None]:
        if affected_uid(event) != STORAGE_COMMITMENT_INSTANCE:
            raise DimseStatusError(Status.NO_SUCH_SOP_INSTANCE, "not the well-known SOP Instance")
        if event.event_type not in set(CommitmentEvent):
            raise DimseStatusError(Status.NO_SUCH_EVENT_TYPE, f"event type {event.event_type}")
        result = read_result(event.event_information)
        if not self._on_result(result, calling_ae(event)):
            raise DimseStatusError(Status.INVALID_ARGUMENT_VALUE, "no such transaction is open")
        return Status.SUCCESS, None

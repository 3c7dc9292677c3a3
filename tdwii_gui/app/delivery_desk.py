"""Who sits at the device while `tdwii deliver` runs: prints what happens, and answers the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.events import CancelRequested, SessionWaiting
from tdwii_gui.app.console import complain
from tdwii_gui.app.transactions import TransactionPrinter
from tdwii_gui.dicom.errors import ActionNotAllowed

if TYPE_CHECKING:
    from tdwii_gui.actors.cancel_requests import CancelRequest
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.treatment_session import TreatmentSession


class DeliveryDesk:
    """Hears a device, prints its transactions, and answers requests to cancel.

    Parameters
    ----------
    accepts_cancellation : bool
        Whether requests are accepted, or declined.

    Attributes
    ----------
    session : TreatmentSession or None
        The session of the moment.
    """

    def __init__(self, *, accepts_cancellation: bool) -> None:
        self._accepts = accepts_cancellation
        self._printer = TransactionPrinter()
        self.session: TreatmentSession | None = None

    def hear(self, event: ActorEvent) -> None:
        """Take an event, on the thread on which it happens."""
        self._printer.hear(event)
        match event:
            case SessionWaiting(reason=reason) if reason:
                complain(f"waiting for the TMS: {reason}")
            case CancelRequested(request=request):
                self._answer(request)

    def close(self) -> None:
        """Print what is held back."""
        self._printer.close()

    def _answer(self, request: CancelRequest) -> None:
        reason = request.reason or (request.code.meaning if request.code else "no reason given")
        contact = ", ".join(filter(None, (request.contact_name, request.contact_uri)))
        asked = f"{request.requesting_ae or 'the TMS'} asks to cancel: {reason}"
        complain(f"{asked}; contact: {contact}" if contact else asked)
        session = self.session
        if session is None:
            return
        try:
            session.answer_cancel_request(self._accepts)
        except ActionNotAllowed as error:
            complain(f"the request to cancel waits: {error}")
        else:
            complain(f"the request to cancel is {'accepted' if self._accepts else 'declined'}")

"""Requests of a TMS to cancel steps in progress, until they are answered (PS3.4 CC.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.ups_event import EventReport


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """A request to cancel a step; its texts are the requester's, and may be empty.

    Parameters
    ----------
    sop_instance_uid : str
        The step.
    requesting_ae : str
        Who asks.
    reason, code : str, Code or None
        Why.
    contact_name, contact_uri : str
        Whom to ask back, and how.
    """

    sop_instance_uid: str
    requesting_ae: str
    reason: str
    code: Code | None
    contact_name: str
    contact_uri: str

    @classmethod
    def of(cls, report: EventReport) -> CancelRequest:
        """Return the request of a UPS Cancel Requested event."""
        return cls(
            sop_instance_uid=report.sop_instance_uid,
            requesting_ae=report.requesting_ae,
            reason=report.reason,
            code=report.reason_code,
            contact_name=report.contact_name,
            contact_uri=report.contact_uri,
        )


class CancelRequests:
    """The requests that wait for an answer, one of each step; from any thread."""

    def __init__(self) -> None:
        self._requests: dict[str, CancelRequest] = {}
        self._lock = Lock()

    def add(self, request: CancelRequest) -> bool:
        """Take a request in the place of an earlier one; return whether it says anything new."""
        with self._lock:
            before = self._requests.get(request.sop_instance_uid)
            self._requests[request.sop_instance_uid] = request
        return before != request

    def get(self, sop_instance_uid: str) -> CancelRequest | None:
        """Return the request about a step, or None."""
        with self._lock:
            return self._requests.get(sop_instance_uid)

    def remove(self, sop_instance_uid: str) -> CancelRequest | None:
        """Take a request out: it is answered, or its step has ended."""
        with self._lock:
            return self._requests.pop(sop_instance_uid, None)

"""What a request must be before it is handed on, and the answer to one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydicom.uid import UID
from pynetdicom.dimse_primitives import (
    C_ECHO,
    C_FIND,
    C_GET,
    C_MOVE,
    N_ACTION,
    N_CREATE,
    N_EVENT_REPORT,
    N_SET,
)

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError
from tdwii_gui.dicom.iod.structure import Limits, scan
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import VERIFICATION

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import DimseServiceType
    from pynetdicom.presentation import PresentationContext

DATA_SET_LIMITS: Final = Limits(depth=32, items=20_000, elements=100_000)

# Not that of a C-STORE, which the instance store checks where it reads it.
_DATA_SETS: Final = {
    C_FIND: "Identifier",
    C_GET: "Identifier",
    C_MOVE: "Identifier",
    N_ACTION: "ActionInformation",
    N_CREATE: "AttributeList",
    N_EVENT_REPORT: "EventInformation",
    N_SET: "ModificationList",
}
_QUERIES: Final = (C_FIND, C_GET, C_MOVE)
_COMMENT_CHARACTERS: Final = 64


def check_request(request: DimseServiceType, context: PresentationContext) -> None:
    """Check a valid request and the structure of its encoded data set.

    Raises
    ------
    DimseStatusError
        C000H for the identifier of a query or retrieval (PS3.4 C.4.1.1.4), 0110H for the data set
        of a DIMSE-N service, 0211H if C-ECHO and Verification do not go together.
    """
    # pynetdicom would take any message of that class for a C-ECHO.
    if (sop_class_uid(request) == VERIFICATION) != isinstance(request, C_ECHO):
        raise DimseStatusError(Status.UNRECOGNIZED_OPERATION, "only C-ECHO is Verification")
    keyword = _DATA_SETS.get(type(request))
    encoded = getattr(request, keyword).getbuffer() if keyword and _has(request, keyword) else b""
    if not encoded:
        return
    syntax = UID(context.transfer_syntax[0])
    try:
        scan(
            encoded,
            implicit=syntax.is_implicit_VR,
            little_endian=syntax.is_little_endian,
            limits=DATA_SET_LIMITS,
        )
    except DatasetError as error:
        is_query = isinstance(request, _QUERIES)
        status = Status.CANNOT_UNDERSTAND if is_query else Status.PROCESSING_FAILURE
        raise DimseStatusError(status, str(error)) from error


def refusal(request: DimseServiceType, error: DimseStatusError) -> DimseServiceType:
    """Return the response that refuses a request (PS3.7 9.1, 10.1)."""
    response: Any = type(request)()
    response.MessageIDBeingRespondedTo = request.MessageID
    response.AffectedSOPClassUID = sop_class_uid(request) or None
    if hasattr(response, "AffectedSOPInstanceUID"):
        response.AffectedSOPInstanceUID = sop_instance_uid(request) or None
    response.Status = error.status
    response.ErrorComment = error.comment[:_COMMENT_CHARACTERS] or None
    return response  # type: ignore[no-any-return]


def sop_class_uid(request: DimseServiceType) -> str:
    """Return the Affected or Requested SOP Class UID of a request; empty if it has none."""
    affected = getattr(request, "AffectedSOPClassUID", None)
    return str(affected or getattr(request, "RequestedSOPClassUID", None) or "")


def sop_instance_uid(request: DimseServiceType) -> str:
    """Return the Affected or Requested SOP Instance UID of a request; empty if it has none."""
    affected = getattr(request, "AffectedSOPInstanceUID", None)
    return str(affected or getattr(request, "RequestedSOPInstanceUID", None) or "")


def _has(request: DimseServiceType, keyword: str) -> bool:
    return getattr(request, keyword, None) is not None

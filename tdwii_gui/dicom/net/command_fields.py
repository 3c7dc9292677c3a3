"""What each Command Field stands for (PS3.7 E.1), in pynetdicom's terms."""

from __future__ import annotations

from typing import Final, NamedTuple

from pynetdicom import evt
from pynetdicom.dimse_primitives import (
    C_CANCEL,
    C_ECHO,
    C_FIND,
    C_GET,
    C_MOVE,
    C_STORE,
    N_ACTION,
    N_CREATE,
    N_DELETE,
    N_EVENT_REPORT,
    N_GET,
    N_SET,
)

RESPONSE: Final = 0x8000
"""What the Command Field of a response has more than that of its request."""


class Operation(NamedTuple):
    """An operation or notification of DIMSE.

    Parameters
    ----------
    field : int
        The Command Field of its request.
    primitive : type
        Holds the parameters of its request and its response.
    of_request, of_response : str
        The parameter that is the data set; empty where there is none.
    event : InterventionEvent or None
        By which a request is handed to its handler; None for one that has no response.
    """

    field: int
    primitive: type
    of_request: str
    of_response: str
    event: evt.InterventionEvent | None


OPERATIONS: Final = (
    Operation(0x0001, C_STORE, "DataSet", "", evt.EVT_C_STORE),
    Operation(0x0010, C_GET, "Identifier", "Identifier", evt.EVT_C_GET),
    Operation(0x0020, C_FIND, "Identifier", "Identifier", evt.EVT_C_FIND),
    Operation(0x0021, C_MOVE, "Identifier", "Identifier", evt.EVT_C_MOVE),
    Operation(0x0030, C_ECHO, "", "", evt.EVT_C_ECHO),
    Operation(0x0FFF, C_CANCEL, "", "", None),
    Operation(0x0100, N_EVENT_REPORT, "EventInformation", "EventReply", evt.EVT_N_EVENT_REPORT),
    Operation(0x0110, N_GET, "", "AttributeList", evt.EVT_N_GET),
    Operation(0x0120, N_SET, "ModificationList", "AttributeList", evt.EVT_N_SET),
    Operation(0x0130, N_ACTION, "ActionInformation", "ActionReply", evt.EVT_N_ACTION),
    Operation(0x0140, N_CREATE, "AttributeList", "AttributeList", evt.EVT_N_CREATE),
    Operation(0x0150, N_DELETE, "", "", evt.EVT_N_DELETE),
)

"""What queries and retrievals may be, agreed on with the association (PS3.4 C.5; PS3.7 D.3.3.5).

The Service-class-application-information is a byte for each option: 1 asks for it, and in the
answer agrees to it. Relational queries are answered with or without an agreement; dates and times
are matched together only with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.uid import UID

from tdwii_gui.dicom.uids import (
    COMPOSITE_INSTANCE_ROOT_GET,
    COMPOSITE_INSTANCE_ROOT_MOVE,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pynetdicom.events import Event

RELATIONAL: Final = 0
COMBINED_DATE_TIMES: Final = 1

# Fuzzy matching of names, time zones and conversion of multi-frame images there are none.
SUPPORTED_OPTIONS: Final[Mapping[str, frozenset[int]]] = {
    PATIENT_ROOT_FIND: frozenset({RELATIONAL, COMBINED_DATE_TIMES}),
    STUDY_ROOT_FIND: frozenset({RELATIONAL, COMBINED_DATE_TIMES}),
    **dict.fromkeys(
        (PATIENT_ROOT_MOVE, PATIENT_ROOT_GET, STUDY_ROOT_MOVE, STUDY_ROOT_GET),
        frozenset({RELATIONAL}),
    ),
    **dict.fromkeys((COMPOSITE_INSTANCE_ROOT_MOVE, COMPOSITE_INSTANCE_ROOT_GET), frozenset()),
}


def agreement(event: Event) -> dict[str, bytes]:
    """Return the answer to the SOP Class Extended Negotiation of a peer, by SOP class."""
    return {
        uid: _agreed(uid, options)
        for uid, options in offered(event).items()
        if uid in SUPPORTED_OPTIONS
    }


def offered(event: Event) -> Mapping[UID, bytes]:
    """Return what a peer asks for, by SOP class; of any request on its association."""
    return event.assoc.requestor.sop_class_extended


def combines_date_times(event: Event) -> bool:
    """Return whether the dates and times of a C-FIND are matched together."""
    uid = UID(event.context.abstract_syntax)
    options = _agreed(uid, offered(event).get(uid, b""))
    return options[COMBINED_DATE_TIMES : COMBINED_DATE_TIMES + 1] == b"\1"


def _agreed(uid: str, options: bytes) -> bytes:
    supported = SUPPORTED_OPTIONS[uid]
    return bytes(option == 1 and number in supported for number, option in enumerate(options))

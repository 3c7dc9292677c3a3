"""DIMSE status codes by name, and their meaning in words.

The codes are those of PS3.7 Annex C, PS3.4 B.2.3, C.4 and CC.2.
"""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Status (0000,0900) values that this suite sends or tells apart."""

    SUCCESS = 0x0000
    ATTRIBUTES_UNSUPPORTED = 0x0001
    NO_SUCH_ATTRIBUTE = 0x0105
    INVALID_ATTRIBUTE_VALUE = 0x0106
    ATTRIBUTE_LIST_ERROR = 0x0107
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    NO_SUCH_ARGUMENT = 0x0114
    INVALID_ARGUMENT_VALUE = 0x0115
    INVALID_SOP_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    DUPLICATE_TRANSACTION_UID = 0x0131
    UNRECOGNIZED_OPERATION = 0x0211
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    CANNOT_COUNT_MATCHES = 0xA701
    CANNOT_PERFORM_SUBOPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATASET_MISMATCH = 0xA900
    COERCION = 0xB000
    SUBOPERATIONS_WITH_FAILURES = 0xB000
    CANNOT_UNDERSTAND = 0xC000
    CANCELLED = 0xFE00
    PENDING = 0xFF00
    PENDING_KEYS_UNSUPPORTED = 0xFF01

    UPS_CREATED_MODIFIED = 0xB300
    UPS_LOCK_NOT_GRANTED = 0xB301
    UPS_ALREADY_CANCELED = 0xB304
    UPS_VALUES_COERCED = 0xB305
    UPS_ALREADY_COMPLETED = 0xB306
    UPS_FINAL = 0xC300
    UPS_TRANSACTION_UID_WRONG = 0xC301
    UPS_ALREADY_IN_PROGRESS = 0xC302
    UPS_SCHEDULED_ONLY_BY_CREATE = 0xC303
    UPS_FINAL_STATE_UNMET = 0xC304
    UPS_UNKNOWN = 0xC307
    UPS_RECEIVING_AE_UNKNOWN = 0xC308
    UPS_NOT_CREATED_SCHEDULED = 0xC309
    UPS_NOT_IN_PROGRESS = 0xC310
    UPS_CANCEL_ALREADY_COMPLETED = 0xC311
    UPS_PERFORMER_UNREACHABLE = 0xC312
    UPS_PERFORMER_DECLINES = 0xC313
    UPS_ACTION_NOT_APPROPRIATE = 0xC314
    UPS_NO_EVENT_REPORTS = 0xC315


_WORDS: dict[int, str] = {
    0x0000: "success",
    0x0001: "success, some requested attributes are not supported",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0113: "no such event type",
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "SOP class and instance conflict",
    0x0120: "a required attribute is missing",
    0x0121: "a required attribute has no value",
    0x0122: "SOP class not supported",
    0x0123: "no such action",
    0x0124: "not authorized",
    0x0131: "the Transaction UID is already in use",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xA700: "out of resources",
    0xA701: "out of resources, matches cannot be counted",
    0xA702: "out of resources, sub-operations cannot be performed",
    0xA801: "move destination unknown",
    0xA900: "the data set does not match the SOP class or the request",
    0xB000: "done, with warnings or partial failures",
    0xB006: "stored, some elements discarded",
    0xB007: "stored, the data set does not match the SOP class",
    0xC000: "the peer cannot process the data set",
    0xFE00: "canceled",
    0xFF00: "pending",
    0xFF01: "pending, some optional keys are not supported",
    0xB300: "created, with changes made by the TMS",
    0xB301: "subscribed, without the deletion lock",
    0xB304: "the step is already CANCELED",
    0xB305: "accepted, with invalid values coerced",
    0xB306: "the step is already COMPLETED",
    0xC300: "the step is COMPLETED or CANCELED and may no longer be changed",
    0xC301: "the right Transaction UID was not given: another performer owns the step",
    0xC302: "the step is already IN PROGRESS",
    0xC303: "a step becomes SCHEDULED only by its creation",
    0xC304: "the step lacks what its final state requires",
    0xC307: "the step is not known here",
    0xC308: "the Receiving AE is not known to the TMS",
    0xC309: "a step must be created as SCHEDULED",
    0xC310: "the step is not IN PROGRESS",
    0xC311: "the step is already COMPLETED",
    0xC312: "the performer cannot be reached",
    0xC313: "the performer declines to cancel",
    0xC314: "the action is not appropriate for this instance",
    0xC315: "the peer sends no event reports",
}

_GROUPS = (
    (0xA700, 0xA7FF, "out of resources"),
    (0xA900, 0xA9FF, "the data set does not match the SOP class or the request"),
    (0xB000, 0xBFFF, "done, with a warning"),
    (0xC000, 0xCFFF, "failed, the peer cannot process the request"),
)


def status_words(status: int) -> str:
    """Return the meaning of a DIMSE status code in words."""
    if status in _WORDS:
        return _WORDS[status]
    for low, high, words in _GROUPS:
        if low <= status <= high:
            return words
    return "unknown status"


def is_warning(status: int) -> bool:
    """Return whether a status belongs to the warning class (PS3.7 C.3)."""
    return status in (0x0001, 0x0107, 0x0116) or 0xB000 <= status <= 0xBFFF


def is_pending(status: int) -> bool:
    """Return whether a status announces further responses (PS3.7 C.5)."""
    return status in (Status.PENDING, Status.PENDING_KEYS_UNSUPPORTED)


def is_failure(status: int) -> bool:
    """Return whether a status is neither success, warning, pending nor canceled."""
    return not (
        status in (Status.SUCCESS, Status.CANCELLED) or is_warning(status) or is_pending(status)
    )

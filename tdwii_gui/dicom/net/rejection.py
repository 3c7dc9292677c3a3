"""The reasons of an A-ASSOCIATE-RJ in words (PS3.8 9.3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pynetdicom.pdu_primitives import A_ASSOCIATE

if TYPE_CHECKING:
    from datetime import datetime

    from pynetdicom.association import Association

_REASONS: Final = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "our AE title is not known there",
    (1, 7): "the called AE title is not the peer's",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "too many associations at once",
}
_TRANSIENT: Final = 2


def rejection(result: int | None, source: int | None, diagnostic: int | None) -> str:
    """Return whether a rejection lasts and why, e.g. ``"for now: temporary congestion"``."""
    reason = _REASONS.get((source or 0, diagnostic or 0), "reason unknown")
    return f"{'for now' if result == _TRANSIENT else 'for good'}: {reason}"


class RejectionReason(Enum):
    """Why we reject an association: result, source and diagnostic (PS3.8 9.3.4), and words."""

    CALLING_AE_UNKNOWN = (1, 1, 3, "the calling AE title is not known here")
    CALLED_AE_WRONG = (1, 1, 7, "the called AE title is not ours")
    TOO_MANY = (2, 3, 2, "too many associations at once")

    @property
    def codes(self) -> tuple[int, int, int]:
        """Result, source and diagnostic."""
        return self.value[:3]

    @property
    def words(self) -> str:
        """The reason in words, seen from here."""
        return self.value[3]


@dataclass(frozen=True, slots=True)
class RejectionByFault:
    """A reason that is none: a fault has us reject an association."""

    codes: tuple[int, int, int]
    words: str = "a fault is set"


@dataclass(frozen=True, slots=True)
class RejectedAssociation:
    """An association that a peer requested and we rejected.

    Parameters
    ----------
    calling_ae, called_ae : str
        The AE titles as the peer gave them: any characters.
    host : str
        The address it connected from.
    reason : str
        In words, e.g. ``"the called AE title is not ours"``.
    at : datetime
        When, with its time zone.
    """

    calling_ae: str
    called_ae: str
    host: str
    reason: str
    at: datetime


def unread_answer(association: Association) -> A_ASSOCIATE | None:
    """Return the answer to a request for an association that failed, if nobody has read it.

    WORKAROUND for pynetdicom 3.0: it looks whether it is connected some time after it has
    connected. Once a rejection has ended the connection by then, it takes it for one that could not
    be made.
    """
    waiting = association.dul.to_user_queue
    while waiting.qsize():
        answer = waiting.get_nowait()
        if isinstance(answer, A_ASSOCIATE):
            return answer
    return None

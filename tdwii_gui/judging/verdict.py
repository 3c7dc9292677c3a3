"""What is required of a system, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the messages tell of a requirement."""

    MET = "met"
    NOT_MET = "not met"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of the profile that can be observed on the wire.

    Parameters
    ----------
    key : str
        Its short name, e.g. ``"tdd-claims-with-uid"``; never changes.
    role : str
        The value of `actors.suite.Role` that it binds, e.g. ``"tdd"``.
    transaction : str
        E.g. ``"RO-60"``; empty if it belongs to none.
    clause : str
        Where it is written, e.g. ``"PS3.4 CC.2.1.3"``.
    text : str
        In one sentence.
    """

    key: str
    role: str
    transaction: str
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen of a requirement.

    Parameters
    ----------
    ae_title : str
        The system that is judged.
    words : str
        Why, in a sentence; may hold text of a peer.
    messages : tuple[int, ...]
        The recorded messages that prove it, by number; empty if it was not seen.
    """

    requirement: Requirement
    ae_title: str
    outcome: Outcome
    words: str
    messages: tuple[int, ...] = ()

"""What a single message, or a step's whole history, shows of a requirement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids

if TYPE_CHECKING:
    from tdwii_gui.judging.call import Call


_TOLD: Final = 3
"""So many problems make one sentence; more would not be read."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One occasion on which a requirement was met or not.

    Parameters
    ----------
    key : str
        That of the requirement.
    is_met : bool
        Whether it was met on this occasion.
    words : str
        What was seen, in a sentence without its full stop; may hold text of a peer.
    messages : tuple[int, ...]
        The recorded messages that prove it, by number.
    """

    key: str
    is_met: bool
    words: str
    messages: tuple[int, ...]


def observed(key: str, is_met: bool, words: str, *calls: Call) -> Observation:
    """Return an observation that calls prove; each is named by its request and its answer."""
    numbers = dict.fromkeys(number for call in calls for number in call.numbers)
    return Observation(key, is_met, words, tuple(numbers))


def judged(key: str, problems: list[str], good: str, *calls: Call) -> Observation:
    """Return an observation that is met unless there are problems, which are its words then."""
    told = problems[:_TOLD]
    if len(problems) > _TOLD:
        told.append(f"and {len(problems) - _TOLD} more")
    return observed(key, not problems, "; ".join(told) or good, *calls)


def class_words(sop_class_uid: str) -> str:
    """Return the name of a SOP class as a sentence says it, e.g. ``"UPS Pull"``."""
    name = uids.uid_name(sop_class_uid) or "no SOP class"
    return name.removesuffix(" SOP Class").replace("Unified Procedure Step - ", "UPS ")

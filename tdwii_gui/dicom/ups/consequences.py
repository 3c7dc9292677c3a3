"""What an operation on the worklist will do, in words, before it is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from an operation.

    Parameters
    ----------
    effect : str
        What it does, e.g. ``"cancels the step"``.
    receivers : tuple of str
        The AEs to which events become due.
    notes : tuple of str
        What else should be known before it is done.
    is_none : bool
        Whether there is nothing that it would change.
    """

    effect: str
    receivers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_none: bool = False

    def __str__(self) -> str:
        told = "nobody is told of it"
        if self.receivers:
            noun = "subscriber" if len(self.receivers) == 1 else "subscribers"
            told = f"events go to {len(self.receivers)} {noun}: {', '.join(self.receivers)}"
        return "; ".join((self.effect, told, *self.notes))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, e.g. ``"1 step"``, ``"3 steps"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

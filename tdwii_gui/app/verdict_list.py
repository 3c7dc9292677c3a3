"""Verdicts on systems that were judged, as commands print them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.console import say
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.judging.verdict import Verdict

_INDENT: Final = " " * 19
_PROOFS: Final = 5


def say_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print each requirement with its outcome, by system; why where it is not met."""
    for ae_title in dict.fromkeys(verdict.ae_title for verdict in verdicts):
        theirs = [verdict for verdict in verdicts if verdict.ae_title == ae_title]
        say()
        say(ae_title)
        for one in theirs:
            requirement = one.requirement
            head = f"  {one.outcome:<8}  {requirement.transaction or '-':<5}"
            say(f"{head}  {requirement.text} ({requirement.clause})")
            if one.outcome is Outcome.NOT_MET:
                say(f"{_INDENT}{one.words} {_proof(one)}".rstrip())
        counts = Counter(verdict.outcome for verdict in theirs)
        say(f"  {', '.join(f'{counts[outcome]} {outcome}' for outcome in Outcome)}")


def _proof(verdict: Verdict) -> str:
    if not verdict.messages:
        return ""
    numbers = ", ".join(map(str, verdict.messages[:_PROOFS]))
    more = len(verdict.messages) > _PROOFS
    return f"(message{'s' if len(verdict.messages) > 1 else ''} {numbers}{', ...' if more else ''})"

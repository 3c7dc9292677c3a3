"""Numbers and moments of a report in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.evidence.report import SHOWN_MESSAGES
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.evidence.report import Report

_KILO: Final = 1024


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, e.g. ``"1 step"``, ``"1,200 steps"``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def headline(report: Report) -> str:
    """Return the verdict in words."""
    if report.passed is None:
        return "Recorded"
    if report.result is None:
        return "All that was seen is met" if report.passed else finding_count(report)
    if report.passed:
        return "Scenario passed"
    failed = len(report.failed_steps)
    return f"Scenario failed: {counted(failed, 'step')}" if failed else "Scenario not finished"


def finding_count(report: Report) -> str:
    """Return how many requirements are not met."""
    return f"{counted(len(report.unmet), 'requirement')} not met"


def step_count(report: Report) -> str:
    """Return how many steps passed."""
    passed = sum(step.outcome == "passed" for step in report.steps)
    return f"{passed:,} of {len(report.steps):,}"


def requirement_count(report: Report) -> str:
    """Return how many of the requirements that were seen are met."""
    met, unmet = (len(report.requirements(one)) for one in (Outcome.MET, Outcome.NOT_MET))
    return f"{met:,} of {met + unmet:,}"


def messages_left_out(report: Report) -> str:
    """Return where messages are that the report does not show; empty if it shows all."""
    if len(report.shown) == len(report.source.messages):
        return ""
    return (
        f"The first {SHOWN_MESSAGES} messages, and those that prove a finding; all are in "
        "messages.jsonl, and their packets in capture.pcap."
    )


def rungs_left_out(report: Report) -> str:
    """Return how many exchanges the ladder does not show; empty if it shows all."""
    more = report.exchange_count - len(report.exchanges)
    return f"{counted(more, 'later exchange')} not drawn: see messages.jsonl" if more else ""


def between(report: Report) -> str:
    """Return from when to when it was recorded."""
    messages = report.source.messages
    if not messages:
        return "nothing recorded"
    return f"recorded {moment(messages[0].at)} to {clock(messages[-1].at)}"


def moment(at: datetime | None) -> str:
    """Return a moment with its day and time zone."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S (UTC%z)")


def clock(at: datetime) -> str:
    """Return the time of a day with milliseconds."""
    return at.astimezone().strftime("%H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def duration(seconds: float) -> str:
    """Return a duration with a fitting unit."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def size(count: int) -> str:
    """Return a number of bytes with a fitting unit."""
    if count < _KILO:
        return counted(count, "byte")
    if count < _KILO**2:
        return f"{count / _KILO:.1f} KB"
    return f"{count / _KILO**2:.1f} MB"

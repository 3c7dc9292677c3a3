"""What the ladder shows: an exchange, a run of equal ones, or an association that failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.evidence.palette import FAILED, Mark, mark_of
from tdwii_gui.recording.message import AssociationChange

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.evidence.report import Report
    from tdwii_gui.recording.exchanges import MessageSource, RecordedExchange
    from tdwii_gui.recording.message import AssociationEvent

_ORDER: Final = ("creator", "tms", "ost", "tdd", "ppvs")
_ROLE_TITLES: Final = {
    "creator": "Creator",
    "tms": "TMS",
    "ost": "OST",
    "tdd": "TDD",
    "ppvs": "PPVS",
}
_FAILURES: Final = {
    AssociationChange.REJECTED: "association rejected",
    AssociationChange.ABORTED: "association aborted",
    AssociationChange.CLOSED: "connection lost",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """An arrow of the ladder.

    Parameters
    ----------
    sender, receiver : str
        AE titles.
    title, words : str
        What was asked, and what came of it; may hold text of a peer.
    message : int
        The number of the request; 0 if it stands for no message.
    count : int
        How many equal exchanges it stands for.
    """

    sender: str
    receiver: str
    title: str
    words: str
    mark: Mark
    transaction: str
    at: datetime
    milliseconds: float
    message: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Lane:
    """A life line.

    Parameters
    ----------
    ae_title : str
        Whose it is.
    title : str
        The name of its role; empty if that is not known.
    is_external : bool
        Whether it is a system that is none of ours.
    """

    ae_title: str
    title: str
    is_external: bool = False


def lanes_of(report: Report) -> list[Lane]:
    """Return the lanes of all who took part, in the order of the launcher."""
    seen: dict[str, None] = {}
    for exchange in report.exchanges:
        seen.update(dict.fromkeys((exchange.request.sender, exchange.request.receiver)))
    for event in _failures_of(report):
        seen.update(dict.fromkeys((event.calling_ae, event.called_ae)))
    lanes = [
        Lane(ae, role_title(report.roles.get(ae, "")), ae in report.background.external)
        for ae in seen
    ]
    return sorted(lanes, key=lambda lane: _place(report.roles.get(lane.ae_title, "")))


def role_title(role: str) -> str:
    """Return the short name of a role, e.g. ``"TMS"``; empty for what is none."""
    return _ROLE_TITLES.get(role, "")


def rungs_of(report: Report) -> list[Rung]:
    """Return the arrows in their order; equal C-STOREs in a row are one."""
    rungs: list[Rung] = []
    failures = _failures_of(report)
    for exchange in report.exchanges:
        while failures and failures[0].after < exchange.request.number:
            rungs.append(_failure(failures.pop(0)))
        last = rungs[-1] if rungs else None
        rung = _rung(exchange, report.source)
        if last is not None and exchange.service == "C-STORE" and _is_same(last, rung):
            milliseconds = last.milliseconds + rung.milliseconds
            rungs[-1] = replace(last, count=last.count + 1, milliseconds=milliseconds)
        else:
            rungs.append(rung)
    return rungs + [_failure(event) for event in failures]


def took(milliseconds: float) -> str:
    """Return a duration with a fitting unit."""
    if milliseconds >= 10_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "< 1 ms"


def outcome_words(exchange: RecordedExchange, source: MessageSource) -> str:
    """Return what came of an exchange, e.g. ``"success"``, ``"3 matches"``."""
    if exchange.status is None:
        return "no answer" if exchange.needs_response else ""
    if exchange.status == Status.SUCCESS:
        return _counted(exchange, source) or status_words(exchange.status)
    return f"{exchange.status:04X} {status_words(exchange.status)}"


def _counted(exchange: RecordedExchange, source: MessageSource) -> str:
    if exchange.service == "C-FIND":
        return f"{exchange.matches:,} match{'' if exchange.matches == 1 else 'es'}"
    if exchange.service in ("C-MOVE", "C-GET") and exchange.final is not None:
        command = source.message(exchange.final.number).command
        done = tolerant.number(command, "NumberOfCompletedSuboperations")
        if done is not None:
            return f"{done:.0f} object{'' if done == 1 else 's'}"
    return ""


def _rung(exchange: RecordedExchange, source: MessageSource) -> Rung:
    request = exchange.request
    return Rung(
        sender=request.sender,
        receiver=request.receiver,
        title=exchange.title,
        words=outcome_words(exchange, source),
        mark=mark_of(exchange),
        transaction=exchange.transaction,
        at=request.at,
        milliseconds=exchange.milliseconds,
        message=request.number,
    )


def _failures_of(report: Report) -> list[AssociationEvent]:
    """Return how associations failed: an end that broke nothing off is none."""
    used = {exchange.request.association for exchange in report.exchanges}
    broken = {
        exchange.request.association
        for exchange in report.exchanges
        if exchange.status is None and exchange.needs_response
    }
    return [
        event
        for event in report.associations
        if event.change in _FAILURES
        and (event.association in broken or event.association not in used)
        and event.after <= _last_drawn(report)
    ]


def _last_drawn(report: Report) -> int:
    """Return the number of the last message that the ladder can show."""
    if report.exchange_count == len(report.exchanges):
        return max((message.number for message in report.source.messages[-1:]), default=0)
    return report.exchanges[-1].request.number


def _failure(event: AssociationEvent) -> Rung:
    ends = (event.calling_ae, event.called_ae)
    by_requestor = event.by_requestor
    return Rung(
        sender=ends[not by_requestor],
        receiver=ends[by_requestor],
        title=_FAILURES[event.change],
        words=event.detail,
        mark=FAILED,
        transaction="",
        at=event.at,
        milliseconds=0,
        message=0,
    )


def _is_same(one: Rung, other: Rung) -> bool:
    return (one.sender, one.receiver, one.title, one.words, one.transaction) == (
        other.sender, other.receiver, other.title, other.words, other.transaction,
    )  # fmt: skip


def _place(role: str) -> int:
    return _ORDER.index(role) if role in _ORDER else len(_ORDER)

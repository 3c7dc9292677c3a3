"""`verdict.json`: the verdicts of a run for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.evidence.report import Report


def verdict_json(report: Report) -> dict[str, Any]:
    """Return the verdicts as JSON values; a link leads to each message in the report."""
    return {
        "scenario": report.name if report.result else None,
        "title": report.title,
        "passed": report.passed,
        "began": report.began.isoformat() if report.began else None,
        "seconds": round(report.seconds, 3),
        "exchanges": report.exchange_count,
        "failed_exchanges": report.failed_exchanges,
        "steps": [
            {
                "step": step.index + 1,
                "title": step.title,
                "outcome": str(step.outcome),
                "words": step.words,
                "seconds": round(step.seconds, 3),
                "messages": [message.number for message in report.messages_in(step)],
            }
            for step in report.steps
        ],
        "transactions": [
            {
                "transaction": verdict.transaction.number,
                "title": verdict.transaction.title,
                "outcome": str(verdict.outcome),
                "words": verdict.words,
                "exchanges": verdict.count,
                "messages": list(verdict.messages),
                "links": _links(report, verdict.messages),
            }
            for verdict in report.transactions
        ],
        "requirements": [
            {
                "requirement": verdict.requirement.key,
                "role": verdict.requirement.role,
                "ae_title": verdict.ae_title,
                "transaction": verdict.requirement.transaction,
                "clause": verdict.requirement.clause,
                "text": verdict.requirement.text,
                "outcome": str(verdict.outcome),
                "words": verdict.words,
                "messages": list(verdict.messages),
                "links": _links(report, verdict.messages),
            }
            for verdict in report.verdicts
        ],
    }


def _links(report: Report, numbers: Iterable[int]) -> list[str]:
    return [f"report.html#m{number}" for number in numbers if report.shows(number)]

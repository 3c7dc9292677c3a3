"""The report as HTML of the plain kind that Qt lays out on pages; see `ui.report_pdf`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.status import status_words
from tdwii_gui.evidence.attribute_lines import attribute_lines
from tdwii_gui.evidence.html_message import status_mark
from tdwii_gui.evidence.markup import Markup, element, shortened
from tdwii_gui.evidence.palette import COLOURS, OUTCOMES, Mark
from tdwii_gui.evidence.rungs import role_title
from tdwii_gui.evidence.words import (
    clock,
    counted,
    duration,
    finding_count,
    headline,
    messages_left_out,
    moment,
    requirement_count,
    size,
    step_count,
)
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.exchanges import class_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tdwii_gui.evidence.markup import Content
    from tdwii_gui.evidence.report import Report
    from tdwii_gui.judging.verdict import Verdict

SHEET: Final = f"""
body, td, p {{ font-size: 11px; color: {COLOURS["text"]}; }}
h1 {{ font-size: 24px; margin: 2px 0 6px 0; }}
h2 {{ font-size: 15px; margin: 18px 0 6px 0; }}
h3 {{ font-size: 12px; margin: 10px 0 2px 0; }}
p {{ margin: 2px 0; }}
.muted {{ color: {COLOURS["muted"]}; }}
.head {{ font-size: 9px; color: {COLOURS["muted"]}; }}
.small, td.small {{ font-size: 9px; }}
"""
_PROOFS: Final = 12
_PROOF_LINES: Final = 40
_LONGEST_VALUE: Final = 90
_COLUMNS: Final = 4


def front_page(report: Report) -> Markup:
    """Return what comes before the ladder: verdict, findings, transactions, steps."""
    return element("body", list(_front(report)))


def back_pages(report: Report) -> Markup:
    """Return what comes after it: requirements, proofs, the list of messages, the background."""
    return element("body", list(_back(report)))


def _front(report: Report) -> Iterator[Markup]:
    scenario = report.result.scenario if report.result else None
    yield element("p", "EVIDENCE OF A TDW-II RUN", class_="head")
    yield element("h1", report.title)
    if report.passed is not None:
        mark = OUTCOMES["passed" if report.passed else "failed"]
        yield element("p", element("span", _bold(_chip(mark, headline(report))),
                                   style="font-size: 15px"))  # fmt: skip
        if report.result and report.unmet:
            yield element("p", _chip(OUTCOMES["failed"], finding_count(report)))
    yield element("p", moment(report.began), class_="muted")
    if scenario:
        yield element("p", scenario.purpose)
        yield element("p", "Exercises ", ", ".join(scenario.clauses), class_="muted")
    facts = (
        f"{step_count(report)} steps passed" if report.steps else "",
        f"{requirement_count(report)} requirements met" if report.verdicts else "",
        counted(report.exchange_count, "exchange"),
        f"{report.failed_exchanges:,} refused or unanswered",
        duration(report.seconds),
    )
    yield element("p", " · ".join(filter(None, facts)), style="margin-top: 6px")
    yield from _findings(report)
    yield element("h2", "Transactions")
    yield _transactions(report)
    if report.steps:
        yield element("h2", "Scenario")
        yield _steps(report)


def _findings(report: Report) -> Iterator[Markup]:
    if not (report.failed_steps or report.unmet):
        return
    yield element("h2", "Findings")
    for step in report.failed_steps:
        yield element("h3", _chip(OUTCOMES["failed"], f"Step {step.index + 1}: {step.title}"))
        yield element("p", step.words, " ", _numbers(report.failures_in(step)))
    for verdict in report.unmet:
        title = f"{verdict.ae_title}: {verdict.requirement.text}"
        yield element("h3", _chip(OUTCOMES["failed"], title))
        yield element("p", verdict.words)
        yield element("p", _clause(verdict), " ", _numbers(verdict.messages), class_="muted")


def _transactions(report: Report) -> Markup:
    rows = [
        (
            _bold(verdict.transaction.number),
            verdict.transaction.title,
            f"TDD → {role_title(verdict.transaction.responder)}, {verdict.transaction.message}",
            _chip(OUTCOMES[verdict.outcome], verdict.outcome),
            verdict.words,
        )
        for verdict in report.transactions
    ]
    return _table(("", "TRANSACTION", "BETWEEN", "OUTCOME", "WHY"), rows, (8, 27, 20, 12, 33))


def _steps(report: Report) -> Markup:
    rows = [
        (
            str(step.index + 1),
            (_bold(step.title), (element("br"), _muted(step.words)) if step.words else None),
            _chip(OUTCOMES[step.outcome], step.outcome),
            duration(step.seconds),
        )
        for step in report.steps
    ]
    return _table(("", "STEP", "OUTCOME", "TOOK"), rows, (5, 70, 13, 12))


def _requirements(report: Report) -> Iterator[Markup]:
    rows = [
        (
            _chip(OUTCOMES[verdict.outcome], verdict.outcome),
            (verdict.requirement.text, element("br"), _muted(verdict.words)),
            verdict.ae_title,
            _clause(verdict),
            _numbers(verdict.messages, most=3),
        )
        for outcome in (Outcome.NOT_MET, Outcome.MET)
        for verdict in report.requirements(outcome)
    ]
    heads = ("OUTCOME", "REQUIREMENT", "SYSTEM", "CLAUSE", "MESSAGES")
    yield _table(heads, rows, (12, 46, 10, 20, 12))
    unseen = report.requirements(Outcome.NOT_SEEN)
    if unseen:
        yield element("h3", f"{len(unseen)} not seen in this run")
        yield _table(
            ("", "", ""),
            [(one.requirement.text, one.ae_title, _clause(one)) for one in unseen],
            (65, 10, 25),
            class_="small",
        )


def _clause(verdict: Verdict) -> str:
    return " · ".join(filter(None, (verdict.requirement.transaction, verdict.requirement.clause)))


def _back(report: Report) -> Iterator[Markup]:
    if report.verdicts:
        yield element("h2", "Requirements of the profile")
        yield from _requirements(report)
    proofs = sorted(number for number in report.proofs if report.shows(number))
    if proofs:
        yield element("h2", "Messages that prove the findings")
    for number in proofs[:_PROOFS]:
        yield from _proof(report, number)
    if len(proofs) > _PROOFS:
        yield element("p", f"and {len(proofs) - _PROOFS:,} more: see report.html", class_="muted")
    yield element("h2", "Messages")
    if note := messages_left_out(report):
        yield element("p", note, class_="muted")
    rows = [
        (
            f"#{one.number}",
            clock(one.at),
            f"{one.sender} → {one.receiver}",
            one.kind,
            class_name(one.sop_class_uid),
            ""
            if one.status is None
            else _chip(status_mark(one.status), f"{one.status:04X}", "small"),
            size(one.dataset_bytes) if one.dataset_bytes else "",
        )
        for one in report.shown
    ]
    heads = ("", "TIME", "FROM AND TO", "MESSAGE", "ABOUT", "STATUS", "DATA SET")
    yield _table(heads, rows, (6, 12, 24, 20, 20, 9, 9), class_="small")
    yield element("h2", "Background")
    for note in report.background.notes:
        yield element("p", note)
    versions = (f"{name} {version}" for name, version in report.background.versions.items())
    yield element("p", ", ".join(versions), class_="muted")


def _proof(report: Report, number: int) -> Iterator[Markup]:
    message = report.source.message(number)
    one = message.summary
    yield element("h3", f"#{number} {one.kind} {one.sender} → {one.receiver}")
    if one.status is not None:
        comment = f" – {one.comment}" if one.comment else ""
        yield element("p", f"{one.status:04X}H {status_words(one.status)}{comment}")
    if message.dataset is None:
        return
    found = list(islice(attribute_lines(message.dataset), _PROOF_LINES + 1))
    rows = [
        (line.tag, ("\u2007" * 2 * line.depth, line.name), line.vr,
         shortened(line.value, _LONGEST_VALUE))
        for line in found[:_PROOF_LINES]
    ]  # fmt: skip
    yield _table(("", "", "", ""), rows, (12, 44, 5, 39), class_="small")
    if len(found) > _PROOF_LINES:
        yield element("p", "More attributes are in report.html.", class_="muted")


def _table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Content]],
    widths: Sequence[int],
    class_: str | None = None,
) -> Markup:
    head = element(
        "tr",
        [
            element("td", one, class_="head", width=f"{width}%")
            for one, width in zip(heads, widths, strict=True)
        ],
    )
    body = [element("tr", [element("td", cell, class_=class_) for cell in row]) for row in rows]
    return element("table", head if any(heads) else None, body, width="100%", cellspacing=0,
                   cellpadding=3, border=0)  # fmt: skip


def _chip(mark: Mark, words: str, class_: str | None = None) -> Markup:
    tint = COLOURS[f"{mark.tone}_tint"]
    style = f"color: {COLOURS[mark.tone]}; background-color: {tint}"
    return element("span", f"\u2002{mark.glyph} {words}\u2002", class_=class_, style=style)


def _status(status: int | None) -> Content:
    return None if status is None else _chip(status_mark(status), f"{status:04X}", "small")


def _bold(content: Content) -> Markup:
    return element("b", content)


def _muted(text: str) -> Markup:
    return element("span", text, class_="muted") if text else Markup("")


def _numbers(numbers: Sequence[int], most: int = 8) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:most])
    return f"{shown}, …" if len(numbers) > most else shown

"""What the report says of the run: findings, transactions, steps and requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.evidence.html_parts import chip, links, section, table
from tdwii_gui.evidence.markup import Markup, element
from tdwii_gui.evidence.palette import OUTCOMES
from tdwii_gui.evidence.rungs import role_title
from tdwii_gui.evidence.words import duration, requirement_count, step_count
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.evidence.markup import Content
    from tdwii_gui.evidence.report import Report
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.results import StepResult

_SHOWN_LINKS: Final = 2
_ON_PURPOSE: Final = (
    "The scenario passed: all came as it expects. What it has systems do on purpose may still be "
    "none of what the profile requires."
)


def findings(report: Report) -> Markup | None:
    """Return what failed and what is not met, each with the messages that show it."""
    if not (report.failed_steps or report.unmet):
        return None
    failed = [
        element(
            "div",
            element("h3", f"Step {step.index + 1}: {step.title}"),
            element("p", step.words),
            element("p", links(report, report.failures_in(step))),
            class_="finding",
        )
        for step in report.failed_steps
    ]
    unmet = [
        element(
            "div",
            element("h3", f"{verdict.ae_title}: {verdict.requirement.text}"),
            element("p", verdict.words),
            element("p", links(report, verdict.messages), " ", _clause(verdict), class_="muted"),
            class_="finding",
        )
        for verdict in report.unmet
    ]
    why = None
    if report.passed and report.result is not None:
        why = element("p", _ON_PURPOSE, class_="muted")
    return section("findings", "Findings", why, failed, unmet, kind="findings")


def _clause(verdict: Verdict) -> str:
    one = verdict.requirement
    return " · ".join(filter(None, (one.transaction, one.clause)))


def transactions(report: Report) -> Markup:
    """Return a tile per transaction of the profile."""
    tiles = []
    for verdict in report.transactions:
        mark, one = OUTCOMES[verdict.outcome], verdict.transaction
        tiles.append(
            element(
                "div",
                element("div", one.number, chip(mark, verdict.outcome), class_="head"),
                element("h3", one.title),
                element("p", f"TDD → {role_title(one.responder)} · {one.message}"),
                element("p", verdict.words),
                element("p", links(report, verdict.messages, most=4)),
                class_=f"tile {mark.tone}",
            )
        )
    return section("transactions", "Transactions", element("div", tiles, class_="tiles"))


def steps(report: Report) -> Markup | None:
    """Return the steps of the scenario."""
    if not report.steps:
        return None
    rows = [
        (
            step.index + 1,
            (element("b", step.title), element("p", step.words, class_="muted")),
            chip(OUTCOMES[step.outcome], str(step.outcome)),
            duration(step.seconds),
            _span(report, step),
        )
        for step in report.steps
    ]
    columns = ("#number", "Step", "Outcome#tight", "Took#number", "Messages#tight")
    return section(
        "steps", "Scenario", table(columns, rows), remark=f"{step_count(report)} steps passed"
    )


def _span(report: Report, step: StepResult) -> Content:
    messages = report.messages_in(step)
    if len(messages) <= _SHOWN_LINKS:
        return links(report, [message.number for message in messages])
    first, last = (links(report, [messages[place].number]) for place in (0, -1))
    return (first, " … ", last)


def requirements(report: Report) -> Markup | None:
    """Return the requirements by system; those that were not seen are folded away."""
    if not report.verdicts:
        return None
    parts: list[Content] = []
    for ae_title in dict.fromkeys(verdict.ae_title for verdict in report.verdicts):
        own = [verdict for verdict in report.verdicts if verdict.ae_title == ae_title]
        role = role_title(own[0].requirement.role)
        parts.append(element("h3", ae_title, " ", element("span", role, class_="muted")))
        seen, unseen = (
            [one for outcome in outcomes for one in own if one.outcome is outcome]
            for outcomes in ((Outcome.NOT_MET, Outcome.MET), (Outcome.NOT_SEEN,))
        )
        if seen:
            parts.append(_requirement_table(report, seen))
        if unseen:
            title = element("summary", f"{len(unseen)} not seen in this run", class_="muted")
            rows = [(one.requirement.text, _clause(one)) for one in unseen]
            parts.append(element("details", title, table(("Requirement", "Clause#clause"), rows)))
    remark = f"{requirement_count(report)} met"
    return section("requirements", "Requirements of the profile", parts, remark=remark)


def _requirement_table(report: Report, verdicts: Iterable[Verdict]) -> Markup:
    rows = [
        (
            chip(OUTCOMES[verdict.outcome], verdict.outcome),
            (verdict.requirement.text, element("p", verdict.words, class_="muted")),
            _clause(verdict),
            links(report, verdict.messages, most=4),
        )
        for verdict in verdicts
    ]
    columns = ("Outcome#tight", "Requirement", "Clause#clause", "Messages#proof")
    return table(columns, rows)

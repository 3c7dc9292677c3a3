"""`report.html`: one file, no script, nothing from elsewhere, every text of a peer escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.config.resources import resource_path
from tdwii_gui.evidence.html_message import message_block
from tdwii_gui.evidence.html_parts import chip, section, table
from tdwii_gui.evidence.html_verdicts import findings, requirements, steps, transactions
from tdwii_gui.evidence.ladder import Ladder
from tdwii_gui.evidence.markup import Markup, element
from tdwii_gui.evidence.palette import COLOURS, OUTCOMES
from tdwii_gui.evidence.rungs import lanes_of, role_title, rungs_of
from tdwii_gui.evidence.words import (
    between,
    duration,
    finding_count,
    headline,
    messages_left_out,
    moment,
    requirement_count,
    rungs_left_out,
    step_count,
)
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tdwii_gui.evidence.markup import Content
    from tdwii_gui.evidence.report import Report

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Should a text ever come through unescaped, the reader's browser runs and loads nothing."""

_RUNGS_TOGETHER: Final = 5


def write_html(path: Path, report: Report, files: Mapping[str, str]) -> None:
    """Write the report.

    Parameters
    ----------
    files : Mapping[str, str]
        The other files of the pack by name, and what is in them.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for part in _document(report, files):
            file.write(part)


def _document(report: Report, files: Mapping[str, str]) -> Iterator[str]:
    """Yield the document in parts, so that only one message at a time is in memory."""
    colours = "".join(f"--{name}: {colour};" for name, colour in COLOURS.items())
    sheet = resource_path("report.css").read_text(encoding="utf-8")
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n'
    yield element("meta", charset="utf-8")
    yield element("meta", http_equiv="Content-Security-Policy", content=_POLICY)
    yield element("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield element("title", f"{report.title} – {headline(report)}")
    yield f"\n<style>\n:root {{ {colours} }}\n{sheet}</style>\n</head>\n<body>\n"
    yield element("div", "Emulator – not for clinical use", class_="strip")
    yield "\n<main>\n"
    for part in (
        _header(report),
        _navigation(report),
        findings(report),
        transactions(report),
        steps(report),
        _ladder(report),
        requirements(report),
    ):
        if part:
            yield f"{part}\n"
    yield from _messages(report)
    yield _background(report, files)
    yield "\n</main>\n</body>\n</html>\n"


def _header(report: Report) -> Markup:
    scenario = report.result.scenario if report.result else None
    mark = None if report.passed is None else OUTCOMES["passed" if report.passed else "failed"]
    chips: list[Content] = [chip(mark, headline(report), is_big=True)] if mark else []
    if report.result is not None and report.unmet:
        chips.append(chip(OUTCOMES[Outcome.NOT_MET], finding_count(report), is_big=True))
    facts = [
        (step_count(report), "steps passed") if report.steps else None,
        (requirement_count(report), "requirements met") if report.verdicts else None,
        (f"{report.exchange_count:,}", "exchanges"),
        (f"{report.failed_exchanges:,}", "refused or unanswered"),
        (duration(report.seconds), "from begin to end"),
    ]
    return element(
        "header",
        element("div", "Evidence of a TDW-II run", class_="over"),
        element("h1", report.title),
        element("div", chips, " ", element("span", moment(report.began), class_="muted"),
                class_="chips"),
        element("p", scenario.purpose, class_="purpose") if scenario else None,
        element("p", "Exercises ", ", ".join(scenario.clauses), class_="muted")
        if scenario and scenario.clauses
        else None,
        element("div", [_fact(*fact) for fact in facts if fact], class_="facts"),
    )  # fmt: skip


def _fact(value: str, what: str) -> Markup:
    number, of, rest = value.partition(" of ")
    shown = (number, element("small", f" of {rest}")) if of else (value,)
    return element("div", element("b", *shown), element("span", what), class_="fact")


def _navigation(report: Report) -> Markup:
    anchors = (
        ("findings", "Findings", bool(report.failed_steps or report.unmet)),
        ("transactions", "Transactions", True),
        ("steps", "Scenario", bool(report.steps)),
        ("ladder", "Ladder", True),
        ("requirements", "Requirements", bool(report.verdicts)),
        ("messages", "Messages", True),
        ("background", "Background", True),
    )
    return element(
        "nav",
        [element("a", name, href=f"#{anchor}") for anchor, name, is_there in anchors if is_there],
    )


def _ladder(report: Report) -> Markup:
    """Return the ladder as a table: its head stays on the screen and stands on every page."""
    rungs = rungs_of(report)
    picture = Ladder(lanes_of(report), document="")
    groups = [rungs[i : i + _RUNGS_TOGETHER] for i in range(0, len(rungs), _RUNGS_TOGETHER)]
    rows: list[Content] = [
        element("tr", element("td", picture.draw(group, has_head=False))) for group in groups
    ]
    if note := rungs_left_out(report):
        rows.append(element("tr", element("td", picture.draw((), note, has_head=False))))
    body = element(
        "table",
        element("thead", element("tr", element("th", picture.draw(())))),
        element("tbody", rows),
        class_="ladder",
    )
    return section("ladder", "Ladder", body, remark="an arrow leads to its message")


def _messages(report: Report) -> Iterator[str]:
    shown, count = len(report.shown), len(report.source.messages)
    remark = f"{shown:,} of {count:,}" if shown < count else f"{count:,}"
    yield '<section class="card" id="messages">'
    yield element("h2", "Messages", element("small", remark))
    if note := messages_left_out(report):
        yield element("p", note, class_="muted")
    proofs = report.proofs
    known = {exchange.request.number: exchange for exchange in report.exchanges}
    for summary in report.shown:
        message = report.source.message(summary.number)
        exchange = known.get(summary.number)
        yield message_block(message, exchange, is_open=summary.number in proofs)
        yield "\n"
    yield "</section>\n"


def _background(report: Report, files: Mapping[str, str]) -> Markup:
    background = report.background
    who = [
        (role_title(role) or "unknown", ae, "external" if ae in background.external else "emulated")
        for ae, role in sorted(report.roles.items(), key=lambda one: one[1])
    ]
    patients = (
        "The recording holds the patient's data as they were sent."
        if background.patient_data
        else "Names, IDs and dates of patients are pseudonyms."
    )
    parts: list[Content] = [
        element("p", patients),
        [element("p", note) for note in background.notes],
        element("h3", "Systems"),
        table(("Role#tight", "AE title", "In this run#tight"), who),
        element("h3", "Files of this pack"),
        table(
            ("File#tight", "What is in it"),
            [(element("a", name, href=name), words) for name, words in files.items()],
        ),
        element("h3", "Versions"),
        table(("Program#tight", "Version"), list(background.versions.items())),
    ]
    scenario = report.result.scenario.text if report.result else ""
    for title, text in (("Scenario", scenario), ("Configuration", background.configuration)):
        if text:
            parts.append(element("details", element("summary", title), element("pre", text),
                                 class_="screen"))  # fmt: skip
    return Markup(
        section("background", "Background", parts)
        + element("footer", f"{between(report)} · {background.versions.get('tdwii_gui', '')}")
    )

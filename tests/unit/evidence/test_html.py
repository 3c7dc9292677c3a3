"""`report.html` and the ladder: what peers send stays text, and every link leads somewhere."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.status import Status
from tdwii_gui.evidence.html import write_html
from tdwii_gui.evidence.ladder import Ladder
from tdwii_gui.evidence.paper import back_pages, front_page
from tdwii_gui.evidence.report import SHOWN_MESSAGES, Background, Report, make_report
from tdwii_gui.evidence.rungs import lanes_of, rungs_of
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.message import AssociationChange, AssociationEvent
from tdwii_gui.scenario.results import StepOutcome
from tests.unit.evidence.hand_made import START, HandMade, dataset, fraction
from tests.unit.evidence.judged import run, verdict

if TYPE_CHECKING:
    from pathlib import Path

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>\u202e\0]]>"


class Tags(HTMLParser):
    """Collects what a document consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src"):
                self.links.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


def _evil_report() -> Report:
    story = HandMade()
    name = dataset(PatientName=EVIL, PatientComments=EVIL, ProcedureStepState=EVIL)
    name.add_new(0x00091001, "LO", EVIL)
    story.ask(
        "N-ACTION", EVIL, f"TMS{EVIL}", comment=EVIL, dataset=name, instance=EVIL, sop_class=EVIL
    )
    story.ask("N-ACTION", EVIL, "TMS", status=0xC301, comment=EVIL, dataset=name, ActionTypeID=1)
    story.ask("C-FIND", EVIL, "TMS", dataset=dataset(QueryRetrieveLevel=EVIL), matches=[name])
    story.ask("C-MOVE", "TDD", EVIL, sop_class=uids.STUDY_ROOT_MOVE, dataset=name)
    rejected = AssociationEvent(
        START, 2, AssociationChange.REJECTED, EVIL, EVIL, by_requestor=False, after=2, detail=EVIL
    )
    result = run(StepOutcome.PASSED, StepOutcome.FAILED, title=EVIL, words=EVIL)
    judged = [replace(verdict(Outcome.NOT_MET, 1, 2, words=EVIL), ae_title=EVIL)]
    background = Background(
        roles={EVIL: EVIL, "TMS": "tms"},
        external=frozenset({EVIL}),
        configuration=EVIL,
        versions={EVIL: EVIL},
        notes=(EVIL,),
    )
    return make_report(story, result, judged, background, [rejected])


def _html(folder: Path, report: Report, *files: str) -> str:
    path = folder / "report.html"
    write_html(path, report, dict.fromkeys(files, "a file"))
    return path.read_text(encoding="utf-8")


def test_what_a_peer_sends_stays_text_in_the_report(tmp_path: Path) -> None:
    text = _html(tmp_path, _evil_report())
    tags = Tags(text)
    assert not tags.names & {"script", "img", "iframe", "object", "embed", "form", "base", "image"}
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert "<script>alert(1)</script>" in tags.text
    assert "\u202e" not in text
    assert "<U+202E>" in tags.text


def test_what_a_peer_sends_stays_text_on_paper_and_in_the_ladder() -> None:
    report = _evil_report()
    for body in (front_page(report), back_pages(report)):
        assert not Tags(body).names & {"script", "img", "svg"}
    picture = Ladder(lanes_of(report), EVIL).draw(rungs_of(report), EVIL)
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert names == {"svg", "g", "a", "rect", "line", "polygon", "path", "text", "title"}


def test_the_report_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    text = _html(tmp_path, _evil_report())
    assert 'content="default-src &#x27;none&#x27;; style-src' in text
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.UPS_FINAL_STATE_UNMET])
def test_every_link_leads_somewhere(tmp_path: Path, status: Status) -> None:
    (tmp_path / "messages.jsonl").touch()
    outcome = StepOutcome.FAILED if status else StepOutcome.PASSED
    report = make_report(
        fraction(final_status=status),
        run(StepOutcome.PASSED, StepOutcome.PASSED, outcome),
        [verdict(Outcome.NOT_MET, 24, 999), verdict(Outcome.MET, 1, 2)],
        Background(),
    )
    tags = Tags(_html(tmp_path, report, "messages.jsonl"))
    assert len(tags.ids) == len(set(tags.ids))
    for link in tags.links:
        there = link[1:] in tags.ids if link.startswith("#") else (tmp_path / link).exists()
        assert there, link
    assert "#999" not in tags.links
    assert "#m24" in tags.links


def test_findings_stand_first_and_their_messages_are_open(tmp_path: Path) -> None:
    report = make_report(
        fraction(final_status=Status.UPS_FINAL_STATE_UNMET),
        run(StepOutcome.PASSED, StepOutcome.PASSED, StepOutcome.FAILED, words="It was refused."),
        [verdict(Outcome.NOT_MET, 24, words="No station.")],
        Background(),
    )
    text = _html(tmp_path, report)
    assert text.index("It was refused.") < text.index("No station.") < text.index(">RO-60<")
    assert "Scenario failed: 1 step" in text
    for number in (24, 27):
        assert f'id="m{number}" open=""' in text
    assert 'id="m1" open=""' not in text


def test_a_large_recording_stays_a_small_report(tmp_path: Path) -> None:
    story = HandMade()
    for _ in range(5000):
        story.ask("N-SET", "TDD1", "TMS", dataset=dataset(PatientComments="x" * 5000))
    report = make_report(story, None, [verdict(Outcome.NOT_MET, 9000)], Background())
    text = _html(tmp_path, report)
    tags = Tags(text)
    assert sum(one.startswith("m") and one[1:].isdigit() for one in tags.ids) == SHOWN_MESSAGES + 1
    assert "m9000" in tags.ids
    assert "all are in messages.jsonl" in text
    assert "4,600 later exchanges not drawn" in text
    assert len(text) < 1_500_000


def test_large_data_sets_are_cut(tmp_path: Path) -> None:
    story = HandMade()
    items = [dataset(PatientComments="y" * 1000) for _ in range(500)]
    story.ask("N-SET", "TDD1", "TMS", dataset=dataset(PerformedProcessingParametersSequence=items))
    text = _html(tmp_path, make_report(story, None, [], Background()))
    assert "The first 200 attributes" in text
    assert "y" * 300 not in text


def test_equal_stores_are_one_arrow_and_the_lanes_have_an_order() -> None:
    report = make_report(fraction(), None, [], Background(external=frozenset({"TDD1"})))
    rungs = rungs_of(report)
    assert [rung.count for rung in rungs if "CT Image" in rung.title] == [3]
    lanes = lanes_of(report)
    assert [lane.title for lane in lanes] == ["Creator", "TMS", "OST", "TDD"]
    assert [lane.is_external for lane in lanes] == [False, False, False, True]


def test_an_abort_is_drawn_where_it_broke_something_off() -> None:
    def told(story: HandMade, association: int) -> list[str]:
        event = AssociationEvent(
            START, association, AssociationChange.ABORTED, "TDD1", "TMS",
            by_requestor=True, after=len(story.kept),
        )  # fmt: skip
        report = make_report(story, None, [], Background(), [event])
        return [rung.title for rung in rungs_of(report)]

    assert "association aborted" not in told(fraction(), 1)
    broken = fraction()
    broken.add("N-GET-RQ", "TDD1", "TMS", association=7)
    assert told(broken, 7)[-1] == "association aborted"

"""`report.pdf`, and the pack that it belongs to."""

from __future__ import annotations

import re
from dataclasses import fields
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.app.evidence import write_evidence
from tdwii_gui.dicom.status import Status
from tdwii_gui.evidence.palette import COLOURS
from tdwii_gui.evidence.report import Background, make_report
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.reading import Recording
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.ui.report_pdf import write_pdf
from tdwii_gui.ui.theme import LIGHT
from tests.unit.evidence.hand_made import HandMade, dataset, fraction, write_recording
from tests.unit.evidence.judged import run, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

_PAGE = re.compile(rb"/Type\s*/Page\b")


def _pages(path: Path) -> int:
    return len(_PAGE.findall(path.read_bytes()))


def test_reports_have_the_colours_of_the_light_theme() -> None:
    names = {field.name for field in fields(LIGHT)}
    assert {name: getattr(LIGHT, name) for name in COLOURS if name in names} == COLOURS


def test_a_report_has_its_title_and_pages(tmp_path: Path, qtbot: QtBot) -> None:
    story = fraction(final_status=Status.UPS_FINAL_STATE_UNMET)
    result = run(StepOutcome.PASSED, StepOutcome.FAILED, words="It was refused.")
    judged = [verdict(Outcome.NOT_MET, 24), verdict(Outcome.NOT_SEEN)]
    path = tmp_path / "report.pdf"
    write_pdf(path, make_report(story, result, judged, Background()))
    data = path.read_bytes()
    assert data.startswith(b"%PDF-1.")
    assert data.rstrip().endswith(b"%%EOF")
    assert "A fraction".encode("utf-16-be") in data
    # What is said of the run, the ladder, and the messages.
    assert _pages(path) == 3


def test_a_large_recording_stays_a_few_pages(tmp_path: Path, qtbot: QtBot) -> None:
    story = HandMade()
    for _ in range(2000):
        story.ask("N-SET", "TDD1", "TMS", dataset=dataset(PatientComments="x" * 500))
    path = tmp_path / "report.pdf"
    write_pdf(path, make_report(story, None, [], Background()))
    assert 20 < _pages(path) < 50


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path, qtbot: QtBot) -> None:
    report = make_report(HandMade(), None, [], Background())
    with pytest.raises(OSError, match=r"report\.pdf"):
        write_pdf(tmp_path / "no such folder" / "report.pdf", report)


def test_an_evidence_pack_has_a_pdf_where_there_is_qt(tmp_path: Path, qtbot: QtBot) -> None:
    recording = Recording(write_recording(tmp_path / "recording", fraction()))
    pack = write_evidence(tmp_path, recording, run(StepOutcome.PASSED), [], configuration="")
    assert _pages(pack / "report.pdf") == 3
    report = (pack / "report.html").read_text(encoding="utf-8")
    assert 'href="report.pdf"' in report
    assert "There is no report.pdf" not in report


def test_windows_have_it_written_on_another_thread(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "report.pdf"
    report = make_report(fraction(), run(StepOutcome.PASSED), [], Background())
    thread = Thread(target=write_pdf, args=(path, report))
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=20_000)
    thread.join()
    assert _pages(path) == 3

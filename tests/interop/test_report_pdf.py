"""`report.pdf` as Poppler reads it: its pages, and text that can be searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.evidence.report import Background, make_report
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.scenario.results import StepOutcome
from tests.interop.programs import done
from tests.unit.evidence.hand_made import fraction
from tests.unit.evidence.judged import run, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.interop


def test_poppler_reads_all_pages_and_their_text(tmp_path: Path, qtbot: QtBot) -> None:
    from tdwii_gui.ui.report_pdf import write_pdf

    story = fraction(final_status=0xC304)
    result = run(StepOutcome.PASSED, StepOutcome.FAILED, words="It was refused: C304.")
    path = tmp_path / "report.pdf"
    judged = [verdict(Outcome.NOT_MET, 24, words="<b>No station</b> of a peer.")]
    write_pdf(path, make_report(story, result, judged, Background()))
    facts = dict(line.split(":", 1) for line in done("pdfinfo", path).splitlines() if ":" in line)
    assert facts["Pages"].strip() == "3"
    assert facts["Title"].strip() == "A fraction"
    assert "A4" in facts["Page size"]
    text = " ".join(done("pdftotext", "-layout", path, "-").split())
    for words in (
        "It was refused: C304.", "<b>No station</b> of a peer.", "RO-58", "N-ACTION-RSP",
        "Emulator – not for clinical use", "3 of 3",
    ):  # fmt: skip
        assert words in text

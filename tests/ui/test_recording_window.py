"""The window in which a recording is inspected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QToolButton

from tdwii_gui.dicom.iod.ups_update import progress_update
from tdwii_gui.recording.lines import ASSOCIATIONS, Info
from tdwii_gui.recording.part import Part
from tdwii_gui.ui.models.message_rows import MessageModel
from tdwii_gui.ui.models.recorded_messages import MessageFilter
from tdwii_gui.ui.models.requirement_rows import VALUE
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel
from tdwii_gui.ui.panels.requirement_tree import RequirementTree
from tdwii_gui.ui.recording_window import RecordingWindow
from tests.recordings import event, write, write_info

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

CT = "1.2.840.10008.5.1.4.1.1.2"
BACK = ("TMS", "TDD")


def progress(percent: int) -> Dataset:
    return progress_update("1.2.3", percent)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a recording: a query, two updates, one refused, three images, and no answer."""
    folder = tmp_path / "2026-11-21T101200"
    folder.mkdir()
    part = Part(folder, 1)
    keys = Dataset()
    keys.ProcedureStepState = "SCHEDULED"
    match = Dataset()
    match.ProcedureStepLabel = "Fraction 3"
    write(part, 1, "C-FIND-RQ", content=keys)
    write(part, 2, "C-FIND-RSP", ends=BACK, message_id=1, status=0xFF00, comment="", content=match)
    write(part, 3, "C-FIND-RSP", ends=BACK, message_id=1, status=0, comment="")
    write(part, 4, "N-SET-RQ", content=progress(10), association=2)
    write(part, 5, "N-SET-RSP", ends=BACK, message_id=4, status=0, comment="", association=2)
    write(part, 6, "N-SET-RQ", content=progress(20), association=2)
    write(part, 7, "N-SET-RSP", ends=BACK, message_id=6, comment="<b>no</b>", association=2)
    for number in (8, 10):
        write(part, number, "C-STORE-RQ", ends=("OST", "TDD"), association=3, sop_class_uid=CT)
        write(
            part,
            number + 1,
            "C-STORE-RSP",
            ends=("TDD", "OST"),
            message_id=number,
            association=3,
            status=0,
            sop_class_uid=CT,
        )
    write(part, 12, "N-SET-RQ", content=progress(30), association=4)
    part.close()
    lines = [event(n, change) for n in (1, 2, 3) for change in ("requested", "released")]
    lines += [event(4, "requested"), event(4, "aborted", detail="timer expired")]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "0001" / ASSOCIATIONS).write_text(text)
    write_info(folder)
    return folder


@pytest.fixture
def show(qtbot: QtBot) -> Callable[[Path], RecordingWindow]:
    made = []

    def show(folder: Path) -> RecordingWindow:
        window = RecordingWindow(folder)
        made.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield show
    for window in made:
        window.close()


@pytest.fixture
def window(folder: Path, show: Callable[[Path], RecordingWindow], qtbot: QtBot) -> RecordingWindow:
    window = show(folder)
    with qtbot.waitSignal(window.reading.told, timeout=10_000):
        pass
    return window


def numbers(window: RecordingWindow) -> list[int]:
    return [row.number for row in window.table.rows.rows]


def shows(window: RecordingWindow, *wanted: int) -> Callable[[], bool]:
    return lambda: numbers(window) == list(wanted)


def cell(window: RecordingWindow, number: int, column: int) -> str:
    index = window.table.rows.index_of(number)
    text: str = index.siblingAtColumn(column).data()
    return text


def test_all_messages_are_listed_with_what_they_are_about(window, qtbot):
    assert numbers(window) == list(range(1, 13))
    assert cell(window, 4, 2) == "RO-62"
    assert cell(window, 4, 3) == "TDD → TMS"
    assert cell(window, 4, 4) == "N-SET-RQ progress 10 %"
    assert cell(window, 2, 5) == "… Pending"
    assert cell(window, 7, 5).startswith("✕ ")
    assert cell(window, 7, 5).endswith("(C300): <b>no</b>")
    assert cell(window, 12, 5) == "✕ No answer"
    facts = window.findChild(QLabel, "recording_facts").text()
    assert facts.startswith("12 messages  ·  4 associations")
    assert window.findChild(Chip, "recording_patient_data").text() == "Pseudonyms"
    assert not window.findChild(Chip, "recording_ending").isVisible()


def test_the_first_message_is_inspected_and_then_the_chosen_one(window, qtbot):
    title = window.inspector.findChild(ElidedLabel, "inspector_title")
    qtbot.waitUntil(lambda: title.whole_text == "C-FIND-RQ worklist")
    assert window.inspector.findChild(Chip, "inspector_status").text() == "✓ Success (0000)"
    assert window.inspector.findChild(Chip, "inspector_transaction").text() == "RO-58"
    window.table.select_key(7)
    qtbot.waitUntil(lambda: title.whole_text == "N-SET-RSP progress 20 %")
    assert window.inspector.findChild(Chip, "inspector_status").text() == "✕ Failure (C300)"
    comment = window.inspector.findChild(ElidedLabel, "inspector_comment")
    assert comment.whole_text == "<b>no</b>"
    assert comment.textFormat() == Qt.TextFormat.PlainText
    assert not window.inspector.findChild(ElidedLabel, "inspector_told").isVisible()


def test_a_match_of_a_query_is_a_message_with_its_data_set(window, qtbot):
    window.table.select_key(2)
    tree = window.inspector.findChild(RequirementTree, "inspector_response")

    def values() -> set[str]:
        model = tree.model()
        return {model.index(row, VALUE).data() for row in range(model.rowCount())}

    qtbot.waitUntil(lambda: "Fraction 3" in values())


def test_messages_are_filtered_by_each_field(window, qtbot):
    text = window.filter.findChild(QLineEdit, "filter_text")
    qtbot.keyClicks(text, "n-set 20")
    qtbot.waitUntil(shows(window, 6, 7))
    assert window.findChild(QLabel, "shown_count").text() == "2 of 12 messages"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(numbers(window)) == 12)
    for name, value, wanted in (
        ("filter_service", "C-FIND", (1, 2, 3)),
        ("filter_ae_title", "OST", (8, 9, 10, 11)),
        ("filter_transaction", "RO-62", (4, 5, 6, 7, 12)),
    ):
        field = window.filter.findChild(QComboBox, name)
        field.setCurrentIndex(field.findData(value))
        qtbot.waitUntil(shows(window, *wanted))
        window.filter.clear()
    problems = window.filter.findChild(QToolButton, "filter_problems")
    assert problems.text() == "✕ &Problems 2"
    problems.click()
    qtbot.waitUntil(shows(window, 7, 12))
    window.filter.ask(MessageFilter(text="nothing of the kind"))
    qtbot.waitUntil(shows(window))
    assert "Escape" in window._why_no_message()


def test_the_chosen_message_stays_chosen_where_the_filter_shows_it(window, qtbot):
    window.table.select_key(6)
    window.filter.ask(MessageFilter(service="N-SET"))
    qtbot.waitUntil(shows(window, 4, 5, 6, 7, 12))
    assert window.table.selected().number == 6
    window.filter.ask(MessageFilter(service="C-FIND"))
    qtbot.waitUntil(shows(window, 1, 2, 3))
    assert window.table.selected() is None


def test_messages_are_sorted_by_a_column(window, qtbot):
    window.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(shows(window, *range(12, 0, -1)))
    assert window.table.select_key(3)
    window.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(shows(window, *range(1, 13)))
    assert window.table.selected().number == 3


def test_the_ladder_shows_the_exchanges_of_the_messages_shown(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(window.ladder.arrows.everything()) == 5)
    arrows = window.ladder.arrows.everything()
    assert [arrow.key for arrow in arrows] == [1, 4, 6, 8, 12]
    assert arrows[3].title == "C-STORE ×2 CT Image"
    assert arrows[0].outcome == "1 match"
    assert arrows[2].failed
    assert arrows[1].transaction == "RO-62"
    window.ladder.chosen.emit(6)
    assert window.table.selected().number == 6
    window.table.select_key(11)
    assert window.ladder.selected == 8
    window.filter.ask(MessageFilter(only_problems=True))
    qtbot.waitUntil(lambda: len(window.ladder.arrows.everything()) == 2)


def test_an_association_leads_to_its_messages(window, qtbot):
    rows = window.associations.rows
    assert [rows.index(n, 4).data() for n in range(4)] == ["3", "4", "4", "1"]
    assert rows.index(3, 6).data() == "✕ aborted by TMS: timer expired"
    window.associations.activated_row.emit(rows.rows[1])
    qtbot.waitUntil(shows(window, 4, 5, 6, 7))
    assert "association 2" in window.filter._clear.text()


def test_f8_goes_from_problem_to_problem(window, qtbot):
    for key, modifier, wanted in (
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier, 7),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier, 12),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier, 12),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier, 7),
    ):
        qtbot.keyClick(window, key, modifier)
        assert window.table.selected().number == wanted


def test_a_message_can_be_asked_for_before_it_is_read(folder, show, qtbot):
    window = show(folder)
    window.select(6)
    qtbot.waitUntil(lambda: window.table.selected() is not None)
    assert window.table.selected().number == 6
    window.filter.ask(MessageFilter(service="C-FIND"))
    qtbot.waitUntil(shows(window, 1, 2, 3))
    window.select(12)
    qtbot.waitUntil(lambda: window.table.selected() is not None)
    assert window.table.selected().number == 12


def test_what_is_wrong_with_a_recording_is_said(folder, show, qtbot):
    reason = "No space left on device"
    write_info(folder, **{Info.REASON: reason, Info.REMOVED_PARTS: 2, Info.PATIENT_DATA: True})
    window = show(folder)
    with qtbot.waitSignal(window.reading.told, timeout=10_000):
        pass
    assert window.messages.shown_texts == [
        "The recording became too large: it begins with message 1.",
        "The recording ended early: No space left on device",
    ]
    assert window.findChild(Chip, "recording_patient_data").text() == "⚠ Patient data"


def test_a_folder_without_a_recording_is_said(tmp_path, show, qtbot):
    window = show(tmp_path)
    with qtbot.waitSignal(window.reading.failed, timeout=10_000):
        pass
    assert "holds no recording" in window.messages.shown_texts[0]
    assert window._why_no_message() == "There is nothing to show."


def test_a_message_that_cannot_be_read_is_said(folder, show, qtbot):
    path = folder / "0001" / "messages.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"command"', b'"commend"'))
    window = show(folder)
    with qtbot.waitSignal(window.reading.failed, timeout=10_000) as failed:
        pass
    assert "cannot be read: its line is damaged" in failed.args[0]
    assert len(numbers(window)) == 12


def test_the_model_keeps_to_the_rules_of_qt(window):
    model = window.table.rows
    assert isinstance(model, MessageModel)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    window.filter.ask(MessageFilter(service="N-SET"))
    model.show_rows(window._recorded, model.rows[:2])
    assert not model.index_of("3").isValid()
    assert not model.index_of(99).isValid()


def test_a_closed_window_keeps_no_message(window):
    window.close()
    assert window.table.rows.rowCount() == 0

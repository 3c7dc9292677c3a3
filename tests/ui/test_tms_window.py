"""The monitor of the TMS on real actors: what happens on the network is seen at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QToolButton,
    QTreeView,
)

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.store.encoding import duplicate, put
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION
from tests.ui.tms_stage import SECONDS

if TYPE_CHECKING:
    from tests.ui.tms_stage import Stage


@pytest.fixture
def stage(tms_stage: Stage) -> Stage:
    return tms_stage


def test_an_empty_worklist_says_why(stage: Stage) -> None:
    stage.until(lambda: "No steps yet" in stage.window._worklist.empty_words())
    assert "0 scheduled" in stage.find(QLabel, "worklist_counts").text()
    assert not stage.find(QPushButton, "request_cancel").isEnabled()
    assert "Select a step" in stage.find(QPushButton, "request_cancel").toolTip()


def test_the_window_fits_a_small_screen(stage: Stage) -> None:
    least = stage.window.minimumSizeHint()
    assert least.width() <= 1340
    assert least.height() <= 700


def test_a_step_appears_and_its_progress_moves(stage: Stage) -> None:
    tester = QAbstractItemModelTester(
        stage.table().rows, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    uid = stage.schedule(3)
    stage.until(stage.cells)
    (row,) = stage.cells()
    assert row[0] == "○ Scheduled"
    assert row[1].startswith("DEMO, TDWII")
    assert row[4] == "3 of 35"
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.tdd.update_progress(uid, 42, 2).result(SECONDS)
    stage.until(lambda: [row[7] for row in stage.cells()] == ["42 % · beam 2"])
    assert stage.cells()[0][0] == "▶ In progress"
    assert stage.cells()[0][6] == stage.tdd.ae_title
    assert "1 in progress" in stage.find(QLabel, "worklist_counts").text()
    del tester


def test_steps_of_an_earlier_run_are_there_with_their_owner(stage: Stage) -> None:
    uid = stage.schedule()
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.until(lambda: stage.cells() and stage.cells()[0][6])
    stage.window._feed._owners.clear()
    stage.window._worklist._model.clear()
    stage.qtbot.keyClick(stage.window, Qt.Key.Key_F5)
    stage.until(lambda: [row[6] for row in stage.cells()] == [stage.tdd.ae_title])


def test_a_filter_says_why_nothing_is_shown(stage: Stage) -> None:
    stage.schedule()
    uid = stage.schedule(2, machine="TR1")
    stage.until(lambda: len(stage.cells()) == 2)
    machine = stage.find(QComboBox, "filter_machine")
    machine.setCurrentIndex(machine.findData("TR1"))
    assert [row.uid for row in stage.table().rows.rows] == [uid]
    stage.qtbot.mouseClick(stage.find(QToolButton, "filter_completed"), Qt.MouseButton.LeftButton)
    assert stage.cells() == []
    assert stage.window._worklist.empty_words().startswith(
        "0 of 2 match: machine 'TR1', state Completed"
    )
    stage.qtbot.mouseClick(stage.find(QPushButton, "clear_filter"), Qt.MouseButton.LeftButton)
    assert len(stage.cells()) == 2


def test_details_of_the_selected_step(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    assert stage.facts()["State"] == "○ Scheduled"
    assert stage.facts()["Machine"] == "DEMO-LINAC"
    inputs = stage.cells("step_references")
    assert [row[0] for row in inputs] == ["In: RT Plan", "In: RT Beams Delivery Instruction"]
    assert [row[2] for row in inputs] == ["OST", "TMS"]
    assert stage.window.banner.identity is not None
    assert stage.window.banner.identity.plan_label == "PHOTON"
    tabs = stage.find(QTabBar, "step_tabs")
    tabs.setCurrentIndex(1)
    tree = stage.find(QTreeView, "step_attributes")
    stage.until(lambda: tree.model().rowCount() > 10)


@pytest.mark.parametrize(
    ("key", "modifier"),
    [
        (Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier),
    ],
)
def test_what_the_program_selects_is_selected_alone_whatever_keys_are_held(
    stage: Stage, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    """Somebody types a capital letter while the worklist is read anew."""
    first, second = stage.schedule(1), stage.schedule(2)
    QTest.keyPress(stage.window, key, modifier)
    try:
        stage.select(first)
        stage.select(second)
        read = []
        stage.window._feed.loaded.connect(lambda *_: read.append(True))
        stage.window.refresh()
        stage.until(lambda: read)
        assert [row.uid for row in stage.window._worklist.selected_rows] == [second]
    finally:
        QTest.keyRelease(stage.window, key)


def test_details_follow_the_step(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.tdd.update_progress(uid, 10, 1).result(SECONDS)
    stage.until(lambda: stage.facts().get("Progress", "").startswith("10 %"))
    assert stage.facts()["Owner"] == stage.tdd.ae_title


def test_history_of_a_step_and_the_data_sets_of_a_message(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.until(lambda: len(stage.cells("history")) == 2)
    create, claim = stage.cells("history")
    assert create[1] == "RTBDI_CREATOR → TMS"
    assert create[2] == "N-CREATE"
    assert claim[2] == "N-ACTION RO-60"
    assert claim[3] == "→ IN PROGRESS"
    assert claim[4].startswith("✓")
    stage.find(QTabBar, "step_tabs").setCurrentIndex(2)
    history = stage.table("history")
    stage.qtbot.waitUntil(history.isVisible)
    index = history.rows.index(0, 0)
    place = history.visualRect(index).center()
    stage.qtbot.mouseClick(history.viewport(), Qt.MouseButton.LeftButton, pos=place)
    stage.qtbot.mouseDClick(history.viewport(), Qt.MouseButton.LeftButton, pos=place)
    tree = stage.find(QTreeView, "history_dataset")
    assert tree.isVisible()
    stage.until(lambda: tree.model().rowCount() > 10)
    stage.qtbot.mouseClick(stage.find(QPushButton, "history_response"), Qt.MouseButton.LeftButton)
    stage.qtbot.mouseClick(stage.find(QPushButton, "history_back"), Qt.MouseButton.LeftButton)
    assert history.isVisible()


def test_asking_to_cancel_a_scheduled_step(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    stage.qtbot.mouseClick(stage.find(QPushButton, "request_cancel"), Qt.MouseButton.LeftButton)
    dialog = stage.dialog("request_cancel_dialog")
    assert dialog.findChild(QPushButton, "keep_step").isDefault()
    code = dialog.findChild(QComboBox, "cancel_code")
    assert "110513" in code.currentText()
    code.setCurrentIndex(code.findText("Patient did", Qt.MatchFlag.MatchStartsWith))
    stage.qtbot.keyClicks(dialog.findChild(QPlainTextEdit, "cancel_reason"), "rain")
    stage.qtbot.keyClicks(dialog.findChild(QLineEdit, "cancel_contact"), "Dr. Who, 4711")
    stage.answer(dialog, "confirm_request_cancel")
    stage.until(lambda: [row[0] for row in stage.cells()] == ["⊘ Canceled"])
    stage.until(lambda: stage.facts().get("Reason") == "rain · Patient did not arrive")
    button = stage.find(QPushButton, "request_cancel")
    assert not button.isEnabled()
    assert "Canceled" in button.toolTip()


def test_keeping_a_step_changes_nothing(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    stage.find(QPushButton, "request_cancel").click()
    stage.qtbot.keyClick(stage.find(QDialog, "request_cancel_dialog"), Qt.Key.Key_Escape)
    assert Ups(stage.tms.service.get(uid)).state is ProcedureStepState.SCHEDULED


def test_a_performer_who_cannot_be_asked_is_told(stage: Stage) -> None:
    uid = stage.schedule()
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.select(uid)
    stage.until(lambda: stage.cells()[0][0] == "▶ In progress")
    stage.find(QPushButton, "request_cancel").click()
    dialog = stage.dialog("request_cancel_dialog")
    notes = dialog.findChild(QLabel, "consequence_notes")
    stage.until(lambda: "nobody is subscribed" in notes.text())
    stage.answer(dialog, "confirm_request_cancel")
    stage.until(lambda: stage.window.messages.shown_texts)
    assert "is not canceled" in stage.window.messages.shown_texts[-1]


def test_a_subscriber_and_its_events_are_shown(stage: Stage) -> None:
    tester = QAbstractItemModelTester(
        stage.table("events").rows, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    stage.ppvs.subscribe().result(SECONDS)
    stage.until(lambda: stage.cells("subscriptions"))
    (row,) = stage.cells("subscriptions")
    assert row[:2] == [stage.ppvs.ae_title, "All steps (global)"]
    uid = stage.schedule()
    stage.until(lambda: len(stage.cells("events")) == 2)
    stage.until(lambda: [row[1][:4] for row in stage.cells()] == ["DEMO"])
    events = stage.cells("events")
    assert {event[1] for event in events} == {stage.ppvs.ae_title}
    assert {event[2] for event in events} == {"State: SCHEDULED", "Assigned"}
    assert {event[3] for event in events} == {"DEMO, TDWII · DEMO-0001"}
    stage.until(lambda: any("success" in row[3] for row in stage.cells("subscriptions")))
    stage.table("events").activated_row.emit(stage.table("events").rows.rows[0])
    stage.until(lambda: stage.shown_uid() == uid)
    del tester


def test_events_wait_for_a_receiver_that_is_away(stage: Stage) -> None:
    stage.directory.register(ApplicationEntity("AWAY", "127.0.0.1", 1))
    information = Dataset()
    information.ReceivingAE = "AWAY"
    information.DeletionLock = "FALSE"
    stage.tms.service.subscribe(UPS_GLOBAL_SUBSCRIPTION, information, "AWAY")
    stage.schedule()
    stage.until(lambda: len(stage.cells("events")) == 2)
    assert all(
        row.outcome.startswith("⚠ waiting, receiver cannot be reached")
        for row in stage.table("events").rows.rows
    )
    summary = stage.find(QLabel, "events_summary").text()
    assert "2 waiting, AWAY cannot be reached" in summary


@pytest.mark.parametrize(
    "text",
    ["<b>x</b><img src='a'>", "A" * 10_000, "שלום\u202eevil", "bell\x07\x1b[31m"],
)
def test_hostile_values_are_plain_in_every_place(
    stage: Stage, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)
    uid = stage.schedule()
    hostile = duplicate(stage.tms.service.get(uid))
    put(hostile, "SpecificCharacterSet", "ISO_IR 192")
    for keyword in ("PatientName", "PatientID", "CommentsOnTheScheduledProcedureStep"):
        put(hostile, keyword, text)
    monkeypatch.setattr(stage.tms.service, "get", lambda _uid: hostile)
    stage.select(uid)
    for label in stage.window.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not _has_markup(label.text())
        assert len(label.text()) <= 2001
        assert "\u202e" not in label.text()
        assert "<img" not in label.toolTip()
    stage.window.grab()


def _has_markup(text: str) -> bool:
    return "<" in text

"""The operator at the monitor of a TMS: legal actions, their consequences, and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QLabel,
    QPushButton,
    QSpinBox,
    QTabBar,
)

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState, Ups
from tests.ui.tms_stage import SECONDS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from tests.ui.tms_stage import Stage

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@pytest.fixture
def stage(tms_stage: Stage) -> Stage:
    return tms_stage


def action(stage: Stage, name: str) -> QAction:
    found: QAction = stage.find(QAction, name)
    return found


def start(stage: Stage, name: str, dialog: str) -> QDialog:
    """Trigger an action and return its dialog."""
    assert action(stage, name).isEnabled(), action(stage, name).toolTip()
    action(stage, name).trigger()
    return stage.dialog(dialog)


def words(dialog: QDialog, part: str) -> str:
    return dialog.findChild(QLabel, f"consequence_{part}").text()


def step(stage: Stage, uid: str) -> Ups:
    return Ups(stage.tms.service.get(uid))


def canceled(stage: Stage, fraction: int) -> str:
    """Return a step that is canceled."""
    uid = stage.schedule(fraction)
    stage.tms.request_cancel(uid).result(SECONDS)
    return uid


def all_canceled(stage: Stage) -> None:
    stage.until(lambda: stage.cells() and all(row[0] == "⊘ Canceled" for row in stage.cells()))


def test_what_is_not_legal_says_why(stage: Stage) -> None:
    for name in ("edit_step", "request_cancel_step", "cancel_step", "delete_steps"):
        assert not action(stage, name).isEnabled()
        assert "Select a step" in action(stage, name).toolTip()
    uid = stage.schedule()
    stage.select(uid)
    assert action(stage, "edit_step").isEnabled()
    assert action(stage, "request_cancel_step").isEnabled()
    assert "in progress" in action(stage, "cancel_step").toolTip()
    assert "Only completed and canceled" in action(stage, "delete_steps").toolTip()
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.until(action(stage, "cancel_step").isEnabled)
    assert not action(stage, "edit_step").isEnabled()
    assert "In progress" in stage.find(QPushButton, "edit").toolTip()


def test_a_scheduled_step_is_edited(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    before = step(stage, uid).start
    table = stage.table()
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_F2)
    dialog = stage.dialog("edit_step_dialog")
    confirm = dialog.findChild(QPushButton, "confirm_edit")
    stage.until(lambda: "Nothing is changed yet" in words(dialog, "effect"))
    assert not confirm.isEnabled()
    dialog.findChild(QComboBox, "edit_readiness").setCurrentText("Incomplete")
    dialog.findChild(QComboBox, "edit_station").setEditText("TR9")
    stage.until(lambda: "station TR9" in words(dialog, "effect"))
    moment = dialog.findChild(QDateTimeEdit, "edit_start")
    moment.setDateTime(moment.dateTime().addSecs(3600))
    stage.answer(dialog, "confirm_edit")
    stage.until(lambda: stage.facts().get("Machine") == "TR9")
    after = step(stage, uid)
    assert after.input_readiness is InputReadiness.INCOMPLETE
    assert after.start is not None
    assert before is not None
    assert abs((after.start - before).total_seconds() - 3600) < 1


def test_an_edit_leaves_what_was_not_touched(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    before = step(stage, uid)
    dialog = start(stage, "edit_step", "edit_step_dialog")
    dialog.findChild(QComboBox, "edit_readiness").setCurrentText("Unavailable")
    stage.answer(dialog, "confirm_edit")
    stage.until(lambda: step(stage, uid).input_readiness is InputReadiness.UNAVAILABLE)
    assert step(stage, uid).start == before.start
    assert step(stage, uid).machine == before.machine


def test_a_step_is_canceled_without_its_performer(stage: Stage) -> None:
    stage.ppvs.subscribe().result(SECONDS)
    uid = stage.schedule()
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.select(uid)
    stage.until(action(stage, "cancel_step").isEnabled)
    dialog = start(stage, "cancel_step", "cancel_step_dialog")
    stage.until(lambda: stage.tdd.ae_title in words(dialog, "effect"))
    assert stage.ppvs.ae_title in words(dialog, "told")
    assert "refused" in words(dialog, "notes")
    stage.answer(dialog, "confirm_cancel_step")
    all_canceled(stage)
    stage.find(QTabBar, "step_tabs").setCurrentIndex(2)
    stage.until(lambda: any(row[2] == "Operator" for row in stage.cells("history")))


def test_deleting_names_what_is_kept_and_why(stage: Stage) -> None:
    free = [canceled(stage, 1), canceled(stage, 2)]
    held = canceled(stage, 3)
    stage.tms.subscribe_ae(stage.ppvs.ae_title, held, True).result(SECONDS)
    stage.until(lambda: len(stage.cells()) == 3)
    all_canceled(stage)
    table = stage.table()
    table.setFocus()
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_Delete)
    dialog = stage.dialog("delete_dialog")
    assert dialog.findChild(QPushButton, "keep_steps").isDefault()
    stage.until(lambda: "2 steps" in words(dialog, "effect"))
    assert f"deletion lock of {stage.ppvs.ae_title}" in words(dialog, "notes")
    stage.answer(dialog, "confirm_delete")
    stage.until(lambda: [row.uid for row in table.rows.rows] == [held])
    assert stage.tms.count_steps().result(SECONDS) == 1
    stage.until(lambda: any("2 steps deleted" in t for t in stage.window.messages.shown_texts))
    assert "1 canceled" in stage.find(QLabel, "worklist_counts").text()
    assert not set(free) & {row.uid for row in table.rows.all_rows}


def test_many_deleted_steps_leave_the_worklist_at_once(stage: Stage) -> None:
    tester = QAbstractItemModelTester(stage.table().rows, FATAL)
    stay = stage.schedule(1)
    stage.select(stay)
    row = stage.table().rows.row_of(stay)
    assert row is not None
    stage.window._worklist.show_changed(
        [type(row)(**{**_fields(row), "uid": f"1.2.{number}"}) for number in range(300)]
    )
    assert len(stage.cells()) == 301
    stage.window._worklist.take_out([f"1.2.{number}" for number in range(300)])
    stage.until(lambda: [each.uid for each in stage.table().rows.rows] == [stay])
    assert stage.shown_uid() == stay
    assert stage.table().selected().uid == stay
    assert "1 scheduled" in stage.find(QLabel, "worklist_counts").text()
    del tester


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__slots__}


def test_purging_by_age(stage: Stage) -> None:
    uid = canceled(stage, 1)
    stay = stage.schedule(2)
    stage.until(lambda: len(stage.cells()) == 2)
    dialog = start(stage, "purge", "purge_dialog")
    stage.until(lambda: "0 steps" in words(dialog, "effect"))
    purge = dialog.findChild(QPushButton, "confirm_purge")
    assert not purge.isEnabled()
    assert "nothing" in purge.toolTip()
    dialog.findChild(QSpinBox, "purge_days").setValue(0)
    stage.until(lambda: "1 step" in words(dialog, "effect"))
    stage.answer(dialog, "confirm_purge")
    stage.until(lambda: [row.uid for row in stage.table().rows.rows] == [stay])
    assert uid not in {each.sop_instance_uid for each in stage.tms.steps().result(SECONDS)}


def test_a_system_is_subscribed_and_unsubscribed(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    stage.find(QTabBar, "telling_tabs").setCurrentIndex(1)
    assert "Select a subscription" in stage.find(QPushButton, "unsubscribe").toolTip()
    dialog = start(stage, "subscribe_step", "subscribe_dialog")
    dialog.findChild(QComboBox, "subscribe_ae").setCurrentText(stage.ppvs.ae_title)
    dialog.findChild(QCheckBox, "subscribe_lock").setChecked(True)
    stage.until(lambda: "final steps stay" in words(dialog, "notes"))
    stage.answer(dialog, "confirm_subscribe")
    stage.until(lambda: stage.cells("subscriptions"))
    (row,) = stage.cells("subscriptions")
    assert row[0] == stage.ppvs.ae_title
    assert row[1].startswith("One step: DEMO")
    assert row[2] == "Yes"
    stage.until(lambda: stage.cells("subscriptions")[0][3].startswith("✓"))
    stage.table("subscriptions").selectRow(0)
    stage.qtbot.mouseClick(stage.find(QPushButton, "unsubscribe"), Qt.MouseButton.LeftButton)
    ending = stage.dialog("unsubscribe_dialog")
    stage.until(lambda: "1 deletion lock" in words(ending, "notes"))
    stage.answer(ending, "confirm_unsubscribe")
    stage.until(lambda: not stage.cells("subscriptions"))


def test_the_outbox_says_why_and_is_discarded(stage: Stage) -> None:
    tester = QAbstractItemModelTester(stage.table("outbox").rows, FATAL)
    stage.directory.register(ApplicationEntity("AWAY", "127.0.0.1", 1))
    stage.tms.subscribe_ae("AWAY").result(SECONDS)
    uid = stage.schedule()
    tabs = stage.find(QTabBar, "telling_tabs")
    stage.until(lambda: tabs.tabText(2).startswith("⚠ Outbox (2"))
    tabs.setCurrentIndex(2)
    (row,) = stage.cells("outbox")
    assert row[:2] == ["AWAY", "2"]
    assert "nothing listens there" in row[4]
    stage.until(lambda: stage.cells("subscriptions")[0][3].startswith("✕"))
    stage.select(uid)
    stage.until(lambda: any("⚠ waiting" in each[4] for each in stage.cells("history")))
    stage.table("outbox").selectRow(0)
    stage.qtbot.mouseClick(stage.find(QPushButton, "discard_events"), Qt.MouseButton.LeftButton)
    dialog = stage.dialog("discard_dialog")
    stage.until(lambda: "2 events" in words(dialog, "effect"))
    stage.answer(dialog, "confirm_discard")
    stage.until(lambda: not stage.cells("outbox"))
    stage.until(lambda: not any("⚠ waiting" in each[4] for each in stage.cells("history")))
    assert tabs.tabText(2) == "Outbox"
    del tester


@pytest.mark.parametrize(("name", "left"), [("restart_warm", 1), ("restart_cold", 0)])
def test_restarting(stage: Stage, name: str, left: int) -> None:
    stage.directory.register(ApplicationEntity("AWAY", "127.0.0.1", 1))
    stage.tms.subscribe_ae("AWAY").result(SECONDS)
    stage.schedule()
    stage.until(lambda: len(stage.cells()) == 1)
    dialog = start(stage, name, "restart_dialog")
    stage.until(lambda: "AWAY" in words(dialog, "told"))
    stage.answer(dialog, "confirm_restart")
    stage.until(lambda: any("restarted" in t for t in stage.window.messages.shown_texts))
    assert stage.tms.listening
    stage.until(lambda: len(stage.cells()) == left)
    assert stage.tms.count_steps().result(SECONDS) == left
    stage.until(lambda: len(stage.cells("subscriptions")) == left)


def test_strangers_are_kept_out_and_told(stage: Stage) -> None:
    switch = action(stage, "known_aes_only")
    dialog = start(stage, "known_aes_only", "known_only_dialog")
    assert not switch.isChecked()
    stage.until(lambda: stage.tdd.ae_title in words(dialog, "effect"))
    stage.answer(dialog, "confirm_known_only")
    stage.until(switch.isChecked)
    assert stage.tms.known_aes_only
    stage.directory._entities.pop(stage.tdd.ae_title)
    with pytest.raises(Exception, match="not known"):
        stage.tdd.echo(stage.tms.ae_title).result(SECONDS)
    stage.until(lambda: any("was rejected" in t for t in stage.window.messages.shown_texts))


def test_history_survives_the_window(stage: Stage) -> None:
    uid = stage.schedule()
    stage.tdd.start_procedure(uid).result(SECONDS)
    stage.until(lambda: stage.cells() and stage.cells()[0][0] == "▶ In progress")
    stage.window._reader._messages = type(stage.window._reader._messages)()
    stage.select(uid)
    stage.until(lambda: len(stage.cells("history")) == 2)
    create, claim = stage.cells("history")
    assert create[2] == "N-CREATE"
    assert claim[1] == f"{stage.tdd.ae_title} → {stage.tms.ae_title}"
    assert "IN PROGRESS" in claim[3]


def test_uids_are_copied(stage: Stage) -> None:
    uid = stage.schedule()
    stage.select(uid)
    table = stage.table()
    table.setFocus()
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(table, Qt.Key.Key_C, modifiers)
    assert QGuiApplication.clipboard().text() == uid
    assert step(stage, uid).state is ProcedureStepState.SCHEDULED

"""Faults by hand: the dialog, the amber bars, the tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QMenu, QPushButton, QSpinBox, QTableView

from tdwii_gui.actors.faults import Fault, FaultKind, FaultState
from tdwii_gui.dicom.errors import ConfigError, DimseStatusError
from tdwii_gui.ui.models.fault_kinds import kinds_of_faults
from tdwii_gui.ui.models.fault_rows import summary
from tdwii_gui.ui.panels.actor_tile import TileState
from tdwii_gui.ui.panels.fault_bar import FaultBar
from tdwii_gui.ui.panels.fault_dialog import FaultDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand

ROLES = ("creator", "tms", "ost", "tdd", "ppvs")
ECHO_FAILS = {"kind": "answer-status", "message": "C-ECHO", "status": "0110"}


def judge(values: dict[str, str | float]) -> tuple[str, bool]:
    try:
        return Fault.from_mapping(values).describe(), True
    except ConfigError as error:
        return str(error), False


def dialog_of(hand: Hand, window: QWidget) -> FaultDialog:
    return hand.find(window, FaultDialog, "fault_dialog")


def bar(window: QWidget) -> FaultBar:
    return window.findChild(FaultBar, "fault_bar")


def fail_echoes(hand: Hand, dialog: FaultDialog, times: int = 1) -> None:
    """Fill in the form as a person would: every echo is answered with 0110H."""
    dialog.form.choose("answer-status")
    for name, value in (("message", "C-ECHO"), ("status", "0110")):
        combo = hand.find(dialog, QComboBox, f"fault_{name}")
        combo.setCurrentIndex(combo.findData(value))
    hand.find(dialog, QSpinBox, "fault_times").setValue(times)
    hand.click(dialog, "add_fault")


def test_each_kind_has_the_fields_of_its_parameters() -> None:
    kinds = {kind.value: kind for role in ROLES for kind in kinds_of_faults(role)}
    assert set(kinds) == {kind.value for kind in FaultKind}
    for kind in FaultKind:
        assert {field.name for field in kinds[kind.value].fields} == set(kind.parameters), kind


def test_every_form_makes_a_fault_and_fits_a_small_screen(qtbot: QtBot, hand: Hand) -> None:
    for role in ROLES:
        dialog = FaultDialog(role, "An actor", ["OST"], judge)
        made: list[dict[str, str | float]] = []
        dialog.add_wanted.connect(made.append)
        dialog.show()
        kinds = kinds_of_faults(role)
        for kind in kinds:
            dialog.form.choose(kind.value)
            assert dialog.minimumSizeHint().height() <= 720, kind.value
            if kind.value.endswith("-attribute"):
                assert not dialog.findChild(QPushButton, "add_fault").isEnabled()
                hand.type(dialog, "fault_path", "PatientID")
            hand.click(dialog, "add_fault")
        faults = [Fault.from_mapping(values) for values in made]
        assert [fault.kind.value for fault in faults] == [kind.value for kind in kinds]
        dialog.close()


def test_what_cannot_be_is_said_and_not_added(qtbot: QtBot, hand: Hand) -> None:
    dialog = FaultDialog("tms", "Management system", [], judge)
    dialog.show()
    dialog.form.choose("alter-attribute")
    hand.type(dialog, "fault_path", "NoSuchKeyword")
    words = dialog.findChild(QLabel, "fault_words")
    assert "NoSuchKeyword" in words.text()
    assert not dialog.findChild(QPushButton, "add_fault").isEnabled()
    hand.type(dialog, "fault_path", "BeamSequence[0].BeamNumber")
    assert dialog.findChild(QPushButton, "add_fault").isEnabled()
    dialog.form.choose("answer-status")
    combo = hand.find(dialog, QComboBox, "fault_status")
    combo.setEditText("C3")
    assert "no status" in words.text()
    combo.setEditText("C301")
    assert "C301H" in words.text()
    dialog.close()


def test_the_reasons_are_those_of_the_source(qtbot: QtBot, hand: Hand) -> None:
    dialog = FaultDialog("tdd", "Treatment delivery", [], judge)
    dialog.show()
    dialog.form.choose("refuse-association")
    reason = hand.find(dialog, QComboBox, "fault_reason")
    assert [reason.itemData(n) for n in range(reason.count())] == ["1", "2", "3", "7"]
    hand.find(dialog, QComboBox, "fault_source").setCurrentIndex(2)
    assert [reason.itemData(n) for n in range(reason.count())] == ["1", "2"]
    reason.setCurrentIndex(1)
    assert "too many associations" in dialog.findChild(QLabel, "fault_words").text()
    dialog.close()


def test_types_are_offered_for_messages_that_have_them(qtbot: QtBot, hand: Hand) -> None:
    dialog = FaultDialog("tms", "Management system", [], judge)
    dialog.show()
    dialog.form.choose("delay")
    type_id = dialog.findChild(QComboBox, "fault_type_id")
    assert not type_id.isVisible()
    message = hand.find(dialog, QComboBox, "fault_message")
    message.setCurrentIndex(message.findData("N-ACTION"))
    assert type_id.isVisible()
    type_id.setCurrentIndex(1)
    assert dialog.form.values["type_id"] == "1"
    message.setCurrentIndex(message.findData("C-FIND"))
    assert "type_id" not in dialog.form.values
    dialog.close()


def test_a_fault_bites_is_counted_and_is_spent(program: SuiteProgram, hand: Hand) -> None:
    suite, launcher = program.control.suite, program.launcher
    one = launcher.board.tile("ost")
    hand.wait(lambda: one.state is TileState.LISTENING)
    one.show_menu(one.mapToGlobal(one.rect().center()))
    menu = hand.find(one, QMenu, "menu_ost")
    next(action for action in menu.actions() if action.text() == "Faults…").trigger()
    dialog = dialog_of(hand, launcher)
    fail_echoes(hand, dialog)
    hand.wait(lambda: bar(launcher).isVisible())
    assert bar(launcher).words.startswith("Object storage: answers 0110H")
    assert one.faults_button.text() == "⚡ 1 fault active"
    assert isinstance(suite.creator.echo("OST").exception(), DimseStatusError)
    hand.wait(lambda: not bar(launcher).isVisible())
    assert not one.faults_button.isVisible()
    (row,) = hand.cells(dialog, "faults")
    assert row[1:] == ["○ Spent", "once"]
    assert suite.creator.echo("OST").result() > 0
    dialog.close()


def test_faults_are_removed_and_cleared_also_in_the_actor_s_window(
    program: SuiteProgram, hand: Hand
) -> None:
    suite, launcher = program.control.suite, program.launcher
    faults = suite.tms.faults
    launcher.board.faults_wanted.emit("tms")
    dialog = dialog_of(hand, launcher)
    fail_echoes(hand, dialog, times=0)
    dialog.form.choose("clock-skew")
    hand.click(dialog, "add_fault")
    hand.wait(lambda: len(hand.cells(dialog, "faults")) == 2)
    assert not dialog.findChild(QPushButton, "remove_fault").isEnabled()
    hand.choose_row(dialog, "faults", 0)
    QTest.keyClick(hand.find(dialog, QTableView, "faults"), Qt.Key.Key_Delete)
    hand.wait(lambda: len(hand.cells(dialog, "faults")) == 1)
    assert [fault.kind for fault in faults.active] == [FaultKind.CLOCK_SKEW]
    hand.click(dialog, "clear_all_faults")
    hand.wait(lambda: not bar(launcher).isVisible())
    assert not faults.is_active
    assert hand.cells(dialog, "faults") == []
    dialog.close()
    faults.add(Fault.from_mapping({**ECHO_FAILS, "times": 0}))
    hand.click(launcher, "open_tms")
    window = hand.window("tms")
    hand.wait(lambda: bar(window).isVisible())
    assert bar(window).words.startswith("Answers 0110H")
    hand.click(bar(window), "show_faults")
    dialog = dialog_of(hand, window)
    hand.wait(lambda: len(hand.cells(dialog, "faults")) == 1)
    dialog.close()
    hand.click(bar(window), "clear_faults")
    hand.wait(lambda: not bar(window).isVisible())
    hand.wait(lambda: not bar(launcher).isVisible())
    window.activateWindow()
    hand.wait(window.isActiveWindow)
    QTest.keyClick(
        window,
        Qt.Key.Key_F,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    dialog_of(hand, window).close()


def test_only_a_tms_starts_cold_and_sends_events() -> None:
    for role in ROLES:
        kinds = {kind.value for kind in kinds_of_faults(role)}
        assert ({"restart-cold", "drop-event"} <= kinds) is (role == "tms")


def test_many_faults_are_summed_up(qtbot: QtBot) -> None:
    states = [
        FaultState(Fault.from_text(f"answer-status status=011{n} times=0"), 3, n) for n in range(4)
    ]
    words = summary(states)
    assert "answers 0110H" in words
    assert "struck once" in words
    assert words.endswith("and 2 more")
    spent = FaultState(Fault.from_text("drop-event"), 1, 1)
    assert summary([spent]) == ""


def test_text_and_peer_are_typed_and_return_adds(qtbot: QtBot, hand: Hand) -> None:
    dialog = FaultDialog("ost", "Object storage", ["TDD"], judge)
    made: list[dict[str, str | float]] = []
    dialog.add_wanted.connect(made.append)
    dialog.show()
    dialog.form.choose("alter-attribute")
    hand.type(dialog, "fault_path", "PatientName")
    hand.type(dialog, "fault_value", "Wrong^Name")
    peer = hand.find(dialog, QComboBox, "fault_peer")
    peer.setEditText("TDD")
    QTest.keyClick(hand.find(dialog, QLineEdit, "fault_value"), Qt.Key.Key_Return)
    (values,) = made
    assert values["value"] == "Wrong^Name"
    assert values["peer"] == "TDD"
    dialog.close()

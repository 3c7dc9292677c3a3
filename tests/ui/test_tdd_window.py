"""The TDD's console with real actors: by clicks and keys, as a person uses it."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QPushButton, QWidget

from tdwii_gui.actors.events import WorklistOutdated
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import NetworkSettings, Settings
from tdwii_gui.dicom.iod.part10 import read_part10, write_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.uids import new_uid
from tdwii_gui.ui.panels.question_bar import QuestionBar
from tdwii_gui.ui.tdd_window import TddWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.ui.bridge import ActorBridge
    from tests.ui.hand import Hand

SECONDS = 20
Console = tuple[TddWindow, Suite]


@pytest.fixture
def suite(bridge: ActorBridge, tmp_path: Path) -> Iterator[Suite]:
    settings = replace(on_free_ports(Settings()), network=NetworkSettings(acse_timeout=2))
    with Suite(settings, tmp_path, bridge.hear) as suite:
        yield suite


@pytest.fixture
def window(suite: Suite, bridge: ActorBridge) -> Iterator[TddWindow]:
    window = TddWindow(suite.tdd, bridge, owns_actor=False)
    window.show()
    yield window
    window.stop_for_good()
    window.close()


def demo_plan(name: str = "photon_plan.dcm") -> Plan:
    return read_plan(resource_path("demo_patient", name))


def schedule(suite: Suite, plan: Plan | None = None, *, with_plan: bool = True) -> str:
    plan = plan or demo_plan()
    built = suite.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    suite.creator.store_static([read_part10(resource_path("demo_patient", "photo.dcm"))]).result(
        SECONDS
    )
    if with_plan:
        suite.creator.schedule(plan, [built]).result(SECONDS)
    else:
        suite.creator.store_rtbdi(built.rtbdi).result(SECONDS)
        suite.creator.create_step(built).result(SECONDS)
    return built.sop_instance_uid


def at_tms(suite: Suite, uid: str) -> Ups:
    return Ups(suite.tms.service.get(uid))


def select(window: TddWindow, hand: Hand) -> None:
    hand.click(window, "refresh")
    hand.choose_row(window, "worklist")
    hand.click(window, "select_patient")


def confirm(window: TddWindow, hand: Hand) -> None:
    for box in ("confirm_name", "confirm_birth_date"):
        hand.tick(window, box)
    hand.click(window, "confirm_patient")


def start(window: TddWindow, hand: Hand) -> None:
    select(window, hand)
    confirm(window, hand)
    hand.click(window, "claim")
    hand.find(window, QPushButton, "beam_on")


def button(window: QWidget, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def tooltip_of(window: QWidget, name: str) -> str:
    found = button(window, name)
    assert not found.isEnabled()
    return found.toolTip()


def in_state(window: TddWindow, state: SessionState) -> Callable[[], bool]:
    return lambda: window.treatment.state is state


@pytest.mark.parametrize("plan", ["photon_plan.dcm", "ion_plan.dcm"])
def test_a_whole_fraction(window: TddWindow, suite: Suite, hand: Hand, plan: str) -> None:
    uid = schedule(suite, demo_plan(plan))
    select(window, hand)
    hand.tick(window, "confirm_photo")
    confirm(window, hand)
    hand.click(window, "claim")
    hand.fastest(window, "speed")
    hand.click(window, "beam_on")
    hand.click(window, "store_record")
    hand.click(window, "final_update")
    hand.click(window, "complete")
    hand.click(window, "complete_treatment")
    hand.wait(in_state(window, SessionState.COMPLETED))

    step = at_tms(suite, uid)
    assert step.state is ProcedureStepState.COMPLETED
    (output,) = step.performed.outputs
    assert suite.ost.instances.present([output.sop_instance_uid])
    assert all("✓ Delivered" in row for row in hand.cells(window, "beams"))
    hand.click(window, "next_patient")
    hand.wait(lambda: window.banner.identity is None)
    # The worklist shows what is still to be treated today.
    hand.wait(lambda: not hand.cells(window, "worklist"))


def test_the_photo_is_decoded_and_shown_in_the_banner(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    schedule(suite)
    select(window, hand)
    hand.wait(lambda: window.treatment.photo is not None)
    assert window.banner.identity is not None
    photo = window.banner.identity.photo
    assert photo is not None
    assert (photo.width(), photo.height()) == (160, 200)


def test_before_the_claim_only_going_back_ends_it(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    select(window, hand)
    hand.wait(in_state(window, SessionState.INPUTS_READY))
    hand.wait(lambda: "not claimed yet" in tooltip_of(window, "cancel_treatment"))
    assert "not confirmed yet" in tooltip_of(window, "claim")
    hand.click(window, "back_to_worklist")
    hand.find(window, QPushButton, "refresh")
    assert at_tms(suite, uid).state is ProcedureStepState.SCHEDULED


def test_two_identifiers_are_needed(window: TddWindow, suite: Suite, hand: Hand) -> None:
    schedule(suite)
    select(window, hand)
    hand.tick(window, "confirm_id")
    hand.wait(lambda: "at least two" in tooltip_of(window, "confirm_patient"))
    hand.tick(window, "confirm_name")
    hand.click(window, "confirm_patient")
    hand.wait(in_state(window, SessionState.CONFIRMED))


def test_the_checks_are_listed(window: TddWindow, suite: Suite, hand: Hand) -> None:
    schedule(suite)
    start(window, hand)
    assert len(window.treatment.view.checks.model.rows) >= 4
    assert all(check.passed for check in window.treatment.view.checks.model.rows)


def test_missing_inputs_are_shown_with_the_reason_and_asked_for_again(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite, with_plan=False)
    select(window, hand)
    hand.find(window, QPushButton, "retrieve_again")
    (missing,) = [row for row in hand.cells(window, "inputs") if "Missing" in row[0]]
    assert "OST has no such instance" in missing[-1]
    assert "inputs are not here" in tooltip_of(window, "claim")
    suite.creator.store_static([demo_plan().dataset]).result(SECONDS)
    hand.click(window, "retrieve_again")
    hand.wait(in_state(window, SessionState.INPUTS_READY))
    assert at_tms(suite, uid).state is ProcedureStepState.SCHEDULED


def test_a_retrieval_that_hangs_is_stopped(window: TddWindow, suite: Suite, hand: Hand) -> None:
    schedule(suite)
    with closing(socket.socket()) as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        suite.directory.register(ApplicationEntity("OST", *mute.getsockname()))
        select(window, hand)
        hand.click(window, "cancel_retrieval")
        hand.find(window, QPushButton, "retrieve_again")
    assert any("canceled" in row[-1] for row in hand.cells(window, "inputs"))
    assert window.treatment.state is SessionState.SELECTED


def interrupt(window: TddWindow, suite: Suite, hand: Hand) -> str:
    """Deliver a part of a step and end there; return its SOP Instance UID."""
    uid = schedule(suite)
    start(window, hand)
    hand.find(window, QComboBox, "speed").setCurrentIndex(1)
    hand.click(window, "beam_on")
    hand.wait(lambda: window.treatment.view.beams.rows[0].delivered > 0)
    hand.click(window, "end_session")
    hand.click(window, "confirm_end_session")
    hand.wait(in_state(window, SessionState.STOPPED))
    return uid


def test_an_interrupted_delivery_is_canceled_with_its_reason_and_record(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    start(window, hand)
    hand.find(window, QComboBox, "speed").setCurrentIndex(1)
    hand.click(window, "beam_on")
    hand.wait(lambda: window.treatment.view.beams.rows[0].delivered > 0)
    hand.click(window, "pause")
    hand.wait(in_state(window, SessionState.PAUSED))
    assert "paused" in tooltip_of(window, "store_record")
    hand.click(window, "end_session")
    hand.click(window, "keep_treating")
    assert window.treatment.state is SessionState.PAUSED
    hand.click(window, "end_session")
    hand.find(window, QComboBox, "termination").setCurrentIndex(1)
    hand.click(window, "confirm_end_session")
    hand.wait(in_state(window, SessionState.STOPPED))
    hand.click(window, "cancel_treatment")
    combo = hand.find(window, QComboBox, "cancel_code")
    combo.setCurrentIndex(combo.findText("Equipment failure", Qt.MatchFlag.MatchStartsWith))
    hand.type(window, "cancel_reason", "interlock")
    hand.click(window, "confirm_cancel")
    hand.wait(in_state(window, SessionState.CANCELED))

    step = at_tms(suite, uid)
    assert step.state is ProcedureStepState.CANCELED
    assert step.cancellation.code is not None
    assert step.cancellation.code.meaning == "Equipment failure"
    assert step.cancellation.reason == "interlock"
    (output,) = step.performed.outputs
    record = suite.ost.instances.read(output.sop_instance_uid)
    (beam,) = record.TreatmentSessionBeamSequence
    assert beam.TreatmentTerminationStatus == "MACHINE"
    summary = hand.find(window, QWidget, "session_summary")
    assert any("interlock" in label.text() for label in summary.findChildren(QLabel))


def test_an_interrupted_delivery_goes_on(window: TddWindow, suite: Suite, hand: Hand) -> None:
    uid = interrupt(window, suite, hand)
    hand.fastest(window, "speed")
    hand.click(window, "beam_on")
    hand.wait(lambda: all("✓ Delivered" in row for row in hand.cells(window, "beams")))
    hand.click(window, "store_record")
    hand.click(window, "final_update")
    hand.click(window, "complete")
    hand.click(window, "complete_treatment")
    hand.wait(in_state(window, SessionState.COMPLETED))
    assert len(at_tms(suite, uid).performed.outputs) == 2


def test_records_that_cannot_be_stored_are_stored_again_or_gone_on_without(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = interrupt(window, suite, hand)
    address = suite.directory.lookup("OST")
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        suite.directory.register(ApplicationEntity("OST", *unused.getsockname()))
    hand.click(window, "store_record")
    bar = hand.find(window, QuestionBar, "unsent_records")
    assert "nothing listens" in bar.words
    hand.click(window, "store_again")
    hand.click(window, "waive_records")
    hand.wait(in_state(window, SessionState.RECORDED))
    assert bar.isHidden()
    assert list(suite.tdd.unsent_folder.iterdir())
    suite.directory.register(address)
    hand.click(window, "final_update")
    # Not all was delivered: the step can only be canceled.
    hand.wait(lambda: "canceled" in tooltip_of(window, "complete"))
    hand.click(window, "cancel_treatment")
    hand.click(window, "confirm_cancel")
    hand.wait(in_state(window, SessionState.CANCELED))
    assert not at_tms(suite, uid).performed.outputs
    summary = hand.find(window, QWidget, "session_summary")
    assert any("1 not stored" in label.text() for label in summary.findChildren(QLabel))


@pytest.mark.parametrize("verb", ["finish_session", "cancel_session"])
def test_an_interrupted_session_is_offered_at_the_start(
    window: TddWindow, suite: Suite, bridge: ActorBridge, hand: Hand, verb: str
) -> None:
    uid = interrupt(window, suite, hand)
    assert window.treatment.session is not None
    delivered = window.treatment.session.delivered[0].end_meterset
    window.stop_for_good()
    window.close()
    again = TddWindow(suite.tdd, bridge, owns_actor=False)
    again.show()
    bar = hand.find(again, QuestionBar, "recovery")
    assert "DEMO" in bar.words
    assert "record not stored yet" in bar.words
    hand.click(again, verb)
    if verb == "finish_session":
        hand.fastest(again, "speed")
        hand.wait(lambda: again.treatment.view.beams.rows)
        assert again.treatment.view.beams.rows[0].delivered == pytest.approx(delivered, abs=1)
        hand.click(again, "beam_on")
        hand.wait(in_state(again, SessionState.DELIVERED))
        hand.click(again, "store_record")
        hand.click(again, "final_update")
        hand.click(again, "complete")
        hand.click(again, "complete_treatment")
        hand.click(again, "next_patient")
        assert at_tms(suite, uid).state is ProcedureStepState.COMPLETED
    else:
        dialog = hand.find(again, QPushButton, "confirm_cancel").window()
        said = " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert f"{delivered:.1f} of 92.4 MU" in said
        hand.click(again, "confirm_cancel")
        hand.wait(in_state(again, SessionState.CANCELED))
        assert len(at_tms(suite, uid).performed.outputs) == 1
        hand.click(again, "next_patient")
    hand.wait(lambda: bar.isHidden())
    hand.wait(lambda: "TDD-session" not in {thread.name for thread in threading.enumerate()})
    again.stop_for_good()
    again.close()


def test_a_request_without_the_claims_transaction_uid_is_refused_in_words(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    start(window, hand)
    QTest.mouseClick(window.treatment.bar.manual, Qt.MouseButton.LeftButton)
    assert "session completes" in tooltip_of(window, "try_complete")
    key = hand.find(window, QComboBox, "manual_key")
    answer = hand.find(window, QLabel, "manual_answer")
    for choice in (1, 2):
        key.setCurrentIndex(choice)
        for name in ("send_update", "try_complete"):
            window.treatment.view.manual.progress.show_answer("")
            hand.click(window, name)
            hand.wait(lambda: "C301H" in answer.text())
    key.setCurrentIndex(0)
    hand.click(window, "send_update")
    hand.wait(lambda: "success" in answer.text())
    assert at_tms(suite, uid).state is ProcedureStepState.IN_PROGRESS


def test_a_cancel_request_is_shown_with_reason_and_contact(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    hand.click(window, "subscribe")
    hand.wait(lambda: suite.tdd.subscribed)
    start(window, hand)
    suite.tms.request_cancel(uid, "wrong patient", "Dr. Who").result(SECONDS)
    bar = hand.find(window, QuestionBar, "cancel_request")
    assert "wrong patient" in bar.words
    assert "Dr. Who" in bar.words
    hand.click(window, "accept_cancellation")
    hand.wait(in_state(window, SessionState.CANCELED))
    assert not bar.isVisible()
    assert at_tms(suite, uid).cancellation.reason == "wrong patient"


def test_a_cancel_request_that_is_declined_lets_the_treatment_go_on(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    hand.click(window, "subscribe")
    hand.wait(lambda: suite.tdd.subscribed)
    start(window, hand)
    suite.tms.request_cancel(uid, "machine is needed", "Dr. Who").result(SECONDS)
    hand.click(window, "decline_cancellation")
    hand.wait(lambda: window.findChild(QuestionBar, "cancel_request").isHidden())
    hand.find(window, QPushButton, "beam_on")
    assert at_tms(suite, uid).state is ProcedureStepState.IN_PROGRESS


def test_the_worklist_follows_events(window: TddWindow, suite: Suite, hand: Hand) -> None:
    hand.click(window, "subscribe")
    hand.wait(lambda: suite.tdd.subscribed)
    hand.wait(lambda: not window.worklist.is_asking)
    uid = schedule(suite)
    hand.wait(lambda: hand.cells(window, "worklist"))
    suite.tms.request_cancel(uid).result(SECONDS)
    hand.wait(lambda: not hand.cells(window, "worklist"))
    hand.click(window, "subscribe")
    hand.wait(lambda: not suite.tdd.subscribed)


def test_an_outdated_worklist_is_asked_for_again_when_it_is_seen(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    hand.wait(lambda: window.worklist._was_asked and not window.worklist.is_asking)
    first = schedule(suite)
    window.on_event(WorklistOutdated("TDD", "test"))
    hand.wait(lambda: window.worklist.model.row_of(first) is not None)
    hand.wait(lambda: not window.worklist.is_asking)
    hand.choose_row(window, "worklist")
    hand.click(window, "select_patient")
    second = schedule(suite)
    window.on_event(WorklistOutdated("TDD", "test"))
    assert not window.worklist.is_asking
    hand.wait(in_state(window, SessionState.INPUTS_READY))
    hand.click(window, "back_to_worklist")
    hand.wait(lambda: window.worklist.model.row_of(second) is not None)


def test_a_step_that_cannot_be_treated_says_why(
    window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    suite.tms.request_cancel(uid).result(SECONDS)
    hand.click(window, "clear_filter")
    hand.choose_row(window, "worklist")
    assert "Canceled" in tooltip_of(window, "select_patient")


def test_progress_by_hand_is_throttled_and_the_newest_value_wins(
    window: TddWindow, suite: Suite, hand: Hand, qtbot
) -> None:
    uid = schedule(suite)
    start(window, hand)
    QTest.mouseClick(window.treatment.bar.manual, Qt.MouseButton.LeftButton)
    sent: list[float] = []
    window.treatment.view.manual.progress.progress_wanted.connect(
        lambda percent, *_: sent.append(percent)
    )
    percent = hand.find(window, QDoubleSpinBox, "manual_percent")
    for value in range(1, 60):
        percent.setValue(value)
    hand.wait(lambda: at_tms(suite, uid).progress.percent == 59)
    assert len(sent) <= 3
    assert sent[-1] == 59


def test_records_of_files_and_of_the_ost_are_stored_in_the_place_of_built_ones(
    window: TddWindow, suite: Suite, hand: Hand, tmp_path: Path
) -> None:
    schedule(suite)
    start(window, hand)
    hand.fastest(window, "speed")
    hand.click(window, "beam_on")
    hand.wait(in_state(window, SessionState.DELIVERED))
    manual = window.treatment.view.manual.records
    manual.files_chosen.emit([resource_path("demo_patient", "photo.dcm")])
    hand.wait(lambda: window.messages.shown_texts)
    assert "no beams treatment record" in window.messages.shown_texts[0]

    session = window.treatment.session
    assert session is not None
    assert session.plan is not None
    assert session.group is not None
    info = SessionInfo(fraction_number=1)
    (record,) = build_treatment_records(session.plan, session.group, session.delivered, info)
    path = tmp_path / "own.dcm"
    write_part10(path, record)
    manual.files_chosen.emit([path])
    hand.wait(lambda: session.records)
    record.SOPInstanceUID = new_uid()
    suite.creator.store_static([record]).result(SECONDS)
    QTest.mouseClick(window.treatment.bar.manual, Qt.MouseButton.LeftButton)
    hand.click(window, "archive_records")
    dialog = hand.find(window, QPushButton, "archive_close").window()
    assert hand.find(dialog, QLineEdit, "archive_patient_id").text() == "DEMO-0001"
    hand.wait(lambda: len(hand.cells(dialog, "found")) == 1)
    hand.click(dialog, "archive_fetch")
    hand.wait(lambda: session.records[0].SOPInstanceUID == record.SOPInstanceUID)
    # What it is checked for is shown, and nothing of it is wrong.
    hand.wait(lambda: hand.cells(window, "record_findings"))
    assert not any("Not met" in row[0] for row in hand.cells(window, "record_findings"))
    hand.click(window, "built_records")
    hand.wait(lambda: not session.records)
    hand.click(window, "archive_records")
    dialog = hand.find(window, QPushButton, "archive_close").window()
    hand.wait(lambda: len(hand.cells(dialog, "found")) == 1)
    hand.click(dialog, "archive_fetch")
    hand.wait(lambda: session.records)
    hand.click(window, "store_record")
    hand.wait(in_state(window, SessionState.RECORDED))
    assert suite.ost.instances.present([record.SOPInstanceUID])


def test_a_claimed_step_is_continued(
    suite: Suite, bridge: ActorBridge, hand: Hand, request: pytest.FixtureRequest
) -> None:
    uid = schedule(suite)
    suite.tdd.start_procedure(uid).result(SECONDS)
    window = request.getfixturevalue("window")
    hand.choose_row(window, "worklist")
    assert "Continue" in button(window, "select_patient").text().replace("&", "")
    hand.click(window, "select_patient")
    confirm(window, hand)
    hand.click(window, "claim")
    hand.find(window, QPushButton, "beam_on")


@pytest.fixture
def own_window(suite: Suite, bridge: ActorBridge) -> TddWindow:
    window = TddWindow(suite.tdd, bridge)
    window.show()
    return window


def test_closing_in_mid_treatment_leaves_it_recoverable(
    own_window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    start(own_window, hand)
    own_window.close()
    hand.click(own_window, "keep_treating")
    assert own_window.isVisible()
    own_window.close()
    hand.click(own_window, "leave_recoverable")
    hand.wait(lambda: not own_window.isVisible())
    assert at_tms(suite, uid).state is ProcedureStepState.IN_PROGRESS


def test_closing_in_mid_treatment_cancels_properly(
    own_window: TddWindow, suite: Suite, hand: Hand
) -> None:
    uid = schedule(suite)
    start(own_window, hand)
    own_window.close()
    hand.click(own_window, "cancel_and_close")
    hand.wait(lambda: not own_window.isVisible())
    assert at_tms(suite, uid).state is ProcedureStepState.CANCELED


def test_closing_without_treatment_asks_nothing(
    own_window: TddWindow, suite: Suite, hand: Hand
) -> None:
    schedule(suite)
    select(own_window, hand)
    hand.wait(in_state(own_window, SessionState.INPUTS_READY))
    own_window.close()
    hand.wait(lambda: not own_window.isVisible())

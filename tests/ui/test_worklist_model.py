"""Rows and filters of worklists, and the models of the TMS monitor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.actors.tms import PendingEvent, SubscriptionInfo
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item, numeric_item, text_item
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.store.encoding import put
from tdwii_gui.dicom.uids import UPS_PUSH
from tdwii_gui.ui.models.event_rows import EventRow, event_model
from tdwii_gui.ui.models.history_rows import StepHistory, history_columns
from tdwii_gui.ui.models.row_model import RowModel
from tdwii_gui.ui.models.step_facts import StepFacts, reference_model
from tdwii_gui.ui.models.subscription_rows import subscription_model, subscription_rows
from tdwii_gui.ui.models.worklist import (
    WorklistColumn,
    WorklistFilter,
    WorklistRow,
    worklist_columns,
)
from tdwii_gui.ui.panels.worklist_filter import WorklistFilterBar

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 21, 10, 31, tzinfo=UTC)

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal

HOSTILE = (
    "Bobby\0\r\nTables\x1b[31m",
    "<b>bold</b><img src='http://example.com/x'>",
    "A" * 10_000,
    "שלום\u202eevil\u202c",
    "\ud800 lone \u2028 line",
)


def step(**changes: Any) -> Ups:
    dataset = Dataset()
    dataset.SOPInstanceUID = "1.2.3"
    dataset.PatientName = "DOE^JANE"
    dataset.PatientID = "4711"
    dataset.ProcedureStepState = "SCHEDULED"
    dataset.ScheduledProcedureStepStartDateTime = "20261121103100+0000"
    station = codes.Code("TR1", codes.STATION_NAME_SCHEME, "TR1")
    dataset.ScheduledStationNameCodeSequence = [code_item(station)]
    dataset.ScheduledProcessingParametersSequence = [
        text_item(codes.PLAN_LABEL, "Prostate"),
        numeric_item(codes.CURRENT_FRACTION_NUMBER, 3),
        numeric_item(codes.NUMBER_OF_FRACTIONS_PLANNED, 35),
    ]
    for keyword, value in changes.items():
        put(dataset, keyword, value)
    return Ups(dataset)


def row(uid: str = "1.2.3", **changes: Any) -> WorklistRow:
    return replace(WorklistRow.from_step(step(SOPInstanceUID=uid), NOW), **changes)


def with_progress(percent: str, beam: int) -> Ups:
    item = Dataset()
    item.ProcedureStepProgress = percent
    item.ProcedureStepProgressParametersSequence = [
        numeric_item(codes.REFERENCED_BEAM_NUMBER, beam)
    ]
    return step(ProcedureStepState="IN PROGRESS", ProcedureStepProgressInformationSequence=[item])


def cells(shown: WorklistRow) -> dict[str, str]:
    names = [column.value for column in WorklistColumn]
    return dict(zip(names, (c.text(shown) for c in worklist_columns()), strict=True))


def test_a_row_says_what_a_step_says() -> None:
    shown = cells(WorklistRow.from_step(with_progress("40", 2), NOW, "TDD"))
    assert shown["state"] == "▶ In progress"
    assert shown["patient"] == "DOE, JANE · 4711"
    assert shown["machine"] == "TR1"
    assert shown["fraction"] == "3 of 35"
    assert shown["plan"] == "Prostate"
    assert shown["owner"] == "TDD"
    assert shown["progress"] == "40 % · beam 2"
    assert "2026" in shown["start"]


def test_an_empty_step_is_a_row_too() -> None:
    shown = cells(WorklistRow.from_step(Ups(Dataset()), None))
    assert shown["state"] == "? Unknown"
    assert not any(value for name, value in shown.items() if name != "state")


def test_a_start_without_local_time_shows_its_value() -> None:
    early = WorklistRow.from_step(step(ScheduledProcedureStepStartDateTime="00010101"), NOW)
    assert early.start is None or early.start.year <= 1
    assert cells(early)["start"]


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a data set hold values as a peer may send them."""
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_shown_plain(text: str) -> None:
    found = WorklistRow.from_step(
        step(PatientName=text, PatientID=text, ProcedureStepLabel=text), NOW
    )
    for column in worklist_columns():
        said = column.text(found)
        assert len(said) < 1000
        assert all(ord(character) >= ord(" ") for character in said)
        assert "\u202e" not in said
        hint = column.tooltip(found) if column.tooltip else ""
        assert "<b>" not in hint
        assert "<img" not in hint


@pytest.mark.parametrize(
    ("wanted", "is_shown"),
    [
        (WorklistFilter(), True),
        (WorklistFilter(text="doe tr1"), True),
        (WorklistFilter(text="jane missing"), False),
        (WorklistFilter(machine="TR1"), True),
        (WorklistFilter(machine="TR2"), False),
        (WorklistFilter(states=frozenset({ProcedureStepState.SCHEDULED})), True),
        (WorklistFilter(states=frozenset({ProcedureStepState.COMPLETED})), False),
        (WorklistFilter(first=date(2026, 11, 20), last=date(2026, 11, 23)), True),
        (WorklistFilter(first=date(2026, 11, 24)), False),
        (WorklistFilter(last=date(2026, 11, 1)), False),
    ],
)
def test_filter(wanted: WorklistFilter, is_shown: bool) -> None:
    assert wanted(row()) is is_shown


def test_a_step_without_start_is_on_no_day() -> None:
    assert not WorklistFilter(first=date(2026, 11, 21))(row(start=None))


def test_the_model_of_a_worklist_keeps_the_rules_of_qt() -> None:
    model: RowModel[WorklistRow] = RowModel(worklist_columns(), key=lambda each: each.uid)
    tester = QAbstractItemModelTester(model, FATAL)
    model.replace_all(row(f"1.2.{n}", percent=None if n % 2 else float(n)) for n in range(20))
    for column in range(model.columnCount()):
        model.sort(column, Qt.SortOrder.DescendingOrder)
        model.put(row("1.2.3", state=ProcedureStepState.COMPLETED))
        model.put(row(f"1.9.{column}", start=None, state=None, machine=""))
    model.set_filter(WorklistFilter(machine="TR1"))
    model.put(row("1.2.4", machine="TR2"))
    assert model.row_of("1.2.4") is not None
    assert not model.index_of("1.2.4").isValid()
    del tester


def test_ten_thousand_rows_come_in_one_reset() -> None:
    model: RowModel[WorklistRow] = RowModel(worklist_columns(), key=lambda each: each.uid)
    resets = []
    model.modelReset.connect(lambda: resets.append(model.rowCount()))
    one = row()
    model.replace_all(replace(one, uid=f"2.{n}") for n in range(10_000))
    model.put(replace(one, uid="2.77", percent=50.0))
    assert resets == [10_000]
    assert model.row_of("2.77").percent == 50.0


def exchange(number: int, uid: str, **changes: Any) -> ExchangeMade:
    values = {
        "calling_ae": "TDD",
        "called_ae": "TMS",
        "message": "N-SET",
        "sop_class_uid": UPS_PUSH,
        "sop_instance_uid": uid,
        "status": 0,
        "comment": "",
        "milliseconds": 1.5,
        "detail": "",
        "role": "scp",
        "request": None,
        "response": None,
        "at": NOW + timedelta(seconds=number),
    }
    return ExchangeMade("TMS", SimpleNamespace(**(values | changes)), "")  # type: ignore[arg-type]


def test_history_is_bounded_per_step_and_in_all() -> None:
    history = StepHistory(per_step=3, in_all=5)
    for number in range(4):
        history.add(exchange(number, "1.1"))
    assert [each.number for each in history.of("1.1")] == [2, 3, 4]
    for number in range(3):
        history.add(exchange(number, "1.2"))
    assert len(history) == 5
    assert [each.number for each in history.of("1.1")] == [3, 4]
    assert len(history.of("1.2")) == 3


def test_history_takes_only_messages_about_steps() -> None:
    history = StepHistory()
    assert history.add(exchange(1, "1.1", message="C-STORE")) is None
    assert history.add(exchange(1, "1.2.840.10008.5.1.4.34.5", message="N-ACTION")) is None
    answer = Dataset()
    answer.AffectedSOPInstanceUID = "1.7"
    created = history.add(exchange(1, "", message="N-CREATE", response=answer))
    assert created is not None
    assert created.uid == "1.7"


def test_history_says_what_a_message_says() -> None:
    claim, plain, cancel = Dataset(), Dataset(), Dataset()
    claim.ProcedureStepState = "IN PROGRESS"
    claim.TransactionUID = "1.2"
    plain.CommentsOnTheScheduledProcedureStep = "x"
    cancel.ReasonForCancellation = "rain"
    said = {
        "Change UPS State: IN PROGRESS": exchange(1, "1", message="N-ACTION", request=claim),
        "progress 40 %, beam 2": exchange(1, "1", request=with_progress("40", 2).dataset),
        "Comments on the Scheduled Procedure Step": exchange(1, "1", request=plain),
        "Request UPS Cancel: rain": exchange(1, "1", message="N-ACTION", request=cancel),
        "": exchange(1, "1", message="N-GET"),
    }
    history = StepHistory()
    for words, made in said.items():
        found = history.add(made)
        assert found is not None
        assert found.what == words


def test_history_model_shows_failures_in_words() -> None:
    model = RowModel(history_columns(), key=lambda each: each.number)
    tester = QAbstractItemModelTester(model, FATAL)
    history = StepHistory()
    history.add(exchange(1, "1", status=0xC301, comment="wrong <b>UID</b>"))
    history.add(exchange(2, "1", status=None, comment="nothing listens there"))
    model.replace_all(history.of("1"))
    status = model.columnCount() - 1
    first, second = (model.index(n, status).data() for n in range(2))
    assert first.startswith("✕")
    assert "C301H" in first
    assert "nothing listens there" in second
    model.sort(0, Qt.SortOrder.DescendingOrder)
    del tester


def test_events_that_wait_stand_above_those_that_left() -> None:
    model = event_model(lambda uid: "DOE, JANE" if uid == "1.1" else uid)
    tester = QAbstractItemModelTester(model, FATAL)
    model.sort(0, Qt.SortOrder.DescendingOrder)
    sent = exchange(
        5, "1.1", message="N-EVENT-REPORT", role="scu", detail="UPS State Report: SCHEDULED"
    )
    model.put(EventRow.sent(1, sent))
    waits = PendingEvent("PPVS", "1.2", 3, NOW, 2, "nothing listens there")
    model.put(EventRow.waiting(0, waits))
    assert [each.is_waiting for each in model.rows] == [True, False]
    assert "waiting, receiver cannot be reached: nothing listens there" in model.rows[0].outcome
    texts = [model.index(1, n).data() for n in range(model.columnCount())]
    assert texts[2:] == ["State: SCHEDULED", "DOE, JANE", "✓ 1.5 ms"]
    del tester


@dataclass(frozen=True)
class Sent:
    """The last attempt of a sender of events."""

    at: datetime
    status: int | None
    reason: str
    delivered: int


def test_subscriptions_say_their_scope_and_last_delivery() -> None:
    infos = [
        SubscriptionInfo("PPVS", "", True),
        SubscriptionInfo("PPVS", "1.1", True),
        SubscriptionInfo("TDD", "1.1", False),
        *(SubscriptionInfo("MANY", f"1.{n}", False) for n in range(30)),
    ]
    infos.append(SubscriptionInfo("SOME", "", False, "ScheduledStationName = TR1"))
    deliveries = {
        "PPVS": Sent(NOW, 0, "", 7),
        "TDD": Sent(NOW, None, "TDD (127.0.0.1:1): nothing listens there", 0),
        "MANY": Sent(NOW, 0x0110, "", 1),
    }
    rows = subscription_rows(infos, lambda _uid: "DOE, JANE", deliveries)
    said = [(each.receiver, each.scope, each.deletion_lock) for each in rows]
    assert said == [
        ("MANY", "30 single steps", False),
        ("PPVS", "All steps (global)", True),
        ("SOME", "Filtered: ScheduledStationName = TR1", False),
        ("TDD", "One step: DOE, JANE", False),
    ]
    assert rows[0].delivery.startswith("✕")
    assert rows[1].delivery.endswith("success · 7 events")
    assert rows[2].delivery == ""
    assert rows[3].delivery.endswith("nothing listens there")
    assert "127.0.0.1" not in rows[3].delivery
    model = subscription_model()
    tester = QAbstractItemModelTester(model, FATAL)
    model.replace_all(rows)
    model.sort(0)
    del tester


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("text", HOSTILE)
def test_facts_of_a_hostile_step(text: str) -> None:
    facts = StepFacts.of(
        step(PatientName=text, CommentsOnTheScheduledProcedureStep=text), text[:16]
    )
    assert dict(facts.facts)["State"] == "○ Scheduled"
    model = reference_model()
    tester = QAbstractItemModelTester(model, FATAL)
    model.replace_all(facts.references)
    del tester


@pytest.fixture
def bar(qtbot: Any) -> WorklistFilterBar:
    made = WorklistFilterBar()
    qtbot.addWidget(made)
    made.set_machines(["TR2", "TR1", ""])
    made.show()
    return made


def test_filter_bar_tells_a_filter(
    bar: WorklistFilterBar, qtbot: Any, find: Callable[[Any, str], Any]
) -> None:
    told: list[WorklistFilter] = []
    bar.changed.connect(told.append)
    find(bar, "filter_machine").setCurrentIndex(1)
    assert told[-1] == WorklistFilter(machine="TR1")
    qtbot.mouseClick(find(bar, "filter_completed"), Qt.MouseButton.LeftButton)
    assert told[-1].states == {ProcedureStepState.COMPLETED}
    qtbot.keyClicks(find(bar, "filter_text"), "doe")
    qtbot.waitUntil(lambda: told[-1].text == "doe")
    assert bar.explain(5) == (
        "0 of 5 match: text 'doe', machine 'TR1', state Completed.\n“Clear filter” shows all."
    )
    bar.show_count(0, 5)
    assert find(bar, "filter_result").text() == "0 of 5 match"
    qtbot.mouseClick(find(bar, "clear_filter"), Qt.MouseButton.LeftButton)
    assert told[-1].is_empty
    assert not find(bar, "clear_filter").isEnabled()
    assert bar.explain(5) == ""


def test_filter_bar_takes_a_filter(bar: WorklistFilterBar, find: Callable[[Any, str], Any]) -> None:
    wanted = WorklistFilter(
        text="x",
        machine="NEW",
        first=date(2026, 1, 2),
        last=date(2026, 1, 2),
        states=frozenset({ProcedureStepState.SCHEDULED}),
    )
    bar.ask(wanted)
    assert bar.filter == wanted
    assert find(bar, "filter_date").isVisible()
    today = date.today()
    bar.ask(WorklistFilter(first=today, last=today))
    assert not find(bar, "filter_date").isVisible()
    assert bar.filter.first == today


def test_a_machine_that_is_gone_stays_chosen(bar: WorklistFilterBar) -> None:
    bar.ask(WorklistFilter(machine="TR1"))
    bar.set_machines(["TR3"])
    assert bar.filter.machine == "TR1"
    assert bar.add_machine("TR4")
    assert not bar.add_machine("TR4")


@pytest.fixture
def find() -> Callable[[Any, str], Any]:
    from PySide6.QtWidgets import QWidget

    def found(parent: Any, name: str) -> Any:
        widget = parent.findChild(QWidget, name)
        assert widget is not None, name
        return widget

    return found

"""The message inspector."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QTabWidget

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.ups_update import progress_update
from tdwii_gui.ui.models.exchange_log import ExchangeLog
from tdwii_gui.ui.models.requirement_rows import (
    NAME,
    REQUIRED,
    VALUE,
    RequirementModel,
    judge_request,
)
from tdwii_gui.ui.panels.inspector import InspectorPanel
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel
from tests.ui.exchanges import OURS, exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.ui.models.exchange_log import LoggedExchange

BEAM_NUMBER = "Procedure Step Progress Parameters Sequence"


def at_once(call: Callable[[], Any]) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(call())
    return future


def watch(future: Future[Any], done: Callable[[Any], Any], failed: Any = None) -> None:
    error = future.exception()
    if error is None:
        done(future.result())
    else:
        failed(error)


def logged(*events: ExchangeMade) -> LoggedExchange:
    log = ExchangeLog(lambda ae: OURS.get(ae, ""), lambda ae: ae in OURS)
    log.add_all(events)
    return log.entries()[-1]


@pytest.fixture
def panel(qtbot: QtBot) -> InspectorPanel:
    made = InspectorPanel(at_once, watch)
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def cells(model: RequirementModel, parent: QModelIndex | None = None) -> list[list[str]]:
    """Return the texts of all rows, fetching them."""
    parent = parent or QModelIndex()
    while model.canFetchMore(parent):
        model.fetchMore(parent)
    rows = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        rows.append([model.index(row, column, parent).data() for column in range(6)])
        rows.extend(cells(model, index))
    return rows


def text(panel: InspectorPanel, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert found is not None, name
    return found.whole_text if isinstance(found, ElidedLabel) else found.text()


def tree(panel: InspectorPanel, name: str = "inspector_request") -> RequirementModel:
    view = panel.findChild(object, name)
    assert view is not None
    return view.rows


def progress_without_beam() -> ExchangeMade:
    update = progress_update("1.2.840.1", 34)
    return exchange("N-SET", request=update, transaction="RO-62")


def test_model_holds_against_the_tester(qtbot: QtBot) -> None:
    model = RequirementModel()
    model.show_judged(judge_request(progress_without_beam()))
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert len(cells(model)) == 4
    del tester


def test_missing_attribute_has_a_row(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_exchange(logged(progress_without_beam()))
    rows = {row[NAME]: row for row in cells(tree(panel))}
    assert rows["Transaction UID"][REQUIRED:] == ["key · R+*", "✓"]
    assert rows["Procedure Step Progress"][VALUE:] == ["34", "3 · R+", "✓"]
    assert rows[BEAM_NUMBER][VALUE:] == ["– missing", "3 · R+*", "✕"]
    tabs = panel.findChild(QTabWidget, "inspector_tabs")
    assert tabs is not None
    assert "✕ 1" in tabs.tabText(0)
    assert text(panel, "inspector_clause").endswith("1 requirement is not met")


def test_only_problems(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_exchange(logged(progress_without_beam()))
    only = panel.findChild(QCheckBox, "inspector_only_problems")
    assert only is not None
    only.click()
    assert [row[NAME] for row in cells(tree(panel))] == [
        "Procedure Step Progress Information Sequence",
        BEAM_NUMBER,
    ]
    good = progress_update("1.2.840.1", 34, beam_number=1)
    panel.show_exchange(logged(exchange("N-SET", request=good, transaction="RO-62")))
    assert text(panel, "inspector_request_reason") == "All requirements are met."


def test_chosen_row_is_explained(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_exchange(logged(progress_without_beam()))
    view = panel.findChild(object, "inspector_request")
    sequence = view.rows.index(1, 0)
    view.setCurrentIndex(view.rows.index(1, 0, sequence))
    assert text(panel, "inspector_problem") == f"{BEAM_NUMBER}: has no value (R+*)"
    assert text(panel, "inspector_clause") == "PS3.4 Table CC.2.5-3 · IHE-RO TDW-II RO-62"


def test_missing_sequence_tells_what_it_should_hold(qtbot: QtBot) -> None:
    update = Dataset()
    update.TransactionUID = "1.2.3"
    judged = judge_request(exchange("N-SET", request=update, transaction="RO-64"))
    (path,) = judged.problems
    assert path == "UnifiedProcedureStepPerformedProcedureSequence"
    assert "PerformedWorkitemCodeSequence has no value (R+)" in judged.problems[path]
    model = RequirementModel()
    model.show_judged(judged)
    assert [row[VALUE] for row in cells(model)] == ["1.2.3", "– missing"]


def test_creation_is_judged(qtbot: QtBot, panel: InspectorPanel) -> None:
    creation = Dataset()
    creation.ProcedureStepLabel = ""
    creation.PatientName = "DEMO^TDWII"
    panel.show_exchange(logged(exchange("N-CREATE", request=creation)))
    rows = {row[NAME]: row for row in cells(tree(panel))}
    assert rows["Procedure Step Label"][VALUE:] == ["– no value", "1", "✕"]
    assert rows["Patient's Name"][VALUE:] == ["DEMO^TDWII", "2 · R+", "✓"]
    assert rows["Scheduled Procedure Step Priority"][VALUE] == "– missing"


def test_head_says_who_when_and_what_came_of_it(qtbot: QtBot, panel: InspectorPanel) -> None:
    event = exchange(
        "N-ACTION", request=Dataset(), transaction="RO-60", status=0xC301, comment="not the owner"
    )
    panel.show_exchange(logged(event))
    assert text(panel, "inspector_ends").startswith("TDD → TMS · ")
    assert text(panel, "inspector_status") == "✕ Failure (C301)"
    assert "its owner" in text(panel, "inspector_meaning")
    assert text(panel, "inspector_comment") == "not the owner"
    assert text(panel, "inspector_class").endswith(f"({uids.UPS_PUSH})")
    chip = panel.findChild(Chip, "inspector_transaction")
    assert chip is not None
    assert chip.text() == "RO-60"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (exchange("C-ECHO", uids.VERIFICATION), "no data set, and no requirements"),
        (exchange("A-ASSOCIATE", "", status=None, comment="refused"), "was not established"),
        (exchange("N-GET"), "A request of N-GET has no data set"),
    ],
)
def test_messages_without_requirements_say_so(
    qtbot: QtBot, panel: InspectorPanel, event: ExchangeMade, reason: str
) -> None:
    panel.show_exchange(logged(event))
    assert reason in text(panel, "inspector_request_reason")


def test_answer_of_n_get_comes_to_the_front(qtbot: QtBot, panel: InspectorPanel) -> None:
    answer = Dataset()
    answer.ProcedureStepState = "SCHEDULED"
    panel.show_exchange(logged(exchange("N-GET", response=answer)))
    tabs = panel.findChild(QTabWidget, "inspector_tabs")
    assert tabs is not None
    assert tabs.currentIndex() == 1
    assert cells(tree(panel, "inspector_response"))[0][VALUE:] == ["SCHEDULED", "1", "✓"]


def test_hostile_values_are_plain(qtbot: QtBot, panel: InspectorPanel) -> None:
    update = progress_update("1.2.840.1", 34)
    item = update.ProcedureStepProgressInformationSequence[0]
    with config.disable_value_validation():
        item.ProcedureStepProgressDescription = "<b>x</b>\u202e\u05d0" + "y" * 10_000
    update.add_new(0x00091001, "LO", "<img src=x>")
    event = exchange("N-SET", request=update, comment="<b>comment</b>\x02", status=0xC300)
    panel.show_exchange(logged(event))
    model = tree(panel)
    rows = cells(model)
    values = [row[VALUE] for row in rows]
    shown = next(value for value in values if "<b>x</b>" in value)
    assert len(shown) < 310
    assert "\u202e" not in shown
    assert "<img src=x>" in values
    index = model.index(1, VALUE)
    assert "<img" not in (model.data(index, Qt.ItemDataRole.ToolTipRole) or "")
    assert text(panel, "inspector_comment") == "<b>comment</b>␂"
    for label in panel.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText, label.objectName()
    panel.grab()


def test_long_sequence_does_not_block(qtbot: QtBot, panel: InspectorPanel) -> None:
    update = progress_update("1.2.840.1", 34)
    item = update.ProcedureStepProgressInformationSequence[0]
    item.ProcedureStepProgressParametersSequence = [Dataset() for _ in range(10_000)]
    judged: list[Callable[[], None]] = []

    def later(future: Future[Any], done: Callable[[Any], Any], _failed: Any) -> None:
        judged.append(lambda: done(future.result()))

    slow = InspectorPanel(at_once, later)
    qtbot.addWidget(slow)
    slow.show_exchange(logged(exchange("N-SET", request=update, transaction="RO-62")))
    begin = time.perf_counter()
    judged[0]()
    assert time.perf_counter() - begin < 0.05
    view = slow.findChild(object, "inspector_request")
    sequence = view.rows.index(1, 0)
    parameters = view.rows.index(1, 0, sequence)
    begin = time.perf_counter()
    view.expand(parameters)
    slow.grab()
    assert time.perf_counter() - begin < 0.25
    assert view.rows.rowCount(parameters) <= 1500, "in slices"


def test_late_judgement_of_another_message_is_dropped(qtbot: QtBot) -> None:
    waiting: list[Callable[[], None]] = []

    def later(future: Future[Any], done: Callable[[Any], Any], _failed: Any) -> None:
        waiting.append(lambda: done(future.result()))

    panel = InspectorPanel(at_once, later)
    qtbot.addWidget(panel)
    panel.show_exchange(logged(progress_without_beam()))
    panel.show_exchange(logged(exchange("C-ECHO", uids.VERIFICATION)))
    waiting[0]()
    assert cells(tree(panel)) == []


def test_forgotten_data_set_says_so(qtbot: QtBot, panel: InspectorPanel) -> None:
    entry = logged(exchange("N-SET"))
    entry.forgotten = True
    panel.show_exchange(entry)
    assert "no longer kept" in text(panel, "inspector_request_reason")


def test_stored_object_is_looked_up(qtbot: QtBot) -> None:
    asked: list[str] = []
    plan = Dataset()
    plan.RTPlanLabel = "PHOTON"

    def lookup(uid: str) -> Future[Dataset]:
        asked.append(uid)
        future: Future[Dataset] = Future()
        if uid == "1.0":
            future.set_result(plan)
        else:
            future.set_exception(LookupError("not in the store"))
        return future

    panel = InspectorPanel(at_once, watch, lookup)
    qtbot.addWidget(panel)
    panel.show()
    entry = logged(
        *(
            exchange("C-STORE", uids.RT_PLAN, after=n / 10, sop_instance_uid=f"1.{n}")
            for n in range(2)
        )
    )
    panel.show_exchange(entry)
    show = panel.findChild(QPushButton, "inspector_show_object")
    assert show is not None
    assert show.isVisible()
    show.click()
    view = panel.findChild(object, "inspector_object")
    assert view.isVisible()
    panel.findChild(object, "inspector_objects").selectRow(1)
    show.click()
    assert asked == ["1.0", "1.1"]
    assert "not in the store" in text(panel, "inspector_object_said")
    panel.show_exchange(None)
    assert not view.isVisible()


def test_without_a_lookup_no_object_is_offered(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_exchange(logged(exchange("C-STORE", uids.RT_PLAN)))
    show = panel.findChild(QPushButton, "inspector_show_object")
    assert show is not None
    assert not show.isVisible()

"""The window of the PPVS: subscription by click, steps by events, inputs, and what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import WorklistOutdated
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator, ScheduledFraction
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import (
    CreatorSettings,
    NetworkSettings,
    OstSettings,
    PpvsSettings,
    TmsSettings,
)
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.references import access_items, read_references, reference_to
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.ui import ppvs_window
from tdwii_gui.ui.models.arrival_rows import arrival_model
from tdwii_gui.ui.models.report_rows import report_model, report_row
from tdwii_gui.ui.models.step_input_rows import (
    StepReader,
    inputs_words,
    step_input_model,
    step_kind_model,
)
from tdwii_gui.ui.models.step_inputs import StepInputs
from tdwii_gui.ui.ppvs_window import PpvsWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.bridge import ActorBridge

MS = 20_000
SECONDS = 20
DEMO = resource_path("demo_patient")
SLICES = 4


class Surrounding:
    """TMS, OST and creator, and the PPVS that is looked at."""

    def __init__(self, bridge: ActorBridge, folder: Path) -> None:
        directory = AeDirectory()
        others = Surroundings(directory, folder)
        self.ost = Ost(OstSettings(port=0), others)
        self.tms = Tms(TmsSettings(port=0), others)
        self.creator = RtbdiCreator(CreatorSettings(port=0), others)
        seen = Surroundings(directory, folder, NetworkSettings(), bridge.hear)
        self.ppvs = Ppvs(PpvsSettings(port=0), seen)
        self.actors = (self.ost, self.tms, self.creator, self.ppvs)
        for actor in self.actors:
            actor.start()
        self.images = [read_part10(path) for path in sorted((DEMO / "ct").glob("*.dcm"))[:SLICES]]
        self.structures = read_part10(DEMO / "structure_set.dcm")
        self.photo = read_part10(DEMO / "photo.dcm")
        self.plan: Plan = read_plan(DEMO / "photon_plan.dcm")

    def store(self) -> None:
        self.creator.store_static([*self.images, self.structures, self.photo]).result(SECONDS)

    def schedule(self, fraction: int = 1, machine: str | None = None) -> str:
        """Schedule a step that names images and structures besides plan and instruction."""
        request = FractionRequest(fraction, datetime.now().astimezone(), machine=machine)
        built = self.creator.build(self.plan, request)
        add_inputs(built, [*self.images, self.structures])
        (uid,) = self.creator.schedule(self.plan, [built]).result(SECONDS)
        return uid

    def stop(self) -> None:
        for actor in reversed(self.actors):
            actor.stop()


def add_inputs(built: ScheduledFraction, objects: list[Dataset]) -> None:
    named = read_references(built.ups, "InputInformationSequence")
    more = [reference_to(each, "OST") for each in objects]
    built.ups.InputInformationSequence = access_items([*named, *more])


@pytest.fixture
def around(bridge: ActorBridge, tmp_path: Path) -> Iterator[Surrounding]:
    made = Surrounding(bridge, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def window(qtbot: QtBot, around: Surrounding, bridge: ActorBridge) -> Iterator[PpvsWindow]:
    made = PpvsWindow(around.ppvs, bridge, owns_actor=False)
    made.resize(1366, 768)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.stop_for_good()


def button(window: PpvsWindow, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def press(qtbot: QtBot, window: PpvsWindow, name: str) -> None:
    qtbot.waitUntil(lambda: button(window, name).isEnabled(), timeout=MS)
    qtbot.mouseClick(button(window, name), Qt.MouseButton.LeftButton)


def said(window: PpvsWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert label is not None, name
    return label.text()


def subscribe(qtbot: QtBot, window: PpvsWindow) -> None:
    press(qtbot, window, "subscribe")
    qtbot.waitUntil(lambda: said(window, "subscription_state") == "✓ Subscribed to TMS", timeout=MS)


def inputs_of(window: PpvsWindow, uid: str) -> str:
    row = window._model.row_of(uid)
    return inputs_words(row) if row else ""


def kinds(window: PpvsWindow) -> list[list[str]]:
    model = window._kinds.table.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_subscribing_and_unsubscribing_by_click(qtbot, window, around) -> None:
    assert said(window, "subscription_state") == "○ Not subscribed"
    assert button(window, "unsubscribe").toolTip() == "Not subscribed"
    assert button(window, "subscribe").property("primary")
    qtbot.mouseClick(button(window, "deletion_lock"), Qt.MouseButton.LeftButton)
    subscribe(qtbot, window)
    (subscription,) = around.tms.subscriptions().result(SECONDS)
    assert subscription.receiving_ae == "PPVS_SCP"
    assert subscription.deletion_lock
    assert not button(window, "subscribe").property("primary")
    press(qtbot, window, "unsubscribe")
    qtbot.waitUntil(lambda: said(window, "subscription_state") == "○ Not subscribed", timeout=MS)
    assert not around.tms.subscriptions().result(SECONDS)


def test_a_dead_tms_is_told_with_the_reason(qtbot, window, around) -> None:
    around.tms.stop_listening()
    press(qtbot, window, "subscribe")
    qtbot.waitUntil(lambda: said(window, "subscription_state") == "✕ Not subscribed", timeout=MS)
    assert "TMS" in said(window, "subscription_reason")
    assert button(window, "subscribe").isEnabled()
    press(qtbot, window, "refresh")
    qtbot.waitUntil(lambda: "could not be asked" in window._empty_words(), timeout=MS)


def test_auto_download_brings_the_inputs_of_a_new_step(qtbot, window, around) -> None:
    around.store()
    qtbot.mouseClick(button(window, "auto_download"), Qt.MouseButton.LeftButton)
    assert around.ppvs.auto_download
    subscribe(qtbot, window)
    uid = around.schedule()
    expected = f"✓ {SLICES + 3} of {SLICES + 3} here"
    qtbot.waitUntil(lambda: inputs_of(window, uid) == expected, timeout=MS)
    qtbot.waitUntil(lambda: window._image.count == SLICES, timeout=MS)
    qtbot.waitUntil(lambda: len(window._arrivals._arrivals.rows) == SLICES + 4, timeout=MS)
    assert kinds(window) == [
        ["RT Plan", "✓ 1/1", "OST"],
        ["Delivery instruction", "✓ 1/1", "TMS"],
        ["CT Image", f"✓ {SLICES}/{SLICES}", "OST"],
        ["RT Structure Set", "✓ 1/1", "OST"],
        ["Photo", "✓ 1/1", "OST"],
    ]
    assert window.banner.identity is not None
    assert window.banner.identity.patient_id == "DEMO-0001"
    qtbot.waitUntil(lambda: window.banner.identity.photo is not None, timeout=MS)
    events = window._arrivals._reports.rows
    assert [row.event_type.title for row in events] == ["UPS Assigned", "UPS State Report"]
    assert events[1].words == "○ Scheduled"
    image = window._image
    qtbot.waitUntil(lambda: image.frame is not None, timeout=MS)
    before = image.place
    QApplication.sendEvent(image, wheel(-120))
    assert image.place == before + 1


def wheel(turned: int) -> QWheelEvent:
    return QWheelEvent(
        QPointF(20, 20),
        QPointF(20, 20),
        QPoint(0, 0),
        QPoint(0, turned),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def test_what_is_missing_is_told_and_retrieved_again(qtbot, window, around) -> None:
    around.store()
    subscribe(qtbot, window)
    uid = around.schedule()
    qtbot.waitUntil(lambda: inputs_of(window, uid) == f"○ 0 of {SLICES + 3} here", timeout=MS)
    around.ost.stop_listening()
    assert button(window, "retrieve").text() == "&Retrieve"
    press(qtbot, window, "retrieve")
    qtbot.waitUntil(lambda: inputs_of(window, uid) == f"✕ 1 of {SLICES + 3} here", timeout=MS)
    qtbot.waitUntil(lambda: bool(window.messages.shown_texts), timeout=MS)
    assert "6 inputs are missing: OST" in window.messages.shown_texts[-1]
    missing = {row[0]: row[2] for row in kinds(window) if row[1].startswith("✕")}
    assert set(missing) == {"RT Plan", "CT Image", "RT Structure Set"}
    assert all(reason.startswith("OST (127.0.0.1:") for reason in missing.values())
    assert button(window, "retrieve").property("primary")
    around.ost.start()
    assert button(window, "retrieve").text() == "&Retrieve again"
    press(qtbot, window, "retrieve")
    expected = f"✓ {SLICES + 3} of {SLICES + 3} here"
    qtbot.waitUntil(lambda: inputs_of(window, uid) == expected, timeout=MS)
    qtbot.waitUntil(
        lambda: window.messages.shown_texts[-1] == "All inputs of the step are here", timeout=MS
    )


def test_steps_from_before_are_asked_for_and_filtered_by_machine(
    qtbot, around, bridge, window
) -> None:
    around.schedule(1)
    around.schedule(2, machine="OTHER-LINAC")
    press(qtbot, window, "refresh")
    qtbot.waitUntil(lambda: window._model.total == 2, timeout=MS)
    machines = window.findChild(QComboBox, "machine")
    assert machines is not None
    qtbot.waitUntil(lambda: machines.findData("OTHER-LINAC") > 0, timeout=MS)
    machines.setCurrentIndex(machines.findData("OTHER-LINAC"))
    assert [row.step.fraction_number for row in window._model.rows] == [2]
    assert around.ppvs.machine == "OTHER-LINAC"
    assert said(window, "step_count") == "1 of 2 steps"


def test_many_events_are_followed_by_one_question(qtbot, window, around) -> None:
    qtbot.waitUntil(lambda: not window._is_querying, timeout=MS)
    uid = around.schedule()
    for number in range(30):
        window._feed.step_told(f"1.2.{number}")
    qtbot.waitUntil(lambda: window._model.row_of(uid) is not None, timeout=MS)
    assert not window._feed._fetching
    window._feed.step_told("1.2.999")
    qtbot.waitUntil(lambda: not window._feed._fetching, timeout=MS)
    assert not window.messages.shown_texts


def test_steps_that_nobody_told_of_are_asked_for(qtbot, window, around) -> None:
    qtbot.waitUntil(lambda: not window._is_querying, timeout=MS)
    uid = around.schedule()
    assert window._model.row_of(uid) is None
    window.on_event(WorklistOutdated("PPVS_SCP", "test"))
    qtbot.waitUntil(lambda: window._model.row_of(uid) is not None, timeout=MS)


def test_the_folder_is_opened_by_the_desktop(qtbot, window, around, monkeypatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(ppvs_window, "open_folder", lambda folder: not opened.append(folder))
    press(qtbot, window, "open_folder")
    assert opened == [around.ppvs.instances.folder]


def test_the_models_are_sound(qtbot, around) -> None:
    models = (
        arrival_model(),
        report_model(lambda uid: uid),
        step_input_model(),
        step_kind_model(),
    )
    testers = [
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        for model in models
    ]
    uid = around.schedule()
    step = Ups(around.tms.service.get(uid))
    inputs = StepInputs()
    reader = StepReader()
    reader.take(step)
    (reading,) = reader.finish(lambda _uids: set())
    models[2].put(inputs.put(reading))
    for reference in step.inputs:
        for row in inputs.receive(reference.sop_instance_uid):
            models[2].put(row)
            for kind in inputs.kinds(uid):
                models[3].put(kind)
    assert models[2].rows[0].is_complete
    assert [row.here == row.expected for row in models[3].rows] == [True] * 4 + [False]
    models[1].put(report_row(1, datetime.now().astimezone(), 1, uid, step.dataset))
    assert models[1].rows[0].words == "○ Scheduled"
    assert len(testers) == 4


def test_a_changed_step_stays_selected_and_one_that_is_gone_does_not(qtbot, window, around) -> None:
    subscribe(qtbot, window)
    first = around.schedule(1)
    qtbot.waitUntil(lambda: window._uid == first, timeout=MS)
    second = around.schedule(2)
    qtbot.waitUntil(lambda: window._model.total == 2, timeout=MS)
    table = window._table
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    table.select_key(second)
    assert window.banner.identity.fraction_number == 2
    for uid in (first, second):
        around.tms.request_cancel(uid, "machine broken", "physics").result(SECONDS)

    def canceled() -> bool:
        return all(row.step.state.value == "CANCELED" for row in window._model.rows)

    qtbot.waitUntil(canceled, timeout=MS)
    assert window._uid == second
    assert table.selected().uid == second
    assert window.banner.identity.state.value == "CANCELED"
    words = [row.words for row in window._arrivals._reports.rows]
    assert any("machine broken" in each for each in words)
    window._on_gone(second)
    assert window._uid == first

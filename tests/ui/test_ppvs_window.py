"""The window of the PPVS: subscriptions, collections, images with structures, position check."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
)

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import WorklistOutdated
from tdwii_gui.actors.imaging import ImagingPhase
from tdwii_gui.actors.inputs import MissingInput, RetrievalResult
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.retrieval_progress import KindCount
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.actors.subscriptions import SubscriptionKind
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
from tdwii_gui.dicom.iod.contours import read_structures
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.ui import ppvs_window
from tdwii_gui.ui.models.arrival_rows import arrival_model
from tdwii_gui.ui.models.collection_rows import kind_model, missing_model
from tdwii_gui.ui.models.report_rows import report_model, report_row
from tdwii_gui.ui.models.step_input_rows import StepReader, inputs_words, step_input_model
from tdwii_gui.ui.models.step_inputs import StepInputs
from tdwii_gui.ui.models.structure_model import StructureModel
from tdwii_gui.ui.ppvs_window import PpvsWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.panels.image_view import ImageView

MS = 20_000
SECONDS = 20
DEMO = resource_path("demo_patient")
SLICES = 30
OBJECTS = SLICES + 4
"""Plan, instruction, structure set, images and dose."""


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
        self.plan: Plan = read_plan(DEMO / "photon_plan.dcm")

    def store(self) -> None:
        names = ("ct", "structure_set.dcm", "photon_dose.dcm", "photo.dcm")
        self.ost.import_files([DEMO / name for name in names]).result(SECONDS)

    def schedule(self, fraction: int = 1, machine: str | None = None) -> str:
        """Schedule a step that names plan and instruction alone."""
        request = FractionRequest(fraction, datetime.now().astimezone(), machine=machine)
        built = self.creator.build(self.plan, request)
        (uid,) = self.creator.schedule(self.plan, [built]).result(SECONDS)
        return uid

    def stop(self) -> None:
        for actor in reversed(self.actors):
            actor.stop()


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
    says(qtbot, window, "subscription_state", "✓ Subscribed: all steps")


def says(qtbot: QtBot, window: PpvsWindow, name: str, words: str) -> None:
    qtbot.waitUntil(lambda: said(window, name) == words, timeout=MS)


def inputs_of(window: PpvsWindow, uid: str) -> str:
    row = window._model.row_of(uid)
    return inputs_words(row) if row else ""


def kinds(window: PpvsWindow) -> list[list[str]]:
    model = window._collection.kinds.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def choose(window: PpvsWindow, name: str, words: str) -> None:
    field = window.findChild(QComboBox, name)
    assert field is not None
    field.setCurrentIndex(field.findText(words))


def test_subscribing_and_unsubscribing_by_click(qtbot, window, around) -> None:
    assert said(window, "subscription_state") == "○ Not subscribed"
    assert "Not subscribed" in button(window, "unsubscribe").toolTip()
    assert button(window, "subscribe").property("primary")
    qtbot.mouseClick(button(window, "deletion_lock"), Qt.MouseButton.LeftButton)
    press(qtbot, window, "subscribe")
    says(qtbot, window, "subscription_state", "✓ Subscribed: all steps, locked")
    (subscription,) = around.tms.subscriptions().result(SECONDS)
    assert subscription.receiving_ae == "PPVS_SCP"
    assert subscription.deletion_lock
    assert not button(window, "subscribe").property("primary")
    assert "Already subscribed" in button(window, "subscribe").toolTip()
    press(qtbot, window, "unsubscribe")
    says(qtbot, window, "subscription_state", "○ Not subscribed")
    assert not around.tms.subscriptions().result(SECONDS)


def test_one_subscribes_to_a_machine_and_to_a_step_alone(qtbot, window, around) -> None:
    choose(window, "subscription_kind", "Steps of the machine")
    assert "Choose a machine first" in button(window, "subscribe").toolTip()
    choose(window, "subscription_kind", "The selected step")
    assert "Select a step first" in button(window, "subscribe").toolTip()
    uid = around.schedule()
    press(qtbot, window, "refresh")
    press(qtbot, window, "subscribe")
    says(qtbot, window, "subscription_state", "✓ Subscribed: 1 step")
    (held,) = around.ppvs.subscriptions
    assert (held.kind, held.step_uid) == (SubscriptionKind.STEP, uid)
    choose(window, "machine", "DEMO-LINAC")
    choose(window, "subscription_kind", "Steps of the machine")
    press(qtbot, window, "subscribe")
    says(qtbot, window, "subscription_state", "✓ Subscribed: DEMO-LINAC + 1 step")


def test_a_dead_tms_is_told_with_the_reason(qtbot, window, around) -> None:
    around.tms.stop_listening()
    press(qtbot, window, "subscribe")
    qtbot.waitUntil(lambda: said(window, "subscription_state") == "✕ Not subscribed", timeout=MS)
    assert "TMS" in said(window, "subscription_reason")
    assert button(window, "subscribe").isEnabled()
    press(qtbot, window, "refresh")
    qtbot.waitUntil(lambda: "could not be asked" in window._empty_words(), timeout=MS)


def test_auto_download_brings_the_whole_collection_of_a_new_step(qtbot, window, around) -> None:
    around.store()
    qtbot.mouseClick(button(window, "auto_download"), Qt.MouseButton.LeftButton)
    assert around.ppvs.auto_download
    subscribe(qtbot, window)
    uid = around.schedule()
    qtbot.waitUntil(lambda: inputs_of(window, uid) == f"✓ {OBJECTS}/{OBJECTS}", timeout=MS)
    qtbot.waitUntil(lambda: window._image.count == SLICES, timeout=MS)
    qtbot.waitUntil(lambda: window.banner.identity.photo is not None, timeout=MS)
    expected = [
        ["Plan", "✓ Here", "1/1", "OST"],
        ["Delivery instruction", "✓ Here", "1/1", "TMS"],
        ["Structure set", "✓ Here", "1/1", "by reference"],
        ["Images", "✓ Here", f"{SLICES}/{SLICES}", "by reference"],
        ["Dose", "✓ Here", "1/1", "by reference"],
        ["Photo", "✓ Here", "1/1", "OST"],
    ]
    qtbot.waitUntil(lambda: kinds(window) == expected, timeout=MS)
    assert window.banner.identity.patient_id == "DEMO-0001"
    events = window._arrivals._report_rows.rows
    assert [row.event_type.title for row in events] == ["UPS Assigned", "UPS State Report"]
    assert events[1].words == "○ Scheduled"
    qtbot.waitUntil(lambda: len(window._arrivals._arrival_rows.rows) == OBJECTS + 1, timeout=MS)


def collected(qtbot: QtBot, window: PpvsWindow, around: Surrounding) -> str:
    """Return a step whose collection is here, with the first slice in sight."""
    around.store()
    uid = around.schedule()
    press(qtbot, window, "refresh")
    press(qtbot, window, "retrieve")
    qtbot.waitUntil(lambda: bool(window._image.marks.outlines), timeout=MS)
    qtbot.waitUntil(lambda: window._image.frame is not None, timeout=MS)
    return uid


def test_the_slice_of_the_isocenter_is_seen_first_with_its_contours(qtbot, window, around) -> None:
    collected(qtbot, window, around)
    image, structures = window._image, window._structures
    assert image.frame.position == 12.5
    assert set(image.marks.outlines) == {1, 2}
    assert image.marks.edges == ("R", "L", "A", "P")
    (isocenter,) = image.marks.isocenters
    assert (isocenter.towards, round(isocenter.place.x(), 1)) == ("", 97.5)
    assert image.accessibleDescription() == "Structures in it: BODY, PTV"
    before = image.place
    QApplication.sendEvent(image, wheel(-120))
    assert image.place == before + 1
    qtbot.waitUntil(lambda: bool(image.marks.isocenters), timeout=MS)
    assert image.marks.isocenters[0].towards == "F"
    assert abs(image.marks.isocenters[0].distance) == 5.0
    image.setFocus()
    qtbot.keyClick(image, Qt.Key.Key_I)
    assert image.place == before
    view, model = structures.view, structures.model
    assert [model.index(row).data() for row in range(model.rowCount())][:2] == ["BODY", "PTV"]
    view.setFocus()
    view.setCurrentIndex(model.index(1))
    assert image._shown.current == 2
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert [one.name for one in image._shown.structures] == [
        "BODY",
        "Brainstem",
        "Eye_L",
        "Eye_R",
    ]
    qtbot.mouseClick(button(window, "show_all_structures"), Qt.MouseButton.LeftButton)
    view.clearSelection()
    place = on_the_outline(image)

    def redness() -> int:
        colour = image.grab().toImage().pixelColor(place)
        return colour.red() - max(colour.green(), colour.blue())

    qtbot.waitUntil(lambda: redness() > 60, timeout=MS)
    qtbot.mouseClick(button(window, "hide_all_structures"), Qt.MouseButton.LeftButton)
    assert not image._shown.structures
    assert redness() == 0


def on_the_outline(image: ImageView) -> QPoint:
    """Return where the first point of the PTV is, in the slice of the isocenter."""
    area, plane = image._area(image.frame), image.frame.plane
    target = read_structures(read_part10(DEMO / "structure_set.dcm"))[1]
    (contour,) = target.on_plane(plane, image.uid)
    column, row = plane.pixel(tuple(contour.points[0]))
    scale = area.width() / plane.columns
    return QPoint(round(area.x() + (column + 0.5) * scale), round(area.y() + (row + 0.5) * scale))


def spin(window: PpvsWindow, name: str) -> QDoubleSpinBox:
    field = window.findChild(QDoubleSpinBox, name)
    assert field is not None
    return field


def test_positions_are_checked_accepted_or_not_and_reported(qtbot, window, around) -> None:
    assert "Select a step first" in button(window, "start_imaging").toolTip()
    uid = collected(qtbot, window, around)
    says(qtbot, window, "imaging_state", "○ Not imaged")
    assert "Start the imaging first" in button(window, "accept_position").toolTip()
    press(qtbot, window, "start_imaging")
    says(qtbot, window, "imaging_state", "▶ Imaging")
    assert "MPPS IN PROGRESS reported" in said(window, "imaging_said")
    (mpps,) = around.tms.mpps().result(SECONDS)
    assert mpps.status == "IN PROGRESS"
    qtbot.waitUntil(spin(window, "lateral_mm").isEnabled, timeout=MS)
    spin(window, "lateral_mm").setValue(-1.5)
    spin(window, "pitch_deg").setValue(0.4)
    assert "Say why" in button(window, "reject_position").toolTip()
    press(qtbot, window, "accept_position")
    says(qtbot, window, "imaging_state", "✓ Accepted")
    state = around.ppvs.imaging(uid)
    assert state.phase is ImagingPhase.COMPLETED
    assert (state.check.lateral_mm, state.check.pitch_deg) == (-1.5, 0.4)
    (mpps,) = around.tms.mpps().result(SECONDS)
    assert mpps.status == "COMPLETED"
    assert button(window, "start_imaging").text() == "Image &again"
    press(qtbot, window, "start_imaging")
    says(qtbot, window, "imaging_state", "▶ Imaging")
    assert spin(window, "lateral_mm").value() == 0
    comment = window.findChild(QLineEdit, "position_comment")
    assert comment is not None
    qtbot.waitUntil(comment.isEnabled, timeout=MS)
    qtbot.keyClicks(comment, "Full bladder")
    press(qtbot, window, "reject_position")
    says(qtbot, window, "imaging_state", "⊘ Rejected")
    assert around.ppvs.imaging(uid).check.comment == "Full bladder"
    _, second = around.tms.mpps().result(SECONDS)
    assert second.status == "DISCONTINUED"


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


def test_what_is_missing_is_told_and_resumed(qtbot, window, around) -> None:
    around.store()
    subscribe(qtbot, window)
    uid = around.schedule()
    qtbot.waitUntil(lambda: inputs_of(window, uid) == "○ 0/2", timeout=MS)
    around.ost.stop_listening()
    assert button(window, "retrieve").text() == "&Retrieve"
    press(qtbot, window, "retrieve")
    qtbot.waitUntil(lambda: inputs_of(window, uid) == "✕ 1/2", timeout=MS)
    qtbot.waitUntil(lambda: bool(window.messages.shown_texts), timeout=MS)
    assert "1 object is missing: OST" in window.messages.shown_texts[-1]
    (missing,) = [row for row in kinds(window) if row[1] == "✕ Missing"]
    assert missing[0] == "Plan"
    assert missing[3].startswith("OST (127.0.0.1:")
    assert window._collection.tabs.tabText(1) == "✕ Missing (1)"
    (listed,) = window._collection._missing.rows
    assert (listed.kind, listed.is_required) == (Kind.PLAN, True)
    assert button(window, "retrieve").property("primary")
    around.ost.start()
    assert button(window, "retrieve").text() == "&Resume"
    press(qtbot, window, "retrieve")
    qtbot.waitUntil(lambda: inputs_of(window, uid) == f"✓ {OBJECTS}/{OBJECTS}", timeout=MS)
    qtbot.waitUntil(
        lambda: window.messages.shown_texts[-1] == "All objects of the step are here", timeout=MS
    )
    assert window._collection.tabs.tabText(1) == "Missing"


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


def test_steps_that_nobody_told_of_are_asked_for(qtbot, window, around) -> None:
    qtbot.waitUntil(lambda: not window._feed.is_asking, timeout=MS)
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
    structures = StructureModel()
    models = (
        arrival_model(),
        report_model(lambda uid: uid),
        step_input_model(),
        kind_model(),
        missing_model(),
        structures,
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
    first, second = step.inputs
    for row in inputs.receive(first.sop_instance_uid):
        models[2].put(row)
    counts = (KindCount(Kind.PLAN, 1, 1), KindCount(Kind.IMAGE, 2, 30))
    missing = MissingInput(second, "nobody has it")
    models[2].put(
        inputs.settle(uid, RetrievalResult((first.sop_instance_uid,), (missing,), counts))
    )
    models[3].update(inputs.kinds(uid))
    models[4].update(inputs.missing(uid))
    assert inputs_words(models[2].rows[0]) == "✕ 3/32"
    assert [row.here for row in models[3].rows if row.expected] == [1, 0, 2, 0]
    assert models[4].rows[0].reason == "nobody has it"
    models[4].update(())
    models[1].put(report_row(1, datetime.now().astimezone(), 1, uid, step.dataset))
    assert models[1].rows[0].words == "○ Scheduled"
    structures.replace_all(read_structures(read_part10(DEMO / "structure_set.dcm")))
    structures.show_cut(frozenset({2}))
    off = Qt.CheckState.Unchecked.value
    assert structures.setData(structures.index(1), off, Qt.ItemDataRole.CheckStateRole)
    assert len(structures.shown) == 4
    assert len(testers) == 6


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
    words = [row.words for row in window._arrivals._report_rows.rows]
    assert any("machine broken" in each for each in words)
    window._on_gone(second)
    assert window._uid == first

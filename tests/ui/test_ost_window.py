"""The browser of the OST: its tree, import by drop, search, sending, and who is connected."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QLineEdit, QWidget

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import AssociationInfo, CommitmentChanged
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings, NetworkSettings, OstSettings
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.commitment import Commitment, CommitmentState
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.store.instance_summary import InstanceSummary
from tdwii_gui.dicom.uids import CT_IMAGE, new_uid
from tdwii_gui.ui import ost_window
from tdwii_gui.ui.models import thumbnail_model
from tdwii_gui.ui.models.association_rows import association_model, next_rows
from tdwii_gui.ui.models.commitment_rows import commitment_model, result_words
from tdwii_gui.ui.models.failed_import_rows import failed_import_model
from tdwii_gui.ui.models.failure_rows import FailureRow, failure_model
from tdwii_gui.ui.models.instance_node import InstanceTree, Level, Node
from tdwii_gui.ui.models.instance_tree_model import InstanceTreeModel
from tdwii_gui.ui.models.thumbnail_model import Thumbnail, ThumbnailModel
from tdwii_gui.ui.ost_window import OstWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.bridge import ActorBridge

MS = 20_000
DEMO = resource_path("demo_patient")


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory()


@pytest.fixture
def ost(bridge: ActorBridge, directory: AeDirectory, tmp_path: Path) -> Iterator[Ost]:
    around = Surroundings(directory, tmp_path / "one", NetworkSettings(), bridge.hear)
    actor = Ost(OstSettings(port=0), around)
    actor.start()
    yield actor
    actor.stop()


@pytest.fixture
def other(directory: AeDirectory, tmp_path: Path) -> Iterator[Ost]:
    """Return another archive."""
    actor = Ost(OstSettings(ae_title="OTHER", port=0), Surroundings(directory, tmp_path / "two"))
    actor.start()
    yield actor
    actor.stop()


@pytest.fixture
def window(qtbot: QtBot, ost: Ost, bridge: ActorBridge) -> Iterator[OstWindow]:
    made = OstWindow(ost, bridge, owns_actor=False)
    made.resize(1366, 768)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.stop_for_good()


def drop(window: OstWindow, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def count(window: OstWindow) -> int:
    return window._tree.model.root.count


def text(window: OstWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert label is not None
    return label.text()


def filled(qtbot: QtBot, window: OstWindow) -> None:
    drop(window, DEMO)
    qtbot.waitUntil(lambda: count(window) == 36, timeout=MS)
    qtbot.waitUntil(lambda: not window._transfers.is_running, timeout=MS)


def node_named(window: OstWindow, words: str) -> Node:
    model = window._tree.model

    def search(node: Node) -> Node | None:
        if words in model.name(node):
            return node
        return next((found for child in node.shown if (found := search(child))), None)

    found = search(model.root)
    assert found is not None, words
    return found


def select(window: OstWindow, node: Node) -> None:
    window._tree.view.setCurrentIndex(window._tree.model.index_of(node))


def test_a_dropped_folder_is_stored_and_shown_as_a_tree(qtbot, window, ost) -> None:
    assert "Nothing is stored yet" in window._tree.empty_words()
    filled(qtbot, window)
    assert text(window, "totals").startswith("1 patient, 36 instances, 2.1 MB")
    assert window.messages.shown_texts == ["36 stored"]
    model = window._tree.model
    (patient,) = model.root.shown
    assert model.name(patient) == "DEMO, TDWII  ·  DEMO-0001"
    (study,) = patient.shown
    assert [model.name(series).split()[0] for series in study.shown][:3] == [
        "CT",
        "RTSTRUCT",
        "RTPLAN",
    ]
    assert [node.summary.instance_number for node in study.shown[0].shown] == [
        str(number) for number in range(1, 31)
    ]
    drop(window, DEMO / "photon_plan.dcm")
    qtbot.waitUntil(
        lambda: window.messages.shown_texts[-1] == "0 stored, 1 were here already", timeout=MS
    )
    assert count(window) == 36


def test_what_cannot_be_stored_is_listed_with_its_reason(qtbot, window, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("no DICOM")
    drop(window, tmp_path / "notes.txt", DEMO / "photo.dcm")
    qtbot.waitUntil(lambda: bool(window._lower.failures.total), timeout=MS)
    (row,) = window._lower.failures.rows
    assert (row.name, row.reason) == ("notes.txt", "is no DICOM file")
    assert window.messages.shown_texts == ["1 stored, 1 could not be stored"]
    tabs = window._lower.tabs
    assert tabs.tabText(tabs.currentIndex()) == "✕ Not stored (1)"


def test_the_search_says_how_many_match_and_is_cleared(qtbot, window) -> None:
    filled(qtbot, window)
    select(window, node_named(window, "Structure set"))
    window._tree.view.collapse(window._tree.model.index_of(node_named(window, "Head phantom")))
    field = window.findChild(QLineEdit, "search")
    assert field is not None
    qtbot.keyClicks(field, "electron")
    qtbot.waitUntil(lambda: text(window, "matches") == "1 of 36 match", timeout=MS)
    instance = window._tree.model.root.shown[0].shown[0].shown[0].shown[0]
    assert instance.level is Level.INSTANCE
    field.clear()
    qtbot.keyClicks(field, "nobody at all")
    qtbot.waitUntil(lambda: text(window, "matches") == "0 of 36 match", timeout=MS)
    assert window._tree.empty_words() == "0 of 36 instances match."
    clear = window.findChild(QAbstractButton, "clear_search")
    assert clear is not None
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window._tree.model.is_filtered, timeout=MS)
    assert window._tree.model.root.matching == 36


@pytest.mark.parametrize("words", ["demo-0001", "rtplan", "tdwii DOSE", "Head phantom"])
def test_the_search_looks_into_patient_series_and_study(words: str, tmp_path) -> None:
    model = InstanceTreeModel()
    model.set_tree(InstanceTree(some_summaries(40)))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_filter(words)
    assert 0 < model.root.matching <= 40
    model.set_filter(f"{words} nowhere")
    assert model.root.matching == 0
    model.set_filter("")
    assert model.root.matching == 40


def test_details_show_the_attributes_and_the_slice(qtbot, window) -> None:
    filled(qtbot, window)
    select(window, node_named(window, "CT Image 12"))
    details = window._details
    qtbot.waitUntil(lambda: details._attributes.model().rowCount() > 20, timeout=MS)
    qtbot.waitUntil(lambda: details._image.frame is not None, timeout=MS)
    assert (details._image.place, details._image.count) == (11, 30)
    assert window.banner.identity is not None
    assert window.banner.identity.patient_id == "DEMO-0001"
    details._image.setFocus()
    qtbot.keyClick(details._image, Qt.Key.Key_Down)
    qtbot.keyClick(details._image, Qt.Key.Key_PageDown)
    assert details._image.accessibleName() == "Image 18 of 30"
    qtbot.waitUntil(lambda: details._image.frame is not None, timeout=MS)
    frame = details._image.frame
    assert frame.unit == "HU"
    assert not frame.image(frame.center, frame.width).isNull()
    select(window, node_named(window, "Photon plan"))
    assert not details._image.isVisible()
    select(window, node_named(window, "DEMO, TDWII"))
    assert not details._attributes.isVisible()
    assert details._gallery.isVisible()


def test_live_arrivals_keep_selection_and_expansion(
    qtbot, window, ost, directory, tmp_path
) -> None:
    drop(window, DEMO / "ct")
    qtbot.waitUntil(lambda: count(window) == 30, timeout=MS)
    series = node_named(window, "Planning CT")
    view, model = window._tree.view, window._tree.model
    view.expand(model.index_of(series))
    selected = series.shown[3]
    select(window, selected)
    creator = RtbdiCreator(CreatorSettings(port=0), Surroundings(directory, tmp_path / "creator"))
    try:
        creator.store_static([read_part10(DEMO / "structure_set.dcm")]).result(20)
        qtbot.waitUntil(lambda: count(window) == 31, timeout=MS)
        qtbot.waitUntil(lambda: window._lower.associations.table.rows.total == 1, timeout=MS)
        qtbot.waitUntil(lambda: window._lower.associations.open_count == 0, timeout=MS)
    finally:
        creator.stop()
    assert window._tree.current() is selected
    assert view.isExpanded(model.index_of(series))
    (row,) = window._lower.associations.table.rows.rows
    assert (row.calling_ae, row.objects) == ("RTBDI_CREATOR", 1)
    assert row.rate is not None


def test_a_series_is_sent_to_another_archive(qtbot, window, other) -> None:
    filled(qtbot, window)
    send = window.findChild(QAbstractButton, "send")
    assert send is not None
    assert not send.isEnabled()
    assert "Select something first" in send.toolTip()
    select(window, node_named(window, "Planning CT"))
    qtbot.mouseClick(send, Qt.MouseButton.LeftButton)
    dialog = window._transfers.dialog
    assert dialog is not None
    assert dialog.ae_title == "OTHER"
    assert dialog.keep.isDefault()
    qtbot.mouseClick(dialog.echo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "OTHER answers in" in dialog._answer.text(), timeout=MS)
    qtbot.mouseClick(dialog.send, Qt.MouseButton.LeftButton)
    said = "OTHER has stored 30 of 30 instances"
    qtbot.waitUntil(lambda: said in window.messages.shown_texts, timeout=MS)
    assert len(other.instances.instances()) == 30


def test_a_dead_peer_is_told_in_words(qtbot, window, other) -> None:
    filled(qtbot, window)
    other.stop_listening()
    select(window, node_named(window, "Photon plan"))
    send = window.findChild(QAbstractButton, "send")
    assert send is not None
    qtbot.mouseClick(send, Qt.MouseButton.LeftButton)
    dialog = window._transfers.dialog
    assert dialog is not None
    qtbot.mouseClick(dialog.echo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog._answer.text().startswith("✕"), timeout=MS)
    qtbot.mouseClick(dialog.send, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.messages.shown_texts[1:]), timeout=MS)
    assert "OTHER" in window.messages.shown_texts[-1]
    assert send.isEnabled()


def test_the_folder_is_opened_by_the_desktop(qtbot, window, ost, monkeypatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(ost_window, "open_folder", lambda folder: not opened.append(folder))
    folder = window.findChild(QAbstractButton, "open_folder")
    assert folder is not None
    qtbot.mouseClick(folder, Qt.MouseButton.LeftButton)
    assert opened == [ost.instances.folder]


def button(window: QWidget, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def press(qtbot: QtBot, window: QWidget, name: str) -> None:
    qtbot.waitUntil(lambda: button(window, name).isEnabled(), timeout=MS)
    qtbot.mouseClick(button(window, name), Qt.MouseButton.LeftButton)


def test_deleting_names_its_consequences_and_can_be_left(qtbot, window, ost) -> None:
    filled(qtbot, window)
    select(window, node_named(window, "Planning CT"))

    def dialog() -> QDialog | None:
        found = window.findChildren(QDialog, "remove_dialog")
        return next((each for each in found if each.isVisible()), None)

    press(qtbot, window, "remove")
    asked = dialog()
    assert asked is not None
    assert asked.windowTitle() == "Delete 30 instances?"
    said = asked.findChild(QLabel, "consequence_effect")
    qtbot.waitUntil(lambda: said.text().startswith("Removes 30 instances, 1.6 MB"), timeout=MS)
    notes = asked.findChild(QLabel, "consequence_notes")
    assert "1 structure set stays and refers to them" in notes.text()
    assert not asked.findChild(QLabel, "consequence_told").isVisible()
    press(qtbot, asked, "keep_instances")
    assert count(window) == ost.instances.count() == 36
    window.activateWindow()
    window._tree.view.setFocus()
    qtbot.waitUntil(window._tree.view.hasFocus, timeout=MS)
    qtbot.keyClick(window._tree.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog() is not None, timeout=MS)
    asked = dialog()
    press(qtbot, asked, "confirm_remove")
    qtbot.waitUntil(lambda: count(window) == 6, timeout=MS)
    qtbot.waitUntil(lambda: "30 instances are deleted" in window.messages.shown_texts, timeout=MS)
    assert ost.instances.count() == 6


def test_what_came_and_failed_is_listed_and_imported_again(
    qtbot, window, ost, directory, tmp_path
) -> None:
    plan = read_part10(DEMO / "photon_plan.dcm")
    ost.instances.add_dataset(plan)
    creator = RtbdiCreator(CreatorSettings(port=0), Surroundings(directory, tmp_path / "creator"))
    try:
        creator.store_static([plan]).result(20)
        qtbot.waitUntil(
            lambda: text(window, "came_again") == "1 object came again: kept once", timeout=MS
        )
        plan.RTPlanLabel = "CHANGED"
        with pytest.raises(DimseStatusError):
            creator.store_static([plan]).result(20)
    finally:
        creator.stop()
    tabs = window._lower.tabs
    qtbot.waitUntil(lambda: tabs.tabText(2) == "✕ Failed imports (1)", timeout=MS)
    (failed,) = window._lower.failed_imports.rows
    assert failed.source_ae == "RTBDI_CREATOR"
    assert "duplicate" in failed.reason
    tabs.setCurrentIndex(2)
    press(qtbot, window, "import_again")
    said = "0 stored, 1 could not be stored"
    qtbot.waitUntil(lambda: said in window.messages.shown_texts, timeout=MS)
    assert len(ost.failed_imports()) == 1
    ost.remove([plan.SOPInstanceUID]).result(20)
    press(qtbot, window, "import_again")
    qtbot.waitUntil(lambda: "1 stored" in window.messages.shown_texts, timeout=MS)
    qtbot.waitUntil(lambda: tabs.tabText(2) == "Failed imports", timeout=MS)
    assert ost.failed_imports() == []
    assert ost.instances.read(plan.SOPInstanceUID).RTPlanLabel == "CHANGED"


def test_the_folder_of_failed_imports_is_opened(qtbot, window, ost, monkeypatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(ost_window, "open_folder", lambda folder: not opened.append(folder))
    window._lower.tabs.setCurrentIndex(2)
    assert "Everything could be stored" in button(window, "import_again").toolTip()
    press(qtbot, window, "open_failed_folder")
    assert opened == [ost.failed_folder]


def test_the_index_is_rebuilt_from_the_files(qtbot, window, ost) -> None:
    filled(qtbot, window)
    gone = ost.instances.instances()[0].path
    gone.unlink()
    press(qtbot, window, "reindex")
    said = "Re-indexed: 35 files, 1 entries without a file removed"
    qtbot.waitUntil(lambda: said in window.messages.shown_texts, timeout=MS)
    qtbot.waitUntil(lambda: count(window) == 35, timeout=MS)


def test_commitments_are_shown_with_what_is_not_safe(qtbot, window) -> None:
    asked = Commitment(
        "2.25.1", "TDD", datetime.now(UTC), ("2.25.2", "2.25.3"), state=CommitmentState.PENDING
    )
    panel = window._lower.commitments
    window.on_event(CommitmentChanged("OST", asked))
    assert window._lower.tabs.tabText(1) == "Commitments (1)"
    assert panel.model.index(0, 3).data() == "○ Pending"
    window._lower.tabs.setCurrentIndex(1)
    panel.table.selectRow(0)
    assert not panel._failed.isVisible()
    answered = replace(asked, failed=(("2.25.3", 0x0112),), state=CommitmentState.REPORTED)
    window.on_event(CommitmentChanged("OST", answered))
    assert panel.model.index(0, 3).data() == "⚠ 1 not safe"
    assert panel._failed.isVisible()
    (row,) = panel._failures.rows
    assert row.whole == "2.25.3"
    assert "no such" in row.reason.lower()
    lost = replace(asked, state=CommitmentState.UNDELIVERED, reason="TDD is gone")
    assert result_words(lost) == "✕ Not delivered: TDD is gone"
    assert result_words(replace(answered, failed=())) == "✓ All safe, reported"


def test_thumbnails_are_made_as_they_come_into_sight_and_lead_to_their_image(qtbot, window) -> None:
    filled(qtbot, window)
    select(window, node_named(window, "DEMO, TDWII"))
    gallery = window._details._gallery
    qtbot.waitUntil(lambda: gallery.isVisible() and gallery.model().kept == 2, timeout=MS)
    assert [row.title for row in gallery.model().rows] == ["CT 1 · 30", "XC 7 · 1"]
    gallery.setFocus()
    gallery.setCurrentIndex(gallery.model().index(0))
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    strip, image = window._details._strip, window._details._image
    qtbot.waitUntil(lambda: strip.isVisible() and strip.model().rowCount() == 30, timeout=MS)
    qtbot.waitUntil(lambda: strip.model().kept > 2 and not strip.model()._wanted, timeout=MS)
    assert strip.model().kept < 30
    assert strip.currentIndex().row() == image.place == 15
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert image.place == 16
    image.setFocus()
    qtbot.keyClick(image, Qt.Key.Key_Up)
    assert strip.currentIndex().row() == 15


def some_summaries(
    number: int, *, per_series: int = 10, name: str = "DEMO^TDWII"
) -> list[InstanceSummary]:
    return [
        InstanceSummary(
            patient_name=name,
            patient_id="DEMO-0001",
            patient_birth_date="19600401",
            patient_sex="O",
            study_instance_uid="1.2.3",
            study_date="20260105",
            study_time="",
            study_id="",
            study_description="Head phantom",
            series_instance_uid=f"1.2.3.{place // per_series}",
            modality=("CT", "RTPLAN", "RTDOSE")[place // per_series % 3],
            series_number=str(place // per_series),
            series_description="",
            sop_instance_uid=f"1.2.3.4.{place}",
            sop_class_uid=CT_IMAGE,
            instance_number=str(place % per_series),
            transfer_syntax_uid="1.2.840.10008.1.2",
            size=1000,
            received="2026-11-21T08:00:00+00:00",
            source_ae="TESTER",
        )
        for place in range(number)
    ]


def test_the_tree_model_stays_whole_while_instances_come_out_of_order(qtbot) -> None:
    model = InstanceTreeModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    summaries = some_summaries(60)
    assert model.add(summaries[40:50] + summaries[10:20]) == 20
    assert model.add(summaries[::-1]) == 40
    assert model.add(summaries) == 0
    model.set_filter("ct")
    matching = model.root.matching
    model.add(some_summaries(20, name="ZZ^OTHER")[:0])
    newcomer = some_summaries(1, name="Other^Patient")[0]._replace(
        patient_id="X", study_instance_uid="9.1", series_instance_uid="9.2", sop_instance_uid="9.3"
    )
    hidden = newcomer._replace(
        modality="SR", sop_class_uid="1.9", series_instance_uid="9.4", sop_instance_uid="9.5"
    )
    model.add([hidden])
    assert model.root.matching == matching
    model.add([newcomer])
    assert model.root.matching == matching + 1
    model.set_filter("")
    assert [node.row for node in model.root.shown] == [0, 1]
    assert model.root.matching == model.root.count == 62
    for patient in model.root.shown:
        for study in patient.shown:
            for series in study.shown:
                orders = [node.order for node in series.shown]
                assert orders == sorted(orders)


def test_ten_thousand_instances_stay_quick(qtbot) -> None:
    summaries = some_summaries(10_000, per_series=100)
    tree = InstanceTree(summaries)
    model = InstanceTreeModel()
    begin = time.perf_counter()
    model.set_tree(tree)
    shown = time.perf_counter() - begin
    begin = time.perf_counter()
    model.set_filter("rtdose 1.2.3.4.777x")
    filtered = time.perf_counter() - begin
    assert model.root.matching == 0
    begin = time.perf_counter()
    model.add(
        one._replace(sop_instance_uid=str(new_uid()), instance_number="1000")
        for one in some_summaries(200, per_series=100)
    )
    added = time.perf_counter() - begin
    assert model.root.count == 10_200
    # A slice of the event loop; generous, for the machine may be busy.
    assert max(shown, filtered, added) < 0.25


def test_hostile_values_are_plain(qtbot) -> None:
    model = InstanceTreeModel()
    model.set_tree(InstanceTree(some_summaries(1, name="<b>Evil</b>\r\n^" + "x" * 10_000)))
    (patient,) = model.root.shown
    name = model.name(patient)
    assert "\n" not in name
    assert len(name) < 400
    tooltip = model.index_of(patient).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tooltip


def test_rates_follow_from_two_looks(qtbot) -> None:
    begin = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def seen(objects: int, octets: int) -> AssociationInfo:
        return AssociationInfo("TPS", "10.0.0.1", 4711, begin, objects, octets)

    (row,) = next_rows([], [seen(10, 5_000_000)], begin + timedelta(seconds=2))
    assert row.rate == 2.5
    (row,) = next_rows([row], [seen(30, 25_000_000)], begin + timedelta(seconds=4))
    assert row.rate == 10.0
    (row,) = next_rows([row], [seen(31, 25_100_000)], begin + timedelta(seconds=4.05))
    assert row.rate == 10.0
    (row,) = next_rows([row], [], begin + timedelta(seconds=10))
    assert (row.is_open, row.rate) == (False, pytest.approx(2.51))
    assert next_rows([], [seen(0, 0)], begin)[0].rate is None
    assert next_rows(next_rows([], [seen(0, 0)], begin), [], begin) == []


def test_no_more_thumbnails_are_kept_than_there_is_room_for(qtbot, bridge, monkeypatch) -> None:
    monkeypatch.setattr(thumbnail_model, "_KEPT", 3)
    worker = SerialWorker("thumbnails", lambda _name, _error: None)
    slices = sorted((DEMO / "ct").glob("*.dcm"))[:5]
    model = ThumbnailModel(worker, bridge, lambda uid: read_part10(slices[int(uid)]))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_images([Thumbnail(str(n), str(n), f"image {n}") for n in range(5)])
    for row in range(5):
        model.index(row).data(Qt.ItemDataRole.DecorationRole)
    qtbot.waitUntil(lambda: not model._wanted and not model._pending, timeout=MS)
    assert model.kept == 3
    worker.stop()


def test_the_models_of_rows_are_sound(qtbot) -> None:
    models = (association_model(), failure_model(), commitment_model(), failed_import_model())
    for model in models:
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    failures = failure_model()
    failures.put(FailureRow("a", "/a", "is no DICOM file"))
    assert failures.index(0, 1).data() == "✕ is no DICOM file"

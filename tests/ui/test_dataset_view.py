"""The tree of a data set, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.ui.models.dataset_model import DatasetModel
from tdwii_gui.ui.panels.dataset_view import DatasetView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def open_all(model: DatasetModel, parent: QModelIndex | None = None) -> int:
    parent = parent or QModelIndex()
    while model.canFetchMore(parent):
        model.fetchMore(parent)
    count = model.rowCount(parent)
    return count + sum(open_all(model, model.index(row, 0, parent)) for row in range(count))


def test_model_of_a_plan(qtbot: QtBot) -> None:
    model = DatasetModel()
    plan = read_part10(resource_path("demo_patient", "photon_plan.dcm"))
    model.show_dataset(plan)
    # After the reset, in which the tester would fetch children and complain of their insertion.
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    elements = sum(1 for _ in plan.iterall())
    assert open_all(model) > elements, "items have rows of their own"
    model.show_dataset(None)
    assert model.rowCount() == 0
    del tester


def test_long_sequence_comes_in_slices(qtbot: QtBot) -> None:
    dataset = Dataset()
    dataset.BeamSequence = [Dataset() for _ in range(1200)]
    model = DatasetModel()
    model.show_dataset(dataset)
    model.fetchMore(QModelIndex())
    beams = model.index(0, 0)
    model.fetchMore(beams)
    assert model.rowCount(beams) == 500
    assert open_all(model) == 1201


def test_hostile_values_are_plain(qtbot: QtBot) -> None:
    dataset = Dataset()
    dataset.PatientName = "<b>x</b>\x01" + "y" * 10_000
    dataset.PatientComments = "line\nline"
    dataset.add_new(0x00091001, "UN", b"\x00\xff" * 40)
    view = DatasetView("attributes")
    qtbot.addWidget(view)
    view.show_dataset(dataset)
    view.show()
    model = view.model()
    values = [model.index(row, 3).data() for row in range(model.rowCount())]
    assert values[0].startswith("80 bytes: 00 ff")
    assert values[1].startswith("<b>x</b>␁yyy")
    assert len(values[1]) < 400
    assert values[2] == "line␊line"
    tooltip = model.index(1, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tooltip

"""The ladder: from exchanges to arrows, and what a user does with them."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QCheckBox, QPushButton

from tdwii_gui.dicom import uids
from tdwii_gui.ui.models.arrow import Arrow, ArrowList, Lane
from tdwii_gui.ui.panels.ladder_panel import LadderPanel
from tests.ui.exchanges import LANES, NOON, exchange, make_log

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


def arrow(key: int, **fields: object) -> Arrow:
    plain = Arrow(key, "tdd", "tms", f"N-SET {key}", "Success", False, False, "RO-62", NOON, 4.0)
    return replace(plain, **fields)  # type: ignore[arg-type]


def arrows(count: int, first: int = 1) -> list[Arrow]:
    return [arrow(key, failed=key % 10 == 0) for key in range(first, first + count)]


@pytest.fixture
def panel(qtbot: QtBot) -> LadderPanel:
    made = LadderPanel()
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.set_lanes(LANES)
    made.show()
    qtbot.waitExposed(made)
    return made


def button(panel: LadderPanel, name: str) -> QPushButton:
    found = panel.findChild(QPushButton, name)
    assert found is not None
    return found


# the list of arrows


def test_arrow_list_drops_the_oldest() -> None:
    kept = ArrowList(limit=100)
    assert kept.add(arrows(90)) == 0
    assert kept.add(arrows(30, first=91)) == 20
    assert (len(kept), kept.dropped, kept[0].key) == (100, 20, 21)
    assert kept.place_of(20) is None
    assert kept.place_of(21) == 0
    assert kept.problems == 10


def test_arrow_list_shows_only_problems() -> None:
    kept = ArrowList(limit=100)
    kept.add(arrows(50))
    kept.only_problems = True
    assert [one.key for one in kept.shown()] == [10, 20, 30, 40, 50]
    assert kept.place_of(20) == 1
    assert kept.place_of(21) is None
    kept.replace(arrow(25, warning=True))
    kept.replace(arrow(30))
    kept.replace(arrow(999, failed=True))
    assert [one.key for one in kept.shown()] == [10, 20, 25, 40, 50]
    assert kept.add(arrows(60, first=51)) == 1, "one of those that are shown"


# the view


def test_newest_stays_in_sight_unless_scrolled_away(qtbot: QtBot, panel: LadderPanel) -> None:
    ladder = panel.ladder
    bar = ladder.verticalScrollBar()
    ladder.add_arrows(arrows(100))
    assert bar.value() == bar.maximum() > 0
    bar.setValue(10)
    assert not ladder.following
    ladder.add_arrows(arrows(5, first=101))
    assert bar.value() == 10
    newest = button(panel, "ladder_newest")
    assert newest.isVisible()
    assert newest.text() == "↓ 5 new"
    newest.click()
    assert bar.value() == bar.maximum()
    assert not newest.isVisible()


def test_click_and_keys_choose(qtbot: QtBot, panel: LadderPanel) -> None:
    ladder = panel.ladder
    ladder.add_arrows(arrows(5))
    heard: list[int] = []
    panel.chosen.connect(heard.append)
    where = ladder.row_rect(2).center().toPoint()
    qtbot.mouseClick(ladder.viewport(), Qt.MouseButton.LeftButton, pos=where)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_End, Qt.Key.Key_Home):
        qtbot.keyClick(ladder, key)
    qtbot.keyClick(ladder, Qt.Key.Key_Return)
    assert heard == [2, 3, 2, 5, 1, 1]
    assert "N-SET 1" in ladder.accessibleDescription()


def test_drag_moves_and_does_not_choose(qtbot: QtBot, panel: LadderPanel) -> None:
    ladder = panel.ladder
    ladder.add_arrows(arrows(100))
    bar = ladder.verticalScrollBar()
    before = bar.value()
    view = ladder.viewport()
    middle = view.rect().center()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    lower = middle.__class__(middle.x(), middle.y() + 80)
    qtbot.mouseMove(view, lower)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=lower)
    assert bar.value() == before - 80
    assert ladder.selected is None


def test_zoom(qtbot: QtBot, panel: LadderPanel) -> None:
    ladder = panel.ladder
    ladder.add_arrows(arrows(3))
    natural = ladder.row_rect(1).height()
    ladder.setFocus()
    qtbot.keyClick(ladder, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert ladder.zoom > 1
    assert ladder.row_rect(1).height() > natural
    for _ in range(20):
        qtbot.keyClick(ladder, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert ladder.zoom == 0.5
    qtbot.keyClick(ladder, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert ladder.zoom == 1
    panel.grab()


def test_pause_holds_arrows_back(qtbot: QtBot, panel: LadderPanel) -> None:
    pause = button(panel, "ladder_pause")
    panel.ladder.add_arrows(arrows(3))
    pause.click()
    panel.ladder.add_arrows(arrows(12, first=4))
    panel.ladder.replace_arrow(arrow(3, title="changed"))
    panel.ladder.replace_arrow(arrow(15, title="changed too"))
    assert len(panel.ladder.arrows) == 3
    assert pause.text() == "Resume (12 new)"
    pause.click()
    assert [one.key for one in panel.ladder.arrows.shown()] == list(range(1, 16))
    assert panel.ladder.arrows[2].title == "changed"
    assert panel.ladder.arrows[14].title == "changed too"


def test_only_problems(qtbot: QtBot, panel: LadderPanel) -> None:
    panel.ladder.add_arrows(arrows(20))
    only = button(panel, "ladder_only_problems")
    assert only.text().endswith("(2)")
    only.click()
    assert [one.key for one in panel.ladder.arrows.shown()] == [10, 20]
    panel.grab()
    panel.clear()
    panel.ladder.add_arrows(arrows(5))
    panel.grab()
    panel.show_only_problems(only=False)
    assert len(panel.ladder.arrows) == 5


def test_thousands_of_arrows_are_quick(qtbot: QtBot, panel: LadderPanel) -> None:
    panel.ladder.add_arrows(arrows(19_900))
    begin = time.perf_counter()
    panel.ladder.add_arrows(arrows(500, first=20_000))
    panel.ladder.viewport().repaint()
    assert time.perf_counter() - begin < 0.05
    assert panel.ladder.arrows.dropped == 400
    panel.ladder.verticalScrollBar().setValue(0)
    panel.grab()


def test_lane_menu_is_asked_for(qtbot: QtBot, panel: LadderPanel) -> None:
    ladder = panel.ladder
    places = [ladder.lane_at(QPointF(x, 15)) for x in range(0, 700, 5)]
    assert [key for n, key in enumerate(places) if key and key != places[n - 1]] == [
        lane.key for lane in LANES
    ]
    assert ladder.lane_at(QPointF(80, 300)) == ""


def test_hostile_texts_are_plain(qtbot: QtBot, panel: LadderPanel) -> None:
    hostile = "<b>x</b>\x01\u202eabc" + "y" * 10_000
    panel.set_lanes([*LANES, Lane("ae:x", hostile)])
    panel.ladder.add_arrows([arrow(1, title=hostile, outcome=hostile, to_lane="ae:x")])
    panel.ladder.add_arrows([arrow(2, from_lane="unknown", to_lane="unknown")])
    panel.grab()
    words = panel.ladder.words(panel.ladder.arrows[0])
    assert "\x01" not in words
    assert "\u202e" not in words
    assert len(words) < 700
    button(panel, "ladder_as_table").click()
    text = panel.table.rows.index(0, 4).data()
    assert len(text) < 400
    assert "\u202e" not in text


# pictures


def svg_texts(path: Path) -> str:
    return " ".join(ET.parse(path).getroot().itertext())


def test_picture_files(qtbot: QtBot, panel: LadderPanel, tmp_path: Path) -> None:
    panel.ladder.add_arrows([arrow(1, title="C-STORE <RT> & Plan\x00"), *arrows(9, first=2)])
    drawing = tmp_path / "ladder.svg"
    with qtbot.waitSignal(panel.saved) as saved:
        panel.save(drawing)
    assert saved.args == [str(drawing)]
    assert "C-STORE <RT> & Plan" in svg_texts(drawing)
    picture = tmp_path / "ladder.png"
    with qtbot.waitSignal(panel.saved):
        panel.save(picture)
    assert QImage(str(picture)).width() == 2000


def test_picture_of_many_shows_the_newest(qtbot: QtBot, panel: LadderPanel, tmp_path: Path) -> None:
    panel.ladder.add_arrows(arrows(1000))
    drawing = tmp_path / "ladder.svg"
    with qtbot.waitSignal(panel.saved):
        panel.save(drawing)
    text = svg_texts(drawing)
    assert "600 older exchanges are left out" in text
    assert "N-SET 1000" in text
    assert "N-SET 600 " not in text


def test_picture_that_cannot_be_written(qtbot: QtBot, panel: LadderPanel, tmp_path: Path) -> None:
    with qtbot.waitSignal(panel.failed) as failed:
        panel.save(tmp_path / "no such folder" / "ladder.svg")
    assert "not saved" in failed.args[0]
    assert button(panel, "ladder_save").isEnabled()


# the table twin


def test_table_shows_the_same(qtbot: QtBot, panel: LadderPanel) -> None:
    panel.ladder.add_arrows(arrows(10))
    panel.ladder.select(4)
    button(panel, "ladder_as_table").click()
    model = panel.table.rows
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    row = [model.index(3, column).data() for column in range(model.columnCount())]
    assert row[1:] == ["RO-62", "TDD", "TMS", "N-SET 4", "✓ Success", "4.0"]
    assert panel.table.selected().key == 4
    heard: list[int] = []
    panel.chosen.connect(heard.append)
    panel.table.selectRow(6)
    assert heard == [7]
    assert panel.ladder.selected == 7
    panel.ladder.add_arrows(arrows(2, first=11))
    panel.ladder.replace_arrow(arrow(11, title="changed"))
    assert model.rowCount() == 12
    assert model.index(10, 4).data() == "changed"
    button(panel, "ladder_only_problems").click()
    assert model.rowCount() == 1
    del tester


def test_changes_of_a_log_are_shown(qtbot: QtBot, panel: LadderPanel) -> None:
    log = make_log()
    one = exchange("C-STORE", uids.CT_IMAGE, ends=("STRANGER", "OST"), role="scp")
    panel.show_changes(log.add_all([one, one]), log.lanes)
    panel.show_changes(log.add_all([one]), log.lanes)
    assert [each.title for each in panel.ladder.arrows.shown()] == ["C-STORE ×3 CT Image"]
    assert panel.ladder.lanes[-1].title == "STRANGER"


def test_everything_has_a_name(qtbot: QtBot, panel: LadderPanel) -> None:
    for widget in panel.findChildren(QPushButton) + panel.findChildren(QCheckBox):
        assert widget.objectName()
    assert panel.ladder.accessibleName()
    assert panel.table.accessibleName()


def test_empty_ladder_needs_no_dicom() -> None:
    code = (
        "import sys; import tdwii_gui.ui.panels.ladder_panel; "
        "print(sorted({'pydicom', 'pynetdicom', 'sqlalchemy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The timeline of the TMS monitor: where steps stand, clicks and keys, and how fluent it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDateEdit, QLabel, QTabBar, QToolButton

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.ups.operation import StepEdit
from tdwii_gui.dicom.ups.timeline import TimelineEntry
from tdwii_gui.ui.models.day_plan import ASSUMED_HOURS, DayPlan, visible
from tdwii_gui.ui.theme import DARK, LIGHT, Theme, Tone
from tdwii_gui.ui.views.timeline_view import TimelineView
from tests.ui.tms_stage import SECONDS

if TYPE_CHECKING:
    from tests.ui.tms_stage import Stage

DAY = date(2026, 11, 23)
SCHEDULED = ProcedureStepState.SCHEDULED


def entry(
    uid: str,
    hour: float,
    minutes: float | None = 20,
    state: ProcedureStepState = SCHEDULED,
) -> TimelineEntry:
    start = datetime(DAY.year, DAY.month, DAY.day).astimezone() + timedelta(hours=hour)
    end = None if minutes is None else start + timedelta(minutes=minutes)
    return TimelineEntry(start, end, uid, f"ID-{uid}", f"DOE^{uid}", state)


@pytest.fixture
def stage(tms_stage: Stage) -> Stage:
    return tms_stage


def test_steps_of_a_machine_share_a_row_unless_they_overlap() -> None:
    plan = DayPlan.of(
        DAY,
        {
            "A": [entry("1", 9), entry("2", 9 + 20 / 60), entry("3", 9.1), entry("4", 10, None)],
            "B": [],
            "C": [entry("5", 8)],
        },
    )
    assert [lane.machine for lane in plan.lanes] == ["A", "C"]
    rows = [[block.uid for block in row] for row in plan.lanes[0].rows]
    assert rows == [["1", "2", "4"], ["3"]]
    last = plan.block("4")
    assert last is not None
    assert last.end - last.begin == pytest.approx(ASSUMED_HOURS)
    assert plan.place("5") == (1, 0)
    assert plan.count == 5
    assert "6" not in plan
    assert [block.uid for block in visible(plan.lanes[0].rows[0], 9.4, 9.9)] == ["2"]


def test_a_step_that_ends_after_midnight_stays_on_its_day() -> None:
    plan = DayPlan.of(DAY, {"A": [entry("1", 23.5, 120)]})
    block = plan.block("1")
    assert block is not None
    assert block.end == pytest.approx(plan.hours)


def shown(plan: DayPlan) -> TimelineView:
    view = TimelineView(lambda _uid: None)
    view.resize(1200, 300)
    view.show_plan(plan, "nothing")
    view.show()
    QApplication.processEvents()
    return view


def test_keys_go_from_step_to_step_and_machine_to_machine(qtbot: object) -> None:
    plan = DayPlan.of(
        DAY, {"A": [entry("1", 8), entry("2", 12), entry("3", 20)], "B": [entry("4", 12.2)]}
    )
    view = shown(plan)
    told: list[str] = []
    opened: list[str] = []
    turned: list[int] = []
    view.chosen.connect(told.append)
    view.opened.connect(opened.append)
    view.day_turned.connect(turned.append)
    view.setFocus()
    keys = Qt.Key
    for key in (
        keys.Key_Right,
        keys.Key_Right,
        keys.Key_Down,
        keys.Key_Up,
        keys.Key_End,
        keys.Key_Home,
        keys.Key_Return,
        keys.Key_PageDown,
        keys.Key_PageUp,
    ):
        QTest.keyClick(view, key)
    assert told == ["1", "2", "4", "2", "3", "1"]
    assert opened == ["1"]
    assert turned == [1, -1]
    assert view.viewport().rect().contains(view.area_of("1"))
    assert view.accessibleName() == "Timeline of 2026-11-23: 4 steps on 2 machines"
    assert "DOE, 1" in view.accessibleDescription()
    assert "Scheduled" in view.accessibleDescription()
    scale = view.scale
    QTest.keyClick(view, keys.Key_Minus)
    assert view.scale < scale
    view.deleteLater()


def test_a_click_chooses_what_is_under_it(qtbot: object) -> None:
    plan = DayPlan.of(DAY, {"A": [entry("1", 8), entry("2", 8.05)], "B": [entry("3", 8)]})
    view = shown(plan)
    told: list[str] = []
    view.chosen.connect(told.append)
    for uid in ("1", "2", "3"):
        place = view.area_of(uid).center()
        found = view.block_at(place)
        assert found is not None
        assert found.uid == uid
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told == ["1", "2", "3"]
    assert view.block_at(view.area_of("3").bottomRight() * 2) is None
    view.deleteLater()


def test_what_is_chosen_stays_in_sight_in_a_narrower_window(qtbot: object) -> None:
    view = shown(DayPlan.of(DAY, {"A": [entry("1", 1), entry("2", 22)]}))
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    view.select("2")
    bar = view.horizontalScrollBar()
    bar.setValue(bar.value() + view.area_of("2").left() - 1000)
    assert view.area_of("2").left() == 1000
    view.resize(600, 300)
    QApplication.processEvents()
    assert 0 < view.area_of("2").left() < 600
    # What was out of sight is not brought back.
    bar.setValue(0)
    view.resize(500, 300)
    QApplication.processEvents()
    assert bar.value() == 0
    view.deleteLater()


def test_the_present_stays_in_sight_in_a_narrower_window(qtbot: object) -> None:
    today = datetime.now().astimezone()
    start = today.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [
        TimelineEntry(at, at + timedelta(minutes=5), uid, uid, uid, SCHEDULED)
        for uid, at in (("1", start), ("2", start + timedelta(hours=23, minutes=50)))
    ]
    view = shown(DayPlan.of(today.date(), {"A": ends}))
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    view.show_now()
    bar = view.horizontalScrollBar()
    bar.setValue(max(0, view._now() - view._room() + 20))
    view.resize(600, 300)
    QApplication.processEvents()
    assert bar.value() <= view._now() <= bar.value() + view._room()
    view.deleteLater()


def test_ten_thousand_steps_of_one_day_are_painted_at_once(qtbot: object) -> None:
    entries = [entry(f"1.{n}", 6 + 14 * n / 10_000) for n in range(10_000)]
    begin = perf_counter()
    plan = DayPlan.of(DAY, {"A": entries[:9000], "B": entries[9000:]})
    view = shown(plan)
    pictures = 5
    for _ in range(pictures):
        view.horizontalScrollBar().setValue(view.horizontalScrollBar().value() + 60)
        view.grab()
    # A day is laid out in about 50 ms and painted in about 20; the bound is for slow machines.
    assert perf_counter() - begin < 8
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.viewport().rect().intersects(view.area_of(view.selected))
    view.deleteLater()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tone", [Tone.ACCENT, Tone.PROGRESS, Tone.DONE, Tone.NEUTRAL])
def test_words_on_blocks_can_be_read(theme: Theme, tone: Tone) -> None:
    grounds = [theme.tint(tone)]
    if tone is Tone.NEUTRAL:
        grounds.append(theme.line)
    for ground in grounds:
        assert contrast(theme.colour(tone), ground) >= 4.5
        assert contrast(theme.text, ground) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2)."""
    light, dark = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def timeline(stage: Stage) -> TimelineView:
    stage.find(QTabBar, "work_tabs").setCurrentIndex(1)
    view: TimelineView = stage.find(TimelineView, "timeline")
    return view


def noon() -> datetime:
    return datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)


def test_the_day_of_each_machine_is_live(stage: Stage) -> None:
    first = stage.schedule(1, "TR1", noon())
    second = stage.schedule(2, "TR2", noon())
    view = timeline(stage)
    stage.until(lambda: view.plan.count == 2)
    assert [lane.machine for lane in view.plan.lanes] == ["TR1", "TR2"]
    view.select(first)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.area_of(second).center())
    stage.until(lambda: stage.shown_uid() == second)
    assert stage.table().selected().uid == second
    stage.tdd.start_procedure(second).result(SECONDS)
    block = view.plan.block(second)
    assert block is not None
    stage.until(lambda: view.state_of(block) is ProcedureStepState.IN_PROGRESS)
    later = noon() + timedelta(hours=2)
    stage.tms.edit_step(first, StepEdit(start=later)).result(SECONDS)
    stage.until(lambda: view.plan.block(first).entry.start == later)  # type: ignore[union-attr]
    stage.until(lambda: stage.cells("history"))
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert stage.find(QTabBar, "work_tabs").currentIndex() == 0


def test_another_day_is_chosen(stage: Stage) -> None:
    stage.schedule(1, start=noon() + timedelta(days=1))
    view = timeline(stage)
    stage.until(lambda: stage.find(QLabel, "timeline_words").text() == "0 steps · 0 machines")
    stage.qtbot.mouseClick(stage.find(QToolButton, "timeline_after"), Qt.MouseButton.LeftButton)
    stage.until(lambda: view.plan.count == 1)
    chosen = stage.find(QDateEdit, "timeline_day")
    assert chosen.date() == QDate.currentDate().addDays(1)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    stage.until(lambda: view.plan.day == date.today() and view.plan.count == 0)


def test_a_deleted_step_leaves_the_timeline(stage: Stage) -> None:
    uid = stage.schedule(1, start=noon())
    view = timeline(stage)
    stage.until(lambda: uid in view.plan)
    stage.tms.request_cancel(uid).result(SECONDS)
    stage.tms.delete_steps([uid]).result(SECONDS)
    stage.until(lambda: uid not in view.plan)
    assert not stage.cells()

"""The worklist of 10,000 rows: an update of a row, sorting, and scrolling.

The table is that of the TMS's window: its columns and the delegates that paint its cells.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

from benchmarks.measure import metric, middle, place, run, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from tdwii_gui.ui.models.row_model import RowModel
    from tdwii_gui.ui.models.worklist import WorklistRow
    from tdwii_gui.ui.panels.table import Table

ROWS: Final = 10_000

_RUNS: Final = 3
_UPDATES: Final = 1000
_FRAMES: Final = 200
_CHILD: Final = "child"
_SORTINGS: Final = {"unsorted": -1, "sorted_by_another_column": 1, "sorted_by_the_column": 7}


def main() -> None:
    """Measure in fresh processes."""
    with place() as where:
        results = [run("benchmarks.tables", [_CHILD], where) for _ in range(_RUNS)]
    for name in _SORTINGS:
        metric(f"row_update_{name}", middle(results, f"update_{name}"), "ms", 0.1)
        metric(f"row_update_painted_{name}", middle(results, f"painted_{name}"), "ms", 16)
    metric("rows_replaced", middle(results, "replaced"), "ms")
    metric("rows_filtered", middle(results, "filtered"), "ms")
    metric("rows_sorted", middle(results, "sorted"), "ms")
    metric("scroll_frame", middle(results, "frame"), "ms", 1000 / 60)
    metric("scroll_frame_p99", middle(results, "frame_p99"), "ms")


def child() -> None:
    """Measure in this process."""
    from PySide6.QtCore import Qt

    from tdwii_gui.app.desktop import make_application

    application = make_application()
    rows = _rows()
    table = _table()
    table.resize(1320, 700)
    table.show()
    model: RowModel[WorklistRow] = table.rows
    tell({"replaced": _milliseconds(lambda: model.replace_all(rows))})
    application.processEvents()
    tell({"filtered": _milliseconds(lambda: model.set_filter(lambda row: "1" in row.search))})
    model.set_filter(None)
    tell({"sorted": _milliseconds(lambda: table.sortByColumn(1, Qt.SortOrder.AscendingOrder))})
    for name, column in _SORTINGS.items():
        table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
        application.processEvents()
        tell({f"update_{name}": _updates(model)})
        tell({f"painted_{name}": _updates(model, application)})
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    tell(_scroll(table, application))
    sys.stdout.flush()
    os._exit(0)


def _updates(model: RowModel[WorklistRow], application: QApplication | None = None) -> float:
    """Return the milliseconds of a change of a row's progress, with or without its painting."""
    random = Random(3)
    changed = [
        replace(row, percent=random.uniform(0, 100)) for row in random.sample(model.rows, _UPDATES)
    ]
    begin = time.perf_counter()
    for row in changed:
        model.put(row)
        if application is not None:
            application.processEvents()
    return 1000 * (time.perf_counter() - begin) / _UPDATES


def _scroll(table: Table, application: QApplication) -> dict[str, float]:
    """Return the milliseconds of a frame while the table is scrolled from end to end."""
    bar = table.verticalScrollBar()
    frames = []
    for number in range(_FRAMES):
        begin = time.perf_counter()
        bar.setValue(bar.maximum() * number // (_FRAMES - 1))
        table.viewport().repaint()
        frames.append(1000 * (time.perf_counter() - begin))
        application.processEvents()
    frames.sort()
    return {"frame": frames[_FRAMES // 2], "frame_p99": frames[_FRAMES * 99 // 100]}


def _milliseconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def _rows() -> list[WorklistRow]:
    from benchmarks.material import many_steps
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.models.worklist import WorklistRow

    return [WorklistRow.from_step(Ups(step), None) for step in many_steps(ROWS)]


def _table() -> Table:
    from tdwii_gui.ui.models.row_model import RowModel
    from tdwii_gui.ui.models.worklist import WorklistColumn, worklist_columns
    from tdwii_gui.ui.panels.progress_delegate import ProgressDelegate, StateDelegate
    from tdwii_gui.ui.panels.table import Table

    wanted = [each for each in WorklistColumn if each not in ("delivery", "readiness")]
    model: RowModel[WorklistRow] = RowModel(worklist_columns(wanted), key=lambda row: row.uid)
    table = Table(model, name="worklist", accessible_name="Worklist", empty=str)
    for column, delegate in (
        (WorklistColumn.STATE, StateDelegate(table)),
        (WorklistColumn.PROGRESS, ProgressDelegate(table)),
    ):
        table.setItemDelegateForColumn(wanted.index(column), delegate)
    return table


if __name__ == "__main__":
    child() if sys.argv[1:] == [_CHILD] else main()

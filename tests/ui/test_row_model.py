"""The rows of tables: what is shown is always the filtered and sorted list."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from tdwii_gui.ui.models.row_model import ROW_ROLE, Column, RowModel
from tdwii_gui.ui.panels.table import Table


@dataclass(frozen=True)
class Row:
    key: int
    value: int


def columns() -> list[Column[Row]]:
    return [
        Column("Key", lambda row: str(row.key), key=lambda row: row.key, right=True),
        Column("Value", lambda row: str(row.value), key=lambda row: row.value, share=1),
    ]


def made(*rows: Row, limit: int = 0) -> RowModel[Row]:
    model = RowModel(columns(), key=lambda row: row.key, limit=limit)
    model.replace_all(rows)
    return model


_PUT = st.tuples(st.just("put"), st.integers(0, 8), st.integers(0, 5))
_OTHER = st.tuples(
    st.sampled_from(["remove", "sort", "unsort", "filter"]), st.integers(0, 8), st.integers(0, 1)
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.one_of(_PUT, _OTHER), max_size=30))
def test_shown_rows_are_the_filtered_and_sorted_ones(
    steps: list[tuple[str, int, int]],
) -> None:
    model = made()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    wanted: dict[int, Row] = {}
    least, order = 0, None
    for verb, key, value in steps:
        match verb:
            case "put":
                model.put(Row(key, value))
                wanted[key] = Row(key, value)
            case "remove":
                model.remove(key)
                wanted.pop(key, None)
            case "sort":
                order = Qt.SortOrder.DescendingOrder if value else Qt.SortOrder.AscendingOrder
                model.sort(1, order)
            case "unsort":
                order = None
                model.sort(-1)
            case _:
                least = key // 2
                model.set_filter(lambda row, least=least: row.value >= least)
        shown = [row.value for row in model.rows]
        rows = [row for row in wanted.values() if row.value >= least]
        assert sorted(shown) == sorted(row.value for row in rows)
        assert {row.key for row in model.rows} == {row.key for row in rows}
        if order is not None:
            assert shown == sorted(shown, reverse=order == Qt.SortOrder.DescendingOrder)
        for row in rows:
            assert model.row(model.index_of(row.key)) == row
    del tester


def test_oldest_row_goes_at_the_limit() -> None:
    model = made(limit=3)
    for key in range(5):
        model.put(Row(key, key))
    assert [row.key for row in model.rows] == [2, 3, 4]


def test_selection_follows_its_row_when_sorted(qtbot) -> None:  # type: ignore[no-untyped-def]
    model = made(Row(1, 5), Row(2, 4), Row(3, 9))
    table = Table(model, name="t", accessible_name="rows", empty=lambda: "none")
    qtbot.addWidget(table)
    assert table.select_key(3)
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert table.selected() == Row(3, 9)
    assert table.currentIndex().row() == 0


def test_selection_follows_a_row_that_a_change_moves(qtbot) -> None:  # type: ignore[no-untyped-def]
    model = made(Row(1, 1), Row(2, 2), Row(3, 3))
    table = Table(model, name="t", accessible_name="rows", empty=lambda: "none")
    qtbot.addWidget(table)
    model.sort(1)
    assert table.select_key(1)
    model.put(Row(1, 9))
    assert model.rows == [Row(2, 2), Row(3, 3), Row(1, 9)]
    assert table.selected() == Row(1, 9)


def test_table_copies_the_chosen_row_as_tsv(qtbot) -> None:  # type: ignore[no-untyped-def]
    model = made(Row(1, 5), Row(2, 4))
    table = Table(model, name="t", accessible_name="rows", empty=lambda: "none")
    qtbot.addWidget(table)
    table.select_key(2)
    table.copy()
    from PySide6.QtGui import QGuiApplication

    assert QGuiApplication.clipboard().text() == "Key\tValue\n2\t4"


@pytest.mark.parametrize("role", [Qt.ItemDataRole.DisplayRole, ROW_ROLE])
def test_roles(role: int) -> None:
    model = made(Row(1, 5))
    data = model.data(model.index(0, 1), role)
    assert data == ("5" if role == Qt.ItemDataRole.DisplayRole else Row(1, 5))

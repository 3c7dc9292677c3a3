from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tdwii_gui.dicom.store.intervals import Interval, parse, parse_range


def microseconds(*parts: int) -> int:
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


@pytest.mark.parametrize(
    ("value", "first", "after"),
    [
        ("2026+0000", (2026, 1, 1), (2027, 1, 1)),
        ("202612+0000", (2026, 12, 1), (2027, 1, 1)),
        ("20261121+0000", (2026, 11, 21), (2026, 11, 22)),
        ("2026112108+0000", (2026, 11, 21, 8), (2026, 11, 21, 9)),
        ("202611210815+0000", (2026, 11, 21, 8, 15), (2026, 11, 21, 8, 16)),
        ("20261121081530+0000", (2026, 11, 21, 8, 15, 30), (2026, 11, 21, 8, 15, 31)),
        ("20261121081530+0130", (2026, 11, 21, 6, 45, 30), (2026, 11, 21, 6, 45, 31)),
        ("20261121081530-0500", (2026, 11, 21, 13, 15, 30), (2026, 11, 21, 13, 15, 31)),
    ],
)
def test_a_dt_stands_for_all_that_it_covers(
    value: str, first: tuple[int, ...], after: tuple[int, ...]
) -> None:
    assert parse("DT", value) == Interval(microseconds(*first), microseconds(*after) - 1)


def test_a_fraction_narrows_to_its_precision() -> None:
    whole = microseconds(2026, 11, 21, 8, 15, 30)
    expected = Interval(whole + 250_000, whole + 259_999)
    assert parse("DT", "20261121081530.25+0000") == expected


def test_a_dt_without_offset_takes_the_data_sets() -> None:
    assert parse("DT", "20261121120000", "+0200") == parse("DT", "20261121100000+0000")


def test_a_dt_without_any_offset_is_local_time() -> None:
    local = datetime(2026, 7, 1, 12).astimezone()
    assert parse("DT", "20260701120000").first == parse("DT", f"{local:%Y%m%d%H%M%S%z}").first


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DT", ""),
        ("DT", "202"),
        ("DT", "20261301"),
        ("DT", "20260230"),
        ("DT", "00000101"),
        ("DT", "99991231+0000"),
        ("DT", "20261121T081500"),
        ("DT", "20261121081530+2500"),
        ("DA", "2026112"),
        ("DA", "20261321"),
        ("TM", "24"),
        ("TM", "1260"),
        ("TM", "noon"),
    ],
)
def test_what_is_no_value_is_refused(vr: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"no {vr}|month|day|year|range|must be"):
        parse(vr, value)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("20261121-20261122", "20261121", "20261122"),
        ("20261121-", "20261121", None),
        ("-20261121", None, "20261121"),
        ("20261121-0500-20261122-0500", "20261121-0500", "20261122-0500"),
        ("20261121-0500-20261122", "20261121-0500", "20261122"),
        ("20261121-20261122-0500", "20261121", "20261122-0500"),
        ("20261121-0500-", "20261121-0500", None),
        ("-20261121-0500", None, "20261121-0500"),
        ("20261121080000+0100-20261121180000+0100", "20261121080000+0100", "20261121180000+0100"),
    ],
)
def test_ranges_with_and_without_offsets(key: str, first: str | None, last: str | None) -> None:
    expected = Interval(
        parse("DT", first).first if first else None, parse("DT", last).last if last else None
    )
    assert parse_range("DT", key) == expected


def test_a_hyphen_always_means_a_range() -> None:
    # PS3.4 C.2.2.2.5.3: so this is no single value with a negative offset.
    found = parse_range("DT", "20261121-0500")
    assert found.first == parse("DT", "20261121").first
    assert found.last == parse("DT", "0500").last


@pytest.mark.parametrize("key", ["-", "--", "20261121--20261122", "a-b", "20261121-x"])
def test_what_is_no_range_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        parse_range("DT", key)

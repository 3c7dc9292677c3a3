"""Metersets add up exactly as they are written (PS3.5 6.2)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.meterset import MetersetScale, meterset_between, meterset_sum

beam_metersets = st.floats(0.001, 1e9).map(lambda value: float(decimal_string(value)))
shares = st.lists(st.floats(0, 1), max_size=4)


@given(beam_metersets, shares)
def test_parts_written_as_decimal_strings_add_up_to_the_whole(whole, parts):
    scale = MetersetScale.of(whole)
    ends = [0.0, *sorted(scale.rounded(whole * share) for share in parts), scale.rounded(whole)]
    written = [decimal_string(meterset_between(start, end)) for start, end in pairwise(ends)]
    assert all(len(text) <= 16 for text in written)
    assert sum(map(Decimal, written)) == Decimal(decimal_string(whole))
    assert meterset_sum(map(float, written)) == float(decimal_string(whole))


@given(beam_metersets, st.floats(0, 1))
def test_units_and_metersets_are_the_same(whole, share):
    scale = MetersetScale.of(whole)
    units = scale.units(whole * share)
    assert scale.units(scale.meterset(units)) == units
    assert scale.rounded(scale.meterset(units)) == scale.meterset(units)
    assert scale.units(whole) < 10**15


def test_binary_rounding_does_not_show():
    assert 0.3 - 0.1 != 0.2
    assert meterset_between(0.1, 0.3) == 0.2
    assert sum([0.1, 0.2, 0.3]) != 0.6
    assert meterset_sum([0.1, 0.2, 0.3]) == 0.6
    assert meterset_between(58414.4492229546, 58414.5492229546) == 0.1

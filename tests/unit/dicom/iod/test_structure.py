"""The structure scan: bounds, nesting, amount (PS3.5 7)."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.structure import DEFAULT_LIMITS, Limits, scan

UNDEFINED = 0xFFFFFFFF
BEAM_SEQUENCE = (0x300A, 0x00B0)
BEAM_NAME = (0x300A, 0x00C2)
PIXEL_DATA = (0x7FE0, 0x0010)
PRIVATE = (0x3243, 0x1009)
ITEM, ITEM_END, SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
LONG_VRS = ("OB", "SQ", "UN", "UT")


class Encoder:
    """Writes elements by hand, legal or not."""

    def __init__(self, implicit: bool, little_endian: bool) -> None:
        self.implicit, self.order = implicit, "<" if little_endian else ">"

    def element(self, tag, vr, value: bytes, length: int | None = None) -> bytes:
        length = len(value) if length is None else length
        head = struct.pack(f"{self.order}HH", *tag)
        if self.implicit or vr == "":
            return head + struct.pack(f"{self.order}L", length) + value
        if vr in LONG_VRS:
            return head + vr.encode() + b"\0\0" + struct.pack(f"{self.order}L", length) + value
        return head + vr.encode() + struct.pack(f"{self.order}H", length) + value

    def item(self, content: bytes, undefined: bool = False) -> bytes:
        if undefined:
            return self.element(ITEM, "", content, UNDEFINED) + self.element(ITEM_END, "", b"")
        return self.element(ITEM, "", content)

    def sequence(self, items: bytes, undefined: bool = False, tag=BEAM_SEQUENCE, vr="SQ") -> bytes:
        if undefined:
            return self.element(tag, vr, items, UNDEFINED) + self.element(SEQUENCE_END, "", b"")
        return self.element(tag, vr, items)


ENCODINGS = {"implicit LE": (True, True), "explicit LE": (False, True), "big": (False, False)}


@pytest.fixture(params=ENCODINGS.values(), ids=ENCODINGS)
def encoding(request):
    return request.param


@pytest.fixture
def encoder(encoding) -> Encoder:
    return Encoder(*encoding)


def check(data: bytes, encoding=(False, True), limits: Limits = DEFAULT_LIMITS) -> None:
    scan(data, implicit=encoding[0], little_endian=encoding[1], limits=limits, source="x.dcm")


@pytest.mark.parametrize("undefined_sequence", [True, False])
@pytest.mark.parametrize("undefined_item", [True, False])
def test_nested_sequences_pass(encoder, encoding, undefined_sequence, undefined_item):
    name = encoder.element(BEAM_NAME, "LO", b"AP")
    inner = encoder.sequence(encoder.item(name, undefined_item), undefined_sequence)
    outer = encoder.sequence(encoder.item(inner + name, undefined_item) * 2, undefined_sequence)
    check(outer + name, encoding)


def test_every_truncation_of_a_nested_data_set_is_found_or_ends_between_elements(encoder, encoding):
    name = encoder.element(BEAM_NAME, "LO", b"AP")
    sequence = encoder.sequence(encoder.item(name, True), True)
    whole = name + sequence
    for length in range(1, len(whole)):
        if length == len(name):
            continue
        with pytest.raises(DatasetError, match=r"x\.dcm.*(cut short|not closed)"):
            check(whole[:length], encoding)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda e: e.element(BEAM_NAME, "LO", b"AP", 20), "BeamName is cut short"),
        pytest.param(
            lambda e: e.sequence(e.item(e.element(BEAM_NAME, "LO", b"AP", 4)) + b"XY" * 9),
            "BeamName is cut short",
            id="beyond its item",
        ),
        pytest.param(lambda e: e.element(ITEM_END, "", b""), "out of place"),
        pytest.param(
            lambda e: e.sequence(e.element(BEAM_NAME, "LO", b"AP")), "BeamSequence has no item"
        ),
        pytest.param(lambda e: e.element(BEAM_SEQUENCE, "SQ", b"", UNDEFINED), "not closed"),
        pytest.param(
            lambda e: e.element(PIXEL_DATA, "OB", e.item(b"1234"), UNDEFINED), "not closed"
        ),
        pytest.param(
            lambda e: e.element(PIXEL_DATA, "OB", e.element(ITEM, "", b"12", 64), UNDEFINED),
            "PixelData is cut short",
        ),
    ],
)
def test_broken_structure_is_refused(encoder, encoding, make, words):
    with pytest.raises(DatasetError, match=words):
        check(make(encoder), encoding)


def test_encapsulated_pixel_data_pass():
    encoder = Encoder(False, True)
    # A fragment is opaque, even where it holds what looks like a delimiter.
    fragments = encoder.item(b"") + encoder.item(b"\xfe\xff\xdd\xe0\0\0\0\0")
    check(encoder.sequence(fragments, True, PIXEL_DATA, "OB"))


def test_items_of_un_sequences_are_implicit(encoding):
    # PS3.5 6.2.2: UN of undefined length is implicit VR little endian inside.
    explicit, implicit = Encoder(False, True), Encoder(True, True)
    content = implicit.sequence(implicit.item(implicit.element(BEAM_NAME, "", b"AP"), True), True)
    check(explicit.sequence(explicit.item(content), True, PRIVATE, "UN"))


def test_nesting_in_un_and_private_elements_counts():
    encoder = Encoder(True, True)
    content = b""
    for _ in range(40):
        content = encoder.sequence(encoder.item(content), tag=PRIVATE)
    with pytest.raises(DatasetError, match="nested deeper than 32"):
        check(content, (True, True))


@pytest.mark.parametrize(("depth", "fits"), [(32, True), (33, False), (5000, False)])
@pytest.mark.parametrize("undefined", [True, False])
def test_depth_is_limited(depth, fits, undefined):
    encoder = Encoder(False, True)
    content = b""
    for _ in range(depth):
        content = encoder.sequence(encoder.item(content, undefined), undefined)
    if fits:
        check(content)
    else:
        with pytest.raises(DatasetError, match="nested deeper than 32"):
            check(content)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(items=9), "more than 9 sequence items"),
        (Limits(elements=10), "more than 10 elements"),
        (Limits(size=100), "more than 100 bytes"),
    ],
)
def test_amount_is_limited(limits, words):
    encoder = Encoder(False, True)
    content = encoder.sequence(encoder.item(encoder.element(BEAM_NAME, "LO", b"AP")) * 10)
    check(content, limits=Limits(items=10, elements=11))
    with pytest.raises(DatasetError, match=words):
        check(content, limits=limits)


@given(data=st.binary(max_size=200), encoding=st.sampled_from(list(ENCODINGS.values())))
def test_any_bytes_pass_or_are_refused(data, encoding):
    with suppress(DatasetError):
        check(data, encoding)

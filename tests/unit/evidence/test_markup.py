"""Markup in which texts are escaped."""

from __future__ import annotations

import pytest

from tdwii_gui.evidence.markup import Markup, element, markup, plain, shortened


def test_texts_are_escaped_and_markup_is_not() -> None:
    inner = element("b", "<script>")
    assert element("p", inner, " & ", 3) == "<p><b>&lt;script&gt;</b> &amp; 3</p>"


def test_attributes_are_escaped_and_can_be_left_out() -> None:
    made = element("td", class_='"><script>', title=None, hidden=False, open=True)
    assert made == '<td class="&quot;&gt;&lt;script&gt;" open=""></td>'


def test_markup_that_is_joined_with_text_is_text() -> None:
    joined = element("b", "a") + "<i>"
    assert not isinstance(joined, Markup)
    assert markup(joined) == "&lt;b&gt;a&lt;/b&gt;&lt;i&gt;"


@pytest.mark.parametrize("unseen", ["\0", "\x1b", "\u202e", "\u200b", "\ud800", "\uffff"])
def test_what_cannot_be_seen_is_shown(unseen: str) -> None:
    assert plain(f"a{unseen}b") == f"a<U+{ord(unseen):04X}>b"


def test_long_texts_are_cut() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"

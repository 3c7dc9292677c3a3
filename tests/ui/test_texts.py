"""Values as people read them; what peers send is harmless."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import ElidedLabel, heading, muted, value
from tdwii_gui.ui.theme import DARK, LIGHT, Theme, Tone

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLabel


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("DEMO^Pat^M", "DEMO, Pat M"),
        ("DEMO", "DEMO"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("", ""),
        ("^Given", "Given"),
    ],
)
def test_person_name(given: str, shown: str) -> None:
    assert texts.person_name(given) == shown


def test_plain_makes_control_characters_visible_and_cuts() -> None:
    assert texts.plain("a\nb\x00c\x7f") == "a␊b␀c␡"
    assert texts.plain("x" * 10_000) == "x" * 300 + "…"
    assert texts.plain("\u202eevil") == "�evil"


def test_plain_closes_in_what_is_written_from_right_to_left() -> None:
    shown = texts.plain("שלום ID 1")
    assert shown[0] == "\u2068"
    assert shown[-1] == "\u2069"


def test_plain_is_the_same_the_second_time() -> None:
    for text in ("שלום ID 1", "a\nb", "\u202eevil", "\u2068open", "closed\u2069", "x" * 10_000):
        once = texts.plain(text)
        assert texts.plain(once, 400) == once
    joined = f"{texts.plain('שלום')} · 4711"
    assert "�" not in texts.plain(joined)
    assert texts.plain(texts.plain("ש" * 100), 50).endswith("\u2069…\u2069")


def test_tooltip_is_no_rich_text_of_a_peer() -> None:
    shown = texts.tooltip("<img src=x><b>bold</b>")
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown


def test_moment_names_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 11, 21, 10, 31, tzinfo=ZoneInfo("UTC"))
    assert "21 Nov 2026" in texts.moment(at)
    assert texts.moment(at).split()[-1] == at.astimezone().tzname()
    assert texts.moment(None) == ""


def test_numbers_and_sizes() -> None:
    assert texts.number(1.25, 2) == "1.25"
    assert texts.number(None) == "–"
    assert texts.size(999) == "999 B"
    assert texts.size(1_500_000) == "1.5 MB"
    assert texts.size(2.5e9) == "2.5 GB"
    assert texts.date("19600401") == "1960-04-01"
    assert texts.date("unknown") == "unknown"


def test_labels_show_plain_text(qapp: object) -> None:
    labels: list[QLabel] = [heading("<b>x</b>"), muted("<i>"), value("<b>"), ElidedLabel("<b>")]
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_contrast_is_at_least_4_5(theme: Theme) -> None:
    pairs = {
        "strip": (theme.strip_text, theme.strip),
        "primary button": (theme.on_accent, theme.accent),
        "disabled": (theme.muted, theme.ground),
    }
    for ground in ("card", "ground", "accent_tint"):
        pairs[f"text on {ground}"] = (theme.text, getattr(theme, ground))
        pairs[f"muted on {ground}"] = (theme.muted, getattr(theme, ground))
    for tone in Tone:
        pairs[f"chip {tone}"] = (theme.colour(tone), theme.tint(tone))
        pairs[f"{tone} on card"] = (theme.colour(tone), theme.card)
    low = {name: round(_contrast(*pair), 2) for name, pair in pairs.items()}
    assert {name: ratio for name, ratio in low.items() if ratio < 4.5} == {}

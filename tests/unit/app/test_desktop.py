"""Which commands show windows, and what they say where they cannot. No Qt is needed here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tdwii_gui.app import desktop
from tdwii_gui.app.cli import main
from tdwii_gui.app.commands import demo, suite

if TYPE_CHECKING:
    from pathlib import Path

DISPLAYS = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("no_display")
@pytest.mark.parametrize("command", ["suite", "tms", "ost", "ppvs", "tdd", "creator"])
def test_without_a_display_the_way_out_is_named(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([command, "--data-dir", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert "there is no display" in complaint
    assert "--headless" in complaint
    assert complaint.count("\n") == 1


def test_without_pyside_the_way_out_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)
    assert main(["tms", "--data-dir", str(tmp_path)]) == 2
    assert "add --headless" in capsys.readouterr().err


@pytest.mark.usefixtures("no_display")
@pytest.mark.parametrize(
    ("name", "value", "display", "screen"),
    [
        ("QT_QPA_PLATFORM", "", False, False),
        ("QT_QPA_PLATFORM", "offscreen", True, False),
        ("QT_QPA_PLATFORM", "offscreen:size=800x600", True, False),
        ("QT_QPA_PLATFORM", "xcb", True, True),
        ("DISPLAY", ":0", True, True),
        ("WAYLAND_DISPLAY", "wayland-0", True, True),
    ],
)
def test_where_windows_can_be_shown_and_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, display: bool, screen: bool
) -> None:
    monkeypatch.setenv(name, value)
    assert desktop.has_display() is display
    assert desktop.has_screen() is screen


class Shown:
    """Takes the place of `run_suite`."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any, **_options: Any) -> int:
        self.calls.append(arguments)
        return 0


def test_without_a_command_the_launcher_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown()
    monkeypatch.setattr(suite, "run_suite", shown)
    assert main([]) == 0
    assert len(shown.calls) == 1


@pytest.mark.parametrize(
    ("screen", "options", "windows"),
    [
        (True, (), True),
        (False, (), False),
        (True, ("--headless",), False),
        (True, ("--fraction", "2"), False),
    ],
)
def test_the_demo_shows_windows_where_they_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, screen: bool, options: tuple[str, ...], windows: bool
) -> None:
    pytest.importorskip("PySide6.QtCore")
    shown, played = Shown(), Shown()
    monkeypatch.setattr(demo, "has_screen", lambda: screen)
    monkeypatch.setattr(demo, "run_suite", shown)
    monkeypatch.setattr("tdwii_gui.app.fraction.play_fraction", played)
    assert main(["demo", *options]) == 0
    assert (len(shown.calls), len(played.calls)) == ((1, 0) if windows else (0, 1))
    if windows:
        assert shown.calls[0][-1] == "photon"
        assert not shown.calls[0][2].exists(), "the data of the demo are not kept"

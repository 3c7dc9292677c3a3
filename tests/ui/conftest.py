"""Windows are tested offscreen; what Qt warns of fails the test."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from tdwii_gui.app.desktop import SuiteProgram
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.ui.bridge import ActorBridge
    from tests.ui.hand import Hand
    from tests.ui.tms_stage import Stage

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # Said by the offscreen platform.
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture(autouse=True)
def look(qapp: QApplication, tmp_path: Path) -> None:
    """Give the application its look, and what it remembers a folder of the test's own."""
    from PySide6.QtCore import QSettings

    from tdwii_gui.ui.theme import Appearance, appearance

    qapp.setOrganizationName("tdwii_gui")
    qapp.setApplicationName("tdwii_gui")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "look"))
    if appearance() is None:
        Appearance(qapp)


@pytest.fixture(autouse=True)
def garbage_is_collected_here(qapp: QApplication) -> Iterator[None]:
    """Collect on the GUI thread alone, and windows from the top, as the program does."""
    from PySide6.QtCore import QCoreApplication, QEvent

    gc.disable()
    yield
    for window in qapp.topLevelWidgets():
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.enable()


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[ActorBridge]:
    """Return the crossing from actors to windows."""
    from tdwii_gui.ui.bridge import ActorBridge

    made = ActorBridge()
    yield made
    made.close()


@pytest.fixture
def tms_stage(tmp_path: Path, bridge: ActorBridge, qtbot: QtBot) -> Iterator[Stage]:
    """Return a TMS with its window, and those who talk to it."""
    from tests.ui.tms_stage import open_stage

    with open_stage(tmp_path, bridge, qtbot) as made:
        yield made


@pytest.fixture
def hand(qtbot: QtBot) -> Hand:
    """Return a person at the windows."""
    from tests.ui.hand import Hand

    return Hand(lambda condition: qtbot.waitUntil(condition, timeout=20_000))


@pytest.fixture
def open_suite(qtbot: QtBot, hand: Hand, tmp_path: Path) -> Iterator[Callable[..., SuiteProgram]]:
    """Return how the launcher is opened with settings; it is closed at the end."""
    from tdwii_gui.app.desktop import SuiteProgram
    from tdwii_gui.config.ae_directory import AeDirectory

    opened: list[SuiteProgram] = []

    def open_with(settings: Settings) -> SuiteProgram:
        program = SuiteProgram(settings, AeDirectory(), tmp_path / "data")
        opened.append(program)
        started: list[bool] = []
        program.control.started.connect(lambda: started.append(True))
        program.start()
        hand.wait(lambda: started)
        return program

    yield open_with
    for program in opened:
        program.launcher.close()
        # In case a window wants to ask first, after a test that failed in mid-treatment.
        program.control.stop()
        hand.wait(lambda program=program: not program.launcher.isVisible())
        program.bridge.close()


@pytest.fixture
def program(open_suite: Callable[..., SuiteProgram]) -> SuiteProgram:
    """Return the launcher with all actors listening on free ports."""
    from tdwii_gui.actors.suite import on_free_ports
    from tdwii_gui.config.settings import Settings

    return open_suite(on_free_ports(Settings()))

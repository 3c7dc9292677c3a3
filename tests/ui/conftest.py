"""Windows are tested offscreen; what Qt warns of fails the test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

    from tdwii_gui.ui.bridge import ActorBridge

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))


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


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[ActorBridge]:
    """Return the crossing from actors to windows."""
    from tdwii_gui.ui.bridge import ActorBridge

    made = ActorBridge()
    yield made
    made.close()

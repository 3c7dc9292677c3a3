"""`tdwii suite` from its first picture to all windows; run by `start_up`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from benchmarks.measure import memory, since_spawned, tell
from benchmarks.running_suite import listening, open_windows, play

if TYPE_CHECKING:
    from tdwii_gui.app.desktop import SuiteProgram


def scene(program: SuiteProgram) -> None:
    """Tell when the launcher is shown, when the actors listen, and what memory is held."""
    QApplication.processEvents()
    program.launcher.grab()
    tell({"shown": since_spawned()})
    listening(program)
    tell({"listening": since_spawned(), "memory_listening": memory()})
    open_windows(program)
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            window.grab()
    tell({"memory_all_windows": memory()})


if __name__ == "__main__":
    sys.exit(play(sys.argv[1:], scene))

"""Takes the screenshots of all windows in their main states: `make screenshots`.

Plays a fraction of the demo patient in the real windows, offscreen, and saves each state in both
themes and two sizes to `docs/screenshots`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings  # noqa: E402 - the platform comes first
from PySide6.QtGui import QFont, QFontDatabase  # noqa: E402

from tdwii_gui.actors.suite import on_free_ports  # noqa: E402
from tdwii_gui.app.desktop import SuiteProgram, make_application  # noqa: E402
from tdwii_gui.config.ae_directory import AeDirectory  # noqa: E402
from tdwii_gui.config.settings import Settings  # noqa: E402
from tdwii_gui.ui.theme import ThemeChoice, appearance  # noqa: E402
from tests.ui.hand import Hand  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget

SIZES: Final = ((1366, 768), (1920, 1080))
PATIENCE_SECONDS: Final = 30
FOLDER: Final = Path(__file__).parent / "screenshots"


class Studio:
    """Plays the states and takes the pictures."""

    def __init__(self, application: QApplication, program: SuiteProgram, folder: Path) -> None:
        self._application = application
        self._program = program
        self._folder = folder
        self.hand = Hand(self.wait_until)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Run the event loop until a condition holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window does not come to its state")
            self.run(0.01)

    def run(self, seconds: float) -> None:
        """Run the event loop for a while."""
        end = time.monotonic() + seconds
        while True:
            self._application.processEvents()
            if time.monotonic() >= end:
                return
            time.sleep(0.002)

    def take(self, window: QWidget, name: str) -> None:
        """Save a window in both themes and all sizes."""
        look = appearance()
        assert look is not None
        self.run(0.4)
        for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
            look.choose(choice)
            for width, height in SIZES:
                window.resize(width, height)
                self.run(0.15)
                file = self._folder / f"{name}-{choice.value}-{width}x{height}.png"
                window.grab().save(str(file))

    def play(self) -> None:
        """Play a fraction and take all pictures."""
        hand = self.hand
        launcher = hand.window("launcher")
        self.take(launcher, "launcher-start")
        for role in ("creator", "tms", "tdd", "ppvs", "ost"):
            hand.click(launcher, f"open_{role}")
        creator, tms, tdd, ppvs, ost = (
            hand.window(role) for role in ("creator", "tms", "tdd", "ppvs", "ost")
        )
        for role, window in (("creator", creator), ("tms", tms), ("ppvs", ppvs), ("ost", ost)):
            self.take(window, f"{role}-empty")
        hand.click(creator, "demo_photon")
        hand.find(creator, QAbstractButton, "schedule")
        self.take(creator, "creator-plan")
        hand.click(creator, "schedule")
        self.wait_until(lambda: bool(self.steps()))
        self.run(1.5)
        self.take(creator, "creator-scheduled")
        self.take(ppvs, "ppvs-arrived")
        self.take(ost, "ost-filled")
        self._treat(tdd, tms, launcher)

    def steps(self) -> list[object]:
        """Return the steps of our TMS."""
        suite = self._program.control.suite
        assert suite is not None
        return list(suite.tms.steps().result())


def main() -> int:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

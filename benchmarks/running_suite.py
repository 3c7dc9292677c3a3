"""The program in this process as `tdwii suite` runs it, and a scene that is played on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEventLoop, QTimer

from tdwii_gui.app import cli, desktop

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.app.desktop import SuiteProgram

ROLES: Final = ("creator", "tms", "ost", "tdd", "ppvs")

_LOOK_MS: Final = 10
_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 1.5


def play(arguments: list[str], scene: Callable[[SuiteProgram], Any]) -> int:
    """Run `tdwii suite` with arguments and play a scene as soon as its event loop runs.

    When the scene is over, the launcher is closed. Returns the exit code.
    """
    failures: list[BaseException] = []

    class Observed(desktop.SuiteProgram):
        """The program, with a scene in its event loop."""

        def start(self, *what: Any) -> None:
            super().start(*what)
            QTimer.singleShot(0, self._play_scene)

        def _play_scene(self) -> None:
            try:
                scene(self)
            except BaseException as error:  # noqa: BLE001 - raised below, outside of Qt
                failures.append(error)
            self.launcher.close()

    desktop.SuiteProgram = Observed  # type: ignore[misc]
    code = cli.main(["suite", *arguments])
    if failures:
        raise failures[0]
    return code


def wait(seconds: float) -> None:
    """Let the event loop run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], object], seconds: float = _SECONDS) -> None:
    """Let the event loop run until a condition holds.

    Raises
    ------
    TimeoutError
        If it does not hold in time.
    """
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"waited {seconds:g} s in vain")
        loop = QEventLoop()
        QTimer.singleShot(_LOOK_MS, loop.quit)
        loop.exec()


def listening(program: SuiteProgram) -> Suite:
    """Wait until all actors listen; return them."""
    wait_until(
        lambda: program.control.suite and all(a.listening for a in program.control.suite.actors)
    )
    suite = program.control.suite
    assert suite is not None
    return suite


def open_windows(program: SuiteProgram) -> dict[str, Any]:
    """Open the windows of all actors; return them by role."""
    windows: dict[str, Any] = {role: program.windows.open(role) for role in ROLES}
    wait(_SETTLE_SECONDS)
    return windows

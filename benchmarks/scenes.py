"""What keeps the program busy while the GUI thread is probed; run by `busy_windows`.

``python -m benchmarks.scenes SCENE PORT [OPTIONS of tdwii suite]``
PORT is that of another TMS.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QPushButton

from benchmarks.gui_probe import GuiProbe
from benchmarks.measure import tell
from benchmarks.running_suite import listening, open_windows, play, wait, wait_until
from tdwii_gui.config.ae_directory import ApplicationEntity

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.app.desktop import SuiteProgram
    from tdwii_gui.ui.panels.table import Table

UPDATES: Final = 250
UPDATES_PER_SECOND: Final = 25
_RETRIEVE_SECONDS: Final = 120.0
_DEAD_SECONDS: Final = 12.0
_QUERY_SECONDS: Final = 240.0
_WATCHES: Final = bool(os.environ.get("TDWII_BENCHMARK_WATCH"))


class Hearing(QObject):
    """Counts what the actors tell, by the names of events and AE titles."""

    def __init__(self, program: SuiteProgram) -> None:
        super().__init__()
        self.events: dict[tuple[str, str], int] = {}
        program.bridge.feed().events.connect(self._on_events)

    def count(self, event: str, ae_title: str) -> int:
        """Return how many events of a name an actor told."""
        return self.events.get((event, ae_title), 0)

    def _on_events(self, events: list[ActorEvent]) -> None:
        for event in events:
            key = (type(event).__name__, event.ae_title)
            self.events[key] = self.events.get(key, 0) + 1


class Painted(QObject):
    """Tells when a widget was painted after a condition held for the first time."""

    def __init__(self, widget: QObject, condition: Callable[[], bool]) -> None:
        super().__init__(widget)
        self.at = 0.0
        self._condition = condition
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look at the clock once the event loop has painted."""
        if event.type() == QEvent.Type.Paint and not self.at and self._condition():
            QTimer.singleShot(0, self._note)
        return False

    def _note(self) -> None:
        self.at = self.at or time.perf_counter()


def retrieve(program: SuiteProgram, probe: GuiProbe, _port: int) -> None:
    """Have the PPVS retrieve what a new step names: a CT series that the OST holds."""
    suite, hearing = listening(program), Hearing(program)
    from benchmarks.material import demo_plan, fraction_with_images

    open_windows(program)
    images = suite.ost.instances.instances()
    plan = demo_plan()
    fraction = fraction_with_images(suite.creator, plan, images)
    begin = time.perf_counter()
    probe.start()
    scheduled = suite.creator.schedule(plan, [fraction])
    wait_until(scheduled.done)
    scheduled.result()
    ppvs = suite.ppvs.ae_title
    wait_until(lambda: hearing.count("InputsRetrieved", ppvs), _RETRIEVE_SECONDS)
    seconds = time.perf_counter() - begin
    tell(probe.stop() | {"seconds": seconds, "objects": hearing.count("InstanceReceived", ppvs)})


def events(program: SuiteProgram, probe: GuiProbe, _port: int) -> None:
    """Have another system report progress; TDD and PPVS are told of it."""
    suite, hearing = listening(program), Hearing(program)
    wait_until(lambda: suite.tdd.subscribed and suite.ppvs.subscribed)
    open_windows(program)
    driver = "benchmarks.other_system"
    numbers = (suite.tms.port, UPDATES, UPDATES_PER_SECOND)
    begin = time.perf_counter()
    probe.start()
    with subprocess.Popen([sys.executable, "-m", driver, *map(str, numbers)]) as other:
        wait_until(lambda: other.poll() is not None)
    wait(1)
    heard = sum(hearing.count("EventReported", a.ae_title) for a in (suite.tdd, suite.ppvs))
    tell(probe.stop() | {"seconds": time.perf_counter() - begin - 1, "events": heard})


def dead_peer(program: SuiteProgram, probe: GuiProbe, _port: int) -> None:
    """Put a system in the place of the TMS that accepts connections and never says a word."""
    suite = listening(program)
    windows = open_windows(program)
    with socket.create_server(("127.0.0.1", 0)) as dead:
        probe.start()
        _use_tms(program, suite, "DEAD", dead.getsockname()[1])
        _refresh(windows["tdd"])
        wait(_DEAD_SECONDS)
        tell(probe.stop() | {"seconds": _DEAD_SECONDS})


def query(program: SuiteProgram, probe: GuiProbe, port: int) -> None:
    """Have the TDD ask a TMS in another process for its thousands of steps."""
    suite = listening(program)
    windows = open_windows(program)
    _use_tms(program, suite, "OTHER_TMS", port)
    answered: list[float] = []
    _look_at_answers(suite, answered)
    table = _worklist(windows["tdd"])
    painted = Painted(table.viewport(), lambda: len(answered) == table.rows.total > 0)
    begin = time.perf_counter()
    probe.start()
    _refresh(windows["tdd"])
    wait_until(lambda: painted.at, _QUERY_SECONDS)
    seconds = painted.at - begin
    wait(1)
    shown_after = 1000 * (painted.at - answered[-1])
    rows = table.rows.rowCount()
    tell(probe.stop() | {"rows": rows, "shown_after": shown_after, "seconds": seconds})


def _use_tms(program: SuiteProgram, suite: Suite, ae_title: str, port: int) -> None:
    from tdwii_gui.actors.suite import Role

    program.control.use_external("tms", ApplicationEntity(ae_title, "127.0.0.1", port))
    wait_until(lambda: suite.external(Role.TMS) is not None)


def _worklist(window: QWidget) -> Table:
    from tdwii_gui.ui.panels.table import Table

    table = window.findChild(Table, "worklist")
    assert isinstance(table, Table)
    return table


def _refresh(window: Any) -> None:
    button = window.findChild(QPushButton, "refresh")
    wait_until(button.isEnabled)
    button.click()


def _look_at_answers(suite: Suite, answered: list[float]) -> None:
    """Note when each answer to the TDD's query comes, on the thread that takes it."""
    ask = suite.tdd.query_worklist

    def query_worklist(identifier: Any, on_match: Any = None) -> Any:
        def on_answer(step: Any) -> None:
            answered.append(time.perf_counter())
            on_match(step)

        answered.clear()
        return ask(identifier, on_answer)

    suite.tdd.query_worklist = query_worklist  # type: ignore[method-assign]


_SCENES: Final = {
    "retrieve": retrieve,
    "events": events,
    "dead_peer": dead_peer,
    "query": query,
}


def main(name: str, port: int, options: list[str]) -> int:
    """Play a scene; return the program's exit code."""
    return play(options, lambda program: _SCENES[name](program, GuiProbe(watches=_WATCHES), port))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))

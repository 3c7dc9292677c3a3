"""`tdwii tms` and the like: one window with an actor of its own."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.app.desktop import run_actor
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import (
    CreatorSettings,
    OstSettings,
    PpvsSettings,
    TddSettings,
    TmsSettings,
)
from tdwii_gui.ui.actor_window import ActorWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import Listener

ACTORS = {
    "creator": (RtbdiCreator, CreatorSettings),
    "tms": (Tms, TmsSettings),
    "ost": (Ost, OstSettings),
    "tdd": (Tdd, TddSettings),
    "ppvs": (Ppvs, PpvsSettings),
}


class Session:
    """Runs the program of a window, and does one step after the other as soon as it can."""

    def __init__(self, role: str, folder: Path, port: int = 0) -> None:
        self.role = role
        self.folder = folder
        self.port = port
        self.actor: Actor | None = None

    def make(self, listener: Listener) -> Actor:
        kind, settings = ACTORS[self.role]
        around = Surroundings(AeDirectory(), self.folder, listener=listener)
        self.actor = kind(settings(port=self.port), around)
        return self.actor

    @property
    def window(self) -> ActorWindow:
        return next(
            w
            for w in QApplication.topLevelWidgets()
            if isinstance(w, ActorWindow) and w.isVisible()
        )

    def run(self, *steps: Callable[[Session], bool]) -> int:
        left = list(steps)

        def look() -> None:
            if left and left[0](self):
                left.pop(0)

        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(20)
        code = run_actor(self.role, self.make)
        timer.stop()
        assert not left, "the window was closed before all was done"
        return code


def listens(session: Session) -> bool:
    return session.actor is not None and session.actor.listening


def close(session: Session) -> bool:
    session.window.close()
    return True


def interrupt(_session: Session) -> bool:
    os.kill(os.getpid(), signal.SIGINT)
    return True


@pytest.mark.parametrize("role", list(ACTORS))
def test_a_window_starts_its_actor_and_stops_it_when_closed(
    qapp: QApplication, tmp_path: Path, role: str
) -> None:
    session = Session(role, tmp_path)
    assert session.run(listens, close) == 0
    assert session.actor is not None
    assert not session.actor.listening


def test_an_interrupt_closes_the_window(qapp: QApplication, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    session = Session("ost", tmp_path)
    assert session.run(listens, interrupt) == 0
    assert session.actor is not None
    assert not session.actor.listening
    assert signal.getsignal(signal.SIGINT) is before


def test_another_port_is_offered_where_it_is_busy(qapp: QApplication, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = other.getsockname()[1]
        session = Session("tms", tmp_path, busy)

        def take_the_other(_session: Session) -> bool:
            button = session.window.findChild(QPushButton, "message_action")
            if button is None or "in use" not in session.window.light.text_shown:
                return False
            assert button.text().startswith("Take port ")
            session.port = int(button.text().split()[2])
            button.click()
            return True

        assert session.run(take_the_other, listens, close) == 0
        assert session.port != busy

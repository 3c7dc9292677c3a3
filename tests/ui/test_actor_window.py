"""What all windows of actors share: light, peers, messages, log, closing."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QPushButton

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings, OstSettings
from tdwii_gui.ui.actor_window import ActorWindow
from tdwii_gui.ui.bridge import ActorBridge
from tdwii_gui.ui.panels.labels import muted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


class Window(ActorWindow):
    accepts_files = True

    def __init__(self, ost: Ost, bridge: ActorBridge) -> None:
        super().__init__(ost, bridge, name="ost", title="Object storage")
        self.taken: list[Path] = []
        self.asked = 0
        self.stays = False
        self.set_work(muted("work"))
        self.restore_layout()

    def dropped(self, paths: list[Path]) -> None:
        self.taken = paths

    def may_close(self) -> bool:
        self.asked += 1
        return not self.stays


@pytest.fixture
def busy_port() -> Iterator[int]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def make(bridge: ActorBridge, tmp_path: Path, port: int = 0) -> Window:
    directory = AeDirectory([ApplicationEntity("DEAD", "127.0.0.1", 9)])
    around = Surroundings(
        directory, tmp_path, NetworkSettings(connect_timeout=1), listener=bridge.hear
    )
    return Window(Ost(OstSettings(port=port), around), bridge)


@pytest.fixture
def window(qtbot: QtBot, bridge: ActorBridge, tmp_path: Path) -> Iterator[Window]:
    made = make(bridge, tmp_path)
    made.show()
    yield made
    made.stays = False
    if made.isVisible():
        made.close()
    qtbot.waitUntil(lambda: not made.isVisible())
    made.deleteLater()


def test_light_tells_where_it_listens_and_restarts(qtbot: QtBot, window: Window) -> None:
    assert "Not listening" in window.light.text_shown
    window.light.listen.trigger()
    qtbot.waitUntil(lambda: "Listening: OST 127.0.0.1:" in window.light.text_shown)
    before = window.light.text_shown
    window.light.stop.trigger()
    qtbot.waitUntil(lambda: "Not listening" in window.light.text_shown)
    window.light.listen.trigger()
    qtbot.waitUntil(lambda: window.light.text_shown == before)
    window.light.restart.trigger()
    qtbot.waitUntil(lambda: window.light.text_shown != before)
    qtbot.waitUntil(lambda: window.light.text_shown == before)


def test_busy_port_is_a_red_light_with_the_reason(
    qtbot: QtBot, bridge: ActorBridge, tmp_path: Path, busy_port: int
) -> None:
    window = make(bridge, tmp_path, busy_port)
    window.show()
    window.start_actor()
    qtbot.waitUntil(lambda: "in use by another program" in window.light.text_shown)
    assert window.light.text_shown.startswith("✕")
    assert window.light.listen.isEnabled()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_peers_answer_or_not(qtbot: QtBot, window: Window) -> None:
    window.start_actor()
    window.peers.show()
    qtbot.waitUntil(lambda: window.peers.model.total == 2)
    qtbot.mouseClick(window.peers.findChild(QPushButton, "echo_all"), Qt.MouseButton.LeftButton)
    rows = window.peers.model

    def answered() -> bool:
        return all(row.answer[:1] in ("✓", "✕") for row in rows.all_rows)

    qtbot.waitUntil(answered)
    assert rows.row_of("OST").answer.startswith("✓ answers")  # type: ignore[union-attr]
    assert rows.row_of("DEAD").answer.startswith("✕")  # type: ignore[union-attr]
    window.log.show()
    window.log.raise_()
    qtbot.waitUntil(lambda: any(row.message == "C-ECHO" for row in window.log.model.rows))
    assert any(row.failed for row in window.log.model.rows)


def test_messages_are_plain_and_go(qtbot: QtBot, window: Window) -> None:
    done: list[int] = []
    window.messages.fail("<b>refused</b>", "Try again", lambda: done.append(1))
    window.messages.warn("second")
    assert window.messages.shown_texts == ["<b>refused</b>", "second"]
    label = next(each for each in window.messages.findChildren(QLabel) if "refused" in each.text())
    assert label.textFormat() == Qt.TextFormat.PlainText
    button = window.messages.findChild(QPushButton, "message_action")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == [1]
    assert window.messages.shown_texts == ["second"]


def test_files_are_dropped(window: Window, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path)), QUrl("http://example.org/x")])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert window.taken == [tmp_path]


def test_closing_asks_then_stops_the_actor(qtbot: QtBot, window: Window) -> None:
    window.start_actor()
    qtbot.waitUntil(lambda: "Listening" in window.light.text_shown)
    window.stays = True
    window.close()
    assert window.isVisible()
    assert window.asked == 1
    window.stays = False
    window.close()
    assert "Stopping" in window.light.text_shown
    qtbot.waitUntil(lambda: not window.isVisible())


def test_layout_is_remembered_and_reset(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    window.resize(700, 500)
    window.log.show()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert QSettings().contains("windows/ost/geometry")
    again = make(ActorBridge(), tmp_path)
    assert again.size() == window.size()
    assert not again.log.isHidden()
    again.reset_layout()
    assert again.log.isHidden()
    again.show()
    again.close()
    qtbot.waitUntil(lambda: not again.isVisible())

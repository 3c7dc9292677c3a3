"""To whom stored instances are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import heading, muted, set_primary
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.config.ae_directory import ApplicationEntity

_WIDTH = 440


class SendDialog(QDialog):
    """Asks for a peer; an echo shows beforehand whether it answers.

    Signals
    -------
    echo_wanted : str
        The AE title to verify.
    send_wanted : str
        The AE title to which the instances are to be sent.
    """

    echo_wanted = Signal(str)
    send_wanted = Signal(str)

    def __init__(
        self, parent: QWidget, count: int, octets: int, peers: Sequence[ApplicationEntity]
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("send_dialog")
        self.setWindowTitle(self.tr("Send to a peer"))
        self.setMinimumWidth(_WIDTH)
        instances = texts.counted(count, self.tr("{0} instance"), self.tr("{0} instances"))
        self._asked = ""
        self.peer = QComboBox()
        self.peer.setObjectName("peer")
        for entity in peers:
            self.peer.addItem(texts.plain(entity), entity.ae_title)
        self.peer.currentIndexChanged.connect(self._on_peer_changed)
        label = QLabel(self.tr("&Peer"))
        label.setBuddy(self.peer)
        self.echo = QPushButton(self.tr("&Echo"))
        self.echo.setObjectName("echo")
        self.echo.clicked.connect(self._on_echo)
        self._answer = muted(wraps=True)
        self._answer.setObjectName("echo_answer")
        self.send = set_primary(QPushButton(self.tr("&Send {0}").format(instances)))
        self.send.setObjectName("send_now")
        self.send.setAutoDefault(False)
        self.send.clicked.connect(self._on_send)
        self.keep = QPushButton(self.tr("&Do not send"))
        self.keep.setObjectName("do_not_send")
        self.keep.setDefault(True)
        self.keep.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(12)
        layout.addWidget(heading(self.tr("Send {0}, {1}").format(instances, texts.size(octets))))
        layout.addLayout(_line(label, self.peer, self.echo, stretched=1))
        layout.addWidget(self._answer)
        layout.addStretch(1)
        layout.addLayout(_line(None, self.send, self.keep, stretched=0))
        self._allow(bool(peers))

    @property
    def ae_title(self) -> str:
        """The chosen peer."""
        return self.peer.currentData() or ""

    def show_answer(self, ae_title: str, words: str, *, is_good: bool) -> None:
        """Show how a peer has answered the echo."""
        if ae_title != self._asked:
            return
        set_property(self._answer, "role", "muted" if is_good else "error")
        self._answer.setText(f"{'✓' if is_good else '✕'} {texts.plain(words)}")
        self.echo.setEnabled(True)

    def _allow(self, has_peers: bool) -> None:
        for button in (self.send, self.echo):
            button.setEnabled(has_peers)
        if not has_peers:
            self.send.setToolTip(self.tr("The AE directory names no peer"))
            self.echo.setToolTip(self.tr("The AE directory names no peer"))
            self._answer.setText(self.tr("The AE directory names no peer."))

    @Slot()
    def _on_peer_changed(self) -> None:
        self._asked = ""
        self._answer.clear()
        self.echo.setEnabled(True)

    @Slot()
    def _on_echo(self) -> None:
        self._asked = self.ae_title
        self.echo.setEnabled(False)
        set_property(self._answer, "role", "muted")
        self._answer.setText(self.tr("Asking {0} …").format(texts.plain(self._asked, 16)))
        self.echo_wanted.emit(self._asked)

    @Slot()
    def _on_send(self) -> None:
        ae_title = self.ae_title
        self.accept()
        self.send_wanted.emit(ae_title)


def _line(*widgets: QWidget | None, stretched: int) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(10)
    for place, widget in enumerate(widgets):
        if widget is None:
            line.addStretch(1)
        else:
            line.addWidget(widget, 1 if place == stretched else 0)
    return line

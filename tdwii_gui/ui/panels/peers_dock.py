"""The known application entities, and whether they answer an echo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.ui.bridge import ActorBridge


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A peer and what its last echo said."""

    ae_title: str
    address: str
    answer: str = ""
    tone: Tone | None = None


class PeersDock(QDockWidget):
    """A dock with the AE directory and a button for C-ECHO."""

    def __init__(self, actor: Actor, bridge: ActorBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actor = actor
        self._bridge = bridge
        self.setObjectName("peers_dock")
        self.setWindowTitle(self.tr("Peers"))
        self.model: RowModel[PeerRow] = RowModel(_columns(), key=lambda row: row.ae_title)
        self._table = Table(
            self.model,
            name="peers",
            accessible_name=self.tr("Known application entities"),
            empty=lambda: self.tr("The AE directory names nobody."),
        )
        self._table.chosen.connect(self._on_chosen)
        self._table.activated_row.connect(lambda _row: self._on_echo())
        self._echo = QPushButton(self.tr("Echo"))
        self._echo.setObjectName("echo")
        self._echo.clicked.connect(self._on_echo)
        self._all = QPushButton(self.tr("Echo all"))
        self._all.setObjectName("echo_all")
        self._all.clicked.connect(self._on_echo_all)
        buttons = QHBoxLayout()
        buttons.addWidget(self._echo)
        buttons.addWidget(self._all)
        buttons.addStretch(1)
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.addWidget(self._table, 1)
        layout.addLayout(buttons)
        self.setWidget(holder)
        self.visibilityChanged.connect(lambda _visible: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Read the AE directory anew; answers of peers that are still there are kept."""
        known = {row.ae_title: row for row in self.model.all_rows}
        rows = []
        for entity in self._actor.directory:
            address = f"{entity.host}:{entity.port}"
            row = known.get(entity.ae_title)
            same = row is not None and row.address == address
            rows.append(row if same and row else PeerRow(entity.ae_title, address))
        self.model.replace_all(rows)
        self._on_chosen(None)

    def _on_chosen(self, row: PeerRow | None) -> None:
        self._echo.setEnabled(row is not None)
        self._echo.setToolTip("" if row else self.tr("Select a peer first"))

    def _on_echo(self) -> None:
        row = self._table.selected()
        if row is not None:
            self._ask(row)

    def _on_echo_all(self) -> None:
        for row in self.model.all_rows:
            self._ask(row)

    def _ask(self, row: PeerRow) -> None:
        self.model.put(replace(row, answer=self.tr("… asking"), tone=None))

        def done(milliseconds: float) -> None:
            answer = self.tr("✓ answers, {0} ms").format(texts.number(milliseconds))
            self.model.put(replace(row, answer=answer, tone=Tone.DONE))

        def failed(error: BaseException) -> None:
            self.model.put(replace(row, answer=f"✕ {texts.plain(error)}", tone=Tone.FAULT))

        self._bridge.watch(self._actor.echo(row.ae_title), done, failed)


def _columns() -> list[Column[PeerRow]]:
    def tr(text: str) -> str:
        return QCoreApplication.translate("PeersDock", text)

    return [
        Column(tr("AE title"), lambda row: texts.plain(row.ae_title)),
        Column(tr("Address"), lambda row: texts.plain(row.address)),
        Column(
            tr("Echo"),
            lambda row: row.answer,
            tooltip=lambda row: texts.tooltip(row.answer),
            tone=lambda row: row.tone,
            share=1,
        ),
    ]

"""The launcher's window: all actors at a glance, what happens between them, and the guide.

It is on the screen before all else is imported; `Launcher` brings it to life then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.paint_turns import paint_in_turns
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.fault_bar import FaultBar
from tdwii_gui.ui.panels.messages import MessageArea
from tdwii_gui.ui.panels.record_button import RecordButton
from tdwii_gui.ui.panels.status_line import status_label
from tdwii_gui.ui.panels.tile_board import TileBoard
from tdwii_gui.ui.panels.view_menu import ViewMenu
from tdwii_gui.ui.panels.welcome_card import WelcomeCard
from tdwii_gui.ui.theme import set_property
from tdwii_gui.ui.window_frame import framed, panes
from tdwii_gui.ui.window_layout import WindowLayout

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QPaintEvent

ROLES: Final = ("creator", "tms", "ost", "tdd", "ppvs")
"""The roles of `actors.suite.Role`, which is not imported here: it brings all of DICOM."""

_SIZE: Final = (1342, 720)
_LADDER_SHARE: Final = 3
_INSPECTOR_SHARE: Final = 2
"""Of what a larger window has more."""
_COLUMNS: Final = [314, 660, 340]
_SPACING: Final = 12
_KEY: Final = "windows/launcher.1"


class LauncherWindow(QMainWindow):
    """Tiles on the left, the ladder in the middle, guide and inspector on the right.

    Attributes
    ----------
    names : dict[str, str]
        What people call the actor of each role.
    board : TileBoard
        The tiles.
    welcome : WelcomeCard
        What to begin with.
    messages : MessageArea
        What the user should know.
    fault_bar : FaultBar
        What is broken on purpose.
    record : RecordButton
        What is recorded.

    Signals
    -------
    close_wanted
        The user closes the window, which stays until `close_for_good`.
    guide_wanted, diagnostics_wanted, problems_wanted, scenarios_wanted
        The guide, a report, the problems among the exchanges, or the scenarios are wanted.
    painted
        The window was painted for the first time.
    """

    close_wanted = Signal()
    painted = Signal()
    guide_wanted = Signal()
    diagnostics_wanted = Signal()
    problems_wanted = Signal()
    scenarios_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._may_close = False
        self._was_painted = False
        self.setObjectName("launcher")
        self.setWindowTitle(self.tr("TDW-II suite – emulator, not for clinical use"))
        paint_in_turns(self)
        self.names = self._role_names()
        self.board = TileBoard(self.names)
        self.welcome = WelcomeCard()
        self.messages = MessageArea()
        self.fault_bar = FaultBar()
        self.record = RecordButton()
        self._build()
        self._build_status_bar()
        self._build_menus()
        self._layout = WindowLayout(self, self._columns, _KEY, _SIZE, _COLUMNS)
        self._layout.restore()

    def put_ladder(self, ladder: QWidget) -> None:
        """Put the ladder into the middle."""
        sizes = self._columns.sizes()
        empty = self._columns.replaceWidget(1, ladder)
        if empty is not None:
            empty.deleteLater()
        ladder.show()
        self._columns.setStretchFactor(1, _LADDER_SHARE)
        self._columns.setSizes(sizes)

    def put_right(self, panel: QWidget, *, fills: bool = False) -> None:
        """Put a panel below those on the right; one that fills has the space that is left."""
        last = self._right.count() - 1
        self._right.insertWidget(last, panel, 1 if fills else 0)
        if fills:
            self._right.setStretch(last + 1, 0)

    def show_state(self, words: str) -> None:
        """Say in the status bar how the suite is."""
        self._state.setText(words)

    def show_associations(self, number: int) -> None:
        """Say in the status bar how many associations there are."""
        words = self.tr("1 association") if number == 1 else self.tr("{0} associations")
        self._connected.setText(words.format(number))

    def show_problems(self, number: int) -> None:
        """Show in the status bar how many problems there have been, if any."""
        words = self.tr("1 problem") if number == 1 else self.tr("{0} problems")
        self._problems.setText(f"✕ {words.format(number)}")
        self._problems.setVisible(number > 0)

    def reset_layout(self) -> None:
        """Forget size and borders."""
        self._layout.reset()

    def close_for_good(self) -> None:
        """Close, whoever wants it."""
        self._may_close = True
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell when there is something to see."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, and leave it to others when to close."""
        event.setAccepted(self._may_close)
        self._layout.remember()
        if not self._may_close:
            self.close_wanted.emit()

    def _role_names(self) -> dict[str, str]:
        names = (
            self.tr("Creator"),
            self.tr("Management system"),
            self.tr("Object storage"),
            self.tr("Treatment delivery"),
            self.tr("Position verification"),
        )
        return dict(zip(ROLES, names, strict=True))

    def _build(self) -> None:
        right = QWidget()
        self._right = QVBoxLayout(right)
        self._right.setContentsMargins(0, 0, 0, 0)
        self._right.setSpacing(_SPACING)
        self._right.addWidget(self.welcome)
        self._right.addStretch(1)
        columns = (self.board, Card(self.tr("What happens on the network")), right)
        self._columns = panes(Qt.Orientation.Horizontal, "columns", *columns)
        self._columns.setStretchFactor(1, _LADDER_SHARE)
        self._columns.setStretchFactor(2, _INSPECTOR_SHARE)
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 10, 14, 10)
        inner.setSpacing(10)
        inner.addWidget(self.messages)
        inner.addWidget(self._columns, 1)
        self.setCentralWidget(framed(inner, self.fault_bar))

    def _build_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(12, 0, 12, 0)
        self._connected = status_label("associations")
        self._state = status_label("suite_state")
        self._problems = QPushButton(self.tr("Problems"))
        self._problems.setObjectName("problems")
        set_property(self._problems, "flat", value=True)
        self._problems.clicked.connect(self.problems_wanted)
        self._problems.hide()
        bar.addWidget(self._connected)
        bar.addWidget(self._state, 1)
        bar.addPermanentWidget(self._problems)
        self.show_associations(0)

    def _build_menus(self) -> None:
        """Add the menus; the tiles' buttons have the shortcuts of the windows."""
        menus = ViewMenu(self, [], reset=self.reset_layout)
        menus.put_first(
            (
                ("show_guide", self.tr("Guide"), "", self.guide_wanted),
                ("only_problems", self.tr("Only problems"), "", self.problems_wanted),
            )
        )
        self._add_rehearsal(menus)
        quit_action = menus.view.addAction(self.tr("Quit"))
        quit_action.setObjectName("quit")
        quit_action.setShortcut("Ctrl+Q")
        quit_action.triggered.connect(self.close)
        report = menus.help.addAction(self.tr("Diagnostics to clipboard"))
        report.setObjectName("diagnostics")
        report.triggered.connect(self.diagnostics_wanted)

    def _add_rehearsal(self, menus: ViewMenu) -> None:
        """Add what a rehearsal needs: scenarios, recordings, evidence."""
        menu = QMenu(self.tr("&Rehearse"), self)
        self.menuBar().insertMenu(menus.help.menuAction(), menu)
        for name, words, keys, slot in (
            ("show_scenarios", self.tr("Scenarios…"), "Ctrl+6", self.scenarios_wanted),
            ("record_or_stop", self.tr("Record, or stop"), "F9", self.record.press),
            ("open_recording", self.tr("Open recording…"), "Ctrl+O", self.record.open_wanted),
            ("evidence", self.tr("Evidence"), "Ctrl+E", self.record.evidence_wanted),
        ):
            action = menu.addAction(words)
            action.setObjectName(name)
            action.setShortcut(keys)
            action.triggered.connect(slot)
        corner = QWidget(self.menuBar())
        line = QHBoxLayout(corner)
        line.setContentsMargins(0, 0, 14, 0)
        line.setSpacing(8)
        scenarios = QToolButton()
        scenarios.setObjectName("scenarios_button")
        scenarios.setText(self.tr("Scenarios…"))
        scenarios.setToolTip(texts.tooltip(self.tr("Rehearse: run scenarios (Ctrl+6)")))
        scenarios.setProperty("record", "off")
        scenarios.clicked.connect(self.scenarios_wanted)
        line.addWidget(self.record)
        line.addWidget(scenarios)
        self.menuBar().setCornerWidget(corner)

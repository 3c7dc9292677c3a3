"""The menus that all windows have: View and Help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout

from tdwii_gui import __version__
from tdwii_gui.ui.panels.labels import heading, muted
from tdwii_gui.ui.theme import ThemeChoice, appearance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QDockWidget, QMainWindow

    Entry = tuple[str, str, str, Callable[[], object] | SignalInstance]


class ViewMenu(QObject):
    """Docks, theme and layout; and what the program is.

    Attributes
    ----------
    view, help : QMenu
        To add entries to.
    """

    def __init__(
        self, window: QMainWindow, docks: Sequence[QDockWidget], *, reset: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self._window = window
        bar = window.menuBar()
        bar.setNativeMenuBar(False)
        self.view = bar.addMenu(self.tr("&View"))
        for dock in docks:
            self.view.addAction(dock.toggleViewAction())
        if docks:
            self.view.addSeparator()
        self._add_themes()
        self.view.addSeparator()
        again = self.view.addAction(self.tr("Reset layout"))
        again.triggered.connect(reset)
        self.help = bar.addMenu(self.tr("&Help"))
        about = self.help.addAction(self.tr("About tdwii_gui"))
        about.setObjectName("about")
        about.triggered.connect(self._on_about)

    def put_first(self, entries: Iterable[Entry]) -> None:
        """Put entries at the top of View: object name, words, shortcut, and what to call."""
        first = self.view.actions()[0]
        for name, words, keys, call in entries:
            entry = QAction(words, self._window)
            entry.setObjectName(name)
            entry.setShortcut(keys)
            entry.triggered.connect(call)
            self.view.insertAction(first, entry)
        self.view.insertSeparator(first)

    def _add_themes(self) -> None:
        group = QActionGroup(self)
        look = appearance()
        names = {
            ThemeChoice.SYSTEM: self.tr("Theme: as the system"),
            ThemeChoice.LIGHT: self.tr("Theme: light"),
            ThemeChoice.DARK: self.tr("Theme: dark"),
        }
        for choice, name in names.items():
            entry = QAction(name, self)
            entry.setObjectName(f"theme_{choice.value}")
            entry.setCheckable(True)
            entry.setChecked(look is not None and look.choice is choice)
            entry.triggered.connect(lambda _checked, choice=choice: _choose(choice))
            group.addAction(entry)
            self.view.addAction(entry)

    def _on_about(self) -> None:
        dialog = QDialog(self._window)
        dialog.setWindowTitle(self.tr("About tdwii_gui"))
        layout = QVBoxLayout(dialog)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(12)
        layout.addWidget(heading(self.tr("tdwii_gui {0}").format(__version__)))
        text = self.tr(
            "Emulates the actors of the IHE-RO Treatment Delivery Workflow II profile, for tests "
            "and demonstrations. It is not a medical device and never for clinical use."
        )
        note = muted(text, wraps=True)
        note.setMinimumWidth(420)
        layout.addWidget(note)
        buttons = QDialogButtonBox()
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.setObjectName("close_about")
        buttons.rejected.connect(dialog.reject)
        layout.addWidget(buttons)
        dialog.open()


def _choose(choice: ThemeChoice) -> None:
    look = appearance()
    if look is not None:
        look.choose(choice)

"""The faults of an actor: those that are on, and the form for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.fault_rows import active, fault_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.fault_form import FaultForm
from tdwii_gui.ui.panels.labels import heading, muted
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.actors.faults import FaultState

_SIZE = (820, 640)
_TABLE_HEIGHT = 136


class FaultDialog(QDialog):
    """Shows what is broken on purpose at an actor; stays open beside the work.

    Parameters
    ----------
    role, name : str
        The actor's role, and what people call it.
    peers, judge
        As of `FaultForm`.

    Signals
    -------
    add_wanted : dict
        As of `FaultForm`.
    remove_wanted : FaultState
        This fault is to be taken away.
    clear_wanted
        All are.
    """

    add_wanted = Signal(dict)
    remove_wanted = Signal(object)
    clear_wanted = Signal()

    def __init__(
        self,
        role: str,
        name: str,
        peers: Sequence[str],
        judge: Callable[[dict[str, str | float]], tuple[str, bool]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("fault_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Faults of {0}").format(name))
        self.form = FaultForm(role, peers, judge)
        self.form.add_wanted.connect(self.add_wanted)
        self._model = fault_model()
        self.table = Table(
            self._model,
            name="faults",
            accessible_name=self.tr("Faults that are on"),
            empty=self._empty_words,
        )
        self.table.setMinimumHeight(_TABLE_HEIGHT)
        self.table.chosen.connect(self._show_actions)
        self._remove = self._button("remove_fault", self.tr("&Remove"))
        self._remove.clicked.connect(self._on_remove)
        self._clear = self._button("clear_all_faults", self.tr("&Clear all"))
        self._clear.clicked.connect(self.clear_wanted)
        self._close = self._button("close_faults", self.tr("C&lose"))
        self._close.clicked.connect(self.close)
        self._active = Card()
        self._lay_out(name)
        delete = QAction(self.tr("Remove"), self.table)
        delete.setShortcut(QKeySequence.StandardKey.Delete)
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(self._on_remove)
        self.table.addAction(delete)
        self.resize(*_SIZE)
        self.show_states([])

    def show_states(self, states: Sequence[FaultState]) -> None:
        """Show the faults that are set now."""
        before = self._model.total
        self._model.update(states)
        if len(states) != before:
            self.table.fit_columns()
        one, many = self.tr("{0} active fault"), self.tr("{0} active faults")
        number = len(active(states))
        words = texts.counted(number, one, many) if number else self.tr("No active faults")
        self._active.set_title(words)
        self._show_actions()

    def _lay_out(self, name: str) -> None:
        self._active.head.addWidget(self._remove)
        self._active.head.addWidget(self._clear)
        self._active.body.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(12)
        first = QHBoxLayout()
        first.addWidget(heading(self.tr("Break {0} on purpose").format(name)))
        first.addStretch(1)
        layout.addLayout(first)
        note = self.tr(
            "A fault strikes from the moment it is added, and never survives the program's end."
        )
        layout.addWidget(muted(note, wraps=True))
        layout.addWidget(self.form, 1)
        layout.addWidget(self._active)
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(self._close)
        layout.addLayout(last)

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    @Slot()
    def _show_actions(self) -> None:
        is_chosen = self.table.selected() is not None
        self._remove.setEnabled(is_chosen)
        why = "" if is_chosen else self.tr("Select a fault first")
        self._remove.setToolTip(texts.tooltip(why))
        self._clear.setEnabled(bool(self._model.total))
        why = "" if self._model.total else self.tr("No fault is on")
        self._clear.setToolTip(texts.tooltip(why))

    @Slot()
    def _on_remove(self) -> None:
        state: FaultState | None = self.table.selected()
        if state is not None:
            self.remove_wanted.emit(state)

    def _empty_words(self) -> str:
        return self.tr("Nothing is broken on purpose: the actor keeps to the profile.")

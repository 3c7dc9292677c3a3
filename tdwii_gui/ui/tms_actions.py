"""What can be done with the selected steps and with the TMS: actions of menus and buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QAbstractButton, QMainWindow, QWidget

    from tdwii_gui.ui.models.worklist import WorklistRow


class StepActions(QObject):
    """The actions on the steps that are selected; one that is not legal says why in its tooltip.

    Attributes
    ----------
    edit, request_cancel, cancel, subscribe, delete, copy_uid : QAction
        The actions.
    menu : QMenu
        All of them, for the menu bar and as context menu.

    Signals
    -------
    edit_asked, request_cancel_asked, cancel_asked, subscribe_asked : WorklistRow
        Something is to be done with a step.
    delete_asked : list[WorklistRow]
        Steps are to be deleted.
    """

    edit_asked = Signal(object)
    request_cancel_asked = Signal(object)
    cancel_asked = Signal(object)
    subscribe_asked = Signal(object)
    delete_asked = Signal(object)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._rows: list[WorklistRow] = []
        self.menu = QMenu(self.tr("&Step"), window)
        self.menu.setObjectName("step_menu")
        self.menu.setToolTipsVisible(True)
        self.edit = self._action("edit_step", self.tr("&Edit…"), "F2")
        self.request_cancel = self._action(
            "request_cancel_step", self.tr("&Ask to cancel…"), "Ctrl+Shift+X"
        )
        self.cancel = self._action("cancel_step", self.tr("&Cancel without its performer…"))
        self.menu.addSeparator()
        self.subscribe = self._action("subscribe_step", self.tr("&Subscribe a system to it…"))
        self.copy_uid = self._action("copy_uid", self.tr("Copy &UID"), "Ctrl+Shift+C")
        self.menu.addSeparator()
        self.delete = self._action(
            "delete_steps", self.tr("&Delete…"), QKeySequence.StandardKey.Delete
        )
        for made, signal in (
            (self.edit, self.edit_asked),
            (self.request_cancel, self.request_cancel_asked),
            (self.cancel, self.cancel_asked),
            (self.subscribe, self.subscribe_asked),
        ):
            made.triggered.connect(lambda _checked, signal=signal: signal.emit(self._rows[0]))
        self.delete.triggered.connect(lambda: self.delete_asked.emit(list(self._rows)))
        self.copy_uid.triggered.connect(self._copy_uids)
        self.show_rows([])

    def attach(self, view: QWidget) -> None:
        """Offer the actions in a view: its context menu, and its keys while it has the focus."""
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda place: self.menu.popup(view.mapToGlobal(place))
        )
        for each in self.menu.actions():
            view.addAction(each)

    def show_rows(self, rows: Sequence[WorklistRow]) -> None:
        """Enable what is legal for the selected steps, or say what is missing."""
        self._rows = list(rows)
        scheduled, going = ProcedureStepState.SCHEDULED, ProcedureStepState.IN_PROGRESS
        one = self._hindrance(rows)
        row = rows[0] if rows else None
        state = row.state if row else None
        words = texts.state_words(state)
        _legal(
            self.edit,
            one
            or (
                state is not scheduled
                and self.tr("Only a scheduled step can be edited; this one is: {0}").format(words)
            )
            or "",
            self.tr("Changes readiness, machine or start, and tells the subscribers"),
        )
        is_final = state is not None and state.is_final
        _legal(
            self.request_cancel,
            one
            or (
                is_final
                and self.tr("The step is {0}: nothing can be canceled any more").format(words)
            )
            or "",
            self.tr("Request UPS Cancel: a scheduled step ends, a performer is asked to"),
        )
        _legal(
            self.cancel,
            one
            or (
                state is not going
                and self.tr("Only a step in progress has a performer; this one is: {0}").format(
                    words
                )
            )
            or "",
            self.tr("For a performer that has vanished: the TMS cancels the step itself"),
        )
        _legal(self.subscribe, one, self.tr("Has a system told of this step's changes"))
        deletable = any(each.state is not None and each.state.is_final for each in rows)
        _legal(
            self.delete,
            "" if deletable else self._no_final(rows),
            self.tr("Deletes final steps for ever; those with a deletion lock stay"),
        )
        _legal(self.copy_uid, "" if rows else one, self.tr("Copies SOP Instance UIDs"))

    def _hindrance(self, rows: Sequence[WorklistRow]) -> str:
        if not rows:
            return self.tr("Select a step first")
        return self.tr("Select one step only") if len(rows) > 1 else ""

    def _no_final(self, rows: Sequence[WorklistRow]) -> str:
        if not rows:
            return self.tr("Select a step first")
        return self.tr("Only completed and canceled steps can be deleted")

    def _action(
        self, name: str, text: str, shortcut: str | QKeySequence.StandardKey | None = None
    ) -> QAction:
        made = QAction(text, self)
        made.setObjectName(name)
        if shortcut is not None:
            made.setShortcut(shortcut)
            # Keys act on what has the focus: a field must keep its Delete.
            made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.menu.addAction(made)
        return made

    def _copy_uids(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(row.uid for row in self._rows))


class TmsMenu(QMenu):
    """The operations on the TMS as a whole.

    Attributes
    ----------
    known_only : QAction
        Whether associations of unknown AE titles are rejected.

    Signals
    -------
    restart_asked : bool
        The TMS is to start again, cold or not.
    known_only_asked : bool
        The switch is wanted on or off.
    purge_asked, subscribe_asked
        Old steps are to be deleted; a system is to be subscribed.
    """

    restart_asked = Signal(bool)
    known_only_asked = Signal(bool)
    purge_asked = Signal()
    subscribe_asked = Signal()

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setTitle(self.tr("&TMS"))
        self.setObjectName("tms_menu")
        self.setToolTipsVisible(True)
        self._add(
            "subscribe_ae", self.tr("&Subscribe a system…"), self.tr("To all steps")
        ).triggered.connect(self.subscribe_asked)
        self.known_only = self._add(
            "known_aes_only",
            self.tr("&Known AE titles only…"),
            self.tr("Rejects associations of AE titles that are not in the AE directory"),
        )
        self.known_only.setCheckable(True)
        self.known_only.triggered.connect(self._on_known_only)
        self.addSeparator()
        self._add(
            "restart_warm",
            self.tr("Restart, &warm…"),
            self.tr("Worklist, subscriptions and undelivered events stay"),
        ).triggered.connect(lambda: self.restart_asked.emit(False))
        self._add(
            "restart_cold",
            self.tr("Restart, &cold…"),
            self.tr("With an empty worklist: steps, subscriptions and events are deleted"),
        ).triggered.connect(lambda: self.restart_asked.emit(True))
        self.addSeparator()
        self._add(
            "purge",
            self.tr("&Purge final steps…"),
            self.tr("Deletes completed and canceled steps of a certain age"),
        ).triggered.connect(self.purge_asked)

    def _add(self, name: str, text: str, tip: str) -> QAction:
        made = self.addAction(text)
        made.setObjectName(name)
        made.setToolTip(texts.tooltip(tip))
        return made

    def _on_known_only(self, wanted: bool) -> None:
        # It is as it is until that is confirmed.
        self.known_only.setChecked(not wanted)
        self.known_only_asked.emit(wanted)


def follow(button: QAbstractButton, action: QAction) -> None:
    """Have a button do an action, and be usable when that is, with its tooltip."""

    def show() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    button.clicked.connect(lambda: action.trigger())
    action.changed.connect(show)
    show()


def _legal(action: QAction, why_not: str, tip: str) -> None:
    action.setEnabled(not why_not)
    action.setToolTip(texts.tooltip(why_not or tip))

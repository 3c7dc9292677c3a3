"""The browser of the OST: what it holds, what comes, and what goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QWidget

from tdwii_gui.actors.events import (
    AssociationsChanged,
    CommitmentChanged,
    ImportFailed,
    InstanceReceived,
    InstancesRemoved,
    Reindexed,
)
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.instance_node import InstanceTree, Level, Node
from tdwii_gui.ui.ost_transfers import OstTransfers
from tdwii_gui.ui.panels.archive_tabs import ArchiveTabs
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.instance_details import InstanceDetails
from tdwii_gui.ui.panels.instance_tree import InstanceTreePanel
from tdwii_gui.ui.panels.labels import set_primary
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.panels.transfer_bar import TransferBar
from tdwii_gui.ui.window_frame import panes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.ost import Ost
    from tdwii_gui.ui.bridge import ActorBridge

_ARRIVALS_MS: Final = 100
_RATES_MS: Final = 1000


class OstWindow(ActorWindow):
    """Shows the instances of an OST as a tree, and imports, sends and removes them.

    Parameters
    ----------
    ost : Ost
        The actor.
    bridge : ActorBridge
        Its listener.
    owns_actor : bool
        Whether closing the window stops the actor.
    """

    accepts_files: ClassVar[bool] = True

    def __init__(self, ost: Ost, bridge: ActorBridge, *, owns_actor: bool = True) -> None:
        super().__init__(
            ost, bridge, name="ost", title=self.tr("Object storage"), owns_actor=owns_actor
        )
        self._ost = ost
        self._arrived: list[str] = []
        self._arrival_timer = QTimer(self)
        self._arrival_timer.setSingleShot(True)
        self._arrival_timer.setInterval(_ARRIVALS_MS)
        self._arrival_timer.timeout.connect(self._read_arrivals)
        self._rate_timer = QTimer(self)
        self._rate_timer.setInterval(_RATES_MS)
        self._rate_timer.timeout.connect(self._look_at_associations)
        self._build()
        action(self, self.tr("Search"), "Ctrl+F", self._focus_search)
        action(self, self.tr("Read the store again"), "F5", self.refresh)
        self._allow()
        self.restore_layout()
        self._tree.search.setFocus()
        self.refresh()
        self._read_tables()

    @Slot()
    def refresh(self) -> None:
        """Read the whole store."""
        store = self._ost.instances
        self.job(
            self.background.submit("tree", "", lambda: InstanceTree(store.summaries())),
            self.tr("Reading the store"),
            self._tree.load,
        )

    def on_event(self, event: ActorEvent) -> None:
        """Show what has come and gone, and who is connected."""
        match event:
            case InstanceReceived() if not event.is_new:
                self._lower.count_again()
            case InstanceReceived():
                self._arrived.append(event.instance.sop_instance_uid)
                if not self._arrival_timer.isActive():
                    self._arrival_timer.start()
            case InstancesRemoved() | Reindexed():
                self.refresh()
            case AssociationsChanged():
                self._follow_rates(self._lower.show_associations(event.associations))
            case CommitmentChanged():
                self._lower.put_commitment(event.commitment)
            case ImportFailed():
                self._read_failed_imports()

    def dropped(self, paths: list[Path]) -> None:
        """Import dropped files and folders."""
        self.import_paths(paths)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders; while a transfer runs, afterwards."""
        self._transfers.import_paths(paths)

    # what the window is made of

    def _build(self) -> None:
        self._tree = InstanceTreePanel()
        self._tree.chosen.connect(self._on_chosen)
        self._details = InstanceDetails(self.background, self.bridge, self._ost.instances)
        self._details.series_wanted.connect(self._tree.select_series)
        self._lower = ArchiveTabs()
        left = panes(Qt.Orientation.Vertical, "left_splitter", self._tree, self._lower)
        work = panes(Qt.Orientation.Horizontal, "work_splitter", left, self._details)
        left.setSizes([330, 160])
        work.setSizes([800, 520])
        self.set_work(work)
        transfer = TransferBar()
        self._transfers = OstTransfers(self._ost, transfer, self)
        self._transfers.changed.connect(self._allow)
        self._transfers.failures.connect(self._lower.show_failures)
        self._transfers.failed_imports_changed.connect(self._read_failed_imports)
        self._lower.import_wanted.connect(self._transfers.import_again)
        self._lower.folder_wanted.connect(lambda: self._show_folder(self._ost.failed_folder))
        self.set_actions(self._action_bar(transfer))
        remove = QAction(self.tr("Delete…"), self._tree.view)
        remove.setShortcut(QKeySequence.StandardKey.Delete)
        remove.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        remove.triggered.connect(self._remove.click)
        self._tree.view.addAction(remove)

    def _action_bar(self, transfer: TransferBar) -> QWidget:
        bar = QFrame()
        bar.setProperty("card", True)
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(14, 9, 14, 9)
        layout.setSpacing(10)
        self._import = set_primary(
            _button("import_files", self.tr("&Import files…"), self._ask_for_files)
        )
        self._import_folder = _button(
            "import_folder", self.tr("Import fol&der…"), self._ask_for_folder
        )
        self._send = _button("send", self.tr("&Send to a peer…"), self._ask_for_peer)
        set_icon(self._send, "send")
        self._remove = _button("remove", self.tr("De&lete…"), self._ask_to_remove)
        self._remove.setProperty("danger", True)
        self._reindex = _button("reindex", self.tr("&Re-index"), self._transfers.reindex)
        folder = self._ost.instances.folder
        self._folder = _button(
            "open_folder", self.tr("&Open folder"), lambda: self._show_folder(folder)
        )
        set_icon(self._folder, "folder")
        self._folder.setToolTip(texts.tooltip(self.tr("Shows {0}").format(folder)))
        for widget in (self._import, self._import_folder, self._send, self._remove):
            layout.addWidget(widget)
        layout.addWidget(transfer, 1)
        layout.addStretch(0)
        layout.addWidget(self._reindex)
        layout.addWidget(self._folder)
        return bar

    # the tree

    @Slot(object)
    def _on_chosen(self, node: Node | None) -> None:
        self._details.show_node(node)
        self.banner.show_patient(_identity(node))
        self._allow()

    @Slot()
    def _read_arrivals(self) -> None:
        uids, self._arrived = self._arrived, []
        store = self._ost.instances
        future = self.background.submit("arrivals", "", lambda: store.summaries(uids))
        self.bridge.watch(future, self._tree.add, lambda error: self.messages.warn(str(error)))

    @Slot()
    def _focus_search(self) -> None:
        self._tree.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._tree.search.selectAll()

    # associations, commitments, failures

    @Slot()
    def _look_at_associations(self) -> None:
        self._follow_rates(self._lower.show_associations(self._ost.associations))

    def _follow_rates(self, opened: int) -> None:
        """Look again every second while anyone is connected: who stalls tells nothing."""
        if not opened:
            self._rate_timer.stop()
        elif not self._rate_timer.isActive():
            self._rate_timer.start()

    def _read_tables(self) -> None:
        """Read what was asked for and what failed before this window was there."""
        self.bridge.watch(
            self._ost.commitments(),
            self._lower.show_commitments,
            lambda error: self.messages.warn(str(error)),
        )
        self._read_failed_imports()

    @Slot()
    def _read_failed_imports(self) -> None:
        self.bridge.watch(
            self.background.submit("failed", "", self._ost.failed_imports),
            self._lower.show_failed_imports,
            lambda error: self.messages.warn(str(error)),
        )

    # what is asked for

    @Slot()
    def _ask_for_files(self) -> None:
        self._ask_for_paths(self.tr("Import files"), QFileDialog.FileMode.ExistingFiles)

    @Slot()
    def _ask_for_folder(self) -> None:
        self._ask_for_paths(self.tr("Import a folder"), QFileDialog.FileMode.Directory)

    def _ask_for_paths(self, title: str, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(lambda names: self.import_paths([Path(n) for n in names]))
        dialog.open()

    @Slot()
    def _ask_for_peer(self) -> None:
        self._transfers.ask_for_peer(self._tree.selected_instances())

    @Slot()
    def _ask_to_remove(self) -> None:
        self._transfers.ask_to_remove(self._tree.selected_name(), self._tree.selected_instances())

    def _show_folder(self, folder: Path) -> None:
        if not open_folder(folder):
            self.messages.warn(self.tr("This desktop cannot show {0}").format(folder))

    @Slot()
    def _allow(self) -> None:
        running = self.tr("Something else is under way") if self._transfers.is_running else ""
        nothing = "" if self._tree.current() else self.tr("Select something first")
        for button, why_not in (
            (self._import, running),
            (self._import_folder, running),
            (self._send, running or nothing),
            (self._remove, running or nothing),
            (self._reindex, running),
        ):
            button.setEnabled(not why_not)
            button.setToolTip(texts.tooltip(why_not))
        if not running:
            words = self.tr("Rebuilds the index from the files: nothing is lost by it")
            self._reindex.setToolTip(texts.tooltip(words))
        self._lower.set_busy(running)


def _button(name: str, text: str, call: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.clicked.connect(call)
    return button


def _identity(node: Node | None) -> Identity | None:
    if node is None or node.summary is None or node.level is Level.ROOT:
        return None
    summary = node.summary
    return Identity(
        name=summary.patient_name,
        patient_id=summary.patient_id,
        birth_date=summary.patient_birth_date,
        sex=summary.patient_sex,
    )

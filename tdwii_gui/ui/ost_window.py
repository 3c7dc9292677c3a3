"""The browser of the OST: what it holds, what comes, and what goes."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QTabWidget,
    QWidget,
)

from tdwii_gui.actors.events import AssociationsChanged, InstanceReceived
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.failure_rows import FailureRow, failure_model
from tdwii_gui.ui.models.instance_node import InstanceTree, Level, Node
from tdwii_gui.ui.panels.associations_panel import AssociationsPanel
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.instance_details import InstanceDetails
from tdwii_gui.ui.panels.instance_tree import InstanceTreePanel
from tdwii_gui.ui.panels.labels import set_primary
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.panels.send_dialog import SendDialog
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.transfer_bar import TransferBar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.ost import ImportResult, Ost, SendResult
    from tdwii_gui.ui.bridge import ActorBridge

_ARRIVALS_MS: Final = 100
_RATES_MS: Final = 1000


class OstWindow(ActorWindow):
    """Shows the instances of an OST as a tree, and imports and sends them.

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
        self._dialog: SendDialog | None = None
        self._is_transferring = False
        self._arrived: list[str] = []
        self._dropped: deque[list[Path]] = deque()
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
        """Show what has come, and who is connected."""
        match event:
            case InstanceReceived():
                self._arrived.append(event.instance.sop_instance_uid)
                if not self._arrival_timer.isActive():
                    self._arrival_timer.start()
            case AssociationsChanged():
                self._connected.show_associations(event.associations)
                self._follow_rates()

    def dropped(self, paths: list[Path]) -> None:
        """Import dropped files and folders."""
        self.import_paths(paths)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders; while a transfer runs, afterwards."""
        self._dropped.append(list(paths))
        self._import_next()

    # what the window is made of

    def _build(self) -> None:
        self._tree = InstanceTreePanel()
        self._tree.chosen.connect(self._on_chosen)
        self._details = InstanceDetails(self.background, self.bridge, self._ost.instances)
        self._connected = AssociationsPanel()
        self._failures = failure_model()
        failures = Table(
            self._failures,
            name="failures",
            accessible_name=self.tr("What could not be stored"),
            empty=lambda: self.tr("Everything could be stored."),
        )
        self._tabs = QTabWidget()
        self._tabs.setObjectName("associations_and_failures")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setAccessibleName(self.tr("Associations and failures"))
        self._tabs.addTab(self._connected, self.tr("Associations"))
        self._tabs.addTab(failures, "")
        self._show_failures(())
        lower = Card()
        lower.body.addWidget(self._tabs)
        left = QSplitter(Qt.Orientation.Vertical)
        left.setObjectName("left_splitter")
        left.addWidget(self._tree)
        left.addWidget(lower)
        work = QSplitter(Qt.Orientation.Horizontal)
        work.setObjectName("work_splitter")
        work.addWidget(left)
        work.addWidget(self._details)
        for splitter in (left, work):
            splitter.setHandleWidth(12)
            splitter.setChildrenCollapsible(False)
        left.setSizes([330, 160])
        work.setSizes([800, 520])
        self.set_work(work)
        self.set_actions(self._action_bar())

    def _action_bar(self) -> QWidget:
        bar = QFrame()
        bar.setProperty("card", True)
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(14, 9, 14, 9)
        layout.setSpacing(10)
        self._import = set_primary(QPushButton(self.tr("&Import files…")))
        self._import.setObjectName("import_files")
        self._import.clicked.connect(self._ask_for_files)
        self._import_folder = QPushButton(self.tr("Import fol&der…"))
        self._import_folder.setObjectName("import_folder")
        self._import_folder.clicked.connect(self._ask_for_folder)
        self._send = QPushButton(self.tr("&Send to a peer…"))
        self._send.setObjectName("send")
        set_icon(self._send, "send")
        self._send.clicked.connect(self._ask_for_peer)
        self._folder = QPushButton(self.tr("&Open folder"))
        self._folder.setObjectName("open_folder")
        set_icon(self._folder, "folder")
        self._folder.setToolTip(
            texts.tooltip(self.tr("Shows {0}").format(self._ost.instances.folder))
        )
        self._folder.clicked.connect(self._on_open_folder)
        self._transfer = TransferBar()
        for widget in (self._import, self._import_folder, self._send):
            layout.addWidget(widget)
        layout.addWidget(self._transfer, 1)
        layout.addStretch(0)
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

    # associations

    @Slot()
    def _look_at_associations(self) -> None:
        self._connected.show_associations(self._ost.associations)
        self._follow_rates()

    def _follow_rates(self) -> None:
        """Look again every second while anyone is connected: who stalls tells nothing."""
        opened = self._connected.open_count
        if not opened:
            self._rate_timer.stop()
        elif not self._rate_timer.isActive():
            self._rate_timer.start()
        words = self.tr("Associations")
        self._tabs.setTabText(0, f"{words} ({opened})" if opened else words)

    # import

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

    def _import_next(self) -> None:
        if self._is_transferring or not self._dropped:
            return
        paths = self._dropped.popleft()
        self._begin(self.tr("Importing"))
        self.job(
            self._ost.import_files(paths, self._transfer.report),
            self.tr("Importing files"),
            self._on_imported,
            self._on_transfer_failed,
        )

    def _on_imported(self, result: ImportResult) -> None:
        self._end()
        words = [texts.counted(result.stored, self.tr("{0} stored"), self.tr("{0} stored"))]
        if result.present:
            words.append(self.tr("{0} were here already").format(result.present))
        if result.failed:
            words.append(self.tr("{0} could not be stored").format(len(result.failed)))
        if result.canceled:
            words.append(self.tr("then canceled"))
        self._tell(", ".join(words), is_good=not result.failed and not result.canceled)
        self._show_failures(
            FailureRow(path.name, str(path), reason) for path, reason in result.failed
        )
        self._import_next()

    # send

    @Slot()
    def _ask_for_peer(self) -> None:
        instances = self._tree.selected_instances()
        peers = [peer for peer in self._ost.directory if peer.ae_title != self._ost.ae_title]
        dialog = SendDialog(self, len(instances), sum(one.size for one in instances), peers)
        dialog.echo_wanted.connect(self._on_echo_wanted)
        uids = [one.sop_instance_uid for one in instances]
        dialog.send_wanted.connect(lambda ae_title: self._on_send_wanted(uids, ae_title))
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()

    @Slot()
    def _on_dialog_finished(self) -> None:
        self._dialog = None

    @Slot(str)
    def _on_echo_wanted(self, ae_title: str) -> None:
        self.bridge.watch(
            self._ost.echo(ae_title),
            lambda ms: self._on_echo(
                ae_title, self.tr("{0} answers in {1:.0f} ms").format(ae_title, ms), is_good=True
            ),
            lambda error: self._on_echo(ae_title, str(error), is_good=False),
        )

    def _on_echo(self, ae_title: str, words: str, *, is_good: bool) -> None:
        if self._dialog is not None:
            self._dialog.show_answer(ae_title, words, is_good=is_good)

    def _on_send_wanted(self, uids: Sequence[str], ae_title: str) -> None:
        self._begin(self.tr("Sending to {0}").format(texts.plain(ae_title, 16)))
        self.job(
            self._ost.send(uids, ae_title, self._transfer.report),
            self.tr("Sending to {0}").format(texts.plain(ae_title, 16)),
            lambda result: self._on_sent(ae_title, len(uids), result),
            self._on_transfer_failed,
        )

    def _on_sent(self, ae_title: str, wanted: int, result: SendResult) -> None:
        self._end()
        peer = texts.plain(ae_title, 16)
        words = self.tr("{0} has stored {1} of {2} instances").format(peer, result.sent, wanted)
        if result.canceled:
            words = self.tr("{0}; canceled").format(words)
        self._tell(words, is_good=result.sent == wanted)
        self._show_failures(
            FailureRow(texts.elided_uid(uid), uid, reason) for uid, reason in result.failed
        )
        self._import_next()

    # transfers of both kinds

    def _begin(self, words: str) -> None:
        self._is_transferring = True
        self._transfer.begin(words, self._ost.cancel_request)
        self._allow()

    def _end(self) -> None:
        self._is_transferring = False
        self._transfer.end()
        self._allow()

    def _on_transfer_failed(self, error: BaseException) -> None:
        self._end()
        self.messages.fail(str(error))
        self._import_next()

    def _tell(self, words: str, *, is_good: bool) -> None:
        if is_good:
            self.messages.done(words)
        else:
            self.messages.warn(words)

    def _show_failures(self, rows: Iterable[FailureRow]) -> None:
        self._failures.replace_all(rows)
        count = self._failures.total
        self._tabs.setTabText(1, self.tr("✕ Not stored ({0})").format(count))
        self._tabs.setTabVisible(1, bool(count))
        self._tabs.setCurrentIndex(1 if count else 0)

    def _allow(self) -> None:
        running = self.tr("A transfer is under way") if self._is_transferring else ""
        for button in (self._import, self._import_folder):
            button.setEnabled(not running)
            button.setToolTip(running)
        nothing = "" if self._tree.current() else self.tr("Select what to send first")
        self._send.setEnabled(not running and not nothing)
        self._send.setToolTip(running or nothing)

    @Slot()
    def _on_open_folder(self) -> None:
        folder = self._ost.instances.folder
        if not open_folder(folder):
            self.messages.warn(self.tr("This desktop cannot show {0}").format(folder))


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

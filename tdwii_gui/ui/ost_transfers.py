"""What an OST window has its archive do: import, send, remove, re-index; one at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from tdwii_gui.actors.removal import removal_consequences
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.failure_rows import FailureRow
from tdwii_gui.ui.panels.operation_dialog import ConfirmDialog, Question
from tdwii_gui.ui.panels.send_dialog import SendDialog
from tdwii_gui.ui.panels.verb_dialog import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from tdwii_gui.actors.ost import ImportResult, Ost, SendResult
    from tdwii_gui.dicom.store.failed_imports import FailedImport
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary
    from tdwii_gui.dicom.store.reindex import ReindexResult
    from tdwii_gui.dicom.ups.consequences import Consequences
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.panels.transfer_bar import TransferBar

R = TypeVar("R")


class OstTransfers(QObject):
    """Asks where it is needed, performs, and says how it went.

    Parameters
    ----------
    bar : TransferBar
        Shows how far it is.

    Attributes
    ----------
    is_running : bool
        Whether one is under way.
    dialog : SendDialog or None
        That asks for a peer now.

    Signals
    -------
    changed
        One has begun or ended.
    failures : list[FailureRow]
        What the last one could not do.
    failed_imports_changed
        Some of what could not be stored may be stored now.
    """

    changed = Signal()
    failures = Signal(object)
    failed_imports_changed = Signal()

    def __init__(self, ost: Ost, bar: TransferBar, window: ActorWindow) -> None:
        super().__init__(window)
        self._ost = ost
        self._bar = bar
        self._window = window
        self._waiting: deque[list[Path]] = deque()
        self.is_running = False
        self.dialog: SendDialog | None = None

    # import

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders; while something runs, afterwards."""
        self._waiting.append(list(paths))
        self._import_next()

    def import_again(self, failed: Sequence[FailedImport]) -> None:
        """Try once more to store what was received."""
        self._run(
            self._ost.import_again(failed, self._bar.report),
            self.tr("Importing again"),
            self._on_imported_again,
        )

    def _import_next(self) -> None:
        if self.is_running or not self._waiting:
            return
        paths = self._waiting.popleft()
        self._run(
            self._ost.import_files(paths, self._bar.report),
            self.tr("Importing files"),
            self._on_imported,
        )

    def _on_imported(self, result: ImportResult) -> None:
        self._tell_import(result)
        self.failures.emit(
            [FailureRow(path.name, str(path), reason) for path, reason in result.failed]
        )

    def _on_imported_again(self, result: ImportResult) -> None:
        self._tell_import(result)
        self.failed_imports_changed.emit()

    def _tell_import(self, result: ImportResult) -> None:
        words = [texts.counted(result.stored, self.tr("{0} stored"), self.tr("{0} stored"))]
        if result.present:
            words.append(self.tr("{0} were here already").format(result.present))
        if result.failed:
            words.append(self.tr("{0} could not be stored").format(len(result.failed)))
        if result.canceled:
            words.append(self.tr("then canceled"))
        self._tell(", ".join(words), is_good=not result.failed and not result.canceled)

    # send

    def ask_for_peer(self, instances: Sequence[InstanceSummary]) -> None:
        """Ask to whom instances are to be sent."""
        peers = [peer for peer in self._ost.directory if peer.ae_title != self._ost.ae_title]
        octets = sum(one.size for one in instances)
        dialog = SendDialog(self._window, len(instances), octets, peers)
        dialog.echo_wanted.connect(self._on_echo_wanted)
        uids = [one.sop_instance_uid for one in instances]
        dialog.send_wanted.connect(lambda ae_title: self._on_send_wanted(uids, ae_title))
        dialog.finished.connect(self._on_dialog_finished)
        self.dialog = dialog
        dialog.open()

    def _on_dialog_finished(self) -> None:
        self.dialog = None

    def _on_echo_wanted(self, ae_title: str) -> None:
        words = self.tr("{0} answers in {1:.0f} ms")
        self._window.bridge.watch(
            self._ost.echo(ae_title),
            lambda ms: self._on_echo(ae_title, words.format(ae_title, ms), is_good=True),
            lambda error: self._on_echo(ae_title, str(error), is_good=False),
        )

    def _on_echo(self, ae_title: str, words: str, *, is_good: bool) -> None:
        if self.dialog is not None:
            self.dialog.show_answer(ae_title, words, is_good=is_good)

    def _on_send_wanted(self, uids: Sequence[str], ae_title: str) -> None:
        self._run(
            self._ost.send(uids, ae_title, self._bar.report),
            self.tr("Sending to {0}").format(texts.plain(ae_title, 16)),
            lambda result: self._on_sent(ae_title, len(uids), result),
        )

    def _on_sent(self, ae_title: str, wanted: int, result: SendResult) -> None:
        peer = texts.plain(ae_title, 16)
        words = self.tr("{0} has stored {1} of {2} instances").format(peer, result.sent, wanted)
        if result.canceled:
            words = self.tr("{0}; canceled").format(words)
        self._tell(words, is_good=result.sent == wanted)
        self.failures.emit(
            [FailureRow(texts.elided_uid(uid), uid, reason) for uid, reason in result.failed]
        )

    # remove

    def ask_to_remove(self, name: str, instances: Sequence[InstanceSummary]) -> None:
        """Say what follows, and remove instances if that is wanted."""
        uids = [one.sop_instance_uid for one in instances]
        number = texts.counted(len(uids), self.tr("{0} instance"), self.tr("{0} instances"))
        question = Question(
            "remove_dialog",
            self.tr("Delete {0}?").format(number),
            name,
            Verb("confirm_remove", self.tr("&Delete for ever")),
            Verb("keep_instances", self.tr("&Keep")),
            is_danger=True,
            concerns_subscribers=False,
        )
        store = self._ost.instances
        dialog = ConfirmDialog(
            question, self._foresee, self._window, lambda: removal_consequences(store, uids)
        )
        dialog.accepted.connect(lambda: self._remove(uids))
        dialog.open()

    def _foresee(
        self,
        inquiry: Callable[[], Consequences],
        done: Callable[[Consequences], object],
        failed: Callable[[BaseException], object],
    ) -> None:
        future = self._window.background.submit("consequences", "", inquiry)
        self._window.bridge.watch(future, done, failed)

    def _remove(self, uids: Sequence[str]) -> None:
        self._run(
            self._ost.remove(uids),
            self.tr("Deleting"),
            lambda removed: self._on_removed(len(uids), removed),
        )

    def _on_removed(self, wanted: int, removed: Iterable[str]) -> None:
        count = len(list(removed))
        words = texts.counted(
            count, self.tr("{0} instance is deleted"), self.tr("{0} instances are deleted")
        )
        self._tell(words, is_good=count == wanted)

    # re-index

    def reindex(self) -> None:
        """Rebuild the index from the files."""
        self._run(self._ost.reindex(self._bar.report), self.tr("Re-indexing"), self._on_reindexed)

    def _on_reindexed(self, result: ReindexResult) -> None:
        words = [texts.counted(result.indexed, self.tr("{0} file"), self.tr("{0} files"))]
        if result.removed:
            words.append(self.tr("{0} entries without a file removed").format(result.removed))
        if result.failed:
            words.append(self.tr("{0} files cannot be read").format(len(result.failed)))
        if result.canceled:
            words.append(self.tr("then canceled"))
        said = self.tr("Re-indexed: {0}").format(", ".join(words))
        self._tell(said, is_good=not result.failed and not result.canceled)
        self.failures.emit(
            [FailureRow(path.name, str(path), reason) for path, reason in result.failed]
        )

    # all of them

    def _run(self, future: Future[R], words: str, done: Callable[[R], object]) -> None:
        self.is_running = True
        self._bar.begin(words, self._ost.cancel_request)
        self.changed.emit()

        def on_done(result: R) -> None:
            self._end()
            done(result)
            self._import_next()

        def on_failed(error: BaseException) -> None:
            self._end()
            self._window.messages.fail(str(error))
            self._import_next()

        self._window.job(future, words, on_done, on_failed)

    def _end(self) -> None:
        self.is_running = False
        self._bar.end()
        self.changed.emit()

    def _tell(self, words: str, *, is_good: bool) -> None:
        if is_good:
            self._window.messages.done(words)
        else:
            self._window.messages.warn(words)

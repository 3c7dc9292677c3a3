"""From the TMS to the rows of its worklist: the first load, and every change after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.ui.models.worklist import WorklistRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdwii_gui.actors.tms import Tms
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.ups.change import StepChange
    from tdwii_gui.ui.bridge import ActorBridge


class WorklistFeed(QObject):
    """Turns steps into rows on a background thread and hands them over on the GUI thread.

    Changes that come faster than they are turned into rows are taken together, the last of each
    step.

    Parameters
    ----------
    tms : Tms
        Whose worklist it is.
    bridge : ActorBridge
        The way back to the GUI thread.
    background : SerialWorker
        Where steps are read.

    Signals
    -------
    loaded : list[WorklistRow], set[str]
        All rows, and the UIDs of the steps that have changed since they were asked for.
    changed : list[WorklistRow]
        Rows that are new or other than before.
    gone : list[str]
        The UIDs of steps that were deleted.
    failed : str
        Why the worklist cannot be read.
    """

    loaded = Signal(object, object)
    changed = Signal(object)
    gone = Signal(object)
    failed = Signal(str)

    def __init__(
        self, tms: Tms, bridge: ActorBridge, background: SerialWorker, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._tms = tms
        self._bridge = bridge
        self._background = background
        self._owners: dict[str, str] = {}
        self._waiting: list[StepChange] = []
        self._touched: set[str] = set()
        self._is_converting = False

    def owner(self, uid: str) -> str:
        """Return the AE that claimed a step; empty if nobody did."""
        return self._owners.get(uid, "")

    def load(self) -> None:
        """Read the whole worklist anew."""
        self._touched = set()
        self._bridge.watch(self._tms.performers(), self._on_performers, self._on_failed)

    def take(self, change: StepChange) -> None:
        """Take a change of a step."""
        claimed = change.state is ProcedureStepState.IN_PROGRESS
        if change.kind is ChangeKind.STATE_CHANGED and claimed:
            self._owners[change.sop_instance_uid] = change.calling_ae
        self._touched.add(change.sop_instance_uid)
        self._waiting.append(change)
        self._convert()

    def _on_performers(self, owners: dict[str, str]) -> None:
        self._owners = owners | self._owners
        rows: list[WorklistRow] = []
        known = dict(self._owners)

        def read(step: Ups) -> None:
            # Each data set is let go at once: thousands of them, decoded, would make the garbage
            # collector hold up all threads.
            rows.append(WorklistRow.from_step(step, None, known.get(step.sop_instance_uid, "")))

        future = self._tms.tell_steps(read)
        self._bridge.watch(
            future, lambda _none: self.loaded.emit(rows, self._touched), self._on_failed
        )

    def _convert(self) -> None:
        """Have what waits turned into rows, unless that is under way."""
        if self._is_converting or not self._waiting:
            return
        self._is_converting = True
        changes, self._waiting = self._waiting, []
        owners = {c.sop_instance_uid: self.owner(c.sop_instance_uid) for c in changes}
        future = self._background.submit("rows", "", lambda: _rows_of_changes(changes, owners))
        self._bridge.watch(future, self._on_converted, self._on_conversion_failed)

    def _on_converted(self, converted: tuple[list[WorklistRow], list[str]]) -> None:
        self._is_converting = False
        rows, gone = converted
        if rows:
            self.changed.emit(rows)
        if gone:
            self.gone.emit(gone)
        self._convert()

    def _on_conversion_failed(self, error: BaseException) -> None:
        self._is_converting = False
        self._on_failed(error)
        self._convert()

    def _on_failed(self, error: BaseException) -> None:
        self.failed.emit(str(error))


def _rows_of_changes(
    changes: Iterable[StepChange], owners: Mapping[str, str]
) -> tuple[list[WorklistRow], list[str]]:
    """Return the rows of steps as they are after changes, and the UIDs of those deleted."""
    latest = {change.sop_instance_uid: change for change in changes}
    gone = [uid for uid, change in latest.items() if change.kind is ChangeKind.DELETED]
    rows = [
        WorklistRow.from_step(Ups(change.dataset), None, owners[uid])
        for uid, change in latest.items()
        if change.kind is not ChangeKind.DELETED
    ]
    return rows, gone

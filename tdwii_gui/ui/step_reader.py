"""Reads the step that is selected in the TMS monitor: its facts, and what touched it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.ui.models.history_rows import HistoryRow, StepHistory, merged
from tdwii_gui.ui.models.step_facts import StepFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.actors.tms import PendingEvent, Tms
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.store.ups_history import HistoryEntry
    from tdwii_gui.ui.bridge import ActorBridge


class StepReader(QObject):
    """Reads one step at a time; changes while it reads are read together afterwards.

    Parameters
    ----------
    owner_of : Callable
        Returns the AE that claimed a step.

    Attributes
    ----------
    uid : str
        The step that is wanted; empty for none.

    Signals
    -------
    facts : StepFacts
        The step as it is now.
    history : list[HistoryRow]
        All that touched it.
    message : HistoryRow
        One more message about it.
    failed : str
        Why it cannot be read.
    """

    facts = Signal(object)
    history = Signal(object)
    message = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        tms: Tms,
        bridge: ActorBridge,
        background: SerialWorker,
        owner_of: Callable[[str], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.uid = ""
        self._tms = tms
        self._bridge = bridge
        self._background = background
        self._owner_of = owner_of
        self._is_reading = False
        self._read_again = False
        self._messages = StepHistory()

    def choose(self, uid: str) -> None:
        """Read another step, or none."""
        self.uid = uid
        if uid:
            self.history.emit(self._messages.of(uid))
            self.read_history()
            self.read()

    def read(self) -> None:
        """Read the step anew."""
        if not self.uid:
            return
        if self._is_reading:
            self._read_again = True
            return
        self._is_reading = True
        uid, owner, service = self.uid, self._owner_of(self.uid), self._tms.service
        future = self._background.submit(
            "details", "", lambda: StepFacts.of(Ups(service.get(uid)), owner)
        )
        self._bridge.watch(future, self._on_facts, self._on_failed)

    def read_history(self) -> None:
        """Read what touched the step anew."""
        if self.uid:
            uid = self.uid
            self._bridge.watch(
                self._tms.history(uid),
                lambda kept: self._on_kept(uid, kept),
                lambda error: self.failed.emit(str(error)),
            )

    def take(self, made: ExchangeMade) -> None:
        """Keep a message that was exchanged, and tell it if it is about the step."""
        row = self._messages.add(made)
        if row is not None and row.uid == self.uid:
            self.message.emit(row)

    def due(self, events: Iterable[PendingEvent]) -> list[HistoryRow]:
        """Return what is still due of the step's events."""
        own = (event for event in events if event.sop_instance_uid == self.uid)
        sender = self._tms.ae_title
        return [HistoryRow.of_due(number, sender, event) for number, event in enumerate(own)]

    def _on_kept(self, uid: str, kept: list[HistoryEntry]) -> None:
        if uid == self.uid:
            self.history.emit(merged(kept, self._messages.of(uid)))

    def _on_facts(self, facts: StepFacts) -> None:
        self._is_reading = False
        if facts.row.uid == self.uid:
            self.facts.emit(facts)
            self._again()
        else:
            self._read_again = False
            self.read()

    def _on_failed(self, error: BaseException) -> None:
        self._is_reading = False
        self.failed.emit(str(error))
        self._again()

    def _again(self) -> None:
        again, self._read_again = self._read_again, False
        if again:
            self.read()

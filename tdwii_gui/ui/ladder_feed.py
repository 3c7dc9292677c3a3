"""From exchanges to the ladder, and from a chosen arrow to the inspector.

Its log of exchanges reads DICOM: it is made with the first exchange, when that is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.ui.models.arrow import Lane
    from tdwii_gui.ui.models.exchange_log import ExchangeLog, LoggedExchange
    from tdwii_gui.ui.panels.ladder_panel import LadderPanel


class Cast(Protocol):
    """Who plays: whose lane an AE title has, and whether it tells its own requests."""

    def role_of(self, ae_title: str) -> str:
        """Return the key of the lane of an AE title; empty if it has none."""

    def is_ours(self, ae_title: str) -> bool:
        """Whether an AE title is that of a running actor of ours."""


class LadderFeed(QObject):
    """Logs exchanges and draws them.

    Parameters
    ----------
    lanes : Sequence[Lane]
        Those of our actors; their keys are the roles.

    Signals
    -------
    chosen : LoggedExchange
        This exchange is to be inspected.
    counted : int
        So many problems there are.
    """

    chosen = Signal(object)
    counted = Signal(int)

    def __init__(
        self,
        panel: LadderPanel,
        control: Cast,
        lanes: Sequence[Lane],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._panel = panel
        self._control = control
        self._lanes = tuple(lanes)
        self._log: ExchangeLog | None = None
        panel.set_lanes(self._lanes)
        panel.chosen.connect(self._on_chosen)
        panel.cleared.connect(self._on_cleared)

    def hear(self, exchanges: Sequence[ExchangeMade]) -> None:
        """Draw exchanges."""
        if self._log is None:
            self._log = self._make_log()
        before = self._log.problems
        self._panel.show_changes(self._log.add_all(exchanges), self._log.lanes)
        if self._log.problems != before:
            self.counted.emit(self._log.problems)

    def begin(self, lanes: Sequence[Lane]) -> None:
        """Forget all exchanges, and begin with other lanes."""
        self._lanes = tuple(lanes)
        self._log = None
        self._panel.clear()
        self._panel.set_lanes(self._lanes)

    def entry(self, key: int) -> LoggedExchange | None:
        """Return what is kept of an exchange."""
        return self._log.entry(key) if self._log else None

    def _make_log(self) -> ExchangeLog:
        from tdwii_gui.ui.models.exchange_log import ExchangeLog

        return ExchangeLog(self._control.role_of, self._control.is_ours, self._lanes)

    @Slot(int)
    def _on_chosen(self, key: int) -> None:
        entry = self.entry(key)
        if entry is not None:
            self.chosen.emit(entry)

    @Slot()
    def _on_cleared(self) -> None:
        if self._log is not None:
            self._log.clear()
            self._panel.set_lanes(self._log.lanes)
        self.counted.emit(0)

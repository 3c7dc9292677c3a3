"""The objects of the fraction that the form asks for, built in the background as it changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from tdwii_gui.dicom.errors import DatasetError, Finding

if TYPE_CHECKING:
    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator, ScheduledFraction
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.panels.fraction_form import FormValues

_QUIET_MS: Final = 200
"""The objects are built when the form has been left alone for so long."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Objects ready to be sent.

    Parameters
    ----------
    plan, group, values : Plan, FractionGroup, FormValues
        What they are built from.
    peers : tuple[str, str]
        OST and TMS at that time: the step names them.
    fractions : tuple[ScheduledFraction, ...]
        One, or those of a course.
    """

    plan: Plan
    group: FractionGroup
    values: FormValues
    peers: tuple[str, str]
    fractions: tuple[ScheduledFraction, ...]


class Drafting(QObject):
    """Builds a draft a moment after the last change; earlier ones are dropped.

    Signals
    -------
    built : Draft
        The objects are there.
    refused : tuple[Finding, ...]
        The plan cannot be treated as the form says.
    """

    built = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        creator: RtbdiCreator,
        bridge: ActorBridge,
        background: SerialWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.draft: Draft | None = None
        self._creator = creator
        self._bridge = bridge
        self._background = background
        self._number = 0
        self._wanted: tuple[Plan, FractionGroup, FormValues] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self._build)

    @property
    def peers(self) -> tuple[str, str]:
        """OST and TMS as they are now."""
        return self._creator.ost_ae_title, self._creator.tms_ae_title

    def renew(self, plan: Plan, group: FractionGroup, values: FormValues) -> None:
        """Drop the draft, and build another one soon."""
        self.drop()
        self._wanted = plan, group, values
        self._timer.start()

    def drop(self) -> None:
        """Have no draft."""
        self._number += 1
        self._timer.stop()
        self.draft = None

    def _build(self) -> None:
        if self._wanted is None:
            return
        number = self._number
        call = partial(_build, self._creator, *self._wanted, self.peers)
        self._bridge.watch(
            self._background.submit("build", "", call),
            lambda draft: self._on_built(draft, number),
            lambda error: self._on_failed(error, number),
        )

    def _on_built(self, draft: Draft, number: int) -> None:
        if number == self._number:
            self.draft = draft
            self.built.emit(draft)

    def _on_failed(self, error: BaseException, number: int) -> None:
        if number == self._number:
            if isinstance(error, DatasetError):
                self.refused.emit(error.findings)
            else:
                self.refused.emit((Finding("", str(error)),))


def _build(
    creator: RtbdiCreator,
    plan: Plan,
    group: FractionGroup,
    values: FormValues,
    peers: tuple[str, str],
) -> Draft:
    fractions = tuple(creator.build(plan, request) for request in values.requests(group))
    return Draft(plan, group, values, peers, fractions)

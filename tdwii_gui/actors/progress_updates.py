"""What a delivery tells of its progress: the listener at once, the TMS now and then (RO-62)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tdwii_gui.actors.delivery import DeliveryPhase
from tdwii_gui.actors.events import DeliveryProgressed
from tdwii_gui.dicom.errors import TdwiiError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tdwii_gui.actors.delivery import Clock, DeliveryProgress
    from tdwii_gui.actors.tdd import Tdd

_UPDATE_SECONDS = 2.0
"""How often the TMS is told of the progress while a beam is on."""


class ProgressUpdates:
    """Tells of the progress of one delivery, without waiting for the TMS.

    The TMS hears of the start and end of each beam, and in between unless it still owes an answer.
    """

    def __init__(self, tdd: Tdd, sop_instance_uid: str, clock: Clock) -> None:
        self._tdd = tdd
        self._sop_instance_uid = sop_instance_uid
        self._clock = clock
        self._told = -math.inf
        self._update: Future[int] | None = None

    def tell(self, progress: DeliveryProgress) -> None:
        """Tell a progress value."""
        self._tdd.emit(DeliveryProgressed(self._tdd.ae_title, self._sop_instance_uid, progress))
        now = self._clock.now().timestamp()
        under_way = self._update is not None and not self._update.done()
        early = under_way or now - self._told < _UPDATE_SECONDS
        if progress.phase is DeliveryPhase.BEAM_ON and early:
            return
        self._told = now
        self._update = self._tdd.update_progress(
            self._sop_instance_uid, progress.percent, progress.beam_number
        )

    def finish(self) -> None:
        """Wait for the TMS's last answer; that it has refused or cannot be reached is no error."""
        if self._update is None:
            return
        error = self._update.exception()
        if error is not None and not isinstance(error, TdwiiError):
            raise error

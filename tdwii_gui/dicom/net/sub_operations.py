"""How far a C-MOVE or C-GET is, and what its responses tell of it (PS3.4 C.4.2, C.4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.status import Status

FAILED_SOP_INSTANCE_UID_LIST: Final = 0x00080058

_REMAINING: Final = 0x1020
_COMPLETED: Final = 0x1021
_FAILED: Final = 0x1022
_WARNING: Final = 0x1023
_HIGHEST: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class SubOperations:
    """How far a C-MOVE or C-GET is (PS3.4 C.4.2.1.5).

    Parameters
    ----------
    failed_uids : tuple[str, ...]
        SOP Instance UIDs of the failed ones.
    comment : str
        Why they failed, in words.
    """

    remaining: int
    completed: int = 0
    warning: int = 0
    failed_uids: tuple[str, ...] = ()
    comment: str = ""

    @property
    def failed(self) -> int:
        """How many failed."""
        return len(self.failed_uids)

    @property
    def final_status(self) -> int:
        """The status once none remains (PS3.4 Table C.4-2)."""
        if self.failed and not self.completed and not self.warning:
            return Status.CANNOT_PERFORM_SUBOPERATIONS
        if self.failed or self.warning:
            return Status.SUBOPERATIONS_WITH_FAILURES
        return Status.SUCCESS

    @property
    def words(self) -> str:
        """How far it is, e.g. ``"31 of 31 objects"``."""
        done = self.completed + self.warning
        return f"{done} of {counted(done + self.failed + self.remaining, 'object', 'objects')}"

    def counters(self, status: int) -> dict[int, int]:
        """Return the numbers of a response by element number (PS3.7 9.1.3.1, 9.1.4.1).

        What remains is told while it goes on and when it is canceled (PS3.4 C.4.2.1.6).
        """
        counters = {
            _COMPLETED: self.completed,
            _FAILED: self.failed,
            _WARNING: self.warning,
        }
        if status in (Status.PENDING, Status.CANCELLED):
            counters[_REMAINING] = self.remaining
        return {number: min(count, _HIGHEST) for number, count in counters.items()}

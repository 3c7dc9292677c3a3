"""How far a retrieval is: the objects that have arrived, of those that are expected."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.related import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.iod.references import InputReference

_SECONDS_BETWEEN: Final = 0.1


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many objects of a kind are here, and how many there are to be."""

    kind: Kind
    present: int
    expected: int


@dataclass(frozen=True, slots=True)
class RetrievalProgress:
    """How far a retrieval is.

    Parameters
    ----------
    counts : tuple[KindCount, ...]
        The kinds of which any object is expected; more may turn out to be while references are
        followed.
    """

    counts: tuple[KindCount, ...]

    @property
    def present(self) -> int:
        """How many objects are here."""
        return sum(count.present for count in self.counts)

    @property
    def expected(self) -> int:
        """How many objects are expected by now."""
        return sum(count.expected for count in self.counts)


def no_progress(_progress: RetrievalProgress) -> None:
    """Take no notice of how far a retrieval is."""


class RetrievalTally:
    """Counts what arrives; from any thread.

    Parameters
    ----------
    on_progress : Callable[[RetrievalProgress], None]
        Is told at most every 0.1 s, on the thread on which something has changed, and at the end.
    """

    def __init__(self, on_progress: Callable[[RetrievalProgress], None] = no_progress) -> None:
        self._on_progress = on_progress
        self._kinds: dict[str, Kind] = {}
        self._present: set[str] = set()
        self._told_at = 0.0
        self._lock = Lock()

    def expect(self, references: Iterable[InputReference]) -> None:
        """Count more objects as expected."""
        with self._lock:
            for reference in references:
                self._kinds[reference.sop_instance_uid] = kind_of(reference.sop_class_uid)

    def forget(self, sop_instance_uid: str) -> None:
        """Expect an object no longer."""
        with self._lock:
            self._kinds.pop(sop_instance_uid, None)

    def arrived(self, *sop_instance_uids: str) -> None:
        """Count objects as here; those that are not expected do not count."""
        with self._lock:
            new = self._kinds.keys() & set(sop_instance_uids) - self._present
            self._present |= new
            now = time.monotonic()
            if not new or now - self._told_at < _SECONDS_BETWEEN:
                return
            self._told_at = now
        self.tell()

    def tell(self) -> None:
        """Tell how far it is."""
        self._on_progress(self.progress())

    def progress(self) -> RetrievalProgress:
        """Return how far it is."""
        with self._lock:
            expected = Counter(self._kinds.values())
            present = Counter(kind for uid, kind in self._kinds.items() if uid in self._present)
        return RetrievalProgress(
            tuple(KindCount(k, present[k], expected[k]) for k in Kind if expected[k])
        )

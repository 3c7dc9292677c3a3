"""The faults that are set at an actor: which of them strikes at what, and how often they have."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.net.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FaultState:
    """A fault that is set, and what has become of it.

    Parameters
    ----------
    occasions : int
        How often it was about to strike or struck, since it was set.
    hits : int
        How often it struck.
    """

    fault: Fault
    occasions: int = 0
    hits: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it will not strike any more."""
        fault = self.fault
        return bool(fault.times) and self.hits >= fault.times and not fault.kind.is_lasting


@dataclass(slots=True, eq=False)
class _Armed:
    """A fault, its counters, and what ends its delays."""

    fault: Fault
    occasions: int = 0
    hits: int = 0
    removed: Event = field(default_factory=Event)

    @property
    def state(self) -> FaultState:
        return FaultState(self.fault, self.occasions, self.hits)


def _ignore(_fault: Fault) -> None:
    """Take no notice of a fault that has struck."""


def _always(_fault: Fault) -> bool:
    return True


class Faults:
    """The faults of an actor. All methods are thread-safe and return at once, but for `delay`.

    They are off at each start of the program. While none is set, all that anybody asks is
    `is_active`.

    Attributes
    ----------
    on_changed : Callable[[], None]
        Is called after a fault was set, removed, or has struck; on the thread that did it.
    on_struck : Callable[[Fault], None]
        Is called before that when a fault has struck.
    """

    def __init__(self, impossible: Collection[FaultKind] = ()) -> None:
        self._impossible = frozenset(impossible)
        self.on_changed: Callable[[], None] = lambda: None
        self.on_struck: Callable[[Fault], None] = _ignore
        self._lock = Lock()
        self._armed: tuple[_Armed, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether any fault is set, be it spent."""
        return bool(self._armed)

    @property
    def states(self) -> tuple[FaultState, ...]:
        """What is set, in the order in which it was."""
        return tuple(one.state for one in self._armed)

    @property
    def active(self) -> tuple[Fault, ...]:
        """What is set and may still strike."""
        return tuple(one.fault for one in self.states if not one.is_spent)

    def hits(self, fault: Fault) -> int:
        """Return how often a fault has struck since it was set; 0 if it is not set."""
        return next((one.hits for one in self._armed if one.fault == fault), 0)

    def set(self, faults: Iterable[Fault]) -> None:
        """Set these faults, and no others.

        Raises
        ------
        ConfigError
            If one of them cannot be set here.
        """
        self._replace(lambda _one: True, [_Armed(fault) for fault in dict.fromkeys(faults)])

    def add(self, fault: Fault) -> None:
        """Set a fault besides the others; one that is set already counts from 0 again.

        Raises
        ------
        ConfigError
            If it cannot be set here.
        """
        self._replace(lambda one: one.fault == fault, [_Armed(fault)])

    def remove(self, fault: Fault) -> None:
        """Take a fault away; a message that it delays leaves."""
        self._replace(lambda one: one.fault == fault)

    def clear(self) -> None:
        """Take all faults away."""
        if self._armed:
            self.set(())

    def strike(
        self,
        kind: FaultKind,
        *,
        message: str = "",
        peer: str = "",
        type_id: int = 0,
        applies: Callable[[Fault], bool] = _always,
    ) -> Fault | None:
        """Count an occasion for all faults of a kind; return the first one that strikes.

        Parameters
        ----------
        applies : Callable[[Fault], bool]
            Whether it is an occasion for a fault.
        """
        struck = self._strike(kind, message, peer, type_id, applies)
        return struck[0].fault if struck else None

    def strike_all(
        self,
        kind: FaultKind,
        *,
        message: str = "",
        peer: str = "",
        type_id: int = 0,
        applies: Callable[[Fault], bool] = _always,
    ) -> list[Fault]:
        """Count an occasion for all faults of a kind; return all that strike."""
        return [one.fault for one in self._strike(kind, message, peer, type_id, applies)]

    def delay(self, message: str, peer: str, type_id: int = 0) -> None:
        """Wait as the faults say, or until they are removed."""
        for one in self._strike(FaultKind.DELAY, message, peer, type_id, _always):
            one.removed.wait(one.fault.seconds)

    def wait_for_removal(self, fault: Fault, seconds: float | None) -> bool:
        """Wait until a fault is removed, so long at most; return whether it is."""
        armed = next((one for one in self._armed if one.fault == fault), None)
        return armed is None or armed.removed.wait(seconds)

    @property
    def skew_seconds(self) -> float:
        """How much the actor's clock is fast."""
        skews = [one.fault for one in self._armed if one.fault.kind is FaultKind.CLOCK_SKEW]
        return sum(fault.seconds for fault in skews)

    def _replace(self, is_gone: Callable[[_Armed], bool], new: Sequence[_Armed] = ()) -> None:
        """Exchange some faults for others."""
        for one in new:
            if one.fault.kind in self._impossible:
                raise ConfigError(f"{one.fault.kind} is not possible at this actor")
        with self._lock:
            gone = [one for one in self._armed if is_gone(one)]
            self._armed = (*(one for one in self._armed if one not in gone), *new)
        for one in gone:
            one.removed.set()
        for one in new:
            LOGGER.warning("fault set: %s", one.fault)
        if gone or new:
            self.on_changed()

    def _strike(
        self,
        kind: FaultKind,
        message: str,
        peer: str,
        type_id: int,
        applies: Callable[[Fault], bool],
    ) -> list[_Armed]:
        occasions = [
            one
            for one in self._armed
            if one.fault.kind is kind
            and one.fault.fits(message, peer, type_id)
            and applies(one.fault)
        ]
        if not occasions:
            return []
        struck = []
        with self._lock:
            for one in occasions:
                one.occasions += 1
                fault = one.fault
                past = one.occasions - fault.nth
                if past >= 0 and (not fault.times or past < fault.times):
                    one.hits += 1
                    struck.append(one)
        for one in struck:
            LOGGER.info("fault strikes: %s", one.fault)
            self.on_struck(one.fault)
        if struck:
            self.on_changed()
        return struck

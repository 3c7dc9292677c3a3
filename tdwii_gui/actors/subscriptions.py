"""Subscriptions to steps of a TMS, as their subscriber keeps them (PS3.4 CC.2.3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ConfigError, DimseStatusError
from tdwii_gui.dicom.iod import ups_update
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION

if TYPE_CHECKING:
    from tdwii_gui.dicom.net.ups_scu import UpsScu

logger = logging.getLogger(__name__)


class SubscriptionKind(StrEnum):
    """What a subscription is about."""

    GLOBAL = "global"
    FILTERED = "filtered"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription to steps of a TMS.

    Parameters
    ----------
    kind : SubscriptionKind
        All steps, those of one machine, or one step.
    machine : str
        The treatment machine of a filtered one.
    step_uid : str
        The SOP Instance UID of a step.
    deletion_lock : bool
        Whether the TMS keeps final steps until the subscription ends.
    """

    kind: SubscriptionKind = SubscriptionKind.GLOBAL
    machine: str = ""
    step_uid: str = ""
    deletion_lock: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it is about one step."""
        return self.kind is SubscriptionKind.STEP

    @property
    def sop_instance_uid(self) -> str:
        """The SOP Instance UID by which a TMS knows it."""
        return self.step_uid if self.is_single else _WELL_KNOWN[self.kind]

    def __str__(self) -> str:
        match self.kind:
            case SubscriptionKind.GLOBAL:
                return "all steps"
            case SubscriptionKind.FILTERED:
                return f"the steps of {self.machine}"
            case _:
                return f"step {self.step_uid}"


_WELL_KNOWN: Final = {
    SubscriptionKind.GLOBAL: str(UPS_GLOBAL_SUBSCRIPTION),
    SubscriptionKind.FILTERED: str(UPS_FILTERED_GLOBAL_SUBSCRIPTION),
}


class Subscriptions:
    """What an AE is subscribed to at a TMS, and what it wants to be.

    Parameters
    ----------
    usual : Subscription
        What is wanted where nothing else was asked for.
    """

    def __init__(self, usual: Subscription) -> None:
        self._usual = usual
        self._wanted: tuple[Subscription, ...] = ()
        self._held: tuple[Subscription, ...] = ()
        self._tms = ""

    @property
    def wanted(self) -> tuple[Subscription, ...]:
        """What to subscribe to: what was asked for, else what is usual."""
        return self._wanted or (self._usual,)

    @property
    def is_any_wanted(self) -> bool:
        """Whether anything was asked for."""
        return bool(self._wanted)

    def held(self, tms: str) -> tuple[Subscription, ...]:
        """Return what a TMS has accepted: one about many steps at most, and single ones."""
        return self._held if self._tms == tms else ()

    def want(self, *subscriptions: Subscription) -> None:
        """Note what to subscribe to."""
        self._wanted = subscriptions

    def accept(self, tms: str, accepted: Subscription) -> None:
        """Note that a TMS has accepted a subscription: the last one about many steps counts."""
        if not accepted.is_single:
            self._usual = accepted
        self._wanted = _with(self._wanted, accepted)
        self._held = _with(self.held(tms), accepted)
        self._tms = tms

    def lose(self) -> None:
        """Note that the TMS knows of none of them any more; they are still wanted."""
        self._held = ()

    def give_up(self, subscription: Subscription) -> None:
        """No longer want one."""
        self._wanted = tuple(each for each in self._wanted if each != subscription)

    def end(self) -> None:
        """Note that all have ended, and nothing is wanted but the usual."""
        self._wanted = self._held = ()


def ask(scu: UpsScu, ae_title: str, wanted: Subscription) -> tuple[int, Subscription]:
    """Subscribe an AE; return the status, and what it is subscribed to.

    A TMS that has no filtered subscriptions is asked for one to all steps instead.

    Raises
    ------
    ConfigError
        If a filtered one names no machine.
    DimseStatusError
        If the TMS refuses.
    """
    if wanted.kind is SubscriptionKind.FILTERED and not wanted.machine:
        raise ConfigError("a filtered subscription needs the name of a treatment machine")
    information = ups_update.subscription(
        ae_title, deletion_lock=wanted.deletion_lock, machine=wanted.machine
    )
    try:
        return scu.subscribe(wanted.sop_instance_uid, information), wanted
    except DimseStatusError as error:
        is_filtered = wanted.kind is SubscriptionKind.FILTERED
        if not is_filtered or error.status != Status.UPS_UNKNOWN:
            raise
    logger.warning("%s has no filtered subscriptions: all its steps are asked for", scu.peer)
    return ask(scu, ae_title, Subscription(deletion_lock=wanted.deletion_lock))


def end(scu: UpsScu, ae_title: str, held: tuple[Subscription, ...]) -> int:
    """Unsubscribe an AE from what it holds; return the status of the last answer.

    By the global UID, all subscriptions of an AE end (PS3.4 CC.2.3.3), those that it does not know
    of too; where it has single ones alone, each is ended.
    """
    single = bool(held) and all(each.is_single for each in held)
    uids = [each.step_uid for each in held] if single else [str(UPS_GLOBAL_SUBSCRIPTION)]
    return [scu.unsubscribe(uid, ae_title) for uid in uids][-1]


def _with(subscriptions: tuple[Subscription, ...], new: Subscription) -> tuple[Subscription, ...]:
    return (*(each for each in subscriptions if each.step_uid != new.step_uid), new)

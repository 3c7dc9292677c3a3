"""Who has subscribed to which steps of a TMS, followed by the requests that it has answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from tdwii_gui.judging.call import Call


@dataclass
class Subscriptions:
    """The subscriptions of receiving AEs (PS3.4 CC.2.3).

    Attributes
    ----------
    everywhere : set[str]
        Who has a global subscription.
    filtered : set[str]
        Who has one with a filter: to which steps is not followed.
    of_step : dict[str, set[str]]
        Who has subscribed to a step, by itself or as the step was created.
    locks : dict[str, set[str]]
        Who has a deletion lock: by step, and by the UID of the global subscription.
    ended : dict[str, Call]
        The request by which an AE has ended all that it had.
    """

    everywhere: set[str] = field(default_factory=set)
    filtered: set[str] = field(default_factory=set)
    of_step: dict[str, set[str]] = field(default_factory=dict)
    locks: dict[str, set[str]] = field(default_factory=dict)
    ended: dict[str, Call] = field(default_factory=dict)

    def receivers(self, uid: str) -> set[str]:
        """Return who must be told of a step."""
        return self.everywhere | self.of_step.get(uid, set())

    def is_locked(self, uid: str) -> bool:
        """Whether a step may not be deleted."""
        return bool(self.locks.get(uid) or self.locks.get(uids.UPS_GLOBAL_SUBSCRIPTION))

    def create(self, uid: str) -> None:
        """Take note of a new step."""
        self.of_step[uid] = set(self.everywhere)

    def take(self, call: Call) -> None:
        """Take note of an accepted request to subscribe, unsubscribe or suspend."""
        receiver = call.text("ReceivingAE")
        if call.action is ActionType.SUBSCRIBE:
            self._subscribe(call, receiver)
        elif call.action is ActionType.SUSPEND_GLOBAL:
            self.everywhere.discard(receiver)
            self.filtered.discard(receiver)
        elif call.action is ActionType.UNSUBSCRIBE:
            self._unsubscribe(call, receiver)

    def _subscribe(self, call: Call, receiver: str) -> None:
        self.ended.pop(receiver, None)
        if call.uid == uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION:
            self.filtered.add(receiver)
            return
        if call.uid == uids.UPS_GLOBAL_SUBSCRIPTION:
            self.everywhere.add(receiver)
            for receivers in self.of_step.values():
                receivers.add(receiver)
        else:
            self.of_step.setdefault(call.uid, set()).add(receiver)
        is_locked = call.text("DeletionLock") == "TRUE" and call.status == Status.SUCCESS
        holders = self.locks.setdefault(call.uid, set())
        (holders.add if is_locked else holders.discard)(receiver)

    def _unsubscribe(self, call: Call, receiver: str) -> None:
        is_global = call.uid in (
            uids.UPS_GLOBAL_SUBSCRIPTION,
            uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION,
        )
        if not is_global:
            self.of_step.get(call.uid, set()).discard(receiver)
            self.locks.get(call.uid, set()).discard(receiver)
            return
        self.everywhere.discard(receiver)
        self.filtered.discard(receiver)
        for receivers in (*self.of_step.values(), *self.locks.values()):
            receivers.discard(receiver)
        self.ended[receiver] = call

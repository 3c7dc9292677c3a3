"""The N-ACTION types of the UPS service (PS3.4 CC.2.1 to CC.2.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ActionType(IntEnum):
    """Action Type ID of an N-ACTION on a UPS."""

    CHANGE_STATE = 1
    REQUEST_CANCEL = 2
    SUBSCRIBE = 3
    UNSUBSCRIBE = 4
    SUSPEND_GLOBAL = 5

    @property
    def title(self) -> str:
        """The action's name in the standard."""
        return _TITLES[self]


_TITLES: Final = {
    ActionType.CHANGE_STATE: "Change UPS State",
    ActionType.REQUEST_CANCEL: "Request UPS Cancel",
    ActionType.SUBSCRIBE: "Subscribe",
    ActionType.UNSUBSCRIBE: "Unsubscribe",
    ActionType.SUSPEND_GLOBAL: "Suspend Global Subscription",
}

"""All that steps of scenarios can do."""

from __future__ import annotations

from typing import Final

from tdwii_gui.scenario.steps.anyone import ANYONE_OPERATIONS
from tdwii_gui.scenario.steps.creator import CREATOR_OPERATIONS
from tdwii_gui.scenario.steps.device import DEVICE_OPERATIONS
from tdwii_gui.scenario.steps.follower import FOLLOWER_OPERATIONS
from tdwii_gui.scenario.steps.management import MANAGEMENT_OPERATIONS
from tdwii_gui.scenario.steps.verification import VERIFICATION_OPERATIONS

OPERATIONS: Final = (
    *CREATOR_OPERATIONS,
    *FOLLOWER_OPERATIONS,
    *VERIFICATION_OPERATIONS,
    *DEVICE_OPERATIONS,
    *MANAGEMENT_OPERATIONS,
    *ANYONE_OPERATIONS,
)
"""Each operation once; one verb may mean different things to different roles."""

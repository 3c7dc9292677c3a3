"""Names in braces in the texts of a scenario, for which the values of a run are put: ``{step}``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FIXED_NAMES: Final = ("plan", "patient_id", "machine", "step", "today")
"""Known in every scenario, besides its actors (their AE titles) and procedure steps (their UIDs).

The SOP Instance UID of the plan, the Patient ID, the plan's treatment machine, the last step's UID,
the date as a DA value.
"""

_NAME: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def names_in(text: str) -> list[str]:
    """Return the names that a text has in braces."""
    return _NAME.findall(text)


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with values in the place of the names."""
    return _NAME.sub(lambda found: value_of(found[1]), text)

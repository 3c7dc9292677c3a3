"""What a recording shows of a Treatment Management System."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.judging.tms_answers import observe_answers
from tdwii_gui.judging.tms_events import observe_events
from tdwii_gui.judging.tms_steps import observe_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.history import History
    from tdwii_gui.judging.observation import Observation


def observe_tms(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield what is seen of a TMS."""
    yield from observe_answers(history, ae_title)
    yield from observe_steps(history, ae_title)
    yield from observe_events(history, ae_title)

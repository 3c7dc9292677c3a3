"""How the picture of a beam goes from one moment that was told to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.positioning import positioning_state

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.ui.models.beam_path import BeamPath

GLIDE_SECONDS: Final = 0.33
"""A little longer than it takes until the next moment is told: so the picture does not halt."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown: where the machine stands, and what is delivered of the beam."""

    state: MachineState
    meterset: float


class Glide:
    """Passes all that lies between what is shown and what was told, evenly, on a clock of others.

    With the beam on it follows the beam's timeline; between beams the machine's own motion.

    Parameters
    ----------
    path : BeamPath
        The beam.
    seconds : float
        The moment of the beam at which it stands.
    """

    def __init__(self, path: BeamPath, seconds: float) -> None:
        self._path = path
        self._from = self._to = seconds
        self._begun = -GLIDE_SECONDS
        self._approach: tuple[MachineState, MachineState] | None = None

    def follow(self, seconds: float, now: float) -> None:
        """Go on to a moment of the beam."""
        self._from, self._to = self._seconds(now), seconds
        self._approach = None
        self._begun = now

    def approach(self, start: MachineState, end: MachineState, now: float) -> None:
        """Go from where the machine stands to where it is told to be, with the beam off."""
        self._approach = (start, end)
        self._begun = now

    def at(self, now: float) -> Moment:
        """Return what is to be shown."""
        if self._approach is not None:
            state = positioning_state(*self._approach, self._share(now))
            return Moment(state, self._path.meterset_at(self._to))
        seconds = self._seconds(now)
        return Moment(self._path.at(seconds), self._path.meterset_at(seconds))

    def is_over(self, now: float) -> bool:
        """Return whether what was told last is reached."""
        return now - self._begun >= GLIDE_SECONDS

    def _seconds(self, now: float) -> float:
        return self._from + (self._to - self._from) * self._share(now)

    def _share(self, now: float) -> float:
        return min(max((now - self._begun) / GLIDE_SECONDS, 0.0), 1.0)

"""How a delivery differs from the plan: noise, and a fault."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.treatment_record_beam import TerminationStatus

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.timeline import Timeline

_MOST_NOISE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a delivery is to end.

    Parameters
    ----------
    beam_number : int
        The beam; a session without it has no fault.
    meterset : float
        In the whole beam's meterset; a session that does not come there has no fault.
    termination : TerminationStatus
        What the record says: MACHINE, or OPERATOR for a planned interruption.
    at_start : bool
        Whether it also comes at the meterset at which a continuation starts; else it came before.
    """

    beam_number: int
    meterset: float
    termination: TerminationStatus = TerminationStatus.MACHINE
    at_start: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.meterset < math.inf:
            raise ConfigError(f"a beam cannot end at meterset {self.meterset:g}")


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """How a delivery differs from the plan.

    Parameters
    ----------
    noise : float
        The share, up to 0.1, by which what is delivered between two control points, or to a spot,
        may differ from what is specified. The beam's end is not changed by it.
    seed : int
        Deliveries with the same seed differ alike.
    fault : Fault or None
        Where the delivery ends early.

    Raises
    ------
    ConfigError
        If the noise is beyond its range.
    """

    noise: float = 0.0
    seed: int = 0
    fault: Fault | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.noise <= _MOST_NOISE:
            raise ConfigError(f"noise of {self.noise:g} is not between 0 and {_MOST_NOISE:g}")

    def timeline(self, beam: Beam) -> Timeline:
        """Return what the machine does during a beam, with the noise."""
        planned = beam.timeline
        if not self.noise:
            return planned
        # Beams differ from each other; a text seeds alike in every version of Python.
        random = Random(f"{self.seed}/{beam.number}")
        units = planned.units
        levels = sorted(set(units))
        moved = dict(zip(levels, levels, strict=True))
        for before, level, after in zip(levels, levels[1:], levels[2:], strict=False):
            # Both ends of a step are moved, each by half at most.
            reach = min(level - before, after - level) * self.noise / 2
            moved[level] = level + round(random.uniform(-reach, reach))
        return replace(planned, units=tuple(moved[each] for each in units))

"""How the machine moves with the beam off, from the end of a beam to the start of the next."""

from __future__ import annotations

from dataclasses import replace

from tdwii_gui.dicom.iod.machine_limits import LAYER_SWITCH_SECONDS, motion_seconds
from tdwii_gui.dicom.iod.machine_state import MachineState, devices_between, value_between


def positioning_seconds(here: MachineState, target: MachineState) -> float:
    """Return how long the machine takes from one state to another."""
    seconds = motion_seconds(
        (
            positioning_turn(here.gantry, target.gantry),
            positioning_turn(here.collimator, target.collimator),
            positioning_turn(here.couch, target.couch),
        ),
        (
            (here.vertical, target.vertical),
            (here.longitudinal, target.longitudinal),
            (here.lateral, target.lateral),
        ),
        (here.jaws + here.leaves, target.jaws + target.leaves),
    )
    switches = target.layer is not None and here.energy != target.energy
    return max(seconds, LAYER_SWITCH_SECONDS) if switches else seconds


def positioning_state(here: MachineState, target: MachineState, share: float) -> MachineState:
    """Return where the machine stands a share of the way from one state to another."""
    return replace(
        target,
        gantry=_turned(here.gantry, target.gantry, share),
        collimator=_turned(here.collimator, target.collimator, share),
        couch=_turned(here.couch, target.couch, share),
        vertical=value_between(here.vertical, target.vertical, share),
        longitudinal=value_between(here.longitudinal, target.longitudinal, share),
        lateral=value_between(here.lateral, target.lateral, share),
        dose_rate=0.0,
        jaws=devices_between(here.jaws, target.jaws, share),
        leaves=devices_between(here.leaves, target.leaves, share),
    )


def positioning_turn(start: float | None, end: float | None) -> float:
    """Return the degrees from one angle to another with the beam off, clockwise positive.

    A C-arm gantry has its end stop at 180 degrees (IEC 61217) and is not driven through it; the
    others do not need to be.
    """
    if start is None or end is None:
        return 0.0
    ways = (after - before for before in _signed(start) for after in _signed(end))
    return min(ways, key=abs)


def _signed(angle: float) -> tuple[float, ...]:
    """Return an angle as -180 to 180 degrees; the end stop itself is reached from both sides."""
    signed = (angle + 180.0) % 360.0 - 180.0
    return (signed, 180.0) if signed == -180.0 else (signed,)


def _turned(start: float | None, end: float | None, share: float) -> float | None:
    if start is None or end is None:
        return end
    return (start + positioning_turn(start, end) * share) % 360.0

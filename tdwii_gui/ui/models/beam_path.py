"""A beam as the beam's eye view draws it: its geometry, and where the machine stands when.

Made from a plan's beam by `beam_path`, which decodes all control points: it belongs on a thread of
its own. A `BeamPath` is plain numbers; asking it where the machine stands costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.values import integer, items, numbers, text
from tdwii_gui.ui.models.beam_outlines import Outline, OutlineKind, beam_outlines
from tdwii_gui.ui.models.spot_map import SpotMap, spot_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment
    from tdwii_gui.dicom.iod.timeline import Timeline

_MULTILEAF: Final = "MLC"
_X_JAWS: Final = ("ASYMX", "X")
_Y_JAWS: Final = ("ASYMY", "Y")
_SMALLEST: Final = 40.0  # mm from the axis to the edge of the view
_LARGEST: Final = 220.0
_MARGIN: Final = 1.4
_NARROW_MARGIN: Final = 1.2


@dataclass(frozen=True, slots=True)
class LeafBank:
    """A multileaf collimator: two banks of leaves that face each other.

    Parameters
    ----------
    kind : str
        RT Beam Limiting Device Type, e.g. ``"MLCX"``.
    boundaries : tuple[float, ...]
        Leaf Position Boundaries in mm: one more than leaf pairs.
    """

    kind: str
    boundaries: tuple[float, ...]

    @property
    def moves_in_x(self) -> bool:
        """Whether the leaves move along X; else along Y."""
        return not self.kind.startswith("MLCY")

    @property
    def pairs(self) -> int:
        """How many pairs of leaves there are."""
        return len(self.boundaries) - 1


@dataclass(frozen=True, slots=True)
class BeamPath:
    """A beam, from its first control point to its last.

    Parameters
    ----------
    banks : tuple[LeafBank, ...]
        The multileaf collimators, the one nearest to the source first; none without one.
    outlines : tuple[Outline, ...]
        Blocks and applicator.
    spots : SpotMap or None
        Of a scanned ion beam.
    extent : float
        From the axis to the edge of what is worth seeing, in mm.
    timeline : Timeline
        What the machine does, and when.
    adjustment : TableTopAdjustment or None
        The patient position that the session asks for in the place of the plan's.
    """

    number: int
    name: str
    is_ion: bool
    unit: str
    banks: tuple[LeafBank, ...]
    outlines: tuple[Outline, ...]
    spots: SpotMap | None
    extent: float
    timeline: Timeline
    adjustment: TableTopAdjustment | None = None

    @property
    def points(self) -> int:
        """How many control points there are."""
        return len(self.timeline.poses)

    @property
    def seconds(self) -> float:
        """How long the beam takes in real time."""
        return self.timeline.seconds[-1]

    @property
    def gantry_turns(self) -> tuple[float | None, float]:
        """The gantry's first angle, and how far it turns in all; clockwise positive."""
        poses = self.timeline.poses
        return poses[0].angles[0], sum(pose.turns[0] for pose in poses)

    def at(self, seconds: float) -> MachineState:
        """Return where the machine stands so many seconds after the beam's start."""
        state = self.timeline.state_at(seconds)
        return state.adjusted(self.adjustment, self.timeline.state_at(0.0))

    def meterset_at(self, seconds: float) -> float:
        """Return the meterset that is delivered so many seconds after the beam's start."""
        return self.timeline.scale.meterset(self.timeline.units_at(seconds))

    def seconds_to(self, meterset: float) -> float:
        """Return the moment from which on more than a meterset is delivered."""
        return self.timeline.start_seconds(self.timeline.scale.units(meterset))


def jaw_pair(state: MachineState, *, in_x: bool) -> tuple[float, float] | None:
    """Return the positions of the jaws along X or Y; None where the beam has none."""
    kinds = _X_JAWS if in_x else _Y_JAWS
    for kind, positions in state.jaws:
        if kind in kinds and len(positions) == 2:
            return positions[0], positions[1]
    return None


def leaf_pairs(bank: LeafBank, state: MachineState) -> tuple[tuple[float, float], ...]:
    """Return the facing positions of each leaf pair; none where they are not told."""
    positions = dict(state.leaves).get(bank.kind, ())
    if len(positions) != 2 * bank.pairs:
        return ()
    return tuple(zip(positions[: bank.pairs], positions[bank.pairs :], strict=True))


def beam_path(beam: Beam, adjustment: TableTopAdjustment | None = None) -> BeamPath:
    """Return the path of a beam; call it off the GUI thread.

    Raises
    ------
    DatasetError
        If the control points cannot be read.
    """
    timeline = beam.timeline
    outlines, spots = beam_outlines(beam), spot_map(beam)
    return BeamPath(
        number=beam.number,
        name=beam.name,
        is_ion=beam.is_ion,
        unit=beam.dosimeter_unit,
        banks=tuple(_banks(beam)),
        outlines=outlines,
        spots=spots,
        extent=_extent(timeline, outlines, spots),
        timeline=timeline,
        adjustment=adjustment,
    )


def _banks(beam: Beam) -> Iterator[LeafBank]:
    for keyword in ("BeamLimitingDeviceSequence", "IonBeamLimitingDeviceSequence"):
        for item in items(beam.item, keyword, beam.source):
            kind = text(item, "RTBeamLimitingDeviceType", beam.source)
            pairs = integer(item, "NumberOfLeafJawPairs", beam.source) or 0
            boundaries = numbers(item, "LeafPositionBoundaries", beam.source)
            if kind.startswith(_MULTILEAF) and pairs > 1 and len(boundaries) == pairs + 1:
                yield LeafBank(kind, boundaries)


def _extent(timeline: Timeline, outlines: tuple[Outline, ...], spots: SpotMap | None) -> float:
    """Return how far the openings reach, with some margin."""
    if spots is not None:
        reach = max(max(abs(x), abs(y)) for x, y in spots.places) + spots.spacing
        return min(max(reach * _NARROW_MARGIN, _SMALLEST), _LARGEST)
    fixed = [abs(each) for outline in outlines for point in outline.points for each in point]
    if any(outline.kind is OutlineKind.APPLICATOR for outline in outlines):
        return min(max(max(fixed) * _MARGIN, _SMALLEST), _LARGEST)
    moving = [
        abs(position)
        for pose in timeline.poses
        for _, positions in pose.jaws or pose.leaves
        for position in positions
    ]
    # Jaws may stand wide open behind an aperture.
    reach = max(fixed or moving or [0.0])
    return min(max(reach * _MARGIN, _SMALLEST), _LARGEST)

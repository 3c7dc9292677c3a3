"""Beams of RT Plans and RT Ion Plans and their control points, read alike (PS3.3 C.8.8.14, 25)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pydicom.datadict import tag_for_keyword

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.meterset import MetersetScale
from tdwii_gui.dicom.iod.spots import check_spots
from tdwii_gui.dicom.iod.timeline import Timeline, planned_timeline
from tdwii_gui.dicom.iod.values import (
    integer,
    items,
    number,
    numbers,
    text,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom.dataset import Dataset

_LIMITING_DEVICES: Final = "BeamLimitingDevicePositionSequence"
_WEIGHT: Final = "CumulativeMetersetWeight"
_FINAL_WEIGHT: Final = "FinalCumulativeMetersetWeight"
_MODULATED: Final = ("MODULATED", "MODULATED_SPEC")
_WEIGHT_TOLERANCE: Final = 1e-5
"""Share by which the last weight may differ from the final one: both are decimal text."""


@dataclass(frozen=True, eq=False)
class _LimitingDevices:
    sequence: Sequence[Dataset]

    @cached_property
    def at_points(self) -> tuple[dict[str, Dataset], ...]:
        """The position item of each device type that holds at each control point."""
        points: list[dict[str, Dataset]] = []
        devices: dict[str, Dataset] = {}
        for item in self.sequence:
            own = items(item, _LIMITING_DEVICES)
            devices = {**devices, **{text(d, "RTBeamLimitingDeviceType"): d for d in own}}
            points.append(devices)
        return tuple(points)


@dataclass(frozen=True, eq=False)
class ControlPoint:
    """One control point with its own values and those carried forward to it.

    Parameters
    ----------
    index : int
        Its place in the sequence, from 0.
    item : Dataset
        Its own values: at control point 0 all, later those that change.
    cumulative_meterset_weight : float
        In the beam's own units; see `Beam.specified_meterset`.
    """

    index: int
    item: Dataset = field(repr=False)
    cumulative_meterset_weight: float
    _owners: Mapping[int, Dataset] = field(repr=False)
    _devices: _LimitingDevices = field(repr=False)

    def effective(self, keyword: str) -> object:
        """Return an attribute's value, own or carried forward; None where there is none."""
        tag = tag_for_keyword(keyword)
        owner = self._owners.get(tag) if tag is not None else None
        return None if owner is None else value_of(owner, keyword)

    def effective_number(self, keyword: str) -> float | None:
        """Return an attribute's value, own or carried forward, as a number."""
        tag = tag_for_keyword(keyword)
        owner = self._owners.get(tag) if tag is not None else None
        return None if owner is None else _number(owner, keyword)

    @property
    def nominal_energy(self) -> float | None:
        """Nominal Beam Energy in MV (photons) or MeV (electrons, ions: MeV per nucleon)."""
        return self.effective_number("NominalBeamEnergy")

    @property
    def dose_rate(self) -> float | None:
        """Dose Rate Set (photon) or Meterset Rate (ion), per minute."""
        rate = self.effective_number("DoseRateSet")
        return self.effective_number("MetersetRate") if rate is None else rate

    @property
    def gantry_angle(self) -> float | None:
        """Gantry Angle in degrees."""
        return self.effective_number("GantryAngle")

    @property
    def beam_limiting_device_angle(self) -> float | None:
        """Beam Limiting Device Angle (collimator) in degrees."""
        return self.effective_number("BeamLimitingDeviceAngle")

    @property
    def patient_support_angle(self) -> float | None:
        """Patient Support Angle in degrees."""
        return self.effective_number("PatientSupportAngle")

    @property
    def limiting_devices(self) -> Mapping[str, Dataset]:
        """The position item of each RT Beam Limiting Device Type, each carried forward by itself.

        Points between which a device does not move share its item.
        """
        return self._devices.at_points[self.index]

    @property
    def leaf_jaw_positions(self) -> dict[str, tuple[float, ...]]:
        """Positions in mm per RT Beam Limiting Device Type, each carried forward by itself."""
        devices = self.limiting_devices
        return {kind: numbers(device, "LeafJawPositions") for kind, device in devices.items()}


@dataclass(frozen=True, eq=False)
class Beam:
    """A treatable beam of a fraction group.

    Parameters
    ----------
    number : int
        Beam Number, unique in the plan.
    meterset : float
        Beam Meterset of one fraction, in the dosimeter unit.
    item : Dataset
        The beam's item in the plan.
    is_ion : bool
        Whether the item is of the Ion Beam Sequence.
    source : str
        The plan's file or name, for messages.
    """

    number: int
    meterset: float
    item: Dataset = field(repr=False)
    is_ion: bool
    source: str = ""

    @property
    def name(self) -> str:
        """Beam Name; empty where the plan gives none."""
        return text(self.item, "BeamName", self.source)

    @property
    def machine(self) -> str:
        """Treatment Machine Name; empty where the plan gives none."""
        return text(self.item, "TreatmentMachineName", self.source)

    @property
    def dosimeter_unit(self) -> str:
        """Primary Dosimeter Unit: MU where the plan does not say."""
        return text(self.item, "PrimaryDosimeterUnit", self.source) or "MU"

    @property
    def radiation_type(self) -> str:
        """Radiation Type; where the plan does not say, the one most usual for its kind."""
        default = "PROTON" if self.is_ion else "PHOTON"
        return text(self.item, "RadiationType", self.source) or default

    @property
    def beam_type(self) -> str:
        """Beam Type: STATIC where the plan does not say."""
        return text(self.item, "BeamType", self.source) or "STATIC"

    @property
    def is_modulated(self) -> bool:
        """Whether an ion beam is scanned spot by spot."""
        return self.is_ion and text(self.item, "ScanMode", self.source) in _MODULATED

    @property
    def nominal_energy(self) -> float | None:
        """Nominal Beam Energy at the first control point."""
        points = self.control_points
        return points[0].nominal_energy if points else None

    @cached_property
    def control_points(self) -> tuple[ControlPoint, ...]:
        """The control points with carried-forward values, decoded when first asked for.

        Raises
        ------
        DatasetError
            If there are none, or their weights are missing or fall.
        """
        keyword = "IonControlPointSequence" if self.is_ion else "ControlPointSequence"
        sequence = items(self.item, keyword, self.source)
        if not sequence:
            raise DatasetError(
                [Finding(f"Beam {self.number} {keyword}", "has no item")], self.source
            )
        return self._carried_forward(sequence)

    @cached_property
    def final_meterset_weight(self) -> float:
        """Final Cumulative Meterset Weight; where missing or zero, that of the last point."""
        weight = number(self.item, _FINAL_WEIGHT, self.source)
        return weight or self.control_points[-1].cumulative_meterset_weight

    @cached_property
    def scale(self) -> MetersetScale:
        """The places in which the beam's metersets are counted."""
        return MetersetScale.of(self.meterset)

    @cached_property
    def timeline(self) -> Timeline:
        """What the machine does from the beam's first control point to its last, and when.

        Raises
        ------
        DatasetError
            If the control points cannot be read.
        """
        return planned_timeline(self)

    def specified_meterset(self, point: ControlPoint) -> float:
        """Return the meterset at which a control point is reached in a whole delivery.

        Without any weights the control points share the meterset evenly.
        """
        if self.final_meterset_weight > 0:
            share = point.cumulative_meterset_weight / self.final_meterset_weight
        else:
            share = point.index / max(len(self.control_points) - 1, 1)
        is_last = point.index == len(self.control_points) - 1
        if share > 1 or (is_last and share > 1 - _WEIGHT_TOLERANCE):
            share = 1.0
        return self.scale.rounded(self.meterset * share)

    def require_deliverable(self) -> None:
        """Check what a delivery rests on: the meterset, and the weights that share it out.

        Raises
        ------
        DatasetError
            If the Beam Meterset is none, or weights are missing, do not rise from 0 to the final
            one, or leave a layer without spots.
        """
        if not 0 < self.meterset < math.inf:
            finding = Finding(f"Beam {self.number} BeamMeterset", f"is {self.meterset:g}")
            raise DatasetError([finding], self.source)
        points = self.control_points
        for point in points:
            if _number(point.item, _WEIGHT, self.source) is None:
                raise self.error(point, _WEIGHT, "is missing")
        first, last = points[0], points[-1]
        if first.cumulative_meterset_weight > 0:
            raise self.error(first, _WEIGHT, f"is {first.cumulative_meterset_weight:g}, not 0")
        weight, final = last.cumulative_meterset_weight, self.final_meterset_weight
        if not weight > 0:
            raise self.error(last, _WEIGHT, "is 0: the weights do not rise")
        if abs(weight - final) > _WEIGHT_TOLERANCE * final:
            words = f"is {weight:.10g}, but {_FINAL_WEIGHT} is {final:.10g}"
            raise self.error(last, _WEIGHT, words)
        check_spots(self)

    def path(self, point: ControlPoint, keyword: str) -> str:
        """Return how findings name an attribute of a control point."""
        return f"Beam {self.number} control point {point.index} {keyword}"

    def error(self, point: ControlPoint, keyword: str, problem: str) -> DatasetError:
        """Return the error that an attribute of a control point is."""
        return DatasetError([Finding(self.path(point, keyword), problem)], self.source)

    def _carried_forward(self, sequence: tuple[Dataset, ...]) -> tuple[ControlPoint, ...]:
        points: list[ControlPoint] = []
        owners: dict[int, Dataset] = {}
        devices = _LimitingDevices(sequence)
        weight = 0.0
        for index, item in enumerate(sequence):
            own_weight = _number(item, _WEIGHT, self.source)
            falls = own_weight is not None and own_weight < weight - 1e-6
            weight = weight if own_weight is None else max(weight, own_weight)
            owners = {**owners, **dict.fromkeys(_valued_tags(item), item)}
            points.append(ControlPoint(index, item, weight, owners, devices))
            if falls:
                raise self.error(points[-1], _WEIGHT, "falls")
        return tuple(points)


def control_point_index(point: ControlPoint) -> int:
    """Return the Control Point Index, or the place in the sequence where there is none."""
    index = integer(point.item, "ControlPointIndex")
    return point.index if index is None else index


def _number(item: Dataset, keyword: str, source: str = "") -> float | None:
    """Return an attribute's value as `number` does, without decoding it where that is not needed.

    There are a few thousand of them in an arc.
    """
    values = numbers(item, keyword, source)
    if len(values) == 1 and math.isfinite(values[0]):
        return values[0]
    return number(item, keyword, source)


def _valued_tags(item: Dataset) -> list[int]:
    """Return the tags that hold a value, without decoding any."""
    tags = tuple(item.keys())
    return [
        tag for tag in tags if item.get_item(tag, keep_deferred=True).value not in (None, b"", "")
    ]

"""The beam items of treatment records: what was planned and what was delivered of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.beam import control_point_index
from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.modules import date_and_time
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record_tables import (
    ION,
    ION_SETTINGS,
    PHOTON,
    SPOTS,
    DeviceTable,
    RecordTable,
)
from tdwii_gui.dicom.iod.values import (
    copy_legal,
    copy_legal_or_empty,
    integer,
    items,
    numbers,
    text,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint

_ENERGY_UNITS: Final = {"ELECTRON": "MEV", "PHOTON": "MV"}
_MODULATED: Final = ("MODULATED", "MODULATED_SPEC")


class TerminationStatus(StrEnum):
    """Treatment Termination Status (3008,002A)."""

    NORMAL = "NORMAL"
    OPERATOR = "OPERATOR"
    MACHINE = "MACHINE"
    UNKNOWN = "UNKNOWN"


class VerificationStatus(StrEnum):
    """Treatment Verification Status (3008,002C)."""

    VERIFIED = "VERIFIED"
    VERIFIED_OVR = "VERIFIED_OVR"
    NOT_VERIFIED = "NOT_VERIFIED"


@dataclass(frozen=True, slots=True)
class DeliveredBeam:
    """What was delivered of one beam in a session.

    Parameters
    ----------
    beam_number : int
        Beam Number in the plan.
    end_meterset : float
        Where this delivery ended, in the whole beam's meterset.
    started, ended : datetime
        When; naive moments are local time.
    start_meterset : float
        Where this delivery started: above 0 in a continuation.
    termination : TerminationStatus
        NORMAL unless it was interrupted.
    delivery_type : TreatmentDeliveryType
        As in the beam's task.
    """

    beam_number: int
    end_meterset: float
    started: datetime
    ended: datetime
    start_meterset: float = 0.0
    termination: TerminationStatus = TerminationStatus.NORMAL
    delivery_type: TreatmentDeliveryType = TreatmentDeliveryType.TREATMENT


@dataclass(frozen=True)
class BeamDelivery:
    """A beam of the plan with what was delivered of it.

    Parameters
    ----------
    beam : Beam
        The planned beam.
    delivered : DeliveredBeam
        The delivery.
    fraction_number : int
        Current Fraction Number.
    verification : VerificationStatus or None
        None leaves the status empty.
    """

    beam: Beam
    delivered: DeliveredBeam
    fraction_number: int
    verification: VerificationStatus | None = None

    def check(self) -> None:
        """Check the delivery against the plan.

        Raises
        ------
        DatasetError
            If metersets or times are not in order, or beyond the beam.
        """
        done, total = self.delivered, self.beam.meterset
        path = f"Beam {self.beam.number}"
        if not 0 <= done.start_meterset <= done.end_meterset <= total + METERSET_TOLERANCE:
            words = f"delivered from {done.start_meterset:g} to {done.end_meterset:g} of {total:g}"
            raise DatasetError([Finding(path, words)], self.beam.source)
        if done.start_meterset > 0 and done.delivery_type is TreatmentDeliveryType.TREATMENT:
            words = f"starts at {done.start_meterset:g} but is no CONTINUATION"
            raise DatasetError([Finding(path, words)], self.beam.source)
        if done.ended.astimezone() < done.started.astimezone():
            raise DatasetError([Finding(path, "ended before it started")], self.beam.source)

    @property
    def table(self) -> RecordTable:
        """The mapping for this kind of beam."""
        return ION if self.beam.is_ion else PHOTON

    @cached_property
    def _specified(self) -> tuple[float, ...]:
        beam = self.beam
        return tuple(beam.specified_meterset(point) for point in beam.control_points)

    def delivered_meterset(self, index: int) -> float:
        """Return the Delivered Meterset of a control point (PS3.3 C.8.8.21.2).

        A point passed in an earlier session has the meterset at which this delivery started, one
        not reached that at which it ended.
        """
        done = self.delivered
        return min(max(self._specified[index], done.start_meterset), done.end_meterset)

    def item(self) -> Dataset:
        """Return the item of the session beam sequence."""
        item = Dataset()
        item.ReferencedBeamNumber = self.beam.number
        self._add_planned(item)
        item.CurrentFractionNumber = self.fraction_number
        item.TreatmentDeliveryType = str(self.delivered.delivery_type)
        item.TreatmentTerminationStatus = str(self.delivered.termination)
        item.TreatmentVerificationStatus = str(self.verification) if self.verification else None
        item.SpecifiedPrimaryMeterset = decimal_string(self.beam.meterset)
        item.DeliveredPrimaryMeterset = decimal_string(
            self.delivered.end_meterset - self.delivered.start_meterset
        )
        points = [self._control_point_item(point) for point in self.beam.control_points]
        item.NumberOfControlPoints = len(points)
        setattr(item, self.table.control_points, points)
        return item

    def _add_planned(self, item: Dataset) -> None:
        planned = self.beam.item
        item.BeamType = self.beam.beam_type
        item.RadiationType = self.beam.radiation_type
        copy_legal(planned, item, self.table.beam)
        for keyword in self.table.counts:
            setattr(item, keyword, integer(planned, keyword, self.beam.source) or 0)
        for device in self.table.devices:
            _add_devices(planned, item, device)
        copy_legal(planned, item, self.table.whole_items)
        for keyword in self.table.whole_items:
            for accessory in items(item, keyword):
                for unwanted in self.table.not_in_items:
                    accessory.pop(unwanted, None)
        if self.beam.is_ion:
            self._add_ion_planned(item)
        elif text(planned, "HighDoseTechniqueType") not in ("", "NORMAL"):
            copy_legal(planned, item, ("HighDoseTechniqueType",))

    def _add_ion_planned(self, item: Dataset) -> None:
        planned = self.beam.item
        item.BeamName = text(item, "BeamName") or str(self.beam.number)
        item.ScanMode = text(planned, "ScanMode") or "NONE"
        item.PatientSupportType = text(planned, "PatientSupportType") or "TABLE"

    def _control_point_item(self, point: ControlPoint) -> Dataset:
        meterset = self.delivered_meterset(point.index)
        item = Dataset()
        item.ReferencedControlPointIndex = control_point_index(point)
        moment = self._moment(meterset)
        item.TreatmentControlPointDate, item.TreatmentControlPointTime = date_and_time(moment)
        item.SpecifiedMeterset = decimal_string(self._specified[point.index])
        item.DeliveredMeterset = decimal_string(meterset)
        self._add_rate(point, item)
        copy_legal(point.item, item, self.table.control_point)
        if point.index == 0:
            copy_legal_or_empty(point.item, item, self.table.first_control_point)
        if self.beam.is_ion:
            self._add_ion_control_point(point, item)
        elif "NominalBeamEnergy" in item:
            item.NominalBeamEnergyUnit = _ENERGY_UNITS.get(self.beam.radiation_type, "MV")
        return item

    def _add_rate(self, point: ControlPoint, item: Dataset) -> None:
        planned, as_set, delivered = self.table.rate
        rate = point.effective_number(planned)
        if self.beam.is_ion:
            value: object = rate
        else:
            value = None if rate is None else decimal_string(rate)
        if value is not None or not self.beam.is_ion:
            setattr(item, as_set, value)
            setattr(item, delivered, value)

    def _add_ion_control_point(self, point: ControlPoint, item: Dataset) -> None:
        for setting in ION_SETTINGS:
            _add_devices(point.item, item, setting)
        if text(self.beam.item, "ScanMode") in _MODULATED:
            copy_legal(point.item, item, SPOTS)
            metersets = self.spot_metersets(point)
            if metersets:
                item.ScanSpotMetersetsDelivered = metersets

    def spot_metersets(self, point: ControlPoint) -> list[float]:
        """Return the meterset delivered to each spot of a control point, in this delivery alone.

        Spots are delivered in their order, between this control point and the next.
        """
        weights = numbers(point.item, "ScanSpotMetersetWeights", self.beam.source)
        final = self.beam.final_meterset_weight
        if not weights or final <= 0:
            return []
        start, end = self.delivered.start_meterset, self.delivered.end_meterset
        bounds = accumulate(
            (weight * self.beam.meterset / final for weight in weights),
            initial=self._specified[point.index],
        )
        inside = [min(max(bound, start), end) for bound in bounds]
        return [after - before for before, after in pairwise(inside)]

    def _moment(self, meterset: float) -> datetime:
        done = self.delivered
        span = done.end_meterset - done.start_meterset
        share = (meterset - done.start_meterset) / span if span > 0 else 0.0
        started = done.started.astimezone()
        return started + (done.ended.astimezone() - started) * share


def _add_devices(planned: Dataset, item: Dataset, table: DeviceTable) -> None:
    recorded = [_device_item(device, table) for device in items(planned, table.planned)]
    if recorded:
        setattr(item, table.recorded, recorded)


def _device_item(device: Dataset, table: DeviceTable) -> Dataset:
    item = Dataset()
    copy_legal(device, item, table.copied)
    copy_legal_or_empty(device, item, table.type_2)
    for planned, recorded in table.renamed:
        setattr(item, recorded, integer(device, planned))
    for inner in table.inner:
        _add_devices(device, item, inner)
    return item

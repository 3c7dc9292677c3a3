"""The beam items of treatment records: what was planned and what was delivered of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.beam import control_point_index
from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.meterset import meterset_between
from tdwii_gui.dicom.iod.modules import date_and_time
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record_couch import (
    add_corrections,
    correct_positions,
    couch_corrections,
)
from tdwii_gui.dicom.iod.treatment_record_devices import add_device_items, add_devices
from tdwii_gui.dicom.iod.treatment_record_spots import delivered_spots
from tdwii_gui.dicom.iod.treatment_record_tables import (
    ION,
    ION_SETTINGS,
    PHOTON,
    SPOTS,
    RecordTable,
)
from tdwii_gui.dicom.iod.values import copy_legal, copy_legal_or_empty, integer, new_item, text

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint
    from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment
    from tdwii_gui.dicom.iod.treatment_record_couch import CouchCorrection

_ENERGY_UNITS: Final = {"ELECTRON": "MEV", "PHOTON": "MV"}


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
class DeliveredControlPoint:
    """When and how a delivery passed a control point.

    Parameters
    ----------
    index : int
        Its place in the beam's sequence, from 0.
    specified, delivered : float
        Metersets in the whole beam's meterset; see PS3.3 C.8.8.21.2 for points not passed.
    at : datetime
        When; a naive moment is local time.
    dose_rate_set, dose_rate_delivered : float or None
        Per minute; None where it is not known.
    """

    index: int
    specified: float
    delivered: float
    at: datetime
    dose_rate_set: float | None = None
    dose_rate_delivered: float | None = None


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
    control_points : tuple[DeliveredControlPoint, ...]
        The control points as they were delivered; those not told are derived from the metersets.
    spots : tuple[tuple[float, ...], ...]
        Per control point, the meterset that each of its spots got in this delivery; empty where
        it is derived from the metersets.
    """

    beam_number: int
    end_meterset: float
    started: datetime
    ended: datetime
    start_meterset: float = 0.0
    termination: TerminationStatus = TerminationStatus.NORMAL
    delivery_type: TreatmentDeliveryType = TreatmentDeliveryType.TREATMENT
    control_points: tuple[DeliveredControlPoint, ...] = ()
    spots: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """What the beams of a session share, or its instruction tells of them.

    Parameters
    ----------
    fraction_number : int
        Current Fraction Number.
    verification : VerificationStatus or None
        None leaves the status empty.
    adjustment : TableTopAdjustment or None
        Adjusted table top position of the beam.
    operators_name : str
        Who delivers; may be empty.
    """

    fraction_number: int
    verification: VerificationStatus | None = None
    adjustment: TableTopAdjustment | None = None
    operators_name: str = ""


@dataclass(frozen=True)
class BeamDelivery:
    """A beam of the plan with what was delivered of it.

    Parameters
    ----------
    beam : Beam
        The planned beam.
    delivered : DeliveredBeam
        The delivery.
    context : DeliveryContext
        What the session tells.
    """

    beam: Beam
    delivered: DeliveredBeam
    context: DeliveryContext

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
    def start(self) -> float:
        """Where the delivery started, with the places that a record can hold."""
        return self.beam.scale.rounded(self.delivered.start_meterset)

    @cached_property
    def end(self) -> float:
        """Where the delivery ended, with the places that a record can hold."""
        return self.beam.scale.rounded(self.delivered.end_meterset)

    @cached_property
    def control_points(self) -> tuple[DeliveredControlPoint, ...]:
        """All control points as they were delivered: as told, else derived from the metersets.

        A point passed in an earlier session has the meterset at which this delivery started, one
        not reached that at which it ended (PS3.3 C.8.8.21.2).
        """
        told = {point.index: point for point in self.delivered.control_points}
        return tuple(
            told.get(point.index) or self._derived(point) for point in self.beam.control_points
        )

    def item(self) -> Dataset:
        """Return the item of the session beam sequence."""
        item = Dataset()
        item.ReferencedBeamNumber = self.beam.number
        self._add_planned(item)
        verification = self._verification()
        item.CurrentFractionNumber = self.context.fraction_number
        item.TreatmentDeliveryType = str(self.delivered.delivery_type)
        item.TreatmentTerminationStatus = str(self.delivered.termination)
        item.TreatmentVerificationStatus = str(verification) if verification else None
        item.SpecifiedPrimaryMeterset = decimal_string(self.beam.meterset)
        item.DeliveredPrimaryMeterset = decimal_string(meterset_between(self.start, self.end))
        points = self._control_point_items()
        item.NumberOfControlPoints = len(points)
        setattr(item, self.table.control_points, points)
        return item

    @cached_property
    def _corrections(self) -> tuple[CouchCorrection, ...]:
        return couch_corrections(self.beam, self.context.adjustment)

    def _verification(self) -> VerificationStatus | None:
        """Return the status; values of the plan that were overridden were verified as such."""
        status = self.context.verification
        overrides = any(correction.value for correction in self._corrections)
        if status is VerificationStatus.VERIFIED and overrides:
            return VerificationStatus.VERIFIED_OVR
        return status

    def _derived(self, point: ControlPoint) -> DeliveredControlPoint:
        specified = self.beam.specified_meterset(point)
        meterset = min(max(specified, self.start), self.end)
        rate = point.dose_rate
        return DeliveredControlPoint(
            point.index, specified, meterset, self._moment(meterset), rate, rate
        )

    def _add_planned(self, item: Dataset) -> None:
        planned = self.beam.item
        item.BeamType = self.beam.beam_type
        item.RadiationType = self.beam.radiation_type
        copy_legal(planned, item, self.table.beam)
        for keyword in self.table.counts:
            setattr(item, keyword, integer(planned, keyword, self.beam.source) or 0)
        add_devices(planned, item, self.table)
        if self.beam.is_ion:
            self._add_ion_planned(item)
        elif text(planned, "HighDoseTechniqueType") not in ("", "NORMAL"):
            copy_legal(planned, item, ("HighDoseTechniqueType",))

    def _add_ion_planned(self, item: Dataset) -> None:
        planned = self.beam.item
        item.BeamName = text(item, "BeamName") or str(self.beam.number)
        item.ScanMode = text(planned, "ScanMode") or "NONE"
        item.PatientSupportType = text(planned, "PatientSupportType") or "TABLE"

    def _control_point_items(self) -> list[Dataset]:
        made = [
            self._control_point_item(point, delivered)
            for point, delivered in zip(self.beam.control_points, self.control_points, strict=True)
        ]
        if self.beam.is_modulated:
            spots = delivered_spots(self.beam, self.start, self.end, self.delivered.spots)
            for point, item, metersets in zip(self.beam.control_points, made, spots, strict=True):
                copy_legal(point.item, item, SPOTS)
                if metersets:
                    item.ScanSpotMetersetsDelivered = metersets
        return made

    def _control_point_item(self, point: ControlPoint, delivered: DeliveredControlPoint) -> Dataset:
        item = new_item()
        item.ReferencedControlPointIndex = control_point_index(point)
        item.TreatmentControlPointDate, item.TreatmentControlPointTime = date_and_time(delivered.at)
        rounded = self.beam.scale.rounded
        item.SpecifiedMeterset = decimal_string(rounded(delivered.specified))
        item.DeliveredMeterset = decimal_string(rounded(delivered.delivered))
        self._add_rate(delivered, item)
        copy_legal(point.item, item, self.table.control_point)
        if point.index == 0:
            copy_legal_or_empty(point.item, item, self.table.first_control_point)
        self._add_corrections(point, item)
        if self.beam.is_ion:
            for setting in ION_SETTINGS:
                add_device_items(point.item, item, setting)
        elif "NominalBeamEnergy" in item:
            item.NominalBeamEnergyUnit = _ENERGY_UNITS.get(self.beam.radiation_type, "MV")
        return item

    def _add_corrections(self, point: ControlPoint, item: Dataset) -> None:
        if not self._corrections:
            return
        correct_positions(item, self._corrections, first=point.index == 0)
        if point.index == 0:
            operator = self.context.operators_name
            add_corrections(item, self._corrections, self.table.control_points, operator)

    def _add_rate(self, delivered: DeliveredControlPoint, item: Dataset) -> None:
        rates = (delivered.dose_rate_set, delivered.dose_rate_delivered)
        for keyword, rate in zip(self.table.rates, rates, strict=True):
            if not self.beam.is_ion:
                setattr(item, keyword, None if rate is None else decimal_string(rate))
            elif rate is not None:
                setattr(item, keyword, rate)

    def _moment(self, meterset: float) -> datetime:
        done = self.delivered
        span = self.end - self.start
        share = (meterset - self.start) / span if span > 0 else 0.0
        started = done.started.astimezone()
        return started + (done.ended.astimezone() - started) * share

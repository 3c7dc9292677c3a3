"""RT Beams and RT Ion Beams Treatment Records of a session (PS3.3 A.25, A.50)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import legal
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.iod.modules import Identity, date_and_time, new_instance
from tdwii_gui.dicom.iod.treatment_record_beam import (
    BeamDelivery,
    DeliveredBeam,
    TerminationStatus,
    VerificationStatus,
)
from tdwii_gui.dicom.iod.values import copy_legal_or_empty, text
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

__all__ = (
    "DeliveredBeam",
    "SessionInfo",
    "TerminationStatus",
    "VerificationStatus",
    "build_treatment_records",
)

MODALITY: Final = "RTRECORD"

_MACHINE: Final = (
    "TreatmentMachineName",
    "Manufacturer",
    "InstitutionName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What the records of a session share.

    Parameters
    ----------
    fraction_number : int
        Current Fraction Number.
    operators_name : str
        Operators' Name; may be empty.
    machine : str
        The Treatment Machine Name where it is not the plan's.
    prior_records : Sequence[Dataset]
        Earlier records of the same fraction, to be referenced.
    verification : VerificationStatus or None
        None leaves it empty: an emulator verifies nothing.
    identity : Identity
        Series UID, series number and time of creation for all records; further records of the
        session get new SOP Instance UIDs and rising instance numbers.
    """

    fraction_number: int
    operators_name: str = ""
    machine: str = ""
    prior_records: Sequence[Dataset] = ()
    verification: VerificationStatus | None = None
    identity: Identity = field(default_factory=Identity)


def build_treatment_records(
    plan: Plan, group: FractionGroup, beams: Sequence[DeliveredBeam], session: SessionInfo
) -> list[Dataset]:
    """Return the treatment records of a session: one, or one per machine and dosimeter unit.

    Raises
    ------
    DatasetError
        If nothing was delivered, a beam is given twice, or a delivery contradicts the plan.
    """
    group.check_fraction_number(session.fraction_number)
    legal.permit("OperatorsName", session.operators_name)
    legal.permit("TreatmentMachineName", session.machine)
    repeated = [n for n, count in Counter(b.beam_number for b in beams).items() if count > 1]
    if repeated or not beams:
        problem = f"beam {repeated[0]} was delivered twice" if repeated else "no beam was delivered"
        raise DatasetError(problem, plan.source)
    by_machine: dict[tuple[str, str], list[BeamDelivery]] = {}
    for delivered in beams:
        beam = group.beam(delivered.beam_number)
        delivery = BeamDelivery(beam, delivered, session.fraction_number, session.verification)
        delivery.check()
        key = (session.machine or beam.machine, beam.dosimeter_unit)
        by_machine.setdefault(key, []).append(delivery)
    return [
        _record(plan, group, deliveries, _session_of_record(session, index))
        for index, deliveries in enumerate(by_machine.values())
    ]


def _session_of_record(session: SessionInfo, index: int) -> SessionInfo:
    if index == 0:
        return session
    identity = replace(
        session.identity,
        sop_instance_uid=new_uid(),
        instance_number=session.identity.instance_number + index,
    )
    return replace(session, identity=identity)


def _record(
    plan: Plan, group: FractionGroup, deliveries: list[BeamDelivery], session: SessionInfo
) -> Dataset:
    sop_class = (
        uids.RT_ION_BEAMS_TREATMENT_RECORD if plan.is_ion else uids.RT_BEAMS_TREATMENT_RECORD
    )
    record = new_instance(plan, sop_class, MODALITY, session.identity)
    record.OperatorsName = session.operators_name or None
    started = min(delivery.delivered.started.astimezone() for delivery in deliveries)
    record.TreatmentDate, record.TreatmentTime = date_and_time(started)
    record.ReferencedRTPlanSequence = [sop_reference(plan.sop_class_uid, plan.sop_instance_uid)]
    if session.prior_records:
        record.ReferencedTreatmentRecordSequence = [
            _prior_record(prior) for prior in session.prior_records
        ]
    record.TreatmentMachineSequence = [_machine(deliveries[0], session.machine)]
    record.ReferencedFractionGroupNumber = group.number
    record.NumberOfFractionsPlanned = group.fractions_planned or None
    record.PrimaryDosimeterUnit = deliveries[0].beam.dosimeter_unit
    beams = [delivery.item() for delivery in deliveries]
    setattr(record, deliveries[0].table.session_beams, beams)
    return record


def _machine(delivery: BeamDelivery, machine: str) -> Dataset:
    item = Dataset()
    copy_legal_or_empty(delivery.beam.item, item, _MACHINE)
    if machine and machine != delivery.beam.machine:
        # Maker and serial number are those of the planned machine, not of this one.
        item = Dataset()
        copy_legal_or_empty(Dataset(), item, _MACHINE)
        item.TreatmentMachineName = machine
    return item


def _prior_record(record: Dataset) -> Dataset:
    sop_class, uid = text(record, "SOPClassUID"), text(record, "SOPInstanceUID")
    if sop_class not in uids.TREATMENT_RECORD_CLASSES or not uid:
        raise DatasetError([Finding("ReferencedTreatmentRecordSequence", "names no record")])
    return sop_reference(sop_class, uid)

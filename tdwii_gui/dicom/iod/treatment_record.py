"""RT Beams and RT Ion Beams Treatment Records of a session (PS3.3 A.25, A.50)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.iod.modules import Identity, date_and_time, new_instance
from tdwii_gui.dicom.iod.plan_record import is_record_of
from tdwii_gui.dicom.iod.treatment_record_beam import (
    BeamDelivery,
    DeliveredBeam,
    DeliveredControlPoint,
    DeliveryContext,
    TerminationStatus,
    VerificationStatus,
)
from tdwii_gui.dicom.iod.values import copy_legal_or_empty
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction

__all__ = (
    "DeliveredBeam",
    "DeliveredControlPoint",
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
        Earlier records; those of the plan and fraction are referenced.
    verification : VerificationStatus or None
        None leaves it empty: an emulator verifies nothing.
    instruction : RtBeamsDeliveryInstruction or None
        Whose adjusted table top positions are recorded.
    per_beam : bool
        Whether each beam has a record of its own.
    identity : Identity
        Series UID, series number and time of creation for all records; further records of the
        session get new SOP Instance UIDs and rising instance numbers.
    """

    fraction_number: int
    operators_name: str = ""
    machine: str = ""
    prior_records: Sequence[Dataset] = ()
    verification: VerificationStatus | None = None
    instruction: RtBeamsDeliveryInstruction | None = None
    per_beam: bool = False
    identity: Identity = field(default_factory=Identity)


def build_treatment_records(
    plan: Plan, group: FractionGroup, beams: Sequence[DeliveredBeam], session: SessionInfo
) -> list[Dataset]:
    """Return the treatment records of a session: one, or one per machine and dosimeter unit.

    With `SessionInfo.per_beam` there is one per beam, in the order of delivery.

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
    of_record: dict[tuple[str, str, int | None], list[BeamDelivery]] = {}
    for delivered in beams:
        beam = group.beam(delivered.beam_number)
        delivery = BeamDelivery(beam, delivered, _context(session, beam.number))
        delivery.check()
        own = beam.number if session.per_beam else None
        key = (session.machine or beam.machine, beam.dosimeter_unit, own)
        of_record.setdefault(key, []).append(delivery)
    return [
        _record(plan, group, deliveries, _session_of_record(session, index))
        for index, deliveries in enumerate(of_record.values())
    ]


def _context(session: SessionInfo, beam_number: int) -> DeliveryContext:
    tasks = session.instruction.tasks if session.instruction else ()
    adjustments = {task.beam_number: task.adjustment for task in tasks}
    return DeliveryContext(
        session.fraction_number,
        session.verification,
        adjustments.get(beam_number),
        session.operators_name,
    )


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
    prior = _prior_records(plan, session)
    if prior:
        record.ReferencedTreatmentRecordSequence = prior
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


def _prior_records(plan: Plan, session: SessionInfo) -> list[Dataset]:
    """Return references to the earlier records of the plan and fraction, each once.

    Whatever else is given is passed over: what was delivered has to be recorded all the same.
    """
    references: dict[str, Dataset] = {}
    for record in session.prior_records:
        sop_class, uid = (tolerant.text(record, k) for k in ("SOPClassUID", "SOPInstanceUID"))
        if uid and is_record_of(plan, record) and _tells_of(record, session.fraction_number):
            references[uid] = sop_reference(sop_class, uid)
    return list(references.values())


def _tells_of(record: Dataset, fraction_number: int) -> bool:
    beams = [
        *tolerant.items(record, "TreatmentSessionBeamSequence"),
        *tolerant.items(record, "TreatmentSessionIonBeamSequence"),
    ]
    return str(fraction_number) in [tolerant.text(b, "CurrentFractionNumber") for b in beams]

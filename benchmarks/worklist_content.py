"""Steps, queries and other data sets for the benchmarks of a worklist, encoded in advance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from benchmarks.material import demo_plan
from tdwii_gui.dicom.iod.rtbdi import build_rtbdi
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_create import StepRequest, as_attribute_list, build_ups
from tdwii_gui.dicom.store.encoding import decode, put
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.store.ups_transaction import Step
from tdwii_gui.dicom.uids import UPS_PUSH, new_uid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MATCHES: Final = 10
"""So many steps are of the machine and day that is asked for."""

_MACHINE: Final = "LINAC0"
_OTHER_MACHINES: Final = 50
_DAYS: Final = 15
_PORTION: Final = 1000
_START: Final = b"20990101000000"
_STATION: Final = b"@STAT@"
_PATIENT: Final = b"@PATIENT"


@cache
def attribute_list() -> Dataset:
    """Return the attribute list of an N-CREATE as TDW-II has it, some 3 KB of implicit VR."""
    plan = demo_plan()
    group = plan.fraction_group()
    begin = datetime.now().astimezone()
    request = StepRequest(1, group, begin, "OST", "TMS")
    step = build_ups(plan, build_rtbdi(plan, group, 1), replace(request, machine=_STATION.decode()))
    step.ScheduledProcedureStepStartDateTime = _START.decode()
    step.PatientID = _PATIENT.decode()
    return as_attribute_list(step)


def encoded(dataset: Dataset) -> bytes:
    """Return a data set in Implicit VR Little Endian."""
    return encode(dataset, True, True) or b""


@cache
def _template() -> bytes:
    return encoded(attribute_list())


def steps(number: int, *, first: int = 0) -> Iterator[bytes]:
    """Yield encoded attribute lists; the first ten are those that `query` asks for.

    Of the others each hundredth is of the same machine on another day, and the rest of fifty
    machines in the days around today.
    """
    today = datetime.now().astimezone()
    for count in range(first, first + number):
        machine, day = f"LIN{count % _OTHER_MACHINES + 1:03d}", count % _DAYS - _DAYS // 2
        if count < MATCHES:
            machine, day = _MACHINE, 0
        elif count % 100 == 0:
            machine, day = _MACHINE, 1 + count // 100 % _DAYS
        moment = today.replace(hour=8 + count % 10, minute=count % 60) + timedelta(days=day)
        yield (
            _template()
            .replace(_STATION, machine.encode())
            .replace(_START, moment.strftime("%Y%m%d%H%M00").encode())
            .replace(_PATIENT, b"P%07d" % count)
        )


def fill(data_folder: Path, number: int, *, first: int = 0) -> None:
    """Put steps straight into the worklist of a TMS that is not running."""
    store = UpsStore(data_folder / "tms" / "ups.sqlite")
    try:
        for begin in range(first, first + number, _PORTION):
            portion = min(_PORTION, first + number - begin)
            with store.transaction() as transaction:
                for each in steps(portion, first=begin):
                    uid = new_uid()
                    dataset = decode(each, True)
                    put(dataset, "SOPClassUID", UPS_PUSH)
                    put(dataset, "SOPInstanceUID", uid)
                    transaction.insert(Step(uid, ProcedureStepState.SCHEDULED, "", "", dataset))
    finally:
        store.close()


def query() -> bytes:
    """Return an identifier that ten steps match: a machine's scheduled treatments of today."""
    today = f"{datetime.now().astimezone():%Y%m%d}"
    identifier = _identifier()
    identifier.ScheduledProcedureStepStartDateTime = f"{today}000000-{today}235959"
    identifier.ScheduledStationNameCodeSequence = [Dataset()]
    identifier.ScheduledStationNameCodeSequence[0].CodeValue = _MACHINE
    return encoded(identifier)


def query_of_all() -> bytes:
    """Return an identifier that all scheduled steps match."""
    return encoded(_identifier())


def _identifier() -> Dataset:
    identifier = Dataset()
    identifier.ProcedureStepState = "SCHEDULED"
    for keyword in (
        "PatientName",
        "PatientID",
        "SOPInstanceUID",
        "SOPClassUID",
        "ProcedureStepLabel",
        "InputReadinessState",
        "ScheduledProcedureStepStartDateTime",
    ):
        setattr(identifier, keyword, "")
    identifier.ScheduledProcessingParametersSequence = []
    identifier.InputInformationSequence = []
    return identifier


def progress(transaction_uid: str, percent: int) -> bytes:
    """Return the modification list of an N-SET that reports progress."""
    item = Dataset()
    item.ProcedureStepProgress = str(percent)
    item.ProcedureStepProgressDescription = f"Beam {percent % 5 + 1}"
    modifications = Dataset()
    modifications.TransactionUID = transaction_uid
    modifications.ProcedureStepProgressInformationSequence = [item]
    return encoded(modifications)


def claim(transaction_uid: str) -> bytes:
    """Return the action information that makes a step IN PROGRESS."""
    information = Dataset()
    information.ProcedureStepState = ProcedureStepState.IN_PROGRESS.value
    information.TransactionUID = transaction_uid
    return encoded(information)


def subscription(receiving_ae: str, *, ends: bool = False) -> bytes:
    """Return the action information that begins or ends a subscription to all steps."""
    information = Dataset()
    information.ReceivingAE = receiving_ae
    if not ends:
        information.DeletionLock = "FALSE"
    return encoded(information)

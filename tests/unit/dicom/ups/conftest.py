"""A worklist in a temporary database, and the messages that are sent to it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import (
    code_item,
    numeric_item,
    reference_and_access_item,
    sop_reference,
    text_item,
)
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import RT_BEAMS_DELIVERY_INSTRUCTION, RT_PLAN
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import ServiceMode, StepChange, UpsService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UID = "1.2.3.100"
OWN = "1.2.3.4.1"
OTHER = "1.2.3.4.2"
KNOWN = ("WATCHER", "OTHER")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def dataset(**values: object) -> Dataset:
    built = Dataset()
    for keyword, value in values.items():
        setattr(built, keyword, value)
    return built


def code(value: str, scheme: str = "99X") -> Dataset:
    return code_item(codes.Code(value, scheme, f"meaning of {value}"))


def input_item(sop_class_uid: str, retrieve_ae_title: str) -> Dataset:
    instance = sop_reference(sop_class_uid, "1.2.3.9")
    return reference_and_access_item("1.2.3.4.5", "1.2.3.4.6", [instance], retrieve_ae_title)


def new_step(**changes: object) -> Dataset:
    """Return the attribute list of an N-CREATE; a change to None takes an attribute out."""
    step = dataset(
        SpecificCharacterSet="ISO_IR 100",
        TransactionUID="",
        ScheduledProcedureStepPriority="MEDIUM",
        ProcedureStepLabel="Größe",
        WorklistLabel="",
        ScheduledProcessingParametersSequence=[
            text_item(codes.TREATMENT_DELIVERY_TYPE, "TREATMENT"),
            text_item(codes.PLAN_LABEL, "PLAN"),
            numeric_item(codes.CURRENT_FRACTION_NUMBER, 1),
            numeric_item(codes.NUMBER_OF_FRACTIONS_PLANNED, 5),
        ],
        ScheduledStationNameCodeSequence=[code("TR1")],
        ScheduledStationClassCodeSequence=[],
        ScheduledStationGeographicLocationCodeSequence=[],
        ScheduledProcedureStepStartDateTime="20261121080000+0000",
        ScheduledWorkitemCodeSequence=[code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)],
        CommentsOnTheScheduledProcedureStep="",
        InputReadinessState="READY",
        InputInformationSequence=[
            input_item(RT_PLAN, "OST"),
            input_item(RT_BEAMS_DELIVERY_INSTRUCTION, "TMS"),
        ],
        StudyInstanceUID="1.2.3.4.5",
        PatientName="Müller^Jörg",
        PatientID="A1",
        IssuerOfPatientID="",
        IssuerOfPatientIDQualifiersSequence=[],
        OtherPatientIDsSequence=[],
        PatientBirthDate="",
        PatientSex="",
        AdmissionID="",
        IssuerOfAdmissionIDSequence=[],
        AdmittingDiagnosesDescription="",
        AdmittingDiagnosesCodeSequence=[],
        ReferencedRequestSequence=[],
        ProcedureStepState="SCHEDULED",
        ProcedureStepProgressInformationSequence=[],
        UnifiedProcedureStepPerformedProcedureSequence=[],
    )
    for keyword, value in changes.items():
        if value is None:
            del step[keyword]
        else:
            setattr(step, keyword, value)
    return step


def performed() -> Dataset:
    """Return the modifications that COMPLETED needs."""
    item = dataset(
        PerformedStationNameCodeSequence=[code("TR1")],
        PerformedProcedureStepStartDateTime="20261121080100+0000",
        PerformedWorkitemCodeSequence=[code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)],
        PerformedProcedureStepEndDateTime="20261121081500+0000",
        OutputInformationSequence=[],
    )
    return dataset(UnifiedProcedureStepPerformedProcedureSequence=[item])


def reason() -> Dataset:
    """Return the modifications that CANCELED needs."""
    item = dataset(ProcedureStepDiscontinuationReasonCodeSequence=[code("110501", "DCM")])
    return dataset(ProcedureStepProgressInformationSequence=[item])


class Worklist:
    """A service with its store, and what it told."""

    def __init__(self, path: Path, mode: ServiceMode = ServiceMode.STANDARD) -> None:
        self.changes: list[StepChange] = []
        self.store = UpsStore(path)
        self.outbox = Outbox(self.store)
        self.service = UpsService(
            self.store,
            known_ae=KNOWN.__contains__,
            on_change=self.changes.append,
            now=lambda: NOW,
            mode=mode,
        )

    def create(self, uid: str = UID, **changes: object) -> None:
        self.service.create(uid, new_step(**changes), "CREATOR")

    def change_state(self, state: str, transaction_uid: str | None = OWN) -> int:
        information = dataset(ProcedureStepState=state)
        if transaction_uid is not None:
            information.TransactionUID = transaction_uid
        return self.service.change_state(UID, information, "TDD")

    def set(self, modifications: Dataset, transaction_uid: str = OWN) -> int:
        modifications.TransactionUID = transaction_uid
        return self.service.set(UID, modifications, "TDD")

    def bring_to(self, state: str) -> None:
        """Create the step and bring it into a state, claimed with the own Transaction UID."""
        self.create()
        if state == "SCHEDULED":
            return
        self.change_state("IN PROGRESS")
        if state == "IN PROGRESS":
            return
        modifications = performed()
        modifications.update(reason())
        self.set(modifications)
        self.change_state(state)
        self.changes.clear()

    def subscribe(self, receiving_ae: str = "WATCHER", uid: str = UID, lock: str = "FALSE") -> int:
        information = dataset(ReceivingAE=receiving_ae, DeletionLock=lock)
        return self.service.subscribe(uid, information, receiving_ae)

    def events(self, receiving_ae: str = "WATCHER") -> list[tuple[int, str, str]]:
        """Take the events that are due to an AE: type, step, and state where there is one."""
        events = self.outbox.next(receiving_ae)
        self.outbox.delivered([event.id for event in events])
        return [
            (
                event.event_type,
                event.sop_instance_uid,
                str(event.information.get("ProcedureStepState", "")),
            )
            for event in events
        ]

    def state(self) -> str:
        return str(self.service.get(UID).ProcedureStepState)


@pytest.fixture
def make_worklist() -> Iterator[Callable[..., Worklist]]:
    """Return a function that opens a worklist on a file, until the test ends."""
    with ExitStack() as opened:

        def make(path: Path, mode: ServiceMode = ServiceMode.STANDARD) -> Worklist:
            worklist = Worklist(path, mode)
            opened.callback(worklist.store.close)
            return worklist

        yield make


@pytest.fixture
def worklist(make_worklist: Callable[..., Worklist], tmp_path: Path) -> Worklist:
    return make_worklist(tmp_path / "ups.sqlite")


@pytest.fixture
def lenient_worklist(make_worklist: Callable[..., Worklist], tmp_path: Path) -> Worklist:
    return make_worklist(tmp_path / "ups.sqlite", ServiceMode.LENIENT)


@pytest.fixture
def strict_worklist(make_worklist: Callable[..., Worklist], tmp_path: Path) -> Worklist:
    return make_worklist(tmp_path / "ups.sqlite", ServiceMode.STRICT)


@pytest.fixture(name="dataset")
def dataset_fixture() -> Callable[..., Dataset]:
    return dataset


@pytest.fixture(name="code")
def code_fixture() -> Callable[..., Dataset]:
    return code


@pytest.fixture(name="new_step")
def new_step_fixture() -> Callable[..., Dataset]:
    return new_step


@pytest.fixture(name="performed")
def performed_fixture() -> Callable[[], Dataset]:
    return performed


@pytest.fixture(name="reason")
def reason_fixture() -> Callable[[], Dataset]:
    return reason


@pytest.fixture
def refused() -> Callable[..., tuple[int, str]]:
    """Return a function that returns status and comment of what must be refused."""

    def call(function: Callable[..., object], *args: object, **options: object) -> tuple[int, str]:
        with pytest.raises(DimseStatusError) as caught:
            function(*args, **options)
        return caught.value.status, caught.value.comment

    return call

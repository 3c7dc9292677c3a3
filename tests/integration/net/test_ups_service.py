"""The real UPS service on the network, and its events: bare SCUs, a bare event receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import (
    UPS_EVENT,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_WATCH,
    new_uid,
)
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import UpsService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.net.session import LocalAe


def step() -> Dataset:
    dataset = Dataset()
    dataset.TransactionUID = ""
    dataset.ScheduledProcedureStepPriority = "MEDIUM"
    dataset.ProcedureStepLabel = "Fraction 1"
    dataset.WorklistLabel = "TDW"
    dataset.ScheduledProcessingParametersSequence = []
    dataset.ScheduledStationNameCodeSequence = []
    dataset.ScheduledStationClassCodeSequence = []
    dataset.ScheduledStationGeographicLocationCodeSequence = []
    dataset.ScheduledProcedureStepStartDateTime = "20260102080000"
    dataset.ScheduledWorkitemCodeSequence = [code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)]
    dataset.InputReadinessState = "READY"
    dataset.InputInformationSequence = []
    dataset.PatientName = "Test^Patient"
    dataset.PatientID = "P1"
    dataset.IssuerOfPatientID = ""
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.AdmissionID = ""
    dataset.AdmittingDiagnosesDescription = ""
    dataset.ReferencedRequestSequence = []
    dataset.CommentsOnTheScheduledProcedureStep = ""
    dataset.OtherPatientIDsSequence = []
    dataset.UnifiedProcedureStepPerformedProcedureSequence = []
    dataset.ProcedureStepProgressInformationSequence = []
    dataset.AdmittingDiagnosesCodeSequence = []
    dataset.IssuerOfAdmissionIDSequence = []
    dataset.ProcedureStepState = "SCHEDULED"
    return dataset


def change(state: str, transaction_uid: str) -> Dataset:
    dataset = Dataset()
    dataset.ProcedureStepState = state
    dataset.TransactionUID = transaction_uid
    return dataset


def receiving(**values: str) -> Dataset:
    dataset = Dataset()
    dataset.ReceivingAE = "WATCHER"
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


@pytest.fixture
def tms(
    tmp_path: Path,
    start_host: Callable[..., Any],
    bare_scp: Callable[..., Any],
    bare_scu: Callable[..., Any],
    local: LocalAe,
) -> Iterator[tuple[Any, Any]]:
    """A bare SCU associated with a whole UPS service, and a bare receiver of its events."""
    context = build_context(UPS_EVENT)
    context.scu_role = context.scp_role = True
    watcher = bare_scp(
        [context], {evt.EVT_N_EVENT_REPORT: lambda _event: (0, None)}, ae_title="WATCHER"
    )
    directory = AeDirectory([watcher.peer])
    store = UpsStore(tmp_path / "ups.sqlite")
    sender = EventSender(Outbox(store), directory, local)
    service = UpsService(
        store, known_ae=directory.__contains__, on_change=lambda _change: sender.wake()
    )
    sender.start()
    host = start_host(UpsScp(service))
    association = bare_scu(host, [build_context(uid) for uid in (UPS_PUSH, UPS_PULL, UPS_WATCH)])
    yield association, watcher
    association.release()
    host.stop()
    sender.stop()
    store.close()


def test_a_step_from_creation_to_completion_is_reported(tms: tuple[Any, Any]) -> None:
    association, watcher = tms
    subscription = receiving(DeletionLock="FALSE")
    command, _ = association.send_n_action(
        subscription, 3, UPS_PUSH, UPS_GLOBAL_SUBSCRIPTION, meta_uid=UPS_WATCH
    )
    assert command.Status == 0

    uid, claim = new_uid(), new_uid()
    command, _ = association.send_n_create(step(), UPS_PUSH, uid)
    assert command.Status in (0, Status.UPS_CREATED_MODIFIED)

    command, _ = association.send_n_action(
        change("IN PROGRESS", claim), 1, UPS_PUSH, uid, meta_uid=UPS_PULL
    )
    assert command.Status == 0
    command, _ = association.send_n_action(
        change("IN PROGRESS", new_uid()), 1, UPS_PUSH, uid, meta_uid=UPS_PULL
    )
    assert command.Status == Status.UPS_TRANSACTION_UID_WRONG

    progress = Dataset()
    progress.TransactionUID = claim
    item = Dataset()
    item.ProcedureStepProgress = "50"
    progress.ProcedureStepProgressInformationSequence = [item]
    command, _ = association.send_n_set(progress, UPS_PUSH, uid, meta_uid=UPS_PULL)
    assert command.Status == 0

    command, attributes = association.send_n_get([], UPS_PUSH, uid, meta_uid=UPS_WATCH)
    assert attributes.ProcedureStepState == "IN PROGRESS"
    assert not attributes.get("TransactionUID")

    query = Dataset()
    query.ProcedureStepState = "IN PROGRESS"
    query.SOPInstanceUID = ""
    query.SOPClassUID = ""
    answers = list(association.send_c_find(query, UPS_PULL))
    assert answers[-1][0].Status == 0
    ((_, found),) = answers[:-1]
    assert (found.SOPInstanceUID, found.SOPClassUID) == (uid, UPS_PUSH)

    events = [watcher.requests.get(timeout=10) for _ in range(3)]
    assert [one.event_type for one in events] == [1, 1, 3]
    assert [one.event_information.get("ProcedureStepState") for one in events] == [
        "SCHEDULED",
        "IN PROGRESS",
        None,
    ]
    assert {one.request.AffectedSOPInstanceUID for one in events} == {uid}


def test_what_is_not_known_is_refused(tms: tuple[Any, Any]) -> None:
    association, _ = tms
    command, _ = association.send_n_get([], UPS_PUSH, "1.2.3", meta_uid=UPS_PULL)
    assert command.Status == Status.UPS_UNKNOWN
    unknown = receiving(DeletionLock="FALSE")
    unknown.ReceivingAE = "NOBODY"
    command, _ = association.send_n_action(
        unknown, 3, UPS_PUSH, UPS_GLOBAL_SUBSCRIPTION, meta_uid=UPS_WATCH
    )
    assert command.Status == Status.UPS_RECEIVING_AE_UNKNOWN

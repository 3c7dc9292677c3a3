"""The field's sample clients against our TMS, rebuilt with bare pynetdicom from what they do.

They name the SOP Class of the context in the message (UPS Pull instead of Push), put SOP Class and
Instance UID, command elements and file meta information into data sets, leave the choice of the
context to pynetdicom, call a number NUM, and take 0000 or FF00 of an N-SET for success.
"""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import build_context

from tdwii_gui.dicom.iod.rtbdi import build_rtbdi
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups
from tdwii_gui.dicom.iod.ups_update import FinalUpdate, final_update, progress_update
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH, new_uid
from tdwii_gui.dicom.ups.mode import ServiceMode
from tdwii_gui.dicom.ups.service import UpsService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.net.scp_host import ScpHost

LENIENT, STANDARD, STRICT = ServiceMode
SECONDS = 60
NOW = datetime.now().astimezone()
EVERYTHING = (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY)
FIELD_SUCCESS = (0x0000, 0xFF00)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[UpsService]:
    store = UpsStore(tmp_path / "ups.sqlite")
    yield UpsService(store, known_ae=lambda _title: True, mode=LENIENT)
    store.close()


@pytest.fixture
def host(start_host: Callable[..., ScpHost], service: UpsService) -> ScpHost:
    return start_host(UpsScp(service))


@pytest.fixture
def field(host: ScpHost, bare_scu: Callable[..., Any]) -> Any:
    return bare_scu(host, [build_context(uid) for uid in EVERYTHING], ae_title="TDD")


@pytest.fixture
def attributes(plan: Plan) -> Dataset:
    """Return a step for machine FX1 as our creator makes it."""
    group = plan.fraction_group()
    request = StepRequest(1, group, NOW, static_ae="OST", dynamic_ae="TMS", machine="FX1")
    return build_ups(plan, build_rtbdi(plan, group, 1), request)


def as_the_field_does(dataset: Dataset, uid: str) -> Dataset:
    """Return a data set with what the field's sample code leaves in it."""
    changed = deepcopy(dataset)
    changed.SOPClassUID, changed.SOPInstanceUID = UPS_PUSH, uid
    changed.RequestedSOPClassUID, changed.RequestedSOPInstanceUID = UPS_PULL, uid
    changed.MediaStorageSOPClassUID, changed.MediaStorageSOPInstanceUID = UPS_PUSH, uid
    return changed


@pytest.fixture
def uid(field: Any, attributes: Dataset) -> str:
    """Return a step that the field's creator has made."""
    uid = str(new_uid())
    command, _ = field.send_n_create(as_the_field_does(attributes, uid), UPS_PUSH, uid)
    assert command.Status == 0
    return uid


def claiming(transaction_uid: str, state: str = "IN PROGRESS") -> Dataset:
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ProcedureStepState = state
    return information


def with_num(dataset: Dataset) -> Dataset:
    """Return a progress update in which a number's Value Type is NUM."""
    (item,) = dataset.ProcedureStepProgressInformationSequence
    item.ProcedureStepProgressParametersSequence[0].ValueType = "NUM"
    return dataset


def test_a_fraction_as_the_sample_code_reports_it(
    service: UpsService, field: Any, uid: str
) -> None:
    """The step was created with elements that do not belong there; none of them is kept."""
    stored = service.get(uid)
    assert (stored.SOPClassUID, stored.SOPInstanceUID) == (UPS_PUSH, uid)
    assert not [element for element in stored if element.tag.group in (0, 2)]

    transaction = str(new_uid())
    command, _ = field.send_n_action(claiming(transaction), 1, UPS_PULL, uid)
    assert command.Status == 0
    update = with_num(progress_update(transaction, 40, beam_number=2))
    command, _ = field.send_n_set(as_the_field_does(update, uid), UPS_PULL, uid)
    assert command.Status in FIELD_SUCCESS
    progress = Ups(service.get(uid)).progress
    assert (progress.percent, progress.beam_number) == (40, 2)

    final = final_update(transaction, FinalUpdate("FX1", NOW, NOW, (), "OST", percent=100))
    command, _ = field.send_n_set(as_the_field_does(final, uid), UPS_PULL, uid)
    assert command.Status in FIELD_SUCCESS
    command, _ = field.send_n_action(claiming(transaction, "COMPLETED"), 1, UPS_PULL, uid)
    assert command.Status == 0
    assert service.get(uid).ProcedureStepState == "COMPLETED"


@pytest.mark.parametrize("mode", [STANDARD, STRICT])
def test_what_does_not_belong_into_a_data_set_is_refused_else(
    service: UpsService, field: Any, attributes: Dataset, uid: str, mode: ServiceMode
) -> None:
    """PS3.4 5.4.2.3; nothing is created or changed."""
    service.mode = mode
    other = str(new_uid())
    before = service.get(uid)
    command, _ = field.send_n_create(as_the_field_does(attributes, other), UPS_PUSH, other)
    assert command.Status == Status.NO_SUCH_ATTRIBUTE
    assert "not allowed in the data set" in command.ErrorComment
    change = Dataset()
    change.ProcedureStepLabel = "other"
    command, _ = field.send_n_set(as_the_field_does(change, uid), UPS_PUSH, uid, meta_uid=UPS_PULL)
    assert command.Status == Status.NO_SUCH_ATTRIBUTE
    assert service.get(uid) == before
    command, _ = field.send_n_get([], UPS_PUSH, other)
    assert command.Status == Status.UPS_UNKNOWN


@pytest.mark.parametrize(
    ("mode", "status"), [(LENIENT, 0), (STANDARD, 0), (STRICT, Status.CLASS_INSTANCE_CONFLICT)]
)
def test_the_class_of_the_context_in_the_message(
    service: UpsService, field: Any, uid: str, mode: ServiceMode, status: int
) -> None:
    """PS3.4 CC.3.1.1 wants UPS Push; the swapped call of the sample code gives UPS Pull."""
    service.mode = mode
    command, _ = field.send_n_action(claiming(new_uid()), 1, UPS_PULL, uid)
    assert command.Status == status


@pytest.mark.parametrize(
    ("mode", "status"), [(LENIENT, 0), (STANDARD, 0), (STRICT, Status.NO_SUCH_ACTION)]
)
def test_a_claim_on_the_context_that_pynetdicom_chooses(
    service: UpsService, field: Any, uid: str, mode: ServiceMode, status: int
) -> None:
    """Without meta_uid it takes UPS Push where that is accepted."""
    service.mode = mode
    command, _ = field.send_n_action(claiming(new_uid()), 1, UPS_PUSH, uid)
    assert command.Status == status


def test_the_class_of_another_context_is_for_lenient_services(
    service: UpsService, field: Any, uid: str
) -> None:
    information = claiming(new_uid())
    service.mode = STANDARD
    command, _ = field.send_n_action(information, 1, UPS_WATCH, uid, meta_uid=UPS_PULL)
    assert command.Status == Status.CLASS_INSTANCE_CONFLICT
    service.mode = LENIENT
    command, _ = field.send_n_action(information, 1, UPS_WATCH, uid, meta_uid=UPS_PULL)
    assert command.Status == 0


def test_a_subscription_as_the_sample_code_asks_for_it(field: Any, uid: str) -> None:
    information = Dataset()
    information.ReceivingAE, information.DeletionLock = "TDD", "FALSE"
    information.RequestedSOPInstanceUID = uid
    command, _ = field.send_n_action(information, 3, UPS_WATCH, uid)
    assert command.Status == 0
    command, _ = field.send_n_action(information, 4, UPS_PUSH, uid, meta_uid=UPS_WATCH)
    assert command.Status == 0


def test_a_query_as_the_sample_code_asks_it(field: Any, uid: str) -> None:
    """Designator and meaning of the machine are empty, and so match anything."""
    machine, workitem = Dataset(), Dataset()
    machine.CodeValue, machine.CodingSchemeDesignator, machine.CodeMeaning = "FX1", "", ""
    workitem.CodeValue, workitem.CodingSchemeDesignator = "121726", "DCM"
    workitem.CodeMeaning = ""
    query = Dataset()
    query.ProcedureStepState = "SCHEDULED"
    query.ScheduledStationNameCodeSequence = [machine]
    query.ScheduledWorkitemCodeSequence = [workitem]
    query.InputInformationSequence = [Dataset()]
    query.ScheduledProcessingParametersSequence = [Dataset()]
    for keyword in ("PatientName", "PatientID", "WorklistLabel", "SOPInstanceUID"):
        setattr(query, keyword, "")
    query.ScheduledProcedureStepStartDateTime = f"{NOW:%Y}0101-{NOW:%Y}1231235959"
    for model in (UPS_PULL, UPS_QUERY):
        (match, found), (final, _) = field.send_c_find(query, model)
        assert (match.Status, final.Status) == (0xFF00, 0)
        assert found.SOPInstanceUID == uid
        assert len(Ups(found).inputs) >= 2
        assert Ups(found).fraction_number == 1
    machine.CodeValue = "FX2"
    assert [command.Status for command, _ in field.send_c_find(query, UPS_PULL)] == [0]


def test_findscu_of_pynetdicom(host: ScpHost, uid: str, tmp_path: Path) -> None:
    """`python -m pynetdicom findscu -U` is what people try a worklist with."""
    keys = ["-k", "ProcedureStepState=SCHEDULED", "-k", "SOPInstanceUID=", "-k", "PatientName="]
    command = [sys.executable, "-m", "pynetdicom", "findscu", "-U", "-w", "-v", *keys]
    called = ["-aec", host.ae_title, "127.0.0.1", str(host.port)]
    result = subprocess.run(
        [*command, *called],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (answer,) = [dcmread(path, force=True) for path in tmp_path.glob("rsp*.dcm")]
    assert answer.SOPInstanceUID == uid
    assert answer.PatientName
    assert "TransactionUID" not in answer

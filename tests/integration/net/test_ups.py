"""UPS: bare SCUs to our SCP, our SCU to a bare SCP; the messages, not the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, TimedOut
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import (
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
)
from tdwii_gui.dicom.ups.change import CreatedStep
from tdwii_gui.dicom.ups.mode import ServiceMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

ALL = (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY)
UID = "1.2.3.4"


def labelled(**values: Any) -> Dataset:
    dataset = Dataset()
    dataset.WorklistLabel = "TDW"
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


@dataclass
class RecordingService:
    """Keeps what it is asked, and answers as told."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    status: int = 0
    mode: ServiceMode = ServiceMode.STANDARD
    error: Exception | None = None
    steps: int = 3
    unsupported: list[str] = field(default_factory=list)
    paused: Event = field(default_factory=Event)
    reached: Event = field(default_factory=Event)

    def create(self, uid: str | None, attributes: Dataset, calling_ae: str) -> CreatedStep:
        self._keep("create", uid, attributes, calling_ae)
        return CreatedStep(uid or "1.2.99", labelled(), self.status)

    def get(self, uid: str, tags: Any = ()) -> Dataset:
        self._keep("get", uid, list(tags))
        return labelled()

    def set(self, uid: str, modifications: Dataset, calling_ae: str) -> int:
        return self._keep("set", uid, modifications, calling_ae)

    def change_state(self, uid: str, information: Dataset, calling_ae: str) -> int:
        return self._keep("change_state", uid, information, calling_ae)

    def request_cancel(self, uid: str, information: Dataset, calling_ae: str) -> int:
        return self._keep("request_cancel", uid, information, calling_ae)

    def subscribe(self, uid: str, information: Dataset, calling_ae: str) -> int:
        return self._keep("subscribe", uid, information, calling_ae)

    def unsubscribe(self, uid: str, information: Dataset, calling_ae: str) -> int:
        return self._keep("unsubscribe", uid, information, calling_ae)

    def suspend(self, uid: str, information: Dataset, calling_ae: str) -> int:
        return self._keep("suspend", uid, information, calling_ae)

    def find(self, identifier: Dataset) -> Iterator[Dataset]:
        self._keep("find", identifier)
        return self._found()

    def unsupported_keys(self, _identifier: Dataset) -> list[str]:
        return self.unsupported

    def _found(self) -> Iterator[Dataset]:
        for number in range(self.steps):
            if number == 2 and self.steps > 3:
                self.reached.set()
                self.paused.wait(10)
            yield labelled(SOPInstanceUID=f"1.2.{number}", SOPClassUID=UPS_PULL)

    def _keep(self, *call: Any) -> int:
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        return self.status


ACTIONS = ["change_state", "request_cancel", "subscribe", "unsubscribe", "suspend"]


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def host(start_host: Callable[..., ScpHost], service: RecordingService) -> ScpHost:
    return start_host(UpsScp(service))


@pytest.fixture
def bare(host: ScpHost, bare_scu: Callable[..., Any]) -> Any:
    return bare_scu(host, [build_context(uid) for uid in ALL])


def test_n_create(bare: Any, service: RecordingService, scp_exchanges: Any) -> None:
    command, attributes = bare.send_n_create(labelled(), UPS_PUSH, UID)
    assert command.Status == 0
    assert attributes.WorklistLabel == "TDW"
    assert service.calls == [("create", UID, labelled(), "BARE")]
    exchange = scp_exchanges.last
    assert (exchange.message, exchange.sop_instance_uid) == ("N-CREATE", UID)
    assert exchange.request.WorklistLabel == "TDW"


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.UPS_CREATED_MODIFIED])
def test_n_create_without_a_uid_gets_one(bare: Any, service: RecordingService, status: int) -> None:
    """PS3.7 10.1.5.1.4."""
    service.status = status
    seen: list[Dataset] = []
    bare.bind(evt.EVT_DIMSE_RECV, lambda event: seen.append(event.message.command_set))
    command, attributes = bare.send_n_create(labelled(), UPS_PUSH)
    assert command.Status == status
    assert seen[0].AffectedSOPInstanceUID == "1.2.99"
    assert attributes == labelled()
    assert service.calls[0][1] is None


@pytest.mark.parametrize(
    "tags", [[], [Tag("WorklistLabel")], [Tag("WorklistLabel"), Tag("SOPClassUID")]]
)
@pytest.mark.parametrize("context", [UPS_PUSH, UPS_PULL, UPS_WATCH])
def test_n_get(bare: Any, service: RecordingService, tags: list[int], context: str) -> None:
    command, attributes = bare.send_n_get(tags, UPS_PUSH, UID, meta_uid=context)
    assert (command.Status, attributes) == (0, labelled())
    assert service.calls == [("get", UID, tags)]


@pytest.mark.parametrize(
    ("class_uid", "context"), [(UPS_PUSH, UPS_PULL), (UPS_PULL, UPS_PULL), (UPS_PUSH, UPS_PUSH)]
)
def test_n_set(bare: Any, service: RecordingService, class_uid: str, context: str) -> None:
    """PS3.4 CC.3.1.1, and leniently the class of the context in the message."""
    command, _ = bare.send_n_set(labelled(), class_uid, UID, meta_uid=context)
    assert command.Status == 0
    assert service.calls == [("set", UID, labelled(), "BARE")]


@pytest.mark.parametrize(("action_type", "name"), list(enumerate(ACTIONS, start=1)))
@pytest.mark.parametrize(
    ("class_uid", "context"),
    [(UPS_PUSH, UPS_PULL), (UPS_PUSH, UPS_WATCH), (UPS_PULL, UPS_PULL), (UPS_WATCH, UPS_WATCH)],
)
def test_n_action(
    bare: Any,
    service: RecordingService,
    action_type: int,
    name: str,
    class_uid: str,
    context: str,
) -> None:
    command, _ = bare.send_n_action(labelled(), action_type, class_uid, UID, meta_uid=context)
    assert command.Status == 0
    assert service.calls == [(name, UID, labelled(), "BARE")]


@pytest.mark.parametrize("action_type", [6, 99])
def test_an_unknown_action_is_0123(bare: Any, service: RecordingService, action_type: int) -> None:
    command, _ = bare.send_n_action(labelled(), action_type, UPS_PUSH, UID, meta_uid=UPS_PULL)
    assert command.Status == Status.NO_SUCH_ACTION
    assert service.calls == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (Status.UPS_ALREADY_CANCELED, None),
        (Status.UPS_TRANSACTION_UID_WRONG, DimseStatusError(0xC301, "another performer")),
        (Status.PROCESSING_FAILURE, KeyError("x")),
    ],
)
def test_statuses_of_the_service_are_answered(
    bare: Any, service: RecordingService, status: int, error: Exception | None, error_log: Any
) -> None:
    service.status, service.error = status, error
    command, _ = bare.send_n_action(labelled(), 1, UPS_PUSH, UID, meta_uid=UPS_PULL)
    assert command.Status == status
    service.error = None
    assert bare.send_n_get([], UPS_PUSH, UID)[0].Status == 0
    unforeseen = ["N-ACTION failed: KeyError"] if isinstance(error, KeyError) else []
    assert error_log.take() == unforeseen


@pytest.mark.parametrize("model", [UPS_PULL, UPS_WATCH, UPS_QUERY])
@pytest.mark.parametrize(("unsupported", "pending"), [([], 0xFF00), (["PatientAge"], 0xFF01)])
def test_c_find(
    bare: Any, service: RecordingService, model: str, unsupported: list[str], pending: int
) -> None:
    """PS3.4 CC.2.8.1.2: the class in each identifier is UPS Push."""
    service.unsupported = unsupported
    answers = list(bare.send_c_find(labelled(SOPClassUID=""), model))
    assert [command.Status for command, _ in answers] == [pending] * 3 + [0]
    assert {found.SOPClassUID for _, found in answers if found is not None} == {UPS_PUSH}
    assert service.calls[0][0] == "find"


def test_c_find_is_cancelled_between_results(
    bare: Any,
    host: ScpHost,
    service: RecordingService,
    scp_exchanges: Any,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    service.steps = 1000
    responses = bare.send_c_find(labelled(), UPS_PULL, msg_id=3)
    assert next(responses)[0].Status == 0xFF00
    assert service.reached.wait(10)
    bare.send_c_cancel(3, query_model=UPS_PULL)
    wait_until(lambda: bool(next(iter(host._open())).dimse.cancel_req))
    service.paused.set()
    statuses = [command.Status for command, _ in responses]
    assert statuses[-1] == Status.CANCELLED
    assert len(statuses) < 10
    assert scp_exchanges.last.status == Status.CANCELLED


def test_c_find_with_a_bad_key_is_a900(bare: Any, service: RecordingService) -> None:
    service.error = DimseStatusError(Status.DATASET_MISMATCH, "PatientID too long")
    ((command, found),) = bare.send_c_find(labelled(), UPS_PULL)
    assert (command.Status, found) == (Status.DATASET_MISMATCH, None)
    assert command.ErrorComment == "PatientID too long"


def answering(status: int = 0) -> dict[Any, Any]:
    def create(event: evt.Event) -> tuple[int, Dataset]:
        attributes = labelled()
        if event.request.AffectedSOPInstanceUID is None:
            attributes.AffectedSOPInstanceUID = "1.2.99"
        return status, attributes

    def find(_event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield 0xFF00, labelled(SOPInstanceUID="1.2.1")
        yield 0xFF01, labelled(SOPInstanceUID="1.2.2")

    return {
        evt.EVT_N_CREATE: create,
        evt.EVT_N_GET: lambda _event: (status, labelled()),
        evt.EVT_N_SET: lambda _event: (status, None),
        evt.EVT_N_ACTION: lambda _event: (status, None),
        evt.EVT_C_FIND: find,
    }


@pytest.fixture
def tms(bare_scp: Callable[..., Any]) -> Any:
    return bare_scp([build_context(uid) for uid in ALL], answering())


RECEIVING = Dataset()
RECEIVING.ReceivingAE = "WATCHER"
WITH_LOCK = Dataset()
WITH_LOCK.ReceivingAE = "WATCHER"
WITH_LOCK.DeletionLock = "TRUE"
WITHOUT_LOCK = Dataset()
WITHOUT_LOCK.ReceivingAE = "WATCHER"
WITHOUT_LOCK.DeletionLock = "FALSE"


@pytest.mark.parametrize(
    ("ask", "action_type", "context", "uid", "information"),
    [
        (lambda scu: scu.change_state(UID, labelled()), 1, UPS_PULL, UID, labelled()),
        (lambda scu: scu.request_cancel(UID, labelled()), 2, UPS_PUSH, UID, labelled()),
        (lambda scu: scu.subscribe(UID, WITH_LOCK), 3, UPS_WATCH, UID, WITH_LOCK),
        (
            lambda scu: scu.subscribe_globally("WATCHER"),
            3,
            UPS_WATCH,
            UPS_GLOBAL_SUBSCRIPTION,
            WITHOUT_LOCK,
        ),
        (
            lambda scu: scu.subscribe_globally("WATCHER", deletion_lock=True),
            3,
            UPS_WATCH,
            UPS_GLOBAL_SUBSCRIPTION,
            WITH_LOCK,
        ),
        (lambda scu: scu.unsubscribe(UID, "WATCHER"), 4, UPS_WATCH, UID, RECEIVING),
        (
            lambda scu: scu.suspend_globally("WATCHER"),
            5,
            UPS_WATCH,
            UPS_GLOBAL_SUBSCRIPTION,
            RECEIVING,
        ),
    ],
)
def test_our_n_action(
    local: LocalAe,
    tms: Any,
    ask: Callable[[UpsScu], int],
    action_type: int,
    context: str,
    uid: str,
    information: Dataset,
) -> None:
    """PS3.4 CC.3.1.1: UPS Push in the message, the class of the service as the context."""
    with UpsScu(local, tms.peer) as scu:
        assert ask(scu) == 0
    event = tms.requests.get(timeout=10)
    assert event.action_type == action_type
    assert event.request.RequestedSOPClassUID == UPS_PUSH
    assert event.request.RequestedSOPInstanceUID == uid
    assert event.context.abstract_syntax == context
    assert event.action_information == information


def test_our_cancel_goes_by_watch_where_push_is_not_offered(
    local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    bare = bare_scp([build_context(UPS_WATCH), build_context(UPS_PULL)], answering())
    with UpsScu(local, bare.peer) as scu:
        scu.request_cancel(UID, labelled())
    assert bare.requests.get(timeout=10).context.abstract_syntax == UPS_WATCH


@pytest.mark.parametrize(("uid", "expected"), [(UID, UID), (None, "1.2.99")])
def test_our_n_create(local: LocalAe, tms: Any, uid: str | None, expected: str) -> None:
    with UpsScu(local, tms.peer) as scu:
        assert scu.n_create(uid, labelled()) == (expected, labelled(), 0)
    event = tms.requests.get(timeout=10)
    assert event.context.abstract_syntax == UPS_PUSH
    assert event.attribute_list == labelled()


def test_our_n_get_and_n_set(local: LocalAe, tms: Any, scu_exchanges: Any) -> None:
    with UpsScu(local, tms.peer) as scu:
        assert scu.n_get(UID, [0x00741202]) == labelled()
        assert scu.n_set(UID, labelled()) == 0
    get, changed = tms.requests.get(timeout=10), tms.requests.get(timeout=10)
    assert get.attribute_identifiers == [0x00741202]
    assert (get.context.abstract_syntax, changed.context.abstract_syntax) == (UPS_PULL, UPS_PULL)
    assert changed.request.RequestedSOPClassUID == UPS_PUSH
    assert [one.message for one in scu_exchanges.exchanges] == ["N-GET", "N-SET"]
    assert scu_exchanges.exchanges[0].response == labelled()
    assert scu_exchanges.exchanges[1].request == labelled()


def test_our_n_set_of_nothing_is_an_error(local: LocalAe, tms: Any) -> None:
    with UpsScu(local, tms.peer) as scu, pytest.raises(DatasetError):
        scu.n_set(UID, Dataset())


def test_our_c_find(local: LocalAe, tms: Any, scu_exchanges: Any) -> None:
    with UpsScu(local, tms.peer) as scu:
        found = [one.SOPInstanceUID for one in scu.c_find(labelled())]
    assert found == ["1.2.1", "1.2.2"]
    assert scu_exchanges.last.detail == "2 matches"


def test_warnings_are_returned(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    bare = bare_scp([build_context(UPS_PULL)], answering(Status.UPS_ALREADY_CANCELED))
    with UpsScu(local, bare.peer) as scu:
        assert scu.change_state(UID, labelled()) == Status.UPS_ALREADY_CANCELED


def test_a_query_without_an_answer_times_out(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    go_on = Event()

    def find(_event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield 0xFF00, labelled()
        go_on.wait(10)

    bare = bare_scp([build_context(UPS_QUERY)], {evt.EVT_C_FIND: find})
    with pytest.raises(TimedOut), UpsScu(local, bare.peer, [UPS_QUERY]) as scu:
        list(scu.c_find(labelled()))
    go_on.set()
    assert scu_exchanges.last.status is None
    assert scu_exchanges.last.detail == "1 match"


def test_our_scu_and_our_scp(
    local: LocalAe,
    host: ScpHost,
    service: RecordingService,
    peer_of: Callable[[ScpHost], ApplicationEntity],
) -> None:
    service.status = Status.UPS_CREATED_MODIFIED
    with UpsScu(local, peer_of(host)) as scu:
        uid, attributes, status = scu.n_create(None, labelled())
    assert (uid, attributes, status) == ("1.2.99", labelled(), Status.UPS_CREATED_MODIFIED)

"""C-MOVE and C-GET from our archive to bare peers: counters, failures, cancels, and lost peers."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)
from pynetdicom import build_context, build_role, evt

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import (
    COMPOSITE_INSTANCE_ROOT_GET,
    COMPOSITE_INSTANCE_ROOT_MOVE,
    CT_IMAGE,
    RT_PLAN,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

NUMBER = 4
UIDS = [f"1.1.{number}" for number in range(NUMBER)]


def query(level: str, **keys: Any) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(identifier, name, value)
    return identifier


STUDY = query("STUDY", StudyInstanceUID="1.10")


@pytest.fixture
def store(tmp_path: Path, make_object: Callable[..., Dataset]) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path / "store")
    for uid in UIDS:
        store.add_dataset(make_object(uid, study="1.10", series="1.100"))
    yield store
    store.close()


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory(source="/etc/aes.json")


@pytest.fixture
def host(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    directory: AeDirectory,
    local: LocalAe,
) -> ScpHost:
    return start_host(QueryRetrieveScp(store, directory, local), StorageScp(store))


@pytest.fixture
def move(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
) -> Callable[..., Any]:
    """Return a function that starts a destination and yields the responses to a C-MOVE."""

    def responses(
        identifier: Dataset = STUDY,
        on_store: Callable[[evt.Event], Any] = lambda _event: 0,
        *,
        contexts: Any = None,
        model: str = STUDY_ROOT_MOVE,
        **options: Any,
    ) -> Any:
        accepted = contexts or [build_context(RT_PLAN)]
        handlers = {evt.EVT_C_STORE: on_store} | options.pop("handlers", {})
        bare = bare_scp(accepted, handlers, ae_title="SINK", **options)
        directory.register(bare.peer)
        association = bare_scu(host, [build_context(model)])
        return association, association.send_c_move(identifier, "SINK", model, msg_id=5)

    return responses


@pytest.fixture
def get(host: ScpHost, bare_scu: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that yields the responses to a C-GET."""

    def responses(
        identifier: Dataset = STUDY,
        on_store: Callable[[evt.Event], Any] = lambda _event: 0,
        *,
        contexts: Any = None,
        model: str = STUDY_ROOT_GET,
    ) -> Any:
        association = bare_scu(
            host,
            [build_context(model), *(contexts or [build_context(RT_PLAN)])],
            ext_neg=[build_role(RT_PLAN, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, on_store)],
        )
        return association, association.send_c_get(identifier, model, msg_id=5)

    return responses


@pytest.fixture(params=["move", "get"])
def retrieve(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return request.getfixturevalue(request.param)


def numbers(command: Dataset) -> tuple[int | None, ...]:
    """Return the numbers of remaining, completed, failed and warning sub-operations."""
    return tuple(
        command.get(f"NumberOf{kind}Suboperations")
        for kind in ("Remaining", "Completed", "Failed", "Warning")
    )


def failed(identifier: Dataset | None) -> list[str]:
    value = identifier.FailedSOPInstanceUIDList if identifier is not None else []
    return [value] if isinstance(value, str) else list(value)


def by_uid(statuses: dict[str, int]) -> Callable[[evt.Event], int]:
    return lambda event: statuses.get(event.request.AffectedSOPInstanceUID, 0)


def test_all_come_through(retrieve: Callable[..., Any]) -> None:
    _, responses = retrieve()
    answers = list(responses)
    assert [numbers(command) for command, _ in answers] == [
        (4, 0, 0, 0),
        (3, 1, 0, 0),
        (2, 2, 0, 0),
        (1, 3, 0, 0),
        (None, 4, 0, 0),
    ]
    assert [command.Status for command, _ in answers] == [0xFF00] * 4 + [0]
    assert [identifier for _, identifier in answers] == [None] * 5


def test_failures_and_warnings_are_counted_and_listed(retrieve: Callable[..., Any]) -> None:
    _, responses = retrieve(on_store=by_uid({UIDS[0]: 0xB007, UIDS[1]: 0xA700, UIDS[3]: 0xC000}))
    answers = list(responses)
    assert [numbers(command) for command, _ in answers[1:]] == [
        (3, 0, 0, 1),
        (2, 0, 1, 1),
        (1, 1, 1, 1),
        (None, 1, 2, 1),
    ]
    command, identifier = answers[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert failed(identifier) == [UIDS[1], UIDS[3]]
    assert {one for _, one in answers[:-1]} == {None}


def test_warnings_alone_are_a_warning_without_a_list(retrieve: Callable[..., Any]) -> None:
    _, responses = retrieve(on_store=lambda _event: 0xB000)
    command, identifier = list(responses)[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert numbers(command) == (None, 0, 0, 4)
    assert not identifier


def test_nothing_sent_is_a702_with_all_in_the_list(retrieve: Callable[..., Any]) -> None:
    _, responses = retrieve(on_store=lambda _event: 0xA700)
    command, identifier = list(responses)[-1]
    assert command.Status == Status.CANNOT_PERFORM_SUBOPERATIONS
    assert numbers(command) == (None, 0, 4, 0)
    assert failed(identifier) == UIDS


def test_no_matches_are_success(retrieve: Callable[..., Any]) -> None:
    _, responses = retrieve(query("STUDY", StudyInstanceUID="9.9"))
    ((command, identifier),) = responses
    assert (command.Status, identifier) == (0, None)
    assert numbers(command) == (None, 0, 0, 0)


def test_a_cancel_tells_the_counters_and_what_failed(
    host: ScpHost, retrieve: Callable[..., Any], wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    """PS3.4 C.4.2.3.2: the first sub-operation fails, and waits until the C-CANCEL has come."""
    canceled = Event()

    def refuse_after_cancel(_event: evt.Event) -> int:
        canceled.wait(10)
        return 0xA700

    association, responses = retrieve(on_store=refuse_after_cancel)
    assert next(responses)[0].Status == 0xFF00
    accepted = next(iter(host._open()))
    model = str(accepted.accepted_contexts[0].abstract_syntax)

    def cancel() -> None:
        association.send_c_cancel(5, query_model=model)
        wait_until(lambda: bool(accepted.dimse.cancel_req))
        canceled.set()

    # The sub-operations of a C-GET are answered on this thread.
    thread = Thread(target=cancel)
    thread.start()
    command, identifier = list(responses)[-1]
    thread.join(10)
    assert command.Status == Status.CANCELLED
    assert numbers(command) == (3, 0, 1, 0)
    assert failed(identifier) == UIDS[:1]


@pytest.mark.parametrize("uids", [UIDS[1:2], UIDS[1:3]])
def test_composite_instance_root_retrieves_by_uid_alone(
    move: Callable[..., Any], get: Callable[..., Any], uids: list[str]
) -> None:
    identifier = query("IMAGE", SOPInstanceUID=uids)
    came: list[str] = []

    def keep(event: evt.Event) -> int:
        came.append(event.request.AffectedSOPInstanceUID)
        return 0

    _, moved = move(identifier, keep, model=COMPOSITE_INSTANCE_ROOT_MOVE)
    assert numbers(list(moved)[-1][0]) == (None, len(uids), 0, 0)
    _, got = get(identifier, keep, model=COMPOSITE_INSTANCE_ROOT_GET)
    assert numbers(list(got)[-1][0]) == (None, len(uids), 0, 0)
    assert came == uids * 2


@pytest.mark.parametrize("model", [COMPOSITE_INSTANCE_ROOT_MOVE, COMPOSITE_INSTANCE_ROOT_GET])
def test_composite_instance_root_has_no_other_level(
    move: Callable[..., Any], get: Callable[..., Any], model: str
) -> None:
    ask = move if model == COMPOSITE_INSTANCE_ROOT_MOVE else get
    _, responses = ask(STUDY, model=model)
    ((command, _),) = responses
    assert command.Status == Status.DATASET_MISMATCH
    assert "IMAGE" in command.ErrorComment


def test_an_unknown_destination_is_told_with_where_to_enter_it(
    host: ScpHost, bare_scu: Callable[..., Any], scp_exchanges: Any
) -> None:
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    ((command, _),) = association.send_c_move(STUDY, "NOWHERE", STUDY_ROOT_MOVE)
    assert command.Status == Status.MOVE_DESTINATION_UNKNOWN
    assert len(command.ErrorComment) <= 64
    exchange = scp_exchanges.last
    assert exchange.status == Status.MOVE_DESTINATION_UNKNOWN
    assert exchange.detail == "enter 'NOWHERE' with its host and port in /etc/aes.json"


def test_a_class_that_the_destination_does_not_accept_fails_alone(
    store: InstanceStore, move: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    store.add_dataset(make_object("1.1.9", study="1.10", series="1.101", SOPClassUID=CT_IMAGE))
    _, responses = move(contexts=[build_context(RT_PLAN)])
    command, identifier = list(responses)[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert numbers(command) == (None, 4, 1, 0)
    assert failed(identifier) == ["1.1.9"]
    assert "not accepted" in command.ErrorComment


def test_what_is_compressed_is_never_decompressed(
    store: InstanceStore, retrieve: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    compressed = make_object("1.1.9", study="1.10", series="1.101")
    compressed.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    compressed.PixelData = encapsulate([b"not to be decoded "])
    compressed["PixelData"].VR = "OB"
    store.add_dataset(compressed)
    _, responses = retrieve(contexts=[build_context(RT_PLAN, ImplicitVRLittleEndian)])
    command, identifier = list(responses)[-1]
    assert numbers(command) == (None, 4, 1, 0)
    assert failed(identifier) == ["1.1.9"]


def test_big_endian_is_not_turned_round(
    store: InstanceStore, retrieve: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    other = make_object("1.1.9", study="1.10", series="1.101")
    other.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    store.add_dataset(other)
    _, responses = retrieve(contexts=[build_context(RT_PLAN, ExplicitVRLittleEndian)])
    assert failed(list(responses)[-1][1]) == ["1.1.9"]


def test_a_file_that_is_gone_fails_alone(
    store: InstanceStore, retrieve: Callable[..., Any]
) -> None:
    instance = store.get(UIDS[2])
    assert instance is not None
    instance.path.unlink()
    _, responses = retrieve()
    command, identifier = list(responses)[-1]
    assert numbers(command) == (None, 3, 1, 0)
    assert failed(identifier) == [UIDS[2]]


@pytest.mark.parametrize("end", ["abort", "close", "silence", "another's response"])
def test_a_destination_that_is_lost_in_the_middle_fails_the_rest(
    move: Callable[..., Any], end: str
) -> None:
    over = Event()

    def die_at_second(event: evt.Event) -> int:
        if event.request.AffectedSOPInstanceUID != UIDS[1]:
            return 0
        match end:
            case "abort":
                event.assoc.abort()
            case "close":
                event.assoc.dul.socket.close()
            case "silence":
                over.wait(10)
        return 0

    def to_another(event: evt.Event) -> None:
        command = event.message.command_set
        if end == "another's response" and command.AffectedSOPInstanceUID == UIDS[1]:
            command.MessageIDBeingRespondedTo += 7

    _, responses = move(on_store=die_at_second, handlers={evt.EVT_DIMSE_SENT: to_another})
    answers = list(responses)
    over.set()
    command, identifier = answers[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert numbers(command) == (None, 1, 3, 0)
    assert failed(identifier) == UIDS[1:]
    assert "SINK" in command.ErrorComment


def test_a_client_that_is_lost_in_the_middle_of_a_c_get_ends_it(
    host: ScpHost, get: Callable[..., Any], scp_exchanges: Any, wait_until: Callable[..., None]
) -> None:
    def die(event: evt.Event) -> int:
        event.assoc.dul.socket.close()
        return 0

    _, responses = get(on_store=die)
    list(responses)
    wait_until(lambda: bool(scp_exchanges.exchanges))
    assert scp_exchanges.last.status is None
    assert scp_exchanges.last.comment == "association lost"
    wait_until(lambda: host.associations == 0)


PDUS = {"4096": 4096, "odd": 5001, "usual": 16382, "unlimited": 0}


@pytest.mark.parametrize("longest", PDUS.values(), ids=PDUS)
def test_pdus_are_as_long_as_the_destination_wants_and_no_longer(
    store: InstanceStore,
    move: Callable[..., Any],
    make_object: Callable[..., Dataset],
    longest: int,
) -> None:
    """PS3.8 D.1; the object is longer than what is handed to the connection at once."""
    big = make_object("1.1.9", study="1.12", series="1.102")
    big.add_new(0x00091010, "OB", bytes(range(256)) * 6000)
    path = store.add_dataset(big).instance.path
    lengths: list[int] = []
    came: list[bytes] = []

    def keep(event: evt.Event) -> int:
        came.append(event.encoded_dataset(include_meta=False))
        return 0

    def note(event: evt.Event) -> None:
        if event.data[0] == 4:
            lengths.append(int.from_bytes(event.data[2:6], "big"))

    _, responses = move(
        query("STUDY", StudyInstanceUID="1.12"),
        keep,
        contexts=[build_context(RT_PLAN, ExplicitVRLittleEndian)],
        maximum_pdu_size=longest,
        handlers={evt.EVT_DATA_RECV: note},
    )
    assert list(responses)[-1][0].Status == 0
    (encoded,) = came
    assert path.read_bytes().endswith(encoded)
    assert len(encoded) > 1_500_000
    assert all(length % 2 == 0 for length in lengths)
    most = longest or 128 * 1024
    assert most - 1 <= max(lengths) <= most


def test_a_destination_that_does_not_read_does_not_hold_us_for_ever(
    store: InstanceStore, move: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    """The connection takes no more, and the time limit of a message ends it."""
    big = make_object("1.1.9", study="1.12", series="1.102")
    big.add_new(0x00091010, "OB", bytes(24_000_000))
    store.add_dataset(big)
    over = Event()

    def hold(event: evt.Event) -> None:
        if event.data[0] == 4:
            over.wait(10)

    _, responses = move(query("STUDY", StudyInstanceUID="1.12"), handlers={evt.EVT_DATA_RECV: hold})
    command, identifier = list(responses)[-1]
    over.set()
    assert command.Status == Status.CANNOT_PERFORM_SUBOPERATIONS
    assert failed(identifier) == ["1.1.9"]


def test_what_was_sent_is_told(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    directory: AeDirectory,
    local: LocalAe,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
) -> None:
    sent: list[tuple[str, str]] = []
    service = QueryRetrieveScp(
        store,
        directory,
        local,
        on_sent=lambda instance, ae_title: sent.append((instance.sop_instance_uid, ae_title)),
    )
    host = start_host(service)
    contexts = [build_context(RT_PLAN)]
    handlers = {evt.EVT_C_STORE: by_uid({UIDS[0]: 0xA700})}
    directory.register(bare_scp(contexts, handlers, ae_title="SINK").peer)
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    list(association.send_c_move(STUDY, "SINK", STUDY_ROOT_MOVE))
    assert sent == [(uid, "SINK") for uid in UIDS]

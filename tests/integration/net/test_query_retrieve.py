"""C-FIND, C-MOVE, C-GET: bare SCUs to our SCP, our SCU to a bare SCP."""

from __future__ import annotations

from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import build_context, build_role, evt
from pynetdicom.dimse_messages import C_CANCEL_RQ

from tdwii_gui.actors.running_request import RunningRequest
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.retrieve_scu import MoveResult, RetrieveScu
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    RT_PLAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

NUMBER = 4


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
    for number in range(NUMBER):
        store.add_dataset(make_object(f"1.1.{number}", study="1.10", series="1.100"))
    store.add_dataset(make_object("1.2.0", study="1.11", series="1.101", patient="P2"))
    yield store
    store.close()


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory()


@pytest.fixture
def host(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    directory: AeDirectory,
    local: LocalAe,
) -> ScpHost:
    return start_host(QueryRetrieveScp(store, directory, local), StorageScp(store))


@pytest.mark.parametrize(
    ("model", "identifier", "unique_key", "expected"),
    [
        (PATIENT_ROOT_FIND, query("PATIENT", PatientID=""), "PatientID", ["P1", "P2"]),
        (
            STUDY_ROOT_FIND,
            query("STUDY", StudyInstanceUID="", PatientName="test*2"),
            "StudyInstanceUID",
            ["1.11"],
        ),
        (
            PATIENT_ROOT_FIND,
            query("SERIES", PatientID="P1", StudyInstanceUID="1.10", SeriesInstanceUID=""),
            "SeriesInstanceUID",
            ["1.100"],
        ),
        (
            STUDY_ROOT_FIND,
            query("IMAGE", StudyInstanceUID="1.10", SeriesInstanceUID="1.100", SOPInstanceUID=""),
            "SOPInstanceUID",
            [f"1.1.{number}" for number in range(NUMBER)],
        ),
        (STUDY_ROOT_FIND, query("STUDY", StudyInstanceUID="9.9"), "StudyInstanceUID", []),
    ],
)
def test_c_find(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    scp_exchanges: Any,
    model: str,
    identifier: Dataset,
    unique_key: str,
    expected: list[str],
) -> None:
    association = bare_scu(host, [build_context(model)])
    answers = list(association.send_c_find(identifier, model))
    assert [command.Status for command, _ in answers] == [0xFF00] * len(expected) + [0]
    found = [one for _, one in answers if one is not None]
    assert [one[unique_key].value for one in found] == expected
    assert {one.RetrieveAETitle for one in found} <= {"OURS"}
    assert scp_exchanges.last.status == 0
    assert scp_exchanges.last.detail.split()[0] == str(len(expected))


@pytest.mark.parametrize(
    ("model", "identifier"),
    [
        (STUDY_ROOT_FIND, query("PATIENT", PatientID="P1")),
        (STUDY_ROOT_FIND, query("FRAME", SOPInstanceUID="1.1")),
    ],
)
def test_a_bad_identifier_is_a900(
    host: ScpHost, bare_scu: Callable[..., Any], model: str, identifier: Dataset
) -> None:
    association = bare_scu(host, [build_context(model)])
    ((command, found),) = association.send_c_find(identifier, model)
    assert (command.Status, found) == (Status.DATASET_MISMATCH, None)
    assert identifier.QueryRetrieveLevel in command.ErrorComment


def destination(
    bare_scp: Callable[..., Any], directory: AeDirectory, handler: Any = None, **options: Any
) -> Any:
    contexts = options.pop("contexts", [build_context(RT_PLAN)])
    handlers = {evt.EVT_C_STORE: handler or (lambda _event: 0)}
    bare = bare_scp(contexts, handlers, ae_title="DESTINATION", **options)
    directory.register(bare.peer)
    return bare


@pytest.mark.parametrize(
    ("model", "identifier", "expected"),
    [
        (STUDY_ROOT_MOVE, STUDY, NUMBER),
        (PATIENT_ROOT_MOVE, query("PATIENT", PatientID="P1"), NUMBER),
        (STUDY_ROOT_MOVE, query("IMAGE", SOPInstanceUID=["1.1.0", "1.2.0"]), 2),
        (STUDY_ROOT_MOVE, query("STUDY", StudyInstanceUID="9.9"), 0),
    ],
)
def test_c_move(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
    scp_exchanges: Any,
    model: str,
    identifier: Dataset,
    expected: int,
) -> None:
    bare = destination(bare_scp, directory)
    association = bare_scu(host, [build_context(model)], ae_title="MOVER")
    answers = list(association.send_c_move(identifier, "DESTINATION", model, msg_id=9))
    final = answers[-1][0]
    assert final.Status == 0
    assert final.NumberOfCompletedSuboperations == expected
    assert final.NumberOfFailedSuboperations == 0
    assert "NumberOfRemainingSuboperations" not in final
    assert {command.Status for command, _ in answers[:-1]} <= {0xFF00}
    for _ in range(expected):
        request = bare.requests.get(timeout=10).request
        assert request.MoveOriginatorApplicationEntityTitle == "MOVER"
        assert request.MoveOriginatorMessageID == 9
    assert scp_exchanges.last.detail == f"{expected} of {expected} objects"


def test_c_move_sends_the_bytes_as_they_are_stored(
    host: ScpHost,
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
    make_object: Callable[..., Dataset],
) -> None:
    compressed = make_object("1.3.0", study="1.12", series="1.102")
    compressed.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    compressed.PixelData = encapsulate([b"not to be decoded "])
    compressed["PixelData"].VR = "OB"
    path = store.add_dataset(compressed).instance.path
    syntaxes = [ImplicitVRLittleEndian, JPEGBaseline8Bit]
    bare = destination(bare_scp, directory, contexts=[build_context(RT_PLAN, syntaxes)])
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    identifier = query("IMAGE", SOPInstanceUID="1.3.0")
    list(association.send_c_move(identifier, "DESTINATION", STUDY_ROOT_MOVE))
    event = bare.requests.get(timeout=10)
    assert event.context.transfer_syntax == JPEGBaseline8Bit
    assert path.read_bytes().endswith(event.encoded_dataset(include_meta=False))


def test_an_unknown_destination_is_a801_and_logged(
    host: ScpHost, bare_scu: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    ((command, _),) = association.send_c_move(STUDY, "NOWHERE", STUDY_ROOT_MOVE)
    assert command.Status == Status.MOVE_DESTINATION_UNKNOWN
    assert "NOWHERE" in command.ErrorComment
    assert "NOWHERE" in caplog.text


def test_a_destination_that_cannot_be_reached_fails_all(
    host: ScpHost, bare_scu: Callable[..., Any], directory: AeDirectory
) -> None:
    """PS3.4 C.4.2.3.1: A702 with the failed instances, as the destination is known."""
    directory.register(ApplicationEntity("DESTINATION", "127.0.0.1", 1))
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    answers = list(association.send_c_move(STUDY, "DESTINATION", STUDY_ROOT_MOVE))
    command, identifier = answers[-1]
    assert command.Status == Status.CANNOT_PERFORM_SUBOPERATIONS
    assert command.NumberOfFailedSuboperations == NUMBER
    assert len(identifier.FailedSOPInstanceUIDList) == NUMBER
    assert "nothing listens" in command.ErrorComment


def test_partial_failure_is_b000_with_the_failed_ones(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
) -> None:
    def refuse_one(event: evt.Event) -> int:
        return 0xA700 if event.request.AffectedSOPInstanceUID == "1.1.2" else 0

    destination(bare_scp, directory, refuse_one)
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    answers = list(association.send_c_move(STUDY, "DESTINATION", STUDY_ROOT_MOVE))
    command, identifier = answers[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert command.NumberOfCompletedSuboperations == NUMBER - 1
    assert command.NumberOfFailedSuboperations == 1
    assert identifier.FailedSOPInstanceUIDList == "1.1.2"


def test_a_destination_that_aborts_fails_the_rest(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
) -> None:
    def abort_at_second(event: evt.Event) -> int:
        if event.request.AffectedSOPInstanceUID == "1.1.1":
            event.assoc.abort()
        return 0

    destination(bare_scp, directory, abort_at_second)
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    answers = list(association.send_c_move(STUDY, "DESTINATION", STUDY_ROOT_MOVE))
    command, identifier = answers[-1]
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert command.NumberOfCompletedSuboperations == 1
    assert len(identifier.FailedSOPInstanceUIDList) == NUMBER - 1


def test_c_move_is_cancelled(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    """The first sub-operation waits until the C-CANCEL is on its way."""
    cancelled = Event()

    def wait(_event: evt.Event) -> int:
        cancelled.wait(10)
        return 0

    destination(bare_scp, directory, wait, network_timeout=10)
    association = bare_scu(host, [build_context(STUDY_ROOT_MOVE)])
    responses = association.send_c_move(STUDY, "DESTINATION", STUDY_ROOT_MOVE, msg_id=5)
    assert next(responses)[0].Status == 0xFF00
    accepted = next(iter(host._open()))
    association.send_c_cancel(5, query_model=STUDY_ROOT_MOVE)
    wait_until(lambda: bool(accepted.dimse.cancel_req))
    cancelled.set()
    command = list(responses)[-1][0]
    assert command.Status == Status.CANCELLED
    assert command.NumberOfCompletedSuboperations + command.NumberOfRemainingSuboperations == NUMBER
    assert command.NumberOfRemainingSuboperations > 0


@pytest.mark.parametrize("model", [PATIENT_ROOT_GET, STUDY_ROOT_GET])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_c_get(host: ScpHost, bare_scu: Callable[..., Any], model: str, syntax: str) -> None:
    """PS3.4 C.4.3; the requestor proposes the SCP role of storage."""
    received: list[str] = []

    def keep(event: evt.Event) -> int:
        received.append(event.dataset.SOPInstanceUID)
        return 0

    association = bare_scu(
        host,
        [build_context(model), build_context(RT_PLAN, syntax)],
        ext_neg=[build_role(RT_PLAN, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    answers = list(association.send_c_get(STUDY, model))
    assert answers[-1][0].Status == 0
    assert answers[-1][0].NumberOfCompletedSuboperations == NUMBER
    assert sorted(received) == [f"1.1.{number}" for number in range(NUMBER)]


def test_c_get_without_the_role_fails_all(host: ScpHost, bare_scu: Callable[..., Any]) -> None:
    association = bare_scu(host, [build_context(STUDY_ROOT_GET), build_context(RT_PLAN)])
    command, identifier = list(association.send_c_get(STUDY, STUDY_ROOT_GET))[-1]
    assert command.Status == Status.CANNOT_PERFORM_SUBOPERATIONS
    assert len(identifier.FailedSOPInstanceUIDList) == NUMBER


def test_a_store_without_role_selection_still_works(
    host: ScpHost, bare_scu: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    """Storage and C-GET share the contexts of the storage SOP classes."""
    association = bare_scu(host, [build_context(RT_PLAN, ExplicitVRLittleEndian)])
    assert association.send_c_store(make_object("1.9.9")).Status == 0


def test_our_c_find(local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any) -> None:
    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(3):
            yield 0xFF00, query("STUDY", StudyInstanceUID=f"{event.identifier.StudyID}.{number}")

    bare = bare_scp([build_context(STUDY_ROOT_FIND)], {evt.EVT_C_FIND: find})
    with RetrieveScu(local, bare.peer) as scu:
        found = list(scu.c_find(query("STUDY", StudyID="1")))
    assert [one.StudyInstanceUID for one in found] == ["1.0", "1.1", "1.2"]
    assert (scu_exchanges.last.message, scu_exchanges.last.detail) == ("C-FIND", "3 matches")
    assert scu_exchanges.last.status == 0


def test_our_c_find_that_stops_early_cancels(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        ticks = Event()
        for number in range(10_000):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, query("STUDY", StudyInstanceUID=f"1.{number}")
            ticks.wait(0.01)

    bare = bare_scp([build_context(STUDY_ROOT_FIND)], {evt.EVT_C_FIND: find})
    with RetrieveScu(local, bare.peer) as scu:
        matches = scu.c_find(query("STUDY", StudyInstanceUID=""))
        next(matches)
        matches.close()
        assert scu_exchanges.last.status == Status.CANCELLED
        assert next(scu.c_find(query("STUDY", StudyInstanceUID=""))), "the association goes on"


def test_a_c_cancel_that_a_peer_forgets_is_sent_with_its_first_answer_again(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    came: Queue[evt.Event] = Queue()

    def find(_event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        came.get(timeout=10)
        yield 0xFF00, query("STUDY", StudyInstanceUID="1.1")
        came.get(timeout=10)
        yield 0xFE00, None

    handlers = {evt.EVT_C_FIND: find, evt.EVT_DIMSE_RECV: cancels_to(came)}
    bare = bare_scp([build_context(STUDY_ROOT_FIND)], handlers)
    running = RunningRequest()
    with running.task(), running.of(RetrieveScu(local, bare.peer)) as scu:
        running.cancel()
        assert len(list(scu.c_find(STUDY))) == 1
    assert scu_exchanges.last.status == Status.CANCELLED


def test_our_c_find_aborts_a_peer_that_heeds_no_cancel(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    aborted = Event()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        ticks = Event()
        while not event.assoc.acse.is_aborted():
            yield 0xFF00, query("STUDY", StudyInstanceUID="1.1")
            ticks.wait(0.01)
        aborted.set()

    bare = bare_scp([build_context(STUDY_ROOT_FIND)], {evt.EVT_C_FIND: find})
    with RetrieveScu(local, bare.peer) as scu:
        matches = scu.c_find(query("STUDY", StudyInstanceUID=""))
        next(matches)
        matches.close()
        assert not scu.is_open
    assert aborted.wait(10)
    assert scu_exchanges.last.status is None
    assert scu_exchanges.last.comment == "no end after C-CANCEL"


def cancels_to(came: Queue[evt.Event]) -> Callable[[evt.Event], None]:
    """Return a handler of messages that keeps each C-CANCEL."""

    def hear(event: evt.Event) -> None:
        if isinstance(event.message, C_CANCEL_RQ):
            came.put(event)

    return hear


@pytest.mark.parametrize("model", [STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET])
def test_what_is_canceled_before_it_leaves_is_canceled_at_once(
    local: LocalAe, bare_scp: Callable[..., Any], model: str, scu_exchanges: Any
) -> None:
    """A peer that has nothing to tell yet is told too."""
    came: Queue[evt.Event] = Queue()

    def wait(_event: evt.Event) -> Iterator[Any]:
        came.get(timeout=10)
        if model == STUDY_ROOT_MOVE:
            yield bare.peer.host, bare.peer.port, {"contexts": [build_context(model)]}
        if model != STUDY_ROOT_FIND:
            yield 2
        yield Status.CANCELLED, None

    events = dict.fromkeys((evt.EVT_C_FIND, evt.EVT_C_MOVE, evt.EVT_C_GET), wait)
    bare = bare_scp([build_context(model)], {**events, evt.EVT_DIMSE_RECV: cancels_to(came)})
    session = GetScu(local, bare.peer) if model == STUDY_ROOT_GET else RetrieveScu(local, bare.peer)
    running = RunningRequest()
    with running.task(), running.of(session) as scu:
        running.cancel()
        if isinstance(scu, GetScu):
            scu.c_get(STUDY, lambda *_: 0)
        elif model == STUDY_ROOT_MOVE:
            scu.c_move(STUDY, "BARE")
        else:
            assert not list(scu.c_find(STUDY))
    assert scu_exchanges.last.status == Status.CANCELLED


def test_our_c_find_raises_a_failure(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    bare = bare_scp(
        [build_context(STUDY_ROOT_FIND)], {evt.EVT_C_FIND: lambda _event: iter([(0xA700, None)])}
    )
    with RetrieveScu(local, bare.peer) as scu:
        with pytest.raises(DimseStatusError) as caught:
            list(scu.c_find(query("STUDY", StudyInstanceUID="")))
        assert scu.is_open
    assert caught.value.status == 0xA700


def mover(peer: ApplicationEntity | None, objects: list[Dataset]) -> Any:
    def move(_event: evt.Event) -> Iterator[Any]:
        if peer is None:
            yield None, None
            return
        yield peer.host, peer.port, {"contexts": [build_context(RT_PLAN)]}
        yield len(objects)
        for one in objects:
            yield 0xFF00, one

    return move


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([0, 0, 0], MoveResult(completed=3)),
        ([0, 0xA700, 0xB007], MoveResult(1, 1, 1, ("1.1",), 0, 0xB000)),
    ],
)
def test_our_c_move(
    local: LocalAe,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    scu_exchanges: Any,
    statuses: list[int],
    expected: MoveResult,
) -> None:
    left = list(statuses)
    sink = bare_scp(
        [build_context(RT_PLAN)],
        {evt.EVT_C_STORE: lambda _event: left.pop(0)},
        ae_title="SINK",
    )
    objects = [make_object(f"1.{number}") for number in range(3)]
    bare = bare_scp([build_context(STUDY_ROOT_MOVE)], {evt.EVT_C_MOVE: mover(sink.peer, objects)})
    progress: list[MoveResult] = []
    with RetrieveScu(local, bare.peer) as scu:
        assert scu.c_move(STUDY, "SINK", on_progress=progress.append) == expected
    assert [one.remaining for one in progress] == [2, 1, 0]
    done = expected.completed + expected.warning
    assert scu_exchanges.last.detail == f"{done} of 3 objects"


@pytest.mark.parametrize(("status", "peer"), [(0xA801, None), (0xA702, "sink")])
def test_our_c_move_raises_a_failure(
    local: LocalAe,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    status: int,
    peer: str | None,
) -> None:
    sink = bare_scp([build_context(RT_PLAN)], {evt.EVT_C_STORE: lambda _event: 0xA700})
    handler = mover(sink.peer if peer else None, [make_object()])
    bare = bare_scp([build_context(STUDY_ROOT_MOVE)], {evt.EVT_C_MOVE: handler})
    with RetrieveScu(local, bare.peer) as scu, pytest.raises(DimseStatusError) as caught:
        scu.c_move(STUDY, "SINK")
    assert caught.value.status == status


def test_our_c_move_is_cancelled_from_another_thread(
    host: ScpHost,
    local: LocalAe,
    bare_scp: Callable[..., Any],
    directory: AeDirectory,
    peer_of: Callable[[ScpHost], ApplicationEntity],
) -> None:
    cancel_sent = Event()

    def wait(_event: evt.Event) -> int:
        cancel_sent.wait(0.5)
        return 0

    destination(bare_scp, directory, wait)
    started = Event()
    with RetrieveScu(local, peer_of(host)) as scu:

        def cancel() -> None:
            started.wait(10)
            scu.cancel()

        thread = Thread(target=cancel)
        thread.start()
        result = scu.c_move(STUDY, "DESTINATION", on_progress=lambda _result: started.set())
        thread.join(10)
    assert result.status == Status.CANCELLED
    assert result.remaining > 0

"""The tools against bare pynetdicom peers: what goes over the wire, and how everything ends."""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from tdwii_gui.app.cli import main
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import (
    CT_IMAGE,
    PATIENT_ROOT_FIND,
    RT_PLAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.command_line import CommandLine

CONTEXTS = [
    build_context(uid)
    for uid in (VERIFICATION, STUDY_ROOT_FIND, PATIENT_ROOT_FIND, STUDY_ROOT_MOVE, RT_PLAN)
]
SECONDS = 20


def match(number: int) -> Dataset:
    dataset = Dataset()
    dataset.PatientID = f"P{number}"
    dataset.StudyInstanceUID = f"1.2.{number}"
    return dataset


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text


def somewhere(tdwii: CommandLine) -> tuple[str, int, dict[str, Any]]:
    """Return where a bare SCP is said to send objects: to itself, for nothing is sent."""
    return "127.0.0.1", tdwii.ports["BARE"], {"contexts": [build_context(RT_PLAN)]}


@pytest.fixture
def serve(bare_scp: Callable[..., Any], tdwii: CommandLine) -> Callable[..., Any]:
    """Return a function that starts a bare SCP with handlers, known as BARE."""

    def start(**handlers: Callable[[evt.Event], Any]) -> Any:
        events = {getattr(evt, f"EVT_{name.upper()}"): each for name, each in handlers.items()}
        scp = bare_scp(CONTEXTS, events)
        tdwii.add_entity("BARE", scp.peer.port)
        return scp

    return start


def test_keys_level_and_model_go_over_the_wire(serve, tdwii: CommandLine) -> None:
    seen: Queue[tuple[str, Dataset]] = Queue()

    def find(event: evt.Event) -> Iterator[tuple[int, None]]:
        seen.put((str(event.context.abstract_syntax), event.identifier))
        yield Status.SUCCESS, None

    serve(c_find=find)
    keys = (
        "PatientID=A*",
        "StudyDate=20260101-20260131",
        "RequestAttributesSequence.RequestedProcedureID=7",
    )
    given = [part for key in keys for part in ("-k", key)]
    tdwii.done("find", "BARE", "--level", "SERIES", "--root", "PATIENT", *given)
    model, identifier = seen.get(timeout=SECONDS)
    assert model == PATIENT_ROOT_FIND
    assert identifier.QueryRetrieveLevel == "SERIES"
    assert (identifier.PatientID, identifier.StudyDate) == ("A*", "20260101-20260131")
    assert identifier.RequestAttributesSequence[0].RequestedProcedureID == "7"
    assert identifier["SeriesInstanceUID"].is_empty


def test_first_rows_are_printed_before_the_last_is_sent(serve, tdwii: CommandLine) -> None:
    go_on = threading.Event()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        yield Status.PENDING, match(1)
        assert go_on.wait(SECONDS)
        yield Status.PENDING, match(2)

    serve(c_find=find)
    command = tdwii.start("find", "BARE")
    assert "1.2.1" in command.wait_for_line("P1")
    go_on.set()
    assert "1.2.2" in command.wait_for_line("P2")
    assert command.process.wait(SECONDS) == 0


def test_values_of_a_peer_do_not_move_the_cursor(serve, tdwii: CommandLine) -> None:
    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        evil = match(1)
        evil.PatientName = "A\x1b[2J"
        yield Status.PENDING, evil

    serve(c_find=find)
    with pytest.warns(UserWarning, match="escape"):
        out = tdwii.done("find", "BARE")
    assert "A\\x1b[2J" in out
    assert "\x1b" not in out


def test_a_refused_query_ends_in_one_line(serve, tdwii: CommandLine) -> None:
    def find(event: evt.Event) -> Iterator[tuple[Dataset, None]]:
        status = Dataset()
        status.Status, status.ErrorComment = Status.DATASET_MISMATCH, "no such level"
        yield status, None

    serve(c_find=find)
    refused = tdwii.run("find", "BARE")
    assert refused.returncode == 1
    line = one_line(refused.stderr)
    assert line.startswith("tdwii: C-FIND to BARE: A900H")
    assert "no such level" in line
    as_json = tdwii.run("find", "BARE", "--json")
    assert json.loads(as_json.stdout) == []


def test_a_peer_that_is_dead_or_unknown_ends_in_one_line(tdwii: CommandLine) -> None:
    for command in ("find", "status", "report"):
        dead = tdwii.run(command, "OST")
        assert dead.returncode == 1
        assert "nothing listens there" in one_line(dead.stderr)
        unknown = tdwii.run(command, "NOBODY")
        assert unknown.returncode == 2
        assert "AE title 'NOBODY' is not in" in one_line(unknown.stderr)


def test_a_peer_that_aborts_ends_in_one_line(serve, tdwii: CommandLine) -> None:
    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield Status.PENDING, match(1)
        event.assoc.abort()

    serve(c_find=find)
    lost = tdwii.run("find", "BARE")
    assert lost.returncode == 1
    assert "P1" in lost.stdout
    assert "aborted, or the connection was lost" in one_line(lost.stderr)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Have nothing closed by the garbage collection, which comes at any time or never."""
    gc.disable()
    yield
    gc.enable()


def test_an_output_that_is_closed_ends_the_query(
    serve, tdwii: CommandLine, no_collection: None
) -> None:
    """As of `tdwii find ... | head -1`."""
    ended = threading.Event()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(100_000):
            if event.is_cancelled or not event.assoc.is_established:
                break
            yield Status.PENDING, match(number)
            # pynetdicom reads nothing, not even a C-CANCEL, while it has something to send.
            while event.assoc.dul.to_provider_queue.qsize():
                time.sleep(0.001)
        ended.set()

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    serve(c_find=find)
    err = io.StringIO()
    with redirect_stdout(Closed()), redirect_stderr(err):
        code = main(["find", "BARE", "--ae-config", str(tdwii.ae_config)])
    assert code == 1
    assert "the output was closed" in one_line(err.getvalue())
    assert ended.wait(SECONDS)


def test_unique_keys_alone_are_moved_without_a_query(serve, tdwii: CommandLine) -> None:
    seen: Queue[tuple[str, Dataset]] = Queue()

    def move(event: evt.Event) -> Iterator[Any]:
        seen.put((event.move_destination, event.identifier))
        yield None, None

    serve(c_move=move)
    result = tdwii.run("move", "BARE", "-k", "StudyInstanceUID=1.2.1", "--to", "FAR")
    assert result.returncode == 1
    destination, identifier = seen.get(timeout=SECONDS)
    assert destination == "FAR"
    assert {element.keyword for element in identifier} == {"QueryRetrieveLevel", "StudyInstanceUID"}


def test_what_is_found_is_moved_by_its_unique_keys(serve, tdwii: CommandLine) -> None:
    seen: Queue[Dataset] = Queue()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield Status.PENDING, match(1)
        yield Status.PENDING, match(2)

    def move(event: evt.Event) -> Iterator[Any]:
        seen.put(event.identifier)
        yield somewhere(tdwii)
        yield 0

    serve(c_find=find, c_move=move)
    result = tdwii.run("move", "BARE", "-k", "PatientID=P*", "--to", "FAR", "--json")
    assert [seen.get(timeout=SECONDS).StudyInstanceUID for _ in range(2)] == ["1.2.1", "1.2.2"]
    value = json.loads(result.stdout)
    assert [one["uid"] for one in value["entities"]] == ["1.2.1", "1.2.2"]


def interrupt() -> None:
    """Do what Ctrl-C does; the main thread, which runs the command, hears of it."""
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_a_query(serve, tdwii: CommandLine) -> None:
    closed = threading.Event()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield Status.PENDING, match(1)
        interrupt()
        assert closed.wait(SECONDS)

    serve(c_find=find, conn_close=lambda _event: closed.set())
    result = tdwii.run("find", "BARE")
    assert result.returncode == 1
    assert one_line(result.stderr) == "tdwii: interrupted\n"
    assert closed.wait(SECONDS)


def test_ctrl_c_cancels_a_move_by_c_cancel(serve, tdwii: CommandLine) -> None:
    canceled = threading.Event()

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield Status.PENDING, match(1)
        yield Status.PENDING, match(2)

    def move(event: evt.Event) -> Iterator[Any]:
        interrupt()
        ticks = threading.Event()
        while not event.is_cancelled:
            assert event.assoc.is_established
            ticks.wait(0.01)
        canceled.set()
        yield somewhere(tdwii)
        yield 3
        yield Status.CANCELLED, None

    scp = serve(c_find=find, c_move=move, c_echo=lambda _event: Status.SUCCESS)
    steps = ("--then", "move --to FAR", "--then", "echo")
    result = tdwii.run("find", "BARE", "-k", "PatientID=P*", *steps)
    assert canceled.is_set()
    assert result.returncode == 1
    assert "canceled: 0 of 0 objects moved to FAR" in result.stdout
    assert "Traceback" not in result.stderr
    names = [event.event.name for event in list(scp.requests.queue)]
    assert names.count("EVT_C_MOVE") == 1, "the second study is not asked for"
    assert "EVT_C_ECHO" not in names, "and nothing follows"


def test_ctrl_c_ends_a_push_after_the_object_under_way(
    serve, tdwii: CommandLine, make_object, tmp_path
) -> None:
    stored: list[str] = []

    def store(event: evt.Event) -> int:
        stored.append(event.request.AffectedSOPInstanceUID)
        if len(stored) == 2:
            interrupt()
            threading.Event().wait(0.2)
        return Status.SUCCESS

    serve(c_store=store)
    folder = tmp_path / "objects"
    folder.mkdir()
    for number in range(30):
        write_part10(folder / f"{number:02}.dcm", make_object(f"1.2.{number}"))
    result = tdwii.run("push", "BARE", folder, "--json")
    assert result.returncode == 1
    value = json.loads(result.stdout)
    assert value["canceled"]
    assert value["stored"] == len(stored) < 30
    assert {row["reason"] for row in value["failed"]} == {"canceled"}


def test_what_a_peer_does_not_accept_is_said_for_each_file(
    serve, tdwii: CommandLine, make_object, tmp_path
) -> None:
    serve(c_store=lambda _event: Status.SUCCESS)
    for number, sop_class in enumerate((CT_IMAGE, CT_IMAGE, RT_PLAN)):
        write_part10(
            tmp_path / f"{number}.dcm", make_object(f"1.2.{number}", SOPClassUID=sop_class)
        )
    files = sorted(tmp_path.glob("*.dcm"))
    mixed = tdwii.run("push", "BARE", *files)
    assert mixed.stdout.startswith("1 of 3 files stored")
    assert mixed.stderr.count("is not accepted by the peer") == 2
    none = tdwii.run("push", "BARE", *files[:2])
    assert (none.returncode, none.stdout[:6]) == (1, "0 of 2")
    assert none.stderr.count("accepts none of") == 2


def test_a_peer_that_is_lost_leaves_a_count_of_what_it_has(
    serve, tdwii: CommandLine, make_object, tmp_path
) -> None:
    stored: list[str] = []

    def store(event: evt.Event) -> int:
        if len(stored) == 2:
            event.assoc.abort()
        else:
            stored.append(event.request.AffectedSOPInstanceUID)
        return Status.SUCCESS

    serve(c_store=store)
    for number in range(4):
        write_part10(tmp_path / f"{number}.dcm", make_object(f"1.2.{number}"))
    result = tdwii.run("push", "BARE", *sorted(tmp_path.glob("*.dcm")))
    assert result.returncode == 1
    assert result.stdout.startswith("2 of 4 files stored")
    assert "aborted, or the connection was lost" in one_line(result.stderr)


def test_more_kinds_of_objects_than_an_association_holds_are_sent(
    bare_scp, tdwii: CommandLine, make_object, tmp_path
) -> None:
    from pynetdicom import AllStoragePresentationContexts

    classes = [str(one.abstract_syntax) for one in AllStoragePresentationContexts[:130]]
    seen: list[str] = []

    def store(event: evt.Event) -> int:
        seen.append(str(event.request.AffectedSOPClassUID))
        return Status.SUCCESS

    scp = bare_scp([build_context(uid) for uid in classes], {evt.EVT_C_STORE: store})
    tdwii.add_entity("BARE", scp.peer.port)
    folder = tmp_path / "objects"
    folder.mkdir()
    for number, uid in enumerate(classes):
        write_part10(folder / f"{number:03}.dcm", make_object(f"1.2.{number}", SOPClassUID=uid))
    assert f"{len(classes)} of {len(classes)} files" in tdwii.done("store", "BARE", folder)
    assert sorted(seen) == sorted(classes)

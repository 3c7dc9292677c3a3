"""Faults of what we ask for and report, as bare SCPs meet them."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import build_context, evt

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.errors import Aborted
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.net.event_sender import EventSender, Pace
from tdwii_gui.dicom.net.fault import Fault
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import (
    RT_PLAN,
    STUDY_ROOT_GET,
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_WATCH,
    VERIFICATION,
)
from tests.integration.net.memory_outbox import MemoryOutbox
from tests.integration.net.ups.messages import attribute_list, dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.faults import Faults

LONG = 3600
QUICK = Pace(first_delay=0.02, last_delay=0.05, linger=0.1)
CREATED = attribute_list()
PATH = "ScheduledStationNameCodeSequence[0].CodeValue"


@pytest.fixture
def ours(patient_local: LocalAe, faults: Faults) -> LocalAe:
    return LocalAe("OURS", patient_local.timeouts, patient_local.on_exchange, faults=faults)


@pytest.fixture
def tms(bare_scp: Callable[..., Any]) -> Any:
    """Return a bare TMS that takes all that it is asked for, and keeps nothing."""
    contexts = [build_context(uid) for uid in (UPS_PUSH, UPS_PULL, UPS_WATCH, VERIFICATION)]
    return bare_scp(
        contexts,
        {
            evt.EVT_C_ECHO: lambda _event: 0,
            evt.EVT_C_FIND: lambda _event: iter([(0xFF00, dataset(PatientID="P1"))]),
            evt.EVT_N_CREATE: lambda _event: (0, None),
            evt.EVT_N_SET: lambda _event: (0, None),
            evt.EVT_N_ACTION: lambda _event: (0, None),
        },
        ae_title="TMS",
    )


def ask_all(ours: LocalAe, tms: Any) -> list[Any]:
    """Ask a TMS for all kinds of things; return the data sets that it has got."""
    modifications = dataset(PatientName="Set^Name", ContactURI="here")
    with UpsScu(ours, tms.peer) as scu:
        scu.n_create("1.2.3", CREATED)
        scu.n_set("1.2.3", modifications)
        scu.change_state("1.2.3", dataset(ProcedureStepState="IN PROGRESS", TransactionUID="1.9"))
        scu.subscribe_globally("OURS")
        assert len(list(scu.c_find(dataset(PatientID="", PatientName="")))) == 1
    with VerificationScu(ours, tms.peer) as scu:
        scu.c_echo()
    return [heard(tms.requests.get(timeout=10)) for _ in range(6)]


def heard(event: evt.Event) -> Any:
    match event.event:
        case evt.EVT_N_CREATE:
            return event.attribute_list
        case evt.EVT_N_SET:
            return event.modification_list
        case evt.EVT_N_ACTION:
            return event.action_information
        case evt.EVT_C_FIND:
            return event.identifier
        case _:
            return event.event.name


@pytest.mark.parametrize(
    ("text", "number", "change"),
    [
        (f"alter-attribute message=N-CREATE path={PATH} value=TR9", 0, (PATH, "TR9")),
        ("remove-attribute message=N-CREATE path=WorklistLabel", 0, ("WorklistLabel", None)),
        ("alter-attribute path=PatientName value=X^Y nth=2", 1, ("PatientName", "X^Y")),
        ("remove-attribute message=N-SET peer=TMS path=ContactURI", 1, ("ContactURI", None)),
        ("alter-attribute type_id=1 path=TransactionUID value=1.8", 2, ("TransactionUID", "1.8")),
        ("remove-attribute type_id=3 path=DeletionLock", 3, ("DeletionLock", None)),
        ("alter-attribute message=C-FIND path=PatientID value=A?", 4, ("PatientID", "A?")),
        ("remove-attribute message=C-FIND path=PatientName", 4, ("PatientName", None)),
    ],
)
def test_data_sets_of_requests_are_altered(
    ours: LocalAe,
    tms: Any,
    faults: Faults,
    scu_exchanges: Any,
    text: str,
    number: int,
    change: tuple[str, str | None],
) -> None:
    """What is altered is what the exchange tells, too; the actor's own data set stays."""
    plain = ask_all(ours, tms)
    fault = Fault.from_text(text)
    before = len(scu_exchanges.exchanges)
    faults.add(fault)
    altered = ask_all(ours, tms)
    assert faults.hits(fault) == 1
    expected = deepcopy(plain)
    _change(expected[number], *change)
    assert altered == expected
    told = [each.request for each in scu_exchanges.exchanges[before:]]
    assert told[number].to_json_dict() == expected[number].to_json_dict()
    assert ask_all(ours, tms) == plain, "it strikes once"


def _change(found: Dataset, path: str, value: str | None) -> None:
    *before, last = path.split(".")
    if before:
        found = found.ScheduledStationNameCodeSequence[0]
    if value is None:
        delattr(found, last)
    else:
        setattr(found, last, value)


@pytest.mark.parametrize("text", ["abort message=N-ACTION", "abort nth=3"])
def test_an_abort_in_place_of_a_request(
    ours: LocalAe, tms: Any, faults: Faults, text: str, wait_until: Callable[..., None]
) -> None:
    """A-ABORT (PS3.8 9.3.8) comes instead of the third request; the next association is well."""
    faults.add(Fault.from_text(text))
    with pytest.raises(Aborted):
        ask_all(ours, tms)
    names = [tms.requests.get(timeout=10).event for _ in range(2)]
    assert names == [evt.EVT_N_CREATE, evt.EVT_N_SET]
    wait_until(lambda: not tms.server.active_associations)
    assert tms.requests.empty()
    assert len(ask_all(ours, tms)) == 6


def test_a_request_is_delayed(ours: LocalAe, tms: Any, faults: Faults) -> None:
    faults.add(Fault.from_text("delay seconds=0.3 message=N-SET"))
    begun = time.monotonic()
    ask_all(ours, tms)
    assert time.monotonic() - begun >= 0.3
    faults.on_struck = faults.remove
    faults.set([Fault.from_text(f"delay seconds={LONG} message=N-SET")])
    ask_all(ours, tms)
    assert not faults.is_active


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_objects_are_altered_in_their_transfer_syntax(
    ours: LocalAe,
    faults: Faults,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    tmp_path: Path,
    syntax: str,
) -> None:
    archive = bare_scp([build_context(RT_PLAN, syntax)], {evt.EVT_C_STORE: lambda _event: 0})
    objects = [make_object(f"1.7.{number}", StudyID="S", SeriesNumber=3) for number in range(3)]
    for one in objects:
        one.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "one.dcm"
    write_part10(path, objects[1])
    sources = [objects[0], path, objects[2]]
    for text in (
        "alter-attribute path=PatientName value=Wrong^Name nth=2",
        "remove-attribute path=StudyID nth=2",
        "alter-attribute path=SeriesNumber value=many nth=3",
    ):
        faults.add(Fault.from_text(f"{text} message=C-STORE"))
    with StorageScu(ours, archive.peer, sources) as scu:
        for source in sources:
            assert scu.c_store(source) == Status.SUCCESS
    first, second, third = (archive.requests.get(timeout=10) for _ in range(3))
    assert first.dataset == objects[0]
    assert (second.dataset.PatientName, "StudyID" in second.dataset) == ("Wrong^Name", False)
    assert second.dataset.SeriesNumber == 3
    encoded = third.request.DataSet.getvalue()
    assert "deflated" in syntax.name.lower() or b"many" in encoded, "no Integer String at all"
    assert len(encoded) % 2 == 0


def test_a_store_is_aborted_and_what_came_before_is_there(
    ours: LocalAe,
    faults: Faults,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    archive = bare_scp([build_context(RT_PLAN)], {evt.EVT_C_STORE: lambda _event: 0})
    objects = [make_object(f"1.7.{number}") for number in range(3)]
    faults.add(Fault.from_text("abort message=C-STORE nth=2"))

    def store() -> None:
        with StorageScu(ours, archive.peer, objects) as scu:
            for one, following in zip(objects, [*objects[1:], None], strict=True):
                scu.c_store(one, following=following)

    with pytest.raises(Aborted):
        store()
    assert archive.requests.get(timeout=10).request.AffectedSOPInstanceUID == "1.7.0"
    store()
    uids = [archive.requests.get(timeout=10).request.AffectedSOPInstanceUID for _ in objects]
    assert uids == ["1.7.0", "1.7.1", "1.7.2"]


def test_sub_operations_of_a_get_are_answered_with_a_status(
    ours: LocalAe,
    faults: Faults,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    answers: list[int] = []

    def send(event: evt.Event) -> Iterator[Any]:
        yield 3
        for number in range(3):
            yield 0xFF00, make_object(f"1.7.{number}")

    def note(event: evt.Event) -> None:
        command = event.message.command_set
        if command.CommandField == 0x8001:
            answers.append(command.Status)

    context = build_context(RT_PLAN)
    context.scu_role = context.scp_role = True
    archive = bare_scp([build_context(STUDY_ROOT_GET), context], {evt.EVT_C_GET: send})
    archive.server.bind(evt.EVT_DIMSE_RECV, note)
    kept: list[str] = []

    def keep(_part10: bytes, uid: str) -> int:
        kept.append(uid)
        return 0

    faults.add(Fault.from_text("answer-status message=C-STORE status=A700 nth=2"))
    wanted = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3.1")
    with GetScu(ours, archive.peer, [RT_PLAN]) as scu:
        result = scu.c_get(wanted, keep)
    assert answers == [0, 0xA700, 0]
    assert kept == ["1.7.0", "1.7.2"], "what is refused is not kept"
    assert (result.completed, result.failed) == (2, 1)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def watch(
    bare_scp: Callable[..., Any], outbox: MemoryOutbox, ours: LocalAe
) -> Iterator[Callable[..., list[tuple[int, str]]]]:
    """Return a function that has events sent to a bare receiver and returns what it got."""
    directory = AeDirectory()
    context = build_context(UPS_EVENT)
    context.scu_role = context.scp_role = True
    bare = bare_scp(
        [context], {evt.EVT_N_EVENT_REPORT: lambda _event: (0, None)}, ae_title="WATCHER"
    )
    directory.register(bare.peer)
    sender = EventSender(outbox, directory, ours, pace=QUICK)
    sender.start()

    def send(*types: int, last: int) -> list[tuple[int, str]]:
        for number, event_type in enumerate(types, 1):
            outbox.put("WATCHER", number, event_type)
        sender.wake()
        due = set(range(1, len(types) + 1))
        while due:
            due.discard(outbox.done.get(timeout=10))
        got = []
        while not got or got[-1][0] != last:
            event = bare.requests.get(timeout=10)
            number = int(event.request.AffectedSOPInstanceUID.rpartition(".")[2])
            got.append((number, str(event.event_information.get("ProcedureStepState", "absent"))))
        assert bare.requests.empty()
        return got

    yield send
    sender.stop()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("drop-event nth=2", [1, 3, 4, 5]),
        ("drop-event times=3", [4, 5]),
        ("drop-event type_id=3", [1, 2, 4, 5]),
        ("double-event nth=3", [1, 2, 3, 3, 4, 5]),
        ("double-event type_id=3 times=0", [1, 2, 3, 3, 4, 5]),
        ("reorder-event nth=2", [1, 3, 2, 4, 5]),
        ("reorder-event", [2, 1, 3, 4, 5]),
        ("reorder-event nth=2 times=2", [1, 3, 2, 4, 5]),
        ("drop-event peer=OTHER", [1, 2, 3, 4, 5]),
        ("double-event nth=6", [1, 2, 3, 4, 5]),
        ("reorder-event type_id=2", [1, 2, 3, 4, 5]),
        ("abort message=N-EVENT-REPORT nth=2", [1, 2, 3, 4, 5]),
    ],
)
def test_events_are_lost_doubled_and_late(
    watch: Callable[..., list[tuple[int, str]]],
    faults: Faults,
    text: str,
    expected: list[int],
) -> None:
    """One that is held back by an abort comes again, on the next association."""
    if text:
        faults.add(Fault.from_text(text))
    got = watch(1, 1, 3, 1, 1, last=5)
    assert [number for number, _ in got] == expected


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("alter-attribute path=ProcedureStepState value=BROKEN nth=2", "BROKEN"),
        ("remove-attribute message=N-EVENT-REPORT path=ProcedureStepState nth=2", "absent"),
    ],
)
def test_events_are_altered(
    watch: Callable[..., list[tuple[int, str]]],
    faults: Faults,
    scu_exchanges: Any,
    text: str,
    state: str,
) -> None:
    faults.add(Fault.from_text(text))
    got = watch(1, 1, 1, last=3)
    assert got == [(1, "SCHEDULED"), (2, state), (3, "SCHEDULED")]
    told = [each.request for each in scu_exchanges.exchanges]
    assert [str(each.get("ProcedureStepState", "absent")) for each in told] == [
        "SCHEDULED",
        state,
        "SCHEDULED",
    ]

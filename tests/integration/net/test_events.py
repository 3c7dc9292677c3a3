"""N-EVENT-REPORT: our sender to bare receivers, bare senders to our receiver."""

from __future__ import annotations

import threading
import time
from itertools import chain, count
from queue import Queue
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import build_context, build_role, evt

from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.dicom.net import event_sender
from tdwii_gui.dicom.net.event_receiver import EventReceiver, EventReport
from tdwii_gui.dicom.net.event_sender import EventSender, Pace
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_EVENT, UPS_PUSH
from tests.integration.net.memory_outbox import UID, MemoryOutbox, information

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

QUICK = Pace(first_delay=0.02, last_delay=0.05, linger=0.1)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory()


@pytest.fixture
def sender(
    outbox: MemoryOutbox, directory: AeDirectory, patient_local: LocalAe
) -> Iterator[EventSender]:
    sender = EventSender(outbox, directory, patient_local, pace=QUICK)
    sender.start()
    yield sender
    sender.stop()


@pytest.fixture
def receiver(bare_scp: Callable[..., Any], directory: AeDirectory) -> Callable[..., Any]:
    """Return a function that starts a bare event receiver."""

    def start(
        handler: Any = None,
        *,
        ae_title: str = "WATCHER",
        roles: tuple[bool, bool] | None = (True, True),
        **options: Any,
    ) -> Any:
        context = build_context(UPS_EVENT)
        if roles is not None:
            context.scu_role, context.scp_role = roles
        handlers = {evt.EVT_N_EVENT_REPORT: handler or (lambda _event: (0, None))}
        bare = bare_scp([context], handlers, ae_title=ae_title, **options)
        directory.register(bare.peer)
        return bare

    return start


@pytest.mark.parametrize("roles", [(True, True), (False, True), None])
def test_events_arrive_in_order_on_one_association(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    roles: tuple[bool, bool] | None,
) -> None:
    """PS3.4 CC.3.2; with SCP role negotiation, and with peers that know nothing of it."""
    bare = receiver(roles=roles)
    for number in range(40):
        outbox.put("WATCHER", number, event_type=1 + number % 5)
    sender.wake()
    events = [bare.requests.get(timeout=10) for _ in range(40)]
    assert [one.request.AffectedSOPInstanceUID for one in events] == [
        f"{UID}.{number}" for number in range(40)
    ]
    assert [one.event_type for one in events[:6]] == [1, 2, 3, 4, 5, 1]
    assert {one.request.AffectedSOPClassUID for one in events} == {UPS_PUSH}
    assert {one.context.abstract_syntax for one in events} == {UPS_EVENT}
    assert events[0].event_information == information()
    assert len({id(one.assoc) for one in events}) == 1
    assert sorted(outbox.done.get(timeout=10) for _ in range(40)) == list(range(40))


def test_the_scp_role_is_proposed(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    """PS3.7 D.3.3.4: a requestor is the SCU unless it proposes otherwise."""
    bare = receiver()
    outbox.put("WATCHER", 1)
    sender.wake()
    roles = bare.requests.get(timeout=10).assoc.requestor.role_selection
    assert (roles[UPS_EVENT].scu_role, roles[UPS_EVENT].scp_role) == (False, True)


def test_what_was_left_over_is_sent_at_start(
    outbox: MemoryOutbox,
    directory: AeDirectory,
    local: LocalAe,
    receiver: Callable[..., Any],
) -> None:
    bare = receiver()
    outbox.put("WATCHER", 1)
    sender = EventSender(outbox, directory, local, pace=QUICK)
    sender.start()
    assert bare.requests.get(timeout=10).event_type == 1
    sender.stop()


@pytest.mark.parametrize("trouble", ["nothing listens", "not in the directory", "hangs"])
def test_one_receiver_in_trouble_delays_no_other(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    directory: AeDirectory,
    trouble: str,
) -> None:
    go_on = Event()

    def hang(_event: evt.Event) -> tuple[int, None]:
        go_on.wait(10)
        return 0, None

    if trouble == "nothing listens":
        directory.register(ApplicationEntity("BAD", "127.0.0.1", 1))
    elif trouble == "hangs":
        receiver(hang, ae_title="BAD")
    good = receiver(ae_title="GOOD")
    for number in range(5):
        outbox.put("BAD", number)
        outbox.put("GOOD", 100 + number)
    started = time.monotonic()
    sender.wake()
    for number in range(5):
        event = good.requests.get(timeout=10)
        assert event.request.AffectedSOPInstanceUID == f"{UID}.{100 + number}"
    assert time.monotonic() - started < 5  # the time limit is 10 s
    assert outbox.receivers()[0] == "BAD"
    sender.stop()
    go_on.set()


def test_a_receiver_that_comes_back_gets_all_in_order(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    for number in range(3):
        outbox.put("WATCHER", number)
    sender.wake()
    wait_until(lambda: outbox.attempts.get(0, 0) >= 2)
    assert set(outbox.attempts) == {0}
    bare = receiver()
    uids = [bare.requests.get(timeout=10).request.AffectedSOPInstanceUID for _ in range(3)]
    assert uids == [f"{UID}.{number}" for number in range(3)]


def answering(*statuses: int) -> Callable[[evt.Event], tuple[int, None]]:
    left = list(statuses)

    def answer(_event: evt.Event) -> tuple[int, None]:
        return (left.pop(0) if len(left) > 1 else left[0]), None

    return answer


@pytest.mark.parametrize("status", [0x0112, 0x0113, 0x0124, 0xC307])
def test_a_failure_status_is_an_answer(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any], status: int
) -> None:
    bare = receiver(answering(status, 0))
    outbox.put("WATCHER", 1)
    outbox.put("WATCHER", 2)
    sender.wake()
    assert sorted(outbox.done.get(timeout=10) for _ in range(2)) == [1, 2]
    assert bare.requests.qsize() == 2
    assert outbox.attempts == {}


@pytest.mark.parametrize("status", [Status.PROCESSING_FAILURE, Status.RESOURCE_LIMITATION])
def test_a_passing_failure_is_tried_again(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any], status: int
) -> None:
    bare = receiver(answering(status, status, 0))
    outbox.put("WATCHER", 1)
    outbox.put("WATCHER", 2)
    sender.wake()
    assert [outbox.done.get(timeout=10) for _ in range(2)] == [1, 2]
    assert bare.requests.qsize() == 4
    assert outbox.attempts == {1: 2}


def test_an_event_that_is_always_refused_does_not_block_the_line(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    bare = receiver(answering(*[Status.PROCESSING_FAILURE] * 5, 0))
    outbox.put("WATCHER", 1)
    outbox.put("WATCHER", 2)
    sender.wake()
    assert [outbox.done.get(timeout=10) for _ in range(2)] == [1, 2]
    assert bare.requests.qsize() == 6


def test_a_line_without_work_ends_and_begins_anew(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    def line_lives() -> bool:
        return any(one.name == "OURS-notify-WATCHER" for one in threading.enumerate())

    bare = receiver()
    for number in range(2):
        outbox.put("WATCHER", number)
        sender.wake()
        bare.requests.get(timeout=10)
        assert line_lives()
        wait_until(lambda: not line_lives())


def test_an_association_that_the_receiver_ended_is_opened_again(
    outbox: MemoryOutbox,
    directory: AeDirectory,
    local: LocalAe,
    receiver: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    bare = receiver()
    sender = EventSender(outbox, directory, local, pace=Pace(first_delay=60, linger=60))
    sender.start()
    outbox.put("WATCHER", 1)
    sender.wake()
    association = bare.requests.get(timeout=10).assoc
    outbox.done.get(timeout=10)
    association.abort()
    wait_until(lambda: not any(line._session.is_open for line in sender._lines.values()))
    outbox.put("WATCHER", 2)
    sender.wake()
    assert bare.requests.get(timeout=10).assoc is not association  # without a delay
    sender.stop()


def test_stop_does_not_wait_for_a_receiver_that_hangs(
    outbox: MemoryOutbox,
    directory: AeDirectory,
    patient_local: LocalAe,
    receiver: Callable[..., Any],
) -> None:
    go_on = Event()

    def hang(_event: evt.Event) -> tuple[int, None]:
        go_on.wait(10)
        return 0, None

    bare = receiver(hang)
    sender = EventSender(outbox, directory, patient_local, pace=QUICK)
    sender.start()
    outbox.put("WATCHER", 1)
    sender.wake()
    bare.requests.get(timeout=10)
    started = time.monotonic()
    sender.stop()
    assert time.monotonic() - started < 4
    assert not any("notify" in one.name for one in threading.enumerate())
    assert outbox.receivers() == ["WATCHER"]
    go_on.set()


def test_stop_does_not_wait_for_the_next_attempt(
    outbox: MemoryOutbox,
    directory: AeDirectory,
    local: LocalAe,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    sender = EventSender(outbox, directory, local, pace=Pace(first_delay=60))
    sender.start()
    outbox.put("NOBODY", 1)
    sender.wake()
    wait_until(lambda: outbox.attempts == {1: 1})
    started = time.monotonic()
    sender.stop()
    assert time.monotonic() - started < 4


def test_named_receivers_are_woken_without_a_look_at_the_others(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    watcher, other = receiver(), receiver(ae_title="OTHER")
    outbox.put("WATCHER", 1)
    outbox.put("OTHER", 2)
    sender.wake(["WATCHER"])
    assert watcher.requests.get(timeout=10).event_type == 1
    assert outbox.done.get(timeout=10) == 1
    sender.wake()
    assert other.requests.get(timeout=10).event_type == 1


def test_what_is_due_to_several_receivers_is_read_at_once(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    """Each gets its own in order; one that is in trouble reads for itself."""
    names = ("FIRST", "SECOND", "THIRD")
    bare = [receiver(ae_title=name) for name in names]
    numbers = count()
    for _ in range(5):
        sent = {name: [next(numbers), next(numbers)] for name in names}
        for number in range(2):
            for name in names:
                outbox.put(name, sent[name][number])
        outbox.put("NOBODY", next(numbers))
        sender.wake([*names, "NOBODY"])
        for name, each in zip(names, bare, strict=True):
            uids = [each.requests.get(timeout=10).request.AffectedSOPInstanceUID for _ in range(2)]
            assert uids == [f"{UID}.{number}" for number in sent[name]]
        assert sorted(outbox.done.get(timeout=10) for _ in range(6)) == sorted(
            chain(*sent.values())
        )
    # Only the first time, when there was no line yet, each read for itself.
    assert {name: outbox.reads[name] for name in names} == dict.fromkeys(names, 1)
    assert len(outbox.next("NOBODY")) == 5


def test_from_a_shared_outbox_each_line_reads_for_itself(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    """What was read before a line is ours may have been delivered by the process that had it."""
    outbox.is_shared = True
    read: list[object] = []
    outbox.next_of = lambda *arguments: read.append(arguments) or []  # type: ignore[method-assign, func-returns-value]
    bare = {name: receiver(ae_title=name) for name in ("FIRST", "SECOND")}
    for number in range(3):
        for count_of, name in enumerate(bare):
            outbox.put(name, 2 * number + count_of)
        sender.wake(bare)
        for each in bare.values():
            each.requests.get(timeout=10)
    assert read == []


def test_much_that_is_due_is_read_by_each_receiver_for_itself(
    sender: EventSender, outbox: MemoryOutbox, receiver: Callable[..., Any]
) -> None:
    bare = {name: receiver(ae_title=name) for name in ("FIRST", "SECOND")}
    numbers = count()
    for number in (1, 200):
        for name in bare:
            for _ in range(number):
                outbox.put(name, next(numbers))
        sender.wake(bare)
        for each in bare.values():
            uids = [
                int(each.requests.get(timeout=10).request.AffectedSOPInstanceUID[len(UID) + 1 :])
                for _ in range(number)
            ]
            assert uids == list(range(uids[0], uids[0] + number))


def test_an_answered_event_is_not_sent_again_while_the_outbox_still_has_it(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watcher, taken_out, taking_out = receiver(), threading.Event(), outbox.delivered

    def delivered(ids: Any) -> None:
        taken_out.wait(10)
        taking_out(ids)

    monkeypatch.setattr(outbox, "delivered", delivered)
    for number in (1, 2):
        outbox.put("WATCHER", number)
        sender.wake(["WATCHER"])
        request = watcher.requests.get(timeout=10).request
        assert request.AffectedSOPInstanceUID == f"{UID}.{number}"
    taken_out.set()
    assert [outbox.done.get(timeout=10) for _ in range(2)] == [1, 2]
    assert watcher.requests.empty()


def test_a_line_that_another_process_has_is_left_to_it(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
) -> None:
    mine, theirs = receiver(), receiver(ae_title="THEIRS")
    outbox.taken_elsewhere = frozenset({"THEIRS"})
    outbox.put("THEIRS", 1)
    outbox.put("WATCHER", 2)
    sender.wake()
    assert mine.requests.get(timeout=10).event_type == 1
    assert outbox.done.get(timeout=10) == 2
    assert theirs.requests.empty()
    outbox.taken_elsewhere = frozenset()  # it died
    sender.wake()
    assert theirs.requests.get(timeout=10).event_type == 1


def test_the_last_attempt_of_each_receiver_is_told(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    receiver(answering(0, 0x0112))
    outbox.put("WATCHER", 1)
    outbox.put("WATCHER", 2, event_type=3)
    outbox.put("NOBODY", 3)
    sender.wake()
    assert sorted(outbox.done.get(timeout=10) for _ in range(2)) == [1, 2]
    wait_until(lambda: "NOBODY" in sender.deliveries())
    told = sender.deliveries()
    good, bad = told["WATCHER"], told["NOBODY"]
    assert (good.event_type, good.sop_instance_uid, good.status) == (3, f"{UID}.2", 0x0112)
    assert (good.delivered, good.dropped, good.ok) == (2, 0, False)
    assert "0112" in good.reason
    assert (bad.event_type, bad.status, bad.delivered, bad.ok) == (1, None, 0, False)
    assert "NOBODY" in bad.reason
    assert list(sender.troubles()) == ["NOBODY"]


def test_what_is_too_old_is_dropped_and_the_log_says_so(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox.put("NOBODY", 1, age=24 * 3600 + 60)
    outbox.put("NOBODY", 2, age=24 * 3600 - 60)
    sender.wake()
    wait_until(lambda: 2 in outbox.attempts)
    assert "1 events to 'NOBODY' dropped: older than 24 h" in caplog.text
    assert sender.deliveries()["NOBODY"].dropped == 1
    assert [event.id for event in outbox.next("NOBODY")] == [2]


def test_a_line_does_not_grow_without_an_end(
    sender: EventSender,
    outbox: MemoryOutbox,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[[Callable[[], bool]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(event_sender, "LONGEST_LINE", 3)
    for number in range(5):
        outbox.put("NOBODY", number, event_type=3)
    sender.wake()
    wait_until(lambda: len(outbox.next("NOBODY")) == 3)
    wait_until(lambda: "NOBODY" in sender.deliveries())
    assert "2 events to 'NOBODY' dropped: progress reports beyond 3 events" in caplog.text
    assert [event.id for event in outbox.next("NOBODY")] == [2, 3, 4]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)]
)
def test_the_delays_are_one_two_four_up_to_sixty_seconds(failures: int, seconds: float) -> None:
    assert Pace().delay(failures) == seconds


def test_each_event_is_an_exchange(
    sender: EventSender,
    outbox: MemoryOutbox,
    receiver: Callable[..., Any],
    scu_exchanges: Any,
) -> None:
    receiver()
    outbox.put("WATCHER", 1, event_type=3)
    sender.wake()
    outbox.done.get(timeout=10)
    exchange = scu_exchanges.last
    assert (exchange.message, exchange.status) == ("N-EVENT-REPORT", 0)
    assert (exchange.called_ae, exchange.detail) == ("WATCHER", "UPS Progress Report: SCHEDULED")
    assert exchange.request == information()


@pytest.fixture
def reports() -> Queue[EventReport]:
    return Queue()


@pytest.fixture
def host(start_host: Callable[..., ScpHost], reports: Queue[EventReport]) -> ScpHost:
    return start_host(EventReceiver(reports.put))


@pytest.mark.parametrize(
    "roles", [None, (False, True), (True, True)], ids=["no item", "SCP", "both"]
)
@pytest.mark.parametrize("event_type", [1, 2, 3, 4, 5])
def test_our_receiver(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    reports: Queue[EventReport],
    roles: tuple[bool, bool] | None,
    event_type: int,
) -> None:
    items = [build_role(UPS_EVENT, *roles)] if roles else []
    association = bare_scu(host, [build_context(UPS_EVENT)], ext_neg=items, ae_title="TMS")
    if roles:
        assert association.accepted_contexts[0].as_scp
    command, _ = association.send_n_event_report(
        information(), event_type, UPS_PUSH, UID, meta_uid=UPS_EVENT
    )
    assert command.Status == 0
    assert reports.get(timeout=10) == EventReport(event_type, UID, information(), "TMS")


def test_our_receiver_answers_an_unknown_event_type_with_0113(
    host: ScpHost, bare_scu: Callable[..., Any], reports: Queue[EventReport]
) -> None:
    association = bare_scu(host, [build_context(UPS_EVENT)])
    command, _ = association.send_n_event_report(
        information(), 6, UPS_PUSH, UID, meta_uid=UPS_EVENT
    )
    assert command.Status == Status.NO_SUCH_EVENT_TYPE
    assert reports.empty()


def test_our_receiver_keeps_the_order_of_an_association(
    host: ScpHost, bare_scu: Callable[..., Any], reports: Queue[EventReport]
) -> None:
    association = bare_scu(host, [build_context(UPS_EVENT)])
    for number in range(30):
        association.send_n_event_report(
            information(), 1, UPS_PUSH, f"1.{number}", meta_uid=UPS_EVENT
        )
    uids = [reports.get(timeout=10).sop_instance_uid for _ in range(30)]
    assert uids == [f"1.{number}" for number in range(30)]


def test_a_listener_that_fails_is_0110_and_the_receiver_lives(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any], error_log: Any
) -> None:
    answers: list[Any] = [KeyError("x"), None]

    def listen(_report: EventReport) -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    association = bare_scu(start_host(EventReceiver(listen)), [build_context(UPS_EVENT)])
    statuses = [
        association.send_n_event_report(information(), 1, UPS_PUSH, UID, meta_uid=UPS_EVENT)[
            0
        ].Status
        for _ in range(2)
    ]
    assert statuses == [Status.PROCESSING_FAILURE, 0]
    assert error_log.take() == ["N-EVENT-REPORT failed: KeyError"]


def test_our_sender_and_our_receiver(
    sender: EventSender,
    outbox: MemoryOutbox,
    directory: AeDirectory,
    host: ScpHost,
    reports: Queue[EventReport],
) -> None:
    directory.register(ApplicationEntity("OURS", "127.0.0.1", host.port))
    outbox.put("OURS", 1)
    sender.wake()
    assert reports.get(timeout=10) == EventReport(1, f"{UID}.1", information(), "OURS")

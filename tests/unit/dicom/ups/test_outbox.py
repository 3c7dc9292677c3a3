from __future__ import annotations

import time

from sqlalchemy import text

from tdwii_gui.dicom.store.database import write
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION

UID = "1.2.3.100"


def test_events_wait_in_the_order_of_the_changes(worklist) -> None:
    worklist.subscribe(uid=UPS_GLOBAL_SUBSCRIPTION)
    worklist.create()
    worklist.change_state("IN PROGRESS")
    worklist.change_state("CANCELED")
    events = worklist.outbox.next("WATCHER")
    assert [event.event_type for event in events] == [1, 5, 1, 1]
    assert [event.id for event in events] == sorted(event.id for event in events)
    assert {event.sop_instance_uid for event in events} == {UID}
    assert events[-1].information.ProcedureStepState == "CANCELED"
    assert [event.id for event in worklist.outbox.next("WATCHER", 2)] == [
        event.id for event in events[:2]
    ]


def test_each_receiver_has_its_own_line(worklist) -> None:
    worklist.create()
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    assert worklist.outbox.receivers() == ["OTHER", "WATCHER"]
    worklist.events("OTHER")
    assert worklist.outbox.receivers() == ["WATCHER"]
    assert len(worklist.outbox.next("WATCHER")) == 1
    assert worklist.outbox.next("OTHER") == []


def test_a_failed_event_stays_first_and_is_counted(worklist) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.change_state("IN PROGRESS")
    first, second = worklist.outbox.next("WATCHER")
    worklist.outbox.failed([first.id])
    worklist.outbox.failed([first.id])
    again = worklist.outbox.next("WATCHER")
    assert [(event.id, event.attempts) for event in again] == [(first.id, 2), (second.id, 0)]
    worklist.outbox.delivered([first.id])
    assert [event.id for event in worklist.outbox.next("WATCHER")] == [second.id]


def test_a_number_is_never_given_again(worklist) -> None:
    worklist.create()
    worklist.subscribe()
    (first,) = worklist.outbox.next("WATCHER")
    worklist.outbox.delivered([first.id])
    worklist.change_state("IN PROGRESS")
    (second,) = worklist.outbox.next("WATCHER")
    assert second.id > first.id


def test_undelivered_events_are_there_after_reopening(worklist, make_worklist, tmp_path) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.store.close()
    again = make_worklist(tmp_path / "ups.sqlite")
    assert again.events() == [(1, UID, "SCHEDULED")]


def test_a_refused_change_leaves_no_event(worklist, refused) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.subscribe()
    worklist.events()
    refused(worklist.change_state, "COMPLETED")
    assert worklist.events() == []


def test_the_lines_tell_their_length_and_age(worklist) -> None:
    assert worklist.outbox.lines() == []
    before = time.time_ns() // 1000
    worklist.create()
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    worklist.change_state("IN PROGRESS")
    other, watcher = worklist.outbox.lines()
    assert (other.receiving_ae, other.number) == ("OTHER", 2)
    assert (watcher.receiving_ae, watcher.number) == ("WATCHER", 2)
    events = worklist.outbox.next("OTHER")
    assert other.oldest == events[0].created
    assert before <= events[0].created <= events[1].created <= time.time_ns() // 1000


def test_what_is_too_old_can_be_taken_out(worklist) -> None:
    worklist.create()
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    (first,) = worklist.outbox.next("WATCHER")
    assert worklist.outbox.expire("WATCHER", first.created - 1) == 0
    worklist.change_state("IN PROGRESS")
    assert worklist.outbox.expire("WATCHER", first.created) == 1
    (left,) = worklist.outbox.next("WATCHER")
    assert left.information.ProcedureStepState == "IN PROGRESS"
    assert len(worklist.outbox.next("OTHER")) == 2


def test_an_event_of_unknown_age_is_kept(worklist) -> None:
    worklist.create()
    worklist.subscribe("WATCHER")
    with write(worklist.store.engine) as connection:
        connection.execute(text("UPDATE ups_outbox SET created = 0"))
    assert worklist.outbox.lines()[0].oldest is None
    assert worklist.outbox.expire("WATCHER", time.time_ns() // 1000) == 0


def test_of_too_many_events_the_oldest_progress_reports_go(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.subscribe("WATCHER")
    for number in range(4):
        item = dataset(ProcedureStepProgress=str(number))
        worklist.set(dataset(ProcedureStepProgressInformationSequence=[item]))
    worklist.change_state("CANCELED")
    assert worklist.outbox.trim("WATCHER", 3) == 3
    left = [event.event_type for event in worklist.outbox.next("WATCHER")]
    assert left == [1, 3, 1]
    assert worklist.outbox.trim("WATCHER", 3) == 1
    assert worklist.outbox.trim("WATCHER", 3) == 0, "state reports stay"


def test_a_line_can_be_discarded(worklist) -> None:
    worklist.create()
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    assert worklist.outbox.discard("WATCHER") == 1
    assert worklist.outbox.receivers() == ["OTHER"]


def test_an_sqlite_worklist_has_all_lines_to_itself(worklist) -> None:
    assert not worklist.outbox.is_shared
    assert worklist.outbox.take("WATCHER")
    worklist.outbox.give_back("WATCHER")
    worklist.outbox.close()

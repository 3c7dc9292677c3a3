from __future__ import annotations

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

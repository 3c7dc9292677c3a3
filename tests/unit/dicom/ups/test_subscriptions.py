"""Subscribe, Unsubscribe and Suspend Global (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tdwii_gui.dicom.iod.ups_event import ScpStatus
from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.ups_tables import GLOBAL_SUBSCRIPTIONS, SUBSCRIPTIONS
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups.filter import key_words

A, B, C = "1.2.3.100", "1.2.3.101", "1.2.3.102"
ALL = UPS_GLOBAL_SUBSCRIPTION


def subscriptions(worklist, receiving_ae: str = "WATCHER") -> dict[str, bool]:
    """Return the steps to which an AE is subscribed, and whether with a lock."""
    with read(worklist.store.engine) as connection:
        rows = connection.execute(
            select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.receiving_ae == receiving_ae)
        )
        return {row.sop_instance_uid: row.deletion_lock for row in rows}


def global_lock(worklist, receiving_ae: str = "WATCHER") -> bool | None:
    """Return the lock of an AE's global subscription, None if it has none."""
    with read(worklist.store.engine) as connection:
        return connection.scalar(
            select(GLOBAL_SUBSCRIPTIONS.c.deletion_lock).where(
                GLOBAL_SUBSCRIPTIONS.c.receiving_ae == receiving_ae
            )
        )


@pytest.fixture
def steps(worklist):
    """Return a worklist of A and B, the watcher being subscribed to A without lock."""
    worklist.create(A)
    worklist.create(B)
    worklist.subscribe(uid=A)
    worklist.events()
    worklist.changes.clear()
    return worklist


def test_a_step_is_not_subscribed_without_global_subscription(worklist) -> None:
    worklist.create(A)
    assert subscriptions(worklist) == {}
    assert worklist.events() == []


@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_a_new_step_is_subscribed_by_the_global_subscription(worklist, lock) -> None:
    worklist.subscribe(uid=ALL, lock=lock)
    worklist.changes.clear()
    worklist.create(A)
    assert subscriptions(worklist) == {A: lock == "TRUE"}
    # State Report, and UPS Assigned as the step names a station.
    assert worklist.events() == [(1, A, "SCHEDULED"), (5, A, "")]
    assert worklist.changes[0].receivers == ("WATCHER",)


def test_a_new_step_without_station_is_not_assigned(worklist) -> None:
    worklist.subscribe(uid=ALL)
    worklist.create(A, ScheduledStationNameCodeSequence=[])
    assert worklist.events() == [(1, A, "SCHEDULED")]


def test_global_with_lock_reports_each_step_not_subscribed(steps) -> None:
    steps.subscribe(uid=ALL, lock="TRUE")
    assert global_lock(steps) is True
    assert subscriptions(steps) == {A: False, B: True}
    assert steps.events() == [(1, B, "SCHEDULED")]
    assert steps.changes[0].receivers == ("WATCHER",)


def test_global_without_lock_reports_nothing(steps) -> None:
    steps.subscribe(uid=ALL, lock="FALSE")
    assert global_lock(steps) is False
    assert subscriptions(steps) == {A: False, B: False}
    assert steps.events() == []
    assert steps.changes[0].receivers == ()


def test_the_last_global_lock_counts_for_new_steps(steps) -> None:
    steps.subscribe(uid=ALL, lock="FALSE")
    steps.subscribe(uid=ALL, lock="TRUE")
    steps.create(C)
    assert subscriptions(steps) == {A: False, B: False, C: True}


@pytest.mark.parametrize("before", [None, "TRUE", "FALSE"])
@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_subscribing_to_a_step_sets_its_lock_and_always_reports(steps, before, lock) -> None:
    if before:
        steps.subscribe(uid=B, lock=before)
        steps.events()
    assert steps.subscribe(uid=B, lock=lock) == 0
    assert subscriptions(steps)[B] is (lock == "TRUE")
    assert steps.events() == [(1, B, "SCHEDULED")]


def test_unsubscribing_from_a_step(steps, dataset) -> None:
    steps.subscribe(uid=ALL, lock="TRUE")
    steps.service.unsubscribe(B, dataset(ReceivingAE="WATCHER"), "WATCHER")
    assert subscriptions(steps) == {A: False}
    assert global_lock(steps) is True


def test_unsubscribing_globally_ends_all_subscriptions(steps, dataset) -> None:
    steps.subscribe(uid=ALL)
    steps.subscribe("OTHER", uid=A)
    steps.service.unsubscribe(ALL, dataset(ReceivingAE="WATCHER"), "WATCHER")
    assert global_lock(steps) is None
    assert subscriptions(steps) == {}
    assert subscriptions(steps, "OTHER") == {A: False}


def test_suspending_keeps_the_subscriptions_to_steps(steps, dataset) -> None:
    steps.subscribe(uid=ALL, lock="TRUE")
    steps.service.suspend(ALL, dataset(ReceivingAE="WATCHER"), "WATCHER")
    steps.create(C)
    assert global_lock(steps) is None
    assert subscriptions(steps) == {A: False, B: True}


def test_the_receiving_ae_need_not_be_the_calling_one(worklist, dataset) -> None:
    worklist.create(A)
    information = dataset(ReceivingAE="OTHER", DeletionLock="FALSE")
    worklist.service.subscribe(A, information, "WATCHER")
    assert subscriptions(worklist, "OTHER") == {A: False}
    assert subscriptions(worklist, "WATCHER") == {}
    assert worklist.changes[-1].kind == "subscribed"
    assert worklist.changes[-1].calling_ae == "WATCHER"


@pytest.mark.parametrize(
    ("information", "status"),
    [
        ({"DeletionLock": "TRUE"}, 0x0115),
        ({"ReceivingAE": "", "DeletionLock": "TRUE"}, 0x0115),
        ({"ReceivingAE": "A\nB", "DeletionLock": "TRUE"}, 0x0115),
        ({"ReceivingAE": "X" * 17, "DeletionLock": "TRUE"}, 0x0115),
        ({"ReceivingAE": "WATCHER"}, 0x0115),
        ({"ReceivingAE": "WATCHER", "DeletionLock": "true"}, 0x0115),
        ({"ReceivingAE": "STRANGER", "DeletionLock": "TRUE"}, 0xC308),
    ],
)
@pytest.mark.parametrize("uid", [A, ALL])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_arguments_are_checked(worklist, dataset, refused, uid, information, status) -> None:
    worklist.create(A)
    call = worklist.service.subscribe
    assert refused(call, uid, dataset(**information), "WATCHER")[0] == status
    assert subscriptions(worklist) == {}
    assert global_lock(worklist) is None


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_an_unknown_step_is_refused(worklist, dataset, refused, action) -> None:
    information = dataset(ReceivingAE="WATCHER", DeletionLock="TRUE")
    call = getattr(worklist.service, action)
    assert refused(call, "1.2.9", information, "WATCHER")[0] == 0xC307


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "suspend"])
@pytest.mark.parametrize(
    ("receiving_ae", "status"), [("STRANGER", 0xC308), ("", 0x0115)], ids=["unknown", "missing"]
)
def test_the_receiver_is_checked(worklist, dataset, refused, action, receiving_ae, status) -> None:
    information = dataset(ReceivingAE=receiving_ae, DeletionLock="FALSE")
    call = getattr(worklist.service, action)
    assert refused(call, ALL, information, "WATCHER")[0] == status


FILTERED = UPS_FILTERED_GLOBAL_SUBSCRIPTION


def filtered(worklist, dataset, lock: str = "FALSE", **keys: object) -> int:
    information = dataset(ReceivingAE="WATCHER", DeletionLock=lock, **keys)
    return worklist.service.subscribe(FILTERED, information, "WATCHER")


def at_machine(dataset, name: str) -> dict[str, object]:
    return {"ScheduledStationNameCodeSequence": [dataset(CodeValue=name)]}


@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_a_filtered_subscription_is_about_what_matches(worklist, dataset, code, lock) -> None:
    worklist.create(A)
    worklist.create(B, ScheduledStationNameCodeSequence=[code("TR2")])
    assert filtered(worklist, dataset, lock, **at_machine(dataset, "TR2")) == 0
    assert worklist.events() == ([(1, B, "SCHEDULED")] if lock == "TRUE" else [])
    worklist.create(C)
    worklist.create(f"{C}.1", ScheduledStationNameCodeSequence=[code("TR2")])
    assert subscriptions(worklist) == {B: lock == "TRUE", f"{C}.1": lock == "TRUE"}
    assert worklist.events() == [(1, f"{C}.1", "SCHEDULED"), (5, f"{C}.1", "")]


@pytest.mark.parametrize("uid", [ALL, FILTERED])
def test_either_uid_ends_a_global_subscription(worklist, dataset, uid) -> None:
    filtered(worklist, dataset, ProcedureStepState="SCHEDULED")
    worklist.create(A)
    worklist.service.suspend(uid, dataset(ReceivingAE="WATCHER"), "WATCHER")
    worklist.create(B)
    assert subscriptions(worklist) == {A: False}
    worklist.service.unsubscribe(uid, dataset(ReceivingAE="WATCHER"), "WATCHER")
    assert subscriptions(worklist) == {}


def test_the_last_global_subscription_counts(worklist, dataset) -> None:
    filtered(worklist, dataset, PatientID="nobody")
    worklist.subscribe(uid=ALL)
    worklist.create(A)
    assert subscriptions(worklist) == {A: False}
    worklist.service.unsubscribe(ALL, dataset(ReceivingAE="WATCHER"), "WATCHER")
    filtered(worklist, dataset, PatientID="nobody")
    worklist.create(B)
    assert subscriptions(worklist) == {}


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({}, "the matching keys"),
        ({"SpecificCharacterSet": "ISO_IR 192"}, "the matching keys"),
        ({"ScheduledProcedureStepStartDateTime": "soon"}, "ScheduledProcedureStepStartDateTime"),
        ({"TransactionUID": "1.2.3"}, "TransactionUID"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unusable_keys_are_refused(worklist, dataset, refused, keys, named) -> None:
    status, comment = refused(filtered, worklist, dataset, **keys)
    assert status == 0x0115
    assert comment.startswith(named)
    assert global_lock(worklist) is None


def test_the_keys_survive_and_can_be_told(worklist, make_worklist, tmp_path, dataset) -> None:
    filtered(
        worklist,
        dataset,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Müller^*",
        SOPInstanceUID="",
        **at_machine(dataset, "TR1"),
    )
    again = make_worklist(tmp_path / "ups.sqlite")
    (stored,) = again.store.subscriptions()
    assert key_words(stored.keys) == (
        "SOPInstanceUID, PatientName=Müller^*, ScheduledStationNameCodeSequence.CodeValue=TR1"
    )
    again.create(A)
    assert subscriptions(again) == {A: False}


def test_locks_are_told(worklist, dataset) -> None:
    worklist.create(A)
    worklist.subscribe(uid=A, lock="TRUE")
    worklist.subscribe("OTHER", uid=A)

    def locks() -> list[str]:
        with worklist.store.transaction() as transaction:
            return transaction.subscriptions.locks(A)

    assert locks() == ["WATCHER"]
    worklist.subscribe(uid=A, lock="FALSE")
    assert locks() == []


def test_an_ae_has_a_limit_of_single_subscriptions(worklist, refused, monkeypatch) -> None:
    monkeypatch.setattr("tdwii_gui.dicom.ups.subscriptions.MAXIMUM_STEPS", 1)
    worklist.create(A)
    worklist.create(B)
    worklist.subscribe(uid=A)
    assert refused(worklist.subscribe, uid=B)[0] == 0x0213
    assert worklist.subscribe(uid=A, lock="TRUE") == 0
    assert worklist.subscribe("OTHER", uid=B) == 0
    worklist.subscribe(uid=ALL)
    assert subscriptions(worklist) == {A: True, B: False}
    assert worklist.subscribe(uid=B, lock="TRUE") == 0


@pytest.mark.parametrize(
    ("status", "warm", "words"),
    [
        (ScpStatus.RESTARTED, True, ("RESTARTED", "WARM START")),
        (ScpStatus.RESTARTED, False, ("RESTARTED", "COLD START")),
        (ScpStatus.GOING_DOWN, True, ("GOING DOWN", "WARM START")),
    ],
)
def test_each_ae_is_told_once_of_a_status(worklist, dataset, status, warm, words) -> None:
    worklist.create(A)
    worklist.subscribe(uid=A)
    worklist.subscribe(uid=ALL)
    worklist.subscribe("OTHER", uid=A)
    worklist.events()
    worklist.events("OTHER")
    worklist.service.announce(status, warm=warm, fallback=["CONSOLE", "WATCHER"])
    for receiver, uid in (("WATCHER", ALL), ("OTHER", A), ("CONSOLE", ALL)):
        (event,) = worklist.outbox.next(receiver)
        assert (event.event_type, event.sop_instance_uid) == (4, uid)
        told = event.information
        assert (told.SCPStatus, told.SubscriptionListStatus) == words
        assert told.UnifiedProcedureStepListStatus == words[1]
    change = worklist.changes[-1]
    assert (change.kind, set(change.receivers)) == ("announced", {"WATCHER", "OTHER", "CONSOLE"})


def test_suspending_a_single_step_is_not_appropriate(worklist, dataset, refused) -> None:
    worklist.create(A)
    call = worklist.service.suspend
    assert refused(call, A, dataset(ReceivingAE="WATCHER"), "WATCHER")[0] == 0xC314

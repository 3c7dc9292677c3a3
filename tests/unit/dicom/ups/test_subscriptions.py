"""Subscribe, Unsubscribe and Suspend Global (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.ups_tables import GLOBAL_SUBSCRIPTIONS, SUBSCRIPTIONS
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION

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


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "suspend"])
def test_filtered_global_subscription_is_not_supported(worklist, dataset, refused, action) -> None:
    information = dataset(ReceivingAE="WATCHER", DeletionLock="FALSE")
    call = getattr(worklist.service, action)
    filtered = UPS_FILTERED_GLOBAL_SUBSCRIPTION
    assert refused(call, filtered, information, "WATCHER")[0] == 0xC307


def test_suspending_a_single_step_is_not_appropriate(worklist, dataset, refused) -> None:
    worklist.create(A)
    call = worklist.service.suspend
    assert refused(call, A, dataset(ReceivingAE="WATCHER"), "WATCHER")[0] == 0xC314

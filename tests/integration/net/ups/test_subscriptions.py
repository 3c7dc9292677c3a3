"""Subscribe, Unsubscribe and Suspend Global on the wire (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tests.integration.net.ups.messages import code, dataset

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

ALL = UPS_GLOBAL_SUBSCRIPTION
FILTERED = UPS_FILTERED_GLOBAL_SUBSCRIPTION
TR2 = {"ScheduledStationNameCodeSequence": [code("TR2")]}
KEY = {"ScheduledStationNameCodeSequence": [dataset(CodeValue="TR2")]}


def locks(tms: Tms, uid: str) -> dict[str, bool]:
    """Return who is subscribed to a step, and whether with a lock."""
    with tms.store.transaction() as transaction:
        locked = transaction.subscriptions.locks(uid)
        return {ae: ae in locked for ae in transaction.subscriptions.subscribers(uid)}


def briefs(tms: Tms, receiving_ae: str = "WATCHER") -> list[tuple[int, str, str]]:
    return [each.brief for each in tms.told(receiving_ae)]


def test_a_new_step_is_not_subscribed_without_global_subscription(tms: Tms) -> None:
    tms.subscribe(tms.new())
    uid = tms.new()
    assert locks(tms, uid) == {}


@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_a_new_step_is_subscribed_with_the_global_lock(tms: Tms, lock: str) -> None:
    tms.subscribe(ALL, lock)
    tms.told()
    uid = tms.new()
    assert locks(tms, uid) == {"WATCHER": lock == "TRUE"}
    assert briefs(tms) == [(1, uid, "SCHEDULED"), (5, uid, "")]


def test_global_with_lock_takes_and_reports_what_was_not_subscribed(tms: Tms) -> None:
    known, new = tms.new(), tms.new()
    tms.subscribe(known)
    tms.told()
    assert tms.subscribe(ALL, "TRUE").status == 0
    told = briefs(tms)
    assert (1, new, "SCHEDULED") in told
    assert known not in {uid for _, uid, _ in told}
    assert (locks(tms, known), locks(tms, new)) == ({"WATCHER": False}, {"WATCHER": True})


def test_global_without_lock_reports_nothing(tms: Tms) -> None:
    known, new = tms.new(), tms.new()
    tms.subscribe(known, "TRUE")
    tms.told()
    assert tms.subscribe(ALL).status == 0
    assert briefs(tms) == []
    assert (locks(tms, known), locks(tms, new)) == ({"WATCHER": True}, {"WATCHER": False})


@pytest.mark.parametrize("before", [None, "TRUE", "FALSE"])
@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_a_single_subscription_sets_the_lock_and_always_reports(
    tms: Tms, before: str | None, lock: str
) -> None:
    uid = tms.new()
    if before:
        tms.subscribe(uid, before)
        tms.told()
    assert tms.subscribe(uid, lock).status == 0
    assert briefs(tms) == [(1, uid, "SCHEDULED")]
    assert locks(tms, uid) == {"WATCHER": lock == "TRUE"}


def test_unsubscribing_from_a_step_releases_its_lock(tms: Tms) -> None:
    uid, other = tms.new(), tms.new()
    for each in (uid, other):
        tms.subscribe(each, "TRUE")
    assert tms.unsubscribe(uid).status == 0
    assert (locks(tms, uid), locks(tms, other)) == ({}, {"WATCHER": True})


@pytest.mark.parametrize("uid", [ALL, FILTERED])
def test_unsubscribing_globally_ends_single_subscriptions_too(tms: Tms, uid: str) -> None:
    single = tms.new()
    tms.subscribe(single, "TRUE")
    tms.subscribe(single, receiving_ae="OTHER")
    tms.subscribe(ALL)
    assert tms.unsubscribe(uid).status == 0
    later = tms.new()
    assert (locks(tms, single), locks(tms, later)) == ({"OTHER": False}, {})


@pytest.mark.parametrize("uid", [ALL, FILTERED])
def test_suspending_keeps_the_subscriptions_to_steps(tms: Tms, uid: str) -> None:
    known = tms.new()
    tms.subscribe(ALL)
    assert tms.suspend(uid).status == 0
    later = tms.new()
    assert (locks(tms, known), locks(tms, later)) == ({"WATCHER": False}, {})


def test_suspending_a_step_is_c314(tms: Tms) -> None:
    assert tms.suspend(tms.new()).status == 0xC314


@pytest.mark.parametrize("action_type", [3, 4])
def test_an_unknown_step_is_c307(tms: Tms, action_type: int) -> None:
    information = dataset(ReceivingAE="WATCHER", DeletionLock="TRUE")
    assert tms.act(action_type, "1.2.3.4", information).status == 0xC307


def test_the_receiving_ae_may_be_another_than_the_calling_one(tms: Tms) -> None:
    uid = tms.new()
    tms.subscribe(uid, receiving_ae="OTHER")
    assert briefs(tms, "OTHER") == [(1, uid, "SCHEDULED")]
    assert locks(tms, uid) == {"OTHER": False}


def test_a_lock_is_never_refused_and_is_changed_by_subscribing_again(tms: Tms) -> None:
    """No B301. What a lock holds is in the hands of the operator's deletions."""
    uid = tms.bring_to("COMPLETED")
    assert tms.subscribe(uid, "TRUE").status == 0
    assert locks(tms, uid) == {"WATCHER": True}
    assert tms.subscribe(uid, "FALSE").status == 0
    assert locks(tms, uid) == {"WATCHER": False}


def test_a_final_step_with_a_lock_stays_until_the_lock_goes(tms: Tms) -> None:
    uid = tms.bring_to("COMPLETED")
    tms.subscribe(uid, "TRUE")
    assert tms.delete(uid) is False
    assert tms.state(uid) == "COMPLETED"
    tms.unsubscribe(uid)
    assert tms.delete(uid) is True
    assert tms.get(uid).status == 0xC307


@pytest.mark.parametrize("lock", ["TRUE", "FALSE"])
def test_a_filtered_subscription_is_about_what_matches(tms: Tms, lock: str) -> None:
    other, matching = tms.new(), tms.new(**TR2)
    assert tms.subscribe(FILTERED, lock, **KEY).status == 0
    told = briefs(tms)
    if lock == "TRUE":
        assert (1, matching, "SCHEDULED") in told
        assert other not in {uid for _, uid, _ in told}
    else:
        assert told == []
    assert (locks(tms, other), locks(tms, matching)) == ({}, {"WATCHER": lock == "TRUE"})
    tms.new()
    later = tms.new(**TR2)
    assert briefs(tms) == [(1, later, "SCHEDULED"), (5, later, "")]
    assert locks(tms, later) == {"WATCHER": lock == "TRUE"}


@pytest.mark.parametrize(
    "keys", [{}, {"SpecificCharacterSet": "ISO_IR 192"}, {"TransactionUID": "1.2.3"}]
)
def test_a_filter_without_a_usable_key_is_0115(tms: Tms, keys: dict[str, str]) -> None:
    assert tms.subscribe(FILTERED, "FALSE", **keys).status == 0x0115
    uid = tms.new()
    assert locks(tms, uid) == {}


def test_an_ae_has_one_global_subscription(tms: Tms) -> None:
    tms.subscribe(ALL)
    tms.subscribe(FILTERED, **KEY)
    other, matching = tms.new(), tms.new(**TR2)
    assert (locks(tms, other), locks(tms, matching)) == ({}, {"WATCHER": False})


def test_single_subscriptions_are_limited(tms: Tms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tdwii_gui.dicom.ups.subscriptions.MAXIMUM_STEPS", 2)
    uids = [tms.new() for _ in range(3)]
    assert [tms.subscribe(uid).status for uid in uids] == [0, 0, 0x0213]
    assert tms.subscribe(uids[0], "TRUE").status == 0

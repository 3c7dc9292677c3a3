"""The journal of a TMS: what it keeps of a message, and what it hears of other processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.step_journal import StepJournal
from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.iod.ups_update import change_state, progress_update, subscription
from tdwii_gui.dicom.net.exchange import Exchange
from tdwii_gui.dicom.store.ups_history import OPERATION, HistoryEntry, UpsHistory
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION, UPS_PUSH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UID = "1.2.3.100"
KEY = "1.2.3.4.999"
AT = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[UpsStore]:
    opened = UpsStore(tmp_path / "ups.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def history(store: UpsStore) -> UpsHistory:
    return UpsHistory(store.engine, "this process", kept=100)


def exchange(message: str, **values: Any) -> Exchange:
    given = {
        "calling_ae": "TDD",
        "called_ae": "TMS",
        "sop_class_uid": UPS_PUSH,
        "sop_instance_uid": UID,
        "status": 0,
        "comment": "",
        "milliseconds": 1.0,
        "detail": "",
        "role": "scp",
        "request": None,
        "response": None,
        "at": AT,
    } | values
    return Exchange(message=message, **given)


def entry(number: int = 0, **values: Any) -> HistoryEntry:
    given = {
        "at": AT + timedelta(seconds=number),
        "sop_instance_uid": UID,
        "calling_ae": "TDD",
        "called_ae": "TMS",
        "message": "N-SET",
        "what": f"{number}",
    } | values
    return HistoryEntry(**given)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (
            exchange("N-SET", request=progress_update(KEY, 40, description="é")),
            "SpecificCharacterSet, ProcedureStepProgressInformationSequence",
        ),
        (
            exchange("N-ACTION", request=change_state("IN PROGRESS", KEY)),
            "Change UPS State: IN PROGRESS",
        ),
        (exchange("N-ACTION", request=subscription("PPVS")), "Subscribe: PPVS"),
        (exchange("N-ACTION", request=Dataset()), "Request UPS Cancel"),
        (exchange("N-EVENT-REPORT", detail="UPS State Report: COMPLETED"), "UPS State Report: "),
        (exchange("N-GET"), ""),
    ],
)
def test_a_message_is_kept_with_what_it_says_and_without_the_transaction_uid(
    history: UpsHistory, message: Exchange, what: str
) -> None:
    journal = StepJournal(history, "test", lambda _: None)
    journal.hear(message)
    journal.flush()
    (kept,) = history.of(UID)
    assert kept.at == AT
    assert kept.what.startswith(what)
    assert bool(kept.what) == bool(what)
    assert KEY not in str(kept)


def test_what_is_about_no_step_is_not_kept(history: UpsHistory) -> None:
    journal = StepJournal(history, "test", lambda _: None)
    response = Dataset()
    response.AffectedSOPInstanceUID = "1.2.3.7"
    for message in (
        exchange("C-FIND"),
        exchange("C-ECHO", sop_instance_uid=""),
        exchange("N-ACTION", sop_instance_uid=UPS_GLOBAL_SUBSCRIPTION),
        exchange("N-CREATE", sop_instance_uid="", status=0x0120),
        exchange("N-CREATE", sop_instance_uid="", response=response),
    ):
        journal.hear(message)
    journal.flush()
    assert history.last_number() == 1
    assert [kept.message for kept in history.of("1.2.3.7")] == ["N-CREATE"], "the TMS gave the UID"


def test_a_hostile_text_is_kept_within_bounds(history: UpsHistory) -> None:
    history.add([entry(comment="x\0" * 2000, sop_instance_uid="1." * 400, calling_ae="A" * 99)])
    (kept,) = history.of(("1." * 400)[:64])
    assert kept.comment == "x" * 500
    assert kept.calling_ae == "A" * 16


def test_the_history_is_bounded_and_ordered(history: UpsHistory) -> None:
    history.add(entry(number) for number in range(150))
    history.add([entry(200)])
    kept = history.of(UID)
    assert len(kept) == 100
    assert [kept[0].what, kept[-1].what] == ["51", "200"]


def test_the_last_delivery_to_each_receiver_is_known(history: UpsHistory) -> None:
    event = {"message": "N-EVENT-REPORT", "calling_ae": "TMS"}
    history.add(
        [
            entry(1, **event, called_ae="A"),
            entry(2, **event, called_ae="B", status=None, comment="nothing listens there"),
            entry(3, **event, called_ae="A", status=0x0110),
            entry(4, called_ae="A"),
        ]
    )
    last = history.last_deliveries(["A", "B", "C"])
    assert {ae: one.what for ae, one in last.items()} == {"A": "3", "B": "2"}
    assert last["B"].status is None


def test_changes_of_other_processes_are_told_and_own_ones_are_not(
    store: UpsStore, history: UpsHistory
) -> None:
    other = UpsHistory(store.engine, "another process")
    other.add([entry(0, what="before the start")])
    heard: list[str] = []
    done = Event()

    def hear(one: HistoryEntry) -> None:
        heard.append(one.what)
        if one.what == "last":
            done.set()

    journal = StepJournal(history, "test", hear)
    journal.hear(exchange("N-SET", request=Dataset()))
    other.add(
        [
            entry(1, what="set"),
            entry(2, what="refused", status=0xC301),
            entry(3, what="told", message="N-EVENT-REPORT"),
            entry(4, what="unanswered", status=None),
            entry(5, what="edited", message=OPERATION),
            entry(6, what="last"),
        ]
    )
    journal.start()
    assert done.wait(10)
    journal.hear(exchange("N-GET"))
    journal.stop()
    assert heard == ["set", "edited", "last"]
    assert history.of(UID)[-1].message in ("N-GET", "N-SET"), "what waited is written at the end"
    assert sum(one.calling_ae == "TDD" and one.message == "N-GET" for one in history.of(UID)) == 1


def test_a_database_that_fails_does_not_end_the_journal(
    store: UpsStore, history: UpsHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Event()
    working = history.add

    def failing(entries: Any) -> None:
        monkeypatch.setattr(history, "add", working)
        again.set()
        raise StoreError("full")

    monkeypatch.setattr(history, "add", failing)
    journal = StepJournal(history, "test", lambda _: None)
    journal.hear(exchange("N-GET"))
    journal.start()
    assert again.wait(10)
    journal.hear(exchange("N-SET", request=Dataset()))
    journal.stop()
    assert [one.message for one in history.of(UID)] == ["N-SET"]

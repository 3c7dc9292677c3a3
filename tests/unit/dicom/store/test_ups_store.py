"""The UPS store: SQL may narrow a query, but never decide it."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import event, text

from tdwii_gui.dicom.errors import DimseStatusError, StoreError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.database import read, write
from tdwii_gui.dicom.store.matching import matches
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.store.ups_transaction import Event, Step
from tdwii_gui.dicom.ups.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# pydicom warns of values that no VR allows, of which peers send some.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def dataset(**values: object) -> Dataset:
    built = Dataset()
    for keyword, value in values.items():
        setattr(built, keyword, value)
    return built


def stations(*values: str) -> list[Dataset]:
    return [dataset(CodeValue=value, CodingSchemeDesignator="99X") for value in values]


def step(uid: str, **values: object) -> Step:
    built = dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPInstanceUID=uid,
        ProcedureStepState="SCHEDULED",
        InputReadinessState="READY",
        **values,
    )
    return Step(uid, ProcedureStepState.SCHEDULED, "", "", built)


NAMES = ("Doe^John", "DOE", "Doe^Jane^M", "Yamada^Tarou=山田^太郎", "", "O'Neil^_%", "Doenitz")
STARTS = (
    "20261121",
    "20261121080000+0000",
    "20261121230000-0500",
    "2026",
    "20270101000000",
    "nonsense",
    "",
)
STATIONS = (("TR1",), ("TR2",), ("TR1", "TR2"), (), ("TR%",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[UpsStore]:
    made = UpsStore(tmp_path / "ups.sqlite")
    yield made
    made.close()


@pytest.fixture
def filled(store: UpsStore) -> UpsStore:
    combinations = itertools.zip_longest(
        NAMES * len(STATIONS), STARTS * len(STATIONS), STATIONS * len(NAMES)
    )
    with store.transaction() as transaction:
        for number, (name, start, codes) in enumerate(combinations):
            built = step(
                f"1.2.{number}",
                PatientName=name,
                PatientID=f"ID{number % 7}_%",
                ScheduledStationNameCodeSequence=stations(*codes),
                ScheduledProcedureStepStartDateTime=start,
            )
            assert transaction.insert(built)
    return store


KEYS = [
    *(
        {"PatientName": key}
        for key in (*NAMES, "doe*", "doe^*", "*n*", "D?E", "^^", "山田*", "O'*")
    ),
    *({"PatientName": key} for key in ("=山田^太郎", "Doe^J*^M", "*^_%", "?oe", "doe^?*")),
    *({"PatientID": key} for key in ("ID1_%", "ID1*", "*_%", "ID?_%", "id1*", "ID1", "*", "%")),
    *(
        {"ScheduledProcedureStepStartDateTime": key}
        for key in (
            "20261121+0000",
            "20261121-20261122",
            "-20261121",
            "20261122-",
            "20261121000000+0000-20261121235959+0000",
            "2026-2027",
            "*",
        )
    ),
    *(
        {"ScheduledStationNameCodeSequence": [dataset(CodeValue=value)]}
        for value in ("TR1", "TR2", "TR3", "TR%", "", "TR*")
    ),
    {"ScheduledStationNameCodeSequence": []},
    {"SOPInstanceUID": ["1.2.1", "1.2.2", "1.9"]},
    {"ProcedureStepState": "SCHEDULED"},
    {"ProcedureStepState": "CANCELED"},
    {"InputReadinessState": "READY"},
    {"InputReadinessState": "UNAVAILABLE"},
    {"PatientName": "doe*", "ScheduledProcedureStepStartDateTime": "20261121-"},
]


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_select_agrees_with_matching(filled: UpsStore, keys: dict[str, object]) -> None:
    identifier = dataset(SpecificCharacterSet="ISO_IR 192", **keys)
    expected = {
        each.SOPInstanceUID for each in filled.select(Dataset()) if matches(identifier, each)
    }
    found = [each.SOPInstanceUID for each in filled.select(identifier)]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_steps_come_by_start_time_in_batches(store: UpsStore) -> None:
    days = [f"2026{month:02d}{day:02d}" for month in (3, 1, 2) for day in range(28, 0, -1)]
    days = [f"{day}{hour:02d}+0000" for day in days for hour in (7, 6, 8)]
    with store.transaction() as transaction:
        for number, start in enumerate(days):
            uid = f"1.2.{number}"
            transaction.insert(step(uid, ScheduledProcedureStepStartDateTime=start))
    assert len(days) > 200
    found = [each.ScheduledProcedureStepStartDateTime for each in store.select(Dataset())]
    assert found == sorted(days)


def test_a_selection_holds_no_transaction_open(store: UpsStore) -> None:
    with store.transaction() as transaction:
        for number in range(3):
            transaction.insert(step(f"1.2.{number}"))
    selection = store.select(Dataset())
    next(selection)
    with store.transaction() as transaction:
        assert transaction.insert(step("1.2.9"))
    assert store.engine.pool.checkedout() == 0
    assert len(list(selection)) == 2


def test_steps_that_come_and_go_meanwhile_disturb_no_selection(store: UpsStore) -> None:
    """A page begins behind the last step of the one before, wherever that is by now."""
    with store.transaction() as transaction:
        for number in range(100):
            transaction.insert(step(f"1.2.{number:03d}"))
    selection = store.select(Dataset())
    first = [next(selection).SOPInstanceUID for _ in range(10)]
    with store.transaction() as transaction:
        assert transaction.delete("1.2.005")
        assert transaction.delete("1.2.090")
        transaction.insert(step("1.2.0001"))
    rest = [each.SOPInstanceUID for each in selection]
    assert first + rest == [f"1.2.{number:03d}" for number in range(100) if number != 90]


def test_an_unusable_key_is_refused_at_once(store: UpsStore) -> None:
    with pytest.raises(DimseStatusError) as caught:
        store.select(dataset(PatientName="a=b=c=d"))
    assert caught.value.status == 0xA900


def test_hostile_text_is_only_text(filled: UpsStore) -> None:
    number = len(list(filled.select(Dataset())))
    for hostile in ("'; DROP TABLE ups; --", "%", "_", "' OR '1'='1", 'x" OR 1=1'):
        assert list(filled.select(dataset(PatientID=hostile))) == []
        assert list(filled.select(dataset(PatientID=f"{hostile}*"))) == []
        assert list(filled.select(dataset(PatientID=f"?{hostile}*Z"))) == []
    assert len(list(filled.select(Dataset()))) == number


def test_changes_are_numbered(store: UpsStore) -> None:
    with store.transaction() as transaction:
        transaction.insert(step("1.2.1"))
        transaction.insert(step("1.2.2"))
    assert [uid for _, uid in store.changed_since(0)] == ["1.2.1", "1.2.2"]
    last = store.changed_since(0)[-1][0]
    assert store.changed_since(last) == []
    with store.transaction() as transaction:
        transaction.save(step("1.2.1"))
    assert [uid for _, uid in store.changed_since(last)] == ["1.2.1"]


def test_deletion_takes_all_that_belongs_to_a_step(store: UpsStore) -> None:
    with store.transaction() as transaction:
        for uid in ("1.2.1", "1.2.2"):
            transaction.insert(step(uid))
            transaction.subscriptions.subscribe(uid, "WATCHER", True)
            transaction.append([Event("WATCHER", 1, uid, b"")])
    last = store.changed_since(0)[-1][0]
    with store.transaction() as transaction:
        assert transaction.delete("1.2.1")
        assert not transaction.delete("1.2.1")
        assert not transaction.delete("1.2.9")
    assert store.load("1.2.1") is None
    assert [one.sop_instance_uid for one in store.subscriptions()] == ["1.2.2"]
    assert [event.sop_instance_uid for event in Outbox(store).due()] == ["1.2.2"]
    assert store.deleted_since(0) == [(last + 1, "1.2.1")]
    assert store.deleted_since(last + 1) == []


def test_no_number_of_a_change_is_given_twice(store: UpsStore) -> None:
    """Who looks for changes since a number misses none, even when the last step was deleted."""
    with store.transaction() as transaction:
        transaction.insert(step("1.2.1"))
        transaction.insert(step("1.2.2"))
    last = store.changed_since(0)[-1][0]
    with store.transaction() as transaction:
        transaction.delete("1.2.2")
        transaction.insert(step("1.2.3"))
    assert [uid for _, uid in store.changed_since(last)] == ["1.2.3"]


def test_an_exception_undoes_only_its_own_transaction(store: UpsStore) -> None:
    """Transactions that share a commit are still separate ones."""
    together = threading.Barrier(8)

    def add(number: int) -> None:
        together.wait(10)
        for count in range(10):
            with suppress(KeyError), store.transaction() as transaction:
                transaction.insert(step(f"1.2.{number}.{count}"))
                if number % 2:
                    raise KeyError

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {each.SOPInstanceUID for each in store.select(Dataset())}
    assert kept == {f"1.2.{number}.{count}" for number in (0, 2, 4, 6) for count in range(10)}


def test_an_older_worklist_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "ups.sqlite"
    store = UpsStore(path)
    with store.transaction() as transaction:
        transaction.append([Event("WATCHER", 1, "1.2.1", b"")])
        transaction.subscriptions.subscribe("1.2.1", "WATCHER", True)
    with write(store.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE ups_outbox DROP COLUMN created")
        connection.exec_driver_sql("DROP INDEX ups_subscription_single_by_ae")
        connection.exec_driver_sql("ALTER TABLE ups_subscription DROP COLUMN single")
        connection.exec_driver_sql("DROP INDEX ups_by_start")
        connection.exec_driver_sql("CREATE INDEX ups_of_old ON ups (station)")
    store.close()
    store = UpsStore(path)
    assert [event.created for event in Outbox(store).next("WATCHER")] == [0]
    with read(store.engine) as connection:
        names = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type='index'")))
    assert {"ups_by_start", "ups_subscription_single_by_ae"} <= names
    with store.transaction() as transaction:
        assert transaction.subscriptions.is_full("WATCHER", "1.2.2", limit=1)
        assert transaction.subscriptions.locks("1.2.1") == ["WATCHER"]
    assert "ups_of_old" not in names
    store.close()


def test_a_taken_uid_is_not_inserted(store: UpsStore) -> None:
    with store.transaction() as transaction:
        assert transaction.insert(step("1.2.1", PatientID="first"))
        assert not transaction.insert(step("1.2.1", PatientID="second"))
    loaded = store.load("1.2.1")
    assert loaded is not None
    assert loaded.dataset.PatientID == "first"


def test_an_unknown_step_is_none(store: UpsStore) -> None:
    assert store.load("1.2.9") is None


def test_a_store_on_a_broken_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(StoreError, match=r"broken\.sqlite"):
        UpsStore(tmp_path / "broken.sqlite")


WORKLIST = {
    "ProcedureStepState": "SCHEDULED",
    "ScheduledStationNameCodeSequence": stations("TR1"),
    "ScheduledWorkitemCodeSequence": stations("121726"),
    "ScheduledProcedureStepStartDateTime": "20261121-20261121",
}


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        (
            WORKLIST,
            "ups_by_station_start (station=? AND state=? AND start_first>? AND start_first<?)",
        ),
        (
            {**WORKLIST, "ProcedureStepState": ""},
            "ups_by_station_start (station=? AND state=? AND start_first>? AND start_first<?)",
        ),
        (
            {"ScheduledStationNameCodeSequence": stations("TR1")},
            "ups_by_station_start (station=? AND state=?)",
        ),
        ({"ProcedureStepState": "SCHEDULED"}, "ups_by_state_start (state=?)"),
        (
            {"ScheduledProcedureStepStartDateTime": "20261121"},
            "ups_by_start (start_first>? AND start_first<?)",
        ),
        ({}, "SCAN ups USING INDEX ups_by_start"),
        ({"PatientID": "A1"}, "ups_by_patient_id (patient_id=?)"),
        ({"PatientID": "A*"}, "ups_by_patient_id (patient_id>? AND patient_id<?)"),
        ({"PatientName": "Doe^J*"}, "ups_by_patient_name (patient_name>? AND patient_name<?)"),
        ({"SOPInstanceUID": "1.2.1"}, "sqlite_autoindex_ups_1 (sop_instance_uid=?)"),
    ],
)
def test_a_query_uses_an_index(filled: UpsStore, keys: dict[str, object], index: str) -> None:
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT"):
            plan = sqlite3.Cursor(cursor.connection)
            plan.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in plan)

    event.listen(filled.engine, "before_cursor_execute", explain)
    list(filled.select(dataset(**keys)))
    event.remove(filled.engine, "before_cursor_execute", explain)
    assert index in "; ".join(plans)
    assert any(plan.startswith("SCAN ups") for plan in plans) == ("SCAN" in index)

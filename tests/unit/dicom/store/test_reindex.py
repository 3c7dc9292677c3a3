"""The index of the instance store, rebuilt from the files."""

from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store import reindex as reindexing
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.reindex import reindex
from tdwii_gui.dicom.uids import RT_PLAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NUMBER = 5


def plan(number: int, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = RT_PLAN
    dataset.SOPInstanceUID = f"1.1.{number}"
    dataset.StudyInstanceUID = f"1.2.{number % 2}"
    dataset.SeriesInstanceUID = f"1.3.{number}"
    dataset.PatientName = f"Doe^{number}"
    dataset.RTPlanLabel = f"PLAN {number}"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def labels(store: InstanceStore, **keys: Any) -> list[str]:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.RTPlanLabel = identifier.SOPInstanceUID = ""
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return [one.RTPlanLabel for one in store.find(identifier, Root.STUDY)]


LABELS = [f"PLAN {number}" for number in range(NUMBER)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path / "ost")
    for number in range(NUMBER):
        store.add_dataset(plan(number), "SENDER")
    yield store
    store.close()


@pytest.fixture
def damage(store: InstanceStore) -> Callable[[str], None]:
    """Return a function that changes the index behind the store's back."""

    def execute(statements: str) -> None:
        with closing(sqlite3.connect(store.folder / "instances.sqlite")) as connection:
            connection.executescript(statements)

    return execute


def test_an_index_that_is_right_stays_as_it_is(store: InstanceStore) -> None:
    before, summaries = store.instances(), store.summaries()
    result = reindex(store.folder)
    assert (result.indexed, result.removed, result.failed) == (NUMBER, 0, ())
    assert not result.canceled
    assert store.instances() == before
    assert store.summaries() == summaries


def test_a_file_without_a_row_is_adopted(
    store: InstanceStore, damage: Callable[[str], None]
) -> None:
    path = store.instances()[1].path
    os.utime(path, (1_700_000_000, 1_700_000_000))
    damage("DELETE FROM instances WHERE sop_instance_uid = '1.1.1'")
    assert reindex(store.folder).indexed == NUMBER
    adopted = store.get("1.1.1")
    assert adopted is not None
    assert (adopted.path, adopted.source_ae) == (path, "")
    assert adopted.received.timestamp() == 1_700_000_000
    assert not store.add_dataset(plan(1)).added


def test_a_row_without_a_file_is_removed_with_what_is_empty_then(store: InstanceStore) -> None:
    for instance in store.instances():
        if instance.study_instance_uid == "1.2.1":
            instance.path.unlink()
    result = reindex(store.folder)
    assert (result.indexed, result.removed) == (3, 2)
    assert labels(store) == ["PLAN 0", "PLAN 2", "PLAN 4"]
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", ""
    assert [one.StudyInstanceUID for one in store.find(identifier, Root.STUDY)] == ["1.2.0"]
    store.add_dataset(plan(1))
    assert store.count() == 4


def test_rows_that_say_something_else_are_put_right(
    store: InstanceStore, damage: Callable[[str], None]
) -> None:
    damage(
        "UPDATE studies SET patient_name = 'x', patient_name_key = 'x';"
        "UPDATE series SET modality = 'MR';"
        "UPDATE instances SET rt_plan_label = '', digest = '', size = 1"
    )
    assert labels(store, PatientName="doe*") == []
    before = {one.sop_instance_uid: one.received for one in store.instances()}
    reindex(store.folder)
    assert labels(store, PatientName="doe*") == LABELS
    after = store.instances()
    assert {one.sop_instance_uid: one.received for one in after} == before
    assert {one.source_ae for one in after} == {"SENDER"}
    assert all(one.size == one.path.stat().st_size and one.digest for one in after)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no file meta"),
        (b"no DICOM at all" * 20, "no file meta"),
        (None, "cut short"),
        ("1.1.2", "not under the name"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_left(
    store: InstanceStore, content: bytes | str | None, reason: str
) -> None:
    path = store.instances()[0].path
    if isinstance(content, str):
        other = store.get(content)
        assert other is not None
        content = other.path.read_bytes()
    path.write_bytes(path.read_bytes()[:-5] if content is None else content)
    result = reindex(store.folder)
    assert (result.indexed, result.removed) == (NUMBER - 1, 1)
    ((failed, why),) = result.failed
    assert failed == path
    assert reason in why
    assert path.exists()
    assert labels(store) == LABELS[1:]


def test_an_index_that_was_deleted_is_rebuilt_at_the_start(store: InstanceStore) -> None:
    uids = [one.sop_instance_uid for one in store.instances()]
    store.close()
    for path in store.folder.glob("instances.sqlite*"):
        path.unlink()
    again = InstanceStore(store.folder)
    assert again.present(uids) == set(uids)
    assert labels(again) == LABELS
    again.close()


OLDER = """
PRAGMA user_version = 0;
DROP INDEX studies_by_patient;
DROP INDEX studies_by_name;
DROP INDEX instances_by_series;
CREATE INDEX ix_instances_series_instance_uid ON instances (series_instance_uid);
ALTER TABLE studies DROP COLUMN patient_name_key;
ALTER TABLE series DROP COLUMN body_part_examined;
ALTER TABLE instances DROP COLUMN rt_plan_label;
"""


def test_an_index_of_an_older_version_is_rebuilt_at_the_start(
    store: InstanceStore, damage: Callable[[str], None]
) -> None:
    before = store.instances()
    store.close()
    damage(OLDER)
    again = InstanceStore(store.folder)
    assert again.instances() == before
    assert labels(again, PatientName="doe*") == LABELS
    again.close()


def test_an_index_of_an_older_version_is_rebuilt_by_command(
    store: InstanceStore, damage: Callable[[str], None]
) -> None:
    store.close()
    damage(OLDER)
    assert reindex(store.folder).indexed == NUMBER
    again = InstanceStore(store.folder)
    assert labels(again) == LABELS
    again.close()


def test_an_index_of_a_later_version_is_refused(
    store: InstanceStore, damage: Callable[[str], None]
) -> None:
    store.close()
    damage("PRAGMA user_version = 999")
    with pytest.raises(StoreError, match="later version"):
        InstanceStore(store.folder)
    with pytest.raises(StoreError, match="later version"):
        reindex(store.folder)


def test_it_tells_how_far_it_is_and_ends_early(
    store: InstanceStore, damage: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "_FILES_AT_ONCE", 2)
    damage("DELETE FROM instances")
    told: list[tuple[int, int]] = []
    result = reindex(store.folder, lambda *done: told.append(done), lambda: len(told) == 2)
    assert result.canceled
    assert (result.indexed, store.count()) == (2, 2)
    assert told == [(0, NUMBER), (2, NUMBER)]
    assert reindex(store.folder, lambda *done: told.append(done)).indexed == NUMBER
    assert told[2:] == [(0, NUMBER), (2, NUMBER), (4, NUMBER), (NUMBER, NUMBER)]


def test_a_file_that_is_there_twice_counts_once(store: InstanceStore) -> None:
    """Earlier versions had other folders below that of the objects."""
    path = store.instances()[0].path
    copy = store.folder / "objects" / "zz" / "zz" / path.name
    copy.parent.mkdir(parents=True)
    shutil.copyfile(path, copy)
    result = reindex(store.folder)
    assert [one for one, _ in result.failed] == [copy]
    assert (result.indexed, store.count()) == (NUMBER, NUMBER)


def test_stores_go_on_meanwhile(store: InstanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process and in another, which has a connection of its own."""
    monkeypatch.setattr(reindexing, "_FILES_AT_ONCE", 3)
    other = InstanceStore(store.folder)
    numbers = range(NUMBER, 60)

    def keep(number: int) -> None:
        (store if number % 2 else other).add_dataset(plan(number), "SENDER")

    with ThreadPoolExecutor(4) as pool:
        kept = [pool.submit(keep, number) for number in numbers]
        results = [pool.submit(reindex, store.folder), pool.submit(store.reindex)]
        for one in kept:
            one.result()
        assert all(not one.result().failed and not one.result().removed for one in results)
    stored = store.instances()
    assert len(stored) == len(numbers) + NUMBER
    assert {one.path for one in stored} == set((store.folder / "objects").rglob("*.dcm"))
    assert {one.source_ae for one in stored} <= {"SENDER", ""}
    other.close()


def test_what_is_replaced_while_it_is_read_keeps_the_row_of_the_new_one(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reindexing.read_content

    def read_slowly(part10: bytes, source_ae: str) -> Any:
        content = read(part10, source_ae)
        if content.uid == "1.1.0":
            path = store.instances()[0].path
            new = path.with_suffix(".new")
            new.write_bytes(part10 + b"\x0a\x30\x04\x00LO\x04\x00late")
            new.replace(path)
        return content

    monkeypatch.setattr(reindexing, "read_content", read_slowly)
    result = reindex(store.folder)
    assert (result.indexed, result.removed, result.failed) == (NUMBER - 1, 0, ())

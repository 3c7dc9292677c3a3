"""How files come into an instance store and go: as they arrive, after a kill, when a disk fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.dicom.errors import DimseStatusError, StoreError
from tdwii_gui.dicom.iod.file_meta import encode_file_meta, read_file_meta
from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.database import write
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.uids import CT_IMAGE, RT_PLAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.store.arriving_instance import ArrivingInstance

UID = "1.2.3.4.1"
STORE_AND_DIE = """
import os, sys
from pathlib import Path
from tdwii_gui.dicom.store import instance_files, instance_store
from tests.unit.dicom.store.test_instance_store_files import arrive, encoded
policy = instance_store.Conflict(sys.argv[3])
store = instance_store.InstanceStore(Path(sys.argv[1]), on_conflict=policy)
def die(*_arguments, **_options):
    os.kill(os.getpid(), 9)
if sys.argv[2] == "arriving":
    arrive(store, encoded("1.2.3.4.2", "DYING"))
    die()
elif sys.argv[2] == "placed":
    instance_store.write = die
elif sys.argv[2] == "replaced":
    instance_files.sync_folder = die
store.keep(arrive(store, encoded("1.2.3.4.2", "DYING"), "1.2.3.4.2"))
"""


def encoded(uid: str = UID, label: str = "PLAN", **attributes: Any) -> bytes:
    """Return a data set as it travels."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RT_PLAN, uid
    dataset.PatientID, dataset.PatientName = "P1", "Test^P1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", "1.2.3.1.1"
    dataset.RTPlanLabel = label
    for name, value in attributes.items():
        setattr(dataset, name, value)
    part10 = encode_part10(dataset)
    meta = read_file_meta(part10)
    assert meta is not None
    return part10[meta.offset :]


def arrive(
    store: InstanceStore,
    dataset: bytes,
    uid: str = UID,
    *,
    sop_class: str = RT_PLAN,
    portion: int = 100,
) -> ArrivingInstance:
    """Have a data set arrive in portions."""
    arriving = store.receive(sop_class, uid, ExplicitVRLittleEndian, "SENDER")
    for start in range(0, len(dataset), portion):
        arriving.write(dataset[start : start + portion])
    return arriving


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InstanceStore]:
    with closing(InstanceStore(tmp_path / "store")) as store:
        yield store


def files(store: InstanceStore) -> list[Path]:
    return sorted(path for path in (store.folder / "objects").rglob("*") if path.is_file())


@pytest.mark.parametrize("portion", [1, 7, 100_000])
def test_what_arrives_in_portions_is_a_dicom_file(store: InstanceStore, portion: int) -> None:
    outcome = store.keep(arrive(store, encoded(), portion=portion))
    assert outcome.added
    path = outcome.instance.path
    assert files(store) == [path]
    assert path.read_bytes().endswith(encoded())
    dataset = dcmread(path)
    assert dataset.file_meta.MediaStorageSOPInstanceUID == UID
    assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert dataset.file_meta.SourceApplicationEntityTitle == "SENDER"
    assert dataset.RTPlanLabel == "PLAN"
    assert outcome.instance == store.get(UID)
    assert store.add(path.read_bytes()).added is False


def test_what_is_discarded_leaves_nothing(store: InstanceStore) -> None:
    arriving = arrive(store, encoded())
    assert len(files(store)) == 1
    arriving.discard()
    arriving.write(b"late")
    arriving.discard()
    assert files(store) == []
    assert store.count() == 0


@pytest.mark.parametrize(
    ("uid", "sop_class", "named"),
    [("1.2.3.4.9", RT_PLAN, "SOPInstanceUID"), (UID, CT_IMAGE, "SOPClassUID")],
)
def test_what_is_not_what_was_announced_is_refused(
    store: InstanceStore, uid: str, sop_class: str, named: str
) -> None:
    arriving = arrive(store, encoded(), uid, sop_class=sop_class)
    with pytest.raises(DimseStatusError, match=named) as caught:
        store.keep(arriving)
    assert caught.value.status == Status.DATASET_MISMATCH
    assert arriving.path.is_file(), "it can be kept aside until it is discarded"
    arriving.discard()
    assert files(store) == []


def test_the_meta_information_of_any_text_can_be_read() -> None:
    """A peer may send a UID that is none."""
    head = encode_file_meta(RT_PLAN, "no\nUID \u00e4" * 50, ExplicitVRLittleEndian, "AE")
    meta = read_file_meta(head + encoded())
    assert meta is not None
    assert meta.sop_class_uid == RT_PLAN
    assert len(meta.sop_instance_uid) <= 64
    assert meta.offset == len(head)


def test_a_disk_that_is_full_while_it_arrives_is_told_at_the_end(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep(arrive(store, encoded()))

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        arriving = arrive(store, encoded("1.2.3.4.2"), "1.2.3.4.2")
    assert not arriving.is_whole
    with pytest.raises(DimseStatusError, match="No space left") as caught:
        store.keep(arriving)
    assert caught.value.status == Status.OUT_OF_RESOURCES
    arriving.discard()
    assert len(files(store)) == 1
    assert store.present([UID, "1.2.3.4.2"]) == {UID}


@pytest.mark.parametrize("policy", Conflict)
def test_an_index_that_cannot_be_written_leaves_files_as_they_were(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch, policy: Conflict
) -> None:
    """What was replaced is there again: an answer of failure changes nothing."""
    store.on_conflict = policy
    store.keep(arrive(store, encoded()))

    def full(*_arguments: object) -> None:
        raise StoreError("the disk is full")

    for uid, label in ((UID, "OTHER"), ("1.2.3.4.2", "NEW")):
        with monkeypatch.context() as patch:
            patch.setattr(InstanceStore, "_stored", full)
            arriving = arrive(store, encoded(uid, label), uid)
            with pytest.raises(DimseStatusError):
                store.keep(arriving)
            arriving.discard()
        assert len(files(store)) == 1
        assert store.read(UID).RTPlanLabel == "PLAN"
        assert store.count() == 1


@pytest.mark.parametrize("policy", Conflict)
def test_files_are_placed_where_a_file_system_has_no_links(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch, policy: Conflict
) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", unknown)
    store.on_conflict = policy
    assert store.keep(arrive(store, encoded())).added
    assert not store.keep(arrive(store, encoded())).added
    other = arrive(store, encoded(label="OTHER"))
    if policy is Conflict.REPLACE:
        assert store.keep(other).replaced
    else:
        with pytest.raises(DimseStatusError):
            store.keep(other)
        other.discard()
    assert store.read(UID).RTPlanLabel == ("OTHER" if policy is Conflict.REPLACE else "PLAN")
    assert len(files(store)) == 1


def test_what_replaces_has_the_place_and_nothing_else_is_left(store: InstanceStore) -> None:
    store.on_conflict = Conflict.REPLACE
    first = store.keep(arrive(store, encoded())).instance
    second = store.keep(arrive(store, encoded(label="OTHER"))).instance
    assert second.path == first.path
    assert store.read(UID).RTPlanLabel == "OTHER"
    assert files(store) == [first.path]


def test_removed_instances_are_gone_and_may_come_again(store: InstanceStore) -> None:
    for number in range(3):
        store.keep(arrive(store, encoded(f"1.2.{number}"), f"1.2.{number}"))
    assert sorted(store.remove(["1.2.0", "1.2.2", "1.2.9", "x' OR 1=1"])) == ["1.2.0", "1.2.2"]
    assert store.present(["1.2.0", "1.2.1", "1.2.2"]) == {"1.2.1"}
    assert len(files(store)) == 1
    assert store.keep(arrive(store, encoded("1.2.0"), "1.2.0")).added
    assert sorted(store.remove(["1.2.0", "1.2.1"])) == ["1.2.0", "1.2.1"]
    with write(store._engine) as connection:
        assert connection.execute(tables.STUDIES.select()).all() == []
    assert files(store) == []


def test_an_instance_whose_file_cannot_be_removed_is_an_error_that_names_it(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.keep(arrive(store, encoded())).instance.path

    def refuse(_path: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "unlink", refuse)
        with pytest.raises(StoreError, match=r"cannot be removed"):
            store.remove([UID])
    assert store.present([UID]) == {UID}


def test_a_file_of_an_earlier_layout_stays_readable_and_is_replaced(store: InstanceStore) -> None:
    """There were two levels of folders; where a file is, its row says."""
    instance = store.keep(arrive(store, encoded())).instance
    former = store.folder / "objects" / "ab" / "cd" / instance.path.name
    former.parent.mkdir(parents=True)
    instance.path.rename(former)
    store.reindex()
    found = store.get(UID)
    assert found is not None
    assert found.path == former
    assert not store.keep(arrive(store, encoded())).added
    assert files(store) == [former]


def died(store: InstanceStore, moment: str, policy: Conflict = Conflict.REFUSE) -> None:
    """Have another process be killed while it stores an instance."""
    command = [sys.executable, "-c", STORE_AND_DIE, str(store.folder), moment, policy]
    assert subprocess.run(command, check=False).returncode == -9


@pytest.fixture
def opened_again(store: InstanceStore) -> Iterator[Callable[[], InstanceStore]]:
    stores: list[InstanceStore] = []

    def open_again() -> InstanceStore:
        stores.append(InstanceStore(store.folder))
        return stores[-1]

    yield open_again
    for each in stores:
        each.close()


def agree(store: InstanceStore) -> None:
    """Check that files and index agree and that all can be read."""
    assert sorted(one.path for one in store.instances()) == files(store)
    for one in store.instances():
        assert store.add(one.path.read_bytes()).instance.digest == one.digest
        assert one.path.stat().st_size == one.size


@pytest.mark.parametrize(
    ("moment", "policy"),
    [
        ("arriving", Conflict.REFUSE),
        ("placed", Conflict.REFUSE),
        ("replaced", Conflict.REPLACE),
    ],
)
def test_after_a_kill_files_and_index_agree(
    store: InstanceStore,
    opened_again: Callable[[], InstanceStore],
    moment: str,
    policy: Conflict,
) -> None:
    store.keep(arrive(store, encoded()))
    if policy is Conflict.REPLACE:
        store.keep(arrive(store, encoded("1.2.3.4.2", "BEFORE"), "1.2.3.4.2"))
    mine = arrive(store, encoded("1.2.3.4.3"), "1.2.3.4.3")
    died(store, moment, policy)
    again = opened_again()
    assert mine.path.is_file(), "another process that lives goes on"
    assert store.keep(mine).added
    agree(again)
    assert again.present([UID, "1.2.3.4.3"]) == {UID, "1.2.3.4.3"}
    if policy is Conflict.REPLACE:
        assert again.read("1.2.3.4.2").RTPlanLabel == "DYING"
    assert opened_again().count() == again.count()


def test_after_a_kill_a_row_without_its_file_is_removed(
    store: InstanceStore, opened_again: Callable[[], InstanceStore]
) -> None:
    store.keep(arrive(store, encoded()))
    store.keep(arrive(store, encoded("1.2.3.4.9"), "1.2.3.4.9")).instance.path.unlink()
    died(store, "arriving")
    assert opened_again().present([UID, "1.2.3.4.9"]) == {UID}


def test_after_an_orderly_end_nothing_is_looked_through(
    store: InstanceStore, opened_again: Callable[[], InstanceStore], caplog: Any
) -> None:
    store.keep(arrive(store, encoded()))
    opened_again().close()
    opened_again()
    assert "not left in order" not in caplog.text

"""Re-indexing of the archive: by the OST while it serves, and by the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom import dcmread

from tdwii_gui.actors.events import Reindexed
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.store import reindex as reindexing
from tdwii_gui.dicom.store.instance_store import InstanceStore

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tdwii_gui.actors.suite import Suite
    from tests.command_line import CommandLine

SECONDS = 20
PLAN = resource_path("demo_patient", "photon_plan.dcm")


def test_the_ost_reindexes(actors: Suite, recorder) -> None:
    actors.ost.import_files([resource_path("demo_patient")]).result(SECONDS)
    stored = actors.ost.instances.instances()
    stored[0].path.unlink()
    progress: list[tuple[int, int]] = []
    result = actors.ost.reindex(lambda *done: progress.append(done)).result(SECONDS)
    assert (result.indexed, result.removed, result.failed) == (len(stored) - 1, 1, ())
    assert progress[-1] == (len(stored) - 1, len(stored) - 1)
    assert recorder.wait_for(Reindexed).result == result
    assert actors.ost.instances.instances() == stored[1:]


def test_reindexing_is_canceled(actors: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "_FILES_AT_ONCE", 1)
    actors.ost.import_files([resource_path("demo_patient")]).result(SECONDS)
    count = actors.ost.instances.count()
    running = actors.ost.reindex(lambda _done, _total: actors.ost.cancel_request())
    result = running.result(SECONDS)
    assert result.canceled
    assert result.indexed < count == actors.ost.instances.count()


def test_the_index_is_rebuilt_by_command(tdwii: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "ost"
    store = InstanceStore(folder)
    path = store.add_file(PLAN).instance.path
    store.close()
    (folder / "instances.sqlite").unlink()
    done = tdwii.run("ost", "--reindex")
    assert done.returncode == 0
    assert "1 objects indexed" in done.stdout
    store = InstanceStore(folder)
    assert store.present([dcmread(PLAN).SOPInstanceUID])
    store.close()

    path.write_bytes(path.read_bytes()[:-10])
    failed = tdwii.run("ost", "--reindex")
    assert failed.returncode == 1
    assert f"{path}: " in failed.stderr
    assert "cut short" in failed.stderr
    assert "1 rows without a readable file removed" in failed.stdout

"""Of two processes, one serves a worklist."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.process_lock import ProcessLock
from tdwii_gui.dicom.store.ups_store import UpsStore

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from tdwii_gui.dicom.store.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ups.sqlite.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    with pytest.raises(StoreError, match=f"{path}: in use by process {holder.pid}"):
        ProcessLock(path)
    holder.kill()
    holder.communicate()
    ProcessLock(path).release()  # a process that is gone holds nothing


def test_the_lock_is_private_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = ProcessLock(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == str(os.getpid())
    lock.release()


def test_a_worklist_is_served_once_and_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "ups.sqlite"
    serving = UpsStore(path, serves=True)
    with pytest.raises(StoreError, match=r"ups\.sqlite\.lock: in use by process \d+"):
        UpsStore(path, serves=True)
    UpsStore(path).close()
    serving.close()
    UpsStore(path, serves=True).close()


def test_an_unusable_path_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        ProcessLock(tmp_path / "nowhere" / "lock")

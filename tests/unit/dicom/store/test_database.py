from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.store.checkpoint import COMMITS_BETWEEN, FALLBACK_PAGES
from tdwii_gui.dicom.store.database import StoreFull, open_database, read, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "test.sqlite"


@pytest.fixture
def engine(path: Path):
    engine = open_database(path)
    with write(engine) as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"))
    yield engine
    engine.dispose()


def count(engine) -> int:
    with read(engine) as connection:
        return connection.scalar(text("SELECT count(*) FROM t"))


def test_committed_data_are_synchronised_to_disk(engine) -> None:
    with read(engine) as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) == 5000


def test_files_are_private(engine, path: Path) -> None:
    with write(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1, 'x')"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = list(path.parent.iterdir())
    assert len(files) == 3  # with -wal and -shm
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_exception_undoes_the_transaction(engine) -> None:
    def fail_after_an_insert() -> None:
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (1, 'x')"))
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_an_insert()
    assert count(engine) == 0


def test_data_are_there_after_reopening(engine, path: Path) -> None:
    with write(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1, 'x')"))
    again = open_database(path)
    assert count(again) == 1
    again.dispose()


def test_sqlite_url_is_a_file_too(path: Path) -> None:
    engine = open_database(f"sqlite:///{path}")
    with read(engine) as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    engine.dispose()


def test_concurrent_read_modify_write_loses_nothing(engine, path: Path) -> None:
    other = open_database(path)  # as another process has it
    with write(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1, 0)"))

    def add(to) -> None:
        for _ in range(25):
            with write(to) as connection:
                value = connection.scalar(text("SELECT b FROM t"))
                connection.execute(text("UPDATE t SET b = :b"), {"b": value + 1})

    threads = [threading.Thread(target=add, args=(to,)) for to in (engine, engine, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(engine) as connection:
        assert connection.scalar(text("SELECT b FROM t")) == 100
    other.dispose()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_what_is_no_database_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"broken\.sqlite"):
        open_database(path)
    assert path.read_bytes() == content


def test_corrupt_database_is_refused_by_name(engine, path: Path) -> None:
    with write(engine) as connection:
        for number in range(200):
            connection.execute(text("INSERT INTO t VALUES (:n, zeroblob(500))"), {"n": number})
    engine.dispose()
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xa5" * 100
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(
            StoreError, match=r"test\.sqlite.*a copy is kept as test\.sqlite\.corrupt"
        ):
            open_database(path)
    copy = path.with_name("test.sqlite.corrupt")
    assert copy.read_bytes() == content
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "is-a-file/x.sqlite"])
def test_unusable_path_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "is-a-file").write_text("")
    with pytest.raises(StoreError, match=str(tmp_path)):
        open_database(tmp_path / name)


@pytest.mark.parametrize("url", ["sqlite://", "nothing://x/y", "://"])
def test_unusable_url_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_database(url)


def test_a_full_disk_is_told_apart(engine) -> None:
    with read(engine) as connection:
        pages = connection.scalar(text("PRAGMA page_count"))

    def fill() -> None:
        with write(engine) as connection:
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            connection.execute(text("INSERT INTO t VALUES (1, zeroblob(100000))"))

    with pytest.raises(StoreFull, match=r"test\.sqlite"):
        fill()
    assert count(engine) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk that can be full takes the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_really_full_is_told_and_recovers(small_disk: Path) -> None:
    engine = open_database(small_disk / "test.sqlite")
    with write(engine) as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"))

    def add() -> None:
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t (b) VALUES (zeroblob(20000))"))

    def fill() -> None:
        for _ in range(100):
            add()
            added.append(1)

    added: list[int] = []
    with pytest.raises(StoreFull, match=r"test\.sqlite"):
        fill()
    assert count(engine) == len(added) > 0, "what was committed can still be read"
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    add()
    assert count(engine) == len(added) + 1
    engine.dispose()


def test_writers_that_wait_share_a_commit(engine) -> None:
    """Each returns after the commit of what it wrote."""
    commits = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _conn, _cur, statement, *_: statement == "COMMIT" and commits.append(1),
    )
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (0, 'x')"))
            held.set()
            go_on.wait(10)

    def add(number: int) -> None:
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (:n, 'x')"), {"n": number})
        with read(engine) as connection:
            found = connection.scalar(text("SELECT b FROM t WHERE a = :n"), {"n": number})
        seen.append(found)

    seen: list[str] = []
    threads = [threading.Thread(target=hold)]
    threads += [threading.Thread(target=add, args=(number,)) for number in range(1, 9)]
    threads[0].start()
    assert held.wait(10)
    for thread in threads[1:]:
        thread.start()
    writer = engine.get_execution_options()["tdwii_writer"]
    ticks = threading.Event()
    while writer._waiting < 8:
        ticks.wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert seen == ["x"] * 8
    assert len(commits) == 1


def test_the_log_is_moved_into_the_file_beside_the_writer(engine, path: Path) -> None:
    """On a thread of its own, which ends, and never within a commit."""
    for _ in range(COMMITS_BETWEEN + 1):
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t (b) VALUES (zeroblob(2000))"))
    with write(engine) as connection:
        assert connection.scalar(text("PRAGMA wal_autocheckpoint")) == FALLBACK_PAGES
    ticks = threading.Event()
    deadline = time.monotonic() + 30
    while path.stat().st_size < COMMITS_BETWEEN * 2000:
        assert time.monotonic() < deadline, "no checkpoint"
        ticks.wait(0.01)
    engine.dispose()
    assert "tdwii-checkpoint" not in {thread.name for thread in threading.enumerate()}


def test_a_locked_database_fails_in_time(engine, path: Path) -> None:
    with write(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")

    def add() -> None:
        with write(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (1, 'x')"))

    with pytest.raises(StoreError, match="locked"):
        add()
    blocker.execute("ROLLBACK")
    blocker.close()
    add()
    assert count(engine) == 1

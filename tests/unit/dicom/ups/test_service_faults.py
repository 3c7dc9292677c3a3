"""A database that fails: the answer is a status, and nothing has changed."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import event

UID = "1.2.3.100"


@pytest.fixture
def busy(worklist, tmp_path):
    """Lock the database as another process does, without waiting for it."""

    def hurry(connection, _record, _proxy) -> None:
        connection.execute("PRAGMA busy_timeout = 5").close()

    event.listen(worklist.store.engine, "checkout", hurry)
    blocker = sqlite3.connect(tmp_path / "ups.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    yield
    blocker.execute("ROLLBACK")
    blocker.close()


@pytest.mark.usefixtures("busy")
def test_a_locked_database_is_a_processing_failure(worklist, new_step, refused, caplog) -> None:
    call = worklist.service.create
    status, comment = refused(call, UID, new_step(), "CREATOR")
    assert status == 0x0110
    assert "ups.sqlite" not in comment  # peers need not know our files
    assert "ups.sqlite" in caplog.text
    assert "Müller" not in caplog.text
    assert worklist.changes == []


def test_a_full_disk_is_a_resource_limitation(worklist, new_step, refused) -> None:
    def shrink(connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    worklist.create("1.2.1")
    event.listen(worklist.store.engine, "begin", shrink, insert=True)
    long_text = "x" * 10_000
    step = new_step(CommentsOnTheScheduledProcedureStep=long_text)
    assert refused(worklist.service.create, UID, step, "CREATOR")[0] == 0x0213
    assert worklist.service.get("1.2.1").PatientID == "A1"  # reading still works
    event.remove(worklist.store.engine, "begin", shrink)
    worklist.create()
    assert worklist.state() == "SCHEDULED"


def test_a_failing_commit_tells_nobody(worklist, new_step, refused, monkeypatch) -> None:
    def fail(_connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    engine = worklist.store.engine
    monkeypatch.setattr(engine.dialect, "do_commit", fail)
    assert refused(worklist.service.create, UID, new_step(), "CREATOR")[0] == 0x0110
    assert worklist.changes == []
    monkeypatch.undo()
    assert refused(worklist.service.get, UID)[0] == 0xC307

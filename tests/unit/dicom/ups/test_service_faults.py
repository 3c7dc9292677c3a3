"""A database that fails: the answer is a status, and nothing has changed."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tdwii_gui.dicom.store.database import write

UID = "1.2.3.100"


@pytest.fixture
def busy(worklist, tmp_path):
    """Lock the database as another process does, without waiting for it."""

    with write(worklist.store.engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 5")
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
    def allow(pages: int) -> None:
        with write(worklist.store.engine) as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    worklist.create("1.2.1")
    allow(1)
    long_text = "x" * 10_000
    step = new_step(CommentsOnTheScheduledProcedureStep=long_text)
    assert refused(worklist.service.create, UID, step, "CREATOR")[0] == 0x0213
    assert worklist.service.get("1.2.1").PatientID == "A1"  # reading still works
    allow(10_000)
    worklist.create()
    assert worklist.state() == "SCHEDULED"


def test_a_failing_commit_tells_nobody(worklist, new_step, refused) -> None:
    def fail(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        if statement == "COMMIT":
            raise OperationalError(statement, None, sqlite3.OperationalError("disk I/O error"))

    event.listen(worklist.store.engine, "before_cursor_execute", fail)
    assert refused(worklist.service.create, UID, new_step(), "CREATOR")[0] == 0x0110
    assert worklist.changes == []
    event.remove(worklist.store.engine, "before_cursor_execute", fail)
    assert refused(worklist.service.get, UID)[0] == 0xC307
    worklist.create()
    assert worklist.state() == "SCHEDULED"

"""Objects that could not be stored are kept with the reason, as many as there is room for."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.store.failed_imports import FailedImports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def temporary(tmp_path: Path) -> Callable[..., Path]:
    def make(content: bytes = b"content") -> Path:
        path = tmp_path / "temporary.part"
        path.write_bytes(content)
        return path

    return make


def test_an_object_is_kept_with_the_reason(tmp_path: Path, temporary: Callable[..., Path]) -> None:
    imports = FailedImports(tmp_path / "ost" / "failed")
    assert imports.all() == []
    failed = imports.keep(temporary(), "cannot be decoded", "SENDER", "1.2.3")
    assert failed is not None
    assert failed.path.read_bytes() == b"content"
    assert (failed.reason, failed.source_ae, failed.sop_instance_uid) == (
        "cannot be decoded",
        "SENDER",
        "1.2.3",
    )
    assert abs((datetime.now(UTC) - failed.at).total_seconds()) < 60
    assert FailedImports(tmp_path / "ost" / "failed").all() == [failed]
    assert not (tmp_path / "temporary.part").exists()
    assert stat.S_IMODE(failed.path.parent.stat().st_mode) == 0o700


def test_what_a_peer_sent_is_in_no_file_name(
    tmp_path: Path, temporary: Callable[..., Path]
) -> None:
    imports = FailedImports(tmp_path / "failed")
    failed = imports.keep(temporary(), "reason", "../EVIL", "../../etc/passwd\0" + 100 * "x")
    assert failed is not None
    assert {path.parent for path in tmp_path.rglob("*.*")} == {tmp_path / "failed"}
    assert len(failed.sop_instance_uid) == 64
    assert imports.all() == [failed]


def test_the_oldest_make_room(tmp_path: Path, temporary: Callable[..., Path]) -> None:
    imports = FailedImports(tmp_path / "failed", most_objects=3, most_bytes=100)
    for number in range(5):
        imports.keep(temporary(), str(number), "SENDER", "1.2.3")
    assert [one.reason for one in imports.all()] == ["2", "3", "4"]
    imports.keep(temporary(bytes(90)), "large", "SENDER", "1.2.3")
    assert [one.reason for one in imports.all()] == ["4", "large"]
    assert len(list((tmp_path / "failed").iterdir())) == 4
    path = temporary(bytes(101))
    assert imports.keep(path, "larger than all room", "SENDER", "1.2.3") is None
    assert path.exists()
    assert [one.reason for one in imports.all()] == ["4", "large"]


def test_a_note_that_is_damaged_or_gone_keeps_no_object_from_being_shown(
    tmp_path: Path, temporary: Callable[..., Path]
) -> None:
    imports = FailedImports(tmp_path / "failed")
    for _ in range(3):
        imports.keep(temporary(), "reason", "SENDER", "1.2.3")
    first, second, _third = imports.all()
    first.path.with_suffix(".json").write_text("[1")
    second.path.with_suffix(".json").unlink()
    assert [one.reason for one in imports.all()] == ["", "", "reason"]


def test_what_cannot_be_kept_is_logged(
    tmp_path: Path, temporary: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "failed").touch()
    path = temporary()
    assert FailedImports(tmp_path / "failed").keep(path, "reason", "SENDER", "1.2.3") is None
    assert "not kept" in caplog.text

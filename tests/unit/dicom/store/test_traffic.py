"""Copies of what comes and goes."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.store.traffic import TrafficFolder

if TYPE_CHECKING:
    from pathlib import Path


def file_of(folder: Path, content: bytes) -> Path:
    """Return a file as the store has it."""
    path = folder / "object.part"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def kept(folder: Path, direction: str) -> list[str]:
    return [path.read_bytes().decode() for path in sorted((folder / direction).iterdir())]


def test_both_directions_are_kept_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "traffic"
    traffic = TrafficFolder(folder, 1)
    for number in range(3):
        file = file_of(tmp_path, f"came {number}".encode())
        traffic.keep_incoming(file, f"1.2.{number}", "PEER")
    traffic.keep_outgoing(file_of(tmp_path, b"sent"), "1.3", "PEER")
    (tmp_path / "object.part").unlink()
    assert kept(folder, "incoming") == ["came 0", "came 1", "came 2"]
    assert kept(folder, "outgoing") == ["sent"]
    (name,) = (path.name for path in (folder / "outgoing").iterdir())
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}_000004_PEER_1\.3\.dcm", name)


@pytest.mark.parametrize("uid", ["../../evil", "", "1.2\0", "x" * 300, "1.02"])
def test_nothing_from_a_peer_leads_out_of_the_folder(tmp_path: Path, uid: str) -> None:
    traffic = TrafficFolder(tmp_path / "traffic", 1)
    traffic.keep_incoming(file_of(tmp_path, b"came"), uid, "../..\\e vil")
    (path,) = tmp_path.rglob("*.dcm")
    assert path.parent == tmp_path / "traffic" / "incoming"
    assert re.fullmatch(r"[0-9T.]+_000001_______e_vil_[0-9a-f]{32}\.dcm", path.name)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    TrafficFolder(tmp_path / "traffic", 1).keep_incoming(file_of(tmp_path, b"came"), "1.2", "PEER")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {0o700, 0o600}


def test_the_oldest_make_room_also_after_a_restart(tmp_path: Path) -> None:
    for number in range(3):
        # A new one each time, as after a restart.
        file = file_of(tmp_path, bytes(1_000_000))
        TrafficFolder(tmp_path, 2).keep_incoming(file, f"1.2.{number}", "PEER")
    names = [path.name for path in sorted((tmp_path / "incoming").iterdir())]
    assert [name.rsplit("_", 1)[1] for name in names] == ["1.2.1.dcm", "1.2.2.dcm"]


def test_one_that_is_longer_than_the_limit_is_kept_alone(tmp_path: Path) -> None:
    traffic = TrafficFolder(tmp_path, 1)
    for number in range(2):
        traffic.keep_incoming(file_of(tmp_path, bytes(1_500_000)), f"1.2.{number}", "PEER")
    assert [path.name[-9:] for path in (tmp_path / "incoming").iterdir()] == ["1.2.1.dcm"]


def test_what_cannot_be_kept_is_logged_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "traffic").write_text("in the way")
    traffic = TrafficFolder(tmp_path / "traffic", 1)
    traffic.keep_incoming(file_of(tmp_path, b"came"), "1.2", "PEER")
    traffic.keep_outgoing(tmp_path / "none.dcm", "1.2", "PEER")
    assert caplog.text.count("no copy of") == 2


def test_a_file_that_is_gone_leaves_no_empty_copy(tmp_path: Path) -> None:
    TrafficFolder(tmp_path, 1).keep_outgoing(tmp_path / "none.dcm", "1.2", "PEER")
    assert list((tmp_path / "outgoing").iterdir()) == []


def test_where_there_are_no_second_names_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr("os.link", refuse)
    TrafficFolder(tmp_path, 1).keep_incoming(file_of(tmp_path, b"came"), "1.2", "PEER")
    (path,) = (tmp_path / "incoming").iterdir()
    assert path.read_bytes() == b"came"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

"""What peers do wrong, in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.net import peer_log
from tdwii_gui.dicom.net.peer_log import PeerLog

if TYPE_CHECKING:
    import pytest


def test_one_line_per_peer_kind_and_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    monkeypatch.setattr(peer_log.time, "monotonic", lambda: now)
    log = PeerLog("OURS")
    for _ in range(3):
        log.note("192.0.2.1", "sent junk")
    log.note("192.0.2.1", "is rejected", " ('A')")
    log.note("192.0.2.2", "sent junk")
    assert [one.getMessage() for one in caplog.records] == [
        "'OURS': 192.0.2.1 sent junk",
        "'OURS': 192.0.2.1 is rejected ('A')",
        "'OURS': 192.0.2.2 sent junk",
    ]
    caplog.clear()
    now += 60
    log.note("192.0.2.1", "sent junk")
    (record,) = caplog.records
    assert record.getMessage() == "'OURS': 192.0.2.1 sent junk (2 more times before)"

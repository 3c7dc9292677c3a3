"""The end and the next start of our listening AE: at once, again and again, in mid-transfer."""

from __future__ import annotations

import socket
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import build_context

from tdwii_gui.dicom.errors import ListenError
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import RT_PLAN, VERIFICATION
from tests.integration.net.hostile.raw_peer import RawPeer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

ECHO = [build_context(VERIFICATION)]
TIMES = 100


def test_a_hundred_restarts_on_one_port() -> None:
    """Every fifth time with a peer that is connected at the stop."""
    host = ScpHost("OURS", "127.0.0.1", 0, [VerificationScp()])
    host.start()
    port = host.port
    started = time.monotonic()
    for number in range(TIMES):
        if number % 5 == 0:
            with RawPeer(port).associate("OURS") as peer:
                host.stop()
                assert peer.is_closed()
        host.stop()
        assert not host.is_listening
        host.start()
        assert host.port == port
    host.stop()
    assert time.monotonic() - started < TIMES * 0.5


def test_a_start_on_an_occupied_port_again_and_again(start_host: Callable[..., ScpHost]) -> None:
    occupied = start_host(VerificationScp())
    other = ScpHost("OTHER", "127.0.0.1", occupied.port, [VerificationScp()])
    for _ in range(20):
        with pytest.raises(ListenError, match="in use by another program"):
            other.start()
    occupied.stop()
    other.start()
    with RawPeer(other.port) as peer:
        peer.associate("OTHER")
    other.stop()


def test_the_port_is_free_for_another_program(start_host: Callable[..., ScpHost]) -> None:
    host = start_host(VerificationScp())
    with RawPeer(host.port).associate("OURS"):
        host.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", host.port))
        other.listen()


def test_a_stop_in_mid_transfer(
    tmp_path: Path,
    start_host: Callable[..., ScpHost],
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    """What was answered with success is there; the rest is not, and the next start works."""
    folder = tmp_path / "store"
    store = InstanceStore(folder)
    host = start_host(StorageScp(store))
    association = bare_scu(host, [build_context(RT_PLAN, "1.2.840.10008.1.2.1")])
    stored: list[str] = []
    some = Event()

    def send() -> None:
        for number in range(10_000):
            uid = f"1.2.3.4.{number}"
            try:
                answer = association.send_c_store(make_object(uid))
            except RuntimeError:
                return
            if answer.get("Status") != 0:
                return
            stored.append(uid)
            if len(stored) == 5:
                some.set()

    thread = Thread(target=send)
    thread.start()
    assert some.wait(20)
    started = time.monotonic()
    host.stop()
    assert time.monotonic() - started < 5
    thread.join(20)
    assert not thread.is_alive()
    assert 5 <= len(stored) < 10_000
    kept = {instance.sop_instance_uid for instance in store.instances()}
    assert set(stored) <= kept
    assert len(kept) <= len(stored) + 1
    host.start()
    with RawPeer(host.port) as peer:
        peer.associate("OURS", (RT_PLAN, "1.2.840.10008.1.2.1"))
    host.stop()
    store.close()


def test_a_stop_in_the_middle_of_a_pdu(start_host: Callable[..., ScpHost]) -> None:
    host = start_host(VerificationScp())
    with RawPeer(host.port).associate("OURS") as peer:
        peer.send(b"\x04\x00\x00")
        started = time.monotonic()
        host.stop()
        assert time.monotonic() - started < 5
        assert peer.is_closed()

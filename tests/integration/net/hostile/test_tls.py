"""TLS: silent, plain and nameless peers; and our own associations by TLS (PS3.15 B.12)."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.errors import AssociationError, ConfigError
from tdwii_gui.dicom.net.local_ae import LocalAe, Timeouts
from tdwii_gui.dicom.net.tls import TlsFiles, client_context, server_context
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tests.integration.net.hostile.raw_peer import RawPeer, associate_rq

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tdwii_gui.dicom.net.scp_host import ScpHost

PATIENT = Timeouts(connect=10, acse=10, dimse=10, network=20)


@dataclass(frozen=True)
class Authority:
    """A certificate that stands for itself."""

    certificate: str
    key: str


@pytest.fixture(scope="module")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Authority]:
    """Return a function that makes a certificate and key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program, which makes certificates")
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Authority:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        subprocess.run(
            [
                openssl,
                *arguments.split(),
                "-subj",
                f"/CN={name}",
                "-keyout",
                key,
                "-out",
                certificate,
            ],
            check=True,
            capture_output=True,
        )
        key.chmod(0o600)
        return Authority(str(certificate), str(key))

    return make


@pytest.fixture(scope="module")
def ours(make_certificate: Callable[[str], Authority]) -> TlsFiles:
    one = make_certificate("ours")
    return TlsFiles(one.certificate, one.key, one.certificate)


@pytest.fixture
def host(start_host: Callable[..., ScpHost], ours: TlsFiles) -> ScpHost:
    return start_host(VerificationScp(), tls=server_context(ours))


def echo(host: ScpHost, files: TlsFiles, *, tls: bool = True) -> float:
    """Return how long a C-ECHO takes, with the association."""
    started = time.monotonic()
    peer = ApplicationEntity(host.ae_title, "127.0.0.1", host.port, tls)
    with VerificationScu(LocalAe("OURS", PATIENT, tls=files), peer) as scu:
        scu.c_echo()
    return time.monotonic() - started


def test_both_sides_by_tls(host: ScpHost, ours: TlsFiles) -> None:
    echo(host, ours)


def test_a_silent_client_delays_nobody(host: ScpHost, ours: TlsFiles) -> None:
    silent = [RawPeer(host.port) for _ in range(10)]
    try:
        assert echo(host, ours) < 2
        assert host.associations <= 1
    finally:
        for peer in silent:
            peer.socket.close()


def test_a_silent_client_is_closed(
    host: ScpHost, monkeypatch: pytest.MonkeyPatch, ours: TlsFiles
) -> None:
    monkeypatch.setattr("tdwii_gui.dicom.net.host_server.ARRIVAL_SECONDS", 0.3)
    with RawPeer(host.port) as peer:
        assert peer.is_closed()


def test_the_stop_does_not_wait_for_a_silent_client(
    host: ScpHost, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with RawPeer(host.port):
        wait_until(lambda: host.arrivals == 1)
        started = time.monotonic()
        host.stop()
        assert time.monotonic() - started < 4


def test_no_dicom_without_tls(host: ScpHost, ours: TlsFiles) -> None:
    with RawPeer(host.port) as peer:
        peer.send(associate_rq(host.ae_title))
        kind, _ = peer.receive()
        assert kind not in (2, 3)  # neither accepted nor rejected
    with pytest.raises(AssociationError):
        echo(host, ours, tls=False)
    echo(host, ours)


def test_tls_at_a_port_without(start_host: Callable[..., ScpHost], ours: TlsFiles) -> None:
    host = start_host(VerificationScp())
    with pytest.raises(AssociationError, match="TLS"):
        echo(host, ours)
    echo(host, ours, tls=False)


def refused_by_host(port: int, context: ssl.SSLContext) -> bool:
    """Whether a host ends the connection before it answers a request."""
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with context.wrap_socket(plain) as connection:
                connection.sendall(associate_rq("OURS"))
                return connection.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True


def test_a_client_without_certificate_is_refused(host: ScpHost, ours: TlsFiles) -> None:
    assert refused_by_host(host.port, client_context(TlsFiles(authorities=ours.authorities)))
    assert not refused_by_host(host.port, client_context(ours))


def test_a_client_without_certificate_may_be_allowed(
    start_host: Callable[..., ScpHost], ours: TlsFiles
) -> None:
    host = start_host(VerificationScp(), tls=server_context(ours, anonymous_clients=True))
    echo(host, TlsFiles(authorities=ours.authorities))


def test_an_unknown_client_certificate_is_refused(
    host: ScpHost, ours: TlsFiles, make_certificate: Callable[[str], Authority]
) -> None:
    other = make_certificate("other")
    theirs = TlsFiles(other.certificate, other.key, ours.authorities)
    assert refused_by_host(host.port, client_context(theirs))


def test_an_unknown_server_certificate_is_refused(
    host: ScpHost, make_certificate: Callable[[str], Authority]
) -> None:
    other = make_certificate("third")
    with pytest.raises(AssociationError):
        echo(host, TlsFiles(other.certificate, other.key, other.certificate))


def test_tls_before_1_2_is_not_offered(ours: TlsFiles) -> None:
    for context in (server_context(ours), client_context(ours)):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_key_that_others_can_read_is_refused(ours: TlsFiles, tmp_path: Path) -> None:
    key = tmp_path / "open.key"
    shutil.copy(ours.key, key)
    key.chmod(0o644)
    with pytest.raises(ConfigError, match=r"open\.key"):
        server_context(TlsFiles(ours.certificate, str(key), ours.authorities))


def test_a_missing_file_is_named(ours: TlsFiles, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    for files, name in (
        (TlsFiles(missing, ours.key, ours.authorities), "tls_certificate"),
        (TlsFiles(ours.certificate, missing, ours.authorities), "tls_key"),
        (TlsFiles(ours.certificate, ours.key, missing), "tls_ca"),
    ):
        with pytest.raises(ConfigError, match=rf"{name}.*missing\.pem"):
            server_context(files)


def test_a_file_that_is_no_certificate_is_named(ours: TlsFiles, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    with pytest.raises(ConfigError, match=r"junk\.pem"):
        client_context(TlsFiles(authorities=str(junk)))
    with pytest.raises(ConfigError, match=r"junk\.pem"):
        server_context(TlsFiles(str(junk), ours.key, ours.authorities))


def test_authorities_are_needed(ours: TlsFiles) -> None:
    with pytest.raises(ConfigError, match="tls_ca"):
        server_context(TlsFiles(ours.certificate, ours.key))
    with pytest.raises(ConfigError, match="tls_ca"):
        client_context(TlsFiles(ours.certificate, ours.key))

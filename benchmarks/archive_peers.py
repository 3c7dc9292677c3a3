"""The archives that are measured: our OST, and those of others that are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.measure import note
from benchmarks.processes import end, free_ports, memory, running
from benchmarks.storage_user import StorageUser
from benchmarks.upper_layer import ConnectionEndedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.measure import Place

RECEIVER: Final = "RECEIVER"
"""The AE title to which C-MOVE sends."""

_START_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_PATHS: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True, slots=True)
class Peer:
    """An archive that is measured.

    Parameters
    ----------
    process : subprocess.Popen
        Its process.
    slow : bool
        Whether its messages wait for acknowledgements (Nagle's algorithm), as installed.
    """

    name: str
    port: int
    ae_title: str
    process: subprocess.Popen[str]
    slow: bool = False

    def associate(self) -> StorageUser:
        """Open an association."""
        return StorageUser(self.port, self.ae_title)

    def memory(self) -> float:
        """Return the memory that the process held at most, in MiB."""
        return memory(self.process, "VmHWM") / 1024**2


@contextmanager
def archives(where: Place, *, as_installed: bool = False) -> Iterator[list[Peer]]:
    """Run our OST and the archives of others, where they are installed, until the block ends.

    Parameters
    ----------
    as_installed : bool
        Run DCMTK's and Orthanc once more without TCP_NODELAY, which both heed.
    """
    (receiver,) = free_ports(1)
    with ExitStack() as stack:
        stack.enter_context(running(where, ["benchmarks.storage_user", str(receiver)]))
        peers = [stack.enter_context(ost(where, receiver))]
        peers.append(stack.enter_context(_qrscp(where, receiver)))
        for name, program, make in _FOREIGN:
            if shutil.which(program, path=_PATHS) is None:
                note(f"{program} is not installed")
                continue
            peers.append(stack.enter_context(make(where, receiver, name, slow=False)))
            if as_installed:
                slow = make(where, receiver, f"{name}_as_installed", slow=True)
                peers.append(stack.enter_context(slow))
        yield peers


@contextmanager
def ost(where: Place, receiver: int = 9) -> Iterator[Peer]:
    """Run our OST without a window."""
    (port,) = free_ports(1)
    entry = {"AETitle": RECEIVER, "IPAddr": "127.0.0.1", "Port": receiver}
    where.ae_directory.write_text(json.dumps([entry]), encoding="utf-8")
    options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
    arguments = ["tdwii_gui", "ost", "--headless", "--port", str(port), *options]
    with running(where, arguments) as process:
        yield Peer("ost", port, "OST", process)


@contextmanager
def _qrscp(where: Place, receiver: int) -> Iterator[Peer]:
    folder = where.temporary / "qrscp"
    (folder / "instances").mkdir(parents=True)
    (port,) = free_ports(1)
    (folder / "qrscp.ini").write_text(
        f"[DEFAULT]\nae_title: QRSCP\nport: {port}\nmax_pdu: 16382\nacse_timeout: 30\n"
        "dimse_timeout: 30\nnetwork_timeout: 300\nbind_address: 127.0.0.1\n"
        # Relative ones would be in the folder of pynetdicom.
        f"instance_location: {folder / 'instances'}\n"
        f"database_location: {folder / 'instances.sqlite'}\n"
        f"log_identifier: False\n[{RECEIVER}]\naddress: 127.0.0.1\nport: {receiver}\n"
    )
    command = [sys.executable, "-m", "pynetdicom", "qrscp", "-q", "-c", "qrscp.ini"]
    with _serving(where, folder, command, tuned=False) as process:
        yield _ready(Peer("qrscp", port, "QRSCP", process))


@contextmanager
def _dcmqrscp(where: Place, receiver: int, name: str, *, slow: bool) -> Iterator[Peer]:
    folder = where.temporary / name
    (folder / "storage").mkdir(parents=True)
    (port,) = free_ports(1)
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nreceiver = ({RECEIVER}, 127.0.0.1, {receiver})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        "AETable BEGIN\nDCMQRSCP storage RW (2000, 100000mb) ANY\nAETable END\n"
    )
    command = ["dcmqrscp", "--config", "dcmqrscp.cfg"]
    with _serving(where, folder, command, tuned=not slow) as process:
        yield _ready(Peer(name, port, "DCMQRSCP", process, slow))


@contextmanager
def _orthanc(where: Place, receiver: int, name: str, *, slow: bool) -> Iterator[Peer]:
    folder = where.temporary / name
    (folder / "storage").mkdir(parents=True)
    port, http_port = free_ports(2)
    configuration = {
        "StorageDirectory": "storage",
        "IndexDirectory": "storage",
        "Plugins": [],
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "DicomModalities": {RECEIVER: [RECEIVER, "127.0.0.1", receiver]},
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
    with _serving(where, folder, ["Orthanc", "orthanc.json"], tuned=not slow) as process:
        yield _ready(Peer(name, port, "ORTHANC", process, slow))


_FOREIGN: Final[tuple[tuple[str, str, Callable[..., object]], ...]] = (
    ("dcmqrscp", "dcmqrscp", _dcmqrscp),
    ("orthanc", "Orthanc", _orthanc),
)


@contextmanager
def _serving(
    where: Place, folder: Path, command: Sequence[str], *, tuned: bool
) -> Iterator[subprocess.Popen[str]]:
    """Run a program of others in a folder."""
    path = shutil.which(command[0], path=_PATHS)
    environment = where.environment | ({"TCP_NODELAY": "1"} if tuned else {})
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [path or command[0], *command[1:]],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )
    try:
        yield process
    finally:
        end(process)


def _ready(peer: Peer) -> Peer:
    """Wait until a peer accepts an association; return it."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and peer.process.poll() is None:
        with suppress(OSError, ConnectionEndedError):
            peer.associate().release()
            return peer
        time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"{peer.name} does not listen")

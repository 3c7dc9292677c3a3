"""Foreign archives that take the place of the OST: Orthanc, and DCMTK's dcmqrscp."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from pydicom import dcmread

from tests.command_line import free_ports
from tests.interop.programs import ENVIRONMENT, done, program, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydicom.dataset import Dataset

INSPECTOR = "INSPECTOR"
"""The AE title as which tests ask an archive for what it holds; archives know its port."""

_SECONDS = 30
"""For a program to start or to end."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A peer that answers storage, query and retrieve; tests ask it with DCMTK."""

    ae_title: str
    port: int
    http_port: int = 0
    """Where Orthanc takes orders."""

    def order(self, path: str, content: object = None) -> Any:
        """Have Orthanc do something, by its REST interface, and return the answer."""
        data = None if content is None else json.dumps(content).encode()
        url = f"http://127.0.0.1:{self.http_port}{path}"
        with urlopen(Request(url, data), timeout=_SECONDS) as answer:
            return json.loads(answer.read() or b"null")

    def find(self, level: str, folder: Path, *keys: str, root: str = "-S") -> list[Dataset]:
        """Return the answers to a C-FIND; the keys are as findscu takes them."""
        folder.mkdir(parents=True)
        arguments = [part for key in (f"QueryRetrieveLevel={level}", *keys) for part in ("-k", key)]
        done("findscu", root, "-X", "-od", folder, *self.as_called(), *arguments)
        return [dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]

    def fetch(self, folder: Path, port: int, instance: Dataset) -> Path:
        """Retrieve an instance by C-MOVE to a port of ours and return its file."""
        folder.mkdir(parents=True)
        where = ("-aem", INSPECTOR, "+P", port, "-od", folder)
        done("movescu", "-S", *where, *self.as_called(), *keys_to_retrieve(instance, "IMAGE"))
        (path,) = folder.iterdir()
        return path

    def as_called(self) -> list[object]:
        """Return the arguments by which DCMTK's tools call it."""
        return ["-aet", INSPECTOR, "-aec", self.ae_title, "127.0.0.1", self.port]


def keys_to_retrieve(instance: Dataset, level: str) -> list[str]:
    """Return the arguments by which movescu and getscu retrieve an entity (Study Root)."""
    keys = [f"QueryRetrieveLevel={level}", f"StudyInstanceUID={instance.StudyInstanceUID}"]
    if level != "STUDY":
        keys.append(f"SeriesInstanceUID={instance.SeriesInstanceUID}")
    if level == "IMAGE":
        keys.append(f"SOPInstanceUID={instance.SOPInstanceUID}")
    return [part for key in keys for part in ("-k", key)]


@contextmanager
def orthanc(known: Mapping[str, int]) -> Iterator[Archive]:
    """Run an Orthanc of its own, without plug-ins; it knows these AEs by their ports."""
    port, http_port = free_ports(2)
    configuration = {
        "Name": "tdwii interop",
        "StorageDirectory": "storage",
        "IndexDirectory": "storage",
        "Plugins": [],
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "DicomCheckCalledAet": True,
        "DicomModalities": {title: [title, "127.0.0.1", p] for title, p in known.items()},
    }
    archive = Archive("ORTHANC", port, http_port)
    with _running(archive, ["Orthanc"], json.dumps(configuration)):
        yield archive


@contextmanager
def dcmqrscp(known: Mapping[str, int]) -> Iterator[Archive]:
    """Run a dcmqrscp with one storage area; it knows these AEs by their ports."""
    (port,) = free_ports(1)
    hosts = "\n".join(
        f"host{n} = ({title}, 127.0.0.1, {p})" for n, (title, p) in enumerate(known.items())
    )
    configuration = f"""
NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
{hosts}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
DCMQRSCP storage RW (200, 1024mb) ANY
AETable END
"""
    archive = Archive("DCMQRSCP", port)
    with _running(archive, ["dcmqrscp", "--config"], configuration):
        yield archive


@contextmanager
def storescp(port: int, folder: Path) -> Iterator[None]:
    """Run DCMTK's storescp, which writes what it receives into a folder."""
    command = [program("storescp"), "-aet", "STORESCP", "-od", str(folder), "+B", str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT) as process:
        try:
            while run("echoscu", "127.0.0.1", port).returncode:
                assert process.poll() is None
            yield
        finally:
            process.terminate()
            process.wait(_SECONDS)


@contextmanager
def _running(archive: Archive, command: list[str], configuration: str) -> Iterator[None]:
    """Run an archive's program in a folder of its own, which is gone at the end."""
    name, *options = command
    with TemporaryDirectory(prefix=f"tdwii-{name}-") as folder:
        (Path(folder) / "storage").mkdir()
        path, log = Path(folder) / "configuration", Path(folder) / "log"
        path.write_text(configuration)
        with log.open("w") as output:
            process = subprocess.Popen(
                [program(name), *options, str(path)],
                stdout=output,
                stderr=output,
                env=ENVIRONMENT,
                cwd=folder,
            )
        try:
            _wait_until_it_answers(process, archive, log)
            yield
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _wait_until_it_answers(process: subprocess.Popen[bytes], archive: Archive, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while run("echoscu", *archive.as_called()).returncode:
        assert time.monotonic() < deadline, f"no answer to C-ECHO: {log.read_text()}"
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=0.1)
            pytest.fail(f"{process.args} ended with {code}: {log.read_text()}")

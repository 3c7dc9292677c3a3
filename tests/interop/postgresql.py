"""A PostgreSQL server of a test's own, in a temporary folder and without a port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 60
_UNPRIVILEGED = "postgres"
"""Debian's package makes this user; the server refuses to run as root."""


class Cluster:
    """A server with one database; it can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._sockets = folder
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self.url = f"postgresql+psycopg://{self._name}@/postgres?host={folder}"

    @property
    def _name(self) -> str:
        return self._user or pwd.getpwuid(os.geteuid()).pw_name

    def make(self) -> None:
        if self._user:
            shutil.chown(self._sockets, self._user)
        self._run("initdb", "-D", self._data, "-U", self._name, "-A", "trust", "-E", "UTF8", "-N")

    def start(self) -> None:
        options = f"-k {self._sockets} -c listen_addresses= -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        ended = subprocess.run(
            [_path(program), *map(str, arguments)],
            user=self._user,
            cwd=self._sockets,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
        log = self._log.read_text() if self._log.exists() else ""
        assert ended.returncode == 0, f"{program}: {ended.returncode} {log}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server; its socket's path must be short, so its folder is not the test's."""
    folder = Path(mkdtemp(prefix="tdwii-pg-"))
    server = Cluster(folder)
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _path(program: str) -> str:
    """Return the path of a program of the newest version; fail where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    places = [str(folder) for folder in reversed(folders)]
    found = shutil.which(program, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if found is None:
        pytest.fail(f"{program} is not installed; `make interop` installs it")
    return found

"""The `tdwii` command: servers as processes, other commands within the test or as processes."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self
from unittest.mock import patch

from tdwii_gui.app.cli import main

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SECONDS = 30


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on; they differ, for all are held at once."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Result(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Server:
    """A `tdwii` server process; its lines are read on a thread, so that its pipe never fills."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str] = field(default_factory=queue.Queue)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def wait_for_line(self, words: str) -> str:
        """Return the next line that holds these words, within the time limit."""
        while True:
            line = self.lines.get(timeout=SECONDS)
            if words in line:
                return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        self.process.stdout.close()
        return code

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))


class CommandLine:
    """Runs `tdwii` with an AE directory and data folder of its own.

    A context manager: its servers are stopped at the end.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = dict(
            zip(("OST", "TDD", "TMS", "PPVS_SCP", "NEVENT_RECEIVER"), free_ports(5), strict=True)
        )
        self.entities = [
            {"AETitle": title, "IPAddr": "127.0.0.1", "Port": port}
            for title, port in self.ports.items()
        ]
        self.ae_config = folder / "aes.json"
        self.write_directory()
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for server in self.servers:
            server.stop()

    def write_directory(self) -> None:
        """Write the AE directory anew."""
        self.ae_config.write_text(json.dumps(self.entities))

    def add_entity(self, ae_title: str, port: int) -> None:
        """Make one more AE of this host known; servers that run already do not read it again."""
        self.entities.append({"AETitle": ae_title, "IPAddr": "127.0.0.1", "Port": port})
        self.ports[ae_title] = port
        self.write_directory()

    def run(self, *arguments: object) -> Result:
        """Run a command to its end, within this process: starting one takes a second."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                with patch.dict(os.environ, self._environment()):
                    code = main(self._arguments(*arguments))
            except SystemExit as end:  # argparse
                code = int(end.code or 0)
        return Result(code, out.getvalue(), err.getvalue())

    def done(self, *arguments: object) -> str:
        """Run a command that has to succeed, and return what it printed."""
        result = self.run(*arguments)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    def start(self, *arguments: object) -> Server:
        """Start a command as a process that goes on."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tdwii_gui", *self._arguments(*arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(),
        )
        server = Server(process)
        self.servers.append(server)
        return server

    def serve(self, *arguments: object) -> Server:
        """Start a server and wait until it says that it listens."""
        server = self.start(*arguments)
        while " listening on " not in server.lines.get(timeout=SECONDS):
            pass
        return server

    def serve_all(self) -> None:
        """Start OST, TMS, TDD and PPVS as four processes."""
        self.serve("ost", "--headless")
        self.serve("tms", "--headless")
        self.serve("tdd", "--headless")
        self.serve("ppvs", "--headless", "--subscribe", "--auto-download")

    def run_as_process(self, *arguments: object) -> Result:
        """Run a command to its end, as a user does."""
        ended = subprocess.run(
            [sys.executable, "-m", "tdwii_gui", *self._arguments(*arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            env=self._environment(),
            check=False,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)

    def _arguments(self, *arguments: object) -> list[str]:
        command, *rest = map(str, arguments)
        general = ["--ae-config", str(self.ae_config), "--data-dir", str(self.folder / "data")]
        verb = [rest.pop(0)] if command in ("ups", "mpps", "record", "tms-admin") and rest else []
        return [command, *verb, *general, *rest]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}

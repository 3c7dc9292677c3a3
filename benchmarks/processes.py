"""Processes that are measured: their ports, their begin and end, and their memory."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Place

_END_SECONDS: Final = 30.0


def free_ports(number: int) -> list[int]:
    """Return ports that nobody has."""
    with ExitStack() as stack:
        probes = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)
        ]
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def running(where: Place, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a module that says when it listens, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", *arguments],
        env=where.environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    try:
        said = ""
        for said in process.stdout or ():
            if "listening" in said:
                break
        else:
            raise RuntimeError(f"{arguments[0]} does not listen: {said}")
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a process, by force if need be."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def memory(process: subprocess.Popen[str], name: str = "VmRSS") -> int:
    """Return the bytes that a process holds, or with VmHWM held at most."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024

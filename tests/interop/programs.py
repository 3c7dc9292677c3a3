"""Foreign programs: `make interop` installs them, so a missing one is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60
# Without it DCMTK waits for acknowledgements between small packets.
ENVIRONMENT = os.environ | {"TCP_NODELAY": "1"}


def program(name: str) -> str:
    """Return the path of a program; fail where it is not installed."""
    # pynetdicom brings programs of the same names beside the interpreter.
    own = str(Path(sys.executable).parent)
    folders = [each for each in os.get_exec_path() if each != own]
    path = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin", "/usr/local/sbin"]))
    if path is None:
        pytest.fail(f"{name} is not installed; `make interop` installs it")
    return path


def run(
    name: str, *arguments: object, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its standard error is part of its output."""
    return _run([program(name), *map(str, arguments)], folder)


def done(name: str, *arguments: object, folder: Path | None = None) -> str:
    """Run a program that has to succeed, and return what it printed."""
    return _succeeded(run(name, *arguments, folder=folder))


def pynetdicom_done(application: str, *arguments: object, folder: Path | None = None) -> str:
    """Run one of pynetdicom's own applications, which has to succeed; return what it printed."""
    command = [sys.executable, "-m", "pynetdicom", application, *map(str, arguments)]
    return _succeeded(_run(command, folder))


def _run(command: list[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS,
        env=ENVIRONMENT,
        cwd=folder,
        check=False,
    )


def _succeeded(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, f"{result.args}: {result.stdout}"
    return result.stdout

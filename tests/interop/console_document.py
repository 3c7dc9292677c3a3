"""A document whose console blocks are run: what it shows is what happens.

A block begins with ```` ```console ````; in it a line that begins with ``$ `` is a command, and
what follows is its output. `tdwii` runs with an AE directory and a data folder of its own, its
files may be named by a pattern, and its output may go through a pipe; a command that ends with
``&`` is a server that goes on, any other program runs in a shell.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from contextlib import chdir
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import tdwii_gui

if TYPE_CHECKING:
    from tests.command_line import CommandLine

_BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
# What differs each time, and what is shown instead.
_MASKS: Final = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:4242"),
    (r"\b\d+ ms\b", "7 ms"),
    (r'"milliseconds": \d+', '"milliseconds": 7'),
    (r"\b\d{8}T\d{6}\.\d{6}", "20261121T103000.000000"),
    (r"-[0-9a-f]{8}(?=\.(dcm|json)$)", "-0123abcd"),
    (r"(?<=/objects/)[0-9a-f/]+/(?=[0-9a-f]{64})", "00/"),
    (r"\b2\.25\.\d+", "2.25.1234567890"),
    (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+\d\d:\d\d)?", "2026-11-21 10:30:00"),
)


@dataclass(frozen=True, slots=True)
class ConsoleDocument:
    """Runs the commands of a document.

    Parameters
    ----------
    tdwii : CommandLine
        Runs `tdwii`.
    folder : Path
        The current folder of the commands; shown as ``~``.
    """

    tdwii: CommandLine
    folder: Path

    def played(self, text: str) -> str:
        """Return a document with the outputs of its commands as they are now."""
        # A server is a process of its own, and finds the package wherever it is started.
        package = {"PYTHONPATH": str(Path(tdwii_gui.__file__).parents[1])}
        with chdir(self.folder), patch.dict(os.environ, package):
            return _BLOCK.sub(lambda block: self._block(block[0]), text)

    def _block(self, block: str) -> str:
        commands = [line for line in block.splitlines() if line.startswith("$ ")]
        return "".join(f"{line}\n{self._output(line.removeprefix('$ '))}" for line in commands)

    def _output(self, command: str) -> str:
        if not command.startswith("tdwii "):
            return self._masked(*_shell(command))
        own, _, filters = command.partition(" | ")
        _, *arguments = shlex.split(own)
        if arguments[-1] == "&":
            self.tdwii.serve(*arguments[:-1])
            return ""
        named = [name for each in arguments for name in sorted(glob(each)) or [each]]
        result = self.tdwii.run(*named)
        output = result.stdout + result.stderr
        if filters and not result.returncode:
            return self._masked(*_shell(filters, output))
        return self._masked(output, result.returncode)

    def _masked(self, output: str, code: int) -> str:
        text = output.replace(str(self.folder), "~")
        for pattern, shown in _MASKS:
            text = re.sub(pattern, shown, text, flags=re.MULTILINE)
        lines = [line.rstrip() for line in text.splitlines()]
        if code:
            lines.append(f"(exit code {code})")
        return "".join(f"{line}\n" for line in lines)


def _shell(command: str, given: str = "") -> tuple[str, int]:
    """Run a command in a shell; return its output and exit code."""
    ended = subprocess.run(
        ["bash", "-c", command],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    return ended.stdout, ended.returncode

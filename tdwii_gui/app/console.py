"""What the commands print."""

from __future__ import annotations

import json
import sys
import textwrap
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HELD_SECONDS: Final = 0.1


def say(text: str = "") -> None:
    """Print a line to standard output at once."""
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print an error line to standard error."""
    sys.stderr.write(f"tdwii: {printable(text)}\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(_json(value) + "\n")
    sys.stdout.flush()


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def say_json_array(values: Iterable[Any]) -> None:
    """Print values as a JSON array, each as soon as it comes; it is closed in any case."""
    between = "[\n"
    try:
        for value in values:
            sys.stdout.write(between + textwrap.indent(_json(value), "  "))
            sys.stdout.flush()
            between = ",\n"
    finally:
        sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")
        sys.stdout.flush()


class GrowingTable:
    """A table whose rows are printed as they come, as a context manager.

    Those of the first moment are held back for it, so that columns fit them; further ones make
    their columns wider.
    """

    def __init__(self, heads: Sequence[str]) -> None:
        self._rows: list[list[str]] = [list(heads)]
        self._widths = [len(head) for head in heads]
        self._lock = Lock()
        self._timer = Timer(_HELD_SECONDS, self._print_at_last)
        self._is_holding = True
        self._error: OSError | None = None
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.count:
            self._timer.cancel()
            self._timer.join()
            self._print()

    def say(self, cells: Sequence[object]) -> None:
        """Print a row, at once or within a moment.

        Raises
        ------
        OSError
            If the output is closed.
        """
        with self._lock:
            self._rows.append([printable(str(cell)) for cell in cells])
            is_holding = self._is_holding
        self.count += 1
        if not is_holding:
            self._print()
        elif self.count == 1:
            self._timer.start()

    def _print_at_last(self) -> None:
        """Print what is held back, on the timer's thread; an error is for who prints."""
        try:
            self._print()
        except OSError as error:
            self._error = error

    def _print(self) -> None:
        if self._error is not None:
            raise self._error
        with self._lock:
            self._is_holding = False
            rows, self._rows = self._rows, []
            for row in rows:
                pairs = zip(row, self._widths, strict=True)
                self._widths = [max(len(cell), width) for cell, width in pairs]
            for row in rows:
                cells = zip(row, self._widths, strict=True)
                say("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


def say_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under heads in aligned columns."""
    texts = [[printable(str(cell)) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    for row in texts:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """Return a text that cannot move the cursor or colour the terminal: peers' values are shown."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)

"""Where in the text of a TOML file something stands, which the parser does not tell."""

from __future__ import annotations

import re
from typing import Final

_HEADER: Final = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(#.*)?")
_LONG_TEXT: Final = ('"""', "'''")


class Lines:
    """The lines of a TOML file, by the tables that they are in.

    Parameters
    ----------
    text : str
        The file.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._headers = _headers(self._lines)

    def of(self, table: str, index: int = 0, word: str = "") -> int:
        """Return the line of a table, or of the first that has a word in it; from 1.

        Parameters
        ----------
        table : str
            Its name; empty for what stands before all tables.
        index : int
            Which one, where there are several of this name.
        word : str
            A key or value; the line of the table itself if it has no such word.
        """
        begin, end = self._span(table, index)
        if word:
            pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
            for number in range(begin, end):
                if pattern.search(self._lines[number]):
                    return number + 1
        return min(begin, max(len(self._lines) - 1, 0)) + 1

    def _span(self, table: str, index: int) -> tuple[int, int]:
        """Return the first line of a table, and the first one after it and what belongs to it."""
        if not table:
            return 0, self._headers[0][0] if self._headers else len(self._lines)
        found = [line for line, name in self._headers if name == table]
        if index >= len(found):
            return 0, len(self._lines)
        begin = found[index]
        after = (
            line
            for line, name in self._headers
            if line > begin and not name.startswith(f"{table}.")
        )
        return begin, next(after, len(self._lines))


def _headers(lines: list[str]) -> list[tuple[int, str]]:
    """Return the lines and names of the tables; what is within a long text is none."""
    headers = []
    within = ""
    for number, line in enumerate(lines):
        if not within and (found := _HEADER.fullmatch(line)):
            headers.append((number, found[1]))
        for quotes in _LONG_TEXT:
            if within in ("", quotes) and line.count(quotes) % 2:
                within = "" if within else quotes
    return headers

"""Text in Markdown: numbered headings with a table of contents, paragraphs and tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


class Document:
    """A document that grows from its beginning to its end.

    A heading's text in square brackets is a link to its section.

    Parameters
    ----------
    title : str
        Its first heading, without a number.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._before: list[str] = []
        self._blocks: list[str] = []
        self._headings: list[tuple[int, str]] = []
        self._numbers: list[int] = []
        self._anchors: dict[str, str] = {}

    def cover(self, text: str) -> None:
        """Add a block before the table of contents."""
        self._before.append(text)

    def heading(self, level: int, text: str) -> None:
        """Begin a section; level 1 is the highest below the title."""
        self._numbers = [*self._numbers[:level], *[0] * (level - len(self._numbers))]
        self._numbers[level - 1] += 1
        numbered = f"{'.'.join(map(str, self._numbers))} {text}"
        self._headings.append((level, numbered))
        self._anchors[text] = _anchor(numbered)
        self._blocks.append(f"{'#' * (level + 1)} {numbered}")

    def text(self, text: str) -> None:
        """Add a paragraph, or another block that is Markdown already."""
        self._blocks.append(text)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add a table."""
        self._blocks.append(table(head, rows))

    def __str__(self) -> str:
        contents = "\n".join(
            f"{'  ' * (level - 1)}- [{text}](#{_anchor(text)})"
            for level, text in self._headings
            if level <= 3
        )
        blocks = [f"# {self._title}", *self._before, "## Contents", contents, *self._blocks]
        text = "\n\n".join(blocks)
        links = (
            f"[{one}]: #{anchor}" for one, anchor in self._anchors.items() if f"[{one}]" in text
        )
        return "\n".join([text, "", *links]).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(str(cell)) for cell in line)} |" for line in lines)


def code(text: str) -> str:
    """Return a text as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _anchor(text: str) -> str:
    return _NOT_IN_ANCHOR.sub("", text.lower()).replace(" ", "-")

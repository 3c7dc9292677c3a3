"""Parts that the report is made of: chips, tables, links to messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.evidence.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.evidence.markup import Content
    from tdwii_gui.evidence.palette import Mark
    from tdwii_gui.evidence.report import Report


def chip(mark: Mark, words: str, *, is_big: bool = False) -> Markup:
    """Return an outcome as glyph, word and colour."""
    return element(
        "span", f"{mark.glyph} {words}", class_=f"chip {mark.tone}{' big' if is_big else ''}"
    )


def section(anchor: str, title: str, *content: Content, remark: str = "", kind: str = "") -> Markup:
    """Return a card with a heading, to which links lead."""
    heading = element("h2", title, element("small", remark) if remark else None)
    return element("section", heading, *content, class_=f"card {kind}".strip(), id=anchor)


def table(columns: Iterable[str], rows: Iterable[Sequence[Content]]) -> Markup:
    """Return a table.

    Parameters
    ----------
    columns : Iterable[str]
        The heads; what follows a ``#`` is the class of the column.
    """
    heads = [column.partition("#")[::2] for column in columns]
    return element(
        "table",
        element(
            "thead",
            element("tr", [element("th", head, class_=kind or None) for head, kind in heads]),
        ),
        element(
            "tbody",
            [
                element(
                    "tr",
                    [
                        element("td", cell, class_=kind or None)
                        for (_, kind), cell in zip(heads, row, strict=True)
                    ],
                )
                for row in rows
            ],
        ),
    )


def links(report: Report, numbers: Sequence[int], most: int = 12) -> Markup:
    """Return links to messages; those that the report does not show are named only."""
    shown: list[Content] = [
        element("a", f"#{number}", href=f"#m{number}") if report.shows(number) else f"#{number}"
        for number in numbers[:most]
    ]
    if len(numbers) > most:
        shown.append(f"and {len(numbers) - most:,} more")
    return element("span", [(one, " ") for one in shown], class_="proofs")

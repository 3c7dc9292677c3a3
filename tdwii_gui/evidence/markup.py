"""HTML and SVG in which every text is escaped unless this module made it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

_EMPTY: Final = frozenset(
    {"br", "circle", "col", "hr", "line", "link", "meta", "path", "polygon", "rect"}
)
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
"""What XML forbids, and what cannot be seen or turns the order of what stands beside it."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content: TypeAlias = "str | int | float | Iterable[Content] | None"


def plain(text: str) -> str:
    """Return a text whose unseen characters are shown, e.g. as ``"<U+202E>"``."""
    return _UNSEEN.sub(lambda match: f"<U+{ord(match.group()):04X}>", text)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters; an ellipsis tells where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def markup(content: Content) -> Markup:
    """Return content as markup: texts are escaped, `Markup` is taken as it is."""
    if isinstance(content, Markup):
        return content
    if content is None:
        return Markup("")
    if isinstance(content, str):
        return Markup(escape(plain(content)))
    if isinstance(content, (int, float)):
        return Markup(content)
    return Markup("".join(markup(part) for part in content))


def element(
    name: str, /, *content: Content, **attributes: str | int | float | bool | None
) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        The tag.
    *content : Content
        Its children.
    **attributes
        Its attributes; one of None or False is left out, one of True has no value, an underscore
        at the end is dropped (``class_``) and others become hyphens (``stroke_width``).
    """
    opened = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{opened}/>")
    return Markup(f"<{name}{opened}>{markup(content)}</{name}>")


def _attribute(name: str, value: str | float | bool) -> str:
    if value is True:
        return f' {name}=""'
    shown = f"{value:g}" if isinstance(value, float) else escape(plain(str(value)))
    return f' {name}="{shown}"'

"""The settings as the conformance statement tells them, with what their classes say of them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.conformance.markdown import code
from tdwii_gui.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.app.conformance.markdown import Document

_PARAMETERS: Final = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}\n|\Z)", re.S | re.M)
_NAMED: Final = re.compile(
    r"^(?P<names>\w[\w, ]*) : [^\n]*\n(?P<words>(?:[ ]+[^\n]*\n?|\n)*)", re.M
)
_TIME_LIMITS: Final = {
    "connect_timeout": "for a TCP connection to open",
    "acse_timeout": "for an answer to an association request or release",
    "dimse_timeout": "for an answer to a DIMSE request",
    "network_timeout": "without any message on an association",
}


def add_settings(document: Document) -> None:
    """Add all settings with their defaults."""
    settings = Settings()
    rows = []
    told: dict[str, str] = {}
    for name in (item.name for item in fields(settings) if item.name != "source"):
        table = getattr(settings, name)
        words = _words(type(table))
        for item in fields(table):
            known = words.get(item.name) or f"as of {code(told[item.name])}"
            told.setdefault(item.name, name)
            rows.append((code(name), code(item.name), _default(getattr(table, item.name)), known))
    document.table(("Table", "Setting", "Default", "Meaning"), rows)


def add_time_limits(document: Document) -> None:
    """Add the time limits of associations."""
    network = Settings().network
    document.table(
        ("Setting", "Default", "Time"),
        [
            (code(name), f"{getattr(network, name):g} s", words)
            for name, words in _TIME_LIMITS.items()
        ],
    )


def _words(kind: type) -> dict[str, str]:
    """Return what a class and those it is made from say of their parameters."""
    found: dict[str, str] = dict(_TIME_LIMITS)
    for one in reversed(kind.__mro__):
        found.update(_parameters(inspect.getdoc(one) or ""))
    return found


def _parameters(doc: str) -> Iterator[tuple[str, str]]:
    section = _PARAMETERS.search(doc)
    for entry in _NAMED.finditer(section[1] if section else ""):
        names = entry["names"].split(", ")
        together = f"{', '.join(map(code, names))}: " if len(names) > 1 else ""
        for name in names:
            yield name, together + " ".join(entry["words"].split())


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)

"""The attribute requirements of UPS and MPPS as data, read once from the resources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag, Tag

from tdwii_gui.config.resources import resource_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Usage:
    """What a role must do with an attribute (PS3.4 5.4.2).

    Parameters
    ----------
    scu, scp : str
        ``"1"``, ``"1C"``, ``"2"``, ``"2C"``, ``"3"``, ``"-"`` (no duty), ``"N"`` (not allowed) or
        ``"key"`` (the access key of N-SET).
    empty : bool
        The attribute must have no value.
    """

    scu: str
    scp: str
    empty: bool = False

    @classmethod
    def parse(cls, text: str) -> Usage:
        """Return the usage that a cell of the table means, e.g. ``"2/2 empty"`` or ``"N"``."""
        types, _, suffix = text.partition(" ")
        scu, _, scp = types.partition("/")
        return cls(scu, scp or scu, suffix == "empty")


@dataclass(frozen=True, slots=True)
class Condition:
    """When a type 1C or 2C attribute is needed, in terms of the attributes beside it.

    Parameters
    ----------
    kind : str
        ``"is"``: the first of `attributes` has one of `values`; ``"has"``: one of `attributes` is
        valued; ``"lacks"``: none is.
    """

    kind: str
    attributes: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One attribute of a table with the attributes of its items.

    The tables are those of UPS (PS3.4 Table CC.2.5-3) and MPPS (PS3.4 Table F.7.2-1).

    Parameters
    ----------
    path : str
        Keywords from the top level down, joined by dots.
    final : Usage
        ``scu`` holds the final state code R, RC, P, X or O; ``empty`` that no item is needed. Of
        an MPPS it is the type, or ``-``.
    match_key : str
        R (required), O (optional), U (unique), ``-`` (no key) or ``?`` (not known).
    return_key : str
        Type of the return key, or ``-`` or ``?``.
    values : tuple[str, ...]
        Enumerated values; empty where the attribute has none.
    tolerated : tuple[str, ...]
        Values outside the standard that the field sends.
    when : Condition or None
        The condition of a type 1C or 2C attribute where the data set tells it.
    condition : str
        The condition in words where it does not.
    """

    path: str
    keyword: str
    tag: BaseTag
    vr: str
    n_create: Usage
    n_set: Usage
    final: Usage
    n_get: Usage
    match_key: str
    return_key: str
    values: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    when: Condition | None = None
    condition: str = ""
    children: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """One rule of TDW-II about the content of a UPS message (IHE-RO TDW-II).

    Parameters
    ----------
    path : str
        The attribute, as in `Requirement.path`.
    usage : str
        ``R``, ``R+``, ``RC+``, with ``*`` where it need not be shown to the user.
    code : str
        Name in `codes` of the one code wanted; empty where any will do.
    items : tuple
        Content items wanted: name of the concept in `codes`, value type, values (none = any).
    classes : tuple
        Groups of SOP class keywords; a reference to one of each group is wanted.
    classes_for_continuation : tuple
        Further such groups where the Treatment Delivery Type is CONTINUATION.
    """

    path: str
    usage: str
    code: str = ""
    items: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    classes: tuple[tuple[str, ...], ...] = ()
    classes_for_continuation: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class UpsRequirements:
    """The table, its editions and the rules of the profile per message."""

    edition: str
    profile_edition: str
    top_level: tuple[Requirement, ...]
    by_path: Mapping[str, Requirement]
    profile: Mapping[str, tuple[ProfileRule, ...]]

    def lookup(self, path: str) -> Requirement | None:
        """Return the requirement of a path of keywords, or None where the table has none."""
        return self.by_path.get(path)


@cache
def ups_requirements() -> UpsRequirements:
    """Return the requirements of UPS attributes."""
    table, top_level = _read("ups.json")
    by_path: dict[str, Requirement] = {}
    _index(top_level, by_path)
    messages = ("create", "progress", "final", "completed")
    return UpsRequirements(
        edition=table["edition"],
        profile_edition=table["profile_edition"],
        top_level=top_level,
        by_path=by_path,
        profile={name: tuple(_rule(rule) for rule in table["tdwii"][name]) for name in messages},
    )


@cache
def mpps_requirements() -> tuple[Requirement, ...]:
    """Return the requirements of MPPS attributes (PS3.4 Table F.7.2-1), those of the top level."""
    _, top_level = _read("mpps.json")
    return top_level


def _read(name: str) -> tuple[dict[str, Any], tuple[Requirement, ...]]:
    file = resource_path("requirements", name)
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    cells = _expanded(table)
    rows = (_requirement(row, cells, table) for row in cells if "." not in row["path"])
    return table, tuple(rows)


def _expanded(table: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the table with the rows of their macros behind them."""
    cells: list[dict[str, str]] = []
    for values in table["attributes"]:
        row = dict(zip(table["columns"], values, strict=True))
        cells.append({**row, "rule": row["path"]})
        cells.extend(_macro_rows(row, table))
    return cells


def _macro_rows(row: Mapping[str, str], table: Mapping[str, Any]) -> list[dict[str, str]]:
    name = row["macro"]
    rows: list[dict[str, str]] = []
    for values in table["macros"].get(name, ()):
        cell = dict(zip(table["macro_columns"], values, strict=True))
        kind = cell["type"]
        expanded = {
            "path": f"{row['path']}.{cell['path']}",
            "create": f"{kind}/{kind}",
            "set": f"{kind}/{kind}",
            "final": "O",
            "get": f"-/{kind}",
            "match": _key(row) if _key(cell) == "*" else _key(cell),
            "return": cell.get("return", "-"),
            "macro": cell["macro"],
            "rule": f"{name}.{cell['path']}",
        }
        rows.append(expanded)
        rows.extend(_macro_rows(expanded, table))
    return rows


def _key(row: Mapping[str, str]) -> str:
    """Return how a row matches; MPPS are not queried."""
    return row.get("match", "-")


def _requirement(
    row: Mapping[str, str], cells: Sequence[Mapping[str, str]], table: Mapping[str, Any]
) -> Requirement:
    path = row["path"]
    keyword = path.rpartition(".")[2]
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{path} is no attribute of the DICOM dictionary")
    inner = [cell for cell in cells if cell["path"].rpartition(".")[0] == path]
    return Requirement(
        path=path,
        keyword=keyword,
        tag=Tag(tag),
        vr=dictionary_VR(tag),
        n_create=Usage.parse(row["create"]),
        n_set=Usage.parse(row["set"]),
        final=Usage.parse(row["final"]),
        n_get=Usage.parse(row["get"]),
        match_key=_key(row),
        return_key=row.get("return", "-"),
        values=tuple(table["values"].get(row["rule"], ())),
        tolerated=tuple(table.get("tolerated", {}).get(row["rule"], ())),
        when=_condition(table.get("when", {}).get(row["rule"])),
        condition=table.get("conditions", {}).get(row["rule"], ""),
        children=tuple(_requirement(cell, cells, table) for cell in inner),
    )


def _condition(rule: Mapping[str, Any] | None) -> Condition | None:
    if rule is None:
        return None
    ((kind, operand),) = rule.items()
    if kind == "is":
        attribute, values = operand
        return Condition(kind, (attribute,), tuple(values))
    return Condition(kind, tuple(operand))


def _index(requirements: Sequence[Requirement], by_path: dict[str, Requirement]) -> None:
    for requirement in requirements:
        by_path[requirement.path] = requirement
        _index(requirement.children, by_path)


def _rule(rule: Mapping[str, Any]) -> ProfileRule:
    continuation = rule.get("classes_for_continuation", ())
    return ProfileRule(
        path=rule["path"],
        usage=rule["usage"],
        code=rule.get("code", ""),
        items=tuple((name, kind, tuple(values)) for name, kind, values in rule.get("items", ())),
        classes=tuple(tuple(group) for group in rule.get("classes", ())),
        classes_for_continuation=tuple(tuple(group) for group in continuation),
    )

"""Conditions on columns of text, which narrow a query before matching decides.

A condition may let through too many rows, but never too few. What a column cannot hold, the mark
`SEVERAL` stands for, which every condition lets through. All values are bound parameters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from tdwii_gui.dicom.store.matching import has_wildcard, name_groups

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SEVERAL: Final = "\\"
"""Stands for values that a column cannot hold; no text of a data set holds a backslash."""

_LAST_CHARACTER: Final = "\U0010ffff"
_MAXIMUM_VALUES: Final = 200


def single_text(texts: Sequence[str]) -> str:
    """Return what a column holds of some values: the only one, `SEVERAL`, or nothing."""
    return texts[0] if len(texts) == 1 else SEVERAL if texts else ""


def name_text(names: Sequence[str]) -> str:
    """Return what a column for `name_condition` holds of person names."""
    return single_text([group for name in names for group in name_groups(name)])


def one_of(column: ColumnElement[Any], values: list[str]) -> ColumnElement[bool] | None:
    """Narrow to some values; None if they are none, too many or universal."""
    if not values or len(values) > _MAXIMUM_VALUES or values == ["*"]:
        return None
    return column == values[0] if len(values) == 1 else column.in_(values)


def any_of(column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a column of SQLite holds one of any number of values."""
    if len(values) <= _MAXIMUM_VALUES:
        return column.in_(values)
    # As one parameter: a statement can have some thousands of them, a list of UIDs more.
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def among(column: ColumnElement[Any], values: list[str]) -> ColumnElement[bool] | None:
    """Narrow to some values and what is marked as several."""
    if one_of(column, values) is None:
        return None
    return column.in_([*values, SEVERAL])


def text_condition(column: ColumnElement[Any], keys: list[str]) -> ColumnElement[bool] | None:
    """Narrow by the beginning of a text, or by the longest part of it that is given."""
    if len(keys) != 1 or not has_wildcard(keys[0]):
        return None if any(map(has_wildcard, keys)) else among(column, keys)
    parts = re.split(r"[*?]", keys[0])
    if parts[0]:
        begins = and_(column >= parts[0], column < parts[0] + _LAST_CHARACTER)
        return or_(begins, column == SEVERAL)
    longest = max(parts, key=len)
    if not longest:
        return None
    return or_(column.contains(longest, autoescape=True), column == SEVERAL)


def name_condition(column: ColumnElement[Any], keys: list[str]) -> ColumnElement[bool] | None:
    """Narrow by a person name, in a column that `name_text` fills."""
    groups = name_groups(keys[0]) if len(keys) == 1 else []
    if len(groups) != 1:
        return None
    if not groups[0]:
        # A key of carets alone means names without components.
        return column.in_(["", SEVERAL])
    if not has_wildcard(groups[0]):
        return among(column, groups)
    # "doe^*" means "doe" too, whose empty components at the end are left out.
    literal = re.split(r"[*?]", groups[0])
    trimmed = "*".join(part.strip("^ ") for part in literal)
    return text_condition(column, [trimmed])

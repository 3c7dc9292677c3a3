"""What a C-FIND of the UPS service cannot answer (PS3.4 CC.2.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.tag import Tag

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_UNSUPPORTED: Final = frozenset(
    Tag(keyword) for keyword in ("TransactionUID", "QueryRetrieveLevel", "RetrieveAETitle")
)


def unsupported_keys(identifier: Dataset) -> list[str]:
    """Return the keys that are neither matched nor returned; with one, matches are FF01.

    Any attribute that a step can have is supported, whether PS3.4 Table CC.2.5-3 makes it a key or
    not. What remains is the Transaction UID, the keys of the query/retrieve models, and private
    and unknown attributes, on top or in items.
    """
    on_top = [element for element in identifier if element.tag in _UNSUPPORTED]
    unknown = [element for element in identifier.iterall() if not element.keyword]
    return [element.keyword or str(element.tag) for element in (*on_top, *unknown)]

"""Keys of a query as they are typed: ``Keyword=value``, ``gggg,eeee=value``, also nested."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.config import IGNORE
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import STR_VR

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.dcmdump_values import (
    TextError,
    attribute_name,
    element_from_text,
    known_vr,
)
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG: Final = re.compile(r"\(?([0-9a-fA-F]{4}),?([0-9a-fA-F]{4})\)?")
_INDEX: Final = re.compile(r"\[[0-9]*\]$")


class Key(NamedTuple):
    """One key: the attributes down to it, outermost first, and its value as text."""

    path: tuple[BaseTag, ...]
    value: str


def parse_key(text: str) -> Key:
    """Return a key of its text; without ``=`` it has no value and is universal.

    Sequences are written before a dot, as in ``BeamSequence.BeamName=1``.

    Raises
    ------
    ConfigError
        If an attribute is not known.
    """
    name, _, value = text.partition("=")
    parts = [part.strip() for part in name.split(".")]
    return Key(tuple(_tag(_INDEX.sub("", part), text) for part in parts), value)


def add_keys(identifier: Dataset, keys: Iterable[Key]) -> None:
    """Put keys into an identifier; a later one replaces an earlier one of the same attribute.

    Raises
    ------
    ConfigError
        If a value is not one of its attribute's VR.
    """
    for key in keys:
        item = identifier
        for sequence in key.path[:-1]:
            item = _item(item, sequence)
        item.add(_element(key))
        if not key.value.isascii():
            identifier.SpecificCharacterSet = "ISO_IR 192"


def _tag(name: str, text: str) -> BaseTag:
    if match := _TAG.fullmatch(name):
        return Tag(int(match[1], 16), int(match[2], 16))
    tag = tag_for_keyword(name) if name else None
    if tag is None:
        raise ConfigError(f"key {text!r}: {name!r} is neither a DICOM keyword nor a tag")
    return Tag(tag)


def _item(dataset: Dataset, tag: BaseTag) -> Dataset:
    """Return the item of a sequence key, made where it is new (PS3.4 C.2.2.2.6)."""
    if tag not in dataset or not dataset[tag].value:
        if _vr(tag, "") != "SQ":
            raise ConfigError(f"{attribute_name(tag)} is no sequence")
        dataset.add(DataElement(tag, "SQ", Sequence([Dataset()])))
    item: Dataset = dataset[tag].value[0]
    return item


def _element(key: Key) -> DataElement:
    tag, value = key.path[-1], key.value
    vr = _vr(tag, value)
    if vr == "SQ":
        if value:
            raise ConfigError(
                f"{attribute_name(tag)} is a sequence: name an attribute in it after a dot"
            )
        return DataElement(tag, vr, Sequence())
    if vr == "UI" and value and not is_valid_uid(value.split("\\")[0]):
        value = f"={value.removeprefix('=')}"  # the name of a well-known UID
    elif vr in STR_VR:
        return DataElement(tag, vr, value, validation_mode=IGNORE)
    try:
        return element_from_text(tag, vr, value)
    except (ValueError, TypeError, OverflowError, struct.error) as error:
        words = str(error) if isinstance(error, TextError) else "has no valid value"
        raise ConfigError(f"{attribute_name(tag)} {words}") from error


def _vr(tag: BaseTag, value: str) -> str:
    try:
        return known_vr(tag, "", value)
    except TextError as error:
        raise ConfigError(f"attribute {tag} is not known: its VR cannot be told") from error

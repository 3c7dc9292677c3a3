"""Values given to builders: checks against the attribute's VR, and the character set they need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydicom import config
from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.sequence import Sequence as ItemSequence
from pydicom.valuerep import validate_value

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

UTF_8: Final = "ISO_IR 192"

_WITHOUT_EXTENSIONS: Final = re.compile(
    "ISO_IR (100|101|109|110|126|127|138|144|148|166|192)|GB18030|GBK"
)
_TEXT_WITH_CHARACTER_SET: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_FREE_TEXT: Final = frozenset({"LT", "ST", "UR", "UT"})


def require(keyword: str, value: str, source: str = "") -> str:
    """Return a text that is a legal single value of an attribute, and not empty.

    Raises
    ------
    DatasetError
        If it is not; the error names the attribute and the source, not the value.
    """
    if not value.strip():
        raise DatasetError([Finding(keyword, "has no value")], source)
    return permit(keyword, value, source)


def permit(keyword: str, value: str, source: str = "") -> str:
    """Return a text that is a legal single value of an attribute, or empty.

    Length, character repertoire and form are those of the attribute's VR (PS3.5 6.2).

    Raises
    ------
    DatasetError
        If it is not; the error names the attribute and the source, not the value.
    """
    vr = dictionary_VR(keyword)
    finding = Finding(keyword, f"is no legal {vr} value")
    if vr not in _FREE_TEXT and ("\\" in value or not value.isprintable()):
        raise DatasetError([finding], source)
    try:
        validate_value(vr, value, config.RAISE)
    except ValueError:
        raise DatasetError([finding], source) from None
    return value


def add_character_set(dataset: Dataset, preferred: str = "") -> None:
    """Set Specific Character Set where a text of the data set needs one (PS3.3 C.12.1.1.2).

    Parameters
    ----------
    dataset : Dataset
        The data set to be sent or stored; a character set that it has already is replaced.
    preferred : str
        The character set to use where it can encode all texts; otherwise UTF-8 is used.
    """
    texts = [value for value in _texts(dataset) if not value.isascii()]
    if not texts:
        if "SpecificCharacterSet" in dataset:
            del dataset.SpecificCharacterSet
        return
    encoding = python_encoding[preferred] if _WITHOUT_EXTENSIONS.fullmatch(preferred) else ""
    fits = bool(encoding) and all(_encodes(value, encoding) for value in texts)
    dataset.SpecificCharacterSet = preferred if fits else UTF_8


def preferred_character_sets() -> tuple[str, ...]:
    """Return the character sets that are kept where they can encode all texts."""
    return tuple(filter(_WITHOUT_EXTENSIONS.fullmatch, python_encoding))


def _texts(dataset: Dataset) -> Iterator[str]:
    for found in _readable(dataset):
        if isinstance(found.value, ItemSequence):
            for item in found.value:
                yield from _texts(item)
        elif found.VR in _TEXT_WITH_CHARACTER_SET and found.value is not None:
            yield str(found.value)


def _readable(dataset: Dataset) -> Iterator[DataElement]:
    for tag in sorted(dataset.keys()):
        try:
            yield dataset[tag]
        except PYDICOM_ERRORS:
            continue


def _encodes(value: str, encoding: str) -> bool:
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True

"""Changing or removing one attribute of a data set, also to what it must not be."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.attribute_path import AttributePath

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TEXTS: Final = frozenset(
    "AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split()  # noqa: SIM905
)
_NUMBERS: Final = {
    "FD": "d",
    "FL": "f",
    "SL": "l",
    "SS": "h",
    "SV": "q",
    "UL": "L",
    "US": "H",
    "UV": "Q",
    "US or SS": "H",
}


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """What is done to an attribute of a data set; it need not be legal.

    Parameters
    ----------
    value : str or None
        Its new value, as text, several apart by backslash; a sequence can only become empty. None
        removes it.
    """

    path: AttributePath
    value: str | None

    @classmethod
    def parse(cls, path: str, value: str | None) -> Self:
        """Return the change of the attribute at a path.

        Raises
        ------
        ConfigError
            If there can be no such attribute, or its VR no such value.
        """
        change = cls(AttributePath.parse(path), value)
        if value is not None:
            try:
                change._encoded(value, "<", "utf-8")
            except (ValueError, struct.error) as error:
                raise ConfigError(f"{path}: {value!r} is no value of VR {change._vr}") from error
        return change

    def applies(self, dataset: Dataset) -> bool:
        """Return whether the data set has the attribute, or for a value, where it could be."""
        if self.value is None:
            return self.path.find(dataset) is not None
        return self.path.holder(dataset) is not None

    def apply(self, dataset: Dataset) -> None:
        """Change a data set that was decoded, and will be encoded, in one transfer syntax."""
        holder = self.path.holder(dataset)
        if holder is None:
            return
        tag = Tag(self.path.keyword)
        if self.value is None:
            holder.pop(tag, None)
        elif self._vr == "SQ":
            holder[tag] = DataElement(tag, "SQ", [])
        else:
            # What is encoded already need not be a legal value.
            is_implicit, is_little = dataset.original_encoding
            order = ">" if is_little is False else "<"
            encoded = self._encoded(self.value, order, _codec(dataset))
            encoded += (b"\0" if self._vr == "UI" else b" ") * (len(encoded) % 2)
            holder[tag] = RawDataElement(
                tag, self._vr, len(encoded), encoded, 0, bool(is_implicit), is_little is not False
            )

    @property
    def _vr(self) -> str:
        return "US" if self.path.vr == "US or SS" else self.path.vr

    def _encoded(self, value: str, order: str, codec: str) -> bytes:
        """Return the encoded value; ValueError or struct.error if there is none."""
        vr = self._vr
        if vr in _TEXTS:
            return value.encode(codec, "replace")
        values = value.split("\\") if value else []
        if vr in _NUMBERS:
            convert = float if vr in ("FD", "FL") else int
            return b"".join(struct.pack(order + _NUMBERS[vr], convert(each)) for each in values)
        if vr == "AT":
            tags = [int(each, 16) for each in values]
            return b"".join(struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) for tag in tags)
        if vr == "SQ" and not value:
            return b""
        raise ValueError(vr)


def _codec(dataset: Dataset) -> str:
    """Return Python's name of the first character set of a data set."""
    return convert_encodings(dataset.get("SpecificCharacterSet") or "ISO_IR 6")[0]

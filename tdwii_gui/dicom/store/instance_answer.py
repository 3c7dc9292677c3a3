"""A match of a query of stored instances, as the data set or the bytes that answer it.

The index holds texts. They are put into the bytes of a response directly, as to make data
elements of them takes longer than all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom import config as pydicom_config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.store import encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.tag import BaseTag

_CHARACTER_SET: Final = "SpecificCharacterSet"
_UTF_8: Final = "ISO_IR 192"
_LONGEST_VALUE: Final = 0xFFFE
_NOT_OF_ANSWERS: Final = frozenset({Tag(_CHARACTER_SET), Tag("TimezoneOffsetFromUTC")})


class AnswerForm:
    """The elements of all answers to one query, all with a VR of texts.

    Parameters
    ----------
    keywords : Iterable[str]
        In the order in which `InstanceAnswer` has their texts.
    """

    def __init__(self, keywords: Iterable[str]) -> None:
        elements = [(Tag(word), dictionary_VR(word)) for word in keywords]
        order = sorted(range(len(elements)), key=lambda index: elements[index][0])
        self.elements = [(index, *elements[index]) for index in order]
        self._starts = {
            implicit_vr: [
                (index, _start(tag, vr, implicit_vr), b"\0" if vr == "UI" else b" ")
                for index, tag, vr in self.elements
            ]
            for implicit_vr in (False, True)
        }

    def encode(self, texts: Sequence[str], *, implicit_vr: bool) -> bytes:
        """Return some texts as a data set in little endian bytes (PS3.5 7.1)."""
        length_bytes = 4 if implicit_vr else 2
        parts = [] if "".join(texts).isascii() else [_OF_CHARACTER_SET[implicit_vr]]
        for index, start, padding in self._starts[implicit_vr]:
            value = texts[index].encode()
            if len(value) & 1:
                value += padding
            if len(value) > _LONGEST_VALUE:
                value = b""  # it has no place in explicit VR
            parts += start, len(value).to_bytes(length_bytes, "little"), value
        return b"".join(parts)

    def dataset(self, texts: Sequence[str]) -> Dataset:
        """Return some texts as a data set."""
        dataset = Dataset()
        if not "".join(texts).isascii():
            dataset.SpecificCharacterSet = _UTF_8
        for index, tag, vr in self.elements:
            dataset[tag] = _element(tag, vr, texts[index])
        return dataset


class InstanceAnswer:
    """One match.

    Parameters
    ----------
    form : AnswerForm
        What the texts are of.
    texts : Sequence[str]
        What the index has.
    others : Dataset or None
        What was looked up in the file.
    """

    __slots__ = ("_form", "_others", "_texts")

    def __init__(
        self, form: AnswerForm, texts: Sequence[str], others: Dataset | None = None
    ) -> None:
        self._form = form
        self._texts = texts
        self._others = others

    def dataset(self) -> Dataset:
        """Return the answer as a data set."""
        dataset = self._form.dataset(self._texts)
        if self._others is not None:
            # Decoded, for the answer has its own character set.
            self._others.decode()
            dataset.SpecificCharacterSet = _UTF_8
            dataset.update(
                {tag: self._others[tag] for tag in self._others.keys() - _NOT_OF_ANSWERS}
            )
        return dataset

    def encode(self, *, implicit_vr: bool) -> bytes:
        """Return the answer in little endian bytes.

        What of the file cannot be written is left out.
        """
        if self._others is not None:
            try:
                return encoding.encode(self.dataset(), implicit_vr=implicit_vr)[0]
            except (DatasetError, *PYDICOM_ERRORS):
                pass
        return self._form.encode(self._texts, implicit_vr=implicit_vr)


def _element(tag: BaseTag, vr: str, text: str) -> DataElement:
    # The values come from real data: what is illegal in them is returned as it was stored.
    try:
        return DataElement(tag, vr, text, validation_mode=pydicom_config.IGNORE)
    except PYDICOM_ERRORS:
        return DataElement(tag, vr, None)  # no number


def _start(tag: BaseTag, vr: str, implicit_vr: bool) -> bytes:
    start = tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little")
    return start if implicit_vr else start + vr.encode("ascii")


_OF_CHARACTER_SET: Final = {
    implicit_vr: _start(Tag(_CHARACTER_SET), "CS", implicit_vr)
    + len(_UTF_8).to_bytes(4 if implicit_vr else 2, "little")
    + _UTF_8.encode("ascii")
    for implicit_vr in (False, True)
}

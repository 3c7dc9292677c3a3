"""The keys of a filtered global subscription (PS3.4 CC.2.3.1): matched as those of C-FIND."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.encoding import decode, duplicate, encode
from tdwii_gui.dicom.store.matching import NO_KEYS, Matcher, element_texts
from tdwii_gui.dicom.ups.query import unsupported_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARGUMENTS: Final = frozenset({Tag("ReceivingAE"), Tag("DeletionLock")})


def encoded_keys(information: Dataset) -> bytes:
    """Return the keys in the Action Information of a subscription, as they are stored.

    Raises
    ------
    DimseStatusError
        0115 if there are none, or one is unusable or not supported, as it would let more steps
        through than the subscriber wants.
    """
    identifier = Dataset()
    try:
        for element in information:
            if element.tag not in _ARGUMENTS:
                identifier[element.tag] = element
        # What is still encoded could not be written in explicit VR.
        for _ in identifier.iterall():
            pass
    except PYDICOM_ERRORS as error:
        raise _refusal("a matching key cannot be decoded") from error
    unsupported = unsupported_keys(identifier)
    if unsupported:
        raise _refusal(f"{unsupported[0]} is no matching key")
    if all(element.tag in NO_KEYS for element in identifier):
        raise _refusal("the matching keys are missing")
    try:
        Matcher(identifier)
    except DimseStatusError as error:
        raise _refusal(error.comment) from error
    return encode(identifier)[0]


def identifier_of(keys: bytes) -> Dataset:
    """Return stored keys as the identifier of a C-FIND."""
    return decode(keys, implicit_vr=False)


def matches(keys: bytes, dataset: Dataset) -> bool:
    """Return whether a step matches the keys of a subscription; without keys any does."""
    return not keys or _matcher(keys).matches(duplicate(dataset))


def key_words(keys: bytes) -> str:
    """Return stored keys in words, for people, e.g. ``"ProcedureStepState=SCHEDULED"``."""
    return ", ".join(_words(identifier_of(keys), "")) if keys else ""


@lru_cache(maxsize=1000)
def _matcher(keys: bytes) -> Matcher:
    return Matcher(identifier_of(keys))


def _words(identifier: Dataset, prefix: str) -> Iterator[str]:
    for element in identifier:
        if element.tag in NO_KEYS:
            continue
        name = f"{prefix}{element.keyword}"
        if element.VR == "SQ" and element.value:
            yield from _words(element.value[0], f"{name}.")
        elif element.VR == "SQ":
            yield name
        else:
            texts = "\\".join(element_texts(element))
            yield f"{name}={texts}" if texts else name


def _refusal(comment: str) -> DimseStatusError:
    return DimseStatusError(Status.INVALID_ARGUMENT_VALUE, comment[:64])

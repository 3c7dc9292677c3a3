"""Encoded data sets in the DICOM JSON Model (PS3.18 F), as far as they can be decoded."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pydicom.filereader import read_dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, accept_foreign_values
from tdwii_gui.dicom.iod.structure import scan
from tdwii_gui.recording.lines import LONGEST_BINARY

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

MOST_INFLATED: Final = 256 * 2**20


def decode(encoded: bytes, transfer_syntax_uid: str) -> Dataset:
    """Return a data set; its values are decoded when they are asked for.

    Raises
    ------
    DatasetError
        If its structure is broken, or the transfer syntax is not known.
    """
    syntax = UID(transfer_syntax_uid)
    if not syntax.is_transfer_syntax:
        raise DatasetError("its transfer syntax is not known")
    if syntax == DeflatedExplicitVRLittleEndian:
        encoded = _inflated(encoded)
    implicit = syntax == ImplicitVRLittleEndian
    little_endian = syntax != ExplicitVRBigEndian
    scan(encoded, implicit=implicit, little_endian=little_endian)
    accept_foreign_values()
    try:
        return read_dataset(BytesIO(encoded), implicit, little_endian)
    except PYDICOM_ERRORS as error:
        raise DatasetError(f"cannot be decoded: {type(error).__name__}") from error


def as_json(dataset: Dataset) -> dict[str, Any]:
    """Return a data set in the DICOM JSON Model; values that cannot be decoded are left out.

    Raises
    ------
    DatasetError
        If it cannot be represented.
    """
    try:
        return dataset.to_json_dict(
            bulk_data_threshold=LONGEST_BINARY,
            bulk_data_element_handler=_left_out,
            suppress_invalid_tags=True,
        )
    except PYDICOM_ERRORS as error:
        raise DatasetError(f"cannot be decoded: {type(error).__name__}") from error


def _left_out(_element: DataElement) -> str:
    """Return where a long binary value is: nowhere."""
    return ""


def _inflated(encoded: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return inflater.decompress(encoded, MOST_INFLATED)
    except zlib.error as error:
        raise DatasetError("cannot be inflated") from error

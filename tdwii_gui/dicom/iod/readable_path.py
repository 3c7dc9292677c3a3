"""Where an object is kept in folders for people: patient, study, series, in readable names.

Nothing of a data set is taken as it is: names are made of letters, digits and a few signs, are
short, are no name that a system keeps for itself, and never lead out of their folder.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from pydicom.uid import UID

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LONGEST_PART: Final = 32
_DIGEST: Final = 8
_UNSAFE: Final = re.compile(r"[^\w.-]+")
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
# What Windows keeps for itself, with any ending.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def readable_path(dataset: Dataset) -> PurePath:
    """Return where an object is kept, relative to the folder of all: patient/study/series/file.

    Each name ends with a digest of the ID or UID that it stands for, so that two of them never
    share a folder, and the same object always has the same place.

    Raises
    ------
    DatasetError
        If it has no SOP Instance UID.
    """
    uid = _text(dataset, "SOPInstanceUID")
    if not uid:
        raise DatasetError("SOPInstanceUID is missing")
    patient_id, patient_name = _text(dataset, "PatientID"), _text(dataset, "PatientName")
    number = _text(dataset, "InstanceNumber")
    kind = _text(dataset, "Modality") or UID(_text(dataset, "SOPClassUID")).name
    return PurePath(
        _name(f"{patient_id}\0{patient_name}", patient_id or "no-id", patient_name),
        _name(
            _text(dataset, "StudyInstanceUID"),
            _DATE.sub(r"\1-\2-\3", _text(dataset, "StudyDate")) or "no-date",
            _text(dataset, "StudyDescription"),
        ),
        _name(
            _text(dataset, "SeriesInstanceUID"),
            kind,
            _text(dataset, "SeriesNumber"),
            _text(dataset, "SeriesDescription"),
        ),
        _name(uid, kind, number.zfill(4) if number.isascii() and number.isdigit() else number)
        + ".dcm",
    )


def _name(identity: str, *parts: str) -> str:
    """Return a name for what an ID or UID identifies."""
    safe = "_".join(filter(None, map(_safe, parts)))
    if not safe or _RESERVED.fullmatch(safe):
        safe = f"x{safe}"
    return f"{safe}_{sha256(identity.encode('utf-8', 'replace')).hexdigest()[:_DIGEST]}"


def _safe(part: str) -> str:
    """Return what of a value can be part of a name on any system."""
    plain = unicodedata.normalize("NFC", part)[:_LONGEST_PART]
    return _UNSAFE.sub("-", plain).strip("-._")


def _text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text; what cannot be decoded is nothing."""
    try:
        value: Any = dataset.get(keyword)
        return "" if value is None else str(value).strip(" \0")
    except PYDICOM_ERRORS:
        return ""

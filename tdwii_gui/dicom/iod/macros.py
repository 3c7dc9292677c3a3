"""Sequence items of the macros that UPS, RTBDI and records share (PS3.3 8.8, 10; PS3.4 CC.2.5)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.valuerep import DT, format_number_as_ds

from tdwii_gui.dicom.iod import codes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.codes import Code

_OFFSET: Final = re.compile(r"[+-](0[0-9]|1[0-4])[0-5][0-9]")


def code_item(code: Code) -> Dataset:
    """Return a Code Sequence macro item (PS3.3 8.8); a value over 16 characters is a long code."""
    item = Dataset()
    if len(code.value) > 16:
        item.LongCodeValue = code.value
    else:
        item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def text_item(concept: Code, text: str) -> Dataset:
    """Return a Content Item macro item of value type TEXT (PS3.3 10.2)."""
    item = _content_item("TEXT", concept)
    item.TextValue = text
    return item


def numeric_item(concept: Code, number: float) -> Dataset:
    """Return a Content Item macro item of value type NUMERIC without units (PS3.3 10.2)."""
    item = _content_item("NUMERIC", concept)
    item.NumericValue = decimal_string(number)
    item.MeasurementUnitsCodeSequence = [code_item(codes.NO_UNITS)]
    return item


def _content_item(value_type: str, concept: Code) -> Dataset:
    item = Dataset()
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [code_item(concept)]
    return item


def sop_reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """Return a SOP Instance Reference macro item (PS3.3 10.8)."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def reference_and_access_item(
    study_instance_uid: str,
    series_instance_uid: str,
    references: Iterable[Dataset],
    retrieve_ae_title: str,
) -> Dataset:
    """Return a Referenced Instances and Access macro item (PS3.3 10.9.1).

    Parameters
    ----------
    study_instance_uid, series_instance_uid : str
        The series that holds the referenced instances.
    references : Iterable[Dataset]
        SOP Instance References, all of this series.
    retrieve_ae_title : str
        The AE from which they are retrieved by DICOM.
    """
    item = Dataset()
    item.TypeOfInstances = "DICOM"
    item.StudyInstanceUID = study_instance_uid
    item.SeriesInstanceUID = series_instance_uid
    item.ReferencedSOPSequence = list(references)
    retrieval = Dataset()
    retrieval.RetrieveAETitle = retrieve_ae_title
    item.DICOMRetrievalSequence = [retrieval]
    return item


def decimal_string(number: float) -> str:
    """Return a number as a Decimal String of at most 16 characters (PS3.5 6.2)."""
    if float(number).is_integer() and abs(number) < 1e15:
        return str(int(number))
    return format_number_as_ds(float(number))


def to_dt(moment: datetime) -> str:
    """Return a moment as a DT value with microseconds and UTC offset (PS3.5 6.2).

    A naive moment is local time.
    """
    return moment.astimezone().strftime("%Y%m%d%H%M%S.%f%z")


def from_dt(value: str, timezone: str = "") -> datetime:
    """Return a DT value as an aware moment in local time.

    Parameters
    ----------
    value : str
        The value, with or without an offset of its own.
    timezone : str
        Timezone Offset From UTC (0008,0201) of the data set, for a value without one (PS3.3
        C.12.1.1.8); where that is none either, the value is local time.

    Raises
    ------
    ValueError
        If the value is no DT.
    """
    moment = DT(str(value))
    if moment.tzinfo is None and _OFFSET.fullmatch(timezone):
        moment = DT(f"{value}{timezone}")
    return datetime.fromtimestamp(moment.timestamp()).astimezone()

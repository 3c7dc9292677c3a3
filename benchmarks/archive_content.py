"""CT series for the measurements of an archive, as the bytes that travel."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.database import open_database, write
from tdwii_gui.dicom.store.instance_content import file_name
from tdwii_gui.dicom.store.instance_store import InstanceStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ROOT: Final = "1.2.826.0.1.3680043.8.498.77"
SIDE: Final = 512
STUDY_DATES: Final = 28
INSTANCES_OF_STUDY: Final = 100


class Slice(NamedTuple):
    """A CT image: its SOP Instance UID and its data set in Explicit VR Little Endian."""

    uid: str
    encoded: bytes


def study_uid(series: int) -> str:
    """Return the study of a series."""
    return f"{ROOT}.1.{series}"


def series_uid(series: int) -> str:
    """Return the Series Instance UID of a series by its number."""
    return f"{ROOT}.2.{series}"


def instance_uid(series: int, number: int) -> str:
    """Return the SOP Instance UID of an image."""
    return f"{ROOT}.3.{series}.{number + 1}"


def slices(series: int, number: int) -> list[Slice]:
    """Return a series of images of 512 x 512 (0.5 MB each), each series under UIDs of its own."""
    # Noise, so that no file system or wire makes less of it; each image is another part.
    noise = np.random.default_rng(1).integers(0, 4096, (SIDE, 2 * SIDE), dtype="<u2")
    made = []
    for count in range(number):
        image = _image(series, count)
        left = count % SIDE
        image.PixelData = noise[:, left : left + SIDE].tobytes()
        image["PixelData"].VR = "OW"
        made.append(Slice(image.SOPInstanceUID, encoded(image)))
    return made


def _image(series: int, number: int) -> Dataset:
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = instance_uid(series, number)
    image.StudyDate = image.SeriesDate = image.ContentDate = "20260101"
    image.StudyTime = image.SeriesTime = image.ContentTime = "080000"
    image.AccessionNumber, image.Modality, image.StudyID = f"A{series}", "CT", "1"
    image.PatientName, image.PatientID = f"Patient{series}^Benchmark", f"ID{series:06d}"
    image.PatientBirthDate, image.PatientSex = "19700101", "O"
    image.StudyInstanceUID, image.SeriesInstanceUID = study_uid(series), series_uid(series)
    image.SeriesNumber, image.InstanceNumber = 1, number + 1
    image.FrameOfReferenceUID = f"{ROOT}.4.{series}"
    image.ImagePositionPatient = [-250, -250, number]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.PixelSpacing = [0.9765625, 0.9765625]
    image.SliceThickness = 1
    image.RescaleIntercept, image.RescaleSlope = -1024, 1
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = SIDE
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    return image


def encoded(dataset: Dataset) -> bytes:
    """Return a data set as it travels, in Explicit VR Little Endian."""
    buffer = BytesIO()
    output = DicomIO(buffer)
    output.is_implicit_VR, output.is_little_endian = False, True
    write_dataset(output, dataset)
    return buffer.getvalue()


def identifier(level: str, **keys: str) -> bytes:
    """Return the identifier of a query or retrieval."""
    dataset = Dataset()
    dataset.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(dataset, keyword, value)
    return encoded(dataset)


def fill_index(data_folder: Path, instances: int) -> None:
    """Put instances into the index of the OST, in studies of a hundred, without any files."""
    InstanceStore(data_folder / "ost").close()
    engine = open_database(data_folder / "ost" / "instances.sqlite")
    try:
        with write(engine) as connection:
            for table, rows in _rows(instances):
                connection.execute(table.insert(), rows)
    finally:
        engine.dispose()


def _rows(instances: int) -> Iterator[tuple[tables.Table, list[dict[str, object]]]]:
    for first in range(0, instances, INSTANCES_OF_STUDY):
        series = first // INSTANCES_OF_STUDY
        study = {
            **_texts(_image(series, 0), tables.PATIENT_KEYWORDS),
            **_texts(_image(series, 0), tables.STUDY_KEYWORDS),
            "study_date": f"202601{1 + series % STUDY_DATES:02d}",
        }
        yield tables.STUDIES, [study]
        of_series = _texts(_image(series, 0), tables.SERIES_KEYWORDS)
        yield tables.SERIES, [{**of_series, "study_instance_uid": study_uid(series)}]
        yield tables.INSTANCES, [_row(series, number) for number in range(INSTANCES_OF_STUDY)]


def _texts(dataset: Dataset, keywords: Iterable[str]) -> dict[str, str]:
    return {tables.column_name(w): tables.column_text(w, dataset.get(w)) for w in keywords}


def _row(series: int, number: int) -> dict[str, object]:
    uid = instance_uid(series, number)
    return {
        "sop_instance_uid": uid,
        "series_instance_uid": series_uid(series),
        "sop_class_uid": str(CTImageStorage),
        "instance_number": str(number + 1),
        "transfer_syntax_uid": str(ExplicitVRLittleEndian),
        "file_name": file_name(uid),
        "size": 528_000,
        "digest": "",
        "received": datetime.now(UTC).isoformat(timespec="microseconds"),
    }


def write_small_files(data_folder: Path, number: int) -> None:
    """Write files of small images where the OST keeps its objects, without an index."""
    objects = data_folder / "ost" / "objects"
    for count in range(number):
        series, place = divmod(count, INSTANCES_OF_STUDY)
        image = _image(series, place)
        image.Rows = image.Columns = 16
        image.PixelData = bytes(2 * 16 * 16)
        image["PixelData"].VR = "OW"
        path = objects / file_name(image.SOPInstanceUID)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(encode_part10(image))

"""What the actors are given to work on: a large CT series, many steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.macros import to_dt
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.references import InputReference, access_items
from tdwii_gui.dicom.iod.rtbdi import build_rtbdi
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.store.ups_transaction import Step
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator, ScheduledFraction
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.store.instance_store import StoredInstance

_SIDE: Final = 512
_PATIENTS: Final = 500
_MACHINES: Final = 6
_SECONDS_BETWEEN: Final = 8


def demo_plan() -> Plan:
    """Return the photon plan of the demo patient."""
    return read_plan(resource_path("demo_patient", "photon_plan.dcm"))


def fill_ost(data_folder: Path, images: int) -> None:
    """Store a CT series of 512 x 512 images (0.5 MB each) where the OST keeps its objects."""
    store = InstanceStore(data_folder / "ost")
    try:
        for image in _images(images):
            store.add_dataset(image, "CT_SCANNER")
    finally:
        store.close()


def fill_tms(data_folder: Path, steps: int) -> None:
    """Put steps of today into the worklist of a TMS, of several patients and machines."""
    store = UpsStore(data_folder / "tms" / "ups.sqlite")
    try:
        with store.transaction() as transaction:
            for step in many_steps(steps):
                uid = step.SOPInstanceUID
                transaction.insert(Step(uid, ProcedureStepState.SCHEDULED, "", "", step))
    finally:
        store.close()


def many_steps(number: int) -> Iterator[Dataset]:
    """Yield scheduled steps of today, of several patients and machines."""
    begin = datetime.now().astimezone().replace(hour=0, minute=1, second=0, microsecond=0)
    plan = demo_plan()
    group = plan.fraction_group()
    rtbdi = build_rtbdi(plan, group, 1)
    request = StepRequest(1, group, begin, "OST", "TMS")
    templates = [
        build_ups(plan, rtbdi, replace(request, machine=f"LINAC{machine + 1}"))
        for machine in range(_MACHINES)
    ]
    for count in range(number):
        step = Dataset(dict(templates[count % _MACHINES].items()))
        step.SOPInstanceUID = new_uid()
        step.PatientName = f"Patient{count % _PATIENTS:03d}^Benchmark"
        step.PatientID = f"ID{count % _PATIENTS:05d}"
        moment = begin + timedelta(seconds=_SECONDS_BETWEEN * count)
        step.ScheduledProcedureStepStartDateTime = to_dt(moment)
        yield step


def fraction_with_images(
    creator: RtbdiCreator, plan: Plan, images: list[StoredInstance]
) -> ScheduledFraction:
    """Return a fraction whose step names images as inputs besides the plan's own."""
    fraction = creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    references = [
        InputReference(
            image.sop_class_uid,
            image.sop_instance_uid,
            image.study_instance_uid,
            image.series_instance_uid,
            creator.ost_ae_title,
        )
        for image in images
    ]
    fraction.ups.InputInformationSequence.extend(access_items(references))
    return fraction


def _images(number: int) -> Iterator[Dataset]:
    plan = demo_plan().dataset
    # Noise, so that no file system or wire makes less of it; each image is another part.
    noise = np.random.default_rng(1).integers(0, 4096, (_SIDE, 2 * _SIDE), dtype="<u2")
    series, frame = new_uid(), new_uid()
    for count in range(number):
        image = Dataset()
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
            setattr(image, keyword, plan[keyword].value)
        image.SOPClassUID = CTImageStorage
        image.SOPInstanceUID = new_uid()
        image.StudyInstanceUID = plan.StudyInstanceUID
        image.SeriesInstanceUID, image.FrameOfReferenceUID = series, frame
        image.Modality = "CT"
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        image.InstanceNumber = count + 1
        image.ImagePositionPatient = [-250, -250, count]
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.PixelSpacing = [0.9765625, 0.9765625]
        image.SliceThickness = 1
        image.RescaleIntercept, image.RescaleSlope = -1024, 1
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.Rows = image.Columns = _SIDE
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 0
        left = count % _SIDE
        image.PixelData = noise[:, left : left + _SIDE].tobytes()
        yield image

"""The demo patient in resources: made by its script, whole, and what the demo needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydicom
import pytest

from tdwii_gui.dicom import uids

DEMO_PATIENT = Path(__file__).resolve().parents[2] / "resources" / "demo_patient"
PLANS = ("photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm")


def relative_files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*.dcm")}


@pytest.fixture(scope="module")
def objects():
    return {
        str(name): pydicom.dcmread(DEMO_PATIENT / name) for name in relative_files(DEMO_PATIENT)
    }


def values_of(dataset, keyword):
    """Return every value of a keyword in a data set and its sequences."""
    return [element.value for element in dataset.iterall() if element.keyword == keyword]


def test_script_writes_the_same_bytes(tmp_path):
    pytest.importorskip("numpy")
    script = DEMO_PATIENT.parent / "demo_patient_generator" / "generate.py"
    subprocess.run([sys.executable, "-B", str(script), str(tmp_path)], check=True, timeout=60)
    assert relative_files(tmp_path) == relative_files(DEMO_PATIENT)
    for name in relative_files(tmp_path):
        assert (tmp_path / name).read_bytes() == (DEMO_PATIENT / name).read_bytes(), name


def test_files_are_small_enough_to_keep():
    total = sum((DEMO_PATIENT / name).stat().st_size for name in relative_files(DEMO_PATIENT))
    assert total < 2_500_000


def test_objects_are_of_one_patient_and_study(objects):
    assert len(objects) == 36
    assert {str(dataset.PatientName) for dataset in objects.values()} == {"DEMO^TDWII"}
    assert len({dataset.PatientID for dataset in objects.values()}) == 1
    assert len({dataset.StudyInstanceUID for dataset in objects.values()}) == 1
    assert len({dataset.SOPInstanceUID for dataset in objects.values()}) == len(objects)


def test_uids_are_valid(objects):
    for name, dataset in objects.items():
        elements = [*dataset.file_meta, *dataset.iterall()]
        found = [element.value for element in elements if element.VR == "UI"]
        assert all(uids.is_valid_uid(uid) for uid in found), name


def test_references_to_instances_resolve(objects):
    present = {dataset.SOPInstanceUID: dataset.SOPClassUID for dataset in objects.values()}
    study = objects["photo.dcm"].StudyInstanceUID
    for name, dataset in objects.items():
        for item in [element for element in dataset.iterall() if element.VR == "SQ"]:
            for entry in item.value:
                uid = entry.get("ReferencedSOPInstanceUID", study)
                if uid != study:
                    assert present.get(uid) == entry.ReferencedSOPClassUID, (name, item.keyword)


def test_geometry_shares_a_frame_of_reference(objects):
    spatial = [dataset for name, dataset in objects.items() if name != "photo.dcm"]
    assert len({dataset.FrameOfReferenceUID for dataset in spatial}) == 1


def test_structure_set_references_every_ct_image(objects):
    images = {
        dataset.SOPInstanceUID
        for dataset in objects.values()
        if dataset.SOPClassUID == uids.CT_IMAGE
    }
    study = objects["structure_set.dcm"].ReferencedFrameOfReferenceSequence[0]
    series = study.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert {item.ReferencedSOPInstanceUID for item in series.ContourImageSequence} == images


def test_contours_lie_in_their_images(objects):
    image_positions = {
        dataset.SOPInstanceUID: float(dataset.ImagePositionPatient[2])
        for dataset in objects.values()
        if dataset.SOPClassUID == uids.CT_IMAGE
    }
    structure_set = objects["structure_set.dcm"]
    for roi in structure_set.ROIContourSequence:
        for contour in roi.ContourSequence:
            assert len(contour.ContourData) == 3 * contour.NumberOfContourPoints
            image = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            assert {float(z) for z in contour.ContourData[2::3]} == {image_positions[image]}


def test_structure_set_has_body_target_and_organs(objects):
    kinds = values_of(objects["structure_set.dcm"], "RTROIInterpretedType")
    assert kinds == ["EXTERNAL", "PTV", "ORGAN", "ORGAN", "ORGAN"]


@pytest.mark.parametrize("name", PLANS)
def test_plan_references_its_parts(objects, name):
    plan = objects[name]
    structure_set = objects["structure_set.dcm"]
    assert values_of(plan, "RetrieveAETitle") == ["OST"]
    photo = plan.ReferencedPatientPhotoSequence[0]
    assert photo.SeriesInstanceUID == objects["photo.dcm"].SeriesInstanceUID
    rois = set(values_of(structure_set, "ROINumber"))
    assert set(values_of(plan, "ReferencedROINumber")) <= rois
    assert set(values_of(plan, "ReferencedPatientSetupNumber")) == {1}
    assert set(values_of(plan, "ReferencedToleranceTableNumber")) == {1}
    group = plan.FractionGroupSequence[0]
    beams = [item.ReferencedBeamNumber for item in group.ReferencedBeamSequence]
    assert beams == values_of(plan, "BeamNumber")
    assert group.NumberOfBeams == len(beams)


@pytest.mark.parametrize("name", PLANS)
def test_cumulative_meterset_weights_grow_to_the_final_one(objects, name):
    plan = objects[name]
    for beam in plan.get("BeamSequence") or plan.IonBeamSequence:
        points = beam.get("ControlPointSequence") or beam.IonControlPointSequence
        weights = [point.CumulativeMetersetWeight for point in points]
        assert beam.NumberOfControlPoints == len(points)
        assert [point.ControlPointIndex for point in points] == list(range(len(points)))
        assert weights[0] == 0
        assert weights == sorted(weights)
        assert weights[-1] == beam.FinalCumulativeMetersetWeight


def test_photon_plan_has_static_window_arc_and_setup_beams(objects):
    plan = objects["photon_plan.dcm"]
    static, window, arc, setup = plan.BeamSequence
    assert [beam.BeamType for beam in plan.BeamSequence] == [
        "STATIC",
        "DYNAMIC",
        "DYNAMIC",
        "STATIC",
    ]
    assert static.NumberOfControlPoints == 2
    assert window.NumberOfControlPoints == 10
    assert not any("GantryAngle" in point for point in window.ControlPointSequence[1:])
    assert arc.NumberOfControlPoints == 37
    assert len({point.GantryAngle for point in arc.ControlPointSequence}) == 37
    assert setup.TreatmentDeliveryType == "SETUP"
    group = plan.FractionGroupSequence[0]
    assert group.NumberOfFractionsPlanned == 35
    assert [float(item.get("BeamDose", 0)) for item in group.ReferencedBeamSequence] == [
        0.6,
        0.6,
        0.8,
        0,
    ]
    assert "BeamMeterset" not in group.ReferencedBeamSequence[3]


def test_photon_plan_tells_positions_first_and_on_change_only(objects):
    for beam in objects["photon_plan.dcm"].BeamSequence:
        first, *later = beam.ControlPointSequence
        assert {"NominalBeamEnergy", "IsocenterPosition", "GantryAngle"} <= set(first.dir())
        for point in later:
            assert "NominalBeamEnergy" not in point
            assert "IsocenterPosition" not in point


def test_leaves_never_cross(objects):
    for points in values_of(objects["photon_plan.dcm"], "ControlPointSequence"):
        for point in points:
            for device in point.get("BeamLimitingDevicePositionSequence", []):
                half = len(device.LeafJawPositions) // 2
                left, right = device.LeafJawPositions[:half], device.LeafJawPositions[half:]
                assert all(a <= b for a, b in zip(left, right, strict=True))


def test_electron_plan_has_applicators_and_an_insert(objects):
    beams = objects["electron_plan.dcm"].BeamSequence
    assert [beam.RadiationType for beam in beams] == ["ELECTRON", "ELECTRON"]
    assert all(beam.ApplicatorSequence[0].ApplicatorID == "A10" for beam in beams)
    assert [beam.NumberOfBlocks for beam in beams] == [0, 1]
    energies = [float(beam.ControlPointSequence[0].NominalBeamEnergy) for beam in beams]
    assert energies == [12, 9]


def test_ion_plan_has_spots_snout_and_one_range_shifter(objects):
    plan = objects["ion_plan.dcm"]
    assert plan.SOPClassUID == uids.RT_ION_PLAN
    assert [beam.NumberOfRangeShifters for beam in plan.IonBeamSequence] == [1, 0]
    for beam in plan.IonBeamSequence:
        assert beam.ScanMode == "MODULATED"
        assert beam.SnoutSequence[0].SnoutID
        points = beam.IonControlPointSequence
        energies = [float(point.NominalBeamEnergy) for point in points]
        assert energies == sorted(energies, reverse=True)
        assert len(set(energies)) == len(points) // 2 >= 5
        first = points[0]
        assert ("RangeShifterSettingsSequence" in first) == (beam.NumberOfRangeShifters == 1)


def test_ion_spot_weights_add_up_to_the_meterset(objects):
    plan = objects["ion_plan.dcm"]
    metersets = values_of(plan, "BeamMeterset")
    for beam, meterset in zip(plan.IonBeamSequence, metersets, strict=True):
        given = 0.0
        for point in beam.IonControlPointSequence:
            assert float(point.CumulativeMetersetWeight) == pytest.approx(given, abs=1e-4)
            spots = point.NumberOfScanSpotPositions
            # A layer of one spot has a single weight, which pydicom gives as a number.
            weights = (
                point.ScanSpotMetersetWeights if spots > 1 else [point.ScanSpotMetersetWeights]
            )
            assert len(weights) == spots
            assert len(point.ScanSpotPositionMap) == 2 * spots
            given += sum(weights)
        assert given == pytest.approx(float(meterset), abs=1e-3)


def test_dose_lies_on_the_ct_and_reaches_the_prescription(objects):
    dose = objects["photon_dose.dcm"]
    stored = memoryview(dose.PixelData).cast("H")
    highest = max(stored) * float(dose.DoseGridScaling)
    assert 70 <= highest < 1.15 * 70
    assert dose.NumberOfFrames == 30
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == (
        objects["photon_plan.dcm"].SOPInstanceUID
    )

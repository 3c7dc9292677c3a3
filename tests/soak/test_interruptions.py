"""Every plan is delivered whole, and interrupted and continued to its end, by all actors.

What the steps say is read from the TMS with a bare SCU, the records as files of the OST.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.treatment_record_spots import delivered_spots
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.uids import RT_BEAMS_DELIVERY_INSTRUCTION
from tests.interop.dciodvfy import TREATMENT_RECORDS, errors_of
from tests.soak.fraction_in_sessions import FRACTION, Fraction, Played, Stop, fraction_of
from tests.soak.lengths import IS_WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

pytestmark = pytest.mark.soak

OPERATOR, MACHINE = TerminationStatus.OPERATOR, TerminationStatus.MACHINE
AT_0, AT_17 = Stop(0, OPERATOR, "110513"), Stop(17, MACHINE, "110501")
AT_50, AT_99_9 = Stop(50, OPERATOR, "110515"), Stop(99.9, MACHINE, "110526")

DEMO_PLANS = [("photon_plan.dcm", None), ("ion_plan.dcm", None), ("electron_plan.dcm", None)]
REAL_PLANS = [
    ("photon_imrt_breast/rtplan.dcm", None),
    ("photon_vmat_spine_qa/RPColumna.dcm", None),
    ("photon_monaco/vmat_example.dcm", None),
    ("photon_monaco/06MV_plan.dcm", None),
    ("photon_monaco/24mm_x_20mm_rectangle.dcm", None),
    ("photon_monaco/FFF_example.dcm", None),
    ("photon_monaco/multi_fraction_groups.dcm", 1),
    ("photon_monaco/multi_fraction_groups.dcm", 2),
    ("photon_pinnacle_water/rtplan.dcm", None),
    ("photon_static_prostate_phantom/rtplan.dcm", None),
    ("ion_pbs_headphantom/RN_headphantom.dcm", None),
    ("ion_pbs_water/mono_160MeV_10x10.dcm", None),
    ("ion_pbs_water/sobp_10x10.dcm", None),
    ("ion_passive_scatter/passive_prostate_1beam.dcm", None),
]
PLANS = DEMO_PLANS + REAL_PLANS if IS_WHOLE else DEMO_PLANS[:2]
SESSIONS: list[tuple[Stop, ...]] = (
    [(), (AT_0,), (AT_17,), (AT_50,), (AT_99_9,), (AT_17, AT_50), (AT_50, AT_0, AT_99_9)]
    if IS_WHOLE
    else [(AT_0,), (AT_50,)]
)


def _name(value: object) -> str | None:
    if isinstance(value, tuple) and all(isinstance(each, Stop) for each in value):
        return " ".join(f"{stop.percent:g}%" for stop in value) or "whole"
    return " ".join(str(each) for each in value if each) if isinstance(value, tuple) else None


@pytest.mark.parametrize("plan", PLANS, ids=_name)
@pytest.mark.parametrize("stops", SESSIONS, ids=_name)
def test_a_fraction_is_completed(
    plan: tuple[str, int | None],
    stops: tuple[Stop, ...],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    name, group = plan
    if plan in DEMO_PLANS:
        path = resource_path("demo_patient", name)
    else:
        path = request.getfixturevalue("shared_data") / name
    with fraction_of(path, group, tmp_path) as fraction:
        sessions = fraction.play(stops)
        for number, played in enumerate(sessions):
            check_step(fraction, played, sessions[:number])
            check_records(fraction, played, sessions[:number])
        check_metersets(fraction, sessions)
        files = fraction.archived_records()
    told = [each.sop_instance_uid for one in sessions for each in one.step.performed.outputs]
    assert sorted(told) == sorted(files)
    if IS_WHOLE:
        for file in files.values():
            assert errors_of(file, TREATMENT_RECORDS) == set()


def check_step(fraction: Fraction, played: Played, before: Sequence[Played]) -> None:
    """Check state, reason and references of a session's step, as the TMS has it."""
    step, stop, ost = played.step, played.stop, fraction.suite.ost
    if stop is None:
        assert step.state is ProcedureStepState.COMPLETED
        assert step.cancellation.code is None
        assert step.progress.percent == 100
    else:
        assert step.state is ProcedureStepState.CANCELED
        wanted = stop.cancellation
        assert (step.cancellation.code, step.cancellation.reason) == (wanted.code, wanted.reason)
        assert step.cancellation.at is not None
        assert bool(played.records) is (stop.percent > 0)
        if played.records:
            assert step.progress.percent == pytest.approx(stop.percent, abs=0.01)
    earlier = [record for each in before for record in each.records]
    assert step.fraction_number == FRACTION
    assert step.delivery_type == ("CONTINUATION" if earlier else "TREATMENT")
    assert step.replaced_steps == tuple(each.uid for each in before[-1:])
    assert {each.sop_instance_uid for each in step.records} == uids(earlier)
    assert step.plan.sop_instance_uid == fraction.plan.sop_instance_uid
    static = {each.sop_instance_uid for each in (step.plan, *step.records)}
    assert ost.instances.present(static) == static
    assert {each.retrieve_ae_title for each in (step.plan, *step.records)} == {ost.ae_title}

    rtbdi = played.rtbdi
    assert rtbdi.SOPClassUID == RT_BEAMS_DELIVERY_INSTRUCTION
    assert plan_of(rtbdi) == fraction.plan.sop_instance_uid
    beams = [item.ReferencedBeamNumber for item in rtbdi.BeamTaskSequence]
    done = [item.ReferencedBeamNumber for item in rtbdi.get("OmittedBeamTaskSequence", [])]
    assert sorted(beams + done) == sorted(beam.number for beam in fraction.group.beams)

    outputs = {each.sop_instance_uid: each for each in step.performed.outputs}
    assert set(outputs) == uids(played.records)
    for record in played.records:
        output = outputs[record.SOPInstanceUID]
        assert output.sop_class_uid == record.SOPClassUID
        assert output.study_instance_uid == record.StudyInstanceUID
        assert output.series_instance_uid == record.SeriesInstanceUID
        assert output.retrieve_ae_title == ost.ae_title


def check_records(fraction: Fraction, played: Played, before: Sequence[Played]) -> None:
    """Check references, and how each beam began and ended, in the records of a session."""
    earlier = {uid for each in before for uid in uids(each.records)}
    for record in played.records:
        assert plan_of(record) == fraction.plan.sop_instance_uid
        assert record.ReferencedFractionGroupNumber == fraction.group.number
        prior = record.get("ReferencedTreatmentRecordSequence", [])
        assert {item.ReferencedSOPInstanceUID for item in prior} == earlier
        for item in beams_of(record):
            assert item.CurrentFractionNumber == FRACTION
            start, end = reached(item)
            assert item.TreatmentDeliveryType == ("CONTINUATION" if start else "TREATMENT")
            ended = TerminationStatus.NORMAL
            if end < decimal(item, "SpecifiedPrimaryMeterset"):
                assert played.stop is not None
                ended = played.stop.termination
            assert item.TreatmentTerminationStatus == ended


def check_metersets(fraction: Fraction, sessions: Sequence[Played]) -> None:
    """Check that the sessions give each beam, and each spot, what the plan specifies, exactly."""
    items = [item for played in sessions for record in played.records for item in beams_of(record)]
    for beam in fraction.group.beams:
        of_beam = [item for item in items if item.ReferencedBeamNumber == beam.number]
        total = Decimal(repr(beam.meterset))
        assert {decimal(item, "SpecifiedPrimaryMeterset") for item in of_beam} == {total}
        delivered = [decimal(item, "DeliveredPrimaryMeterset") for item in of_beam]
        assert sum(delivered) == total
        assert all(part > 0 for part in delivered)
        at = Decimal()
        for item, part in zip(of_beam, delivered, strict=True):
            assert reached(item) == (at, at + part)
            at += part
        if beam.is_modulated:
            parts = zip(*map(spots, of_beam), strict=True)
            total_of_spots = [np.sum(layers, axis=0) for layers in parts]
            share = beam.meterset / beam.final_meterset_weight
            wholes = delivered_spots(beam, 0.0, beam.meterset)
            points = beam.control_points
            for got, whole, point in zip(total_of_spots, wholes, points, strict=True):
                assert got.tolist() == whole
                weights = np.asarray(point.item.ScanSpotMetersetWeights, np.float64)
                assert got == pytest.approx(weights * share, rel=1e-5)


def uids(records: Sequence[Dataset]) -> set[str]:
    return {str(record.SOPInstanceUID) for record in records}


def plan_of(dataset: Dataset) -> str:
    (reference,) = dataset.ReferencedRTPlanSequence
    return str(reference.ReferencedSOPInstanceUID)


def beams_of(record: Dataset) -> list[Dataset]:
    photon = record.get("TreatmentSessionBeamSequence", [])
    return [*photon, *record.get("TreatmentSessionIonBeamSequence", [])]


def points_of(item: Dataset) -> list[Dataset]:
    photon = item.get("ControlPointDeliverySequence", [])
    return [*photon, *item.get("IonControlPointDeliverySequence", [])]


def decimal(item: Dataset, keyword: str) -> Decimal:
    """Return a decimal string as it is written."""
    return Decimal(item[keyword].value.original_string)


def reached(item: Dataset) -> tuple[Decimal, Decimal]:
    """Return between which metersets of the whole beam a delivery went."""
    metersets = [decimal(point, "DeliveredMeterset") for point in points_of(item)]
    assert metersets == sorted(metersets)
    return metersets[0], metersets[-1]


def spots(item: Dataset) -> list[np.ndarray]:
    """Return what each spot got, per control point; adding them up is exact then."""
    return [
        np.atleast_1d(np.asarray(point.ScanSpotMetersetsDelivered, np.float64))
        for point in points_of(item)
    ]

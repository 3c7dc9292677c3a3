"""dciodvfy finds no error in the treatment records that whole sessions leave in the OST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.app.cli import main
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES
from tests.interop.dciodvfy import TREATMENT_RECORDS, errors_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interop

DEMO_PLANS = ("photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm")
REAL_PLANS = (
    ("photon_imrt_breast/rtplan.dcm",),
    ("photon_vmat_spine_qa/RPColumna.dcm",),
    ("photon_monaco/vmat_example.dcm",),
    ("photon_monaco/06MV_plan.dcm",),
    ("photon_monaco/24mm_x_20mm_rectangle.dcm",),
    ("photon_monaco/FFF_example.dcm",),
    ("photon_monaco/multi_fraction_groups.dcm",),
    ("photon_monaco/multi_fraction_groups.dcm", "--fraction-group", "2"),
    ("photon_pinnacle_water/rtplan.dcm",),
    ("photon_static_prostate_phantom/rtplan.dcm",),
    ("ion_pbs_headphantom/RN_headphantom.dcm",),
    ("ion_pbs_water/mono_160MeV_10x10.dcm",),
    ("ion_pbs_water/sobp_10x10.dcm",),
    ("ion_passive_scatter/passive_prostate_1beam.dcm", "--meterset", "100"),
)


def check_records_of_a_session(folder: Path, plan: Path, *options: str) -> None:
    """Play the demo with a plan and check every treatment record in its OST."""
    assert main(["demo", "--headless", "--keep", str(folder), "--plan", str(plan), *options]) == 0
    files = (folder / "ost").rglob("*.dcm")
    records = [path for path in files if dcmread(path).SOPClassUID in TREATMENT_RECORD_CLASSES]
    assert records
    for path in records:
        assert errors_of(path, TREATMENT_RECORDS) == set()


@pytest.mark.parametrize("plan", DEMO_PLANS)
def test_records_of_the_demo_plans_have_no_error(tmp_path: Path, plan: str) -> None:
    check_records_of_a_session(tmp_path, resource_path("demo_patient", plan))


@pytest.mark.parametrize("case", REAL_PLANS, ids=" ".join)
def test_records_of_real_plans_have_no_error(
    tmp_path: Path, shared_data: Path, case: tuple[str, ...]
) -> None:
    plan, *options = case
    check_records_of_a_session(tmp_path, shared_data / plan, *options)

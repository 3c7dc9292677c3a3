"""A whole fraction by the command line, with Orthanc or dcmqrscp as the OST."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tests.command_line import CommandLine, Server, free_ports
from tests.interop.dciodvfy import TREATMENT_RECORDS, errors_of
from tests.interop.peers import INSPECTOR, Archive, dcmqrscp, orthanc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.interop

DEMO_PLANS = ("photon_plan.dcm", "ion_plan.dcm")
REAL_PLANS = ("photon_vmat_spine_qa/RPColumna.dcm", "ion_pbs_water/mono_160MeV_10x10.dcm")


class Site(NamedTuple):
    """Our TMS, TDD and PPVS as processes, and the foreign archive."""

    tdwii: CommandLine
    ppvs: Server
    archive: Archive
    inspector_port: int

    def deliver(self, plan: Path) -> Ups:
        """Schedule and deliver a fraction; return its step, which has to be COMPLETED."""
        ost = ("--ost", self.archive.ae_title)
        (scheduled,) = json.loads(self.tdwii.done("schedule", plan, *ost, "--json"))
        uid = scheduled["sop_instance_uid"]
        self.ppvs.wait_for_line(f"PPVS_SCP has 2 of 2 inputs of {uid}")
        out = self.tdwii.done("deliver", "--ups", uid, *ost, "--operator", "Interop^Operator")
        transactions = {line.split()[0] for line in out.splitlines() if line.startswith("RO-")}
        assert transactions == {f"RO-{number}" for number in range(58, 66)}
        step = Ups(Dataset.from_json(self.tdwii.done("ups", "get", uid, "--json")))
        assert step.state is ProcedureStepState.COMPLETED
        return step


@pytest.fixture(scope="module", params=[orthanc, dcmqrscp], ids=["Orthanc", "dcmqrscp"])
def site(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    (inspector_port,) = free_ports(1)
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        known = {title: tdwii.ports[title] for title in ("TDD", "PPVS_SCP")}
        known[INSPECTOR] = inspector_port
        with request.param(known) as archive:
            tdwii.add_entity(archive.ae_title, archive.port)
            tdwii.serve("tms", "--headless")
            tdwii.serve("tdd", "--headless")
            ppvs = tdwii.serve("ppvs", "--headless", "--subscribe", "--auto-download", "-v")
            ppvs.wait_for_line("PPVS_SCP subscribed to TMS")
            yield Site(tdwii, ppvs, archive, inspector_port)


def check_record(site: Site, step: Ups, folder: Path) -> None:
    """Ask the archive for the step's treatment record, and have it back."""
    (output,) = step.performed.outputs
    assert output.retrieve_ae_title == site.archive.ae_title
    (found,) = site.archive.find(
        "IMAGE",
        folder / "found",
        f"StudyInstanceUID={output.study_instance_uid}",
        f"SeriesInstanceUID={output.series_instance_uid}",
        f"SOPInstanceUID={output.sop_instance_uid}",
    )
    assert found.SOPInstanceUID == output.sop_instance_uid
    path = site.archive.fetch(folder / "fetched", site.inspector_port, found)
    assert errors_of(path, TREATMENT_RECORDS) == set()
    record = dcmread(path)
    assert record.SOPClassUID == output.sop_class_uid
    assert record.OperatorsName == "Interop^Operator"


@pytest.mark.parametrize("plan", DEMO_PLANS)
def test_a_fraction_of_the_demo_patient_ends_completed(
    site: Site, plan: str, tmp_path: Path
) -> None:
    check_record(site, site.deliver(resource_path("demo_patient", plan)), tmp_path)


@pytest.mark.parametrize("plan", REAL_PLANS)
def test_a_fraction_of_a_real_plan_ends_completed(
    site: Site, shared_data: Path, plan: str, tmp_path: Path
) -> None:
    check_record(site, site.deliver(shared_data / plan), tmp_path)


def test_the_demo_patient_is_stored_and_found(site: Site, tmp_path: Path) -> None:
    patient = resource_path("demo_patient")
    files = list(patient.rglob("*.dcm"))
    out = site.tdwii.done("store", site.archive.ae_title, patient)
    assert f"{len(files)} of {len(files)} files stored" in out
    study = dcmread(patient / "photon_plan.dcm").StudyInstanceUID
    (found,) = site.archive.find(
        "STUDY", tmp_path / "study", f"StudyInstanceUID={study}", "PatientID"
    )
    assert found.PatientID == dcmread(patient / "photon_plan.dcm").PatientID

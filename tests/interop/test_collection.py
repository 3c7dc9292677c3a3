"""`tdwii collection` from Orthanc and dcmqrscp, with the demo patient and with real data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine
from tests.interop.peers import Archive, dcmqrscp, orthanc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.interop

OWN_TITLE = "NEVENT_RECEIVER"


class Site(NamedTuple):
    """A foreign archive that holds the demo patient and, where they are here, real objects."""

    tdwii: CommandLine
    archive: Archive

    def collect(self, start: Path, *options: object) -> tuple[int, dict[str, Any]]:
        """Collect from the archive what belongs to an object; return exit code and result."""
        uid = dcmread(start, stop_before_pixels=True).SOPInstanceUID
        source = ("--from", self.archive.ae_title, "--json")
        result = self.tdwii.run("collection", uid, *source, *options)
        assert result.stdout, result.stderr
        return result.returncode, json.loads(result.stdout)


@pytest.fixture(scope="module", params=[orthanc, dcmqrscp], ids=["Orthanc", "dcmqrscp"])
def site(request, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        known = {title: tdwii.ports[title] for title in (OWN_TITLE, "TDD")}
        # TDWII is who asks by default: it may, but nothing can be sent to it.
        with request.param(known | {"TDWII": 9}) as archive:
            tdwii.add_entity(archive.ae_title, archive.port)
            real = ("photon_imrt_breast", "ion_pbs_headphantom", "ct_struct_pair")
            folders = [resource_path("demo_patient"), *(shared_data / name for name in real)]
            tdwii.done("store", archive.ae_title, *folders)
            yield Site(tdwii, archive)


def counts_of(result: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["kind"]: (one["present"], one["expected"]) for one in result["counts"]}


@pytest.mark.parametrize("own_title", ["TDWII", OWN_TITLE], ids=["C-GET", "C-MOVE"])
def test_the_demo_patient_is_complete(site: Site, tmp_path: Path, own_title: str) -> None:
    folder, index = tmp_path / "out", tmp_path / "index"
    where = ("--ae-title", own_title, "--to", folder, "--index", index)
    code, result = site.collect(resource_path("demo_patient", "photon_plan.dcm"), *where)
    assert code == 0, result["missing"]
    assert counts_of(result) == {
        "plan": (1, 1),
        "structure set": (1, 1),
        "image": (30, 30),
        "dose": (1, 1),
    }
    assert len(list(folder.rglob("*.dcm"))) == 33


def test_broken_references_of_a_real_plan_are_told(site: Site, shared_data: Path) -> None:
    code, result = site.collect(shared_data / "photon_imrt_breast" / "rtplan.dcm")
    assert code == 1
    assert counts_of(result) == {
        "plan": (1, 1),
        "structure set": (1, 1),
        "image": (1, 98),
        "dose": (1, 1),
    }
    title = site.archive.ae_title
    assert {one["reason"] for one in result["missing"]} == {f"{title} has no such instance"}
    assert len(result["missing"]) == 97


def test_a_structure_set_that_was_exported_under_another_uid_is_told(
    site: Site, shared_data: Path
) -> None:
    plan = shared_data / "ion_pbs_headphantom" / "RN_headphantom.dcm"
    code, result = site.collect(plan)
    assert code == 1
    assert counts_of(result) == {"plan": (1, 1), "structure set": (0, 1)}
    (missing,) = result["missing"]
    wanted = dcmread(plan).ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
    assert missing["sop_instance_uid"] == wanted
    assert missing["reason"] == f"{site.archive.ae_title} has no such instance"


def test_a_structure_set_leads_to_its_images(site: Site, shared_data: Path) -> None:
    start = shared_data / "ct_struct_pair" / "rt.dcm"
    code, result = site.collect(start, "--ae-title", OWN_TITLE)
    assert code == 0, result["missing"]
    assert counts_of(result) == {"structure set": (1, 1), "image": (2, 2)}

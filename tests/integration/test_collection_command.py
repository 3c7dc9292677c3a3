"""`tdwii collection` on archives of bare pynetdicom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tests.integration.bare_archive import BareArchive
from tests.integration.treatment_objects import TreatmentObjects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import CommandLine


@pytest.fixture
def treatment() -> TreatmentObjects:
    return TreatmentObjects.make(images=4)


@pytest.fixture
def archive(tdwii: CommandLine) -> Iterator[BareArchive]:
    with BareArchive(knows=tdwii.ports.get).listening() as archive:
        tdwii.add_entity(archive.ae_title, archive.port)
        yield archive


def uids_below(folder: Path) -> set[str]:
    return {dcmread(path).SOPInstanceUID for path in folder.rglob("*.dcm")}


def test_a_collection_into_a_folder_comes_by_c_get(
    tdwii: CommandLine, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    folder = tdwii.folder / "out"
    uid = treatment.plan.SOPInstanceUID
    out = tdwii.done("collection", uid, "--from", "BARE", "--to", folder)
    assert [line.split() for line in out.splitlines()][:5] == [
        ["KIND", "HERE", "OF"],
        ["plan", "1", "1"],
        ["structure", "set", "1", "1"],
        ["image", "4", "4"],
        ["dose", "1", "1"],
    ]
    assert f"7 of 7 objects, in {folder}" in out
    assert uids_below(folder) == {one.SOPInstanceUID for one in treatment.all}
    assert {service for service, _ in archive.requests} == {"C-FIND", "C-GET"}
    again = json.loads(tdwii.done("collection", uid, "--from", "BARE", "--to", folder, "--json"))
    assert again["complete"]
    assert again["missing"] == []
    assert [one["kind"] for one in again["objects"]] == [
        "plan",
        "structure set",
        *["image"] * 4,
        "dose",
    ]
    assert again["to"] == {"folder": str(folder), "stored": 7, "failed": []}
    assert set(archive.sent.values()) == {1}


def test_a_collection_goes_on_to_an_ae(
    tdwii: CommandLine, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    own = ("--ae-title", "NEVENT_RECEIVER")
    with BareArchive("OTHER").listening() as other:
        address = f"OTHER@127.0.0.1:{other.port}"
        out = tdwii.done(
            "collection", treatment.dose.SOPInstanceUID, "--from", "BARE", "--to", address, *own
        )
    assert "7 of 7 files stored to OTHER" in out
    assert set(other.stored) == {one.SOPInstanceUID for one in treatment.all}
    assert "C-MOVE" in [service for service, _ in archive.requests]


def test_what_is_missing_is_told_and_the_rest_handed_on(
    tdwii: CommandLine, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add([treatment.plan, treatment.structure_set, treatment.dose])
    uid = treatment.plan.SOPInstanceUID
    folder = tdwii.folder / "out"
    result = tdwii.run("collection", uid, "--from", "BARE", "--to", folder)
    assert result.returncode == 1
    assert len(uids_below(folder)) == 3
    first = treatment.images[0].SOPInstanceUID
    assert result.stderr.splitlines() == [
        f"tdwii: 4 x CT Image Storage {first} ...: BARE has no such instance"
    ]
    told = json.loads(tdwii.run("collection", uid, "--from", "BARE", "--json").stdout)
    assert not told["complete"]
    assert {one["sop_instance_uid"] for one in told["missing"]} == {
        one.SOPInstanceUID for one in treatment.images
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1.2.x", "--from", "BARE"), "'1.2.x' is no UID"),
        (("1.2.3", "--from", "NOBODY"), "AE title 'NOBODY' is not in "),
        (("1.2.3", "--from", "BARE", "--to", "new"), "a new folder is written ./new"),
    ],
)
def test_wrong_usage(
    tdwii: CommandLine, archive: BareArchive, arguments: tuple[str, ...], words: str
) -> None:
    result = tdwii.run("collection", *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert archive.requests == []


def test_a_plan_that_is_nowhere(tdwii: CommandLine, archive: BareArchive) -> None:
    result = tdwii.run("collection", "1.2.3", "--from", "BARE", "--to", tdwii.folder / "out")
    assert result.returncode == 1
    assert "object 1.2.3: BARE has no such instance" in result.stderr
    assert not (tdwii.folder / "out").exists()

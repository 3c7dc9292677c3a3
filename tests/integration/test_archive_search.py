"""Plans and records found in archives level by level, and fetched from there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.archive_search import ObjectQuery
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings, OstSettings
from tdwii_gui.dicom.errors import InputsMissing, TdwiiError
from tdwii_gui.dicom.iod.part10 import read_part10
from tests.integration.bare_archive import BareArchive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.actors.archive_search import FoundObject

SECONDS = 20
DEMO = resource_path("demo_patient")


@pytest.fixture
def creator(tmp_path: Path) -> Iterator[RtbdiCreator]:
    made = RtbdiCreator(CreatorSettings(port=0), Surroundings(AeDirectory(), tmp_path))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def bare(creator: RtbdiCreator) -> Iterator[BareArchive]:
    """Return an archive that takes hierarchical queries alone and tells no labels."""
    archive = BareArchive(is_strict=True)
    archive.add(read_part10(DEMO / name) for name in ("photon_plan.dcm", "structure_set.dcm"))
    with archive.listening():
        creator.directory.register(archive.entity)
        creator.ost_ae_title = archive.ae_title
        yield archive


def test_a_foreign_archive_is_asked_level_by_level_and_a_plan_fetched(creator, bare) -> None:
    heard: list[FoundObject] = []
    (found,) = creator.find_plans(ObjectQuery("DEMO-0001", label="x"), heard.append).result(SECONDS)
    assert heard == [found]
    asked = [(keys.QueryRetrieveLevel, keys.get("Modality", "")) for _, keys in bare.requests]
    assert asked == [("STUDY", ""), ("SERIES", "RTPLAN"), ("IMAGE", "")]
    assert bare.requests[0][1].PatientID == "DEMO-0001"
    assert found.reference.retrieve_ae_title == "BARE"
    path = creator.fetch_plan(found).result(SECONDS)
    assert read_part10(path).RTPlanLabel == "PHOTON"
    sent = bare.sent.total()
    assert creator.fetch_plan(found).result(SECONDS) == path
    assert bare.sent.total() == sent


def test_what_cannot_be_fetched_or_asked_is_told(creator, bare) -> None:
    (found,) = creator.find_plans(ObjectQuery()).result(SECONDS)
    bare.gets = False
    with pytest.raises(InputsMissing, match="RT Plan"):
        creator.fetch_plan(found).result(SECONDS)
    creator.ost_ae_title = "NOBODY"
    with pytest.raises(TdwiiError, match="NOBODY"):
        creator.find_plans(ObjectQuery()).result(SECONDS)


def test_our_archive_tells_what_was_asked_for(creator, tmp_path) -> None:
    ost = Ost(OstSettings(port=0), Surroundings(creator.directory, tmp_path))
    ost.start()
    try:
        ost.import_files(DEMO.glob("*.dcm")).result(SECONDS)
        everything = {"PHOTON", "ELECTRON", "PROTON"}
        for query, labels in (
            (ObjectQuery(), everything),
            (ObjectQuery(label="ton"), {"PHOTON", "PROTON"}),
            (ObjectQuery(label="P*N"), {"PHOTON", "PROTON"}),
            (ObjectQuery(label="[P]"), set()),
            (ObjectQuery(patient_name="dem"), everything),
            (ObjectQuery(patient_name="TDWII"), set()),
            (ObjectQuery(patient_id="DEMO"), set()),
            (ObjectQuery(patient_id="DEMO-*", first=date(2026, 1, 5)), everything),
            (ObjectQuery(last=date(2026, 1, 4)), set()),
        ):
            found = creator.find_plans(query).result(SECONDS)
            assert {one.label for one in found} == labels, query
            assert {one.date for one in found} <= {"20260105"}
    finally:
        ost.stop()

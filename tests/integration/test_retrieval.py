"""Retrieval of what a plan leads to, from archives of bare pynetdicom with habits of their own."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InputsProgressed, InputsRetrieved
from tdwii_gui.actors.inputs import CANCELED, InputRetriever, KindCount, RetrievalProgress
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import ActorSettings, TddSettings
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.references import InputReference, access_items, reference_to
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import RT_PLAN, new_uid
from tests.integration.bare_archive import BareArchive
from tests.integration.treatment_objects import TreatmentObjects, refer_to_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.suite import Suite

SECONDS = 20


@pytest.fixture
def treatment() -> TreatmentObjects:
    return TreatmentObjects.make(images=4)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Actor]:
    """Return an AE that keeps what it is sent."""
    actor = Actor(ActorSettings("STATION", port=0), Surroundings(AeDirectory(), tmp_path))
    store = InstanceStore(tmp_path / "station")
    retriever = InputRetriever(actor.local, actor.directory, store, actor.running)
    actor.serve(StorageScp(store, lambda it: retriever.arrived(it.instance.sop_instance_uid)))
    actor.retriever = retriever
    actor.start()
    yield actor
    actor.stop()
    store.close()


@pytest.fixture
def archive(station: Actor) -> Iterator[BareArchive]:
    with known_archive(station) as archive:
        yield archive


def known_archive(station: Actor, ae_title: str = "BARE"):
    archive = BareArchive(ae_title, knows=lambda title: {"STATION": station.port}.get(title))
    listening = archive.listening()

    class Known:
        def __enter__(self) -> BareArchive:
            listening.__enter__()
            station.directory.register(archive.entity)
            return archive

        def __exit__(self, *arguments: object) -> None:
            listening.__exit__(*arguments)

    return Known()


def collect(station: Actor, plan: Dataset, archive: str = "BARE", **options) -> RetrievalResult:
    return station.worker.submit(
        "collect",
        "",
        lambda: station.retriever.retrieve([reference_to(plan, archive)], follow=True, **options),
    ).result(SECONDS)


def counts_of(result: RetrievalResult) -> dict[Kind, tuple[int, int]]:
    return {count.kind: (count.present, count.expected) for count in result.counts}


def uids_here(station: Actor) -> set[str]:
    return {one.sop_instance_uid for one in station.retriever.store.instances()}


def uids_of(*datasets: Dataset) -> set[str]:
    return {str(one.SOPInstanceUID) for one in datasets}


COMPLETE = {
    Kind.PLAN: (1, 1),
    Kind.STRUCTURE_SET: (1, 1),
    Kind.IMAGE: (4, 4),
    Kind.DOSE: (1, 1),
}


@pytest.mark.parametrize("is_strict", [False, True], ids=["relational", "hierarchical"])
def test_a_plan_leads_to_structure_set_images_and_dose(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects, is_strict: bool
) -> None:
    archive.add(treatment.all)
    archive.is_strict = is_strict
    result = collect(station, treatment.plan)
    assert counts_of(result) == COMPLETE
    assert (result.missing, result.unresolved) == ((), ())
    assert result.present == (treatment.plan.SOPInstanceUID,)
    assert {one.sop_instance_uid for one in result.followed} == uids_of(*treatment.all[1:])
    assert uids_here(station) == uids_of(*treatment.all)
    moves = [keys for service, keys in archive.requests if service == "C-MOVE"]
    assert [keys.QueryRetrieveLevel for keys in moves] == ["IMAGE"] * 4
    assert all(keys.StudyInstanceUID and keys.SeriesInstanceUID for keys in moves)
    assert set(archive.sent.values()) == {1}
    first = list(archive.sent)
    assert first[0] == treatment.plan.SOPInstanceUID
    assert first[1] == treatment.structure_set.SOPInstanceUID
    assert first[-1] == treatment.dose.SOPInstanceUID


def test_what_is_here_is_not_asked_for_again(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    collect(station, treatment.plan)
    archive.requests.clear()
    assert counts_of(collect(station, treatment.plan)) == COMPLETE
    assert "C-MOVE" not in [service for service, _ in archive.requests]


def test_images_in_several_studies_and_series_are_found(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    _, second, third, fourth = treatment.images
    second.SeriesInstanceUID = new_uid()
    third.StudyInstanceUID, third.SeriesInstanceUID = new_uid(), new_uid()
    refer_to_images(treatment.structure_set, treatment.images)
    # The last is in another study than the structure set says.
    fourth.StudyInstanceUID, fourth.SeriesInstanceUID = new_uid(), new_uid()
    archive.add(treatment.all)
    assert counts_of(collect(station, treatment.plan)) == COMPLETE


def test_a_dose_that_the_plan_does_not_name_is_found_and_that_of_another_plan_is_not_taken(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    del treatment.plan.ReferencedDoseSequence
    other = deepcopy(treatment.dose)
    other.SOPInstanceUID = new_uid()
    other.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = new_uid()
    archive.add([*treatment.all, other])
    result = collect(station, treatment.plan)
    assert counts_of(result) == COMPLETE
    assert other.SOPInstanceUID not in {one.sop_instance_uid for one in result.followed}
    assert result.unresolved == ()


def test_what_refers_to_nothing_is_told_with_its_reason(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    gone, *images = treatment.images
    archive.add([treatment.plan, treatment.structure_set, *images])
    result = collect(station, treatment.plan)
    assert counts_of(result) == {**COMPLETE, Kind.IMAGE: (3, 4), Kind.DOSE: (0, 1)}
    assert result.missing == ()
    reasons = {one.reference.sop_instance_uid: one.reason for one in result.unresolved}
    assert reasons == {
        gone.SOPInstanceUID: "BARE has no such instance",
        treatment.dose.SOPInstanceUID: "BARE has no such instance",
    }
    result.require_complete()


def test_a_plan_that_is_nowhere_is_missing_and_leads_to_nothing(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.images)
    result = collect(station, treatment.plan)
    (missing,) = result.missing
    assert missing.reference.sop_instance_uid == treatment.plan.SOPInstanceUID
    assert missing.reason == "BARE has no such instance"
    assert result.unresolved == ()
    assert counts_of(result) == {Kind.PLAN: (0, 1)}


def test_what_the_archive_of_the_plan_lacks_comes_from_the_configured_one(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    with known_archive(station, "OTHER") as other:
        archive.add([treatment.plan, treatment.structure_set])
        other.add([*treatment.images[1:], treatment.dose])
        result = collect(station, treatment.plan, fallback_ae="OTHER")
    assert counts_of(result) == {**COMPLETE, Kind.IMAGE: (3, 4)}
    (unresolved,) = result.unresolved
    assert unresolved.reason == "BARE has no such instance; OTHER has no such instance"


@pytest.mark.parametrize(
    ("uid", "archive_title", "reason"),
    [
        ("1.2.3\\4", "BARE", "its SOP Instance UID is no UID"),
        ("1.2.3", "", "no Retrieve AE Title is named for it"),
        ("1.2.3", "NOBODY", "NOBODY' is not in the AE directory"),
    ],
)
def test_what_cannot_be_asked_for_is_told(
    station: Actor, uid: str, archive_title: str, reason: str
) -> None:
    reference = InputReference(RT_PLAN, uid, "1.2", "1.2.1", archive_title)
    result = station.retriever.retrieve([reference])
    assert reason in result.missing[0].reason


def test_progress_is_told_by_what_has_arrived(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    told: list[RetrievalProgress] = []
    result = collect(station, treatment.plan, on_progress=told.append)
    assert (told[0].present, told[0].expected) == (1, 1)
    assert (told[-1].present, told[-1].expected) == (7, 7)
    assert told[-1].counts == result.counts
    assert KindCount(Kind.IMAGE, 4, 4) in result.counts


def test_a_ppvs_on_a_lossy_archive_ends_with_the_complete_collection(
    actors: Suite, recorder
) -> None:
    treatment = TreatmentObjects.make(images=50)
    plan = Plan.from_dataset(treatment.plan)
    actors.ppvs.auto_download = True
    actors.ppvs.subscribe().result(SECONDS)
    archive = BareArchive("OST", knows=lambda title: actors.directory.lookup(title).port)
    archive.add(treatment.all)
    archive.breaks_after = 20
    with archive.listening():
        fraction = actors.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
        actors.creator.store_rtbdi(fraction.rtbdi).result(SECONDS)
        actors.directory.register(archive.entity)
        actors.creator.create_step(fraction).result(SECONDS)
        told = recorder.wait_for(InputsRetrieved)
    assert counts_of(told.result) == {**COMPLETE, Kind.RTBDI: (1, 1), Kind.IMAGE: (50, 50)}
    assert (told.result.missing, told.result.unresolved) == ((), ())
    here = {one.sop_instance_uid for one in actors.ppvs.instances.instances()}
    assert here == uids_of(*treatment.all, fraction.rtbdi)
    assert set(archive.sent) == uids_of(*treatment.all)
    assert set(archive.sent.values()) == {1}
    progress = [event.progress for event in recorder.of(InputsProgressed)]
    assert progress[-1].counts == told.result.counts
    assert [one.present for one in progress] == sorted(one.present for one in progress)


def test_after_the_loss_of_the_storing_association_only_what_is_missing_is_asked_for(
    station: Actor, archive: BareArchive
) -> None:
    treatment = TreatmentObjects.make(images=50)
    archive.add(treatment.all)
    archive.breaks_after, archive.breaks = 20, "storing"
    result = collect(station, treatment.plan)
    assert counts_of(result)[Kind.IMAGE] == (50, 50)
    assert set(archive.sent.values()) == {1}
    asked = [
        len(keys.SOPInstanceUID)
        for service, keys in archive.requests
        if service == "C-MOVE" and not isinstance(keys.SOPInstanceUID, str)
    ]
    assert asked == [50, 30, 10]


def test_an_archive_that_always_breaks_is_given_up(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    archive.breaks_after = 0
    result = collect(station, treatment.plan)
    assert "aborted, or the connection was lost" in result.missing[0].reason
    assert [service for service, _ in archive.requests] == ["C-MOVE"] * 3


def test_a_canceled_collection_ends_early(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    archive.on_sending = lambda number: station.cancel_request() if number == 2 else None
    result = collect(station, treatment.plan)
    assert result.missing == ()
    assert {one.reason for one in result.unresolved} == {CANCELED}
    present, expected = counts_of(result)[Kind.IMAGE]
    assert 2 <= present < expected == 4
    assert counts_of(result)[Kind.DOSE] == (0, 1)
    archive.on_sending = lambda _number: None
    assert counts_of(collect(station, treatment.plan)) == COMPLETE
    assert set(archive.sent.values()) == {1}


@pytest.mark.parametrize("by_get", [False, True])
def test_an_archive_that_does_not_know_us_is_asked_by_c_get(
    station: Actor, archive: BareArchive, by_get: bool
) -> None:
    treatment = TreatmentObjects.make(images=30)
    archive.add(treatment.all)
    archive.knows = lambda _title: None
    archive.breaks_after = 20
    station.retriever.by_get = by_get
    told: list[RetrievalProgress] = []
    result = collect(station, treatment.plan, on_progress=told.append)
    assert counts_of(result) == {**COMPLETE, Kind.IMAGE: (30, 30)}
    assert uids_here(station) == uids_of(*treatment.all)
    assert set(archive.sent.values()) == {1}
    services = [service for service, _ in archive.requests]
    assert services.count("C-MOVE") == (0 if by_get else 1)
    assert services.count("C-GET") == 5
    assert {one.source_ae for one in station.retriever.store.instances()} == {"BARE"}


def test_an_archive_that_knows_us_not_and_has_no_c_get_says_so(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    archive.add(treatment.all)
    archive.knows = lambda _title: None
    archive.gets = False
    result = collect(station, treatment.plan)
    assert result.missing[0].reason == "C-MOVE to BARE: A801H move destination unknown"


def test_from_a_dose_or_structure_set_its_plan_is_found(
    station: Actor, archive: BareArchive, treatment: TreatmentObjects
) -> None:
    other = deepcopy(treatment.plan)
    other.SOPInstanceUID = new_uid()
    other.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = new_uid()
    archive.add([*treatment.all, other])
    for start in (treatment.structure_set, treatment.dose):
        reference = InputReference("", str(start.SOPInstanceUID), "", "", "BARE")
        result = station.retriever.retrieve([reference], follow=True, find_plans=True)
        assert counts_of(result) == COMPLETE
        assert result.unresolved == ()
        assert other.SOPInstanceUID not in {one.sop_instance_uid for one in result.followed}


@pytest.mark.parametrize("follows", [False, True])
def test_a_tdd_follows_references_where_it_is_told_to(
    tmp_path: Path, treatment: TreatmentObjects, follows: bool
) -> None:
    directory = AeDirectory()
    settings = TddSettings(port=0, follow_references=follows)
    tdd = Tdd(settings, Surroundings(directory, tmp_path))
    archive = BareArchive(knows=lambda title: directory.lookup(title).port)
    archive.add(treatment.all)
    step = Dataset()
    step.SOPInstanceUID = new_uid()
    step.InputInformationSequence = access_items([reference_to(treatment.plan, "BARE")])
    try:
        tdd.start()
        with archive.listening():
            directory.register(archive.entity)
            result = tdd.retrieve_static_inputs(Ups(step)).result(SECONDS)
    finally:
        tdd.stop()
    assert result.present == (treatment.plan.SOPInstanceUID,)
    assert counts_of(result) == (COMPLETE if follows else {Kind.PLAN: (1, 1)})

"""RO-61: the TMS makes an RTBDI that a step announces, when bare SCUs ask for it."""

from __future__ import annotations

import logging
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, build_role, evt

from tdwii_gui.actors import rtbdi_on_demand
from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import OstSettings, TmsSettings
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    build_treatment_records,
)
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import (
    COMPOSITE_INSTANCE_ROOT_GET,
    COMPOSITE_INSTANCE_ROOT_MOVE,
    PATIENT_ROOT_MOVE,
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_PLAN,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    new_uid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


SECONDS = 20
NOW = datetime.now().astimezone()
STUDY = ("StudyInstanceUID",)
SERIES = (*STUDY, "SeriesInstanceUID")
IMAGE = (*SERIES, "SOPInstanceUID")
INSTANCE = ("SOPInstanceUID",)


@dataclass(frozen=True)
class Actors:
    tms: Tms
    ost: Ost
    directory: AeDirectory


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Actors]:
    """Return a TMS and an OST for all tests: each has a plan of its own."""
    directory = AeDirectory()
    around = Surroundings(directory, tmp_path_factory.mktemp("data"))
    actors = Actors(Tms(TmsSettings(port=0), around), Ost(OstSettings(port=0), around), directory)
    try:
        yield actors
    finally:
        actors.tms.stop()
        actors.ost.stop()


@pytest.fixture
def actors(running: Actors) -> Iterator[Actors]:
    """Return the TMS and the OST; both listen."""
    running.tms.start()
    running.ost.start()
    running.tms.rtbdis.enabled = True
    yield running
    running.tms.stop_listening()
    running.ost.stop_listening()


@pytest.fixture
def plan(plan: Plan) -> Plan:
    """Return the plan as one that no other test has."""
    for keyword in IMAGE:
        setattr(plan.dataset, keyword, new_uid())
    return Plan.from_dataset(plan.dataset)


def build(plan: Plan, number: int = 2, **options: Any) -> tuple[Dataset, Dataset]:
    """Return an instruction and the attributes of a step that announces it."""
    group = plan.fraction_group()
    rtbdi = build_rtbdi(plan, group, number)
    request = StepRequest(
        fraction_number=number,
        group=group,
        start=NOW,
        static_ae="OST",
        dynamic_ae="TMS",
        **options,
    )
    return rtbdi, build_ups(plan, rtbdi, request)


@pytest.fixture
def announce(actors: Actors, plan: Plan) -> Callable[..., Dataset]:
    """Return a function that schedules a fraction whose instruction nobody stores.

    The plan is at the OST; the instruction that is returned is what the creator would have stored.
    """

    def make(number: int = 2, step_uid: str = "", **changes: Any) -> Dataset:
        actors.ost.instances.add_dataset(plan.dataset)
        rtbdi, ups = build(plan, number)
        for keyword, value in changes.items():
            setattr(ups, keyword, value)
        actors.tms.service.create(step_uid or None, ups, "CREATOR")
        return rtbdi

    return make


class Device:
    """A bare AE that retrieves from our TMS; its requests and what arrives by them."""

    def __init__(
        self, actors: Actors, bare_scu: Callable[..., Any], bare_scp: Callable[..., Any]
    ) -> None:
        self.received: list[Dataset] = []
        self._tms = actors.tms
        self._bare_scu = bare_scu
        contexts = [
            build_context(RT_BEAMS_DELIVERY_INSTRUCTION),
            build_context(RT_PLAN),
        ]
        sink = bare_scp(contexts, {evt.EVT_C_STORE: self._keep}, ae_title="DEVICE")
        actors.directory.register(sink.peer)

    def _keep(self, event: evt.Event) -> int:
        self.received.append(event.dataset)
        return 0

    @property
    def instructions(self) -> list[Dataset]:
        wanted = RT_BEAMS_DELIVERY_INSTRUCTION
        return [one for one in self.received if one.SOPClassUID == wanted]

    def move(self, identifier: Dataset, model: str = STUDY_ROOT_MOVE) -> tuple[Dataset, Any]:
        """Return command and identifier of the final response."""
        association = self._bare_scu(self._tms, [build_context(model)], ae_title="DEVICE")
        answers = list(association.send_c_move(identifier, "DEVICE", model))
        return answers[-1]

    def get(self, identifier: Dataset, model: str) -> tuple[Dataset, Any]:
        association = self._bare_scu(
            self._tms,
            [build_context(model), build_context(RT_BEAMS_DELIVERY_INSTRUCTION)],
            ext_neg=[build_role(RT_BEAMS_DELIVERY_INSTRUCTION, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, self._keep)],
            ae_title="DEVICE",
        )
        return list(association.send_c_get(identifier, model))[-1]


@pytest.fixture
def device(actors: Actors, bare_scu: Callable[..., Any], bare_scp: Callable[..., Any]) -> Device:
    return Device(actors, bare_scu, bare_scp)


def asking(rtbdi: Dataset, keywords: tuple[str, ...] = IMAGE, level: str = "IMAGE") -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword in keywords:
        setattr(identifier, keyword, rtbdi[keyword].value)
    return identifier


@pytest.mark.parametrize(
    ("model", "level", "keywords"),
    [
        (STUDY_ROOT_MOVE, "IMAGE", IMAGE),
        (STUDY_ROOT_MOVE, "IMAGE", INSTANCE),
        (STUDY_ROOT_MOVE, "SERIES", SERIES),
        (STUDY_ROOT_MOVE, "STUDY", STUDY),
        (PATIENT_ROOT_MOVE, "IMAGE", ("PatientID", *IMAGE)),
        (COMPOSITE_INSTANCE_ROOT_MOVE, "IMAGE", INSTANCE),
        (STUDY_ROOT_GET, "IMAGE", IMAGE),
        (COMPOSITE_INSTANCE_ROOT_GET, "IMAGE", INSTANCE),
    ],
)
def test_an_announced_instruction_is_made_when_it_is_asked_for(
    actors: Actors,
    plan: Plan,
    announce: Callable[..., Dataset],
    device: Device,
    model: str,
    level: str,
    keywords: tuple[str, ...],
) -> None:
    wanted = announce(number=2)
    assert not actors.tms.instances.present([wanted.SOPInstanceUID])
    retrieve = device.move if "MOVE" in model.name else device.get
    command, _ = retrieve(asking(wanted, keywords, level), model)
    assert command.Status == 0
    assert command.NumberOfCompletedSuboperations == len(device.received)
    (made,) = device.instructions
    for keyword in (*IMAGE, "SOPClassUID", "Modality", "PatientID", "ReferencedRTPlanSequence"):
        assert made[keyword] == wanted[keyword]
    instruction = RtBeamsDeliveryInstruction.from_dataset(made)
    assert instruction == RtBeamsDeliveryInstruction.from_dataset(wanted)
    assert instruction.fraction_number == 2
    assert instruction.plan_sop_instance_uid == plan.sop_instance_uid

    actors.ost.stop_listening()
    retrieve(asking(wanted, keywords, level), model)
    assert device.instructions == [made, made], "from now on it is stored"


def test_a_plan_that_is_here_needs_no_archive(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    wanted = announce()
    actors.tms.instances.add_dataset(plan.dataset)
    actors.ost.stop_listening()
    assert device.move(asking(wanted))[0].Status == 0
    assert device.received[0].SOPInstanceUID == wanted.SOPInstanceUID


def test_a_continuation_goes_on_where_the_records_end(
    actors: Actors, plan: Plan, device: Device
) -> None:
    group = plan.fraction_group()
    first, *others = group.beams
    half = first.meterset / 2
    delivered = [DeliveredBeam(first.number, half, NOW, NOW)]
    (record,) = build_treatment_records(plan, group, delivered, SessionInfo(3))
    kind = TreatmentDeliveryType.CONTINUATION
    rtbdi, ups = build(plan, 3, delivery_type=kind, records=[record])
    for dataset in (plan.dataset, record):
        actors.ost.instances.add_dataset(dataset)
    actors.tms.service.create(None, ups, "CREATOR")
    assert device.move(asking(rtbdi))[0].Status == 0
    instruction = RtBeamsDeliveryInstruction.from_dataset(device.received[0])
    continued, *rest = instruction.tasks
    assert (continued.beam_number, continued.delivery_type) == (first.number, kind)
    assert continued.start_meterset == pytest.approx(half, abs=1e-4)
    assert continued.end_meterset == pytest.approx(first.meterset, abs=1e-4)
    assert rest == [BeamTask(beam.number) for beam in others]


def test_another_study_than_the_plans_is_taken_as_it_is_announced(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    rtbdi, ups = build(plan)
    inputs = ups.InputInformationSequence
    inputs[1].StudyInstanceUID = "1.2.3.77"
    announce(InputInformationSequence=inputs)
    assert device.move(asking(rtbdi, INSTANCE))[0].Status == 0
    (made,) = device.received
    assert made.StudyInstanceUID == "1.2.3.77"
    assert made.SeriesInstanceUID == rtbdi.SeriesInstanceUID
    assert not made.StudyDate


def failed(answer: tuple[Dataset, Any], uid: str) -> str:
    """Return the Error Comment of a retrieval of which the one instance has failed."""
    command, identifier = answer
    assert command.Status == Status.CANNOT_PERFORM_SUBOPERATIONS
    assert command.NumberOfFailedSuboperations == 1
    assert command.NumberOfCompletedSuboperations == 0
    assert identifier.FailedSOPInstanceUIDList == uid
    assert len(command.ErrorComment) <= 64
    return str(command.ErrorComment)


@pytest.mark.parametrize("retrieval", ["move", "get"])
def test_without_its_plan_an_instruction_fails_with_the_reason(
    actors: Actors,
    announce: Callable[..., Dataset],
    device: Device,
    caplog: pytest.LogCaptureFixture,
    retrieval: str,
) -> None:
    uid = announce().SOPInstanceUID
    actors.ost.stop_listening()
    wanted = Dataset()
    wanted.SOPInstanceUID = uid
    with caplog.at_level(logging.WARNING):
        if retrieval == "move":
            answer = device.move(asking(wanted, INSTANCE))
        else:
            answer = device.get(asking(wanted, INSTANCE), STUDY_ROOT_GET)
    assert "no plan: OST" in failed(answer, uid)
    assert f"RTBDI {uid} cannot be made" in caplog.text
    assert "nothing listens there" in caplog.text
    assert not device.received
    actors.ost.start()
    device.move(asking(wanted, INSTANCE))
    assert [one.SOPInstanceUID for one in device.received] == [uid]


def test_what_is_stored_is_sent_though_another_instruction_cannot_be_made(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    one, other = announce(1), announce(2)
    actors.tms.instances.add_dataset(one)
    actors.ost.stop_listening()
    command, identifier = device.move(asking(one, STUDY, "STUDY"))
    assert command.Status == Status.SUBOPERATIONS_WITH_FAILURES
    assert command.NumberOfCompletedSuboperations == 1
    assert command.NumberOfFailedSuboperations == 1
    assert identifier.FailedSOPInstanceUIDList == other.SOPInstanceUID
    assert "no plan" in command.ErrorComment


def test_an_archive_that_does_not_answer_is_not_waited_for_long(
    actors: Actors,
    announce: Callable[..., Dataset],
    device: Device,
    bare_scp: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtbdi_on_demand, "_FETCH_SECONDS", 0.2)
    rtbdi = announce()
    actors.ost.stop_listening()
    let_go = Event()

    def hang(_event: evt.Event) -> Any:
        let_go.wait(SECONDS)
        yield None, None

    silent = bare_scp([build_context(STUDY_ROOT_MOVE)], {evt.EVT_C_MOVE: hang}, ae_title="OST")
    actors.directory.register(silent.peer)
    try:
        answer = device.move(asking(rtbdi))
    finally:
        let_go.set()
    assert "no plan: OST" in failed(answer, rtbdi.SOPInstanceUID)


def test_two_devices_that_ask_at_once_get_the_same_instruction(
    actors: Actors, announce: Callable[..., Dataset], device: Device
) -> None:
    rtbdi = announce()
    together = Barrier(4)
    counts: list[tuple[int, int]] = []

    def ask() -> None:
        together.wait(SECONDS)
        command, _ = device.move(asking(rtbdi))
        counts.append((command.Status, command.NumberOfCompletedSuboperations))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert counts == [(0, 1)] * 4
    assert len(device.received) == 4
    assert all(one == device.received[0] for one in device.received)


@pytest.mark.parametrize("state", [ProcedureStepState.COMPLETED, ProcedureStepState.CANCELED])
def test_no_instruction_is_made_for_a_final_step(
    actors: Actors,
    announce: Callable[..., Dataset],
    device: Device,
    state: ProcedureStepState,
) -> None:
    uid = new_uid()
    rtbdi = announce(step_uid=uid)
    with actors.tms._steps.transaction() as transaction:
        step = transaction.load(uid)
        transaction.save(step.in_state(state, step.dataset))
    command, _ = device.move(asking(rtbdi))
    assert (command.Status, command.NumberOfCompletedSuboperations) == (0, 0)


def test_nothing_is_made_that_no_step_announces(
    actors: Actors, announce: Callable[..., Dataset], device: Device
) -> None:
    """Neither an unknown UID, nor the beginning of a known one, nor the plan of a step."""
    rtbdi = announce()
    wanted = Dataset()
    uids = (new_uid(), rtbdi.SOPInstanceUID[:-1].rstrip("."))
    for uid in (*uids, rtbdi.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID):
        wanted.SOPInstanceUID = uid
        command, _ = device.move(asking(wanted, INSTANCE))
        assert (command.Status, command.NumberOfFailedSuboperations) == (0, 0)
    assert not actors.tms.instances.present([rtbdi.SOPInstanceUID])


def test_nothing_is_made_that_another_ae_offers(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    rtbdi, ups = build(plan)
    inputs = ups.InputInformationSequence
    inputs[1].DICOMRetrievalSequence[0].RetrieveAETitle = "OTHER"
    announce(InputInformationSequence=inputs)
    command, _ = device.move(asking(rtbdi, INSTANCE))
    assert (command.Status, command.NumberOfFailedSuboperations) == (0, 0)


def test_nothing_is_made_where_it_is_switched_off(
    actors: Actors, announce: Callable[..., Dataset], device: Device
) -> None:
    actors.tms.rtbdis.enabled = False
    rtbdi = announce()
    command, _ = device.move(asking(rtbdi))
    assert (command.Status, command.NumberOfCompletedSuboperations) == (0, 0)
    assert not actors.tms.instances.present([rtbdi.SOPInstanceUID])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PatientID": "ANOTHER"}, "PatientID of step and plan differ"),
        ({"ScheduledProcessingParametersSequence": []}, "Current Fraction Number is not"),
    ],
)
def test_step_and_plan_that_do_not_fit_are_told(
    announce: Callable[..., Dataset],
    device: Device,
    changes: dict[str, Any],
    words: str,
) -> None:
    rtbdi = announce(**changes)
    answer = device.move(asking(rtbdi, INSTANCE))
    assert words in failed(answer, rtbdi.SOPInstanceUID)


def test_steps_that_mean_different_treatments_by_one_instruction_are_told(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    rtbdi, ups = build(plan)
    for number in (1, 2):
        announce(number, InputInformationSequence=ups.InputInformationSequence)
    answer = device.move(asking(rtbdi))
    assert "mean different ones" in failed(answer, rtbdi.SOPInstanceUID)


def test_of_several_fraction_groups_the_number_of_fractions_decides(
    actors: Actors, plan: Plan, announce: Callable[..., Dataset], device: Device
) -> None:
    group = plan.dataset.FractionGroupSequence[0]
    other = deepcopy(group)
    other.FractionGroupNumber = group.FractionGroupNumber + 1
    other.NumberOfFractionsPlanned = group.NumberOfFractionsPlanned + 1
    plan.dataset.FractionGroupSequence.append(other)
    rtbdi = announce()
    device.move(asking(rtbdi))
    (made,) = device.received
    assert made.BeamTaskSequence[0].ReferencedFractionGroupNumber == group.FractionGroupNumber


def test_composite_instance_root_has_no_other_level(
    announce: Callable[..., Dataset], device: Device
) -> None:
    """PS3.4 Y.3.1."""
    identifier = asking(announce(), SERIES, "SERIES")
    command, _ = device.move(identifier, COMPOSITE_INSTANCE_ROOT_MOVE)
    assert command.Status == Status.DATASET_MISMATCH
    assert command.ErrorComment == "the level must be IMAGE"

"""The PPVS reports its imaging by MPPS, to a keeper of bare pynetdicom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import ImagingChanged
from tdwii_gui.actors.imaging import ImagingPhase, ImagingState, PositionCheck
from tdwii_gui.actors.imaging_report import description
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import PpvsSettings
from tdwii_gui.dicom.errors import ActionNotAllowed, ConfigError, DimseStatusError
from tdwii_gui.dicom.uids import MPPS, MPPS_RETRIEVE, is_valid_uid
from tests.integration.net.foreign_tms import ForeignTms, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 20
UID = "1.2.3.4.5"
ACCEPTED = PositionCheck(UID, 1.04, -2, 0, 0.5, 0, -0.25)


@dataclass
class Keeper:
    """Keeps MPPS; `lose` is a message whose answer is lost once."""

    kept: dict[str, Dataset] = field(default_factory=dict)
    messages: list[tuple[str, str, str, Dataset]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    lose: str = ""

    def listen(self, bare_scp: Callable[..., Any]) -> ApplicationEntity:
        handlers = {
            evt.EVT_N_CREATE: self._on_create,
            evt.EVT_N_SET: self._on_set,
            evt.EVT_N_GET: self._on_get,
        }
        contexts = [build_context(uid) for uid in (MPPS, MPPS_RETRIEVE)]
        entity: ApplicationEntity = bare_scp(contexts, handlers, ae_title="KEEPER").peer
        return entity

    def _on_create(self, event: evt.Event) -> tuple[int, Dataset | None]:
        uid = str(event.request.AffectedSOPInstanceUID)
        self._note(event, "N-CREATE", uid, event.attribute_list)
        if uid in self.kept:
            return 0x0111, None
        self.kept[uid] = event.attribute_list
        return self._answer(event, "N-CREATE"), self.kept[uid]

    def _on_set(self, event: evt.Event) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        self._note(event, "N-SET", uid, event.modification_list)
        if uid not in self.kept:
            return 0x0112, None
        if self.kept[uid].PerformedProcedureStepStatus != "IN PROGRESS":
            return 0x0110, None
        status = self.answers.pop(0) if self.answers else 0
        if status == 0:
            self.kept[uid].update(event.modification_list)
        return status or self._answer(event, "N-SET"), self.kept[uid]

    def _on_get(self, event: evt.Event) -> tuple[int, Dataset | None]:
        return 0, self.kept[str(event.request.RequestedSOPInstanceUID)]

    def _note(self, event: evt.Event, name: str, uid: str, dataset: Dataset) -> None:
        self.messages.append((name, str(event.context.abstract_syntax), uid, dataset))

    def _answer(self, event: evt.Event, name: str) -> int:
        if self.lose == name:
            self.lose = ""
            event.assoc.abort()
        return 0


@pytest.fixture
def keeper(bare_scp: Callable[..., Any]) -> Keeper:
    return Keeper()


@pytest.fixture
def tms(bare_scp: Callable[..., Any]) -> ForeignTms:
    step = Dataset()
    step.SOPInstanceUID, step.ProcedureStepState = UID, "SCHEDULED"
    step.PatientID, step.StudyInstanceUID = "P1", "1.2.9"
    tms = ForeignTms(as_dcm4chee=True, steps={UID: Step(step)})
    tms.listen(bare_scp)
    return tms


@pytest.fixture
def make_ppvs(tmp_path: Path, recorder: Any, tms: ForeignTms) -> Iterator[Callable[..., Ppvs]]:
    made: list[Ppvs] = []

    def make(*others: ApplicationEntity, **settings: Any) -> Ppvs:
        directory = AeDirectory([tms.peer, *others])
        around = Surroundings(directory, tmp_path, listener=recorder)
        made.append(Ppvs(PpvsSettings(port=0, mpps_ae_title="KEEPER", **settings), around))
        return made[-1]

    yield make
    for ppvs in made:
        ppvs.stop()


@pytest.fixture
def ppvs(make_ppvs: Callable[..., Ppvs], keeper: Keeper, bare_scp: Callable[..., Any]) -> Ppvs:
    return make_ppvs(keeper.listen(bare_scp))


def phases(recorder: Any) -> list[tuple[ImagingPhase, bool]]:
    return [(e.state.phase, e.state.reported) for e in recorder.of(ImagingChanged)]


@pytest.mark.parametrize(("accepted", "status"), [(True, "COMPLETED"), (False, "DISCONTINUED")])
def test_imaging_is_reported_from_its_start_to_its_end(
    ppvs: Ppvs, keeper: Keeper, recorder: Any, accepted: bool, status: str
) -> None:
    assert ppvs.imaging(UID) == ImagingState()
    begun = ppvs.start_imaging(UID).result(SECONDS)
    assert begun == ppvs.imaging(UID)
    assert begun.started
    check = PositionCheck(UID, 1, 2, 3, accepted=accepted)
    ended = ppvs.finish_imaging(check).result(SECONDS)
    assert (ended.phase, ended.check) == (ImagingPhase(status), check)
    assert ended.ended
    assert ended.ended >= begun.started
    assert phases(recorder) == [(ImagingPhase.IN_PROGRESS, True), (ImagingPhase(status), True)]

    (created, _, uid, start), (changed, _, same, end) = keeper.messages
    assert (created, changed) == ("N-CREATE", "N-SET")
    assert {context for _, context, _, _ in keeper.messages} == {MPPS}
    assert uid == same == begun.mpps_uid
    assert start.PerformedStationAETitle == "PPVS_SCP"
    assert start.PatientID == "P1"
    assert start.ScheduledStepAttributesSequence[0].StudyInstanceUID == "1.2.9"
    assert end.PerformedProcedureStepStatus == status
    (series,) = end.PerformedSeriesSequence
    assert is_valid_uid(series.SeriesInstanceUID)
    assert series.ProtocolName
    assert "1.0/2.0/3.0 mm" in series.SeriesDescription
    assert bool(end.get("PerformedProcedureStepDiscontinuationReasonCodeSequence")) != accepted


def test_imaging_begins_and_ends_once_and_may_be_repeated(ppvs: Ppvs, keeper: Keeper) -> None:
    with pytest.raises(ActionNotAllowed, match="no imaging"):
        ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    first = ppvs.start_imaging(UID).result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="in progress"):
        ppvs.start_imaging(UID).result(SECONDS)
    ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="no imaging"):
        ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    again = ppvs.start_imaging(UID).result(SECONDS)
    assert again.mpps_uid != first.mpps_uid
    assert len(keeper.messages) == 3


def test_a_final_step_is_not_imaged(ppvs: Ppvs, tms: ForeignTms, keeper: Keeper) -> None:
    tms.steps[UID].dataset.ProcedureStepState = "COMPLETED"
    with pytest.raises(ActionNotAllowed, match="COMPLETED"):
        ppvs.start_imaging(UID).result(SECONDS)
    assert keeper.messages == []


def test_a_start_that_could_not_be_reported_is_reported_before_the_end(
    make_ppvs: Callable[..., Ppvs], keeper: Keeper, bare_scp: Callable[..., Any], recorder: Any
) -> None:
    ppvs = make_ppvs()
    begun = ppvs.start_imaging(UID).result(SECONDS)
    assert not begun.reported
    assert "KEEPER" in begun.problem
    with pytest.raises(ConfigError, match="KEEPER"):
        ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    assert ppvs.imaging(UID).phase is ImagingPhase.IN_PROGRESS
    assert "KEEPER" in recorder.of(ImagingChanged)[-1].state.problem

    ppvs.directory.register(keeper.listen(bare_scp))
    ended = ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    assert (ended.reported, ended.problem) == (True, "")
    assert [name for name, *_ in keeper.messages] == ["N-CREATE", "N-SET"]
    start = keeper.messages[0][3]
    assert start.PerformedProcedureStepStartTime.startswith(f"{begun.started:%H%M%S}")


@pytest.mark.parametrize("lost", ["N-CREATE", "N-SET"])
def test_a_report_whose_answer_was_lost_is_sent_again_and_taken_as_done(
    ppvs: Ppvs, keeper: Keeper, lost: str
) -> None:
    keeper.lose = lost
    ppvs.start_imaging(UID).result(SECONDS)
    error = ppvs.finish_imaging(ACCEPTED).exception(SECONDS)
    assert (error is None) == (lost == "N-CREATE")
    if error is not None:
        ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    (kept,) = keeper.kept.values()
    assert kept.PerformedProcedureStepStatus == "COMPLETED"
    assert ppvs.imaging(UID).phase is ImagingPhase.COMPLETED


def test_an_end_that_is_refused_can_be_repeated(ppvs: Ppvs, keeper: Keeper) -> None:
    keeper.answers = [0x0106]
    ppvs.start_imaging(UID).result(SECONDS)
    with pytest.raises(DimseStatusError) as caught:
        ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    assert caught.value.status == 0x0106
    assert ppvs.imaging(UID).problem
    ended = ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    assert (ended.phase, ended.problem) == (ImagingPhase.COMPLETED, "")
    assert [name for name, *_ in keeper.messages] == ["N-CREATE", "N-SET", "N-SET"]


def test_nothing_is_reported_where_that_is_not_wanted(
    make_ppvs: Callable[..., Ppvs], recorder: Any
) -> None:
    ppvs = make_ppvs(report_imaging=False)
    ppvs.start_imaging(UID).result(SECONDS)
    ended = ppvs.finish_imaging(ACCEPTED).result(SECONDS)
    assert (ended.phase, ended.reported, ended.problem) == (ImagingPhase.COMPLETED, False, "")
    assert len(phases(recorder)) == 2


def test_the_outcome_of_a_check_fits_a_series_description() -> None:
    assert description(ACCEPTED) == "accepted: 1.0/-2.0/0.0 mm, 0.5/0.0/-0.2 deg"
    far = PositionCheck(UID, *[-12345.6] * 3, *[-123.4] * 3, accepted=False)
    assert len(description(far)) == 64

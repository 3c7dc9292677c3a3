"""Storage commitment to the treatment records: the TDD asks, the OST answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import CommitmentChanged
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.actors.suite import Suite
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.treatment_session import BY_SCRIPT, TreatmentSession
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import OstSettings, Settings, TddSettings
from tdwii_gui.dicom.errors import ActionNotAllowed, ConfigError
from tdwii_gui.dicom.iod.commitment import CommitmentState
from tdwii_gui.dicom.uids import RT_BEAMS_TREATMENT_RECORD, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.iod.ups import Ups

SECONDS = 20


def record() -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = RT_BEAMS_TREATMENT_RECORD
    dataset.SOPInstanceUID = new_uid()
    dataset.StudyInstanceUID = new_uid()
    dataset.SeriesInstanceUID = new_uid()
    dataset.Modality = "RTRECORD"
    return dataset


def never() -> bool:
    return False


@pytest.fixture
def around(tmp_path: Path, recorder) -> Surroundings:
    return Surroundings(AeDirectory(), tmp_path, listener=recorder)


@pytest.fixture
def ost(around: Surroundings, start_actor: Callable[[Ost], Ost]) -> Ost:
    return start_actor(Ost(OstSettings(port=0), around))


@pytest.fixture
def start_tdd(around: Surroundings, start_actor: Callable[[Tdd], Tdd]) -> Callable[..., Tdd]:
    """Return a function that starts a TDD that waits so many seconds for commitments."""

    def start(seconds: float = 10.0) -> Tdd:
        settings = TddSettings(port=0, request_commitment=True, commitment_wait_seconds=seconds)
        return start_actor(Tdd(settings, around))

    return start


def reported(recorder, ae_title: str):
    """Wait until an actor tells of a result."""
    return recorder.wait_for(
        CommitmentChanged,
        lambda e: e.ae_title == ae_title and e.commitment.state is CommitmentState.REPORTED,
    ).commitment


def test_stored_records_are_committed_to(ost: Ost, start_tdd, recorder) -> None:
    tdd, records = start_tdd(), [record(), record()]
    tdd.store_results(records).result(SECONDS)
    tdd.require_commitment(records, never)
    commitment = reported(recorder, "TDD")
    assert commitment.is_safe
    assert set(commitment.uids) == {each.SOPInstanceUID for each in records}
    assert commitment.transaction_uid == reported(recorder, "OST").transaction_uid
    (asked,) = tdd.commitments().result(SECONDS)
    (answered,) = ost.commitments().result(SECONDS)
    assert asked.transaction_uid == answered.transaction_uid
    assert answered.requestor_ae == "TDD"


def test_what_is_lost_is_asked_for_again(ost: Ost, start_tdd, recorder) -> None:
    tdd, records = start_tdd(), [record()]
    tdd.store_results(records).result(SECONDS)
    tdd.require_commitment(records, never)
    ost.instances.get(records[0].SOPInstanceUID).path.unlink()
    tdd._ask_again(records).result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="has not committed to all"):
        tdd.require_commitment(records, never)
    tdd.store_results(records).result(SECONDS)
    tdd.require_commitment(records, never)


def test_a_result_may_come_after_a_restart(ost: Ost, start_tdd, recorder, monkeypatch) -> None:
    monkeypatch.setattr(ost._commitment, "_check", lambda: None)
    tdd, records = start_tdd(0.05), [record()]
    tdd.store_results(records).result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="no result came yet"):
        tdd.require_commitment(records, never)
    tdd.stop()
    ost.stop_listening()
    monkeypatch.undo()
    again = start_tdd()
    ost.start()
    assert reported(recorder, "TDD").is_safe
    assert len(again.commitments().result(SECONDS)) == 1


def test_an_archive_that_does_not_answer_keeps_no_record_back(
    ost: Ost, start_tdd, recorder
) -> None:
    tdd, records = start_tdd(), [record()]
    ost._services.remove(ost._commitment)
    ost.stop_listening()
    ost.start()
    tdd.store_results(records).result(SECONDS)
    told = recorder.wait_for(
        CommitmentChanged, lambda e: e.commitment.state is CommitmentState.UNDELIVERED
    )
    assert "accepts none of" in told.commitment.reason
    assert ost.instances.present([records[0].SOPInstanceUID])


def test_nobody_waits_unless_the_settings_say_so(ost: Ost, start_tdd) -> None:
    tdd = start_tdd(0.0)
    tdd.require_commitment([record()], never)
    assert tdd.commitments().result(SECONDS) == []


def test_waiting_needs_asking() -> None:
    with pytest.raises(ConfigError):
        TddSettings(commitment_wait_seconds=1.0)
    with pytest.raises(ConfigError):
        TddSettings(request_commitment=True, commitment_wait_seconds=-1.0)


@pytest.fixture
def actors(tmp_path: Path, recorder) -> Iterator[Suite]:
    tdd = TddSettings(request_commitment=True, commitment_wait_seconds=0.1)
    with Suite(Settings(tdd=tdd), tmp_path / "data", recorder) as suite:
        yield suite


def test_a_step_is_completed_when_its_records_are_safe(
    actors: Suite, schedule: Callable[[], Ups], recorder, monkeypatch
) -> None:
    """A whole session; the OST looks at the files only after it was started again."""
    monkeypatch.setattr(actors.ost._commitment, "_check", lambda: None)
    session = TreatmentSession(actors.tdd, schedule())
    session.retrieve_inputs().result(SECONDS)
    session.confirm_patient(BY_SCRIPT)
    session.start().result(SECONDS)
    session.deliver().result(SECONDS)
    session.store_records().result(SECONDS)
    session.send_final_update().result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="no result came yet"):
        session.complete().result(SECONDS)
    assert session.state is SessionState.UPDATED
    monkeypatch.undo()
    actors.ost.stop_listening()
    actors.ost.start()
    reported(recorder, "TDD")
    session.complete().result(SECONDS)
    assert session.state is SessionState.COMPLETED
    session.close()

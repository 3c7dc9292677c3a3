from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.iod.codes import discontinuation_reason
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    DeliveredControlPoint,
    TerminationStatus,
)
from tdwii_gui.dicom.iod.ups import Cancellation
from tdwii_gui.dicom.store.session_entry import SessionBeginning, Stage
from tdwii_gui.dicom.store.session_journal import SessionJournal
from tdwii_gui.dicom.uids import RT_BEAMS_TREATMENT_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.dicom.store.session_journal import OpenSession

UID = "1.2.826.0.1"
AT = datetime(2026, 11, 21, 10, 0, 0, 250_000, UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tdd" / "sessions.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SessionJournal]:
    journal = SessionJournal(path)
    yield journal
    journal.close()


def begin(journal: SessionJournal, uid: str = UID) -> OpenSession:
    step = Dataset()
    step.PatientID = "P1"
    return journal.open(uid, step, SessionBeginning(AT, 12.5, "A^B"))


def beam(number: int, end: float, **values: object) -> DeliveredBeam:
    return DeliveredBeam(
        beam_number=number,
        end_meterset=end,
        started=AT,
        ended=AT + timedelta(seconds=1.5),
        **values,
    )


def record(uid: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RT_BEAMS_TREATMENT_RECORD, uid
    return dataset


def test_a_session_is_known_from_its_beginning_on(journal: SessionJournal) -> None:
    session = begin(journal)
    entry = session.entry
    assert entry.step.sop_instance_uid == UID
    assert entry.step.patient_id == "P1"
    assert entry.beginning == SessionBeginning(AT, 12.5, "A^B")
    assert entry.stage is Stage.CLAIMING
    assert not entry.stage.has_begun
    assert (entry.runs, entry.records, entry.cancellation) == ((), (), None)
    session.forget()
    assert journal.get(UID) is None


def test_all_that_is_noted_comes_back_after_a_restart(path: Path, journal: SessionJournal) -> None:
    session = begin(journal)
    point = DeliveredControlPoint(1, 0.1 + 0.2, 1 / 3, AT, None, 600.0)
    first = beam(1, 100.0, control_points=(point,), spots=((0.1, 0.2), ()))
    part = beam(2, 1 / 3, start_meterset=0.1, termination=TerminationStatus.UNKNOWN)
    session.note_stage(Stage.BEAM_ON)
    session.note_progress(40.0, 2, (0, first), (0, beam(2, 0.2)))
    session.note_progress(41.5, 2, (0, part))
    rest = beam(2, 50.0, delivery_type=TreatmentDeliveryType.CONTINUATION)
    session.note_progress(60.0, 2, (1, rest))
    code = discontinuation_reason("110501")
    session.note_cancellation(Cancellation(code, "interlock"))
    session.release()
    journal.close()

    again = SessionJournal(path)
    (entry,) = again.abandoned()
    again.close()
    assert entry.stage is Stage.BEAM_ON
    assert (entry.percent, entry.beam_number) == (60.0, 2)
    assert entry.runs == ((first, part), (rest,))
    assert entry.cancellation == Cancellation(code, "interlock")
    assert entry.owes_records


def test_a_session_that_is_open_belongs_to_who_has_opened_it(
    path: Path, journal: SessionJournal
) -> None:
    session = begin(journal)
    other = SessionJournal(path)
    try:
        assert other.abandoned() == []
        with pytest.raises(StoreError, match="is open already"):
            other.reopen(UID)
        with pytest.raises(StoreError, match="is open already"):
            begin(journal)
        session.release()
        assert [entry.step.sop_instance_uid for entry in other.abandoned()] == [UID]
        found = other.reopen(UID)
        assert found is not None
        assert journal.abandoned() == []
        found.forget()
        assert other.reopen(UID) is None
    finally:
        other.close()
    assert list(path.parent.glob("*.lock")) == [], "a session that is over leaves no file"


def test_a_session_that_is_gone_on_with_keeps_its_beginning(journal: SessionJournal) -> None:
    session = begin(journal)
    session.note_stage(Stage.STOPPED)
    session.release()
    again = journal.open(UID, Dataset(), SessionBeginning(AT + timedelta(hours=1)))
    assert again.entry.beginning.started == AT
    assert again.entry.stage is Stage.STOPPED
    again.release()


def test_records_are_kept_until_they_are_stored(journal: SessionJournal) -> None:
    session = begin(journal)
    session.keep_records([record("1.1"), record("1.2")])
    session.note_stored("1.1")
    assert session.entry.unsent_records == 1
    # Others take the place of those that are not stored, and of no others.
    session.keep_records([record("1.1"), record("1.3")])
    entry = session.entry
    assert [one.SOPInstanceUID for one in entry.records] == ["1.1", "1.3"]
    assert entry.stored_uids == {"1.1"}
    session.note_stage(Stage.RECORDED)
    assert session.entry.unsent_records == 0
    assert not session.entry.owes_records
    session.release()

"""What an operator may do to a worklist, and that it keeps to the rules of the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.errors import ActionNotAllowed, DatasetError, DimseStatusError
from tdwii_gui.dicom.iod.codes import Code, discontinuation_reason
from tdwii_gui.dicom.iod.ups import InputReadiness, Ups
from tdwii_gui.dicom.iod.ups_update import cancel_request
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.ups_history import OPERATION, UpsHistory
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.dicom.ups.operation import StepEdit
from tdwii_gui.dicom.ups.worklist_operator import Operator

if TYPE_CHECKING:
    from typing import Any

UID = "1.2.3.100"
LATER = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
STATION = Code("TR2", "99X", "Gerät 2")


@pytest.fixture
def history(worklist: Any) -> UpsHistory:
    return UpsHistory(worklist.store.engine, "test")


@pytest.fixture
def operator(worklist: Any, history: UpsHistory) -> Operator:
    return Operator(
        worklist.store,
        worklist.service,
        history,
        ae_title="TMS",
        person="somebody",
        on_change=worklist.changes.append,
        now=lambda: LATER,
    )


def step(worklist: Any) -> Ups:
    return Ups(worklist.service.get(UID))


# edit


def test_an_edit_changes_a_scheduled_step_and_raises_the_events_of_an_n_set(
    worklist: Any, operator: Operator, history: UpsHistory
) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.events()
    edit = StepEdit(InputReadiness.INCOMPLETE, STATION, datetime(2026, 11, 24, 7, 30, tzinfo=UTC))
    foreseen = str(operator.edit_consequences(UID, edit))
    assert "input readiness INCOMPLETE, station TR2, start 2026-11-24" in foreseen
    assert foreseen.endswith("events go to 1 subscriber: WATCHER")
    assert worklist.events() == [], "nothing happens before it is confirmed"

    operator.edit(UID, edit)
    assert worklist.events() == [(1, UID, "SCHEDULED"), (5, UID, "")]
    after = step(worklist)
    assert after.input_readiness is InputReadiness.INCOMPLETE
    assert after.machine == "TR2"
    assert after.start == edit.start
    station = after.dataset.ScheduledStationNameCodeSequence[0]
    assert station.CodeMeaning == "Gerät 2"
    assert str(after.dataset.ProcedureStepLabel) == "Größe", "other texts stay readable"
    assert worklist.changes[-1].kind is ChangeKind.UPDATED
    (entry,) = history.of(UID)
    assert (entry.message, entry.comment) == (OPERATION, "by somebody")
    assert entry.what.startswith("edited: input readiness INCOMPLETE")


def test_a_new_start_alone_is_no_event(worklist: Any, operator: Operator) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.events()
    edit = StepEdit(start=LATER)
    assert "nobody is told" in str(operator.edit_consequences(UID, edit))
    operator.edit(UID, edit)
    assert worklist.events() == []
    assert step(worklist).start == LATER


@pytest.mark.parametrize("state", ["IN PROGRESS", "COMPLETED", "CANCELED"])
def test_only_a_scheduled_step_is_edited(worklist: Any, operator: Operator, state: str) -> None:
    worklist.bring_to(state)
    before = worklist.service.get(UID)
    for attempt in (operator.edit, operator.edit_consequences):
        with pytest.raises(ActionNotAllowed, match=f"the step is {state}; only one that is SCHED"):
            attempt(UID, StepEdit(InputReadiness.READY))
    assert worklist.service.get(UID) == before


def test_an_edit_that_is_none_or_illegal_is_refused(worklist: Any, operator: Operator) -> None:
    worklist.create()
    with pytest.raises(ActionNotAllowed, match="nothing to change"):
        operator.edit(UID, StepEdit())
    with pytest.raises(DatasetError, match="CodeMeaning is no legal LO value"):
        operator.edit(UID, StepEdit(station=Code("TR2", "99X", "x" * 65)))
    with pytest.raises(DimseStatusError) as unknown:
        operator.edit("1.2.3.999", StepEdit(InputReadiness.READY))
    assert unknown.value.status == Status.UPS_UNKNOWN


# cancel in the performer's place


def test_a_vanished_performers_step_is_canceled_with_what_a_final_state_needs(
    worklist: Any, operator: Operator, history: UpsHistory, dataset: Any
) -> None:
    worklist.bring_to("IN PROGRESS")
    progress = dataset(ProcedureStepProgress="40", ProcedureStepProgressDescription="Feld 1 é")
    worklist.set(
        dataset(
            SpecificCharacterSet="ISO_IR 192", ProcedureStepProgressInformationSequence=[progress]
        )
    )
    worklist.subscribe()
    worklist.events()
    foreseen = str(operator.cancel_consequences(UID))
    assert "in the place of its performer TDD, silent since" in foreseen
    assert "events go to 1 subscriber: WATCHER" in foreseen

    operator.cancel(UID, "Gerät ausgefallen", discontinuation_reason("110501"))
    assert worklist.events() == [(1, UID, "CANCELED")]
    after = step(worklist)
    assert after.state == "CANCELED"
    assert after.cancellation.reason == "Gerät ausgefallen"
    assert after.cancellation.code == discontinuation_reason("110501")
    assert after.cancellation.at == LATER
    assert after.progress.percent == 40
    assert after.progress.description == "Feld 1 é"
    assert after.patient_name == "Müller^Jörg"
    assert after.modified == LATER
    last = worklist.changes[-1]
    assert (last.kind, last.state, last.receivers) == (
        ChangeKind.STATE_CHANGED,
        "CANCELED",
        ("WATCHER",),
    )
    assert history.of(UID)[-1].what == "canceled in the place of TDD"


def test_the_performer_that_comes_back_is_told_that_its_step_is_over(
    worklist: Any, operator: Operator, dataset: Any
) -> None:
    worklist.bring_to("IN PROGRESS")
    operator.cancel(UID)
    for attempt, status in (
        (lambda: worklist.set(dataset(InputReadinessState="READY")), Status.UPS_FINAL),
        (lambda: worklist.change_state("COMPLETED"), Status.UPS_FINAL),
    ):
        with pytest.raises(DimseStatusError) as refused:
            attempt()
        assert refused.value.status == status
    assert worklist.change_state("CANCELED") == Status.UPS_ALREADY_CANCELED


@pytest.mark.parametrize("state", ["SCHEDULED", "COMPLETED", "CANCELED"])
def test_only_a_step_in_progress_is_canceled_in_its_performers_place(
    worklist: Any, operator: Operator, state: str
) -> None:
    worklist.bring_to(state)
    for attempt in (operator.cancel, operator.cancel_consequences):
        with pytest.raises(ActionNotAllowed, match="only one that is IN PROGRESS"):
            attempt(UID)
    assert worklist.state() == state


def test_a_request_to_cancel_says_before_what_it_will_do(worklist: Any, operator: Operator) -> None:
    worklist.create()
    assert "which nobody has begun" in str(operator.request_cancel_consequences(UID))
    worklist.change_state("IN PROGRESS")
    assert "it will be refused" in str(operator.request_cancel_consequences(UID))
    worklist.subscribe()
    worklist.events()
    assert "TDD decides" in str(operator.request_cancel_consequences(UID))
    assert operator.request_cancel(UID, cancel_request("late")) == Status.SUCCESS
    assert [kind for kind, _, _ in worklist.events()] == [2]
    operator.cancel(UID)
    assert "does nothing" in str(operator.request_cancel_consequences(UID))


# deletion


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
def test_a_final_step_is_deleted_with_all_that_belongs_to_it(
    worklist: Any, operator: Operator, history: UpsHistory, state: str
) -> None:
    worklist.bring_to(state)
    worklist.subscribe()
    assert str(operator.delete_consequences([UID])).startswith("deletes 1 step for ever")
    result = operator.delete([UID])
    assert result.deleted == (UID,)
    assert result.refusals() == []
    with pytest.raises(DimseStatusError) as gone:
        worklist.service.get(UID)
    assert gone.value.status == Status.UPS_UNKNOWN
    assert worklist.events() == []
    assert worklist.store.subscriptions() == []
    assert worklist.changes[-1].kind is ChangeKind.DELETED
    assert history.of(UID)[-1].what == "deleted"


def test_a_deletion_lock_holds_a_final_step_until_the_last_is_gone(
    worklist: Any, operator: Operator
) -> None:
    worklist.bring_to("COMPLETED")
    worklist.subscribe("WATCHER", lock="TRUE")
    worklist.subscribe("OTHER", lock="TRUE")
    foreseen = str(operator.delete_consequences([UID]))
    assert "1 step stays, with a deletion lock of OTHER, WATCHER" in foreseen
    assert operator.delete([UID]).locked == {UID: ("OTHER", "WATCHER")}
    operator.unsubscribe("OTHER", UID)
    assert operator.delete([UID]).locked == {UID: ("WATCHER",)}
    assert worklist.state() == "COMPLETED"
    worklist.subscribe("WATCHER", lock="FALSE")
    assert operator.delete([UID]).deleted == (UID,)


def test_what_is_not_final_or_unknown_is_not_deleted(worklist: Any, operator: Operator) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.create("1.2.3.101")
    result = operator.delete([UID, "1.2.3.101", "1.2.3.999", UID])
    assert result.not_final == (UID, "1.2.3.101")
    assert result.unknown == ("1.2.3.999",)
    assert result.deleted == ()
    assert "2 steps stay, being neither COMPLETED nor CANCELED" in str(result)
    assert worklist.state() == "IN PROGRESS"


def test_a_purge_takes_final_steps_by_age_and_leaves_locked_ones(
    worklist: Any, operator: Operator
) -> None:
    for number in range(120):
        uid = f"1.2.3.{number}"
        worklist.create(uid)
        if number >= 3:
            worklist.service.request_cancel(uid, cancel_request(), "A")
    worklist.subscribe(uid="1.2.3.119", lock="TRUE")
    exactly, more = timedelta(hours=1), timedelta(hours=1, seconds=1)
    assert operator.purge(more).deleted == (), "they were changed an hour before"
    foreseen = str(operator.purge_consequences(exactly))
    assert foreseen.startswith("deletes 116 steps")
    result = operator.purge(exactly)
    assert len(result.deleted) == 116
    assert result.locked == {"1.2.3.119": ("WATCHER",)}
    left = {uid for _, uid in worklist.store.changed_since(0)}
    assert left == {"1.2.3.0", "1.2.3.1", "1.2.3.2", "1.2.3.119"}


# subscriptions and the outbox


def test_an_ae_is_subscribed_and_unsubscribed_as_by_its_own_request(
    worklist: Any, operator: Operator
) -> None:
    worklist.create()
    assert operator.subscribe("WATCHER", UID, deletion_lock=True) == Status.SUCCESS
    assert worklist.events() == [(1, UID, "SCHEDULED")]
    assert operator.subscribe("OTHER") == Status.SUCCESS
    words = str(operator.unsubscribe_consequences("WATCHER"))
    assert "1 deletion lock of it released" in words
    operator.unsubscribe("WATCHER")
    operator.unsubscribe("OTHER")
    assert worklist.store.subscriptions() == []
    assert worklist.changes[-1].sop_instance_uid == UPS_GLOBAL_SUBSCRIPTION
    with pytest.raises(DimseStatusError) as unknown:
        operator.subscribe("STRANGER")
    assert unknown.value.status == Status.UPS_RECEIVING_AE_UNKNOWN


def test_the_events_that_an_ae_has_not_got_are_discarded(worklist: Any, operator: Operator) -> None:
    worklist.create()
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    words = str(operator.discard_consequences("WATCHER"))
    assert words.startswith("discards 1 event that WATCHER has not got")
    assert operator.discard_events("WATCHER") == 1
    assert operator.discard_events("WATCHER") == 0
    assert worklist.events("WATCHER") == []
    assert worklist.events("OTHER") == [(1, UID, "SCHEDULED")]

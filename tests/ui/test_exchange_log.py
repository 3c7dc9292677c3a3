"""From exchanges to arrows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_event import state_report
from tdwii_gui.dicom.iod.ups_update import change_state, progress_update
from tdwii_gui.ui.models.arrow import Lane
from tests.ui.exchanges import LANES, exchange, make_log

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.models.exchange_log import ExchangeLog


def titles(log: ExchangeLog, *events) -> list[tuple[str, str]]:
    changes = log.add_all(events)
    return [(change.arrow.title, change.arrow.words) for change in changes]


def test_arrows_say_what_was_exchanged(qtbot: QtBot) -> None:
    step = Dataset()
    step.ProcedureStepState = "SCHEDULED"
    found = titles(
        make_log(),
        exchange("C-ECHO", uids.VERIFICATION),
        exchange("C-STORE", uids.RT_BEAMS_DELIVERY_INSTRUCTION, ends=("CREATOR", "TMS")),
        exchange("N-CREATE", request=Dataset(), ends=("CREATOR", "TMS")),
        exchange("C-FIND", uids.UPS_PULL, Dataset(), detail="1 match", transaction="RO-58"),
        exchange("C-MOVE", uids.STUDY_ROOT_MOVE, detail="31 of 32 objects", transaction="RO-59"),
        exchange("N-ACTION", request=change_state(ProcedureStepState.IN_PROGRESS, "1.2")),
        exchange("N-ACTION", request=Dataset(), detail="Subscribe"),
        exchange("N-SET", request=progress_update("1.2", 34, beam_number=2), transaction="RO-62"),
        exchange("N-SET", request=Dataset(), transaction="RO-64"),
        exchange("N-EVENT-REPORT", request=state_report(step), ends=("TMS", "PPVS")),
    )
    assert found == [
        ("C-ECHO", "✓ Success · 6 ms"),
        ("C-STORE RTBDI", "✓ Success · 6 ms"),
        ("N-CREATE UPS", "✓ Success · 6 ms"),
        ("C-FIND worklist", "✓ 1 match · 6 ms"),
        ("C-MOVE static inputs", "✓ 31 of 32 objects · 6 ms"),
        ("N-ACTION IN PROGRESS", "✓ Success · 6 ms"),
        ("N-ACTION Subscribe", "✓ Success · 6 ms"),
        ("N-SET progress 34 %, beam 2", "✓ Success · 6 ms"),
        ("N-SET final update", "✓ Success · 6 ms"),
        ("N-EVENT-REPORT UPS State Report · SCHEDULED", "✓ Success · 6 ms"),
    ]


def test_an_unknown_destination_says_which_ae_to_enter_where(qtbot: QtBot) -> None:
    advice = "enter 'NOWHERE' with its host and port in /home/1/aes2.json"
    failed = exchange("C-MOVE", uids.STUDY_ROOT_MOVE, detail=advice, status=0xA801)
    ((_, words),) = titles(make_log(), failed)
    assert advice in words
    assert "A801" in words


def test_outcomes_that_are_no_success(qtbot: QtBot) -> None:
    log = make_log()
    found = titles(
        log,
        exchange("C-STORE", uids.RT_PLAN, status=0xA700, milliseconds=0.3),
        exchange("N-CREATE", status=0xB300),
        exchange("C-MOVE", uids.STUDY_ROOT_MOVE, status=0xFE00, milliseconds=12_345),
        exchange("A-ASSOCIATE", "", status=None, comment="nothing listens there"),
    )
    assert [words for _, words in found] == [
        "✕ Out of resources (A700) · < 1 ms",
        "⚠ Created, with changes made by the TMS (B300) · 6 ms",
        "⊘ Canceled (FE00) · 12.3 s",
        "✕ nothing listens there · 6 ms",
    ]
    assert log.problems == 3


def test_each_exchange_is_drawn_once(qtbot: QtBot) -> None:
    log = make_log()
    assert log.add(exchange("N-SET", role="scp")) == [], "the TDD itself tells it too"
    (foreign,) = log.add(
        exchange(
            "N-ACTION",
            request=change_state(ProcedureStepState.COMPLETED, "1.2"),
            ends=("LINAC7", "TMS"),
            role="scp",
        )
    )
    assert foreign.arrow.transaction == "RO-65"
    assert log.lanes[-1] == Lane("ae:LINAC7", "LINAC7")


def test_peers_cannot_fill_the_ladder_with_lanes(qtbot: QtBot) -> None:
    log = make_log()
    for number in range(200):
        log.add(exchange("C-ECHO", uids.VERIFICATION, ends=(f"AE{number}", "TMS"), role="scp"))
    assert len(log.lanes) == len(LANES) + 7
    assert log.entry(200).arrow.from_lane == "others"


def test_equal_c_stores_in_a_burst_are_one_arrow(qtbot: QtBot) -> None:
    log = make_log()
    ends = ("OST", "TDD")
    burst = [
        exchange("C-STORE", uids.CT_IMAGE, ends=ends, after=n / 100, sop_instance_uid=f"1.{n}")
        for n in range(30)
    ]
    other = exchange("C-STORE", uids.RT_PLAN, ends=ends, after=0.1)
    (run, plan) = log.add_all([*burst[:20], other, *burst[20:]])
    assert run.is_new
    assert run.arrow.title == "C-STORE ×30 CT Image"
    assert run.arrow.milliseconds == pytest.approx(30 * 6.2)
    assert plan.arrow.title == "C-STORE RT Plan"
    assert len(log.entry(run.arrow.key).events) == 30
    failed = exchange("C-STORE", uids.CT_IMAGE, ends=ends, after=0.31, status=0xA700)
    later = exchange("C-STORE", uids.CT_IMAGE, ends=ends, after=60)
    assert [change.is_new for change in log.add_all([failed, later])] == [True, True]


def test_another_message_ends_a_run(qtbot: QtBot) -> None:
    log = make_log()
    one = exchange("C-STORE", uids.CT_IMAGE)
    changes = log.add_all([one, exchange("C-ECHO", uids.VERIFICATION), one])
    assert [change.arrow.title for change in changes] == [
        "C-STORE CT Image",
        "C-ECHO",
        "C-STORE CT Image",
    ]


def test_log_is_bounded(qtbot: QtBot) -> None:
    log = make_log(limit=100)
    for number in range(150):
        log.add(exchange("N-SET", request=Dataset(), after=number))
    assert len(log) == 100
    assert log.entry(50) is None
    assert log.entry(51) is not None
    log.clear()
    assert len(log) == log.problems == 0


def test_old_data_sets_are_forgotten(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tdwii_gui.ui.models.exchange_log._DATA_SETS", 10)
    log = make_log()
    for number in range(11):
        log.add(exchange("N-SET", request=Dataset(), after=number))
    assert log.entry(1).forgotten
    assert log.entry(1).event.exchange.request is None
    assert log.entry(2).event.exchange.request is not None


def test_hostile_progress_does_not_block(qtbot: QtBot) -> None:
    update = progress_update("1.2", 34, beam_number=2)
    item = update.ProcedureStepProgressInformationSequence[0]
    item.ProcedureStepProgressParametersSequence = [Dataset() for _ in range(10_000)]
    begin = time.perf_counter()
    ((title, _),) = titles(make_log(), exchange("N-SET", request=update))
    assert title == "N-SET progress"
    assert time.perf_counter() - begin < 0.05

"""`tdwii deliver`: a whole session of a TDD, RO-58 to RO-65, and what a crash has left of one."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tdwii_gui.actors.interruption import Interruption
from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.actors.session_work import SessionOptions
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.treatment_session import TreatmentSession
from tdwii_gui.actors.whole_session import deliver_all, finish, outcome
from tdwii_gui.app.console import complain, say, say_table
from tdwii_gui.app.delivery_desk import DeliveryDesk
from tdwii_gui.app.options import add_common_options, context, meterset, speed
from tdwii_gui.dicom.errors import ListenError, TdwiiError
from tdwii_gui.dicom.iod.codes import (
    DISCONTINUATION_REASONS,
    EQUIPMENT_FAILURE,
    discontinuation_reason,
)
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from tdwii_gui.app.options import Context
    from tdwii_gui.config.settings import TddSettings
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.store.session_entry import SessionEntry

_RECOVERIES = ("list", "finish", "continue", "cancel")


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("--machine", metavar="M", help="treatment machine; default: any")
    parser.add_argument(
        "--ups", metavar="UID", help="the step; default: the first that is scheduled"
    )
    parser.add_argument(
        "--speed", type=speed, default=math.inf, metavar="X", help="1 is real time; default: max"
    )
    parser.add_argument(
        "--meterset", type=meterset, metavar="MU", help="for a plan without any Beam Meterset"
    )
    parser.add_argument("--operator", default="", metavar="NAME", help="Operators' Name")
    parser.add_argument("--ae-title", metavar="T", help="own AE title (default TDD)")
    parser.add_argument("--tms", metavar="AE", help="the TMS")
    parser.add_argument("--ost", metavar="AE", help="the OST for the treatment records")
    parser.add_argument(
        "--recover",
        nargs="?",
        const="list",
        choices=_RECOVERIES,
        help="sessions that a crash has left: list them (default), finish them without any beam "
        "(COMPLETED if all was delivered, else CANCELED), continue the delivery, or cancel",
    )
    _add_interruption(parser)
    add_common_options(parser)


def _add_interruption(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("interruption")
    group.add_argument(
        "--interrupt-at",
        metavar="PLACE",
        help="end the delivery at BEAM:METERSET, BEAM:PERCENT%% or, of all beams, PERCENT%%",
    )
    group.add_argument(
        "--reason",
        metavar="CODE",
        choices=[code.value for code in DISCONTINUATION_REASONS],
        help="why the step is canceled then (CID 9300; default 110513); the machine has failed "
        f"if it is {EQUIPMENT_FAILURE.value}",
    )
    group.add_argument("--text", default="", metavar="TEXT", help="the reason in words")
    group.add_argument(
        "--decline-cancel",
        action="store_true",
        help="go on when the TMS asks to cancel; else the beam stops and the step is canceled",
    )


def run(options: argparse.Namespace) -> int:
    """Query, deliver, and print a line for each transaction."""
    given = context(options)
    interruption = _interruption(options)
    desk = DeliveryDesk(accepts_cancellation=not options.decline_cancel)
    tdd = Tdd(_settings(options, given), given.surroundings(desk.hear))
    try:
        _listen(tdd)
        if options.recover:
            return _recover(tdd, desk, options)
        step = _choose(tdd, options.ups)
        if step is None:
            wanted = options.ups or (f"for machine {tdd.machine}" if tdd.machine else "")
            complain(f"the worklist has no scheduled step {wanted}".rstrip())
            return 1
        how = SessionOptions(
            speed=options.speed,
            meterset=options.meterset,
            operators_name=options.operator,
            interruption=interruption,
        )
        cancellation, accepts = _cancellation(options), not options.decline_cancel
        _bring_to_end(
            tdd,
            desk,
            step,
            how,
            lambda session: deliver_all(session, cancellation, accepts_cancellation=accepts),
        )
    finally:
        tdd.stop()
        desk.close()
    return 0


def _bring_to_end(
    tdd: Tdd,
    desk: DeliveryDesk,
    step: Ups,
    how: SessionOptions,
    call: Callable[[TreatmentSession], None],
) -> None:
    """Do something with a session, and say how it ended, or what is to be done about it."""
    uid = step.sop_instance_uid
    session = TreatmentSession(tdd, step, how)
    desk.session = session
    try:
        call(session)
        desk.close()
        say(f"{uid} {session.state.upper()}, treatment records stored: {len(session.records)}")
    except (TdwiiError, KeyboardInterrupt):
        if tdd.claims.get(uid):
            complain(
                f"step {uid} stays IN PROGRESS: go on with it by 'tdwii deliver --recover finish', "
                "'continue' or 'cancel'"
            )
        raise
    finally:
        session.close()


def _recover(tdd: Tdd, desk: DeliveryDesk, options: argparse.Namespace) -> int:
    """List what a crash has left, or bring it to its end."""
    found = [
        entry
        for entry in tdd.unfinished_sessions()
        if options.ups in (None, entry.step.sop_instance_uid)
    ]
    if options.recover == "list":
        _say_unfinished(found)
        return 0
    if not found:
        complain("there is no unfinished session")
        return 1
    cancellation = _cancellation(options)

    def recover(session: TreatmentSession) -> None:
        if options.recover == "continue":
            deliver_all(session, cancellation)
            return
        result = outcome(session.retrieve_inputs())
        if session.state is SessionState.SELECTED:
            result.require_complete()
        if options.recover == "cancel" and not session.state.is_final:
            outcome(session.cancel(cancellation.code, cancellation.reason))
        else:
            finish(session, cancellation)

    for entry in found:
        how = SessionOptions(speed=options.speed, operators_name=options.operator)
        _bring_to_end(tdd, desk, entry.step, how, recover)
    return 0


def _say_unfinished(found: list[SessionEntry]) -> None:
    if not found:
        say("there is no unfinished session")
        return
    say_table(
        ("STEP", "STARTED", "STAGE", "PROGRESS", "BEAMS", "UNSENT RECORDS"),
        [
            (
                entry.step.sop_instance_uid,
                f"{entry.beginning.started.astimezone():%Y-%m-%d %H:%M:%S}",
                entry.stage,
                f"{entry.percent:.1f} %",
                sum(map(len, entry.runs)),
                entry.unsent_records,
            )
            for entry in found
        ],
    )


def _interruption(options: argparse.Namespace) -> Interruption | None:
    if options.interrupt_at is None:
        return None
    is_fault = options.reason == EQUIPMENT_FAILURE.value
    termination = TerminationStatus.MACHINE if is_fault else TerminationStatus.OPERATOR
    return Interruption.parse(options.interrupt_at, termination)


def _cancellation(options: argparse.Namespace) -> Cancellation:
    code = discontinuation_reason(options.reason) if options.reason else None
    return Cancellation(code, options.text)


def _settings(options: argparse.Namespace, given: Context) -> TddSettings:
    settings = given.settings.tdd
    return replace(
        settings,
        ae_title=options.ae_title or settings.ae_title,
        tms_ae_title=options.tms or settings.tms_ae_title,
        ost_ae_title=options.ost or settings.ost_ae_title,
        machine=options.machine or settings.machine,
    )


def _listen(tdd: Tdd) -> None:
    """Receive the inputs here, or let the `tdwii tdd` that already listens receive them.

    Both keep them in the same data folder.
    """
    try:
        tdd.start()
    except ListenError:
        with suppress(TdwiiError):
            tdd.echo(tdd.ae_title).result()
            return
        raise


def _choose(tdd: Tdd, sop_instance_uid: str | None) -> Ups | None:
    """RO-58: return the wanted step, or the one that starts first."""
    query = worklist_query(WorklistKeys(machine=tdd.machine, state=ProcedureStepState.SCHEDULED))
    steps = tdd.query_worklist(query).result()
    if sop_instance_uid:
        return next((s for s in steps if s.sop_instance_uid == sop_instance_uid), None)
    return min(steps, key=lambda step: (step.start is None, step.start), default=None)

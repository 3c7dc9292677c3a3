"""`tdwii deliver`: a whole session of a TDD, RO-58 to RO-65."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.treatment_session import SessionOptions, treat
from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import add_common_options, context, meterset, speed
from tdwii_gui.app.transactions import TransactionPrinter
from tdwii_gui.dicom.errors import ListenError, TdwiiError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query

if TYPE_CHECKING:
    import argparse

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.config.settings import TddSettings
    from tdwii_gui.dicom.iod.ups import Ups


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
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Query, deliver, and print a line for each transaction."""
    given = context(options)
    printer = TransactionPrinter()
    tdd = Tdd(_settings(options, given), given.surroundings(printer.hear))
    try:
        _listen(tdd)
        step = _choose(tdd, options.ups)
        if step is None:
            wanted = options.ups or (f"for machine {tdd.machine}" if tdd.machine else "")
            complain(f"the worklist has no scheduled step {wanted}".rstrip())
            return 1
        records = _treat(tdd, step, options)
    finally:
        tdd.stop()
        printer.close()
    say(f"{step.sop_instance_uid} COMPLETED, treatment records stored: {len(records)}")
    return 0


def _treat(tdd: Tdd, step: Ups, options: argparse.Namespace) -> list[Dataset]:
    """Deliver, and say what is to be done about a step that stays claimed."""
    session = SessionOptions(
        speed=options.speed, meterset=options.meterset, operators_name=options.operator
    )
    try:
        return treat(tdd, step, session)
    except (TdwiiError, KeyboardInterrupt):
        uid = step.sop_instance_uid
        if tdd.claims.get(uid):
            complain(f"step {uid} stays IN PROGRESS: finish it by 'tdwii ups complete' or 'cancel'")
        raise


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

"""`tdwii schedule`: from a plan to scheduled fractions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator, course, export
from tdwii_gui.app.console import complain, say, say_json, say_table
from tdwii_gui.app.options import add_common_options, context, date_time, meterset
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import Ups

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tdwii_gui.actors.rtbdi_creator import ScheduledFraction
    from tdwii_gui.app.options import Context
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("plan", metavar="PLAN", type=Path, help="RT Plan or RT Ion Plan file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--fraction", type=int, default=1, metavar="N", help="Current Fraction Number (default 1)"
    )
    which.add_argument(
        "--course", action="store_true", help="schedule every fraction, one a weekday"
    )
    parser.add_argument(
        "--fraction-group", type=int, metavar="N", help="default: the plan's first fraction group"
    )
    parser.add_argument(
        "--when", type=date_time, metavar="DATETIME", help="start of the (first) session; now"
    )
    parser.add_argument("--machine", metavar="M", help="treatment machine; default: the plan's")
    parser.add_argument(
        "--meterset", type=meterset, metavar="MU", help="for a plan without any Beam Meterset"
    )
    parser.add_argument("--tms", metavar="AE", help="TMS, for RTBDI and UPS")
    parser.add_argument(
        "--ost", metavar="AE", help="OST, for the plan; may be the same AE as the TMS"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the objects as files too")
    parser.add_argument(
        "--no-send", action="store_true", help="only build, and write the files of --out"
    )
    parser.add_argument("--json", action="store_true", help="print the steps as JSON")
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Build everything first, so that an unusable argument is found before anything is sent."""
    given = context(options)
    plan = read_plan(options.plan, meterset=options.meterset)
    group = plan.fraction_group(options.fraction_group)
    creator = _creator(options, given)
    try:
        fractions = [creator.build(plan, request) for request in _requests(options, group)]
        if not options.no_send:
            creator.schedule(plan, fractions).result()
        if folder := _export_folder(options, given):
            for fraction in fractions:
                export(plan, fraction, folder)
    finally:
        creator.stop()
    _say_what_is_left_out(plan, group, chosen=options.fraction_group is not None)
    _say_steps(fractions, as_json=options.json, sent=not options.no_send)
    return 0


def _creator(options: argparse.Namespace, given: Context) -> RtbdiCreator:
    settings = given.settings.creator
    settings = replace(
        settings,
        tms_ae_title=options.tms or settings.tms_ae_title,
        ost_ae_title=options.ost or settings.ost_ae_title,
    )
    return RtbdiCreator(settings, given.surroundings())


def _requests(options: argparse.Namespace, group: FractionGroup) -> list[FractionRequest]:
    first = FractionRequest(
        options.fraction,
        options.when or datetime.now().astimezone(),
        group.number,
        options.machine,
    )
    return list(course(group, first)) if options.course else [first]


def _export_folder(options: argparse.Namespace, given: Context) -> Path | None:
    configured = given.settings.creator.export_staging_directory
    return options.out or (Path(configured) if configured else None)


def _say_what_is_left_out(plan: Plan, group: FractionGroup, *, chosen: bool) -> None:
    if len(plan.fraction_groups) > 1 and not chosen:
        complain(
            f"{plan.source} has {len(plan.fraction_groups)} fraction groups; "
            f"using number {group.number} (--fraction-group chooses)"
        )
    for beam in group.left_out:
        complain(f"beam {beam.number} {beam.name!r} is left out: {beam.reason}")


def _say_steps(fractions: Sequence[ScheduledFraction], *, as_json: bool, sent: bool) -> None:
    rows = []
    for fraction in fractions:
        step = Ups(fraction.ups)
        start = step.start.isoformat(" ", "minutes") if step.start else ""
        rows.append((fraction.sop_instance_uid, step.fraction_number, start, step.machine))
    if as_json:
        keys = ("sop_instance_uid", "fraction", "start", "machine")
        say_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    say_table(("UPS", "FRACTION", "START", "MACHINE"), rows)
    count = f"{len(rows)} fraction" if len(rows) == 1 else f"{len(rows)} fractions"
    say(f"{count} {'scheduled' if sent else 'built, nothing sent'}")

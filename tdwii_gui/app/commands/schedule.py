"""`tdwii schedule`: from a plan to scheduled fractions, their continuations and whole courses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.rtbdi_creator import FractionRequest, export
from tdwii_gui.app.console import complain, say, say_json, say_table
from tdwii_gui.app.course_options import (
    add_peer_options,
    add_rule_options,
    course_rules,
    given_records,
    open_creator,
)
from tdwii_gui.app.options import add_common_options, context, date_time, meterset
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.continuation import BeamStanding
from tdwii_gui.dicom.iod.course import plan_course, resumed_start
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import Ups

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator, ScheduledFraction
    from tdwii_gui.app.options import Context
    from tdwii_gui.dicom.iod.continuation import RemainingBeam
    from tdwii_gui.dicom.iod.course import PlannedSession
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("plan", metavar="PLAN", type=Path, help="RT Plan or RT Ion Plan file")
    parser.add_argument(
        "--fraction",
        type=int,
        metavar="N",
        help="Current Fraction Number (default 1, or the one that is interrupted)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--course", action="store_true", help="schedule every fraction on its treatment day"
    )
    what.add_argument(
        "--continue",
        dest="continues",
        action="store_true",
        help="schedule what remains of an interrupted fraction",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="of a course, what is not delivered: missed fractions first, the others move up",
    )
    parser.add_argument(
        "--fraction-group",
        type=int,
        metavar="N",
        help="default: the plan's first fraction group; of a course all, one after the other",
    )
    parser.add_argument(
        "--when", type=date_time, metavar="DATETIME", help="start of the (first) session; now"
    )
    parser.add_argument("--machine", metavar="M", help="treatment machine; default: the plan's")
    parser.add_argument(
        "--meterset", type=meterset, metavar="MU", help="for a plan without any Beam Meterset"
    )
    parser.add_argument("--replaces", metavar="UID", help="the step that the new one replaces")
    add_peer_options(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the objects as files too")
    parser.add_argument(
        "--no-send", action="store_true", help="only build, and write the files of --out"
    )
    parser.add_argument("--json", action="store_true", help="print the steps as JSON")
    add_rule_options(parser)
    add_common_options(parser)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is going to be sent.

    Parameters
    ----------
    fractions : Sequence[ScheduledFraction]
        To be scheduled.
    moved : Sequence[PlannedSession]
        Sessions whose steps are moved.
    records : Sequence[Dataset]
        Records out of files, which the OST is to have.
    beams : Sequence[RemainingBeam]
        What a continuation does with each beam.
    """

    fractions: Sequence[ScheduledFraction]
    moved: Sequence[PlannedSession] = ()
    records: Sequence[Dataset] = ()
    beams: Sequence[RemainingBeam] = ()


def run(options: argparse.Namespace) -> int:
    """Build everything first, so that an unusable argument is found before anything is sent."""
    _check(options)
    given = context(options)
    plan = read_plan(options.plan, meterset=options.meterset)
    with open_creator(options, given, fetches=options.continues or options.resume) as creator:
        if options.course:
            work = _course(creator, plan, options, given)
        elif options.continues:
            work = _continuation(creator, plan, options)
        else:
            work = _Work([creator.build(plan, _request(options, plan))])
        if not options.no_send:
            creator.move_steps(work.moved).result()
            if work.fractions:
                creator.schedule(plan, work.fractions, work.records).result()
        if folder := _export_folder(options, given):
            for fraction in work.fractions:
                export(plan, fraction, folder)
    _say_what_is_left_out(plan, options)
    _say(work, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    """Refuse options that have no meaning together.

    Raises
    ------
    ConfigError
        With the options.
    """
    if options.course and (options.fraction is not None or options.replaces):
        raise ConfigError("--course schedules every fraction: without --fraction and --replaces")
    if options.resume and not options.course:
        raise ConfigError("--resume needs --course")
    if options.records is not None and not (options.continues or options.resume):
        raise ConfigError("--records needs --continue or --resume")


def _course(
    creator: RtbdiCreator, plan: Plan, options: argparse.Namespace, given: Context
) -> _Work:
    history, start = None, options.when or _now()
    if options.resume:
        records = given_records(options)
        history = creator.course_history(plan, records).result()
        start = options.when or resumed_start(history.status, _now())
    found = plan_course(
        plan,
        start,
        course_rules(options, given.settings.creator),
        group=options.fraction_group,
        status=history.status if history else None,
    )
    like = FractionRequest(1, start, machine=options.machine)
    return _Work(creator.build_course(plan, found.new, like, history), found.moved)


def _continuation(creator: RtbdiCreator, plan: Plan, options: argparse.Namespace) -> _Work:
    records = given_records(options)
    rest = creator.plan_continuation(
        plan,
        options.fraction,
        options.fraction_group,
        records,
        asks_tms=not (options.no_send and records is not None),
    ).result()
    fraction = creator.build_continuation(plan, rest, _request(options, plan))
    return _Work([fraction], records=records or (), beams=rest.beams)


def _request(options: argparse.Namespace, plan: Plan) -> FractionRequest:
    return FractionRequest(
        1 if options.fraction is None else options.fraction,
        options.when or _now(),
        plan.fraction_group(options.fraction_group).number,
        options.machine,
        replaced_step=options.replaces,
    )


def _now() -> datetime:
    return datetime.now().astimezone()


def _export_folder(options: argparse.Namespace, given: Context) -> Path | None:
    configured = given.settings.creator.export_staging_directory
    return options.out or (Path(configured) if configured else None)


def _say_what_is_left_out(plan: Plan, options: argparse.Namespace) -> None:
    groups = [group for group in plan.fraction_groups if group.beams]
    chosen = plan.fraction_group(options.fraction_group)
    is_open = not options.course and not options.continues and options.fraction_group is None
    if is_open and len(plan.fraction_groups) > 1:
        complain(
            f"{plan.source} has {len(plan.fraction_groups)} fraction groups; "
            f"using number {chosen.number} (--fraction-group chooses)"
        )
    whole = options.course and options.fraction_group is None
    for group in groups if whole else [chosen]:
        _say_left_out_beams(group)


def _say_left_out_beams(group: FractionGroup) -> None:
    for beam in group.left_out:
        complain(f"beam {beam.number} {beam.name!r} is left out: {beam.reason}")


def _say(work: _Work, options: argparse.Namespace) -> None:
    rows = [_row(fraction) for fraction in work.fractions]
    moves = [
        (session.step_uid, session.fraction_number, _minutes(session.start), "")
        for session in work.moved
    ]
    if options.json:
        keys = ("sop_instance_uid", "fraction", "start", "machine")
        steps = [dict(zip(keys, row, strict=True)) for row in rows]
        moved = [dict(zip(keys[:3], row[:3], strict=True)) | {"moved": True} for row in moves]
        say_json([*moved, *(step | _beams_json(work.beams) for step in steps)])
        return
    for beam in work.beams:
        say(_beam_words(beam))
    say_table(("UPS", "FRACTION", "START", "MACHINE"), [*moves, *rows])
    if moves:
        say(f"{_count(moves)} {'would be moved' if options.no_send else 'moved'}")
    say(f"{_count(rows)} {'built, nothing sent' if options.no_send else 'scheduled'}")


def _row(fraction: ScheduledFraction) -> tuple[str, int | None, str, str]:
    step = Ups(fraction.ups)
    return fraction.sop_instance_uid, step.fraction_number, _minutes(step.start), step.machine


def _minutes(moment: datetime | None) -> str:
    return moment.isoformat(" ", "minutes") if moment else ""


def _count(rows: Sequence[object]) -> str:
    return f"{len(rows)} fraction" if len(rows) == 1 else f"{len(rows)} fractions"


def _beam_words(beam: RemainingBeam) -> str:
    words = f"beam {beam.number} {beam.name!r} {beam.standing}"
    if beam.standing is BeamStanding.CONTINUATION:
        words += f" from {beam.delivered:g} to {beam.specified:g} {beam.unit}"
    return words


def _beams_json(beams: Sequence[RemainingBeam]) -> dict[str, object]:
    if not beams:
        return {}
    return {
        "beams": [
            {
                "beam": beam.number,
                "task": str(beam.standing),
                "unit": beam.unit,
                "specified": beam.specified,
                "delivered": beam.delivered,
            }
            for beam in beams
        ]
    }

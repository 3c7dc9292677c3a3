"""`tdwii course`: what of a plan is planned, delivered and remains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.console import say, say_json, say_table
from tdwii_gui.app.course_options import add_peer_options, given_records, open_creator
from tdwii_gui.app.options import add_common_options, context, meterset
from tdwii_gui.dicom.iod.course_status import FractionState
from tdwii_gui.dicom.iod.plan import read_plan

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from datetime import datetime

    from tdwii_gui.dicom.iod.course_status import FractionStatus, GroupStatus
    from tdwii_gui.dicom.iod.plan import Plan


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("plan", metavar="PLAN", type=Path, help="RT Plan or RT Ion Plan file")
    parser.add_argument(
        "--meterset", type=meterset, metavar="MU", help="for a plan without any Beam Meterset"
    )
    add_peer_options(parser)
    parser.add_argument("--no-tms", action="store_true", help="look at the treatment records alone")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Ask OST and TMS, and print every fraction."""
    given = context(options)
    plan = read_plan(options.plan, meterset=options.meterset)
    records = given_records(options)
    with open_creator(options, given, fetches=True) as creator:
        history = creator.course_history(plan, records, asks_tms=not options.no_tms).result()
    if options.json:
        say_json(_json(plan, history.status.groups))
        return 0
    for group in history.status.groups:
        _say_group(group)
    return 0


def _say_group(group: GroupStatus) -> None:
    say(f"fraction group {group.group.number}")
    heads = ("FRACTION", "STATE", "START", "TREATED", "METERSET", "BEAMS")
    say_table(heads, [_row(fraction) for fraction in group.fractions])
    counts = _counts(group.fractions)
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    say(f"fractions: {words}")
    for total in group.metersets:
        say(
            f"{total.unit}: {total.planned:.10g} planned, {total.delivered:.10g} delivered, "
            f"{total.remaining:.10g} remaining"
        )


def _row(fraction: FractionStatus) -> tuple[object, ...]:
    return (
        fraction.number,
        fraction.state,
        _minutes(fraction.start),
        " ".join(dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in fraction.treated)),
        f"{fraction.delivered:.10g} of {fraction.specified:.10g}",
        " ".join(f"{beam.number}:{beam.delivered:.10g}" for beam in fraction.beams),
    )


def _counts(fractions: Iterable[FractionStatus]) -> dict[str, int]:
    states = [fraction.state for fraction in fractions]
    delivered = states.count(FractionState.DELIVERED)
    return {
        "planned": len(states),
        "delivered": delivered,
        "interrupted": states.count(FractionState.INTERRUPTED),
        "missed": states.count(FractionState.MISSED),
        "without their records": states.count(FractionState.UNRECORDED),
        "remaining": len(states) - delivered,
    }


def _json(plan: Plan, groups: Iterable[GroupStatus]) -> dict[str, object]:
    return {
        "plan": plan.sop_instance_uid,
        "label": plan.label,
        "groups": [
            {
                "group": group.group.number,
                **_counts(group.fractions),
                "metersets": [
                    {
                        "unit": total.unit,
                        "planned": total.planned,
                        "delivered": total.delivered,
                        "remaining": total.remaining,
                    }
                    for total in group.metersets
                ],
                "fractions": [_fraction_json(fraction) for fraction in group.fractions],
            }
            for group in groups
        ],
    }


def _fraction_json(fraction: FractionStatus) -> dict[str, object]:
    return {
        "fraction": fraction.number,
        "state": str(fraction.state),
        "start": fraction.start.isoformat() if fraction.start else None,
        "steps": [
            {"sop_instance_uid": step.sop_instance_uid, "state": str(step.state)}
            for step in fraction.steps
        ],
        "treated": [moment.isoformat() for moment in fraction.treated],
        "beams": [
            {
                "beam": beam.number,
                "name": beam.name,
                "unit": beam.unit,
                "specified": beam.specified,
                "delivered": beam.delivered,
                "remaining": beam.remaining,
                "task": str(beam.standing),
            }
            for beam in fraction.beams
        ],
    }


def _minutes(moment: datetime | None) -> str:
    return moment.isoformat(" ", "minutes") if moment else ""

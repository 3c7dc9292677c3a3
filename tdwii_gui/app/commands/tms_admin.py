"""`tdwii tms-admin ...`: what the operator of a TMS does, whether it runs or not.

The commands work on the worklist's database. A TMS that runs notices within seconds what they
did: it shows it and sends the events.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tdwii_gui.app.commands import tms_lists
from tdwii_gui.app.console import complain, say
from tdwii_gui.app.operator_desk import open_desk
from tdwii_gui.app.options import add_common_options, date_time
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.codes import (
    DISCONTINUATION_REASONS,
    STATION_NAME_SCHEME,
    UNSPECIFIED_REASON,
    Code,
    discontinuation_reason,
)
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState
from tdwii_gui.dicom.iod.ups_update import cancel_request
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.ups.operation import StepEdit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.app.operator_desk import Desk
    from tdwii_gui.dicom.ups.consequences import Consequences

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([dh]?)")


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add a sub-command for each operation."""
    verbs = parser.add_subparsers(title="operations", metavar="OPERATION", required=True)

    def add(
        name: str, line: str, operation: Callable[[Desk], int], *, lists: bool = False
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        verb.set_defaults(operation=operation)
        if lists:
            verb.add_argument("--json", action="store_true", help="print JSON")
        else:
            verb.add_argument("-y", "--yes", action="store_true", help="do it without asking back")
        return verb

    steps = add("list", "list steps", tms_lists.steps, lists=True)
    steps.add_argument("--machine", default="", metavar="M", help="treatment machine")
    steps.add_argument("--state", type=_state, metavar="S", help="SCHEDULED, 'IN PROGRESS', ...")
    _add_step(add("show", "show a step and who follows it", tms_lists.show, lists=True))
    _add_step(add("history", "list what touched a step", tms_lists.history, lists=True))
    line = "list who is told of what, and how the last delivery went"
    add("subscriptions", line, tms_lists.subscriptions, lists=True)
    add("outbox", "list the events that are due", tms_lists.outbox, lists=True)
    day = add("timeline", "list a day's steps by machine", tms_lists.day, lists=True)
    day.add_argument("--day", type=_day, metavar="DATE", help="e.g. 2026-11-23; default today")
    _add_changes(add)
    for verb in verbs.choices.values():
        verb.add_argument("--database", metavar="URL", help="the worklist, if it is shared")
        add_common_options(verb)


def _add_changes(add: Callable[[str, str, Callable[[Desk], int]], argparse.ArgumentParser]) -> None:
    edit = add("edit", "change a step while it is SCHEDULED", _edit)
    _add_step(edit)
    edit.add_argument("--readiness", type=_readiness, metavar="R", help=", ".join(InputReadiness))
    edit.add_argument("--station", metavar="CODE", help="treatment machine: code value")
    edit.add_argument("--station-meaning", metavar="TEXT", help="its name; default: the code value")
    edit.add_argument("--start", type=date_time, metavar="DT", help="scheduled start")
    cancel = add("cancel", "cancel a step IN PROGRESS whose performer has vanished", _cancel)
    request = add("request-cancel", "cancel a SCHEDULED step, or ask its performer to", _request)
    for verb in (cancel, request):
        _add_step(verb)
        verb.add_argument(
            "--reason",
            metavar="CODE",
            default=UNSPECIFIED_REASON.value,
            choices=[code.value for code in DISCONTINUATION_REASONS],
            help="discontinuation reason (CID 9300), default 110513: unspecified",
        )
        verb.add_argument("--text", default="", metavar="TEXT", help="the reason in words")
    request.add_argument("--contact", default="", metavar="TEXT", help="whom to ask back")
    delete = add("delete", "delete steps that are COMPLETED or CANCELED", _delete)
    delete.add_argument("uids", metavar="UID", nargs="+", help="SOP Instance UIDs")
    purge = add("purge", "delete all such steps of a certain age", _purge)
    purge.add_argument(
        "--older-than", type=_duration, required=True, metavar="AGE", help="e.g. 30d, 12h"
    )
    subscribe = add("subscribe", "subscribe an AE to a step, or to all", _subscribe)
    unsubscribe = add("unsubscribe", "end an AE's subscription to a step, or all", _unsubscribe)
    discard = add("discard", "drop the events that an AE has not got", _discard)
    for verb in (subscribe, unsubscribe, discard):
        verb.add_argument("ae", metavar="AE", help="its AE title")
    for verb in (subscribe, unsubscribe):
        verb.add_argument("uid", metavar="UID", nargs="?", default="", help="default: all steps")
    subscribe.add_argument("--deletion-lock", action="store_true", help="keep its final steps")


def run(options: argparse.Namespace) -> int:
    """Perform the chosen operation.

    Raises
    ------
    ConfigError
        If there is no worklist, or an operation would have to be confirmed and nobody can be asked.
    TdwiiError
        If the operation is not allowed, or the database cannot be used.
    """
    with open_desk(options) as desk:
        code: int = options.operation(desk)
        return code


def _confirmed(desk: Desk, consequences: Consequences) -> bool:
    """Say what will follow, and return whether it is wanted."""
    say(f"{consequences}.")
    if desk.options.yes or consequences.is_none:
        return True
    if not sys.stdin.isatty():
        raise ConfigError("nothing was done: without a terminal to ask, say --yes")
    wanted = input("Do it? [y/N] ").strip().lower() in ("y", "yes")
    if not wanted:
        say("nothing was done")
    return wanted


def _edit(desk: Desk) -> int:
    options = desk.options
    station = None
    if options.station:
        meaning = options.station_meaning or options.station
        station = Code(options.station, STATION_NAME_SCHEME, meaning)
    edit = StepEdit(options.readiness, station, options.start)
    if _confirmed(desk, desk.operator.edit_consequences(options.uid, edit)):
        desk.operator.edit(options.uid, edit)
        say(f"{options.uid}: {edit}")
    return 0


def _cancel(desk: Desk) -> int:
    options = desk.options
    if _confirmed(desk, desk.operator.cancel_consequences(options.uid)):
        reason = discontinuation_reason(options.reason)
        desk.operator.cancel(options.uid, options.text, reason)
        say(f"{options.uid} CANCELED")
    return 0


def _request(desk: Desk) -> int:
    options = desk.options
    request = cancel_request(
        options.text, discontinuation_reason(options.reason), contact_name=options.contact
    )
    if _confirmed(desk, desk.operator.request_cancel_consequences(options.uid)):
        _warn(desk.operator.request_cancel(options.uid, request))
        say(f"{options.uid}: the request to cancel is accepted")
    return 0


def _delete(desk: Desk) -> int:
    uids = desk.options.uids
    if not _confirmed(desk, desk.operator.delete_consequences(uids)):
        return 0
    result = desk.operator.delete(uids)
    say(str(result))
    return 1 if result.refusals() else 0


def _purge(desk: Desk) -> int:
    age = desk.options.older_than
    if _confirmed(desk, desk.operator.purge_consequences(age)):
        say(str(desk.operator.purge(age)))
    return 0


def _subscribe(desk: Desk) -> int:
    options, operator = desk.options, desk.operator
    lock = options.deletion_lock
    foreseen = operator.subscribe_consequences(options.ae, options.uid, deletion_lock=lock)
    if _confirmed(desk, foreseen):
        _warn(operator.subscribe(options.ae, options.uid, deletion_lock=lock))
        say(f"{options.ae} subscribed to {options.uid or 'all steps'}")
    return 0


def _unsubscribe(desk: Desk) -> int:
    options = desk.options
    if _confirmed(desk, desk.operator.unsubscribe_consequences(options.ae, options.uid)):
        _warn(desk.operator.unsubscribe(options.ae, options.uid))
        say(f"{options.ae} unsubscribed from {options.uid or 'all steps'}")
    return 0


def _discard(desk: Desk) -> int:
    ae_title = desk.options.ae
    if _confirmed(desk, desk.operator.discard_consequences(ae_title)):
        say(f"{desk.operator.discard_events(ae_title)} events to {ae_title} discarded")
    return 0


def _warn(status: int) -> None:
    if status != Status.SUCCESS:
        complain(f"{status:04X}H {status_words(status)}")


def _add_step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uid", metavar="UID", help="SOP Instance UID of the step")


def _state(text: str) -> ProcedureStepState:
    return ProcedureStepState(text.upper().replace("_", " "))


def _readiness(text: str) -> InputReadiness:
    return InputReadiness(text.upper())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day (2026-11-23)") from error


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age (30d, 12h)")
    number = float(found[1])
    return timedelta(hours=number) if found[2] == "h" else timedelta(days=number)

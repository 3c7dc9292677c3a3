"""`tdwii tms|ost|ppvs|tdd|creator`: one actor in its window, or serving without one."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.events import (
    ActorEvent,
    FaultStruck,
    InputsRetrieved,
    Listening,
    SubscriptionChanged,
    TaskFailed,
)
from tdwii_gui.actors.faults import Fault, FaultKind
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.subscriptions import Subscription, SubscriptionKind
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.app.commands.reindex import run_reindex
from tdwii_gui.app.console import complain, say
from tdwii_gui.app.desktop import run_actor
from tdwii_gui.app.options import add_common_options, context
from tdwii_gui.app.recording_options import add_recording_options, recording
from tdwii_gui.app.run import serve_until_signal
from tdwii_gui.config.settings import (
    SUBSCRIPTIONS,
    TMS_MODES,
    ActorSettings,
    PpvsSettings,
    TmsSettings,
)
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Actor, Surroundings
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.app.options import Context
    from tdwii_gui.dicom.net.tap import Tap

S = TypeVar("S", bound=ActorSettings)


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the options of a server."""
    parser.add_argument("--headless", action="store_true", help="run without a window")
    parser.add_argument("--ae-title", metavar="T", help="own AE title")
    parser.add_argument("--port", type=int, metavar="N", help="port to listen on; 0 for any")
    parser.add_argument("--bind", metavar="IP", help="address to listen on (default 127.0.0.1)")
    if command == "tms":
        _add_tms_options(parser)
    if command in ("ppvs", "tdd"):
        parser.add_argument("--machine", metavar="M", help="treatment machine it stands for")
        parser.add_argument(
            "--subscribe", action="store_true", default=None, help="subscribe to all steps"
        )
    if command == "ppvs":
        parser.add_argument(
            "--auto-download",
            action="store_true",
            default=None,
            help="retrieve the inputs of each step of the machine",
        )
        parser.add_argument(
            "--subscription",
            choices=SUBSCRIPTIONS,
            help="subscribe to all steps, or to those of the machine",
        )
        parser.add_argument("--step", metavar="UID", help="subscribe to one step alone")
        parser.add_argument(
            "--report-imaging",
            action=argparse.BooleanOptionalAction,
            help="report imaging by MPPS (default: of the settings, yes)",
        )
    if command == "ost":
        parser.add_argument(
            "--reindex", action="store_true", help="rebuild the index from the files, then exit"
        )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="TEXT",
        help="what goes wrong on purpose, e.g. 'answer-status message=C-STORE status=A700 nth=1';"
        f" may be repeated; of: {', '.join(FaultKind)}",
    )
    add_recording_options(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Show the actor's window until it is closed, or serve until SIGINT or SIGTERM."""
    given = context(options)
    if options.command == "ost" and options.reindex:
        return run_reindex(given.data_folder / "ost")
    with recording(options, given.settings) as tap:
        if not options.headless:
            return run_actor(
                options.command, lambda listener: _actor(options, given, listener, tap)
            )
        serve_until_signal(_actor(options, given, _tell, tap))
    return 0


def _actor(
    options: argparse.Namespace, given: Context, listener: Listener, tap: Tap | None
) -> Actor:
    faults = [Fault.from_text(text) for text in options.fault]
    actor = _make(options, given, listener, tap)
    try:
        actor.faults.set(faults)
    except ConfigError:
        actor.stop()
        raise
    return actor


def _make(
    options: argparse.Namespace, given: Context, listener: Listener, tap: Tap | None
) -> Actor:
    settings = given.settings
    surroundings = given.surroundings(listener, tap)
    match options.command:
        case "tms":
            return _tms(_override(settings.tms, options), surroundings, options)
        case "ost":
            return Ost(_override(settings.ost, options), surroundings)
        case "ppvs":
            return _ppvs(_override(settings.ppvs, options), surroundings, options)
        case "creator":
            return RtbdiCreator(_override(settings.creator, options), surroundings)
        case _:
            return Tdd(_override(settings.tdd, options), surroundings)


def _add_tms_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="worklist that several TMS share")
    parser.add_argument("--mode", choices=TMS_MODES, help="how closely it looks at requests")
    parser.add_argument(
        "--known-aes-only",
        action="store_true",
        default=None,
        help="reject calling AEs that are not in the AE directory",
    )
    parser.add_argument(
        "--announce-going-down",
        action="store_true",
        default=None,
        help="tell all subscribers at the end",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="start cold: delete all steps, subscriptions and undelivered events",
    )


def _tms(settings: TmsSettings, around: Surroundings, options: argparse.Namespace) -> Tms:
    tms = Tms(settings, around)
    if options.fresh:
        say(f"{tms.ae_title} {tms.restart_consequences(cold=True)}")
        tms.start_cold_next()
    return tms


def _ppvs(settings: PpvsSettings, around: Surroundings, options: argparse.Namespace) -> Ppvs:
    if options.subscription:
        settings = replace(settings, subscribe=True)
    ppvs = Ppvs(settings, around)
    if options.step:
        ppvs.want(Subscription(SubscriptionKind.STEP, step_uid=options.step))
    return ppvs


def _override(settings: S, options: argparse.Namespace) -> S:
    """Return the settings with what the command line says instead."""
    said = {
        "ae_title": options.ae_title,
        "port": options.port,
        "bind_address": options.bind,
        "machine": getattr(options, "machine", None),
        "subscribe": getattr(options, "subscribe", None),
        "auto_download": getattr(options, "auto_download", None),
        "subscription": getattr(options, "subscription", None),
        "report_imaging": getattr(options, "report_imaging", None),
        "database": getattr(options, "database", None),
        "mode": getattr(options, "mode", None),
        "known_aes_only": getattr(options, "known_aes_only", None),
        "announce_going_down": getattr(options, "announce_going_down", None),
    }
    return replace(settings, **{key: value for key, value in said.items() if value is not None})


def _tell(event: ActorEvent) -> None:
    match event:
        case Listening():
            say(f"{event.ae_title} listening on {event.host}:{event.port}")
        case SubscriptionChanged():
            kinds = ", ".join(str(each) for each in event.subscriptions)
            say(f"{event.ae_title} is subscribed to {kinds or 'nothing'}")
        case InputsRetrieved(result=result):
            here = sum(count.present for count in result.counts)
            expected = sum(count.expected for count in result.counts)
            say(f"{event.ae_title} has {here} of {expected} objects of {event.sop_instance_uid}")
        case FaultStruck():
            complain(f"{event.ae_title}, by a fault: {event.words}")
        case TaskFailed():
            complain(f"{event.ae_title}: {event.error}")

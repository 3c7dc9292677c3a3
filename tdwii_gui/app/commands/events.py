"""`tdwii events`: receive the event reports of a TMS and print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor
from tdwii_gui.actors.events import EventReported, Listening
from tdwii_gui.app.console import say, say_json
from tdwii_gui.app.options import add_common_options, context
from tdwii_gui.app.run import serve_until_signal
from tdwii_gui.config.settings import ActorSettings
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.net.event_receiver import EventReceiver

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.dicom.net.event_receiver import EventReport


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "--ae-title",
        metavar="T",
        default="NEVENT_RECEIVER",
        help="own AE title (default NEVENT_RECEIVER)",
    )
    parser.add_argument("--port", type=int, metavar="N", help="default: of the AE directory")
    parser.add_argument(
        "--bind", metavar="IP", default="127.0.0.1", help="address (default 127.0.0.1)"
    )
    parser.add_argument("--json", action="store_true", help="print each report as a JSON object")
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Receive until SIGINT or SIGTERM."""
    given = context(options)
    settings = ActorSettings(options.ae_title, options.bind, options.port)

    def tell(event: ActorEvent) -> None:
        match event:
            case Listening():
                say(f"{event.ae_title} listening on {event.host}:{event.port}")
            case EventReported(report=report):
                _say_report(report, as_json=options.json)

    actor = Actor(settings, given.surroundings(tell))
    actor.serve(EventReceiver(lambda report: actor.emit(EventReported(actor.ae_title, report))))
    serve_until_signal(actor)
    return 0


def _say_report(report: EventReport, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "event_type": report.event_type,
                "sop_instance_uid": report.sop_instance_uid,
                "calling_ae": report.calling_ae,
                "information": report.information.to_json_dict(),
            }
        )
        return
    known = report.event_type in set(EventType)
    name = EventType(report.event_type).title if known else "unknown event"
    values = "; ".join(
        f"{element.name} {element.value}" for element in report.information if element.VR != "SQ"
    )
    say(f"{report.event_type} {name}  {report.sop_instance_uid}  {values}")

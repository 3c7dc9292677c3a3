"""`tdwii subscribe` and `tdwii unsubscribe`: who receives the events of the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import (
    add_calling_option,
    add_common_options,
    add_tms_option,
    caller,
    context,
    tms,
)
from tdwii_gui.dicom.iod.ups_update import subscription
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "uid",
        metavar="UID",
        nargs="?",
        default=str(UPS_GLOBAL_SUBSCRIPTION),
        help="SOP Instance UID of a step; default: all steps (global)",
    )
    parser.add_argument(
        "--receiving-ae",
        metavar="AE",
        default="PPVS_SCP",
        help="who receives the events (default PPVS_SCP)",
    )
    if command == "subscribe":
        parser.add_argument(
            "--deletion-lock", action="store_true", help="keep final steps until unsubscribed"
        )
    else:
        parser.add_argument(
            "--suspend", action="store_true", help="end the global subscription for new steps only"
        )
    add_tms_option(parser)
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Subscribe, unsubscribe or suspend."""
    given = context(options)
    with UpsScu(caller(options, given), tms(options, given)) as scu:
        if options.command == "subscribe":
            information = subscription(options.receiving_ae, deletion_lock=options.deletion_lock)
            status = scu.subscribe(options.uid, information)
        elif options.suspend:
            status = scu.suspend_globally(options.receiving_ae)
        else:
            status = scu.unsubscribe(options.uid, options.receiving_ae)
    if status != Status.SUCCESS:
        complain(f"{status:04X}H {status_words(status)}")
    steps = "all steps" if options.uid == UPS_GLOBAL_SUBSCRIPTION else options.uid
    done = "subscribed to" if options.command == "subscribe" else "unsubscribed from"
    say(f"{options.receiving_ae} {done} {steps}")
    return 0

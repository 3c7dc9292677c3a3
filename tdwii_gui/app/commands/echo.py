"""`tdwii echo`: verify that an AE answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tdwii_gui.app.console import say
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context
from tdwii_gui.dicom.net.verification_scu import VerificationScu

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("ae", metavar="AE", help="AE title, as in the AE directory")
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Send a C-ECHO and say how long it took."""
    given = context(options)
    peer = given.directory.lookup(options.ae)
    begin = time.perf_counter()
    with VerificationScu(caller(options, given), peer) as scu:
        scu.c_echo()
    say(f"{peer} answers in {1000 * (time.perf_counter() - begin):.0f} ms")
    return 0

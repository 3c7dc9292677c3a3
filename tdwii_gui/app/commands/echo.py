"""`tdwii echo`: verify that AEs answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context, peer
from tdwii_gui.app.tools.found import text
from tdwii_gui.app.tools.selecting import peer_of
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.errors import ConfigError, TdwiiError
from tdwii_gui.dicom.net.verification_scu import VerificationScu

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found
    from tdwii_gui.config.ae_directory import ApplicationEntity


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "aes", metavar="AE", nargs="*", help="peers: of the AE directory, or AE@host:port"
    )
    parser.add_argument("--all", action="store_true", help="all of the AE directory")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: who has the results is known."""


def run(options: argparse.Namespace) -> int:
    """Send a C-ECHO to each, and say how long it took."""
    given = context(options)
    entities = [peer(title, given) for title in options.aes]
    if options.all:
        entities += given.directory
    if not entities:
        raise ConfigError("say which AE is meant, or --all")
    return alone(_echo(entities, options, given), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Verify that those answer who have what was found: the peer, and who is named by it."""
    source = peer_of(found, "echo")
    entities = {source.entity.ae_title: source.entity}
    for answer in found.answers:
        for title in text(answer, "RetrieveAETitle").split("\\"):
            if title in given.directory:
                entities.setdefault(title, given.directory.lookup(title))
    return _echo(list(entities.values()), options, given)


def _echo(
    entities: Sequence[ApplicationEntity], options: argparse.Namespace, given: Context
) -> Outcome:
    rows: list[dict[str, Any]] = []
    for entity in entities:
        begin = time.perf_counter()
        reason = ""
        try:
            with VerificationScu(caller(options, given), entity) as scu:
                scu.c_echo()
        except TdwiiError as error:
            reason = str(error)
        milliseconds = round(1000 * (time.perf_counter() - begin))
        rows.append({"ae": entity.ae_title, "milliseconds": milliseconds, "error": reason})
        if reason:
            complain(reason)
        elif not options.json:
            say(f"{entity} answers in {milliseconds} ms")
    return Outcome(rows, 1 if any(row["error"] for row in rows) else 0)

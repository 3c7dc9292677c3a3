"""`tdwii store` and `tdwii push`: files, folders or a selection of the local index to an AE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context, peer
from tdwii_gui.app.tools.folders import files_below
from tdwii_gui.app.tools.query import add_query_options
from tdwii_gui.app.tools.selecting import select_to_retrieve, stored_here
from tdwii_gui.app.tools.sending import send
from tdwii_gui.app.tools.sources import add_index_option, local_index
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the options."""
    add_step_arguments(parser)
    number = "+" if command == "store" else "*"
    parser.add_argument("paths", metavar="PATH", nargs=number, type=Path, help="file or folder")
    if command == "push":
        add_query_options(parser)
        add_index_option(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the objects go."""
    parser.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")


def run(options: argparse.Namespace) -> int:
    """Store every file; one that is refused or unreadable does not keep the rest back."""
    given = context(options)
    if options.paths:
        return alone(_send(files_below(options.paths), options, given), options)
    with local_index(options, given) as index:
        found = select_to_retrieve(index, options)
        return alone(perform(found, options, given), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Send what the local index has of what was found."""
    return _send([one.path for one in stored_here(found, options, given)], options, given)


def _send(files: list[Path], options: argparse.Namespace, given: Context) -> Outcome:
    entity = peer(options.ae, given)
    if not files:
        raise ConfigError("the local index has nothing of it")
    return send(caller(options, given), entity, files, as_json=options.json)

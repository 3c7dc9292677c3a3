"""`tdwii move`: have objects sent to an AE, or received here (C-MOVE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.app.console import say
from tdwii_gui.app.options import add_calling_option, add_common_options, context
from tdwii_gui.app.tools.query import add_query_options
from tdwii_gui.app.tools.receiver import add_receiver_options, receiving
from tdwii_gui.app.tools.retrieval import retrieve
from tdwii_gui.app.tools.selecting import peer_of, select_to_retrieve
from tdwii_gui.app.tools.sources import add_index_option, local_index, peer_source
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu

if TYPE_CHECKING:
    import argparse

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found
    from tdwii_gui.app.tools.retrieval import Progress, Retrieval
    from tdwii_gui.app.tools.sources import PeerSource
    from tdwii_gui.dicom.net.retrieve_scu import MoveResult


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")
    add_step_arguments(parser)
    add_query_options(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_index_option(parser)
    add_receiver_options(parser)
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the move destination."""
    parser.add_argument(
        "--to",
        metavar="AE",
        help="move destination, as the peer knows it; default: we receive into the local index",
    )


def run(options: argparse.Namespace) -> int:
    """Find what is asked for, and have it moved."""
    given = context(options)
    found = select_to_retrieve(peer_source(options, given), options)
    return alone(perform(found, options, given), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Have what was found moved."""
    source = peer_of(found, "move")
    if options.to:
        moved, new = _move(source, found, options.to, options), None
        where = f"moved to {options.to}"
    else:
        with (
            local_index(options, given, make=True) as index,
            receiving(options, given, index.store) as received,
        ):
            moved = _move(source, found, options.ae_title, options)
            new = received.new
        where = f"moved to {options.ae_title}, {new} of them new in {index}"
    if not options.json:
        say(f"{source}: {moved.words(where)}")
    value = {
        "peer": source.entity.ae_title,
        "destination": options.to or options.ae_title,
        "new": new,
        **moved.summary(),
    }
    return Outcome(value, 0 if moved.is_complete else 1, moved.canceled)


def _move(
    source: PeerSource, found: Found, destination: str, options: argparse.Namespace
) -> Retrieval:
    scu = RetrieveScu(source.local, source.entity)

    def ask(identifier: Dataset, on_progress: Progress) -> MoveResult:
        return scu.c_move(identifier, destination, root=found.root, on_progress=on_progress)

    return retrieve(found, scu, ask, as_json=options.json)

"""`tdwii get`: retrieve objects on the association that asks for them (C-GET)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import add_calling_option, add_common_options, context
from tdwii_gui.app.tools.folders import PeopleFolders, Placed
from tdwii_gui.app.tools.found import text
from tdwii_gui.app.tools.query import add_query_options
from tdwii_gui.app.tools.retrieval import retrieve
from tdwii_gui.app.tools.selecting import peer_of, select_to_retrieve
from tdwii_gui.app.tools.sources import add_index_option, local_index, peer_source
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.errors import DimseStatusError, TdwiiError
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found
    from tdwii_gui.app.tools.retrieval import Progress, Retrieval
    from tdwii_gui.app.tools.sources import PeerSource
    from tdwii_gui.dicom.net.retrieve_scu import MoveResult
    from tdwii_gui.dicom.store.instance_store import InstanceStore

    Keep = Callable[[bytes], None]


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")
    add_step_arguments(parser)
    add_query_options(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_index_option(parser)
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the objects are kept."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="keep them in folders of patients, studies and series; default: the local index",
    )


def run(options: argparse.Namespace) -> int:
    """Find what is asked for, and get it."""
    given = context(options)
    found = select_to_retrieve(peer_source(options, given), options)
    return alone(perform(found, options, given), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Get what was found."""
    source = peer_of(found, "get")
    if options.out:
        got = _get(source, found, _into_folders(options.out), options)
        where = str(options.out)
    else:
        with local_index(options, given, make=True) as index:
            got = _get(source, found, _into_store(index.store, source.entity.ae_title), options)
        where = str(index)
    if not options.json:
        say(f"{source}: {got.words(f'got into {where}')}")
    value = {"peer": source.entity.ae_title, **got.summary()}
    return Outcome(value, 0 if got.is_complete else 1, got.canceled)


def _get(source: PeerSource, found: Found, keep: Keep, options: argparse.Namespace) -> Retrieval:
    classes = {text(answer, "SOPClassUID") for answer in found.answers} - {""}
    scu = GetScu(source.local, source.entity, sorted(classes))

    def store(part10: bytes, uid: str) -> int:
        try:
            keep(part10)
        except TdwiiError as error:
            complain(f"{uid} is not kept: {error}")
            raise
        return Status.SUCCESS

    def ask(identifier: Dataset, on_progress: Progress) -> MoveResult:
        return scu.c_get(identifier, store, root=found.root, on_progress=on_progress)

    return retrieve(found, scu, ask, as_json=options.json)


def _into_store(store: InstanceStore, source_ae: str) -> Keep:
    def keep(part10: bytes) -> None:
        store.add(part10, source_ae)

    return keep


def _into_folders(folder: Path) -> Keep:
    folders = PeopleFolders(folder)

    def keep(part10: bytes) -> None:
        target, result = folders.put(part10)
        if result is Placed.COLLISION:
            raise DimseStatusError(
                Status.DUPLICATE_SOP_INSTANCE, f"another content is in its place {target.name}"
            )

    return keep

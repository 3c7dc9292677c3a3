"""The tools' own storage SCP: what a C-MOVE to ourselves sends goes into the local index."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor
from tdwii_gui.config.ae_directory import check_ae_title
from tdwii_gui.config.settings import ActorSettings
from tdwii_gui.dicom.net.storage_scp import StorageScp

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tdwii_gui.app.options import Context
    from tdwii_gui.dicom.store.instance_store import AddOutcome, InstanceStore


@dataclass(slots=True)
class Received:
    """How many objects came that were not here before."""

    new: int = 0


def add_receiver_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where objects are received."""
    group = parser.add_argument_group("to receive (C-MOVE to ourselves)")
    group.add_argument(
        "--port", type=int, metavar="N", help="default: of the own AE title in the AE directory"
    )
    group.add_argument(
        "--bind", metavar="IP", default="127.0.0.1", help="address (default 127.0.0.1)"
    )


@contextmanager
def receiving(
    options: argparse.Namespace, given: Context, store: InstanceStore
) -> Iterator[Received]:
    """Listen under the own AE title while a block runs.

    Raises
    ------
    ConfigError
        If neither the options nor the AE directory name a port.
    ListenError
        If the port cannot be bound.
    """
    received = Received()

    def count(outcome: AddOutcome) -> None:
        received.new += outcome.added

    settings = ActorSettings(check_ae_title(options.ae_title), options.bind, options.port)
    actor = Actor(settings, given.surroundings())
    actor.serve(StorageScp(store, count))
    try:
        actor.start()
        yield received
    finally:
        actor.stop()

"""What a step works on, where it is a command of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.app.tools.found import Found
from tdwii_gui.app.tools.query import is_given, names_one_entity, query
from tdwii_gui.app.tools.sources import IndexSource, PeerSource, local_index
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.sources import Source
    from tdwii_gui.dicom.store.instance_store import StoredInstance


def select(source: Source, options: argparse.Namespace) -> Found:
    """Return what a source has of what the options ask for."""
    wanted = query(options)
    answers = list(source.find([wanted.identifier], wanted.root))
    return Found(source, wanted.level, wanted.root, answers)


def select_to_retrieve(source: Source, options: argparse.Namespace) -> Found:
    """Return what is to be retrieved; what its unique keys name needs not to be found first.

    Raises
    ------
    ConfigError
        If the options ask for nothing: nobody wants a whole archive by mistake.
    """
    if not is_given(options):
        raise ConfigError("say which objects are meant, by -k, --level or --query")
    wanted = query(options)
    if names_one_entity(wanted):
        return Found(source, wanted.level, wanted.root, [wanted.identifier])
    return select(source, options)


def peer_of(found: Found, step: str) -> PeerSource:
    """Return the peer that was asked.

    Raises
    ------
    ConfigError
        If the local index was asked instead.
    """
    if not isinstance(found.source, PeerSource):
        raise ConfigError(f"{step} needs a peer: nothing is retrieved from the local index")
    return found.source


def stored_here(found: Found, options: argparse.Namespace, given: Context) -> list[StoredInstance]:
    """Return the instances of the local index that belong to what was found."""
    if isinstance(found.source, IndexSource):
        return found.source.instances(found.identifiers(), found.root)
    with local_index(options, given, make=True) as index:
        return index.instances(found.identifiers(), found.root)

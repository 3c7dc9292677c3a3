"""Where objects are looked for: a peer, or the local index."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from pydicom.dataset import Dataset

from tdwii_gui.app.options import caller, peer
from tdwii_gui.app.tools.query import RETURN_KEYS, entity_identifier, with_return_keys
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.store.instance_index import LEVEL_KEYWORDS, UNIQUE_KEYS, Level, Root
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.matching import NO_KEYS, Matcher

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Iterable, Iterator

    from pydicom.dataelem import DataElement

    from tdwii_gui.app.options import Context
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.instance_store import StoredInstance

OWN_INDEX: Final = "received"
"""The folder, below the data folder, of what the tools have retrieved."""


class Source(Protocol):
    """What answers queries."""

    def find(self, identifiers: Iterable[Dataset], root: Root) -> Generator[Dataset]:
        """Yield the matches of identifiers, as they come, by one association at most."""


class PeerSource:
    """A peer that is asked by C-FIND."""

    def __init__(self, local: LocalAe, entity: ApplicationEntity) -> None:
        self.local = local
        self.entity = entity

    def __str__(self) -> str:
        return str(self.entity)

    def find(self, identifiers: Iterable[Dataset], root: Root) -> Generator[Dataset]:
        """Yield the matches as they come; see `Source`.

        Raises
        ------
        AssociationError, DimseStatusError
            If the peer cannot be reached, or refuses a query.
        """
        with RetrieveScu(self.local, self.entity) as scu:
            for identifier in identifiers:
                for answer in scu.c_find(identifier, root):
                    _add_unique_keys(answer, identifier)
                    yield answer


class IndexSource:
    """An instance store of this machine."""

    def __init__(self, store: InstanceStore) -> None:
        self.store = store

    def __str__(self) -> str:
        return str(self.store.folder)

    def find(self, identifiers: Iterable[Dataset], root: Root) -> Generator[Dataset]:
        """Yield the matches; keys that the index does not hold are looked up in the files."""
        for identifier in identifiers:
            level = Level(str(identifier.QueryRetrieveLevel))
            if all(one.is_empty or _is_indexed(one, level) for one in identifier):
                yield from self.store.find(identifier, root)
            else:
                yield from self._find_by_instances(identifier, level, root)

    def instances(self, identifiers: Iterable[Dataset], root: Root) -> list[StoredInstance]:
        """Return the instances of entities that are named by their unique keys."""
        found = {
            one.sop_instance_uid: one
            for identifier in identifiers
            for one in self.store.select(identifier, root)
        }
        return list(found.values())

    def _find_by_instances(
        self, identifier: Dataset, level: Level, root: Root
    ) -> Iterator[Dataset]:
        """Yield the entities that have an instance which matches, by its file where need be."""
        indexed = _part(identifier, lambda one: _is_indexed(one, Level.IMAGE))
        others = _part(identifier, lambda one: not _is_indexed(one, Level.IMAGE))
        further = _part(identifier, lambda one: not _is_usual(one, level))
        matcher, returned = Matcher(others), Matcher(further)
        seen: set[str] = set()
        for instance in self.store.find(with_return_keys(indexed, Level.IMAGE), root):
            key = str(instance.get(UNIQUE_KEYS[level]))
            if key in seen:
                continue
            read = read_part10(self._path(str(instance.SOPInstanceUID)))
            if matcher.matches(read):
                seen.add(key)
                entity = entity_identifier(instance, level, root)
                for answer in self.store.find(with_return_keys(entity, level), root):
                    answer.update(returned.return_keys(read))
                    yield answer

    def _path(self, sop_instance_uid: str) -> Path:
        instance = self.store.get(sop_instance_uid)
        if instance is None:
            raise ConfigError(f"{self}: {sop_instance_uid} was removed meanwhile")
        return instance.path


def add_index_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the local index."""
    parser.add_argument(
        "--index",
        metavar="WHICH",
        default=OWN_INDEX,
        help=f"local index: {OWN_INDEX} (what these tools retrieve; default), ost, ppvs, tdd, "
        "or a folder",
    )


@contextmanager
def local_index(
    options: argparse.Namespace, given: Context, *, make: bool = False
) -> Iterator[IndexSource]:
    """Open the local index that the options name, and close it at the end.

    Parameters
    ----------
    make : bool
        Whether a folder that holds none becomes one.

    Raises
    ------
    ConfigError
        If it is not there.
    StoreError
        If it cannot be used.
    """
    folder = index_folder(options.index, given)
    if not make and not (folder / "instances.sqlite").is_file():
        raise ConfigError(f"{folder}: there is no local index, nothing was received yet")
    store = InstanceStore(folder)
    try:
        yield IndexSource(store)
    finally:
        store.close()


def index_folder(which: str, given: Context) -> Path:
    """Return the folder of a local index: an actor's instance store, the tools' own, or any."""
    settings, data = given.settings, given.data_folder
    match which:
        case "ost":
            return data / "ost"
        case "ppvs":
            return Path(settings.ppvs.import_staging_directory or data / "ppvs")
        case "tdd":
            return Path(settings.tdd.import_staging_directory or data / "tdd" / "instances")
        case name if name == OWN_INDEX:
            return data / OWN_INDEX
        case folder:
            return Path(folder)


def peer_source(options: argparse.Namespace, given: Context) -> PeerSource:
    """Return the peer that the options name, and ask it as they say."""
    return PeerSource(caller(options, given), peer(options.ae, given))


def _is_indexed(element: DataElement, level: Level) -> bool:
    """Return whether the index answers a key at a level."""
    word = element.keyword
    return element.tag in NO_KEYS or _is_counted(word) or word in LEVEL_KEYWORDS[level]


def _is_usual(element: DataElement, level: Level) -> bool:
    """Return whether the index returns an attribute of each entity of a level."""
    return element.keyword in RETURN_KEYS[level] or _is_counted(element.keyword)


def _is_counted(word: str) -> bool:
    """Return whether an archive computes an attribute (PS3.4 C.3.4)."""
    return word.startswith("NumberOf") or word.endswith("InStudy")


def _part(identifier: Dataset, accept: Callable[[DataElement], bool]) -> Dataset:
    part = Dataset()
    for element in filter(accept, identifier):
        part.add(element)
    return part


def _add_unique_keys(answer: Dataset, identifier: Dataset) -> None:
    """Complete an answer by the unique keys above it, which its archive may leave out."""
    for keyword in UNIQUE_KEYS.values():
        value = identifier.get(keyword)
        if isinstance(value, str) and not set(value) & set("*?") and not answer.get(keyword):
            setattr(answer, keyword, value)

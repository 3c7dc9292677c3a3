"""The AE directory: which application entity listens where (`ApplicationEntities.json`)."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tdwii_gui.config.paths import user_config_folder
from tdwii_gui.config.resources import default_ae_directory_path
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE_NAME = "ApplicationEntities.json"
ENVIRONMENT_VARIABLE = "TDWII_AE_CONFIG"

_ADDRESS: Final = re.compile(r"(?P<title>.+)@(?P<host>.+):(?P<port>[0-9]{1,5})")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApplicationEntity:
    """An application entity and the address it listens on.

    Parameters
    ----------
    ae_title : str
        1 to 16 characters of the default repertoire, no backslash, no control character
        (PS3.5 6.2, VR AE); outer spaces do not count and are removed.
    host : str
        IP address or host name.
    port : int
        1 to 65535, or 0 for an own AE that takes any free port.
    tls : bool
        Whether the peer is reached by TLS.
    machine : str
        The treatment machine that the AE stands for; empty if none.

    Raises
    ------
    ConfigError
        If a value is not usable.
    """

    ae_title: str
    host: str
    port: int
    tls: bool = False
    machine: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ae_title", check_ae_title(self.ae_title))
        if not self.host.strip():
            raise ConfigError(f"AE title {self.ae_title}: the address is empty")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"AE title {self.ae_title}: port {self.port} is not in 1 to 65535")

    def __str__(self) -> str:
        return f"{self.ae_title} ({self.host}:{self.port})"


def parse_entity(text: str) -> ApplicationEntity | None:
    """Return the application entity that ``AE@host:port`` names; None if it is no such text.

    Raises
    ------
    ConfigError
        If title, address or port are not usable.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return None
    return ApplicationEntity(found["title"], found["host"].strip("[]"), int(found["port"]))


def check_ae_title(text: str) -> str:
    """Return an AE title without its outer spaces.

    Raises
    ------
    ConfigError
        If the text is no AE title (PS3.5 6.2, VR AE).
    """
    title = text.strip(" ")
    if not 1 <= len(title) <= 16:
        raise ConfigError(f"AE title {title!r} must have 1 to 16 characters")
    if "\\" in title or not (title.isascii() and title.isprintable()):
        raise ConfigError(
            f"AE title {title!r} must be printable ASCII without backslash or control characters"
        )
    return title


class AeDirectory:
    """The known application entities by AE title.

    Entries may be added or replaced at run time (an actor that took a free port, a real system in
    the place of an emulated one). Safe to use from several threads.

    Parameters
    ----------
    entities : Iterable[ApplicationEntity]
        The entries; a later one replaces an earlier one of the same title.
    source : str
        Where the entries come from, for messages.
    """

    def __init__(self, entities: Iterable[ApplicationEntity] = (), source: str = "") -> None:
        self.source = source
        self._lock = Lock()
        self._entities = {entity.ae_title: entity for entity in entities}

    def lookup(self, ae_title: str) -> ApplicationEntity:
        """Return the entry of an AE title.

        Raises
        ------
        ConfigError
            If the title is not in the directory; the message names the known ones.
        """
        title = ae_title.strip(" ")
        with self._lock:
            entity = self._entities.get(title)
            known = ", ".join(self._entities)
        if entity is None:
            where = self.source or "the AE directory"
            raise ConfigError(f"AE title {title!r} is not in {where} (known: {known})")
        return entity

    def register(self, entity: ApplicationEntity) -> None:
        """Add an entry, or replace the one of the same AE title."""
        with self._lock:
            self._entities[entity.ae_title] = entity

    def __contains__(self, ae_title: object) -> bool:
        with self._lock:
            return isinstance(ae_title, str) and ae_title.strip(" ") in self._entities

    def __iter__(self) -> Iterator[ApplicationEntity]:
        with self._lock:
            return iter(list(self._entities.values()))


def find_ae_directory(explicit: Path | None = None) -> Path:
    """Return the AE directory file in use.

    The first that exists of: `explicit` (``--ae-config``), ``$TDWII_AE_CONFIG``,
    ``./ApplicationEntities.json``, the user's configuration folder, the packaged default. The
    first two are demanded by name: they are returned even if they do not exist.
    """
    if explicit is not None:
        return explicit
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return Path(named)
    for folder in (Path(), user_config_folder()):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return default_ae_directory_path()


def load_ae_directory(path: Path) -> AeDirectory:
    """Read an AE directory: a JSON list of ``{"AETitle", "IPAddr", "Port"}``.

    ``"TLS"`` (true or false) and ``"Machine"`` are optional; other keys are ignored.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not of this form, or names a title twice; the message names
        file and entry.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is no JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path}: must be a JSON list with at least one application entity")
    entities: dict[str, ApplicationEntity] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            entity = _entity(entry)
        except ConfigError as error:
            raise ConfigError(f"{path}: entry {number}: {error}") from error
        if entity.ae_title in entities:
            raise ConfigError(f"{path}: entry {number}: AE title {entity.ae_title} stands twice")
        entities[entity.ae_title] = entity
    return AeDirectory(entities.values(), source=str(path))


def _entity(entry: Any) -> ApplicationEntity:
    if not isinstance(entry, dict):
        raise ConfigError("is not an object with AETitle, IPAddr and Port")
    title = _value(entry, "AETitle", str)
    host = _value(entry, "IPAddr", str)
    port = _value(entry, "Port", int)
    if not 1 <= port <= 65535:
        raise ConfigError(f"Port {port} is not in 1 to 65535")
    tls = _value(entry, "TLS", bool) if "TLS" in entry else False
    machine = _value(entry, "Machine", str) if "Machine" in entry else ""
    return ApplicationEntity(title, host, port, tls, machine)


def _value(entry: dict[str, Any], key: str, kind: type[T]) -> T:
    if key not in entry:
        raise ConfigError(f"{key} is missing")
    value = entry[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{key} must be a {kind.__name__}, not {value!r}")
    return value

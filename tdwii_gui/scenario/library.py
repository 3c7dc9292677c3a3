"""The scenarios that travel with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.scenario.reading import read_scenario

if TYPE_CHECKING:
    from tdwii_gui.scenario.document import Scenario

_FOLDER = "scenarios"


def shipped_names() -> list[str]:
    """Return the names of the shipped scenarios, in their order."""
    return sorted(path.stem for path in resource_path(_FOLDER).glob("*.toml"))


def shipped() -> list[Scenario]:
    """Return the shipped scenarios, in the order of their names."""
    return [shipped_scenario(name) for name in shipped_names()]


def shipped_scenario(name: str) -> Scenario:
    """Return a shipped scenario by its name.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if name not in shipped_names():
        raise ConfigError(f"there is no scenario {name!r} (known: {', '.join(shipped_names())})")
    return read_scenario(resource_path(_FOLDER, f"{name}.toml"))


def find_scenario(text: str) -> Scenario:
    """Return a scenario by the path of its file, or a shipped one by its name.

    Raises
    ------
    ConfigError
        If it cannot be read, or there is none.
    """
    return read_scenario(Path(text)) if text.endswith(".toml") else shipped_scenario(text)

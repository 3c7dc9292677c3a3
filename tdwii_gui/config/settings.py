"""The settings of the whole suite, read from one TOML file."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tdwii_gui.config.actor_settings import (
    SUBSCRIPTIONS,
    TMS_MODES,
    ActorSettings,
    CreatorSettings,
    NetworkSettings,
    OstSettings,
    PpvsSettings,
    TddSettings,
    TmsSettings,
    ae_titles,
)
from tdwii_gui.config.paths import user_config_folder
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "FILE_NAME",
    "SUBSCRIPTIONS",
    "TMS_MODES",
    "ActorSettings",
    "CreatorSettings",
    "NetworkSettings",
    "OstSettings",
    "PpvsSettings",
    "Settings",
    "TddSettings",
    "TmsSettings",
    "ae_titles",
    "find_settings",
    "load_settings",
    "settings_toml",
    "with_values",
]

FILE_NAME = "settings.toml"
ENVIRONMENT_VARIABLE = "TDWII_CONFIG"
# The field's sample files say it in other words.
_FIELD_KEYS = {
    "ups_ae_title": "tms_ae_title",
    "ups_scp_ae_title": "tms_ae_title",
    "qr_ae_title": "ost_ae_title",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the whole suite.

    Parameters
    ----------
    source : str
        The file they were read from; empty for the defaults.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    ost: OstSettings = field(default_factory=OstSettings)
    tms: TmsSettings = field(default_factory=TmsSettings)
    tdd: TddSettings = field(default_factory=TddSettings)
    ppvs: PpvsSettings = field(default_factory=PpvsSettings)
    creator: CreatorSettings = field(default_factory=CreatorSettings)
    source: str = ""


_TABLES = tuple(item.name for item in fields(Settings) if item.name != "source")


def find_settings(explicit: Path | None = None) -> Path | None:
    """Return the settings file in use, or None for the defaults.

    The first of: `explicit` (``--config``), ``$TDWII_CONFIG``, ``settings.toml`` in the user's
    configuration folder. The first two are demanded by name: they are returned even if they do
    not exist.
    """
    if explicit is not None:
        return explicit
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return Path(named)
    candidate = user_config_folder() / FILE_NAME
    return candidate if candidate.is_file() else None


def load_settings(path: Path | None) -> Settings:
    """Read settings; what the file does not name keeps its default.

    A table ``[DEFAULT]``, as the field's sample files have it, holds for every actor whose own
    table does not say otherwise; keys in it that an actor does not know are passed over there.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or has an unknown table, key or a wrong value; the
        message names file, table and key.
    """
    if path is None:
        return Settings()
    # Here, for the launcher is shown the sooner the less is imported without need.
    import tomllib

    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is no TOML: {error}") from error
    common = tables.pop("DEFAULT", {})
    if unknown := sorted(set(tables) - set(_TABLES)):
        raise ConfigError(f"{path}: unknown table {unknown[0]!r} (known: {', '.join(_TABLES)})")
    settings = Settings(source=str(path))
    for name in _TABLES:
        try:
            changed = _overlay(getattr(settings, name), common, tables.get(name, {}))
        except ConfigError as error:
            raise ConfigError(f"{path}: [{name}]: {error}") from error
        settings = replace(settings, **{name: changed})
    return settings


def settings_toml(settings: Settings) -> str:
    """Return settings as the text of a TOML file that `load_settings` reads."""
    import tomli_w

    tables = asdict(settings)
    del tables["source"]
    return tomli_w.dumps(
        {
            name: {key: value for key, value in table.items() if value is not None}
            for name, table in tables.items()
        }
    )


S = TypeVar("S", bound=NetworkSettings | ActorSettings)


def with_values(settings: S, values: Mapping[str, Any]) -> S:
    """Return the settings of an actor with some values of a table of a TOML file.

    Raises
    ------
    ConfigError
        If a key is not known or its value is wrong; the message names it.
    """
    return _overlay(settings, {}, values)


def _overlay(defaults: S, common: Mapping[str, Any], own: Mapping[str, Any]) -> S:
    known = {item.name: getattr(defaults, item.name) for item in fields(defaults)}
    values: dict[str, Any] = {}
    for table, is_own in ((common, False), (own, True)):
        if not isinstance(table, dict):
            raise ConfigError("must be a table")
        for key, value in table.items():
            name = _FIELD_KEYS.get(key, key)
            if key == "strict" and "mode" in known:
                # A yes or no, before there was a third mode.
                name, value = "mode", "strict" if _typed(key, value, False) else "standard"
            if name in known:
                values[name] = _typed(key, value, known[name])
            elif is_own:
                raise ConfigError(f"unknown key {key!r} (known: {', '.join(known)})")
    return replace(defaults, **values)


def _typed(key: str, value: Any, default: Any) -> Any:
    kind: type = int if default is None else type(default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{key} must be a {kind.__name__}, not {value!r}")
    if isinstance(value, str) and value and key.endswith(("_directory", "_path")):
        return str(Path(value).expanduser())
    return value

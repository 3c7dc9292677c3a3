"""The settings of the actors: one frozen dataclass each, read from one TOML file."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tdwii_gui.config.ae_directory import check_ae_title
from tdwii_gui.config.paths import user_config_folder
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "settings.toml"
ENVIRONMENT_VARIABLE = "TDWII_CONFIG"
TMS_MODES = ("lenient", "standard", "strict")
"""How closely a TMS looks at what it is sent."""

# The field's sample files say it in other words.
_FIELD_KEYS = {
    "ups_ae_title": "tms_ae_title",
    "ups_scp_ae_title": "tms_ae_title",
    "qr_ae_title": "ost_ae_title",
}


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Time limits in seconds, what an actor takes, and TLS.

    Parameters
    ----------
    maximum_associations : int
        How many an actor serves at once.
    maximum_message_megabytes : int
        The largest message that is taken into memory.
    tls_certificate, tls_key, tls_ca : str
        Files in PEM format: the own certificate, its private key, and the certificates by which
        those of peers are checked. They are used for peers whose entry has "TLS", and to listen.
    tls_listen : bool
        Listen with TLS, and with TLS alone, where there is a certificate.
    tls_anonymous_clients : bool
        Let peers without a certificate connect.
    """

    connect_timeout: float = 3.0
    acse_timeout: float = 5.0
    dimse_timeout: float = 15.0
    network_timeout: float = 60.0
    maximum_associations: int = 50
    maximum_message_megabytes: int = 512
    tls_certificate: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    tls_listen: bool = True
    tls_anonymous_clients: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not isinstance(value, str | bool) and not value > 0:
                raise ConfigError(f"{item.name} must be more than 0")


@dataclass(frozen=True, slots=True)
class ActorSettings:
    """What every actor has.

    Parameters
    ----------
    ae_title : str
        The actor's own AE title.
    bind_address : str
        The address it listens on; 127.0.0.1 unless the user says otherwise.
    port : int or None
        The port it listens on; None takes the port of its entry in the AE directory.
    """

    ae_title: str
    bind_address: str = "127.0.0.1"
    port: int | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name.endswith("ae_title"):
                object.__setattr__(self, item.name, check_ae_title(getattr(self, item.name)))
        if self.port is not None and not 0 <= self.port <= 65535:
            raise ConfigError(f"port {self.port} is not in 0 to 65535")


@dataclass(frozen=True, slots=True)
class OstSettings(ActorSettings):
    """Settings of the Object Storage."""

    ae_title: str = "OST"


@dataclass(frozen=True, slots=True)
class TmsSettings(ActorSettings):
    """Settings of the Treatment Management System.

    Parameters
    ----------
    ost_ae_title : str
        The archive of plans for which a step names none.
    build_rtbdi : bool
        Make an RT Beams Delivery Instruction from its plan when a device asks for one that a step
        announces and nobody has stored (RO-61).
    mode : str
        "lenient" takes what the field's sample code sends, "strict" refuses what PS3.4 or TDW-II
        do not allow, "standard" is between them. The former key ``strict`` is still read.
    database : str
        URL of a database that several TMS processes share, e.g. ``"postgresql://..."``; empty for
        an SQLite file in the data folder.
    known_aes_only : bool
        Refuse associations of calling AEs that are not in the AE directory.
    announce_going_down : bool
        Tell all subscribers at an orderly stop (SCP Status Change, PS3.4 CC.2.4).
    event_maximum_age_hours : float
        After how many hours an event that could not be delivered is dropped.
    """

    ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    build_rtbdi: bool = True
    mode: str = "standard"
    database: str = ""
    known_aes_only: bool = False
    announce_going_down: bool = False
    event_maximum_age_hours: float = 24.0

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        if self.mode not in TMS_MODES:
            raise ConfigError(f"mode {self.mode!r} is none of {', '.join(TMS_MODES)}")
        if not self.event_maximum_age_hours > 0:
            raise ConfigError("event_maximum_age_hours must be more than 0")

    def worklist_in(self, data_folder: Path) -> str | Path:
        """Return where the worklist is: the URL of a shared database, or a file in a folder."""
        return self.database or data_folder / "tms" / "ups.sqlite"


@dataclass(frozen=True, slots=True)
class TddSettings(ActorSettings):
    """Settings of the Treatment Delivery Device.

    Parameters
    ----------
    tms_ae_title, ost_ae_title : str
        Whose worklist is queried, and where records are stored.
    machine : str
        The treatment machine name that the device stands for; empty for any.
    import_staging_directory : str
        Folder for retrieved instances; empty for one in the user's data folder.
    subscribe : bool
        Subscribe to all steps of the TMS at the start.
    """

    ae_title: str = "TDD"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    machine: str = ""
    import_staging_directory: str = ""
    subscribe: bool = False


@dataclass(frozen=True, slots=True)
class PpvsSettings(ActorSettings):
    """Settings of the Patient Position Verification System; as of the TDD, and what it does.

    Parameters
    ----------
    subscribe : bool
        Subscribe to all steps of the TMS at the start.
    auto_download : bool
        Retrieve the inputs of each step of the machine as soon as it is announced.
    """

    ae_title: str = "PPVS_SCP"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    machine: str = ""
    import_staging_directory: str = ""
    subscribe: bool = False
    auto_download: bool = False


@dataclass(frozen=True, slots=True)
class CreatorSettings(ActorSettings):
    """Settings of the RTBDI/UPS creator.

    Parameters
    ----------
    tms_ae_title, ost_ae_title : str
        Where steps are scheduled and plans are stored.
    export_staging_directory : str
        Folder for exported objects; empty for none.
    plan_path : str
        Folder in which plans are looked for first.
    """

    ae_title: str = "RTBDI_CREATOR"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    export_staging_directory: str = ""
    plan_path: str = ""


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

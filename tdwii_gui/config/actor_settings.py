"""The settings of each actor, and of the network: one frozen dataclass each."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tdwii_gui.config.ae_directory import check_ae_title
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TMS_MODES = ("lenient", "standard", "strict")
"""How closely a TMS looks at what it is sent."""
SUBSCRIPTIONS = ("global", "filtered")
"""To which steps of a TMS a PPVS subscribes: to all, or to those of its machine."""
CHECKS = (
    "inputs",
    "patient",
    "plan",
    "approval",
    "machine",
    "plan_machine",
    "fraction",
    "beams",
    "metersets",
    "delivered",
    "identity",
)
"""What a TDD checks before the beam is on."""
CONFLICTS = ("refuse", "replace")
"""What an OST does with other content under a SOP Instance UID that it has."""


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


def ae_titles(text: str) -> tuple[str, ...]:
    """Return the AE titles of a list that is divided by commas.

    Raises
    ------
    ConfigError
        If one of them is none.
    """
    return tuple(check_ae_title(each.strip()) for each in text.split(",") if each.strip())


@dataclass(frozen=True, slots=True)
class OstSettings(ActorSettings):
    """Settings of the Object Storage.

    Parameters
    ----------
    on_conflict : str
        What happens to an object whose SOP Instance UID is stored with another content: "refuse"
        answers by 0111, "replace" keeps the newer one.
    keep_failed : bool
        Keep objects that could not be stored in the folder ``ost/failed`` of the data.
    private_sop_classes : str
        UIDs, divided by spaces, of storage SOP classes that are taken besides the standard ones.
    keep_traffic : bool
        Keep a copy of every object that comes and goes in the folder ``ost/traffic`` of the data.
    keep_traffic_megabytes : int
        So much of it; then the oldest copies make room.
    mpps_receivers : str
        AE titles, divided by commas, that are told of each change of a performed procedure step.
    """

    ae_title: str = "OST"
    on_conflict: str = "refuse"
    keep_failed: bool = True
    private_sop_classes: str = ""
    mpps_receivers: str = ""
    keep_traffic: bool = False
    keep_traffic_megabytes: int = 4000

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        if self.on_conflict not in CONFLICTS:
            raise ConfigError(f"on_conflict {self.on_conflict!r} is none of {', '.join(CONFLICTS)}")
        ae_titles(self.mpps_receivers)
        if self.keep_traffic_megabytes <= 0:
            raise ConfigError("keep_traffic_megabytes must be more than 0")


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
    mpps_receivers : str
        As of the OST.
    """

    ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    build_rtbdi: bool = True
    mode: str = "standard"
    database: str = ""
    known_aes_only: bool = False
    announce_going_down: bool = False
    event_maximum_age_hours: float = 24.0
    mpps_receivers: str = ""

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        ae_titles(self.mpps_receivers)
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
    request_commitment : bool
        Ask the OST for storage commitment to the treatment records after RO-63.
    commitment_wait_seconds : float
        How long RO-65 waits for that before the step is completed; 0: not at all. Without the
        commitment the step stays IN PROGRESS, and completing it can be tried again.
    follow_references : bool
        Fetch also what the inputs of a step refer to, such as the images of a structure set.
    warn_only_checks : str
        Which of the checks before beam on only warn, divided by commas; see `CHECKS`.
    tms_wait_seconds : float
        How long RO-64 and RO-65 are tried again while the TMS cannot be reached; 0: not at all.
    records_per_beam : bool
        Make a treatment record of each beam, not one of the session.
    delivery_noise, noise_seed : float, int
        The share, up to 0.1, by which delivered metersets may differ from the specified ones
        between a beam's control points; and by which random numbers.
    """

    ae_title: str = "TDD"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    machine: str = ""
    import_staging_directory: str = ""
    subscribe: bool = False
    request_commitment: bool = False
    commitment_wait_seconds: float = 0.0
    follow_references: bool = False
    warn_only_checks: str = "approval, plan_machine"
    tms_wait_seconds: float = 120.0
    records_per_beam: bool = False
    delivery_noise: float = 0.0
    noise_seed: int = 0

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        if unknown := self.warn_only - set(CHECKS):
            raise ConfigError(f"{min(unknown)!r} is no check (known: {', '.join(CHECKS)})")
        if not 0 <= self.tms_wait_seconds < math.inf:
            raise ConfigError("tms_wait_seconds must be 0 or more")
        if not 0 <= self.delivery_noise <= 0.1:
            raise ConfigError("delivery_noise must be from 0 to 0.1")
        if not 0 <= self.commitment_wait_seconds < math.inf:
            raise ConfigError("commitment_wait_seconds must be 0 or more")
        if self.commitment_wait_seconds and not self.request_commitment:
            raise ConfigError("commitment_wait_seconds needs request_commitment")

    @property
    def warn_only(self) -> frozenset[str]:
        """The names of the checks that only warn."""
        names = (name.strip() for name in self.warn_only_checks.split(","))
        return frozenset(filter(None, names))


@dataclass(frozen=True, slots=True)
class PpvsSettings(ActorSettings):
    """Settings of the Patient Position Verification System; as of the TDD, and what it does.

    Parameters
    ----------
    subscribe : bool
        Subscribe to steps of the TMS at the start.
    subscription : str
        "global" is told of all steps, "filtered" of those of its machine.
    auto_download : bool
        Retrieve the inputs of each step of the machine as soon as it is announced.
    mpps_ae_title : str
        Who is told of the imaging by MPPS.
    report_imaging : bool
        Whether it is told.
    """

    ae_title: str = "PPVS_SCP"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    machine: str = ""
    import_staging_directory: str = ""
    subscribe: bool = False
    subscription: str = "global"
    auto_download: bool = False
    mpps_ae_title: str = "TMS"
    report_imaging: bool = True

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        if self.subscription not in SUBSCRIPTIONS:
            raise ConfigError(
                f"subscription {self.subscription!r} is none of {', '.join(SUBSCRIPTIONS)}"
            )


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
    holidays_path : str
        Text file of days without treatment, one a line; empty for none but the weekends.
    fractions_per_day : int
        Of a course.
    minimum_interval_hours : float
        Between two fractions of a course.
    """

    ae_title: str = "RTBDI_CREATOR"
    tms_ae_title: str = "TMS"
    ost_ae_title: str = "OST"
    export_staging_directory: str = ""
    plan_path: str = ""
    holidays_path: str = ""
    fractions_per_day: int = 1
    minimum_interval_hours: float = 6.0

    def __post_init__(self) -> None:
        ActorSettings.__post_init__(self)
        if self.fractions_per_day < 1:
            raise ConfigError("fractions_per_day must be 1 or more")
        if not 0 <= self.minimum_interval_hours < math.inf:
            raise ConfigError("minimum_interval_hours must be 0 or more")

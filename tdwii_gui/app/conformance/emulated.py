"""The actors as the documents describe them: what they accept and what they propose."""

from __future__ import annotations

import inspect
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.events import ignore
from tdwii_gui.actors.suite import Role, Suite, on_free_ports
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.net.commitment_scu import CommitmentScu
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.net.local_ae import LocalAe
from tdwii_gui.dicom.net.mpps_scu import MppsScu
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.net.sop_class_support import (
    SupportedClass,
    accepted_classes,
    event_session,
    proposed_classes,
)
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.uids import MPPS_NOTIFICATION, STORAGE_COMMITMENT, UPS_EVENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tdwii_gui.config.settings import ActorSettings
    from tdwii_gui.dicom.net.session import Session

_PEER: Final = ApplicationEntity("PEER", "127.0.0.1", 1)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An association that an actor requests.

    Parameters
    ----------
    session : str
        Name of the class of the session.
    peers : tuple[str, ...]
        With whom.
    purpose : str
        What for.
    classes : tuple[SupportedClass, ...]
        Empty where the objects that are sent decide.
    """

    session: str
    peers: tuple[str, ...]
    purpose: str
    classes: tuple[SupportedClass, ...]


@dataclass(frozen=True, slots=True)
class EmulatedActor:
    """An actor with all that its settings can switch on.

    Parameters
    ----------
    title : str
        Its name in the profile.
    words : str
        What it does.
    on_request : frozenset[str]
        SOP classes that it accepts only by a setting.
    largest_message : int
        Megabytes of a message that it takes into memory.
    """

    role: Role
    title: str
    words: str
    settings: ActorSettings
    accepted: tuple[SupportedClass, ...]
    on_request: frozenset[str]
    largest_message: int
    proposals: tuple[Proposal, ...]


TITLES: Final[Mapping[Role, str]] = {
    Role.CREATOR: "RTBDI/UPS creator",
    Role.TMS: "Treatment Management System",
    Role.OST: "Object Storage",
    Role.TDD: "Treatment Delivery Device",
    Role.PPVS: "Patient Position Verification System",
}


def full_settings() -> Settings:
    """Return settings with all services on, and any free ports."""
    settings = Settings()
    return on_free_ports(replace(settings, tdd=replace(settings.tdd, request_commitment=True)))


@cache
def emulated_actors() -> tuple[EmulatedActor, ...]:
    """Return all actors; none of them is started."""
    plain = _plain_classes()
    settings = full_settings()
    with tempfile.TemporaryDirectory(prefix="tdwii-") as folder:
        suite = Suite(settings, Path(folder), ignore, AeDirectory())
        try:
            return tuple(_actor(suite, role, settings, plain[role]) for role in TITLES)
        finally:
            suite.stop()


def _plain_classes() -> dict[Role, set[str]]:
    """Return the SOP classes that the actors accept by the settings as they come."""
    with tempfile.TemporaryDirectory(prefix="tdwii-") as folder:
        suite = Suite(on_free_ports(Settings()), Path(folder), ignore, AeDirectory())
        try:
            return {
                role: {
                    str(context.abstract_syntax)
                    for service in suite.actor(role).services
                    for context in service.contexts
                }
                for role in TITLES
            }
        finally:
            suite.stop()


def _actor(suite: Suite, role: Role, settings: Settings, plain: set[str]) -> EmulatedActor:
    actor = suite.actor(role)
    accepted = accepted_classes(actor.services)
    megabytes = settings.network.maximum_message_megabytes
    return EmulatedActor(
        role=role,
        title=TITLES[role],
        words=(inspect.getdoc(type(actor)) or "").partition("\n\nAttributes\n")[0],
        settings=getattr(settings, role.value),
        accepted=accepted,
        on_request=frozenset(one.sop_class_uid for one in accepted) - plain,
        largest_message=min(megabytes, (actor.largest_message or megabytes * 2**20) // 2**20),
        proposals=tuple(_proposal(*row) for row in _PROPOSALS[role]),
    )


def _proposal(open_session: Callable[[], Session], peers: str, purpose: str) -> Proposal:
    session = open_session()
    return Proposal(
        type(session).__name__, tuple(peers.split(", ")), purpose, proposed_classes(session)
    )


_LOCAL: Final = LocalAe("LOCAL")


def _verify() -> Session:
    return VerificationScu(_LOCAL, _PEER)


def _work_with_steps() -> Session:
    return UpsScu(_LOCAL, _PEER)


def _send_objects() -> Session:
    return StorageScu(_LOCAL, _PEER, ())


def _query_and_move() -> Session:
    return RetrieveScu(_LOCAL, _PEER)


def _get() -> Session:
    return GetScu(_LOCAL, _PEER)


def _report_to_keeper() -> Session:
    return MppsScu(_LOCAL, _PEER)


def _ask_for_commitment() -> Session:
    return CommitmentScu(_LOCAL, _PEER)


def _report(sop_class_uid: str) -> Callable[[], Session]:
    return lambda: event_session(_LOCAL, _PEER, sop_class_uid)


_ECHO: Final = (_verify, "any AE", "verify that it answers")
_FETCH: Final = (
    (_query_and_move, "OST", "query for objects and have them sent here (C-MOVE)"),
    (_get, "OST", "fetch objects where a C-MOVE is not possible (C-GET)"),
)
_NOTIFY: Final = (_report(MPPS_NOTIFICATION), "receivers of `mpps_receivers`", "tell of each MPPS")

# Which sessions an actor opens. The rows are held against the imports of the actors by a test.
_PROPOSALS: Final[Mapping[Role, tuple[tuple[Callable[[], Session], str, str], ...]]] = {
    Role.CREATOR: (
        (_work_with_steps, "TMS", "create steps, cancel them, and see what became of them"),
        (_send_objects, "TMS, OST", "store instructions (TMS) and plans with their objects (OST)"),
        *_FETCH,
        _ECHO,
    ),
    Role.TMS: (
        (_report(UPS_EVENT), "subscribers", "report the events of steps"),
        (_send_objects, "destination of a C-MOVE", "send the wanted objects (RO-61)"),
        *_FETCH,
        _NOTIFY,
        _ECHO,
    ),
    Role.OST: (
        (_send_objects, "destination of a C-MOVE, any AE", "send the wanted objects (RO-59)"),
        (_report(STORAGE_COMMITMENT), "who asked", "report the result of a storage commitment"),
        _NOTIFY,
        _ECHO,
    ),
    Role.TDD: (
        (_work_with_steps, "TMS", "query the worklist, claim, update and complete a step"),
        *_FETCH,
        (_send_objects, "OST", "store treatment records (RO-63)"),
        (_ask_for_commitment, "OST", "ask for storage commitment to the records, if configured"),
        _ECHO,
    ),
    Role.PPVS: (
        (_work_with_steps, "TMS", "subscribe to steps, and read them"),
        *_FETCH,
        (_report_to_keeper, "keeper of MPPS (`mpps_ae_title`)", "tell of the imaging"),
        _ECHO,
    ),
}

"""All actors in one process, with one AE directory; real systems may take the place of some."""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import StrEnum
from threading import RLock
from typing import TYPE_CHECKING, Self

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.errors import ListenError, TdwiiError
from tdwii_gui.recording.switch import RecordingSwitch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.config.settings import Settings

logger = logging.getLogger(__name__)


class Role(StrEnum):
    """The actors of the profile, and of its surroundings."""

    CREATOR = "creator"
    TMS = "tms"
    OST = "ost"
    TDD = "tdd"
    PPVS = "ppvs"


_STARTING_ORDER = (Role.OST, Role.TMS, Role.PPVS, Role.TDD, Role.CREATOR)
"""Those that serve others first."""


class Suite:
    """OST, TMS, TDD, PPVS and creator with one AE directory; a context manager runs them.

    Parameters
    ----------
    settings : Settings
        The actors' settings. An actor without a port of its own takes that of its entry in the
        directory, or any.
    data_folder : Path
        Where they keep their data.
    listener : Listener
        Hears the events of all of them, on their threads.
    directory : AeDirectory or None
        Who else is known.
    recording : RecordingSwitch or None
        By what the associations of all are recorded; None for one that ends with the suite.

    Attributes
    ----------
    recording : RecordingSwitch
        Begins and ends recordings of all actors.
    notes : list[str]
        What the user should know of the start, in words: the ports that were taken.
    """

    def __init__(
        self,
        settings: Settings,
        data_folder: Path,
        listener: Listener,
        directory: AeDirectory | None = None,
        recording: RecordingSwitch | None = None,
    ) -> None:
        self.directory = AeDirectory() if directory is None else directory
        self.notes: list[str] = []
        self.recording = recording or RecordingSwitch()
        self.recording.actors = self._roles
        self._ends_recording = recording is None
        around = Surroundings(
            self.directory, data_folder, settings.network, listener, self.recording
        )
        self.ost = Ost(settings.ost, around)
        self.tms = Tms(settings.tms, around)
        self.ppvs = Ppvs(settings.ppvs, around)
        self.tdd = Tdd(settings.tdd, around)
        self.creator = RtbdiCreator(settings.creator, around)
        own = (settings.ost, settings.tms, settings.ppvs, settings.tdd, settings.creator)
        for actor, wanted in zip(self.actors, own, strict=True):
            if wanted.port is None and wanted.ae_title not in self.directory:
                actor.listen_on(0)
        self._external: dict[Role, ApplicationEntity] = {}
        self._lock = RLock()

    @property
    def actors(self) -> tuple[Actor, ...]:
        """All actors, those that serve others first."""
        return tuple(self.actor(role) for role in _STARTING_ORDER)

    def actor(self, role: Role) -> Actor:
        """Return our actor of a role, whether another system is in its place or not."""
        actors: dict[Role, Actor] = {
            Role.CREATOR: self.creator,
            Role.TMS: self.tms,
            Role.OST: self.ost,
            Role.TDD: self.tdd,
            Role.PPVS: self.ppvs,
        }
        return actors[role]

    def role_of(self, ae_title: str) -> Role | None:
        """Return the role of an AE title: of one of our actors, or of a system in its place."""
        for role in Role:
            external = self._external.get(role)
            if ae_title == self.actor(role).ae_title or (
                external and ae_title == external.ae_title
            ):
                return role
        return None

    def external(self, role: Role) -> ApplicationEntity | None:
        """Return the system that is in the place of our actor, if one is."""
        return self._external.get(role)

    def start(self, on_started: Callable[[Role], None] | None = None) -> None:
        """Have all actors listen that no other system replaces.

        A port that is taken is replaced by a free one. An actor that cannot listen at all does
        not keep the others back. Both is told in `notes`.

        Parameters
        ----------
        on_started : Callable[[Role], None] or None
            Is called with each role whose actor listens, on the calling thread.
        """
        self._start_all(on_started)

    def stop(self) -> None:
        """Stop the actors, those that ask first."""
        with self._lock:
            for actor in reversed(self.actors):
                actor.stop()
        if self._ends_recording:
            self.recording.end()

    def use_external(self, role: Role, entity: ApplicationEntity) -> None:
        """Put another system in the place of our actor, which stops listening; takes a moment.

        The others then ask that system: a new TMS is subscribed to as the old one was.
        """
        with self._lock:
            followers = self._leave_tms() if role is Role.TMS else []
            self.actor(role).stop_listening()
            self._external[role] = entity
            self.directory.register(entity)
            self._address(role, entity.ae_title)
            _follow(followers)

    def use_own(self, role: Role) -> None:
        """Use our own actor again; takes a moment.

        Raises
        ------
        ListenError
            If its port is taken meanwhile; then the other system stays in its place.
        """
        with self._lock:
            actor = self.actor(role)
            replaced = role in self._external
            # The directory knows one address by an AE title: the other system is left first.
            followers = self._leave_tms() if replaced and role is Role.TMS else []
            try:
                actor.start()
                if replaced:
                    del self._external[role]
                    self._address(role, actor.ae_title)
            finally:
                _follow(followers)

    def __enter__(self) -> Self:
        try:
            self._start_or_raise()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _roles(self) -> dict[str, str]:
        """Return role by AE title, of our actors and of the systems in their places."""
        roles = {self.actor(role).ae_title: str(role) for role in Role}
        return roles | {one.ae_title: str(role) for role, one in self._external.items()}

    def _start_or_raise(self) -> None:
        for error in self._start_all():
            raise error

    def _start_all(self, on_started: Callable[[Role], None] | None = None) -> list[TdwiiError]:
        """Start what is to be started; return the errors of those that cannot."""
        errors: list[TdwiiError] = []
        for role in _STARTING_ORDER:
            with self._lock:
                if role in self._external:
                    continue
                try:
                    self._start_somewhere(self.actor(role))
                except TdwiiError as error:
                    self.notes.append(f"{self.actor(role).ae_title}: {error}")
                    errors.append(error)
                    continue
            if on_started is not None:
                on_started(role)
        return errors

    def _start_somewhere(self, actor: Actor) -> None:
        try:
            actor.start()
        except ListenError as error:
            host, port = actor.address
            if port == 0:
                raise
            actor.listen_on(0)
            actor.start()
            reason = str(error).replace(f"{host}:{port}", f"port {port}", 1)
            self.notes.append(f"{actor.ae_title}: {reason}, listening on {actor.port}")

    def _address(self, role: Role, ae_title: str) -> None:
        """Have the actors ask another TMS or OST."""
        for actor in (self.creator, self.tdd, self.ppvs):
            if role is Role.TMS:
                actor.tms_ae_title = ae_title
            elif role is Role.OST:
                actor.ost_ae_title = ae_title
        if role is Role.OST:
            self.tms.ost_ae_title = ae_title

    def _leave_tms(self) -> list[Tdd | Ppvs]:
        """End the subscriptions at the present TMS; return who had one or wants one."""
        followers = [actor for actor in (self.tdd, self.ppvs) if actor.wants_subscription]
        for actor in followers:
            if actor.subscribed and (error := actor.unsubscribe().exception()):
                logger.warning("%s stays subscribed to the former TMS: %s", actor.ae_title, error)
        return followers


def _follow(followers: list[Tdd | Ppvs]) -> None:
    for actor in followers:
        actor.keep_subscribed().exception()


def on_free_ports(settings: Settings) -> Settings:
    """Return settings with which every actor takes any free port."""
    return replace(
        settings,
        ost=replace(settings.ost, port=0),
        tms=replace(settings.tms, port=0),
        tdd=replace(settings.tdd, port=0),
        ppvs=replace(settings.ppvs, port=0),
        creator=replace(settings.creator, port=0),
    )

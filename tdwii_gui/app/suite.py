"""All actors in one process, on free ports of this host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.config.settings import Settings


class Suite:
    """OST, TMS, TDD, PPVS and creator with one AE directory; a context manager runs them.

    Parameters
    ----------
    settings : Settings
        The actors' settings; their ports are not used.
    data_folder : Path
        Where they keep their data.
    listener : Listener
        Hears the events of all of them, on their threads.
    """

    def __init__(self, settings: Settings, data_folder: Path, listener: Listener) -> None:
        around = Surroundings(AeDirectory(), data_folder, settings.network, listener)
        self.ost = Ost(replace(settings.ost, port=0), around)
        self.tms = Tms(replace(settings.tms, port=0), around)
        self.ppvs = Ppvs(replace(settings.ppvs, port=0), around)
        self.tdd = Tdd(replace(settings.tdd, port=0), around)
        self.creator = RtbdiCreator(replace(settings.creator, port=0), around)

    @property
    def actors(self) -> tuple[Actor, ...]:
        """All actors, those that serve others first."""
        return (self.ost, self.tms, self.ppvs, self.tdd, self.creator)

    def __enter__(self) -> Self:
        try:
            for actor in self.actors:
                actor.start()
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

    def stop(self) -> None:
        """Stop the actors, those that ask first."""
        for actor in reversed(self.actors):
            actor.stop()

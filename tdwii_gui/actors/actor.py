"""What all actors have in common: a worker for requests, a host for answers, one listener."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.actors.events import (
    ActorEvent,
    ExchangeMade,
    Listening,
    Stopped,
    TaskFailed,
    ignore,
)
from tdwii_gui.actors.worker import SerialWorker, task
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.net.verification_scu import VerificationScu

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.actors.events import Listener
    from tdwii_gui.config.settings import ActorSettings
    from tdwii_gui.dicom.net.dispatch import Service
    from tdwii_gui.dicom.net.exchange import Exchange

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an actor is given besides its own settings.

    Parameters
    ----------
    directory : AeDirectory
        Who listens where; the actor enters its own address when it starts.
    data_folder : Path
        The folder under which the actor keeps a folder of its own.
    network : NetworkSettings
        Time limits and the number of associations.
    listener : Listener
        Hears the actor's events.
    """

    directory: AeDirectory
    data_folder: Path
    network: NetworkSettings = field(default_factory=NetworkSettings)
    listener: Listener = ignore


class Actor:
    """An application entity with its requests (SCU) and answers (SCP).

    Methods are the only way in: those decorated with `task` return futures. Events to the
    listener are the only way out.
    """

    def __init__(self, settings: ActorSettings, surroundings: Surroundings) -> None:
        self.ae_title = settings.ae_title
        self.directory = surroundings.directory
        self._bind_address = settings.bind_address
        self._port = settings.port
        self._network = surroundings.network
        self._listener = surroundings.listener
        self.local = LocalAe(self.ae_title, timeouts(self._network), self._on_exchange)
        self.worker = SerialWorker(f"{self.ae_title}-scu", self._on_task_failed)
        self._services: list[Service] = [VerificationScp()]
        self._host: ScpHost | None = None

    def serve(self, *services: Service) -> None:
        """Add services to those that the actor's SCP answers; verification is always there."""
        self._services.extend(services)

    def start(self) -> None:
        """Listen, and enter the address in the AE directory.

        Raises
        ------
        ListenError
            If the port cannot be bound.
        ConfigError
            If neither the settings nor the AE directory name a port.
        """
        port = self.directory.lookup(self.ae_title).port if self._port is None else self._port
        host = ScpHost(
            self.ae_title,
            self._bind_address,
            port,
            self._services,
            timeouts=self.local.timeouts,
            maximum_associations=self._network.maximum_associations,
            on_exchange=self._on_exchange,
        )
        host.start()
        self._host = host
        self.directory.register(
            ApplicationEntity(self.ae_title, _reachable(self._bind_address), host.port)
        )
        self.emit(Listening(self.ae_title, self._bind_address, host.port))

    @property
    def port(self) -> int:
        """The port on which the actor listens; 0 while it does not."""
        return self._host.port if self._host else 0

    def stop(self) -> None:
        """Stop asking and answering, close what is kept, and go silent."""
        if not self.worker.stop():
            logger.warning("%s: a request to a peer is still under way", self.ae_title)
        if self._host:
            self._host.stop()
            self._host = None
        self.close()
        self.emit(Stopped(self.ae_title))
        self._listener = ignore

    def close(self) -> None:
        """Close what the actor keeps."""

    @task()
    def echo(self, ae_title: str) -> None:
        """Verify that a peer answers (C-ECHO).

        Raises
        ------
        ConfigError, AssociationError, DimseStatusError
            If it is unknown, cannot be reached or says no.
        """
        with VerificationScu(self.local, self.directory.lookup(ae_title)) as scu:
            scu.c_echo()

    def emit(self, event: ActorEvent) -> None:
        """Tell the listener an event, on the calling thread."""
        self._listener(event)

    def _on_exchange(self, exchange: Exchange) -> None:
        self.emit(ExchangeMade(self.ae_title, exchange, self.worker.transaction))

    def _on_task_failed(self, name: str, error: Exception) -> None:
        self.emit(TaskFailed(self.ae_title, name, error))


def timeouts(network: NetworkSettings) -> Timeouts:
    """Return the time limits of the settings."""
    return Timeouts(
        connect=network.connect_timeout,
        acse=network.acse_timeout,
        dimse=network.dimse_timeout,
        network=network.network_timeout,
    )


def _reachable(bind_address: str) -> str:
    """Return where peers on this host reach an SCP that is bound to all addresses."""
    return "127.0.0.1" if bind_address in ("0.0.0.0", "") else bind_address

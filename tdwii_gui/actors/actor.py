"""What all actors have in common: a worker for requests, a host for answers, one listener."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, ClassVar

from tdwii_gui.actors.clock import ActorClock
from tdwii_gui.actors.events import (
    ActorEvent,
    AssociationInfo,
    AssociationRejected,
    AssociationsChanged,
    ExchangeMade,
    FaultsChanged,
    FaultStruck,
    ListenFailed,
    Listening,
    Stopped,
    TaskFailed,
    ignore,
)
from tdwii_gui.actors.faults import Fault, FaultKind, Faults, Upsets
from tdwii_gui.actors.running_request import RunningRequest
from tdwii_gui.actors.worker import SerialWorker, task
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings
from tdwii_gui.dicom.errors import ConfigError, ListenError
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.net.tap import NO_TAP, Tap
from tdwii_gui.dicom.net.tls import TlsFiles, server_context
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.net.verification_scu import VerificationScu

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from ssl import SSLContext

    from tdwii_gui.actors.events import Listener
    from tdwii_gui.config.settings import ActorSettings
    from tdwii_gui.dicom.net.dispatch import Service
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.dicom.net.open_associations import OpenAssociation
    from tdwii_gui.dicom.net.rejection import RejectedAssociation

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
    tap : Tap
        Is told what travels on the actor's associations, asked for and answered.
    """

    directory: AeDirectory
    data_folder: Path
    network: NetworkSettings = field(default_factory=NetworkSettings)
    listener: Listener = ignore
    tap: Tap = NO_TAP


class Actor:
    """An application entity with its requests (SCU) and answers (SCP).

    Methods are the only way in: those decorated with `task` return futures. Events to the
    listener are the only way out.

    Attributes
    ----------
    largest_message : int or None
        Bytes of a message that its SCP takes into memory, where the settings do not say less.
    known_aes_only : bool
        Whether its SCP rejects AE titles that are not in the AE directory; may change at any time.
    impossible_faults : tuple[FaultKind, ...]
        What cannot go wrong with it.
    faults : Faults
        What goes wrong with it on purpose.
    clock : ActorClock
        The time as it has it.
    """

    largest_message: ClassVar[int | None] = None
    known_aes_only: bool = False
    impossible_faults: ClassVar[tuple[FaultKind, ...]] = (FaultKind.RESTART_COLD,)

    def __init__(self, settings: ActorSettings, surroundings: Surroundings) -> None:
        self.ae_title = settings.ae_title
        self.directory = surroundings.directory
        self._bind_address = settings.bind_address
        self._port = settings.port
        self._network = surroundings.network
        self._listener = surroundings.listener
        self.faults = Faults(self.impossible_faults)
        self.faults.on_struck = self._on_fault_struck
        self.faults.on_changed = self._on_faults_changed
        self.clock = ActorClock(self.faults)
        self._upsets = Upsets(self, self.faults)
        self.local = LocalAe(
            self.ae_title,
            timeouts(self._network),
            self._on_exchange,
            _tls_files(self._network),
            surroundings.tap,
            self.faults,
        )
        self.running = RunningRequest()
        self.worker = SerialWorker(f"{self.ae_title}-scu", self._on_task_failed, self.running.task)
        self._services: list[Service] = [VerificationScp()]
        self._host: ScpHost | None = None
        self._host_lock = RLock()

    @property
    def services(self) -> Sequence[Service]:
        """What the actor's SCP answers."""
        return self._services

    def serve(self, *services: Service) -> None:
        """Add services to those that the actor's SCP answers; verification is always there."""
        self._services.extend(services)

    def listen_on(self, port: int) -> None:
        """Take another port at the next `start`; 0 for any."""
        self._port = port

    def start(self) -> None:
        """Listen, and enter the address in the AE directory; does nothing while it listens.

        After `stop_listening` it listens again on the port it had.

        Raises
        ------
        ListenError
            If the port cannot be bound.
        ConfigError
            If neither the settings nor the AE directory name a port, or TLS cannot be set up.
        """
        try:
            with self._host_lock:
                if self._host is not None:
                    return
                host = self._make_host()
                host.start()
                self._host = host
                self._port = host.port
        except ListenError as error:
            self.emit(ListenFailed(self.ae_title, str(error)))
            raise
        self.directory.register(
            ApplicationEntity(
                self.ae_title,
                _reachable(self._bind_address),
                host.port,
                self._listens_by_tls,
                machine=machine_of(self.directory, self.ae_title),
            )
        )
        self.emit(Listening(self.ae_title, self._bind_address, host.port))
        self._upsets.look()

    def stop_listening(self) -> None:
        """Stop answering; peers that are connected are given a second. `start` resumes it."""
        with self._host_lock:
            host, self._host = self._host, None
            if host is not None:
                host.stop()

    def close_port(self) -> None:
        """Close the port and no more: of what else begins and ends with it, nothing happens."""
        Actor.stop_listening(self)

    def open_port(self) -> None:
        """Open the port again after `close_port`.

        Raises
        ------
        ListenError
            If it was taken meanwhile.
        """
        Actor.start(self)

    def restart_by_fault(self, *, cold: bool) -> None:
        """Stop listening and start again; wait until it is done."""
        self.stop_listening()
        self.start()

    @property
    def listening(self) -> bool:
        """Whether the actor's SCP answers."""
        return self._host is not None

    def let_answers_leave(self, seconds: float) -> None:
        """Wait until no request is being answered, for so long at most."""
        host = self._host
        if host is not None:
            host.let_answers_leave(seconds)

    @property
    def port(self) -> int:
        """The port on which the actor listens; 0 while it does not."""
        host = self._host
        return host.port if host else 0

    @property
    def address(self) -> tuple[str, int]:
        """The address and port on which the actor listens, or will; port 0 if none is known."""
        try:
            return self._bind_address, self._wanted_port()
        except ConfigError:
            return self._bind_address, 0

    @property
    def associations(self) -> tuple[AssociationInfo, ...]:
        """Who is connected."""
        host = self._host
        return _infos(host.open_associations) if host else ()

    def cancel_request(self) -> None:
        """End the C-FIND, C-MOVE or sending that is under way early; from any thread.

        The peer is asked by C-CANCEL; when this is called again, the association is aborted.
        """
        self.running.cancel()

    def stop(self) -> None:
        """Stop asking and answering, close what is kept, and go silent."""
        self.faults.clear()
        self._upsets.end()
        self.cancel_request()
        if not self.worker.stop():
            logger.warning("%s: a request to a peer is still under way", self.ae_title)
        self.stop_listening()
        self.close()
        self.emit(Stopped(self.ae_title))
        self._listener = ignore

    def close(self) -> None:
        """Close what the actor keeps."""

    @task()
    def echo(self, ae_title: str) -> float:
        """Verify that a peer answers (C-ECHO); return after how many milliseconds.

        Raises
        ------
        ConfigError, AssociationError, DimseStatusError
            If it is unknown, cannot be reached or says no.
        """
        return self._echo(self.directory.lookup(ae_title))

    @task()
    def echo_entity(self, entity: ApplicationEntity) -> float:
        """Verify that an address answers which is not in the AE directory; as `echo`."""
        return self._echo(entity)

    def emit(self, event: ActorEvent) -> None:
        """Tell the listener an event, on the calling thread."""
        self._listener(event)

    def _echo(self, entity: ApplicationEntity) -> float:
        begin = time.perf_counter()
        with VerificationScu(self.local, entity) as scu:
            scu.c_echo()
            return 1000 * (time.perf_counter() - begin)

    def _wanted_port(self) -> int:
        return self.directory.lookup(self.ae_title).port if self._port is None else self._port

    def _make_host(self) -> ScpHost:
        return ScpHost(
            self.ae_title,
            self._bind_address,
            self._wanted_port(),
            self._services,
            timeouts=self.local.timeouts,
            maximum_associations=self._network.maximum_associations,
            largest_message=self._largest_message(),
            known_aes=self._may_call,
            tls=self._server_tls(),
            tap=self.local.tap,
            faults=self.faults,
            on_exchange=self._on_exchange,
            on_associations=self._on_associations,
            on_rejection=self._on_rejection,
        )

    def _may_call(self, ae_title: str) -> bool:
        return not self.known_aes_only or ae_title in self.directory

    def _largest_message(self) -> int:
        configured = self._network.maximum_message_megabytes * 2**20
        return min(configured, self.largest_message or configured)

    @property
    def _listens_by_tls(self) -> bool:
        return bool(self._network.tls_certificate) and self._network.tls_listen

    def _server_tls(self) -> SSLContext | None:
        if not self._listens_by_tls:
            return None
        anonymous = self._network.tls_anonymous_clients
        return server_context(self.local.tls, anonymous_clients=anonymous)

    def _on_rejection(self, rejected: RejectedAssociation) -> None:
        self.emit(AssociationRejected(self.ae_title, rejected))

    def _on_associations(self, associations: tuple[OpenAssociation, ...]) -> None:
        self.emit(AssociationsChanged(self.ae_title, _infos(associations)))

    def _on_exchange(self, exchange: Exchange) -> None:
        self.emit(ExchangeMade(self.ae_title, exchange, self.worker.transaction))

    def _on_fault_struck(self, fault: Fault) -> None:
        self.emit(FaultStruck(self.ae_title, fault, fault.describe()))

    def _on_faults_changed(self) -> None:
        self.emit(FaultsChanged(self.ae_title, self.faults.states))
        self._upsets.look()

    def _on_task_failed(self, name: str, error: Exception) -> None:
        self.emit(TaskFailed(self.ae_title, name, error))


def machine_of(directory: AeDirectory, ae_title: str) -> str:
    """Return the treatment machine that the AE directory names for an AE; empty if none."""
    return directory.lookup(ae_title).machine if ae_title in directory else ""


def timeouts(network: NetworkSettings) -> Timeouts:
    """Return the time limits of the settings."""
    return Timeouts(
        connect=network.connect_timeout,
        acse=network.acse_timeout,
        dimse=network.dimse_timeout,
        network=network.network_timeout,
    )


def _tls_files(network: NetworkSettings) -> TlsFiles:
    return TlsFiles(network.tls_certificate, network.tls_key, network.tls_ca)


def _infos(associations: tuple[OpenAssociation, ...]) -> tuple[AssociationInfo, ...]:
    return tuple(
        AssociationInfo(
            one.calling_ae,
            one.host,
            one.port,
            one.since,
            one.received_objects,
            one.received_bytes,
        )
        for one in associations
    )


def _reachable(bind_address: str) -> str:
    """Return where peers on this host reach an SCP that is bound to all addresses."""
    return "127.0.0.1" if bind_address in ("0.0.0.0", "") else bind_address

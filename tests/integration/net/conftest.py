"""Bare pynetdicom peers, and hosts on free ports."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.uids import RT_PLAN
from tests.integration.bare_ae import serve, shut_down
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator

    from pynetdicom.association import Association
    from pynetdicom.transport import ThreadedAssociationServer

    from tdwii_gui.dicom.net.exchange import Exchange

SECONDS = 10.0
SHORT = Timeouts(connect=1.0, acse=1.0, dimse=1.0, network=10.0)
LONG = Timeouts(connect=10.0, acse=10.0, dimse=10.0, network=20.0)


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Return a function that waits for a condition that no event tells about."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        ticks = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "condition did not come true"
            ticks.wait(0.005)

    return wait


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Return faults that end with the test, and with them what they delay."""
    faults = Faults()
    yield faults
    faults.clear()


@dataclass
class Recorder:
    """Collects exchanges."""

    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]


@pytest.fixture
def scu_exchanges() -> Recorder:
    return Recorder()


@pytest.fixture
def scp_exchanges() -> Recorder:
    return Recorder()


@pytest.fixture
def local(scu_exchanges: Recorder) -> LocalAe:
    return LocalAe("OURS", SHORT, scu_exchanges)


@pytest.fixture
def patient_local(scu_exchanges: Recorder) -> LocalAe:
    """Return an own AE for tests in which no time limit may come into play."""
    return LocalAe("OURS", LONG, scu_exchanges)


@pytest.fixture
def start_host(scp_exchanges: Recorder) -> Iterator[Callable[..., ScpHost]]:
    """Return a function that starts our host with some services, on a free port."""
    hosts: list[ScpHost] = []

    def start(*services: Any, **options: Any) -> ScpHost:
        options.setdefault("on_exchange", scp_exchanges)
        host = ScpHost("OURS", "127.0.0.1", 0, services, **options)
        host.start()
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.stop()


@dataclass
class BareScp:
    """A pynetdicom AE that listens, as anybody's would."""

    server: ThreadedAssociationServer
    peer: ApplicationEntity
    requests: Queue[evt.Event]


@pytest.fixture
def bare_scp() -> Iterator[Callable[..., BareScp]]:
    """Return a function that starts a bare SCP: contexts, and handlers by event."""
    running: list[AE] = []

    def start(
        contexts: Iterable[Any],
        handlers: dict[Any, Callable[[evt.Event], Any]],
        *,
        ae_title: str = "BARE",
        **attributes: Any,
    ) -> BareScp:
        ae = AE(ae_title)
        for name, value in attributes.items():
            setattr(ae, name, value)
        for one in contexts:
            roles = (one.scu_role, one.scp_role)
            ae.add_supported_context(one.abstract_syntax, one.transfer_syntax, *roles)
        requests: Queue[evt.Event] = Queue()

        def kept(handler: Callable[[evt.Event], Any]) -> Callable[[evt.Event], Any]:
            def handle(event: evt.Event) -> Any:
                requests.put(event)
                return handler(event)

            return handle

        server = serve(ae, [(event, kept(handler)) for event, handler in handlers.items()])
        running.append(ae)
        peer = ApplicationEntity(ae_title, "127.0.0.1", server.server_address[1])
        return BareScp(server, peer, requests)

    yield start
    for ae in running:
        shut_down(ae)


@pytest.fixture
def bare_scu() -> Iterator[Callable[..., Association]]:
    """Return a function that associates a bare SCU with our host."""
    associations: list[Association] = []
    # pynetdicom leaves a connection open that its peer breaks off.
    connections: list[socket.socket] = []

    def keep_connection(event: evt.Event) -> None:
        connections.append(event.assoc.dul.socket.socket)

    def associate(
        host: ScpHost,
        contexts: Iterable[Any],
        *,
        ext_neg: Iterable[Any] = (),
        evt_handlers: Iterable[Any] = (),
        ae_title: str = "BARE",
    ) -> Association:
        ae = AE(ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
        ae.connection_timeout = SECONDS
        association = ae.associate(
            "127.0.0.1",
            host.port,
            contexts=list(contexts),
            ae_title=host.ae_title,
            ext_neg=list(ext_neg),
            evt_handlers=[
                KEEPS_RESPONSES,
                (evt.EVT_CONN_OPEN, keep_connection),
                *evt_handlers,
            ],
        )
        assert association.is_established
        associations.append(association)
        return association

    yield associate
    for association in associations:
        if association.is_established:
            association.release()
        association.join(SECONDS)
    for connection in connections:
        connection.close()


@pytest.fixture
def peer_of() -> Callable[[ScpHost], ApplicationEntity]:
    """Return a function that gives the directory entry of our host."""
    return lambda host: ApplicationEntity(host.ae_title, "127.0.0.1", host.port)


@pytest.fixture
def make_object() -> Callable[..., Dataset]:
    """Return a function that makes a small RT Plan."""

    def make(
        uid: str = "1.2.3.4.1",
        *,
        study: str = "1.2.3.1",
        series: str = "1.2.3.1.1",
        patient: str = "P1",
        **attributes: Any,
    ) -> Dataset:
        dataset = Dataset()
        dataset.SOPClassUID = RT_PLAN
        dataset.SOPInstanceUID = uid
        dataset.PatientID = patient
        dataset.PatientName = f"Test^{patient}"
        dataset.StudyInstanceUID = study
        dataset.StudyDate = "20260102"
        dataset.SeriesInstanceUID = series
        dataset.Modality = "RTPLAN"
        dataset.RTPlanLabel = "PLAN"
        for name, value in attributes.items():
            setattr(dataset, name, value)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        return dataset

    return make

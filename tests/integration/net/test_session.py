"""Associations that we request: how they fail, and how they end."""

from __future__ import annotations

import socket
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt
from pynetdicom.pdu_primitives import A_ABORT

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.errors import (
    Aborted,
    AssociationError,
    DimseStatusError,
    NotAccepted,
    Refused,
    Rejected,
    TimedOut,
)
from tdwii_gui.dicom.net.closing_socket import ClosingSocket
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.uids import CT_IMAGE, UPS_PULL, UPS_PUSH, VERIFICATION
from tests.integration.bare_ae import shut_down

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdwii_gui.dicom.net.session import LocalAe

CHANGES = Dataset()
CHANGES.WorklistLabel = "TDW"
ECHO = [build_context(VERIFICATION)]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Return a port whose connections are never answered: its queue is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        yield port
        for one in waiting:
            one.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def open_and_fail(local: LocalAe, peer: ApplicationEntity, kind: type[AssociationError]) -> str:
    scu = VerificationScu(local, peer)
    with pytest.raises(kind) as caught:
        scu.open()
    assert peer.ae_title in str(caught.value)
    assert not scu.is_open
    return str(caught.value)


def test_a_closed_port_is_refused(local: LocalAe, scu_exchanges: Any) -> None:
    text = open_and_fail(local, ApplicationEntity("TMS", "127.0.0.1", closed_port()), Refused)
    assert scu_exchanges.last.message == "A-ASSOCIATE"
    assert scu_exchanges.last.status is None
    assert scu_exchanges.last.comment == text


def test_an_unknown_host_is_refused(local: LocalAe) -> None:
    open_and_fail(local, ApplicationEntity("TMS", "no-such-host.invalid", 104), Refused)


def test_a_dead_host_times_out(local: LocalAe, dead_port: int) -> None:
    text = open_and_fail(local, ApplicationEntity("TMS", "127.0.0.1", dead_port), TimedOut)
    assert "1 s" in text


def test_a_silent_peer_times_out(local: LocalAe, silent_port: int) -> None:
    open_and_fail(local, ApplicationEntity("TMS", "127.0.0.1", silent_port), TimedOut)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"require_called_aet": True}, "called AE title"),
        ({"require_calling_aet": ["ANOTHER"]}, "our AE title"),
    ],
)
def test_a_rejection_is_told_in_words(
    local: LocalAe, bare_scp: Callable[..., Any], attributes: dict[str, Any], reason: str
) -> None:
    """PS3.8 9.3.4."""
    bare = bare_scp(ECHO, {}, **attributes)
    peer = ApplicationEntity("WRONG", bare.peer.host, bare.peer.port)
    assert reason in open_and_fail(local, peer, Rejected)


def test_a_rejection_that_comes_very_soon_is_one(
    local: LocalAe, bare_scp: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """pynetdicom finds the connection closed before it has looked whether there is one."""

    class Late(Event):
        """Is waited for until the connection, which it tells of, is over."""

        connection: ClosingSocket

        def wait(self, timeout: float | None = None) -> bool:
            is_set = super().wait(timeout)
            deadline = time.monotonic() + 10
            while self.connection._is_connected and time.monotonic() < deadline:
                time.sleep(0.001)
            return is_set

    begin = ClosingSocket.__init__

    def begin_late(connection: ClosingSocket, *arguments: Any, **options: Any) -> None:
        begin(connection, *arguments, **options)
        connection._ready = Late()
        connection._ready.connection = connection

    bare = bare_scp(ECHO, {}, require_called_aet=True)
    monkeypatch.setattr(ClosingSocket, "__init__", begin_late)
    peer = ApplicationEntity("WRONG", bare.peer.host, bare.peer.port)
    assert "the called AE title is not the peer's" in open_and_fail(local, peer, Rejected)


def test_too_many_associations_are_a_transient_rejection(
    local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    bare = bare_scp(ECHO, {}, maximum_associations=1)
    with VerificationScu(local, bare.peer):
        text = open_and_fail(local, bare.peer, Rejected)
    assert "for now" in text


def test_no_accepted_context_is_not_accepted(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    bare = bare_scp([build_context(CT_IMAGE)], {})
    open_and_fail(local, bare.peer, NotAccepted)


def test_a_service_that_the_peer_lacks_is_not_accepted(
    local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    bare = bare_scp([build_context(UPS_PUSH)], {})
    with UpsScu(local, bare.peer) as scu, pytest.raises(NotAccepted, match="Pull"):
        scu.n_set("1.2.3", CHANGES)


def test_an_abort_while_associating_is_aborted(
    local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    bare = bare_scp(ECHO, {})
    bare.server.bind(evt.EVT_REQUESTED, lambda event: event.assoc.abort(block=False))
    open_and_fail(local, bare.peer, Aborted)


def test_an_abort_instead_of_an_answer_is_aborted(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    def abort(event: evt.Event) -> int:
        event.assoc.abort()
        return 0

    bare = bare_scp(ECHO, {evt.EVT_C_ECHO: abort})
    scu = VerificationScu(local, bare.peer)
    scu.open()
    with pytest.raises(Aborted):
        scu.c_echo()
    scu.abort()
    assert scu_exchanges.last.message == "C-ECHO"
    assert scu_exchanges.last.status is None
    assert "aborted" in scu_exchanges.last.comment


def test_no_answer_times_out(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    go_on = Event()

    def hang(_event: evt.Event) -> int:
        go_on.wait(10)
        return 0

    bare = bare_scp(ECHO, {evt.EVT_C_ECHO: hang})
    with pytest.raises(TimedOut, match="1 s"), VerificationScu(local, bare.peer) as scu:
        scu.c_echo()
    go_on.set()


def test_an_abort_from_another_thread_ends_a_request_at_once(
    patient_local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    go_on, asked, errors = Event(), Event(), []

    def hang(_event: evt.Event) -> int:
        asked.set()
        go_on.wait(10)
        return 0

    bare = bare_scp(ECHO, {evt.EVT_C_ECHO: hang})
    scu = VerificationScu(patient_local, bare.peer)
    scu.open()

    def echo() -> None:
        try:
            scu.c_echo()
        except AssociationError as error:
            errors.append(error)

    thread = Thread(target=echo)
    thread.start()
    assert asked.wait(10)
    scu.abort()
    thread.join(5)  # the time limit is 10 s
    assert not thread.is_alive()
    go_on.set()
    assert [type(error) for error in errors] == [Aborted]


def test_an_abort_from_another_thread_ends_an_association_at_once(
    patient_local: LocalAe, silent_port: int
) -> None:
    scu = VerificationScu(patient_local, ApplicationEntity("TMS", "127.0.0.1", silent_port))
    errors = []
    connected = Event()
    on_open = scu._on_open

    def seen(event: evt.Event) -> None:
        on_open(event)
        connected.set()

    scu._on_open = seen

    def associate() -> None:
        try:
            scu.open()
        except AssociationError as error:
            errors.append(error)

    thread = Thread(target=associate)
    thread.start()
    assert connected.wait(10)
    scu.abort()
    thread.join(5)
    assert not thread.is_alive()
    assert [type(error) for error in errors] == [Aborted]


def test_an_exception_aborts(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    received: list[Any] = []
    bare = bare_scp(ECHO, {})
    bare.server.bind(evt.EVT_ACSE_RECV, lambda event: received.append(event.primitive))
    with pytest.raises(KeyError), VerificationScu(local, bare.peer) as scu:
        raise KeyError
    assert not scu.is_open
    shut_down(bare.server.ae)
    assert isinstance(received[-1], A_ABORT)


def test_a_failure_status_is_an_error_and_releases(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    released = Event()

    def refuse(_event: evt.Event) -> tuple[Dataset, None]:
        command = Dataset()
        command.Status = 0xC301
        command.ErrorComment = "not yours"
        return command, None

    bare = bare_scp([build_context(UPS_PULL)], {evt.EVT_N_SET: refuse})
    bare.server.bind(evt.EVT_RELEASED, lambda _event: released.set())
    with pytest.raises(DimseStatusError) as caught, UpsScu(local, bare.peer) as scu:
        scu.n_set("1.2.3", CHANGES)
    assert released.wait(10)
    assert caught.value.status == 0xC301
    assert caught.value.comment == "not yours"
    assert "N-SET to BARE" in str(caught.value)
    assert (scu_exchanges.last.status, scu_exchanges.last.comment) == (0xC301, "not yours")


def test_an_exchange_is_recorded(
    local: LocalAe, bare_scp: Callable[..., Any], scu_exchanges: Any
) -> None:
    bare = bare_scp(ECHO, {evt.EVT_C_ECHO: lambda _event: 0})
    with VerificationScu(local, bare.peer) as scu:
        scu.c_echo()
    (exchange,) = scu_exchanges.exchanges
    assert (exchange.calling_ae, exchange.called_ae) == ("OURS", "BARE")
    assert (exchange.message, exchange.role, exchange.status) == ("C-ECHO", "scu", 0)
    assert exchange.sop_class_uid == VERIFICATION
    assert 0 < exchange.milliseconds < 10_000
    assert exchange.at.tzinfo is not None


def test_nagle_is_off_on_our_side(local: LocalAe, bare_scp: Callable[..., Any]) -> None:
    bare = bare_scp(ECHO, {})
    with VerificationScu(local, bare.peer) as scu:
        association = scu._observed.association
        assert association is not None
        option = association.dul.socket.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert option != 0

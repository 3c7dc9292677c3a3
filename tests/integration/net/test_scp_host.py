"""Our listening AE, asked by bare pynetdicom SCUs."""

from __future__ import annotations

import logging
import socket
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import build_context, evt
from pynetdicom.dimse_primitives import N_GET

from tdwii_gui.dicom.errors import DimseStatusError, ListenError
from tdwii_gui.dicom.net.dispatch import Dispatcher
from tdwii_gui.dicom.net.exchange import ignore
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.uids import CT_IMAGE, UPS_PULL, UPS_PUSH, VERIFICATION
from tests.integration.net.hostile.raw_peer import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    RawPeer,
    associate_rq,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.dicom.net.rejection import RejectedAssociation

ECHO = [build_context(VERIFICATION)]


class EchoWith(VerificationScp):
    """A verification service with another handler."""

    def __init__(self, handler: Callable[[evt.Event], Any]) -> None:
        self.handler = handler

    @property
    def handlers(self) -> dict[evt.InterventionEvent, Callable[[evt.Event], Any]]:
        return {evt.EVT_C_ECHO: self.handler}


def test_c_echo(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any], scp_exchanges: Any
) -> None:
    """PS3.4 A.4."""
    association = bare_scu(start_host(VerificationScp()), ECHO)
    assert association.send_c_echo().Status == 0
    (exchange,) = scp_exchanges.exchanges
    assert (exchange.calling_ae, exchange.called_ae) == ("BARE", "OURS")
    assert (exchange.message, exchange.role, exchange.status) == ("C-ECHO", "scp", 0)
    assert exchange.sop_class_uid == VERIFICATION


def test_an_exchange_is_logged_without_data(
    start_host: Callable[..., ScpHost],
    bare_scu: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "tdwii_gui")
    bare_scu(start_host(VerificationScp()), ECHO).send_c_echo()
    (line,) = [one.getMessage() for one in caplog.records if "C-ECHO" in one.getMessage()]
    for part in ("'BARE'", "'OURS'", "0000H", "ms"):
        assert part in line


def test_a_busy_port_is_told_in_words(start_host: Callable[..., ScpHost]) -> None:
    host = start_host(VerificationScp())
    other = ScpHost("OTHER", "127.0.0.1", host.port, [VerificationScp()])
    with pytest.raises(ListenError) as caught:
        other.start()
    assert str(caught.value) == f"127.0.0.1:{host.port} is in use by another program"
    assert not other.is_listening


def test_a_foreign_address_is_told_in_words() -> None:
    host = ScpHost("OURS", "192.0.2.1", 0, [VerificationScp()])
    with pytest.raises(ListenError, match=r"192\.0\.2\.1"):
        host.start()


def test_a_port_is_free_again_after_the_stop(start_host: Callable[..., ScpHost]) -> None:
    host = start_host(VerificationScp())
    host.stop()
    again = ScpHost("OURS", "127.0.0.1", host.port, [VerificationScp()])
    again.start()
    assert again.is_listening
    again.stop()


def test_stop_ends_open_associations(
    start_host: Callable[..., ScpHost],
    bare_scu: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    host = start_host(VerificationScp())
    associations = [bare_scu(host, ECHO) for _ in range(3)]
    wait_until(lambda: host.associations == 3)
    host.stop()
    assert host.associations == 0
    wait_until(lambda: not any(one.is_established for one in associations))


def test_stop_ends_connections_that_never_associated(
    start_host: Callable[..., ScpHost],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    host = start_host(VerificationScp())
    silent = [socket.create_connection(("127.0.0.1", host.port)) for _ in range(5)]
    wait_until(lambda: host.arrivals == 5)
    started = time.monotonic()
    host.stop()
    assert time.monotonic() - started < 4  # their time limit is 5 s
    for connection in silent:
        connection.close()


def test_stop_lets_a_running_request_finish(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any]
) -> None:
    asked, go_on = Event(), Event()

    def slow(_event: evt.Event) -> int:
        asked.set()
        go_on.wait(0.2)
        return 0

    host = start_host(EchoWith(slow))
    association = bare_scu(host, ECHO)
    answered = []
    association.bind(evt.EVT_DIMSE_RECV, lambda event: answered.append(event.message))
    thread = Thread(target=association.send_c_echo)
    thread.start()
    assert asked.wait(10)
    host.stop()
    thread.join(10)
    assert len(answered) == 1


def test_more_than_fifty_associations_are_rejected(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any]
) -> None:
    host = start_host(VerificationScp(), maximum_associations=1)
    bare_scu(host, ECHO)
    with pytest.raises(AssertionError):
        bare_scu(host, ECHO)


@pytest.mark.parametrize("called", ["OTHER", "", "our", "OURS2"])
def test_a_wrong_called_ae_title_is_rejected(
    start_host: Callable[..., ScpHost], called: str, caplog: pytest.LogCaptureFixture
) -> None:
    """PS3.8 9.3.4: 1/1/7; it is told on the screen and in the log."""
    rejections: list[RejectedAssociation] = []
    host = start_host(VerificationScp(), on_rejection=rejections.append)
    with RawPeer(host.port) as peer:
        peer.send(associate_rq(called, "CALLER"))
        assert peer.receive() == (ASSOCIATE_RJ, bytes([0, 1, 1, 7]))
        assert peer.is_closed()
    (one,) = rejections
    assert (one.calling_ae, one.called_ae, one.host) == ("CALLER", called, "127.0.0.1")
    assert one.reason == "the called AE title is not ours"
    assert one.at.tzinfo is not None
    assert "the called AE title is not ours" in caplog.text


def test_an_alias_may_be_called(start_host: Callable[..., ScpHost]) -> None:
    host = start_host(VerificationScp(), aliases=["ALSO_OURS"])
    for called in ("OURS", "ALSO_OURS"):
        with RawPeer(host.port) as peer:
            peer.associate(called)


def test_an_unknown_calling_ae_title_is_rejected(start_host: Callable[..., ScpHost]) -> None:
    """PS3.8 9.3.4: 1/1/3; the setting holds from the next association on."""
    known = {"FRIEND"}
    host = start_host(VerificationScp(), known_aes=known.__contains__)
    for calling, codes in (("FRIEND", None), ("STRANGER", bytes([0, 1, 1, 3]))):
        with RawPeer(host.port) as peer:
            peer.send(associate_rq("OURS", calling))
            kind, body = peer.receive()
            assert (kind, body) == (ASSOCIATE_RJ, codes) if codes else kind == ASSOCIATE_AC
    known.add("STRANGER")
    with RawPeer(host.port, calling="STRANGER") as peer:
        peer.associate("OURS")


def test_too_many_associations_are_rejected_for_now(start_host: Callable[..., ScpHost]) -> None:
    """PS3.8 9.3.4: 2/3/2; there is room again when one has ended."""
    rejections: list[RejectedAssociation] = []
    host = start_host(VerificationScp(), maximum_associations=2, on_rejection=rejections.append)
    with (
        RawPeer(host.port).associate("OURS"),
        RawPeer(host.port).associate("OURS"),
        RawPeer(host.port) as peer,
    ):
        peer.send(associate_rq("OURS"))
        assert peer.receive() == (ASSOCIATE_RJ, bytes([0, 2, 3, 2]))
    assert [one.reason for one in rejections] == ["too many associations at once"]


def test_the_log_has_one_line_for_a_peer_and_kind(
    start_host: Callable[..., ScpHost], caplog: pytest.LogCaptureFixture
) -> None:
    rejections: list[RejectedAssociation] = []
    host = start_host(VerificationScp(), on_rejection=rejections.append)
    for _ in range(5):
        with RawPeer(host.port) as peer:
            peer.send(associate_rq("WRONG"))
            assert peer.is_closed()
    assert len(rejections) == 5
    lines = [one.getMessage() for one in caplog.records if "rejected" in one.getMessage()]
    assert len(lines) == 1


def test_deflation_is_not_offered(start_host: Callable[..., ScpHost]) -> None:
    """Kilobytes of it can become gigabytes."""
    host = start_host(VerificationScp())
    with RawPeer(host.port) as peer:
        peer.send(associate_rq("OURS", contexts=[(VERIFICATION, "1.2.840.10008.1.2.1.99")]))
        kind, body = peer.receive()
        assert kind == ASSOCIATE_AC
        context = body.index(b"\x21\x00")
        assert body[context + 6] != 0  # its result is not acceptance


def test_a_refused_data_set_is_recorded(
    start_host: Callable[..., ScpHost], scp_exchanges: Any
) -> None:
    class UpsLike(VerificationScp):
        @property
        def contexts(self) -> list[Any]:
            return [build_context(UPS_PULL)]

    host = start_host(UpsLike())
    with RawPeer(host.port).associate("OURS", (UPS_PULL, "1.2.840.10008.1.2")) as peer:
        uids = {"RequestedSOPClassUID": UPS_PUSH, "RequestedSOPInstanceUID": "1.2.3"}
        peer.send(request(1, b"\xee" * 9, CommandField=0x0120, MessageID=1, **uids))
        answer = peer.answer()
    assert answer.Status == 0x0110
    (exchange,) = scp_exchanges.exchanges
    assert (exchange.message, exchange.status) == ("N-SET", 0x0110)
    assert (exchange.sop_class_uid, exchange.sop_instance_uid) == (UPS_PUSH, "1.2.3")


def test_an_exception_in_a_handler_is_0110_and_the_server_lives(
    start_host: Callable[..., ScpHost],
    bare_scu: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    error_log: Any,
) -> None:
    answers: list[Any] = [ZeroDivisionError("Patient^Name"), 0]

    def answer(_event: evt.Event) -> int:
        one = answers.pop(0)
        if isinstance(one, Exception):
            raise one
        return int(one)

    caplog.set_level(logging.INFO, "tdwii_gui")
    association = bare_scu(start_host(EchoWith(answer)), ECHO)
    failed = association.send_c_echo()
    assert (failed.Status, failed.ErrorComment) == (0x0110, "ZeroDivisionError")
    assert association.send_c_echo().Status == 0
    assert error_log.take() == ["C-ECHO failed: ZeroDivisionError"]
    assert "Patient^Name" not in caplog.text


def test_a_status_error_becomes_status_and_comment(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any], scp_exchanges: Any
) -> None:
    """An Error Comment has at most 64 characters (PS3.7 C)."""

    def refuse(_event: evt.Event) -> int:
        raise DimseStatusError(0x0122, "x" * 100)

    answer = bare_scu(start_host(EchoWith(refuse)), ECHO).send_c_echo()
    assert (answer.Status, answer.ErrorComment) == (0x0122, "x" * 64)
    assert (scp_exchanges.last.status, scp_exchanges.last.comment) == (0x0122, "x" * 64)


def test_a_malformed_request_ends_the_association(
    start_host: Callable[..., ScpHost],
    bare_scu: Callable[..., Any],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    """It has no answer to wait for: a request without its SOP Instance UID."""

    class UpsLike(VerificationScp):
        @property
        def contexts(self) -> list[Any]:
            return [build_context(UPS_PULL)]

    association = bare_scu(start_host(UpsLike()), [build_context(UPS_PULL)])
    request = N_GET()
    request.MessageID = 1
    request.RequestedSOPClassUID = UPS_PUSH
    association.dimse.send_msg(request, 1)
    wait_until(lambda: association.is_aborted)


def test_a_service_that_is_not_offered_is_0122(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any]
) -> None:
    class NoHandler(VerificationScp):
        @property
        def handlers(self) -> dict[Any, Any]:
            return {}

    assert bare_scu(start_host(NoHandler()), ECHO).send_c_echo().Status == 0x0122


def test_nagle_is_off_on_our_side(
    start_host: Callable[..., ScpHost], bare_scu: Callable[..., Any]
) -> None:
    options: list[int] = []

    def look(event: evt.Event) -> int:
        accepted = event.assoc.dul.socket.socket
        options.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return 0

    bare_scu(start_host(EchoWith(look)), ECHO).send_c_echo()
    assert options[0] != 0


def test_two_services_for_one_request_are_refused() -> None:
    with pytest.raises(ValueError, match="two services"):
        Dispatcher("OURS", [EchoWith(lambda _event: 0), EchoWith(lambda _event: 1)], ignore)


def test_contexts_of_two_services_are_joined() -> None:
    class Images(VerificationScp):
        def __init__(self, syntax: str, roles: tuple[bool, bool] | None) -> None:
            self.context = build_context(CT_IMAGE, syntax)
            if roles:
                self.context.scu_role, self.context.scp_role = roles

        @property
        def contexts(self) -> list[Any]:
            return [self.context]

        @property
        def handlers(self) -> dict[Any, Any]:
            return {}

    one = Images("1.2.840.10008.1.2", None)
    other = Images("1.2.840.10008.1.2.1", (True, True))
    (joined,) = Dispatcher("OURS", [one, other], ignore).contexts
    assert joined.transfer_syntax == ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]
    assert (joined.scu_role, joined.scp_role) == (True, True)

"""What every actor can: listen and stop, tell who is connected, and be canceled."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import (
    AssociationsChanged,
    ExchangeMade,
    InputsRetrieved,
    ListenFailed,
    Listening,
)
from tdwii_gui.actors.inputs import CANCELED
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import ActorSettings
from tdwii_gui.dicom.errors import Aborted, ListenError, Refused
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.net.session import Session
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.ups import Ups

SECONDS = 20


@pytest.fixture
def actor(tmp_path: Path, recorder) -> Iterator[Actor]:
    around = Surroundings(AeDirectory(), tmp_path, listener=recorder)
    actor = Actor(ActorSettings("ONE", port=0), around)
    yield actor
    actor.stop()


def test_an_actor_listens_again_on_its_port_after_it_stopped(actor: Actor, recorder) -> None:
    assert not actor.listening
    assert actor.address == ("127.0.0.1", 0)
    actor.start()
    port = actor.port
    for _ in range(3):
        assert actor.listening
        assert actor.address == ("127.0.0.1", port)
        assert actor.echo("ONE").result(SECONDS) > 0
        actor.stop_listening()
        assert not actor.listening
        assert actor.port == 0
        with pytest.raises(Refused):
            actor.echo("ONE").result(SECONDS)
        actor.start()
    assert [event.port for event in recorder.of(Listening)] == [port] * 4


def test_a_second_start_does_nothing(actor: Actor, recorder) -> None:
    actor.start()
    actor.start()
    assert len(recorder.of(Listening)) == 1


def test_a_busy_port_is_told_and_another_can_be_taken(
    actor: Actor, tmp_path: Path, recorder
) -> None:
    actor.start()
    other = Actor(
        ActorSettings("TWO", port=actor.port),
        Surroundings(AeDirectory(), tmp_path, listener=recorder),
    )
    try:
        with pytest.raises(ListenError) as caught:
            other.start()
        failed = recorder.wait_for(ListenFailed)
        assert (failed.ae_title, failed.reason) == ("TWO", str(caught.value))
        assert not other.listening
        other.listen_on(0)
        other.start()
        assert other.port not in (0, actor.port)
    finally:
        other.stop()


def test_who_is_connected_is_told(actor: Actor, tmp_path: Path, recorder) -> None:
    actor.start()
    other = Actor(ActorSettings("TWO", port=0), Surroundings(actor.directory, tmp_path))
    try:
        with VerificationScu(other.local, actor.directory.lookup("ONE")) as scu:
            told = recorder.wait_for(AssociationsChanged)
            scu.c_echo()
            (info,) = actor.associations
            assert told.associations == (info,)
            assert (info.calling_ae, info.host) == ("TWO", "127.0.0.1")
            assert info.port > 0
            assert info.since.tzinfo is not None
            assert (info.received_objects, info.received_bytes) == (0, 0)
        recorder.wait_for(AssociationsChanged, lambda event: not event.associations)
        assert actor.associations == ()
    finally:
        other.stop()


def test_peers_that_are_connected_when_it_stops_are_gone(actor: Actor, recorder) -> None:
    actor.start()
    scu = VerificationScu(actor.local, actor.directory.lookup("ONE"))
    scu.open()
    recorder.wait_for(AssociationsChanged)
    actor.stop_listening()
    assert recorder.of(AssociationsChanged)[-1].associations == ()
    assert actor.associations == ()
    scu.abort()


def test_objects_that_arrive_are_counted(actors: Suite, plan: Plan, recorder) -> None:
    objects = [plan.dataset] * 3
    seen = []

    def look(event: object) -> None:
        recorder(event)
        if isinstance(event, ExchangeMade) and event.exchange.role == "scp":
            seen.append(actors.ost.associations)

    actors.ost._listener = look
    actors.creator.store_static(objects).result(SECONDS)
    counts = [infos[0].received_objects for infos in seen]
    assert counts == [1, 2, 3]
    assert seen[-1][0].received_bytes > 3 * 1000
    told = [e for e in recorder.of(AssociationsChanged) if e.ae_title == "OST"]
    assert len(told) <= 4, "accepted, the objects at most every 0.3 s, ended"


def test_matches_are_given_as_they_arrive(actors: Suite, schedule: Callable[..., Ups]) -> None:
    for number in (1, 2, 3):
        schedule(number)
    threads = set()
    seen: list[Ups] = []

    def on_match(step: Ups) -> None:
        threads.add(threading.current_thread().name)
        seen.append(step)

    for actor, query in (
        (actors.tdd, actors.tdd.query_worklist),
        (actors.ppvs, actors.ppvs.query_steps),
    ):
        seen.clear()
        found = query(worklist_query(WorklistKeys()), on_match).result(SECONDS)
        assert len(found) == 3
        assert seen == found
        assert f"{actor.ae_title}-scu" in threads


def test_a_query_ends_early_when_it_is_canceled(
    actors: Suite, schedule: Callable[..., Ups], recorder
) -> None:
    for number in range(1, 6):
        schedule(number)
    slow_down(actors)
    found = actors.tdd.query_worklist(
        worklist_query(WorklistKeys()), lambda _step: actors.tdd.cancel_request()
    ).result(SECONDS)
    assert len(found) < 5
    finds = [
        e.exchange
        for e in recorder.of(ExchangeMade)
        if e.exchange.message == "C-FIND" and e.exchange.role == "scu"
    ]
    assert finds[-1].status == Status.CANCELLED
    assert len(actors.tdd.query_worklist(worklist_query(WorklistKeys())).result(SECONDS)) == 5


def slow_down(actors: Suite) -> None:
    """Let a C-CANCEL arrive before the last answer."""
    service = actors.tms.service
    found = service.find
    gap = threading.Event()

    def find(identifier):
        for answer in found(identifier):
            yield answer
            gap.wait(0.05)

    service.find = find


def test_a_cancellation_without_a_request_harms_nothing(actors: Suite) -> None:
    actors.tdd.cancel_request()
    assert actors.tdd.query_worklist(worklist_query(WorklistKeys())).result(SECONDS) == []


def test_a_retrieval_ends_early_within_and_between_its_moves(
    actors: Suite, schedule: Callable[..., Ups], recorder
) -> None:
    step = schedule()
    arrived = threading.Event()
    goes_on = threading.Event()
    keep = actors.tdd.instances.keep

    def keep_slowly(*arguments):
        arrived.set()
        assert goes_on.wait(SECONDS)
        return keep(*arguments)

    actors.tdd.instances.keep = keep_slowly
    retrieval = actors.tdd.retrieve_static_inputs(step)
    assert arrived.wait(SECONDS)
    actors.tdd.cancel_request()
    goes_on.set()
    result = retrieval.result(SECONDS)
    assert {missing.reason for missing in result.missing} <= {CANCELED}
    assert recorder.wait_for(InputsRetrieved).result == result


def test_what_was_canceled_before_a_move_is_missing_as_canceled(
    actors: Suite, schedule: Callable[..., Ups]
) -> None:
    step = schedule()
    release = hold_the_first_session(actors, lambda: actors.tdd.cancel_request())
    result = actors.tdd.retrieve_static_inputs(step).result(SECONDS)
    assert release()
    assert [missing.reason for missing in result.missing] == [CANCELED] * len(step.static_inputs)
    assert actors.tdd.retrieve_static_inputs(step).result(SECONDS).missing == ()


def hold_the_first_session(actors: Suite, meanwhile: Callable[[], None]) -> Callable[[], bool]:
    """Do something while the TDD's retriever looks up its first archive; return whether it was."""
    lookup = actors.directory.lookup
    done: list[bool] = []

    def look(ae_title: str) -> ApplicationEntity:
        if ae_title == "OST" and not done:
            done.append(True)
            meanwhile()
        return lookup(ae_title)

    actors.directory.lookup = look
    return lambda: bool(done)


def test_a_second_cancellation_aborts(
    actors: Suite, schedule: Callable[..., Ups], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule()
    monkeypatch.setattr(Session, "cancel", lambda _session: None)  # a peer that does not hear it
    release = threading.Event()
    found = actors.tms.service.find

    def find(identifier):
        yield from found(identifier)
        release.wait(SECONDS)

    actors.tms.service.find = find

    def cancel_twice(_step: Ups) -> None:
        actors.tdd.cancel_request()
        actors.tdd.cancel_request()

    query = actors.tdd.query_worklist(worklist_query(WorklistKeys()), cancel_twice)
    try:
        with pytest.raises(Aborted, match="aborted by us"):
            query.result(5)
    finally:
        release.set()

"""All actors in one process: ports, and real systems in the place of some."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import ListenFailed, Listening
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.suite import Role, Suite, on_free_ports
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import (
    OstSettings,
    PpvsSettings,
    Settings,
    TddSettings,
    TmsSettings,
)
from tdwii_gui.dicom.errors import ListenError, Refused
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.actors.actor import Actor

SECONDS = 20


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that another program has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_roles_and_actors_belong_together(tmp_path: Path, recorder) -> None:
    suite = Suite(Settings(), tmp_path, recorder)
    try:
        assert {suite.role_of(suite.actor(role).ae_title) for role in Role} == set(Role)
        assert suite.actor(Role.TMS) is suite.tms
        assert len(suite.actors) == len(Role)
        assert suite.role_of("NOBODY") is None
        assert not any(actor.listening for actor in suite.actors)
    finally:
        suite.stop()


def test_ports_come_from_settings_directory_or_are_free(tmp_path: Path, recorder) -> None:
    own, known = free_port(), free_port()
    directory = AeDirectory([ApplicationEntity("OST", "127.0.0.1", known)])
    settings = Settings(tms=TmsSettings(port=own))
    started: list[Role] = []
    suite = Suite(settings, tmp_path, recorder, directory)
    try:
        suite.start(started.append)
        assert (suite.tms.port, suite.ost.port) == (own, known)
        assert suite.tdd.port
        assert set(started) == set(Role)
        assert suite.notes == []
        assert directory.lookup("TDD").port == suite.tdd.port
    finally:
        suite.stop()


def test_a_busy_port_is_replaced_and_that_is_told(tmp_path: Path, recorder, taken: int) -> None:
    settings = replace(on_free_ports(Settings()), tms=TmsSettings(port=taken))
    with Suite(settings, tmp_path, recorder) as suite:
        port = suite.tms.port
        assert port not in (0, taken)
        (note,) = suite.notes
        assert note == f"TMS: port {taken} is in use by another program, listening on {port}"
        assert suite.directory.lookup("TMS").port == port
        assert recorder.wait_for(ListenFailed).ae_title == "TMS"
        assert suite.tdd.echo("TMS").result(SECONDS) > 0


def test_an_actor_that_cannot_listen_does_not_keep_the_others_back(
    tmp_path: Path, recorder
) -> None:
    settings = replace(on_free_ports(Settings()), ost=OstSettings(bind_address="192.0.2.1", port=0))
    suite = Suite(settings, tmp_path, recorder)
    try:
        suite.start()
        assert not suite.ost.listening
        assert suite.tms.listening
        (note,) = suite.notes
        assert note.startswith("OST: 192.0.2.1:0: this computer does not have the address")
    finally:
        suite.stop()
    with pytest.raises(ListenError), Suite(settings, tmp_path / "2", recorder):
        pass


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[dict[Role, Actor]]:
    """Return a TMS and an OST that are not of the suite."""
    around = Surroundings(AeDirectory(), tmp_path / "foreign")
    actors: dict[Role, Actor] = {
        Role.TMS: Tms(TmsSettings("FOREIGN_TMS", port=0), around),
        Role.OST: Ost(OstSettings("FOREIGN_OST", port=0), around),
    }
    for actor in actors.values():
        actor.start()
    yield actors
    for actor in actors.values():
        actor.stop()


def entity(actor: Actor) -> ApplicationEntity:
    return ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port)


def test_another_ost_takes_the_place_of_ours(
    actors: Suite, foreign: dict[Role, Actor], plan
) -> None:
    other = foreign[Role.OST]
    assert isinstance(other, Ost)
    actors.use_external(Role.OST, entity(other))
    assert actors.external(Role.OST) == entity(other)
    assert actors.role_of("FOREIGN_OST") is Role.OST
    assert not actors.ost.listening
    assert {a.ost_ae_title for a in (actors.creator, actors.tdd, actors.ppvs)} == {"FOREIGN_OST"}
    actors.creator.store_static([plan.dataset]).result(SECONDS)
    assert other.instances.present([plan.sop_instance_uid])

    port = actors.ost.address[1]
    actors.use_own(Role.OST)
    assert actors.external(Role.OST) is None
    assert actors.role_of("FOREIGN_OST") is None
    assert actors.ost.port == port
    assert actors.tdd.ost_ae_title == "OST"
    assert actors.tdd.echo("OST").result(SECONDS) > 0


def test_subscriptions_follow_the_tms(tmp_path: Path, recorder, foreign: dict[Role, Actor]) -> None:
    settings = Settings(ppvs=PpvsSettings(subscribe=True), tdd=TddSettings(subscribe=True))
    other = foreign[Role.TMS]
    assert isinstance(other, Tms)
    with Suite(settings, tmp_path / "data", recorder) as suite:
        for actor in (suite.ppvs, suite.tdd):
            actor.echo("TMS").result(SECONDS)  # after the subscription, in the worker's order
            assert actor.subscribed
            other.directory.register(entity(actor))
        suite.use_external(Role.TMS, entity(other))
        assert suite.tms.subscriptions().result(SECONDS) == []
        assert subscribers(other) == {"PPVS_SCP", "TDD"}
        assert suite.ppvs.subscribed
        assert suite.tdd.subscribed
        assert suite.tdd.query_worklist(worklist_query(WorklistKeys())).result(SECONDS) == []

        suite.use_own(Role.TMS)
        assert other.subscriptions().result(SECONDS) == []
        assert subscribers(suite.tms) == {"PPVS_SCP", "TDD"}


def test_a_system_of_the_same_ae_title_can_take_the_place(
    actors: Suite, tmp_path: Path, recorder
) -> None:
    actors.ppvs.subscribe().result(SECONDS)
    directory = AeDirectory([entity(actors.ppvs)])
    other = Tms(TmsSettings("TMS", port=0), Surroundings(directory, tmp_path / "other"))
    other.start()
    try:
        actors.use_external(Role.TMS, entity(other))
        assert subscribers(other) == {"PPVS_SCP"}
        assert actors.tms.subscriptions().result(SECONDS) == []
        actors.use_own(Role.TMS)
        assert subscribers(actors.tms) == {"PPVS_SCP"}
        assert other.subscriptions().result(SECONDS) == []
    finally:
        other.stop()


def test_a_dead_tms_is_subscribed_to_when_it_comes(actors: Suite, tmp_path: Path, recorder) -> None:
    actors.ppvs.subscribe().result(SECONDS)
    port = free_port()
    actors.use_external(Role.TMS, ApplicationEntity("LATE", "127.0.0.1", port))
    assert not actors.ppvs.subscribed
    directory = AeDirectory([entity(actors.ppvs)])
    late = Tms(
        TmsSettings("LATE", port=port),
        Surroundings(directory, tmp_path / "late", listener=recorder),
    )
    try:
        late.start()
        recorder.wait_for(Listening, lambda event: event.ae_title == "LATE")
        actors.ppvs.keep_subscribed().result(SECONDS)
        assert actors.ppvs.subscribed
        assert subscribers(late) == {"PPVS_SCP"}
    finally:
        late.stop()


def test_a_port_that_was_taken_meanwhile_leaves_the_other_system_in_its_place(
    actors: Suite, foreign: dict[Role, Actor]
) -> None:
    other = foreign[Role.OST]
    actors.use_external(Role.OST, entity(other))
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(actors.ost.address)
        taker.listen()
        with pytest.raises(ListenError):
            actors.use_own(Role.OST)
    assert actors.external(Role.OST) == entity(other)
    assert actors.tdd.ost_ae_title == "FOREIGN_OST"
    actors.use_own(Role.OST)
    assert actors.ost.listening


def test_an_external_actor_is_not_started(tmp_path: Path, recorder) -> None:
    suite = Suite(Settings(), tmp_path, recorder)
    try:
        suite.use_external(Role.OST, ApplicationEntity("FAR", "127.0.0.1", free_port()))
        suite.start()
        assert not suite.ost.listening
        assert suite.tms.listening
        with pytest.raises(Refused):
            suite.tdd.echo("FAR").result(SECONDS)
    finally:
        suite.stop()


def subscribers(tms: Tms) -> set[str]:
    return {one.receiving_ae for one in tms.subscriptions().result(SECONDS)}

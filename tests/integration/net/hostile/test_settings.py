"""What the settings say about peers, as an actor's SCP does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import AssociationRejected
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import ActorSettings, NetworkSettings
from tdwii_gui.dicom.errors import ConfigError
from tests.integration.net.hostile.raw_peer import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    RawPeer,
    associate_rq,
)

if TYPE_CHECKING:
    from pathlib import Path


def calls(actor: Actor, calling: str) -> tuple[int, bytes]:
    """Return the answer to a request to associate."""
    with RawPeer(actor.port) as peer:
        peer.send(associate_rq(actor.ae_title, calling))
        kind, body = peer.receive()
        return kind, body if kind == ASSOCIATE_RJ else b""


def test_known_aes_only_can_be_switched(tmp_path: Path, recorder) -> None:
    directory = AeDirectory([ApplicationEntity("FRIEND", "127.0.0.1", 104)])
    surroundings = Surroundings(directory, tmp_path, listener=recorder)
    actor = Actor(ActorSettings("ACTOR", port=0), surroundings)
    actor.start()
    try:
        assert calls(actor, "STRANGER") == (ASSOCIATE_AC, b"")
        actor.known_aes_only = True
        assert calls(actor, "STRANGER") == (ASSOCIATE_RJ, bytes([0, 1, 1, 3]))
        assert calls(actor, "FRIEND") == (ASSOCIATE_AC, b"")
        rejected = recorder.wait_for(AssociationRejected).rejected
        assert (rejected.calling_ae, rejected.called_ae) == ("STRANGER", "ACTOR")
        assert rejected.reason == "the calling AE title is not known here"
    finally:
        actor.stop()


def test_a_certificate_that_is_not_there_is_named_at_the_start(tmp_path: Path) -> None:
    network = NetworkSettings(tls_certificate=str(tmp_path / "none.pem"))
    actor = Actor(ActorSettings("ACTOR", port=0), Surroundings(AeDirectory(), tmp_path, network))
    with pytest.raises(ConfigError, match=r"none\.pem"):
        actor.start()
    assert not actor.listening
    actor.stop()


def test_a_peer_by_tls_needs_authorities(tmp_path: Path) -> None:
    peer = ApplicationEntity("PEER", "127.0.0.1", 104, tls=True)
    actor = Actor(ActorSettings("ACTOR", port=0), Surroundings(AeDirectory([peer]), tmp_path))
    with pytest.raises(ConfigError, match=r"PEER.*tls_ca"):
        actor.echo("PEER").result(10)
    actor.stop()

from __future__ import annotations

import threading

import pytest

from tdwii_gui.actors import tms_wait
from tdwii_gui.actors.tms_wait import TmsWait
from tdwii_gui.dicom.errors import DimseStatusError, NotAccepted, Refused, TdwiiError


class Peer:
    """Fails with these errors, one after the other, then answers."""

    def __init__(self, *errors: TdwiiError) -> None:
        self.errors = list(errors)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "heard"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tms_wait, "_FIRST_PAUSE", 0.001)


def test_what_cannot_be_said_is_said_again_and_the_reason_told() -> None:
    told: list[str] = []
    wait = TmsWait(60, told.append)
    peer = Peer(Refused("TMS is down"), Refused("TMS is still down"))
    assert wait.until_heard(peer) == "heard"
    assert peer.asked == 3
    assert told == ["TMS is down", "TMS is still down", ""]
    assert wait.reason == ""


@pytest.mark.parametrize("error", [DimseStatusError(0xC301), NotAccepted("no UPS")])
def test_what_will_not_change_is_not_waited_for(error: TdwiiError) -> None:
    told: list[str] = []
    with pytest.raises(type(error)):
        TmsWait(60, told.append).until_heard(Peer(error))
    assert told == []


def test_the_wait_is_bounded() -> None:
    peer = Peer(*[Refused("down")] * 10_000)
    with pytest.raises(Refused):
        TmsWait(0.02, lambda _reason: None).until_heard(peer)
    assert peer.asked > 1
    once = Peer(Refused("down"))
    with pytest.raises(Refused):
        TmsWait(0, lambda _reason: None).until_heard(once)
    assert once.asked == 1


def test_somebody_can_give_up_and_wait_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tms_wait, "_FIRST_PAUSE", 60.0)
    waiting = threading.Event()
    wait = TmsWait(600, lambda reason: reason and waiting.set())
    failed: list[Exception] = []

    def ask() -> None:
        try:
            wait.until_heard(Peer(Refused("down")))
        except Refused as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert waiting.wait(10)
    assert wait.reason == "down"
    wait.give_up()
    thread.join(10)
    assert failed
    wait.allow()
    monkeypatch.setattr(tms_wait, "_FIRST_PAUSE", 0.001)
    assert wait.until_heard(Peer(Refused("down"))) == "heard"

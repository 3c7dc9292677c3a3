"""Events are prepared one after the other, and after the answers that are under way."""

from __future__ import annotations

import threading
import time

from tdwii_gui.dicom.net.sending_turn import SendingTurn

SECONDS = 10


def test_one_has_the_turn_at_a_time() -> None:
    turn = SendingTurn(lambda _seconds: None)
    inside, most = [0], [0]

    def send() -> None:
        for _ in range(20):
            with turn.taken():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0)
                inside[0] -= 1

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert most == [1]


def test_answers_go_first_for_a_moment() -> None:
    waited: list[float] = []
    with SendingTurn(waited.append).taken():
        assert len(waited) == 1
    assert 0 < waited[0] < 0.1


def test_who_cannot_send_holds_nobody_up_for_long() -> None:
    turn, done = SendingTurn(lambda _seconds: None), threading.Event()

    def send() -> None:
        with turn.taken():
            done.set()

    with turn.taken():
        thread = threading.Thread(target=send)
        thread.start()
        assert done.wait(SECONDS)
        thread.join(SECONDS)
    # The turn is free again, though it was left in another order than taken.
    with turn.taken():
        pass

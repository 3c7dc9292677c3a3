"""Devices that claim the same step at the same moment."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.soak.raw_scu import RawScu
from tests.unit.dicom.ups.conftest import new_step

if TYPE_CHECKING:
    from collections.abc import Sequence

DEVICES = 32
SECONDS = 60


def race(servers: Sequence[tuple[str, int]], rounds: int) -> None:
    """Have 32 devices claim one step after the other; of each, exactly one gets it.

    Parameters
    ----------
    servers : Sequence of (str, int)
        AE titles and ports; the devices are spread over them.
    """
    with ExitStack() as stack:
        devices = [
            stack.enter_context(RawScu(port, title, f"TDD{number}"))
            for number, (title, port) in zip(range(DEVICES), list(servers) * DEVICES, strict=False)
        ]
        gate = threading.Barrier(DEVICES + 1, timeout=SECONDS)
        answers: list[list[int]] = [[] for _ in devices]

        def claim(number: int) -> None:
            for turn in range(rounds):
                gate.wait()
                own = f"1.2.9.{turn}.{number}"
                answers[number].append(
                    devices[number].change_state(f"1.2.8.{turn}", "IN PROGRESS", own)
                )
                gate.wait()

        threads = [
            threading.Thread(target=claim, args=(each,), daemon=True) for each in range(DEVICES)
        ]
        title, port = servers[0]
        creator = stack.enter_context(RawScu(port, title, "CREATOR"))
        for thread in threads:
            thread.start()
        for turn in range(rounds):
            assert creator.n_create(f"1.2.8.{turn}", new_step()) == 0
            gate.wait()
            gate.wait()
        for thread in threads:
            thread.join()
        for turn in range(rounds):
            statuses = Counter(own[turn] for own in answers)
            assert statuses == {0x0000: 1, 0xC301: DEVICES - 1}, f"round {turn}"
            winner = next(n for n, own in enumerate(answers) if own[turn] == 0)
            _belongs_to(creator, f"1.2.8.{turn}", f"1.2.9.{turn}.{winner}")


def _belongs_to(scu: RawScu, uid: str, transaction_uid: str) -> None:
    """Check that a step belongs to the device that was told so."""
    step = scu.n_get(uid)
    assert step is not None
    assert step.ProcedureStepState == "IN PROGRESS"
    assert scu.change_state(uid, "IN PROGRESS", transaction_uid) == 0xC302

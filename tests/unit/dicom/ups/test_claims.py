"""Of all who claim a step at once, one wins (PS3.4 CC.1.1)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from tdwii_gui.dicom.errors import DimseStatusError

THREADS = 20
ROUNDS = 5


@pytest.mark.parametrize("stores", [1, 2], ids=["one store", "two stores on one file"])
def test_one_of_many_claims_wins(make_worklist, tmp_path, dataset, stores) -> None:
    path = tmp_path / "ups.sqlite"
    # A store of its own is what another process has.
    worklists = [make_worklist(path) for _ in range(stores)]
    for number in range(ROUNDS):
        uid = f"1.2.3.{number}"
        worklists[0].create(uid)
        answers = race(worklists, uid, dataset)
        assert Counter(answers.values()) == {0x0000: 1, 0xC301: THREADS - 1}
        (winner,) = (claimed for claimed, status in answers.items() if status == 0)
        step = worklists[-1].store.load(uid)
        assert (step.state, step.transaction_uid) == ("IN PROGRESS", winner)
        assert step.dataset.ProcedureStepState == "IN PROGRESS"
        assert step.performer_ae == f"TDD{winner.rpartition('.')[2]}"


def race(worklists, uid: str, dataset) -> dict[str, int]:
    """Claim a step from all threads at once; return the status by Transaction UID."""
    start = threading.Barrier(THREADS)
    answers: dict[str, int] = {}

    def claim(number: int) -> None:
        service = worklists[number % len(worklists)].service
        transaction_uid = f"{uid}.9.{number}"
        information = dataset(ProcedureStepState="IN PROGRESS", TransactionUID=transaction_uid)
        start.wait()
        try:
            answers[transaction_uid] = service.change_state(uid, information, f"TDD{number}")
        except DimseStatusError as error:
            answers[transaction_uid] = error.status

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_claim_that_comes_too_late_changes_nothing(worklist) -> None:
    worklist.create()
    step = worklist.store.load("1.2.3.100")
    worklist.change_state("IN PROGRESS")
    with worklist.store.transaction() as transaction:
        assert not transaction.claim(step)
    assert worklist.store.load("1.2.3.100").transaction_uid == "1.2.3.4.1"


def test_parallel_creations_of_one_uid_make_one_step(worklist, new_step) -> None:
    start = threading.Barrier(THREADS)
    answers: list[int] = []

    def create() -> None:
        start.wait()
        try:
            answers.append(worklist.service.create("1.2.3", new_step(), "CREATOR").status)
        except DimseStatusError as error:
            answers.append(error.status)

    threads = [threading.Thread(target=create) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {0x0000: 1, 0x0111: THREADS - 1}

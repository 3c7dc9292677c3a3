"""The whole of PS3.4 Table CC.1.1-2, and the state part of N-SET (CC.2.6.3)."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.iod.ups import ProcedureStepState as State
from tdwii_gui.dicom.ups.state import check_modification, check_transition

OWN = "1.2.3.4"
OTHER = "1.2.3.5"
TABLE = {
    # requested: (SCHEDULED, IN PROGRESS, COMPLETED, CANCELED) with the right Transaction UID
    State.SCHEDULED: (0xC303, 0xC303, 0xC303, 0xC303),
    State.IN_PROGRESS: (0x0000, 0xC302, 0xC300, 0xC300),
    State.COMPLETED: (0xC310, 0x0000, 0xB306, 0xC300),
    State.CANCELED: (0xC310, 0x0000, 0xC300, 0xB304),
}
CELLS = [
    pytest.param(current, requested, status, id=f"{current}-{requested}")
    for requested, row in TABLE.items()
    for current, status in zip(State, row, strict=True)
]


@pytest.mark.parametrize(("current", "requested", "status"), CELLS)
def test_right_transaction_uid(current: State, requested: State, status: int) -> None:
    recorded = "" if current is State.SCHEDULED else OWN
    assert check_transition(current, requested, recorded, OWN) == status


@pytest.mark.parametrize("given", ["", OTHER], ids=["missing", "wrong"])
@pytest.mark.parametrize("requested", State)
@pytest.mark.parametrize("current", State)
def test_without_right_transaction_uid(current: State, requested: State, given: str) -> None:
    if current is State.SCHEDULED:
        given = ""  # none is recorded, so that none is wrong
    expected = 0xC303 if requested is State.SCHEDULED else 0xC301
    recorded = "" if current is State.SCHEDULED else OWN
    assert check_transition(current, requested, recorded, given) == expected


@pytest.mark.parametrize("requested", [State.IN_PROGRESS, State.COMPLETED, State.CANCELED])
@pytest.mark.parametrize("given", ["", OTHER])
def test_nobody_has_the_uid_of_a_step_canceled_while_scheduled(
    requested: State, given: str
) -> None:
    assert check_transition(State.CANCELED, requested, "", given) == 0xC301


@pytest.mark.parametrize(
    ("current", "recorded", "given", "status"),
    [
        (State.SCHEDULED, "", "", 0x0000),
        (State.SCHEDULED, "", OWN, 0xC310),
        (State.IN_PROGRESS, OWN, OWN, 0x0000),
        (State.IN_PROGRESS, OWN, "", 0xC301),
        (State.IN_PROGRESS, OWN, OTHER, 0xC301),
        (State.COMPLETED, OWN, OWN, 0xC300),
        (State.COMPLETED, OWN, "", 0xC300),
        (State.CANCELED, "", "", 0xC300),
        (State.CANCELED, OWN, OTHER, 0xC300),
    ],
)
def test_modification(current: State, recorded: str, given: str, status: int) -> None:
    assert check_modification(current, recorded, given) == status

"""Responses as a bare peer gets them: all matches, cancelled ones, fragments, a peer that stops."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AE, build_context, evt

from tdwii_gui.dicom.net.message_writer import MOST_WAITING
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynetdicom.association import Association

MANY = 20 * MOST_WAITING
SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
]


class Finder:
    """A service that finds many steps, or fails, or creates one."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = threading.Event()
        self.comment = "x" * 8192

    @property
    def contexts(self) -> list[Any]:
        return [build_context(UPS_PULL, SYNTAXES), build_context(UPS_PUSH, SYNTAXES)]

    @property
    def handlers(self) -> dict[Any, Any]:
        return {evt.EVT_C_FIND: self._on_find, evt.EVT_N_CREATE: self._on_create}

    def _on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        try:
            for number in range(MANY):
                self.given += 1
                match = Dataset()
                match.PatientID = str(number)
                match.CommentsOnTheScheduledProcedureStep = self.comment
                yield Status.PENDING, match
        finally:
            self.closed.set()

    def _on_create(self, event: evt.Event) -> tuple[Dataset, Dataset]:
        command = Dataset()
        command.Status = Status.UPS_CREATED_MODIFIED
        command.AffectedSOPInstanceUID = "1.2.345"
        command.ErrorComment = "odd"
        return command, event.attribute_list


@pytest.fixture
def finder() -> Finder:
    return Finder()


@pytest.fixture
def associate(
    start_host: Callable[..., Any], finder: Finder
) -> Iterator[Callable[..., Association]]:
    host = start_host(finder)
    made: list[Association] = []

    def associate(syntax: str = ImplicitVRLittleEndian, max_pdu: int = 16382) -> Association:
        ae = AE("BARE")
        ae.add_requested_context(UPS_PULL, syntax)
        ae.add_requested_context(UPS_PUSH, syntax)
        association = ae.associate("127.0.0.1", host.port, ae_title="OURS", max_pdu=max_pdu)
        assert association.is_established
        made.append(association)
        return association

    yield associate
    for association in made:
        association.abort()


def query() -> Dataset:
    identifier = Dataset()
    identifier.PatientID = ""
    return identifier


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("max_pdu", [0, 1024, 16382])
def test_all_matches_arrive_in_order(
    associate: Callable[..., Association], finder: Finder, syntax: str, max_pdu: int
) -> None:
    finder.comment = "x" * 600
    responses = list(associate(syntax, max_pdu).send_c_find(query(), UPS_PULL))
    assert [status.Status for status, _ in responses] == [0xFF00] * MANY + [0x0000]
    assert [found.PatientID for _, found in responses[:-1] if found] == [
        str(number) for number in range(MANY)
    ]
    assert responses[-1][1] is None


def test_c_cancel_ends_the_matches(associate: Callable[..., Association], finder: Finder) -> None:
    association = associate()
    responses = association.send_c_find(query(), UPS_PULL, msg_id=7)
    next(responses)
    association.send_c_cancel(7, query_model=UPS_PULL)
    statuses = [status.Status for status, _ in responses]
    assert statuses[-1] == Status.CANCELLED
    assert finder.closed.is_set()
    assert finder.given < MANY


def test_a_peer_that_leaves_ends_the_search(
    associate: Callable[..., Association], finder: Finder
) -> None:
    association = associate()
    next(association.send_c_find(query(), UPS_PULL))
    association.abort()
    assert finder.closed.wait(10)
    assert finder.given < MANY


def test_a_peer_that_does_not_read_is_waited_for(
    start_host: Callable[..., Any], finder: Finder, wait_until: Callable[..., None]
) -> None:
    """What it asked for is not gathered in memory meanwhile."""
    finder.comment = "x" * 65536
    host = start_host(finder)
    paused = threading.Event()

    def pause(_event: evt.Event) -> None:
        assert paused.wait(10)

    ae = AE("BARE")
    ae.add_requested_context(UPS_PULL, ImplicitVRLittleEndian)
    association = ae.associate(
        "127.0.0.1", host.port, ae_title="OURS", evt_handlers=[(evt.EVT_DIMSE_RECV, pause)]
    )
    responses = association.send_c_find(query(), UPS_PULL)
    thread = threading.Thread(target=next, args=(responses,))
    thread.start()
    seen = [-1]

    def stands_still() -> bool:
        threading.Event().wait(0.3)
        before, seen[0] = seen[0], finder.given
        return 0 < finder.given == before

    wait_until(stands_still)
    assert finder.given < MANY
    paused.set()
    thread.join(10)
    association.abort()
    assert finder.closed.wait(10)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_command_elements_and_data_set_of_one_response(
    associate: Callable[..., Association], syntax: str
) -> None:
    attributes = Dataset()
    attributes.PatientID = "1"
    attributes.InputInformationSequence = [Dataset()]
    attributes.InputInformationSequence[0].StudyInstanceUID = "1.2"
    association = associate(syntax)
    commands: list[Dataset] = []
    association.bind(evt.EVT_DIMSE_RECV, lambda event: commands.append(event.message.command_set))
    _, answer = association.send_n_create(attributes, UPS_PUSH)
    (command,) = commands
    assert command.Status == Status.UPS_CREATED_MODIFIED
    assert command.AffectedSOPInstanceUID == "1.2.345"
    assert command.AffectedSOPClassUID == UPS_PUSH
    assert command.ErrorComment == "odd"
    assert answer == attributes

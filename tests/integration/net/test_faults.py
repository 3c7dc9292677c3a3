"""Faults of an SCP, as bare peers meet them: each one bites, and no more than it says.

The same traffic runs with every fault. What the peers see is compared with what they see of a host
that has none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.pdu import A_ABORT_RQ

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.net.fault import Fault, FaultKind
from tdwii_gui.dicom.net.local_ae import send_at_once
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.rejection import unread_answer
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import (
    RT_PLAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    UPS_PULL,
    UPS_PUSH,
    UPS_WATCH,
    VERIFICATION,
)
from tdwii_gui.dicom.ups.service import UpsService
from tests.integration.net.keeps_responses import KEEPS_RESPONSES
from tests.integration.net.ups.messages import attribute_list, dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.dicom.net.faults import Faults
    from tdwii_gui.dicom.net.scp_host import ScpHost

SECONDS = 10
STEP = "1.2.3.900"
STUDY = "1.10"
KEPT = ("1.1.0", "1.1.1", "1.1.2")
CLASSES = (
    VERIFICATION,
    RT_PLAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    UPS_PUSH,
    UPS_PULL,
    UPS_WATCH,
)
ALL = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=STUDY)


@dataclass
class Scene:
    """A host with all services, and the peers around it."""

    host: ScpHost
    store: InstanceStore
    make_object: Callable[..., Dataset]
    moved: list[Dataset]
    got: list[Dataset] = field(default_factory=list)
    sent: list[Dataset] = field(default_factory=list)
    aborts: Queue[tuple[int, int]] = field(default_factory=Queue)
    numbers: Iterator[int] = field(default_factory=count)

    def traffic(self) -> dict[str, Any]:
        """Ask for all kinds of things; return what came back, by name."""
        self.moved.clear()
        self.got.clear()
        self.sent = [
            self.make_object(f"1.9.{next(self.numbers)}", study="1.19", series="1.191")
            for _ in range(2)
        ]
        association = self._associate()
        answer = association.acceptor.primitive or unread_answer(association)
        if answer is not None and answer.result:
            return {"rejected": (answer.result, answer.result_source, answer.diagnostic)}
        seen: dict[str, Any] = {}
        for name, ask in self._requests(association).items():
            seen[name] = ask()
            if association.acse.is_aborted() or not association.is_established:
                seen["aborted"] = self.aborts.get(timeout=SECONDS)
                break
        else:
            association.release()
        association.join(SECONDS)
        here = self.store.present(str(one.SOPInstanceUID) for one in self.sent)
        return seen | {
            "stored": [str(one.SOPInstanceUID) in here for one in self.sent],
            "moved": [told(each) for each in self.moved],
            "got": [told(each) for each in self.got],
        }

    def _associate(self) -> Association:
        ae = AE("BARE")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
        return ae.associate(
            "127.0.0.1",
            self.host.port,
            contexts=[build_context(uid) for uid in CLASSES],
            ae_title="OURS",
            ext_neg=[build_role(RT_PLAN, scp_role=True, scu_role=True)],
            evt_handlers=[
                KEEPS_RESPONSES,
                (evt.EVT_CONN_OPEN, send_at_once),
                (evt.EVT_C_STORE, self._on_store),
                (evt.EVT_PDU_RECV, self._on_pdu),
            ],
        )

    def _on_pdu(self, event: evt.Event) -> None:
        if isinstance(event.pdu, A_ABORT_RQ):
            self.aborts.put((event.pdu.source, event.pdu.reason_diagnostic))

    def _on_store(self, event: evt.Event) -> int:
        self.got.append(event.dataset)
        return 0

    def _requests(self, bare: Association) -> dict[str, Callable[[], Any]]:
        return {
            "echo 1": lambda: status(bare.send_c_echo()),
            "echo 2": lambda: status(bare.send_c_echo()),
            "store 1": lambda: status(bare.send_c_store(self.sent[0])),
            "store 2": lambda: status(bare.send_c_store(self.sent[1])),
            "find": lambda: [
                (status(command), told(match))
                for command, match in bare.send_c_find(
                    dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="", PatientName=""),
                    STUDY_ROOT_FIND,
                )
            ],
            "get": lambda: retrieved(bare.send_c_get(ALL, STUDY_ROOT_GET)),
            "move": lambda: retrieved(bare.send_c_move(ALL, "DEST", STUDY_ROOT_MOVE)),
            "n-get": lambda: answer(
                bare.send_n_get([0x00100010], UPS_PUSH, STEP, meta_uid=UPS_PULL)
            ),
            "subscribe": lambda: answer(self._subscribe(bare, 3)),
            "unsubscribe": lambda: answer(self._subscribe(bare, 4)),
        }

    def _subscribe(self, bare: Association, action: int) -> tuple[Dataset, Dataset | None]:
        information = dataset(ReceivingAE="BARE")
        if action == 3:
            information.DeletionLock = "FALSE"
        return bare.send_n_action(information, action, UPS_PUSH, STEP, meta_uid=UPS_WATCH)


def status(command: Dataset) -> str:
    return f"{command.Status:04X}" if "Status" in command else "none"


def told(found: Dataset | None) -> tuple[str, str] | None:
    """Return what can be altered of what came."""
    if not found:
        return None
    plan = found.get("SOPInstanceUID") or found.get("StudyInstanceUID") or ""
    return plan, str(found.get("PatientName", "absent"))


def answer(response: tuple[Dataset, Dataset | None]) -> tuple[str, tuple[str, str] | None]:
    return status(response[0]), told(response[1])


def retrieved(responses: Iterator[tuple[Dataset, Dataset | None]]) -> tuple[Any, ...]:
    *_, (command, failed) = responses
    numbers = ("Completed", "Failed", "Warning")
    uids = failed.get("FailedSOPInstanceUIDList") if failed is not None else None
    return (
        status(command),
        *(command.get(f"NumberOf{each}Suboperations") for each in numbers),
        uids,
    )


@pytest.fixture
def scene(
    faults: Faults,
    tmp_path: Path,
    start_host: Callable[..., ScpHost],
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> Iterator[Scene]:
    moved: list[Dataset] = []

    def keep(event: evt.Event) -> int:
        moved.append(event.dataset)
        return 0

    directory = AeDirectory()
    destination = bare_scp([build_context(RT_PLAN)], {evt.EVT_C_STORE: keep}, ae_title="DEST")
    directory.register(destination.peer)
    store = InstanceStore(tmp_path / "store")
    for uid in KEPT:
        store.add_dataset(make_object(uid, study=STUDY, series="1.100"))
    steps = UpsStore(tmp_path / "ups.sqlite")
    service = UpsService(steps, known_ae=lambda _title: True)
    service.create(STEP, attribute_list(), "BARE")
    host = start_host(
        VerificationScp(),
        StorageScp(store),
        QueryRetrieveScp(store, directory, LocalAe("OURS", faults=faults)),
        UpsScp(service),
        faults=faults,
    )
    store.add_dataset(make_object("1.8", study="1.19", series="1.191"))
    yield Scene(host, store, make_object, moved)
    host.stop()
    steps.close()
    store.close()


def test_without_faults(scene: Scene) -> None:
    """What all others are compared with."""
    assert scene.traffic() == WITHOUT


NAME = "Test^P1"
FOUND = [("FF00", (STUDY, NAME)), ("FF00", ("1.19", NAME)), ("0000", None)]
OBJECTS = [(uid, NAME) for uid in KEPT]
WITHOUT: dict[str, Any] = {
    "echo 1": "0000",
    "echo 2": "0000",
    "store 1": "0000",
    "store 2": "0000",
    "find": FOUND,
    "get": ("0000", 3, 0, 0, None),
    "move": ("0000", 3, 0, 0, None),
    "n-get": ("0000", ("", "Müller^Jörg")),
    "subscribe": ("0000", None),
    "unsubscribe": ("0000", None),
    "stored": [True, True],
    "moved": OBJECTS,
    "got": OBJECTS,
}
ONE_FAILED = ("B000", 2, 1, 0, "1.1.1")
LESS = [OBJECTS[0], OBJECTS[2]]

LOST = ("none", None, None, None, None)


def aborted(name: str, answer: Any, **other: Any) -> dict[str, Any]:
    """Return all that is seen where the association is aborted in place of an answer."""
    before = list(WITHOUT)[: list(WITHOUT).index(name)]
    seen = {each: WITHOUT[each] for each in before} | {name: answer, "aborted": (0, 0)}
    reached = {
        "stored": [True, True],
        "got": OBJECTS if "get" in before else [],
        "moved": OBJECTS if "move" in before else [],
    }
    return seen | reached | other


BITES: list[tuple[str, dict[str, Any]]] = [
    ("answer-status message=C-ECHO status=0110", {"echo 1": "0110"}),
    ("answer-status message=C-ECHO status=0110 times=2", {"echo 1": "0110", "echo 2": "0110"}),
    (
        "answer-status message=C-STORE status=A700 nth=2",
        {"store 2": "A700", "stored": [True, False]},
    ),
    ("answer-status message=C-STORE status=B000 nth=2", {"store 2": "B000"}),
    ("answer-status message=C-FIND status=A900", {"find": [("A900", None)]}),
    ("answer-status message=C-GET status=A702", {"get": ("A702", 0, 0, 0, None), "got": []}),
    ("answer-status message=N-ACTION type_id=4 status=C307", {"unsubscribe": ("C307", None)}),
    ("answer-status message=N-ACTION status=B301", {"subscribe": ("B301", None)}),
    ("answer-status message=N-GET status=0107", {"n-get": ("0107", ("", "Müller^Jörg"))}),
    (
        "out-of-resources times=3",
        {"store 1": "A700", "store 2": "A700", "find": [("A700", None)], "stored": [False, False]},
    ),
    ("out-of-resources message=C-MOVE", {"move": ("A702", 0, 0, 0, None), "moved": []}),
    ("out-of-resources message=N-ACTION nth=2", {"unsubscribe": ("0213", None)}),
    (
        "alter-attribute message=C-FIND path=PatientName value=Other^Name nth=2",
        {"find": [FOUND[0], ("FF00", ("1.19", "Other^Name")), FOUND[2]]},
    ),
    (
        "remove-attribute message=C-FIND path=PatientName",
        {"find": [("FF00", (STUDY, "absent")), *FOUND[1:]]},
    ),
    (
        "alter-attribute message=N-GET path=PatientName value=Möller",
        {"n-get": ("0000", ("", "Möller"))},
    ),
    (
        "alter-attribute message=C-STORE peer=DEST path=PatientName value= nth=3",
        {"moved": [*OBJECTS[:2], (KEPT[2], "")]},
    ),
    (
        "remove-attribute message=C-STORE peer=BARE path=PatientName times=0",
        {"got": [(uid, "absent") for uid in KEPT]},
    ),
    ("fail-sub-operation message=C-MOVE nth=2", {"move": ONE_FAILED, "moved": LESS}),
    ("fail-sub-operation message=C-GET nth=2", {"get": ONE_FAILED, "got": LESS}),
    (
        "fail-sub-operation nth=2 times=3",
        {
            "get": ("B000", 1, 2, 0, [*KEPT[1:]]),
            "got": OBJECTS[:1],
            "move": ("B000", 2, 1, 0, KEPT[0]),
            "moved": OBJECTS[1:],
        },
    ),
    ("delay seconds=0.01 times=0", {}),
    ("abort message=C-STORE nth=2", aborted("store 2", "none", stored=[True, True])),
    ("abort message=C-FIND nth=2", aborted("find", [FOUND[0], ("none", None)])),
    ("abort message=C-STORE nth=4", aborted("get", LOST, got=OBJECTS[:1])),
    ("abort message=C-GET nth=3", aborted("get", LOST, got=OBJECTS[:2])),
    (
        "abort message=C-STORE peer=DEST nth=2",
        {"move": ("B000", 1, 2, 0, [*KEPT[1:]]), "moved": OBJECTS[:1]},
    ),
    ("abort message=N-ACTION type_id=3", aborted("subscribe", ("none", None), moved=OBJECTS)),
]
"""A fault, and what is other than without it."""


@pytest.mark.parametrize("kind", list(dict.fromkeys(text.split()[0] for text, _ in BITES)))
def test_a_fault_bites_and_no_more_than_it_says(scene: Scene, faults: Faults, kind: str) -> None:
    for text, other in BITES:
        if text.split()[0] != kind:
            continue
        fault = Fault.from_text(text)
        faults.set([fault])
        expected = other if "aborted" in other else WITHOUT | other
        assert scene.traffic() == expected, text
        assert faults.hits(fault) == (fault.times or faults.hits(fault)) > 0, text
        assert (fault in faults.active) == (not fault.times), text


NEEDS = {
    "seconds": "3600",
    "status": "A700",
    "path": "PatientName",
    "value": "Other^Name",
}


@pytest.mark.parametrize("condition", ["peer=NOBODY", "nth=1000", "message=N-DELETE", "type_id=77"])
def test_a_fault_that_is_about_something_else_changes_nothing(
    scene: Scene, faults: Faults, condition: str
) -> None:
    name = condition.partition("=")[0]
    for kind in FaultKind:
        if name in kind.parameters:
            needed = [f"{each}={NEEDS[each]}" for each in kind.parameters if each in NEEDS]
            text = " ".join([kind, condition, *needed])
            faults.add(
                Fault.from_text(text.replace("operation message=N-DELETE", "operation peer=NOBODY"))
            )
    assert len(faults.active) >= 6
    assert scene.traffic() == WITHOUT
    assert not any(state.hits for state in faults.states)
    faults.clear()
    assert scene.traffic() == WITHOUT


def test_associations_are_refused(scene: Scene, faults: Faults) -> None:
    """PS3.8 9.3.4; the one after those that the fault is about is accepted again."""
    faults.add(Fault.from_text("refuse-association result=2 source=3 reason=1 nth=2 times=2"))
    assert scene.traffic() == WITHOUT
    for _ in range(2):
        assert scene.traffic() == {"rejected": (2, 3, 1)}
    assert scene.traffic() == WITHOUT
    faults.add(Fault.from_text("refuse-association times=0 peer=BARE"))
    assert scene.traffic() == {"rejected": (1, 1, 1)}
    faults.clear()
    assert scene.traffic() == WITHOUT


def test_a_delay_lasts_as_long_as_it_says(scene: Scene, faults: Faults) -> None:
    faults.add(Fault.from_text("delay seconds=0.3 message=C-ECHO nth=2"))
    begun = time.monotonic()
    assert scene.traffic() == WITHOUT
    assert time.monotonic() - begun >= 0.3


def test_a_delay_ends_when_its_fault_is_removed(scene: Scene, faults: Faults) -> None:
    fault = Fault.from_text("delay seconds=3600 message=C-ECHO")
    faults.on_struck = faults.remove
    faults.add(fault)
    assert scene.traffic() == WITHOUT
    assert faults.states == ()

"""A whole UPS service on a port, bare pynetdicom SCUs that ask it, and bare SCPs that it tells."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt

from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.store.encoding import encode
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.store.ups_transaction import Event
from tdwii_gui.dicom.uids import (
    UPS_EVENT,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
    new_uid,
)
from tdwii_gui.dicom.ups.deletion import delete_steps
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import UpsService
from tests.integration.bare_ae import served
from tests.integration.net.keeps_responses import KEEPS_RESPONSES
from tests.integration.net.ups.messages import attribute_list, dataset, final_update, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack
    from pathlib import Path

    from pynetdicom.association import Association

    from tdwii_gui.dicom.ups.mode import ServiceMode

SECONDS: Final = 30.0
RECEIVERS: Final = ("WATCHER", "OTHER")
STATES: Final = ("SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED")
CLAIM: Final = "1.2.826.0.1.3680043.10.1.1"
WRONG: Final = "1.2.826.0.1.3680043.10.1.2"


@dataclass(frozen=True)
class Answer:
    """The final response to a request."""

    status: int
    comment: str
    dataset: Dataset | None
    command: Dataset


@dataclass(frozen=True)
class Told:
    """An N-EVENT-REPORT as its receiver got it."""

    event_type: int
    sop_instance_uid: str
    information: Dataset
    sop_class_uid: str
    roles: dict[str, Any]
    sender: str

    @property
    def state(self) -> str:
        return str(self.information.get("ProcedureStepState", ""))

    @property
    def brief(self) -> tuple[int, str, str]:
        return self.event_type, self.sop_instance_uid, self.state


class Tms:
    """The service in one of its modes, with two receivers of events."""

    def __init__(self, folder: Path, mode: ServiceMode, resources: ExitStack) -> None:
        self._resources = resources
        self._is_watched = False
        self._told: dict[str, Queue[Told]] = {name: Queue() for name in RECEIVERS}
        directory = AeDirectory([self._receiver(name) for name in RECEIVERS])
        self.store = store = UpsStore(folder / "ups.sqlite")
        resources.callback(store.close)
        timeouts = Timeouts(connect=SECONDS, acse=SECONDS, dimse=SECONDS, network=600.0)
        self._sender = sender = EventSender(Outbox(store), directory, LocalAe("TMS", timeouts))
        self.service = UpsService(
            store,
            known_ae=directory.__contains__,
            on_change=lambda _change: sender.wake(),
            mode=mode,
        )
        sender.start()
        resources.callback(sender.stop)
        self.host = ScpHost("TMS", "127.0.0.1", 0, [UpsScp(self.service)], timeouts=timeouts)
        self.host.start()
        resources.callback(self.host.stop)
        self.association = self.associate((UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY))
        self._command = Dataset()
        self.association.bind(evt.EVT_DIMSE_RECV, self._keep_command)

    def associate(self, sop_classes: Iterable[str], ae_title: str = "BARE") -> Association:
        ae = AE(ae_title)
        ae.acse_timeout = ae.dimse_timeout = SECONDS
        ae.network_timeout = None
        contexts = [build_context(uid) for uid in sop_classes]
        association = ae.associate(
            "127.0.0.1",
            self.host.port,
            contexts,
            ae_title="TMS",
            evt_handlers=[KEEPS_RESPONSES],
        )
        assert association.is_established
        self._resources.callback(association.join, SECONDS)
        self._resources.callback(association.release)
        return association

    def _keep_command(self, event: evt.Event) -> None:
        self._command = event.message.command_set

    def _answer(self, answered: tuple[Dataset, Dataset | None]) -> Answer:
        command, found = answered
        assert command, "no answer"
        comment = str(command.get("ErrorComment", ""))
        return Answer(int(command.Status), comment, found, self._command)

    # requests

    def create(
        self,
        attributes: Dataset | None = None,
        uid: str | None = None,
        *,
        sop_class: str = UPS_PUSH,
        context: str = UPS_PUSH,
    ) -> Answer:
        given = attribute_list() if attributes is None else attributes
        return self._answer(self.association.send_n_create(given, sop_class, uid, meta_uid=context))

    def new(self, **changes: object) -> str:
        """Create a step and return its UID."""
        uid = new_uid()
        answer = self.create(attribute_list(**changes), uid)
        assert answer.status == 0, answer.comment
        return str(uid)

    def get(
        self, uid: str, *tags: Any, sop_class: str = UPS_PUSH, context: str = UPS_PULL
    ) -> Answer:
        return self._answer(
            self.association.send_n_get(list(tags), sop_class, uid, meta_uid=context)
        )

    def read(self, uid: str) -> Dataset:
        """Return all attributes of a step."""
        answer = self.get(uid)
        assert answer.dataset is not None
        return answer.dataset

    def state(self, uid: str) -> str:
        return str(self.read(uid).ProcedureStepState)

    def set(
        self,
        uid: str,
        modifications: Dataset,
        transaction_uid: str | None = None,
        *,
        sop_class: str = UPS_PUSH,
        context: str = UPS_PULL,
    ) -> Answer:
        if transaction_uid is not None:
            modifications.TransactionUID = transaction_uid
        return self._answer(
            self.association.send_n_set(modifications, sop_class, uid, meta_uid=context)
        )

    def act(
        self,
        action_type: int,
        uid: str,
        information: Dataset | None,
        *,
        sop_class: str = UPS_PUSH,
        context: str | None = None,
    ) -> Answer:
        right = {1: UPS_PULL, 2: UPS_PUSH}.get(action_type, UPS_WATCH)
        self._is_watched |= action_type == 3
        return self._answer(
            self.association.send_n_action(
                information, action_type, sop_class, uid, meta_uid=context or right
            )
        )

    def change(self, uid: str, state: str, transaction_uid: str | None = CLAIM) -> Answer:
        information = dataset(ProcedureStepState=state)
        if transaction_uid is not None:
            information.TransactionUID = transaction_uid
        return self.act(1, uid, information)

    def cancel(self, uid: str, **values: object) -> Answer:
        return self.act(
            2,
            uid,
            dataset(ReasonForCancellation="changed mind") if not values else dataset(**values),
        )

    def subscribe(
        self, uid: str, lock: str = "FALSE", receiving_ae: str = "WATCHER", **keys: object
    ) -> Answer:
        return self.act(3, uid, dataset(ReceivingAE=receiving_ae, DeletionLock=lock, **keys))

    def unsubscribe(self, uid: str, receiving_ae: str = "WATCHER") -> Answer:
        return self.act(4, uid, dataset(ReceivingAE=receiving_ae))

    def suspend(self, uid: str, receiving_ae: str = "WATCHER") -> Answer:
        return self.act(5, uid, dataset(ReceivingAE=receiving_ae))

    def find(self, context: str = UPS_PULL, **keys: object) -> tuple[list[Dataset], list[int], str]:
        """Return what matches, all statuses and the comment of the last."""
        answers = list(self.association.send_c_find(dataset(**keys), context))
        found = [identifier for _, identifier in answers if identifier is not None]
        comment = str(answers[-1][0].get("ErrorComment", ""))
        return found, [int(command.Status) for command, _ in answers], comment

    def bring_to(self, state: str, **changes: object) -> str:
        """Create a step, bring it into a state by its claim, and return its UID."""
        uid = self.new(**changes)
        if state != "SCHEDULED":
            assert self.change(uid, "IN PROGRESS").status == 0
        if state in ("COMPLETED", "CANCELED"):
            modifications = final_update()
            modifications.update(reason())
            assert self.set(uid, modifications, CLAIM).status == 0
            assert self.change(uid, state).status == 0
        return uid

    def delete(self, uid: str) -> bool:
        """Let the operator delete a step; return whether it is gone."""
        return uid in delete_steps(self.store, [uid], lambda *_deleted: None).deleted

    # what receivers were told

    def told(self, receiving_ae: str = "WATCHER") -> list[Told]:
        """Take what an AE was told so far: what comes before a mark that is sent to it now."""
        mark = new_uid()
        information = encode(dataset(SCPStatus="RESTARTED"))[0]
        with self.store.transaction() as transaction:
            transaction.append([Event(receiving_ae, 4, mark, information)])
        self._sender.wake()
        taken: list[Told] = []
        while True:
            event = self.next_told(receiving_ae)
            if event.sop_instance_uid == mark:
                return taken
            taken.append(event)

    def next_told(self, receiving_ae: str = "WATCHER") -> Told:
        return self._told[receiving_ae].get(timeout=SECONDS)

    def forget(self) -> None:
        """End all subscriptions and forget what was told."""
        if not self._is_watched:
            return
        self._is_watched = False
        for receiving_ae in RECEIVERS:
            information = dataset(ReceivingAE=receiving_ae)
            self.service.unsubscribe(UPS_GLOBAL_SUBSCRIPTION, information, "TEST")
            self.told(receiving_ae)

    def _receiver(self, ae_title: str) -> ApplicationEntity:
        ae = AE(ae_title)
        context = build_context(UPS_EVENT)
        context.scu_role = context.scp_role = True
        ae.supported_contexts = [context]
        told = self._told[ae_title]

        def take(event: evt.Event) -> tuple[int, None]:
            roles = event.assoc.requestor.role_selection
            told.put(
                Told(
                    event.event_type or 0,
                    str(event.request.AffectedSOPInstanceUID),
                    event.event_information,
                    str(event.request.AffectedSOPClassUID),
                    {str(uid): (item.scu_role, item.scp_role) for uid, item in roles.items()},
                    str(event.assoc.requestor.ae_title),
                )
            )
            return 0, None

        port = self._resources.enter_context(served(ae, [(evt.EVT_N_EVENT_REPORT, take)]))
        return ApplicationEntity(ae_title, "127.0.0.1", port)

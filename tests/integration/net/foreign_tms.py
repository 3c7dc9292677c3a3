"""A TMS of another make: a bare pynetdicom SCP, after the standard or as dcm4chee reads it.

Its deviations are those of standards that peers are known for: it says C300, C302, B304 and B306
whatever the Transaction UID is, 0115 where that is missing, C312 where the performer is no
subscriber; it fills in 110513; it takes each action on the context of its SOP class alone, and
sends an event once, to receivers that let it be the SCP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt

from tdwii_gui.dicom.uids import (
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdwii_gui.config.ae_directory import ApplicationEntity

SECONDS = 10.0
CLASSES = (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY)
SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = (
    "SCHEDULED",
    "IN PROGRESS",
    "COMPLETED",
    "CANCELED",
)
_ACTIONS = {UPS_PUSH: {2}, UPS_PULL: {1}, UPS_WATCH: {2, 3, 4, 5}}
_ALREADY = {COMPLETED: 0xB306, CANCELED: 0xB304}


@dataclass
class Step:
    """A step of the TMS."""

    dataset: Dataset
    state: str = SCHEDULED
    transaction_uid: str = ""
    performer: str = ""


@dataclass
class Message:
    """A message that the TMS got."""

    name: str
    context: str
    sop_class: str
    uid: str
    dataset: Dataset
    action_type: int = 0


@dataclass
class ForeignTms:
    """The SCP; `as_dcm4chee` chooses between the readings of the standard.

    `lose_answers` gives for the next N-ACTIONs whether each is carried out ("after") or not
    ("before") when the association is aborted in the place of an answer.
    """

    as_dcm4chee: bool
    steps: dict[str, Step] = field(default_factory=dict)
    subscribers: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    lose_answers: list[str] = field(default_factory=list)
    answers: list[tuple[int, Dataset]] = field(default_factory=list)
    peer: ApplicationEntity | None = None

    def listen(self, bare_scp: Callable[..., Any]) -> ApplicationEntity:
        """Start; return where it listens."""
        handlers = {
            evt.EVT_N_ACTION: self._on_action,
            evt.EVT_N_SET: self._on_set,
            evt.EVT_N_GET: self._on_get,
            evt.EVT_C_FIND: self._on_find,
        }
        contexts = [build_context(uid) for uid in CLASSES]
        self.peer = bare_scp(contexts, handlers, ae_title="TMS").peer
        return self.peer

    def named(self, name: str, action_type: int = 0) -> list[Message]:
        """Return the messages of a kind so far."""
        return [m for m in self.messages if (m.name, m.action_type) == (name, action_type)]

    def report(
        self, receiver: ApplicationEntity, event_type: int, uid: str, information: Dataset
    ) -> int | None:
        """Send an event once; None where the receiver does not let us be the SCP."""
        ae = AE("TMS")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
        role = build_role(UPS_EVENT, scp_role=True)
        association = ae.associate(
            receiver.host,
            receiver.port,
            contexts=[build_context(UPS_EVENT)],
            ae_title=receiver.ae_title,
            ext_neg=[role],
        )
        assert association.is_established
        try:
            (context,) = association.accepted_contexts
            if self.as_dcm4chee and not context.as_scp:
                return None
            command, _ = association.send_n_event_report(
                information, event_type, UPS_PUSH, uid, meta_uid=UPS_EVENT
            )
            return int(command.Status)
        finally:
            association.release()

    def _note(self, event: evt.Event, name: str, uid: str, dataset: Dataset) -> Message:
        request = event.request
        sop_class = getattr(request, "RequestedSOPClassUID", None) or request.AffectedSOPClassUID
        message = Message(name, str(event.context.abstract_syntax), str(sop_class), uid, dataset)
        self.messages.append(message)
        return message

    def _on_action(self, event: evt.Event) -> tuple[int, None]:
        uid, information = str(event.request.RequestedSOPInstanceUID), event.action_information
        message = self._note(event, "N-ACTION", uid, information)
        message.action_type = event.action_type
        if self.as_dcm4chee and event.action_type not in _ACTIONS[message.context]:
            return 0x0123, None
        lost = self.lose_answers.pop(0) if self.lose_answers else ""
        if lost == "before":
            event.assoc.abort()
            return 0x0110, None
        performer = str(event.assoc.requestor.ae_title)
        status = {1: self._change, 2: self._request_cancel}.get(event.action_type, self._subscribe)(
            uid, information, performer
        )
        if lost == "after":
            event.assoc.abort()
        return status, None

    def _change(self, uid: str, information: Dataset, performer: str) -> int:
        step = self.steps.get(uid)
        if step is None:
            return 0xC307
        given = str(information.get("TransactionUID", ""))
        wanted = str(information.ProcedureStepState)
        status = self._refusal(step, given, wanted)
        if status:
            return status
        if wanted == CANCELED:
            self._fill_reason(step)
        if wanted == IN_PROGRESS:
            step.transaction_uid, step.performer = given, performer
        step.state = step.dataset.ProcedureStepState = wanted
        return 0

    def _refusal(self, step: Step, given: str, wanted: str) -> int:
        """Return the status of PS3.4 Table CC.1.1-2, or of the other reading; 0 if it is done."""
        if not given:
            return 0x0115 if self.as_dcm4chee else 0xC301
        is_wrong = bool(step.transaction_uid) and given != step.transaction_uid
        if is_wrong and not self.as_dcm4chee:
            return 0xC301
        match step.state, wanted:
            case ("SCHEDULED", "IN PROGRESS"):
                return 0
            case ("SCHEDULED", _):
                return 0xC310
            case ("IN PROGRESS", "IN PROGRESS"):
                return 0xC302
            case ("IN PROGRESS", _):
                return 0xC301 if is_wrong else 0
            case (state, same) if state == same:
                return _ALREADY[state]
        return 0xC300

    def _fill_reason(self, step: Step) -> None:
        progress = step.dataset.get("ProcedureStepProgressInformationSequence") or [Dataset()]
        item = progress[0]
        if not item.get("ProcedureStepDiscontinuationReasonCodeSequence"):
            code = Dataset()
            code.CodeValue, code.CodingSchemeDesignator = "110513", "DCM"
            code.CodeMeaning = "Discontinued for unspecified reason"
            item.ProcedureStepDiscontinuationReasonCodeSequence = [code]
        step.dataset.ProcedureStepProgressInformationSequence = [item]

    def _request_cancel(self, uid: str, _information: Dataset, _requestor: str) -> int:
        step = self.steps.get(uid)
        if step is None:
            return 0xC307
        if step.state == SCHEDULED:
            step.state = step.dataset.ProcedureStepState = CANCELED
            return 0
        if step.state == IN_PROGRESS:
            unreachable = self.as_dcm4chee and step.performer not in self.subscribers
            return 0xC312 if unreachable else 0
        return 0xC311 if step.state == COMPLETED else 0xB304

    def _subscribe(self, _uid: str, information: Dataset, _requestor: str) -> int:
        change = self.subscribers.add if "DeletionLock" in information else self.subscribers.discard
        change(str(information.ReceivingAE))
        return 0

    def _on_set(self, event: evt.Event) -> tuple[int, None]:
        uid, changes = str(event.request.RequestedSOPInstanceUID), event.modification_list
        self._note(event, "N-SET", uid, changes)
        step = self.steps.get(uid)
        if step is None:
            return 0xC307, None
        if step.state in (COMPLETED, CANCELED):
            return 0xC300, None
        given = str(changes.get("TransactionUID", ""))
        if step.state == SCHEDULED and given:
            return 0xC310, None
        if step.state == IN_PROGRESS and given != step.transaction_uid:
            return 0xC301, None
        changes.pop("TransactionUID", None)
        step.dataset.update(changes)
        return 0, None

    def _on_get(self, event: evt.Event) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        self._note(event, "N-GET", uid, Dataset())
        step = self.steps.get(uid)
        return (0xC307, None) if step is None else (0, step.dataset)

    def _on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        self._note(event, "C-FIND", "", event.identifier)
        yield from self.answers

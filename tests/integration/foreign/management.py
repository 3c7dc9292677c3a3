"""A TMS of another make: a bare pynetdicom SCP, right or wrong in the ways that a test wants.

It keeps its steps in a dictionary, and sends events before it answers. What it does wrong is named
after the requirements that it then does not meet.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import (
    RTBeamsDeliveryInstructionStorage,
    StudyRootQueryRetrieveInformationModelMove,
    UnifiedProcedureStepEvent,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepPush,
    UnifiedProcedureStepQuery,
    UnifiedProcedureStepWatch,
    Verification,
)

from tests.integration.bare_ae import served
from tests.integration.foreign.data_sets import code, dataset, item, sendable
from tests.integration.foreign.device import SECONDS, SENDS_AT_ONCE
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity

SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
FINAL: Final = (COMPLETED, CANCELED)
CLASSES: Final = (
    UnifiedProcedureStepPush,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepWatch,
    UnifiedProcedureStepQuery,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)
GLOBAL: Final = "1.2.840.10008.5.1.4.34.5"
EVENT: Final = UnifiedProcedureStepEvent
PUSH: Final = UnifiedProcedureStepPush
STATE: Final = "ProcedureStepState"
PROGRESS: Final = "ProcedureStepProgressInformationSequence"
PERFORMED: Final = "UnifiedProcedureStepPerformedProcedureSequence"
NEEDED: Final = ("ScheduledProcedureStepPriority", "ProcedureStepLabel", "InputReadinessState")


@dataclass
class Step:
    """A step of the TMS."""

    dataset: Dataset
    transaction_uid: str = ""

    @property
    def state(self) -> str:
        return str(self.dataset.ProcedureStepState)


@dataclass
class ForeignTms:
    """The TMS.

    Attributes
    ----------
    faults : frozenset[str]
        The requirements that it violates.
    receiver : ApplicationEntity
        The one AE that it knows: it may subscribe and be sent instructions.
    """

    ae_title: str
    receiver: ApplicationEntity
    instruction: Dataset
    faults: frozenset[str] = frozenset()
    port: int = 0
    steps: dict[str, Step] = field(default_factory=dict)
    is_global: bool = False
    had_global: bool = False
    subscribed: set[str] = field(default_factory=set)
    _line: Association | None = None

    @contextmanager
    def listening(self) -> Iterator[ForeignTms]:
        """Listen on a free port."""
        ae = AE(self.ae_title)
        ae.acse_timeout = 2
        for uid in CLASSES:
            ae.add_supported_context(uid)
        handlers: list[Any] = [
            SENDS_AT_ONCE,
            (evt.EVT_C_ECHO, lambda _event: 0x0110 if self.errs("echo") else 0),
            (evt.EVT_C_FIND, self._on_find),
            (evt.EVT_C_MOVE, self._on_move),
            (evt.EVT_N_CREATE, self._on_create),
            (evt.EVT_N_GET, self._on_get),
            (evt.EVT_N_SET, lambda event: (self._set(event), None)),
            (evt.EVT_N_ACTION, lambda event: (self._act(event), None)),
        ]
        with served(ae, handlers) as self.port:
            try:
                yield self
            finally:
                if self._line is not None:
                    self._line.release()

    def errs(self, name: str) -> bool:
        return f"tms-{name}" in self.faults

    def _on_create(self, event: evt.Event) -> tuple[int, None]:
        uid, given = str(event.request.AffectedSOPInstanceUID), event.attribute_list
        if uid in self.steps:
            return (0x0110 if self.errs("refuses-duplicate") else 0x0111), None
        if given.get(STATE) != SCHEDULED:
            return (0x0106 if self.errs("refuses-unscheduled") else 0xC309), None
        lacks = any(keyword not in given for keyword in NEEDED)
        if lacks and not self.errs("refuses-incomplete"):
            return 0x0120, None
        step = Step(deepcopy(given))
        step.dataset.SOPClassUID, step.dataset.SOPInstanceUID = PUSH, uid
        self.steps[uid] = step
        if self.is_global:
            self.subscribed.add(uid)
            if not self.errs("reports-creation"):
                self._report_state(uid)
        return (0x0110 if self.errs("creates") else 0), None

    def _on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        keys = event.identifier
        for uid, step in self.steps.items():
            if keys.get("SOPInstanceUID", "") not in ("", uid) or self.errs("find-known"):
                continue
            if keys.get(STATE, "") not in ("", step.state):
                continue
            yield 0xFF00, self._match(keys, step)
        if self.errs("find-ends"):
            yield 0xC001, None

    def _match(self, keys: Dataset, step: Step) -> Dataset:
        match = Dataset()
        for element in keys:
            if element.keyword in step.dataset:
                match.add(deepcopy(step.dataset[element.tag]))
        if self.errs("find-names-push"):
            match.SOPClassUID = UnifiedProcedureStepPull
        if self.errs("find-keys"):
            del match.ProcedureStepLabel
        if self.errs("find-matches"):
            match.ScheduledStationNameCodeSequence = [code("ELSEWHERE", "99IHERO2008", "Elsewhere")]
        if self.errs("step-content"):
            del match.ScheduledProcessingParametersSequence[1]
        return match

    def _on_get(self, event: evt.Event) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        step = self.steps.get(uid)
        if step is None:
            return (0x0112 if self.errs("unknown-step") else 0xC307), None
        if self.errs("keeps-locked") and step.state in FINAL:
            return 0xC307, None
        shown = deepcopy(step.dataset)
        if self.errs("hides-uid"):
            shown.TransactionUID = step.transaction_uid
        if self.errs("get-content"):
            del shown.ScheduledProcedureStepPriority
        if self.errs("states-go-on"):
            shown.ProcedureStepState = SCHEDULED
        if self.errs("keeps-updates") and PROGRESS in shown and len(shown[PROGRESS].value):
            shown[PROGRESS].value[0].ProcedureStepProgress = "1"
        return 0, shown

    def _set(self, event: evt.Event) -> int:
        uid, changes = str(event.request.RequestedSOPInstanceUID), event.modification_list
        step = self.steps.get(uid)
        if step is None:
            return 0xC307
        given = str(changes.get("TransactionUID", ""))
        status, error = 0, ""
        if step.state in FINAL:
            status, error = 0xC300, "refuses-late-update"
        elif step.state == SCHEDULED and given:
            status, error = 0xC310, "refuses-early-update"
        elif step.state == IN_PROGRESS and given != step.transaction_uid:
            status, error = 0xC301, "refuses-other-update"
        if status and not self.errs(error):
            return status
        if self.errs("updates"):
            return 0x0110
        changes.pop("TransactionUID", None)
        step.dataset.update(changes)
        if PROGRESS in changes and uid in self.subscribed and not self.errs("reports-progress"):
            self._report(3, uid, dataset(**{PROGRESS: deepcopy(changes[PROGRESS].value)}))
        return 0

    def _act(self, event: evt.Event) -> int:
        uid, information = str(event.request.RequestedSOPInstanceUID), event.action_information
        if event.action_type > 2:
            return self._subscribe(uid, event.action_type)
        step = self.steps.get(uid)
        if step is None:
            return 0xC307
        if event.action_type == 2:
            return self._request_cancel(uid, step, str(event.assoc.requestor.ae_title))
        return self._change(uid, step, information)

    def _change(self, uid: str, step: Step, information: Dataset) -> int:
        wanted, given = str(information.ProcedureStepState), information.get("TransactionUID", "")
        status, error = self._refusal(step, wanted, str(given))
        if self.errs(error):
            others = {"ends": 0xC310, "one-performer": 0, "refuses-incomplete-end": 0}
            status = others.get(error, 0x0106)
        if status:
            return status
        if wanted == IN_PROGRESS:
            step.transaction_uid = str(given)
        self._enter(uid, step, wanted)
        return 0

    def _refusal(self, step: Step, wanted: str, given: str) -> tuple[int, str]:
        """Return the status of PS3.4 Table CC.1.1-2, and the requirement that asks for it."""
        is_right = bool(given) and step.transaction_uid in ("", given)
        if wanted == SCHEDULED:
            return 0xC303, "refuses-scheduled"
        if not is_right:
            is_other = step.transaction_uid and given
            claim = "one-performer" if is_other and not self.errs("refuses-other-claim") else ""
            claim = claim or "refuses-other-claim"
            return 0xC301, claim if wanted == IN_PROGRESS else "refuses-other-end"
        if wanted == IN_PROGRESS:
            if step.state in FINAL:
                return 0xC300, "refuses-late-change"
            is_own = step.state == IN_PROGRESS
            return (0xC302, "refuses-second-claim") if is_own else (0, "grants-claim")
        if step.state == SCHEDULED:
            return 0xC310, "refuses-early-end"
        if step.state in FINAL:
            again = 0xB306 if wanted == COMPLETED else 0xB304
            return (
                (again, "warns-again") if step.state == wanted else (0xC300, "refuses-late-change")
            )
        if wanted == COMPLETED and not step.dataset.get(PERFORMED):
            return 0xC304, "refuses-incomplete-end"
        return 0, "ends"

    def _request_cancel(self, uid: str, step: Step, asking: str) -> int:
        if step.state == SCHEDULED:
            self._enter(uid, step, IN_PROGRESS)
            self._enter(uid, step, CANCELED)
            return 0
        if step.state == IN_PROGRESS:
            if uid in self.subscribed and not self.errs("reports-cancel-requests"):
                self._report(2, uid, dataset(RequestingAE=asking))
            return 0xC311 if self.errs("cancel-requests") else 0
        return 0xC311 if step.state == COMPLETED else 0xB304

    def _enter(self, uid: str, step: Step, state: str) -> None:
        step.dataset.ProcedureStepState = state
        tells = uid in self.subscribed or (
            self.had_global and self.errs("silent-after-unsubscribe")
        )
        if tells and not self.errs("reports-states"):
            self._report_state(uid)

    def _subscribe(self, uid: str, action: int) -> int:
        if uid == GLOBAL:
            self.is_global = action == 3
            self.had_global |= self.is_global
            self.subscribed = set(self.steps) if self.is_global else set()
        elif action == 4:
            self.subscribed.discard(uid)
        else:
            self.subscribed.add(uid)
            if not self.errs("reports-initial"):
                self._report_state(uid)
        return 0

    def _report_state(self, uid: str) -> None:
        step = self.steps[uid].dataset
        information = dataset(ProcedureStepState=step.ProcedureStepState)
        if not self.errs("event-content"):
            information.InputReadinessState = step.InputReadinessState
        self._report(1, uid, information)

    def _report(self, event_type: int, uid: str, information: Dataset) -> None:
        """Send an event on one association for all."""
        if self._line is None:
            self._line = self._associated(EVENT, ext_neg=[build_role(EVENT, scp_role=True)])
        message = EVENT if self.errs("event-names-push") else PUSH
        self._line.send_n_event_report(information, event_type, message, uid, meta_uid=EVENT)

    def _associated(self, sop_class: str, **options: Any) -> Association:
        ae = AE(self.ae_title)
        ae.acse_timeout = ae.dimse_timeout = SECONDS
        ae.network_timeout = None
        association = ae.associate(
            self.receiver.host,
            self.receiver.port,
            contexts=[build_context(sop_class)],
            ae_title=self.receiver.ae_title,
            evt_handlers=[KEEPS_RESPONSES, SENDS_AT_ONCE],
            **options,
        )
        assert association.is_established
        return association

    def _on_move(self, _event: evt.Event) -> Iterator[Any]:
        contexts = [build_context(RTBeamsDeliveryInstructionStorage)]
        yield self.receiver.host, self.receiver.port, {"contexts": contexts}
        if self.errs("sends-instruction"):
            yield 0
            return
        yield 1
        yield 0xFF00, sendable(deepcopy(self.instruction))


def reason() -> Dataset:
    """Return the reason of a cancel request."""
    return item(ReasonForCancellation="not today")

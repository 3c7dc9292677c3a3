"""What a treatment delivery device does in scenarios: RO-59 to RO-65."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.checks import BY_SCRIPT
from tdwii_gui.actors.events import CancelRequested
from tdwii_gui.actors.interruption import Interruption
from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.actors.suite import Role
from tdwii_gui.dicom.iod.codes import DISCONTINUATION_REASONS, discontinuation_reason
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.uids import new_uid
from tdwii_gui.scenario.operation import Awaited, Kind, Operation, Parameter
from tdwii_gui.scenario.steps.creator import STEP
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.scenario.stage import Stage

_DEVICE: Final = frozenset({Role.TDD})
_INTERRUPT: Final = Parameter(
    "interrupt_at",
    Kind.TEXT,
    "where the delivery is to end early: BEAM:METERSET, BEAM:PERCENT% or PERCENT%",
    default="",
)
_BY_MACHINE: Final = Parameter(
    "by_machine", Kind.SWITCH, "the machine ends it, not the operator", default=False
)


def _check_interruption(arguments: Mapping[str, Any]) -> None:
    if arguments["interrupt_at"]:
        Interruption.parse(arguments["interrupt_at"])


def _interruption(arguments: Mapping[str, Any]) -> Interruption | None:
    if not arguments["interrupt_at"]:
        return None
    by_machine = arguments["by_machine"]
    reason = TerminationStatus.MACHINE if by_machine else TerminationStatus.OPERATOR
    return Interruption.parse(arguments["interrupt_at"], reason)


def _retrieve(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    session = stage.open_session(name, arguments["step"], _interruption(arguments))
    stage.outcome(session.retrieve_inputs()).require_complete()


def _confirm(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    stage.session(name, arguments["step"]).confirm_patient(BY_SCRIPT)


def _start(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.session(name, arguments["step"]).start())


def _claim(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.tdd(name).start_procedure(stage.step_uid(arguments["step"])))


def _deliver(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    session = stage.session(name, arguments["step"])
    again = session.state is SessionState.STOPPED
    stage.outcome(session.continue_delivery() if again else session.deliver())


def _store_records(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    session = stage.session(name, arguments["step"])
    records = stage.outcome(session.store_records())
    stage.records.extend(records)
    return records


def _final_update(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.session(name, arguments["step"]).send_final_update())


def _complete(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.session(name, arguments["step"]).complete())


def _cancel(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    session = stage.session(name, arguments["step"])
    code = discontinuation_reason(arguments["code"]) if arguments["code"] else None
    stage.outcome(session.cancel(code, arguments["reason"]))
    return _take_records(stage, session)


def _take_records(stage: Stage, session: TreatmentSession) -> Sequence[Dataset]:
    stage.records.extend(session.records)
    return session.records


def _treat(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    _retrieve(stage, name, arguments)
    for part in (_confirm, _start, _deliver):
        part(stage, name, arguments)
    session = stage.session(name, arguments["step"])
    if session.is_goal_met:
        stage.outcome(session.store_records())
        stage.outcome(session.send_final_update())
        stage.outcome(session.complete())
    else:
        code = discontinuation_reason(arguments["code"]) if arguments["code"] else None
        stage.outcome(session.cancel(code, arguments["reason"]))
    return _take_records(stage, session)


def _hears_cancel_request(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    device, uid = stage.tdd(name), stage.step_uid(arguments["step"])

    def is_it(event: CancelRequested) -> bool:
        is_ours = event.ae_title == device.ae_title
        return is_ours and event.request.sop_instance_uid == uid

    stage.witness.wait_for(CancelRequested, is_it, 0, f"{device.ae_title} is asked to cancel")


def _answer_cancel_request(
    stage: Stage, name: str, arguments: Mapping[str, Any]
) -> Sequence[Dataset]:
    _hears_cancel_request(stage, name, arguments)
    session = stage.session(name, arguments["step"])
    accept = arguments["accept"]
    stage.outcome(session.answer_cancel_request(accept, arguments["reason"]))
    return _take_records(stage, session) if accept else ()


def _try_progress(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    key = "" if arguments["without"] else new_uid()
    uid = stage.step_uid(arguments["step"])
    stage.outcome(stage.tdd(name).try_progress(uid, 50.0, 1, key))


def _try_completion(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    key = "" if arguments["without"] else new_uid()
    stage.outcome(stage.tdd(name).try_completion(stage.step_uid(arguments["step"]), key))


def _checks(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    session = stage.session(name, arguments["step"])
    failed = [f"{one.subject} {one.text}" for one in session.checks if one.is_obstacle]
    if arguments["agree"] and failed:
        raise StepFailed(f"the device finds: {'; '.join(failed)}")
    if not arguments["agree"] and not failed:
        raise StepFailed("the device finds nothing that keeps the beam off")


def _asks_for(state: ProcedureStepState) -> Callable[[Exchange], bool]:
    def asks(exchange: Exchange) -> bool:
        request = exchange.request
        return request is not None and request.get("ProcedureStepState") == state.value

    return asks


def _is_progress(exchange: Exchange) -> bool:
    request = exchange.request
    return request is not None and "ProcedureStepProgressInformationSequence" in request


def _is_final(exchange: Exchange) -> bool:
    request = exchange.request
    return request is not None and "UnifiedProcedureStepPerformedProcedureSequence" in request


def ends_step(exchange: Exchange) -> bool:
    """Return whether an exchange has completed or canceled a procedure step."""
    ends = (ProcedureStepState.COMPLETED, ProcedureStepState.CANCELED)
    return exchange.status == 0 and any(_asks_for(state)(exchange) for state in ends)


REASON: Final = (
    Parameter("reason", Kind.TEXT, "Reason For Cancellation", default=""),
    Parameter(
        "code",
        Kind.TEXT,
        "discontinuation reason, a code value of PS3.16 CID 9300",
        default="",
        choices=("", *(code.value for code in DISCONTINUATION_REASONS)),
    ),
)
_WITHOUT: Final = Parameter(
    "without", Kind.SWITCH, "without any Transaction UID, not with another one", default=False
)

DEVICE_OPERATIONS: Final = (
    Operation(
        "retrieve_inputs",
        "opens a session on a procedure step and fetches plan, images and earlier records (RO-59)",
        _retrieve,
        _DEVICE,
        (STEP, _INTERRUPT, _BY_MACHINE),
        Awaited(("C-MOVE", "C-GET"), "retrieves the static inputs"),
        _check_interruption,
    ),
    Operation(
        "confirm_patient",
        "confirms the patient, by script",
        _confirm,
        _DEVICE,
        (STEP,),
        Awaited((), "confirms the patient"),
    ),
    Operation(
        "start",
        "claims the step (RO-60), fetches its instruction (RO-61) and compares all",
        _start,
        _DEVICE,
        (STEP,),
        Awaited(("N-ACTION",), "claims the step", _asks_for(ProcedureStepState.IN_PROGRESS)),
    ),
    Operation(
        "claim",
        "claims the step (RO-60), and does nothing else",
        _claim,
        _DEVICE,
        (STEP,),
        Awaited(("N-ACTION",), "claims the step", _asks_for(ProcedureStepState.IN_PROGRESS)),
    ),
    Operation(
        "checks",
        "compares plan, instruction and step: they agree, or something keeps the beam off",
        _checks,
        _DEVICE,
        (STEP, Parameter("agree", Kind.SWITCH, "whether they agree", default=True)),
        Awaited((), "compares its inputs"),
    ),
    Operation(
        "deliver",
        "delivers, or goes on after an interruption, and tells the progress (RO-62)",
        _deliver,
        _DEVICE,
        (STEP,),
        Awaited(("N-SET",), "reports progress", _is_progress),
    ),
    Operation(
        "store_records",
        "stores the treatment records, or those that were refused before (RO-63)",
        _store_records,
        _DEVICE,
        (STEP,),
        Awaited(("C-STORE",), "stores treatment records"),
    ),
    Operation(
        "final_update",
        "tells what was performed, and where the results are (RO-64)",
        _final_update,
        _DEVICE,
        (STEP,),
        Awaited(("N-SET",), "sends the final update", _is_final),
    ),
    Operation(
        "complete",
        "completes the step (RO-65)",
        _complete,
        _DEVICE,
        (STEP,),
        Awaited(("N-ACTION",), "completes the step", _asks_for(ProcedureStepState.COMPLETED)),
    ),
    Operation(
        "cancel",
        "cancels the claimed step, with records of what was delivered (RO-63 to RO-65)",
        _cancel,
        _DEVICE,
        (STEP, *REASON),
        Awaited(("N-ACTION",), "cancels the step", _asks_for(ProcedureStepState.CANCELED)),
    ),
    Operation(
        "treat",
        "does all from the inputs to the end of the step (RO-59 to RO-65); a delivery that is"
        " interrupted ends in CANCELED",
        _treat,
        _DEVICE,
        (STEP, _INTERRUPT, _BY_MACHINE, *REASON),
        Awaited(("N-ACTION",), "ends the step", ends_step),
        _check_interruption,
    ),
    Operation(
        "hears_cancel_request",
        "waits for the request to cancel the step that it has claimed",
        _hears_cancel_request,
        _DEVICE,
        (STEP,),
        Awaited(("N-EVENT-REPORT",), "takes an event report"),
    ),
    Operation(
        "answer_cancel_request",
        "waits for the request to cancel, and accepts it, which cancels the step, or declines",
        _answer_cancel_request,
        _DEVICE,
        (STEP, Parameter("accept", Kind.SWITCH, "whether", required=True), REASON[0]),
        Awaited((), "answers the request to cancel"),
    ),
    Operation(
        "try_progress",
        "reports progress without the Transaction UID of the claim",
        _try_progress,
        _DEVICE,
        (STEP, _WITHOUT),
    ),
    Operation(
        "try_completion",
        "asks to complete the step without the Transaction UID of the claim",
        _try_completion,
        _DEVICE,
        (STEP, _WITHOUT),
    ),
)

"""What treatment devices and position verification systems do in scenarios: they follow steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.events import EventReported
from tdwii_gui.actors.suite import Role
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.scenario.operation import Awaited, Kind, Operation, Parameter
from tdwii_gui.scenario.steps.creator import STEP
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.scenario.stage import Stage

_FOLLOWERS: Final = frozenset({Role.TDD, Role.PPVS})
_EVENTS: Final = {
    "state report": EventType.STATE_REPORT,
    "cancel requested": EventType.CANCEL_REQUESTED,
    "progress report": EventType.PROGRESS_REPORT,
    "scp status change": EventType.SCP_STATUS_CHANGE,
    "assigned": EventType.ASSIGNED,
}
STATE: Final = Parameter(
    "state",
    Kind.TEXT,
    "Procedure Step State; any by default",
    default="",
    choices=("", *(one.value for one in ProcedureStepState)),
)


def _subscribe(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    follower, lock = stage.subscriber(name), arguments["deletion_lock"]
    if arguments["machine"]:
        stage.outcome(follower.subscribe_filtered(arguments["machine"], lock))
    elif arguments["step"]:
        stage.outcome(follower.subscribe_step(stage.step_uid(arguments["step"]), lock))
    else:
        stage.outcome(follower.subscribe(lock))


def _unsubscribe(stage: Stage, name: str, _arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.subscriber(name).unsubscribe())


def _suspend(stage: Stage, name: str, _arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.subscriber(name).suspend())


def _fetch_step(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    uid = stage.step_uid(arguments["step"])
    return [stage.outcome(stage.subscriber(name).fetch_step(uid)).dataset]


def _hears(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    title = stage.subscriber(name).ae_title
    wanted = _words(arguments)
    uid = stage.step_uid(arguments["step"]) if arguments["event"] != "scp status change" else ""

    def is_next(event: EventReported) -> bool:
        return event.ae_title == title

    def is_wanted(event: EventReported) -> bool:
        return is_next(event) and _fits(event.report, uid, arguments)

    since = stage.passed.get(name, 0)
    words = f"{title} hears {wanted}"
    accept = is_next if arguments["next"] else is_wanted
    after, event = stage.witness.wait_for(EventReported, accept, since, words)
    stage.passed[name] = after
    if not is_wanted(event):
        told = EventType(event.report.event_type).title
        state = Ups(event.report.information).state
        raise StepFailed(f"the next event is {_joined(told, state)}, not {wanted}")
    stage.event = event.report.information
    return [event.report.information]


def _words(arguments: Mapping[str, Any]) -> str:
    return _joined(arguments["event"], arguments["state"], arguments["readiness"])


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _fits(report: EventReport, uid: str, arguments: Mapping[str, Any]) -> bool:
    step = Ups(report.information)
    return (
        report.event_type == _EVENTS[arguments["event"]]
        and uid in ("", report.sop_instance_uid)
        and arguments["state"] in ("", step.state)
        and arguments["readiness"] in ("", step.input_readiness)
    )


def _query(stage: Stage, name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    state = arguments["state"]
    keys = WorklistKeys(
        machine=arguments["machine"],
        state=ProcedureStepState(state) if state else None,
        patient_id=arguments["patient_id"],
    )
    query = worklist_query(keys)
    follower = stage.subscriber(name)
    asked = (
        follower.query_worklist(query) if isinstance(follower, Tdd) else follower.query_steps(query)
    )
    steps = stage.outcome(asked)
    wanted = arguments["found"]
    if wanted >= 0 and len(steps) != wanted:
        raise StepFailed(f"expected {wanted} procedure steps; the TMS has {len(steps)}")
    if steps and not stage.knows_steps:
        stage.note_step(steps[0].sop_instance_uid)
    return [step.dataset for step in steps]


def _subscribes(exchange: Exchange) -> bool:
    return exchange.request is not None and "DeletionLock" in exchange.request


def _unsubscribes(exchange: Exchange) -> bool:
    request = exchange.request
    return request is not None and "ReceivingAE" in request and "DeletionLock" not in request


FOLLOWER_OPERATIONS: Final = (
    Operation(
        "subscribe",
        "subscribes to all procedure steps, or to some",
        _subscribe,
        _FOLLOWERS,
        (
            Parameter("deletion_lock", Kind.SWITCH, "with a deletion lock", default=False),
            Parameter("machine", Kind.TEXT, "to those of a treatment machine alone", default=""),
            Parameter("step", Kind.TEXT, "to one alone, by its name", default=""),
        ),
        Awaited(("N-ACTION",), "subscribes", _subscribes),
    ),
    Operation(
        "unsubscribe",
        "ends all its subscriptions",
        _unsubscribe,
        _FOLLOWERS,
        awaited=Awaited(("N-ACTION",), "unsubscribes", _unsubscribes),
    ),
    Operation(
        "suspend",
        "ends its subscription to procedure steps to come",
        _suspend,
        _FOLLOWERS,
        awaited=Awaited(("N-ACTION",), "suspends its subscription", _unsubscribes),
    ),
    Operation(
        "fetch_step",
        "fetches a procedure step from the TMS (N-GET)",
        _fetch_step,
        _FOLLOWERS,
        (STEP,),
        Awaited(("N-GET",), "fetches a procedure step"),
    ),
    Operation(
        "hears",
        "waits for an event report that it has not waited for before",
        _hears,
        _FOLLOWERS,
        (
            Parameter("event", Kind.TEXT, "which", required=True, choices=tuple(_EVENTS)),
            STATE,
            Parameter(
                "readiness",
                Kind.TEXT,
                "Input Readiness State; any by default",
                default="",
                choices=("", *(one.value for one in InputReadiness)),
            ),
            STEP,
            Parameter("next", Kind.SWITCH, "it must be the very next one", default=False),
        ),
        Awaited(("N-EVENT-REPORT",), "takes an event report"),
    ),
    Operation(
        "query_worklist",
        "queries the procedure steps (C-FIND)",
        _query,
        _FOLLOWERS,
        (
            Parameter(
                "state",
                Kind.TEXT,
                "Procedure Step State; empty for any",
                default="SCHEDULED",
                choices=STATE.choices,
            ),
            Parameter("machine", Kind.TEXT, "of a treatment machine alone", default=""),
            Parameter("patient_id", Kind.TEXT, "of a patient alone", default=""),
            Parameter("found", Kind.WHOLE, "how many there must be; any by default", default=-1),
        ),
        Awaited(("C-FIND",), "queries the worklist"),
    ),
)

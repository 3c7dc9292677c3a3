"""What any actor does in scenarios, and what nobody in particular does."""

from __future__ import annotations

from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.events import FaultStruck, StepChanged
from tdwii_gui.actors.faults import Fault, FaultKind
from tdwii_gui.actors.suite import Role
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_update import cancel_request
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.scenario.operation import Awaited, Kind, Operation, Parameter
from tdwii_gui.scenario.steps.creator import STEP
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.scenario.stage import Stage

_ALL: Final = frozenset(Role)
_SERVERS: Final = frozenset({Role.TMS, Role.OST})
_POLL_SECONDS: Final = 1.0
_AT_ONCE: Final = (FaultKind.CLOSE_PORT, FaultKind.RESTART_WARM, FaultKind.RESTART_COLD)
_FAULT: Final = (
    Parameter("message", Kind.TEXT, "the service, e.g. C-STORE; any by default"),
    Parameter("type_id", Kind.WHOLE, "Action or Event Type ID of the message"),
    Parameter("peer", Kind.TEXT, "the AE title at the other end; any by default"),
    Parameter("nth", Kind.WHOLE, "at which occasion it strikes first"),
    Parameter("times", Kind.WHOLE, "how often, 0 for always"),
    Parameter("status", Kind.TEXT, "four hexadecimal digits"),
    Parameter("path", Kind.TEXT, "of the attribute"),
    Parameter("value", Kind.TEXT, "of the attribute"),
    Parameter("seconds", Kind.NUMBER, "how long, or how much"),
    Parameter("result", Kind.WHOLE, "of the rejection (PS3.8 9.3.4)"),
    Parameter("source", Kind.WHOLE, "of the rejection"),
    Parameter("reason", Kind.WHOLE, "of the rejection"),
)


def _echo(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    for other in arguments["actors"]:
        stage.outcome(stage.actor(name).echo(stage.ae_title(other)))


def _stop_listening(stage: Stage, name: str, _arguments: Mapping[str, Any]) -> None:
    stage.actor(name).stop_listening()


def _listen(stage: Stage, name: str, _arguments: Mapping[str, Any]) -> None:
    stage.actor(name).start()


def _request_cancel(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    actor = stage.actor(name)
    request = cancel_request(arguments["reason"], contact_name=arguments["contact"])
    with UpsScu(actor.local, actor.directory.lookup(stage.ae_title(Role.TMS))) as scu:
        scu.request_cancel(stage.step_uid(arguments["step"]), request)


def _keeps_records(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    records = stage.stored_records()
    wanted = arguments["count"]
    if len(records) != wanted:
        raise StepFailed(f"the OST has {len(records)} treatment records; expected: {wanted}")
    return records[-1:]


def _check(_stage: Stage, _name: str, _arguments: Mapping[str, Any]) -> None:
    """Do nothing: the assertions are all."""


def _wait(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    wanted = ProcedureStepState(arguments["state"])
    uid = stage.step_uid(arguments["step"])
    since = stage.witness.count
    while stage.step_now(arguments["step"]).state is not wanted:
        if stage.external(Role.TMS) is not None:
            stage.witness.pause(_POLL_SECONDS)
            continue
        words = f"the step becomes {wanted}"
        since, _ = stage.witness.wait_for(
            StepChanged, lambda event: event.change.sop_instance_uid == uid, since, words
        )
    return [stage.step_now(arguments["step"]).dataset]


def _race(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    uid = stage.step_uid(arguments["step"])
    devices = [stage.tdd(name) for name in arguments["actors"]]
    claims = {one.ae_title: one.start_procedure(uid) for one in devices}
    wait(claims.values(), timeout=stage.witness.seconds_left)
    won, lost = [], []
    for title, claim in claims.items():
        try:
            stage.outcome(claim)
            won.append(title)
        except DimseStatusError as error:
            if error.status != Status.UPS_TRANSACTION_UID_WRONG:
                raise
            lost.append(title)
    if len(won) != 1:
        raise StepFailed(f"exactly one is to win the race; {', '.join(won) or 'nobody'} did")


def _fault(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    actor, fault = stage.actor(arguments["at"]), _fault_of(arguments)
    since = stage.witness.count
    actor.faults.add(fault)
    if fault.kind in _AT_ONCE:
        stage.witness.wait_for(
            FaultStruck, lambda event: event.fault == fault, since, fault.describe()
        )


def _fault_of(arguments: Mapping[str, Any]) -> Fault:
    given = {name: value for name, value in arguments.items() if value is not None}
    given.pop("at")
    return Fault.from_mapping(given)


def _check_fault(arguments: Mapping[str, Any]) -> None:
    _fault_of({**arguments, "peer": None})


def _clear_faults(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    for name, actor in stage.actors.items():
        if arguments["at"] in (None, name):
            actor.faults.clear()


ANYONE_OPERATIONS: Final = (
    Operation(
        "echo",
        "verifies that others answer (C-ECHO)",
        _echo,
        _ALL,
        (Parameter("actors", Kind.LIST, "whom", required=True),),
        Awaited(("C-ECHO",), "verifies"),
    ),
    Operation("stop_listening", "is gone: its port is closed", _stop_listening, _ALL),
    Operation("listen", "is there again, on the port that it had", _listen, _ALL),
    Operation(
        "request_cancel",
        "asks the TMS to cancel a procedure step (PS3.4 CC.2.2)",
        _request_cancel,
        frozenset({Role.CREATOR, Role.PPVS}),
        (
            STEP,
            Parameter("reason", Kind.TEXT, "Reason For Cancellation", default=""),
            Parameter("contact", Kind.TEXT, "Contact Display Name", default=""),
        ),
    ),
    Operation(
        "keeps_records",
        "has the treatment records that were made so far",
        _keeps_records,
        frozenset({Role.OST}),
        (Parameter("count", Kind.WHOLE, "how many", default=1),),
        observes=True,
    ),
    Operation("check", "does nothing: what the step asserts is all", _check, frozenset(), (STEP,)),
    Operation(
        "wait",
        "waits until a procedure step is in a state",
        _wait,
        frozenset(),
        (
            STEP,
            Parameter(
                "state",
                Kind.TEXT,
                "Procedure Step State",
                required=True,
                choices=tuple(one.value for one in ProcedureStepState),
            ),
        ),
    ),
    Operation(
        "race",
        "has devices claim a step at the same time: one wins, the others are refused (C301)",
        _race,
        frozenset(),
        (STEP, Parameter("actors", Kind.LIST, "the devices", required=True)),
        ours=("actors",),
    ),
    Operation(
        "fault",
        "breaks something at an actor",
        _fault,
        frozenset(),
        (
            Parameter("at", Kind.TEXT, "the actor", required=True),
            Parameter("kind", Kind.TEXT, "of fault", required=True),
            *_FAULT,
        ),
        check=_check_fault,
        ours=("at",),
    ),
    Operation(
        "clear_faults",
        "mends what was broken",
        _clear_faults,
        frozenset(),
        (Parameter("at", Kind.TEXT, "the actor; all by default"),),
        ours=("at",),
    ),
)

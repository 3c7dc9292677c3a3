"""What the Treatment Management System does in scenarios, by its operator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.suite import Role
from tdwii_gui.dicom.errors import ActionNotAllowed
from tdwii_gui.dicom.iod.codes import STATION_NAME_SCHEME, Code, discontinuation_reason
from tdwii_gui.dicom.iod.ups import InputReadiness
from tdwii_gui.dicom.ups.operation import StepEdit
from tdwii_gui.scenario.operation import Kind, Operation, Parameter
from tdwii_gui.scenario.steps.creator import STEP
from tdwii_gui.scenario.steps.device import REASON
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.scenario.stage import Stage

_TMS: Final = frozenset({Role.TMS})


def _restart(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    stage.outcome(stage.suite.tms.restart(cold=arguments["cold"]))


def _edit_step(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    readiness, machine, minutes = (arguments[name] for name in ("readiness", "machine", "minutes"))
    edit = StepEdit(
        readiness=InputReadiness(readiness) if readiness else None,
        station=Code(machine, STATION_NAME_SCHEME, machine) if machine else None,
        start=(
            datetime.now().astimezone() + timedelta(minutes=minutes)
            if minutes is not None
            else None
        ),
    )
    stage.outcome(stage.suite.tms.edit_step(stage.step_uid(arguments["step"]), edit))


def _request_cancel(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    code = discontinuation_reason(arguments["code"]) if arguments["code"] else None
    uid = stage.step_uid(arguments["step"])
    stage.outcome(
        stage.suite.tms.request_cancel(
            uid, arguments["reason"], arguments["contact"], reason_code=code
        )
    )


def _cancel_step(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    code = discontinuation_reason(arguments["code"]) if arguments["code"] else None
    uid = stage.step_uid(arguments["step"])
    stage.outcome(stage.suite.tms.cancel_step(uid, arguments["reason"], code))


def _delete_step(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    uid = stage.step_uid(arguments["step"])
    result = stage.outcome(stage.suite.tms.delete_steps([uid]))
    if not result.deleted:
        raise ActionNotAllowed("; ".join(result.refusals()))


def _subscribed(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    wanted = sorted(map(stage.ae_title, arguments["actors"]))
    told = stage.outcome(stage.suite.tms.subscriptions())
    found = sorted({one.receiving_ae for one in told})
    if found != wanted:
        raise StepFailed(
            f"expected to be subscribed: {', '.join(wanted) or 'nobody'};"
            f" the TMS has: {', '.join(found) or 'nobody'}"
        )


MANAGEMENT_OPERATIONS: Final = (
    Operation(
        "restart",
        "stops answering and starts again, and tells its subscribers",
        _restart,
        _TMS,
        (Parameter("cold", Kind.SWITCH, "with an empty worklist", default=False),),
    ),
    Operation(
        "edit_step",
        "changes a SCHEDULED step",
        _edit_step,
        _TMS,
        (
            STEP,
            Parameter(
                "readiness",
                Kind.TEXT,
                "Input Readiness State",
                choices=tuple(one.value for one in InputReadiness),
            ),
            Parameter("machine", Kind.TEXT, "the treatment machine"),
            Parameter("minutes", Kind.NUMBER, "from now to the scheduled start"),
        ),
    ),
    Operation(
        "request_cancel",
        "cancels a SCHEDULED step, or asks the device that has claimed it",
        _request_cancel,
        _TMS,
        (
            STEP,
            *REASON,
            Parameter("contact", Kind.TEXT, "Contact Display Name", default=""),
        ),
    ),
    Operation(
        "cancel_step",
        "cancels a step IN PROGRESS whose device has vanished",
        _cancel_step,
        _TMS,
        (STEP, *REASON),
    ),
    Operation("delete_step", "deletes a step that is over", _delete_step, _TMS, (STEP,)),
    Operation(
        "subscribed",
        "has these actors as its subscribers, and no others",
        _subscribed,
        _TMS,
        (Parameter("actors", Kind.LIST, "their names", required=True),),
    ),
)

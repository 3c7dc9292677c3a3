"""What a position verification system does in scenarios besides following steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.imaging import PositionCheck
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.suite import Role
from tdwii_gui.dicom.errors import InputsMissing
from tdwii_gui.scenario.operation import Awaited, Kind, Operation, Parameter
from tdwii_gui.scenario.steps.creator import STEP
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.actors.imaging import ImagingState
    from tdwii_gui.scenario.stage import Stage

_PPVS: Final = frozenset({Role.PPVS})


def _ppvs(stage: Stage, name: str) -> Ppvs:
    actor = stage.actor(name)
    assert isinstance(actor, Ppvs)
    return actor


def _retrieve(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    uid = stage.step_uid(arguments["step"])
    result = stage.outcome(_ppvs(stage, name).retrieve_inputs(uid))
    result.require_complete()
    if result.unresolved:
        count = len(result.unresolved)
        first = result.unresolved[0].reason
        raise InputsMissing(f"{count} referenced objects are missing, the first: {first}")


def _start_imaging(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    uid = stage.step_uid(arguments["step"])
    _require_reported(stage.outcome(_ppvs(stage, name).start_imaging(uid)))


def _finish_imaging(stage: Stage, name: str, arguments: Mapping[str, Any]) -> None:
    check = PositionCheck(stage.step_uid(arguments["step"]), accepted=arguments["accepted"])
    _require_reported(stage.outcome(_ppvs(stage, name).finish_imaging(check)))


def _require_reported(state: ImagingState) -> None:
    if not state.reported:
        raise StepFailed(f"the imaging could not be reported: {state.problem}")


VERIFICATION_OPERATIONS: Final = (
    Operation(
        "retrieve_inputs",
        "fetches all inputs of a procedure step, and what they refer to",
        _retrieve,
        _PPVS,
        (STEP,),
        Awaited(("C-MOVE", "C-GET"), "retrieves the inputs"),
    ),
    Operation(
        "start_imaging",
        "begins to image, and reports that by MPPS",
        _start_imaging,
        _PPVS,
        (STEP,),
        Awaited(("N-CREATE",), "reports that imaging has begun"),
    ),
    Operation(
        "finish_imaging",
        "ends the imaging, and reports its end by MPPS",
        _finish_imaging,
        _PPVS,
        (STEP, Parameter("accepted", Kind.SWITCH, "the position is accepted", default=True)),
        Awaited(("N-SET",), "reports the end of the imaging"),
    ),
)

"""What the RTBDI/UPS creator does in scenarios."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.rtbdi_creator import FractionRequest, course
from tdwii_gui.actors.suite import Role
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.ups import InputReadiness, Priority
from tdwii_gui.scenario.operation import Awaited, Kind, Operation, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.scenario.stage import Stage

_CREATOR: Final = frozenset({Role.CREATOR})
_BUNDLED: Final = ("photon", "ion", "electron")

STEP: Final = Parameter(
    "step", Kind.TEXT, "the procedure step, by its name; the last one by default", default=""
)
NAME: Final = Parameter("name", Kind.TEXT, "what later steps call the procedure step")
FRACTION: Final = Parameter("fraction", Kind.WHOLE, "Current Fraction Number", default=1)


def _store_patient(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> None:
    if stage.scenario.plan not in _BUNDLED:
        return
    objects = _patient_objects(arguments["images"])
    stage.outcome(stage.suite.creator.store_static(objects))


def _patient_objects(images: int) -> list[Dataset]:
    """Return images, structures, dose and photograph of the demo patient."""
    folder = resource_path("demo_patient")
    files = sorted(folder.joinpath("ct").glob("*.dcm"))[:images]
    others = ("structure_set.dcm", "photon_dose.dcm", "photo.dcm") if images else ("photo.dcm",)
    return [read_part10(path) for path in (*files, *map(folder.joinpath, others))]


def _schedule(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    creator = stage.suite.creator
    replaced = arguments["replaces"]
    request = FractionRequest(
        fraction_number=arguments["fraction"],
        start=datetime.now().astimezone() + timedelta(minutes=arguments["minutes"]),
        machine=arguments["machine"] or None,
        priority=Priority(arguments["priority"]),
        replaced_step=stage.step_uid(replaced) if replaced else None,
    )
    fraction = creator.build(stage.plan, request)
    fraction.ups.InputReadinessState = arguments["readiness"]
    stage.note_step(fraction.sop_instance_uid, arguments["name"] or "", fraction)
    stage.outcome(creator.schedule(stage.plan, [fraction]))
    return [fraction.ups]


def _schedule_course(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    creator = stage.suite.creator
    first = FractionRequest(1, datetime.now().astimezone())
    group = stage.plan.fraction_group(None)
    requests = list(course(group, first))[: arguments["fractions"]]
    made = [creator.build(stage.plan, request) for request in requests]
    for name, fraction in zip(_course_names(arguments), made, strict=False):
        stage.note_step(fraction.sop_instance_uid, name, fraction)
    stage.outcome(creator.schedule(stage.plan, made))
    return [fraction.ups for fraction in made]


def _course_names(arguments: Mapping[str, Any]) -> list[str]:
    return [f"fraction{number}" for number in range(1, arguments["fractions"] + 1)]


def _schedule_continuation(
    stage: Stage, _name: str, arguments: Mapping[str, Any]
) -> Sequence[Dataset]:
    creator = stage.suite.creator
    rest = stage.outcome(creator.plan_continuation(stage.plan))
    request = FractionRequest(rest.fraction_number, datetime.now().astimezone())
    fraction = creator.build_continuation(stage.plan, rest, request)
    stage.note_step(fraction.sop_instance_uid, arguments["name"] or "", fraction)
    stage.outcome(creator.schedule(stage.plan, [fraction]))
    return [fraction.ups]


def _replace_plan(stage: Stage, _name: str, arguments: Mapping[str, Any]) -> Sequence[Dataset]:
    changed = stage.change_plan(without_beam=arguments["without_beam"])
    stage.outcome(stage.suite.creator.store_static([changed]))
    return [changed]


def _creates_step(exchange: Exchange) -> bool:
    return exchange.status == 0


CREATOR_OPERATIONS: Final = (
    Operation(
        "store_patient",
        "stores images, structure set, dose and photograph of the demo patient to the OST",
        _store_patient,
        _CREATOR,
        (Parameter("images", Kind.WHOLE, "how many CT images", default=30),),
        Awaited(("C-STORE",), "stores objects"),
    ),
    Operation(
        "schedule",
        "stores the plan to the OST and the RT Beams Delivery Instruction to the TMS, and creates"
        " the procedure step",
        _schedule,
        _CREATOR,
        (
            FRACTION,
            NAME,
            Parameter("machine", Kind.TEXT, "the treatment machine; the plan's by default"),
            Parameter(
                "priority",
                Kind.TEXT,
                "of the step",
                default="MEDIUM",
                choices=tuple(one.value for one in Priority),
            ),
            Parameter(
                "readiness",
                Kind.TEXT,
                "Input Readiness State",
                default="READY",
                choices=tuple(one.value for one in InputReadiness),
            ),
            Parameter("minutes", Kind.NUMBER, "from now to the scheduled start", default=0),
            Parameter("replaces", Kind.TEXT, "the name of the procedure step that it replaces"),
        ),
        Awaited(("N-CREATE",), "creates a procedure step", _creates_step, makes_step=True),
    ),
    Operation(
        "schedule_course",
        "schedules the first fractions of the plan, one a weekday; their steps are called"
        " fraction1, fraction2, ...",
        _schedule_course,
        _CREATOR,
        (Parameter("fractions", Kind.WHOLE, "how many", required=True),),
        makes=_course_names,
    ),
    Operation(
        "schedule_continuation",
        "finds in OST and TMS what an interrupted fraction still lacks, and schedules that",
        _schedule_continuation,
        _CREATOR,
        (NAME,),
    ),
    Operation(
        "replace_plan",
        "stores another version of the plan to the OST under the same SOP Instance UID",
        _replace_plan,
        _CREATOR,
        (Parameter("without_beam", Kind.WHOLE, "the beam that it lacks", required=True),),
    ),
)

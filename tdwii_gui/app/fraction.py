"""A whole fraction played by all actors in one process, without windows."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tdwii_gui.actors.events import EventReported, ExchangeMade, InputsRetrieved, TaskFailed
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.session_work import SessionOptions
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.actors.whole_session import treat
from tdwii_gui.app.console import complain, say, say_table
from tdwii_gui.app.options import context
from tdwii_gui.app.recording_options import recording
from tdwii_gui.app.transactions import TransactionPrinter
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status, status_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

_PLAN = "photon_plan.dcm"
_PATIENCE = 5.0
"""Seconds for the PPVS to hear of the end."""


def play_fraction(options: argparse.Namespace, folder: Path) -> int:
    """Play; 0 only if the step ends COMPLETED, its records are in the OST and no status is bad."""
    given = context(options)
    plan = read_plan(
        options.plan or resource_path("demo_patient", _PLAN),
        meterset=options.meterset,
    )
    group = plan.fraction_group(options.fraction_group)
    request = FractionRequest(options.fraction, datetime.now().astimezone(), group.number)
    _say_plan(plan, group)
    objects = [] if options.plan else _demo_patient()
    watcher = _Watcher(given.settings.ppvs.ae_title)
    settings = on_free_ports(given.settings)
    settings = replace(settings, ppvs=replace(settings.ppvs, auto_download=True))
    with (
        recording(options, settings) as switch,
        Suite(settings, folder, watcher.hear, recording=switch) as suite,
    ):
        begin = time.perf_counter()
        step = _play(suite, plan, objects, request, options.meterset)
        seconds = time.perf_counter() - begin
        watcher.wait_for_ppvs(step)
        watcher.printer.close()
        problems = [*watcher.problems(), *_verify(suite, step, watcher)]
        _say_result(suite, step, watcher, seconds)
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _play(
    suite: Suite,
    plan: Plan,
    objects: Sequence[Dataset],
    request: FractionRequest,
    supplied_meterset: float | None,
) -> str:
    """Fill the OST, schedule and deliver; return the step's SOP Instance UID.

    Scheduling stores the plan; `objects` are what else the planning system exported.
    """
    suite.ppvs.subscribe().result()
    fraction = suite.creator.build(plan, request)
    if objects:
        suite.creator.store_static(objects).result()
    suite.creator.schedule(plan, [fraction]).result()
    query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
    (step,) = suite.tdd.query_worklist(query).result()
    treat(suite.tdd, step, SessionOptions(meterset=supplied_meterset))
    return fraction.sop_instance_uid


def _verify(suite: Suite, sop_instance_uid: str, watcher: _Watcher) -> Iterator[str]:
    """Yield what is not as it must be at the end."""
    step = Ups(suite.tms.service.get(sop_instance_uid))
    if step.state is not ProcedureStepState.COMPLETED:
        yield f"the step is {step.state}, not COMPLETED"
    missing = len(watcher.retrieved.missing) if watcher.retrieved else len(step.inputs)
    if missing:
        yield f"{missing} inputs of the step are missing at the PPVS"
    outputs = [output.sop_instance_uid for output in step.performed.outputs]
    if not outputs:
        yield "the step names no treatment record"
    for uid in set(outputs) - suite.ost.instances.present(outputs):
        yield f"treatment record {uid} is not in the OST"


class _Watcher:
    """Hears all actors: prints the transactions, and keeps what the verdict needs."""

    def __init__(self, ppvs: str) -> None:
        self._ppvs = ppvs
        self.printer = TransactionPrinter()
        self.reports = 0
        self.retrieved: RetrievalResult | None = None
        self._changed = threading.Condition()
        self._completed: set[str] = set()
        self._problems: list[str] = []

    def hear(self, event: ActorEvent) -> None:
        """Take an event, on the thread on which it happens."""
        self.printer.hear(event)
        with self._changed:
            match event:
                case ExchangeMade(exchange=exchange) if exchange.status != Status.SUCCESS:
                    words = (
                        exchange.comment or "no answer"
                        if exchange.status is None
                        else f"{exchange.status:04X}H {status_words(exchange.status)}"
                    )
                    self._problems.append(
                        f"{exchange.message} from {exchange.calling_ae} to {exchange.called_ae}: "
                        f"{words}"
                    )
                case TaskFailed(error=error):
                    self._problems.append(f"{event.ae_title}: {error}")
                case EventReported(report=report):
                    self.reports += 1
                    if Ups(report.information).state is ProcedureStepState.COMPLETED:
                        self._completed.add(report.sop_instance_uid)
                case InputsRetrieved(result=result) if event.ae_title == self._ppvs:
                    self.retrieved = result
            self._changed.notify_all()

    def wait_for_ppvs(self, sop_instance_uid: str) -> None:
        """Wait until the PPVS has a step's inputs and has heard that it is COMPLETED."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: sop_instance_uid in self._completed and self.retrieved, timeout=_PATIENCE
            ):
                self._problems.append("the PPVS has not heard of all or lacks its inputs")

    def problems(self) -> list[str]:
        """Return what went wrong so far, each once."""
        with self._changed:
            return list(dict.fromkeys(self._problems))


def _demo_patient() -> list[Dataset]:
    """Return what else the bundled patient has: images, structures, other plans, dose, photo."""
    files = resource_path("demo_patient").rglob("*.dcm")
    return [read_part10(path) for path in sorted(files) if path.name != _PLAN]


def _say_plan(plan: Plan, group: FractionGroup) -> None:
    say("Emulator - not for clinical use")
    say(f"Plan {plan.label}, fraction group {group.number} of {len(plan.fraction_groups)}")
    say_table(
        ("BEAM", "NAME", "TYPE", "RADIATION", "METERSET", "MACHINE"),
        [
            (
                beam.number,
                beam.name,
                beam.beam_type,
                beam.radiation_type,
                f"{beam.meterset:.2f} {beam.dosimeter_unit}",
                beam.machine,
            )
            for beam in group.beams
        ],
    )
    for beam in group.left_out:
        say(f"beam {beam.number} {beam.name!r} is left out: {beam.reason}")
    say()


def _say_result(suite: Suite, sop_instance_uid: str, watcher: _Watcher, seconds: float) -> None:
    step = Ups(suite.tms.service.get(sop_instance_uid))
    say()
    for output in step.performed.outputs:
        say(f"Treatment record {output.sop_instance_uid}")
        say_table(
            ("BEAM", "NAME", "SPECIFIED", "DELIVERED"),
            [
                (beam.beam_number, beam.beam_name, f"{beam.specified:.2f}", f"{beam.delivered:.2f}")
                for beam in delivered_metersets(suite.ost.instances.read(output.sop_instance_uid))
            ],
        )
    say()
    say(f"UPS {sop_instance_uid} {step.state}")
    inputs = len(watcher.retrieved.present) if watcher.retrieved else 0
    say(f"PPVS heard {watcher.reports} events and has {inputs} of {len(step.inputs)} inputs")
    say(f"The fraction took {seconds:.1f} s")

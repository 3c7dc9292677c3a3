"""What a run of a scenario has at hand: actors, plan, procedure steps, sessions."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import InstanceReceived
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.suite import Role, Suite, on_free_ports
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.treatment_session import SessionOptions, TreatmentSession
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import with_values
from tdwii_gui.dicom.errors import ActionNotAllowed
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES
from tdwii_gui.scenario.placeholders import filled
from tdwii_gui.scenario.witness import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.interruption import Interruption
    from tdwii_gui.actors.rtbdi_creator import ScheduledFraction
    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.recording.switch import RecordingSwitch
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.scenario.witness import Witness

R = TypeVar("R")


class Stage:
    """The actors of a scenario, and what its steps have made.

    Parameters
    ----------
    scenario : Scenario
        Who takes part.
    settings, directory : Settings, AeDirectory or None
        Of who runs it; the scenario's own come first.
    data_folder : Path
        Where the actors keep their data.
    witness : Witness
        Hears all actors.
    external : Mapping[Role, ApplicationEntity]
        The systems in the places of our actors.
    recording : RecordingSwitch or None
        By what the associations of all are recorded.

    Attributes
    ----------
    plan : Plan
        What is treated.
    fractions : dict[str, ScheduledFraction]
        What was scheduled by us, by SOP Instance UID of the procedure step.
    records : list[Dataset]
        The treatment records that our devices have stored, in their order.
    event : Dataset or None
        The information of the event report that was last waited for.
    passed : dict[str, int]
        Up to which event of the witness the waits of each actor have come.
    """

    def __init__(
        self,
        scenario: Scenario,
        settings: Settings,
        data_folder: Path,
        witness: Witness,
        *,
        directory: AeDirectory | None = None,
        external: Mapping[Role, ApplicationEntity],
        recording: RecordingSwitch | None = None,
    ) -> None:
        self.scenario = scenario
        self.witness = witness
        self.plan: Plan = read_plan(plan_path(scenario))
        self.fractions: dict[str, ScheduledFraction] = {}
        self.records: list[Dataset] = []
        self.event: Dataset | None = None
        self.passed: dict[str, int] = {}
        self._steps: dict[str, str] = {}
        self._sessions: dict[tuple[str, str], TreatmentSession] = {}
        self._external = dict(external)
        self.settings = settings = _with_actors(
            settings if external else on_free_ports(settings), scenario
        )
        self.suite = Suite(settings, data_folder, self.witness.hear, directory, recording)
        self.suite.recording.actors = lambda: roles_of(scenario, settings, external)
        self._others = self._more_actors(scenario, data_folder)
        for role, entity in external.items():
            self.suite.use_external(role, entity)
        for other in self._others.values():
            other.tms_ae_title = self.suite.tdd.tms_ae_title
            other.ost_ae_title = self.suite.tdd.ost_ae_title

    def __enter__(self) -> Stage:
        try:
            self.suite.__enter__()
            for other in self._others.values():
                other.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for session in self._sessions.values():
            session.close()
        for other in self._others.values():
            other.stop()
        self.suite.stop()

    # who takes part

    def actor(self, name: str) -> Actor:
        """Return our actor of a name."""
        return self._others.get(name) or self.suite.actor(Role(name))

    def tdd(self, name: str) -> Tdd:
        """Return our treatment device of a name.

        Raises
        ------
        ActionNotAllowed
            If it is none.
        """
        actor = self.actor(name)
        if not isinstance(actor, Tdd):
            raise ActionNotAllowed(f"{name} is no treatment device")
        return actor

    def subscriber(self, name: str) -> Tdd | Ppvs:
        """Return our treatment device or position verification system of a name."""
        actor = self.actor(name)
        assert isinstance(actor, Tdd | Ppvs)
        return actor

    def external(self, name: str) -> ApplicationEntity | None:
        """Return the system that is in the place of an actor, if one is."""
        return self._external.get(Role(name)) if name in set(Role) else None

    def ae_title(self, name: str) -> str:
        """Return the AE title of an actor, or of the system in its place."""
        external = self.external(name)
        return external.ae_title if external else self.actor(name).ae_title

    @property
    def actors(self) -> dict[str, Actor]:
        """Our actors by their names in the scenario, those that another replaces too."""
        own = {role.value: self.suite.actor(role) for role in Role}
        return {**own, **self._others}

    # what was made

    def note_step(
        self, uid: str, name: str = "", fraction: ScheduledFraction | None = None
    ) -> None:
        """Note a procedure step; it is the last one from now on."""
        self._steps[""] = uid
        if name:
            self._steps[name] = uid
        if fraction is not None:
            self.fractions[uid] = fraction

    @property
    def knows_steps(self) -> bool:
        """Whether any procedure step is known."""
        return bool(self._steps)

    def step_uid(self, name: str = "") -> str:
        """Return the SOP Instance UID of the procedure step of a name; by default the last one.

        Raises
        ------
        StepFailed
            If there is none.
        """
        if name not in self._steps:
            raise StepFailed("no procedure step is known yet")
        return self._steps[name]

    def step_now(self, name: str = "") -> Ups:
        """Return a procedure step as the TMS has it now."""
        uid = self.step_uid(name)
        if self.external(Role.TMS) is None:
            return Ups(self.suite.tms.service.get(uid))
        return self.outcome(self.suite.tdd.fetch_step(uid))

    def change_plan(self, *, without_beam: int) -> Dataset:
        """Return another version of the plan, which lacks a beam; it is the plan from now on."""
        changed = deepcopy(self.plan.dataset)
        for keyword in ("BeamSequence", "IonBeamSequence"):
            if keyword in changed:
                beams = changed[keyword].value
                kept = [beam for beam in beams if beam.BeamNumber != without_beam]
                setattr(changed, keyword, kept)
        for group in changed.FractionGroupSequence:
            beams = group.ReferencedBeamSequence
            kept = [beam for beam in beams if beam.ReferencedBeamNumber != without_beam]
            group.ReferencedBeamSequence, group.NumberOfBeams = kept, len(kept)
        self.plan = Plan.from_dataset(changed, source=self.plan.source)
        return changed

    def open_session(
        self, device: str, name: str = "", interruption: Interruption | None = None
    ) -> TreatmentSession:
        """Open a device's session on a procedure step, in the place of an earlier one."""
        uid = self.step_uid(name)
        earlier = self._sessions.pop((device, uid), None)
        if earlier is not None:
            earlier.close()
        step = self.outcome(self.tdd(device).fetch_step(uid))
        session = TreatmentSession(
            self.tdd(device), step, SessionOptions(interruption=interruption)
        )
        self._sessions[device, uid] = session
        return session

    def session(self, device: str, name: str = "") -> TreatmentSession:
        """Return the session that a device has on a procedure step.

        Raises
        ------
        ActionNotAllowed
            If it has none.
        """
        session = self._sessions.get((device, self.step_uid(name)))
        if session is None:
            raise ActionNotAllowed(f"{device} has no session on the step")
        return session

    def stored_records(self) -> list[Dataset]:
        """Return the treatment records of this run that the OST has, in the order of their coming.

        Those of another system that it has stored are among them. Another OST is asked for those
        of our devices.
        """
        if self.external(Role.OST) is not None:
            own = {record.SOPInstanceUID for record in self.records}
            fetched = self.outcome(self.suite.creator.fetch_records(self.plan)) if own else []
            return [record for record in fetched if record.SOPInstanceUID in own]
        ost = self.suite.ost
        uids = dict.fromkeys(
            heard.event.instance.sop_instance_uid
            for heard in self.witness.events()
            if isinstance(heard.event, InstanceReceived)
            and heard.event.ae_title == ost.ae_title
            and heard.event.instance.sop_class_uid in TREATMENT_RECORD_CLASSES
        )
        return [ost.instances.read(uid) for uid in uids]

    def instruction(self, name: str = "") -> Dataset | None:
        """Return the RT Beams Delivery Instruction of a procedure step; None if it is not known."""
        fraction = self.fractions.get(self.step_uid(name))
        if fraction is not None:
            return fraction.rtbdi
        reference = self.step_now(name).rtbdi
        instances = self.suite.tms.instances
        if reference is None or not instances.present([reference.sop_instance_uid]):
            return None
        return instances.read(reference.sop_instance_uid)

    def outcome(self, future: Future[R]) -> R:
        """Return what a future brings within the step's time limit, or raise its error."""
        return self.witness.outcome(future)

    def fill(self, text: str) -> str:
        """Return a text with the run's values in the place of its names in braces."""
        return filled(text, self._value_of)

    def _value_of(self, name: str) -> str:
        match name:
            case "plan":
                return self.plan.sop_instance_uid
            case "patient_id":
                return self.plan.patient_id
            case "machine":
                return self.plan.fraction_group(None).beams[0].machine
            case "step":
                return self.step_uid()
            case "today":
                return f"{date.today():%Y%m%d}"
        return self._steps[name] if name in self._steps else self.ae_title(name)

    def _more_actors(self, scenario: Scenario, data_folder: Path) -> dict[str, Tdd | Ppvs]:
        """Make the actors of which there are several."""
        others: dict[str, Tdd | Ppvs] = {}
        for actor in scenario.actors:
            if actor.name == actor.role:
                continue
            around = Surroundings(
                self.suite.directory,
                data_folder / actor.name,
                self.settings.network,
                self.witness.hear,
                self.suite.recording,
            )
            own = {"port": 0, **actor.settings}
            if actor.role is Role.TDD:
                others[actor.name] = Tdd(with_values(self.settings.tdd, own), around)
            else:
                others[actor.name] = Ppvs(with_values(self.settings.ppvs, own), around)
        return others


def plan_path(scenario: Scenario) -> Path:
    """Return the file of a scenario's plan."""
    if scenario.plan.endswith(".dcm"):
        return Path(scenario.source).parent / scenario.plan
    return resource_path("demo_patient", f"{scenario.plan}_plan.dcm")


def roles_of(
    scenario: Scenario, settings: Settings, external: Mapping[Role, ApplicationEntity]
) -> dict[str, str]:
    """Return the role by AE title of all who take part, ours and others."""
    roles = {}
    for actor in scenario.actors:
        other = external.get(actor.role) if actor.name == actor.role else None
        own = with_values(getattr(settings, actor.role.value), actor.settings)
        roles[other.ae_title if other else own.ae_title] = actor.role.value
    return roles


def _with_actors(settings: Settings, scenario: Scenario) -> Settings:
    for actor in scenario.actors:
        if actor.name == actor.role:
            own = with_values(getattr(settings, actor.role.value), actor.settings)
            settings = replace(settings, **{actor.role.value: own})
    return settings

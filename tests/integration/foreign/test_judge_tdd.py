"""A foreign treatment device is judged by what it did on the wire: right, or wrong in one way."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pytest
from pynetdicom import AE, build_context

from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, new_uid
from tdwii_gui.judging.judge import REQUIREMENTS
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.reading import Recording
from tests.integration.foreign.data_sets import dataset
from tests.integration.foreign.device import SENDS_AT_ONCE, ForeignTdd
from tests.integration.foreign.verdicts import assert_violates, verdicts_on
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.integration.foreign.verdicts import Faults, Verdicts

SECONDS: Final = 20
NOW: Final = datetime.now().astimezone()
KEYS: Final = tuple(requirement.key for requirement in REQUIREMENTS["tdd"])
ALONE: Final = (
    "tdd-uses-pull",
    "tdd-names-push",
    "tdd-claims-with-uid",
    "tdd-claims-own-machine",
    "tdd-respects-refusal",
    "tdd-retrieves-static",
    "tdd-retrieves-instruction",
    "tdd-progress-after-claim",
    "tdd-updates-with-uid",
    "tdd-progress-percent",
    "tdd-progress-rises",
    "tdd-progress-beam",
    "tdd-reports-each-beam",
    "tdd-record-of-patient",
    "tdd-record-of-plan",
    "tdd-record-of-fraction",
    "tdd-final-update",
    "tdd-outputs-stored",
    "tdd-ends-step",
    "tdd-ends-with-uid",
    "tdd-completes-when-reached",
    "tdd-cancels-with-reason",
)
"""Faults of which each is tried by a device of its own; the others go together."""
REST: Final = tuple(key for key in KEYS if key not in ALONE)
GROUPS: Final = (
    *(frozenset((fault,)) for fault in ALONE),
    *(frozenset(REST[begin::4]) for begin in range(4)),
)
RIGHT: Final[Faults] = frozenset()
TITLES: Final = {faults: f"TDD{number}" for number, faults in enumerate((RIGHT, *GROUPS))}
RARE: Final = {
    "tdd-respects-refusal",
    "tdd-cancels-with-reason",
    "tdd-subscribes-legally",
    "tdd-answers-events",
}


class Stage:
    """Our actors, the devices that come one after the other, and who schedules steps for them.

    All steps are of one fraction: only what devices do is judged.
    """

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        plan = read_plan(resource_path("demo_patient", "photon_plan.dcm"))
        fraction = suite.creator.build(plan, FractionRequest(1, NOW))
        suite.creator.schedule(plan, [fraction]).result(SECONDS)
        self._attributes = fraction.ups
        tms = self._entity("tms")
        self._somebody = AE("SOMEBODY").associate(
            tms.host,
            tms.port,
            contexts=[build_context(UPS_PULL), build_context(UPS_PUSH)],
            ae_title=tms.ae_title,
            evt_handlers=[KEEPS_RESPONSES, SENDS_AT_ONCE],
        )
        assert self._somebody.is_established

    def close(self) -> None:
        self._somebody.release()

    def play(self, faults: Faults, ae_title: str) -> None:
        """Have a device treat a step of its own."""
        uid = self._schedule()
        if "tdd-claims-ready" in faults:
            change = dataset(InputReadinessState="INCOMPLETE")
            self._somebody.send_n_set(change, UPS_PUSH, uid, meta_uid=UPS_PULL)
        device = ForeignTdd(ae_title, self._entity("tms"), self._entity("ost"), faults)
        if "tdd-claims-own-machine" in faults:
            device.machine = "ANOTHER"
        if "tdd-respects-refusal" in faults:
            device.before_claim = lambda: self._claim(uid)
        with device.listening():
            own = ApplicationEntity(ae_title, "127.0.0.1", device.port)
            self._suite.directory.register(own)
            device.treat(uid)
            if "tdd-claims-with-new-uid" in faults:
                device.treat(self._schedule())

    def _schedule(self) -> str:
        uid = new_uid()
        command, _ = self._somebody.send_n_create(self._attributes, UPS_PUSH, uid)
        assert command.Status == 0
        return uid

    def _claim(self, uid: str) -> None:
        """Be faster than the device."""
        claim = dataset(ProcedureStepState="IN PROGRESS", TransactionUID=new_uid())
        command, _ = self._somebody.send_n_action(claim, 1, UPS_PUSH, uid, meta_uid=UPS_PULL)
        assert command.Status == 0

    def _entity(self, name: str) -> ApplicationEntity:
        actor = getattr(self._suite, name)
        return ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return the recording of all devices, with pseudonyms."""
    folder = tmp_path_factory.mktemp("foreign")
    with Suite(on_free_ports(Settings()), folder / "data", lambda _event: None) as suite:
        suite.recording.begin(folder)
        with closing(Stage(suite)) as stage:
            for faults, ae_title in TITLES.items():
                stage.play(faults, ae_title)
        return Recording(suite.recording.end())


@pytest.fixture(scope="module")
def verdicts(recording: Recording) -> dict[Faults, Verdicts]:
    """Return the verdicts by faults and requirement."""
    return verdicts_on(TITLES, "tdd", recording)


@pytest.mark.parametrize("faults", GROUPS, ids=lambda faults: " ".join(sorted(faults)))
def test_a_device_does_not_meet_exactly_what_it_violates(
    faults: Faults, verdicts: dict[Faults, Verdicts]
) -> None:
    assert_violates(verdicts[faults], faults)


def test_a_right_device_meets_all_that_it_can(
    verdicts: dict[Faults, Verdicts],
) -> None:
    outcomes = {key: one.outcome for key, one in verdicts[RIGHT].items()}
    assert {key for key, one in outcomes.items() if one is not Outcome.MET} == RARE
    assert {outcomes[key] for key in RARE} == {Outcome.NOT_SEEN}


def test_the_command_says_what_was_violated(recording: Recording, tdwii: CommandLine) -> None:
    wrong = TITLES[frozenset({"tdd-progress-rises"})]
    result = tdwii.run("judge", recording.folder, "--role", f"{wrong}=tdd")
    assert result.returncode == 1
    assert "not met   RO-62  Never reports less progress of a step than before." in result.stdout
    assert "Reports 5 % after 66.6667 %" in result.stdout
    right = f"{TITLES[RIGHT]}=TDD"
    told = json.loads(tdwii.done("judge", recording.folder, "--role", right, "--json"))
    assert [one["requirement"] for one in told] == list(KEYS)
    assert {one["outcome"] for one in told} == {"met", "not seen"}


@pytest.mark.parametrize(
    ("role", "words"), [("TDD", "not of the form AE=ROLE"), ("X=ppvs", "cannot be judged")]
)
def test_wrong_roles_are_told(
    recording: Recording, tdwii: CommandLine, role: str, words: str
) -> None:
    result = tdwii.run("judge", recording.folder, "--role", role)
    assert result.returncode == 2
    assert words in result.stderr

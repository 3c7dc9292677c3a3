"""A foreign TMS is judged by what it answers and reports: right, or wrong in one way."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION, new_uid
from tdwii_gui.judging.judge import REQUIREMENTS
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.reading import Recording
from tests.integration.foreign.data_sets import code, dataset, item, progress
from tests.integration.foreign.management import (
    CANCELED,
    COMPLETED,
    IN_PROGRESS,
    PERFORMED,
    PROGRESS,
    SCHEDULED,
    ForeignTms,
    reason,
)
from tests.integration.foreign.verdicts import assert_violates, verdicts_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

    from tests.integration.foreign.verdicts import Faults, Verdicts

SECONDS: Final = 20
NOW: Final = datetime.now().astimezone()
KEYS: Final = tuple(requirement.key for requirement in REQUIREMENTS["tms"])
FAULTS: Final = {
    "tms-creates": (),
    "tms-grants-claim": (),
    "tms-refuses-other-claim": (),
    # A second performer gets what has to be refused.
    "tms-one-performer": ("tms-refuses-other-claim",),
    "tms-states-go-on": (),
    "tms-updates": (),
    "tms-ends": (),
    "tms-refuses-incomplete-end": (),
}
"""Faults by which a TMS goes another way than the right one, and what they violate besides."""
REST: Final = tuple(key for key in KEYS if key not in FAULTS)
GROUPS: Final = (
    *(frozenset((fault,)) for fault in FAULTS),
    *(frozenset(REST[begin::4]) for begin in range(4)),
)
"""What each TMS does wrong; what does not change its way is not tried alone."""
RIGHT: Final[Faults] = frozenset()


class Stage:
    """Our actors as those that ask, and the TMSs that come one after the other."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        plan = read_plan(resource_path("demo_patient", "photon_plan.dcm"))
        self._fraction = suite.creator.build(plan, FractionRequest(1, NOW))

    def play(self, faults: Faults, ae_title: str) -> None:
        """Ask a TMS all that there is to ask."""
        tdd = self._suite.tdd
        receiver = ApplicationEntity(tdd.ae_title, "127.0.0.1", tdd.port)
        with ForeignTms(ae_title, receiver, self._fraction.rtbdi, faults).listening() as tms:
            peer = ApplicationEntity(ae_title, "127.0.0.1", tms.port)
            self._suite.directory.register(peer)
            with refused(), VerificationScu(tdd.local, peer) as scu:
                scu.c_echo()
            with UpsScu(tdd.local, peer) as scu:
                Questions(scu, tdd.ae_title, self._fraction.ups).ask_all(
                    lambda: self._move(peer, tdd)
                )

    def _move(self, peer: ApplicationEntity, tdd: Any) -> None:
        rtbdi = self._fraction.rtbdi
        keys = dataset(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=rtbdi.StudyInstanceUID,
            SeriesInstanceUID=rtbdi.SeriesInstanceUID,
            SOPInstanceUID=rtbdi.SOPInstanceUID,
        )
        with refused(), RetrieveScu(tdd.local, peer) as scu:
            scu.c_move(keys, tdd.ae_title)


class Questions:
    """What a TMS is asked, one after the other; what it refuses is for the judge."""

    def __init__(self, scu: UpsScu, receiver: str, attributes: Dataset) -> None:
        self._scu = scu
        self._receiver = receiver
        self._attributes = attributes

    def ask_all(self, move: Callable[[], None]) -> None:
        self._scu.subscribe_globally(self._receiver, deletion_lock=True)
        uid, own = new_uid(), new_uid()
        self._create(uid)
        self._create(uid)
        self._create(new_uid(), ProcedureStepState=IN_PROGRESS)
        self._create(new_uid(), ScheduledProcedureStepPriority=None)
        self._query(uid)
        self._scu.n_get(uid)
        self._before_claim(uid, own)
        self._claim(uid, own)
        self._scu_get(uid)
        move()
        self._treat(uid, own)
        self._after_end(uid, own)
        self._scu_get(new_uid())
        self._canceled_and_unwatched()

    def _before_claim(self, uid: str, own: str) -> None:
        self._change(uid, COMPLETED, own)
        self._set(uid, TransactionUID=own, ProcedureStepLabel="early")
        self._set(uid, ProcedureStepLabel="renamed")

    def _claim(self, uid: str, own: str) -> None:
        self._change(uid, IN_PROGRESS, "")
        self._change(uid, IN_PROGRESS, own)
        self._change(uid, IN_PROGRESS, own)
        self._change(uid, SCHEDULED, own)
        self._change(uid, IN_PROGRESS, new_uid())

    def _treat(self, uid: str, own: str) -> None:
        self._set(uid, TransactionUID=new_uid(), ProcedureStepLabel="mine")
        self._set(uid, TransactionUID=own, **{PROGRESS: [progress(50, 1)]})
        self._scu_get(uid)
        with refused():
            self._scu.request_cancel(uid, reason())
        self._change(uid, COMPLETED, own)
        self._change(uid, COMPLETED, new_uid())
        self._set(uid, TransactionUID=own, **{PERFORMED: [performed()]})
        self._change(uid, COMPLETED, own)

    def _after_end(self, uid: str, own: str) -> None:
        self._change(uid, COMPLETED, own)
        self._change(uid, CANCELED, own)
        self._set(uid, TransactionUID=own, **{PROGRESS: [progress(100, 1)]})
        self._scu_get(uid)

    def _canceled_and_unwatched(self) -> None:
        uid = new_uid()
        self._create(uid)
        watched = dataset(ReceivingAE=self._receiver, DeletionLock="FALSE")
        self._scu.subscribe(uid, watched)
        with refused():
            self._scu.request_cancel(uid, reason())
        self._scu.unsubscribe(UPS_GLOBAL_SUBSCRIPTION, self._receiver)
        unwatched = new_uid()
        self._create(unwatched)
        self._change(unwatched, IN_PROGRESS, new_uid())

    def _create(self, uid: str, **changes: Any) -> None:
        attributes = deepcopy(self._attributes)
        for keyword, value in changes.items():
            if value is None:
                delattr(attributes, keyword)
            else:
                setattr(attributes, keyword, value)
        with refused():
            self._scu.n_create(uid, attributes)

    def _query(self, uid: str) -> None:
        returned = dataset(
            SOPClassUID="",
            SOPInstanceUID=uid,
            ProcedureStepLabel="",
            PatientName="",
            PatientID="",
            StudyInstanceUID="",
            InputInformationSequence=[],
            ScheduledProcessingParametersSequence=[],
            ScheduledWorkitemCodeSequence=[],
        )
        worklist = deepcopy(returned)
        worklist.SOPInstanceUID = ""
        worklist.ProcedureStepState = SCHEDULED
        worklist.ScheduledStationNameCodeSequence = [item(CodeValue="DEMO-LINAC")]
        for keys in (returned, worklist):
            with refused():
                list(self._scu.c_find(keys))

    def _scu_get(self, uid: str) -> None:
        with refused():
            self._scu.n_get(uid)

    def _set(self, uid: str, **changes: Any) -> None:
        with refused():
            self._scu.n_set(uid, dataset(**changes))

    def _change(self, uid: str, state: str, transaction_uid: str) -> None:
        information = dataset(ProcedureStepState=state)
        if transaction_uid:
            information.TransactionUID = transaction_uid
        with refused():
            self._scu.change_state(uid, information)


@contextmanager
def refused() -> Iterator[None]:
    """Let a TMS say no."""
    try:
        yield
    except DimseStatusError:
        return


def performed() -> Dataset:
    return item(
        PerformedStationNameCodeSequence=[code("DEMO-LINAC", "99IHERO2008", "DEMO-LINAC")],
        PerformedProcedureStepStartDateTime="20260102100000",
        PerformedProcedureStepEndDateTime="20260102101000",
        PerformedWorkitemCodeSequence=[
            code("121726", "DCM", "RT Treatment with Internal Verification")
        ],
        OutputInformationSequence=[],
    )


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[Faults, Verdicts]:
    """Return the verdicts by faults and requirement: of TMSs that were recorded together.

    As they are, with the demo patient's data.
    """
    folder = tmp_path_factory.mktemp("foreign")
    titles = {faults: f"TMS{number}" for number, faults in enumerate((RIGHT, *GROUPS))}
    with Suite(on_free_ports(Settings()), folder / "data", lambda _event: None) as suite:
        suite.recording.begin(folder, patient_data=True)
        stage = Stage(suite)
        for faults, ae_title in titles.items():
            stage.play(faults, ae_title)
        recording = Recording(suite.recording.end())
    return verdicts_on(titles, "tms", recording)


@pytest.mark.parametrize("faults", GROUPS, ids=lambda faults: " ".join(sorted(faults)))
def test_a_tms_does_not_meet_exactly_what_it_violates(
    faults: Faults, verdicts: dict[Faults, Verdicts]
) -> None:
    besides = frozenset(each for fault in faults for each in FAULTS.get(fault, ()))
    assert_violates(verdicts[faults], faults, besides=besides)


def test_a_right_tms_meets_all(verdicts: dict[Faults, Verdicts]) -> None:
    outcomes = {key: (one.outcome, one.words) for key, one in verdicts[RIGHT].items()}
    assert {outcome for outcome, _ in outcomes.values()} == {Outcome.MET}, outcomes

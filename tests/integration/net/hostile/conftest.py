"""A TMS and an OST that are attacked, and what must hold after each attack."""

from __future__ import annotations

import logging
import os
import resource
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import NetworkSettings, OstSettings, TmsSettings
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item
from tests.integration.net.hostile.raw_peer import RawPeer, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdwii_gui.actors.actor import Actor

ECHO_SECONDS = 1.0
THREADS, DESCRIPTORS, MEGABYTES = 3, 5, 300
CALM_SECONDS = 15.0
# So long a run asks for by TDWII_SOAK=1.
IS_SOAK = os.environ.get("TDWII_SOAK") == "1"


class Tracebacks(logging.Handler):
    """Keeps the log records above DEBUG that have a traceback, and those that the user would see
    of pynetdicom, whose log the program sets to CRITICAL."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        ours = not record.name.startswith(("pydicom", "pynetdicom"))
        if (ours and record.exc_info) or record.levelno >= logging.CRITICAL:
            self.found.append(f"{record.name}: {record.getMessage()}")


def echo_seconds(actor: Actor) -> float:
    """Return how long associating, a C-ECHO and its answer take."""
    started = time.monotonic()
    with RawPeer(actor.port, calling="GOOD") as peer:
        peer.associate(actor.ae_title)
        peer.send(
            request(
                1, None, AffectedSOPClassUID="1.2.840.10008.1.1", CommandField=0x0030, MessageID=1
            )
        )
        assert peer.answer().Status == 0
        return time.monotonic() - started


def descriptors() -> int:
    """Return how many file descriptors are open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def files_outside(folder: Path, data: Path) -> set[Path]:
    """Return the files below a folder that are not in the data folder."""
    return {path for path in folder.rglob("*") if not path.is_relative_to(data)}


def calm(condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds; return whether it did in time."""
    deadline = time.monotonic() + CALM_SECONDS
    ticks = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        ticks.wait(0.02)
    return True


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    folder = tmp_path_factory.mktemp("hostile") / "data"
    network = NetworkSettings(maximum_message_megabytes=16)
    return Surroundings(AeDirectory(), folder, network)


@pytest.fixture(scope="module")
def running_tms(surroundings: Surroundings) -> Iterator[Actor]:
    actor = Tms(TmsSettings(port=0), surroundings)
    actor.start()
    yield actor
    actor.stop()


@pytest.fixture(scope="module")
def running_ost(surroundings: Surroundings) -> Iterator[Actor]:
    actor = Ost(OstSettings(port=0), surroundings)
    actor.start()
    yield actor
    actor.stop()


@pytest.fixture
def healthy(surroundings: Surroundings) -> Iterator[Callable[[Actor], None]]:
    """Return a function that takes an actor under watch; after the test it must be as before."""
    watched: list[Actor] = []
    log = Tracebacks()
    logging.getLogger().addHandler(log)
    before: list[tuple[int, int, int, set[Path], set[Path]]] = []
    data, here = surroundings.data_folder, Path.cwd()

    def watch(actor: Actor) -> None:
        echo_seconds(actor)
        watched.append(actor)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outside = files_outside(data.parent, data)
        before[:] = [
            (threading.active_count(), descriptors(), memory, outside, set(here.iterdir()))
        ]

    yield watch
    threads, files, memory, outside, beside = before[-1]
    try:
        for actor in watched:
            assert echo_seconds(actor) < ECHO_SECONDS
        assert calm(lambda: threading.active_count() <= threads + THREADS), threading.enumerate()
        assert calm(lambda: descriptors() <= files + DESCRIPTORS)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        assert grown < MEGABYTES * 1024
        assert files_outside(data.parent, data) == outside
        assert set(here.iterdir()) - beside == set()
        assert log.found == []
    finally:
        logging.getLogger().removeHandler(log)


@pytest.fixture
def tms(running_tms: Actor, healthy: Callable[[Actor], None]) -> Actor:
    """The TMS under attack."""
    healthy(running_tms)
    return running_tms


@pytest.fixture
def ost(running_ost: Actor, healthy: Callable[[Actor], None]) -> Actor:
    """The Object Storage under attack."""
    healthy(running_ost)
    return running_ost


@pytest.fixture(scope="session")
def make_step() -> Callable[..., Dataset]:
    """Return a function that makes the attributes of a new step."""
    empty = (
        "ScheduledProcessingParametersSequence ScheduledStationNameCodeSequence "
        "ScheduledStationClassCodeSequence ScheduledStationGeographicLocationCodeSequence "
        "InputInformationSequence ReferencedRequestSequence OtherPatientIDsSequence "
        "UnifiedProcedureStepPerformedProcedureSequence ProcedureStepProgressInformationSequence "
        "AdmittingDiagnosesCodeSequence IssuerOfAdmissionIDSequence"
    )

    def make(**attributes: object) -> Dataset:
        dataset = Dataset()
        dataset.TransactionUID = ""
        dataset.ScheduledProcedureStepPriority = "MEDIUM"
        dataset.ProcedureStepLabel = "Fraction 1"
        dataset.WorklistLabel = "TDW"
        dataset.ScheduledProcedureStepStartDateTime = "20260102080000"
        workitem = code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)
        dataset.ScheduledWorkitemCodeSequence = [workitem]
        dataset.InputReadinessState = "READY"
        dataset.PatientName = "Test^Patient"
        dataset.PatientID = "P1"
        dataset.ProcedureStepState = "SCHEDULED"
        blank = "IssuerOfPatientID PatientBirthDate PatientSex AdmissionID"
        for keyword in (*blank.split(), "AdmittingDiagnosesDescription"):
            setattr(dataset, keyword, "")
        dataset.CommentsOnTheScheduledProcedureStep = ""
        for keyword in empty.split():
            setattr(dataset, keyword, [])
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        return dataset

    return make

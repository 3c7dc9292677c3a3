"""A fraction that all actors play in one or more sessions, and what is left of it on the wire."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pynetdicom import AE

from tdwii_gui.actors.interruption import Interruption
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.actors.treatment_session import SessionOptions, TreatmentSession
from tdwii_gui.actors.whole_session import deliver_all
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.codes import discontinuation_reason
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES, UPS_PULL, UPS_PUSH
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.treatment_record import TerminationStatus

SECONDS = 60
FRACTION = 1
METERSET = 123.4567
"""Of each beam where the plan gives none."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where and why a session ends early."""

    percent: float
    termination: TerminationStatus
    reason: str
    """Code Value of CID 9300."""

    @property
    def cancellation(self) -> Cancellation:
        return Cancellation(discontinuation_reason(self.reason), f"stop at {self.percent:g} %")


@dataclass(frozen=True, slots=True)
class Played:
    """A session: its end, its step as the TMS has it, its instruction and its records."""

    stop: Stop | None
    uid: str
    step: Ups
    rtbdi: Dataset
    records: tuple[FileDataset, ...]


class Fraction:
    """A fraction of a plan, with all actors in one process on ports of their own."""

    def __init__(self, suite: Suite, path: Path, group: int | None) -> None:
        self.suite = suite
        self.plan: Plan = read_plan(path, meterset=METERSET)
        self.group: FractionGroup = self.plan.fraction_group(group)
        self._request = FractionRequest(
            FRACTION, datetime.now().astimezone(), fraction_group=self.group.number
        )

    def play(self, stops: Sequence[Stop]) -> list[Played]:
        """Deliver it in as many sessions as there are stops, and one more."""
        sessions: list[Played] = []
        for stop in (*stops, None):
            self._schedule(sessions)
            played = self._deliver(stop, sessions)
            sessions.append(played)
        return sessions

    def archived_records(self) -> dict[str, Path]:
        """Return the files of the treatment records in the OST."""
        instances = self.suite.ost.instances.instances()
        return {
            one.sop_instance_uid: one.path
            for one in instances
            if one.sop_class_uid in TREATMENT_RECORD_CLASSES
        }

    def _schedule(self, before: Sequence[Played]) -> None:
        """Schedule what the OST's records leave of it: all where there are none."""
        creator, plan = self.suite.creator, self.plan
        request = self._request
        if any(played.records for played in before):
            rest = creator.plan_continuation(plan, FRACTION, self.group.number).result(SECONDS)
            creator.schedule_continuation(plan, rest, request).result(SECONDS)
            return
        if before:
            with pytest.raises(DatasetError, match="has no treatment record of fraction 1"):
                creator.plan_continuation(plan, FRACTION, self.group.number).result(SECONDS)
            request = replace(request, replaced_step=before[-1].uid)
        creator.schedule(plan, [creator.build(plan, request)]).result(SECONDS)

    def _deliver(self, stop: Stop | None, before: Sequence[Played]) -> Played:
        tdd = self.suite.tdd
        query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
        (step,) = tdd.query_worklist(query).result(SECONDS)
        interruption = stop and Interruption(stop.percent, True, termination=stop.termination)
        options = SessionOptions(meterset=METERSET, interruption=interruption)
        session = TreatmentSession(tdd, step, options)
        try:
            deliver_all(session, stop.cancellation if stop else None)
        finally:
            session.close()
        known = {str(record.SOPInstanceUID) for played in before for record in played.records}
        files = self.archived_records()
        found = Ups(self._get(step.sop_instance_uid))
        return Played(
            stop,
            step.sop_instance_uid,
            found,
            self.suite.tms.instances.read(found.rtbdi.sop_instance_uid),
            tuple(dcmread(path) for uid, path in files.items() if uid not in known),
        )

    def _get(self, uid: str) -> Dataset:
        """Return a step as anybody gets it from the TMS (N-GET)."""
        ae = AE("BARE")
        ae.add_requested_context(UPS_PULL)
        tms = self.suite.tms
        association = ae.associate(
            "127.0.0.1", tms.port, ae_title=tms.ae_title, evt_handlers=[KEEPS_RESPONSES]
        )
        assert association.is_established
        command, attributes = association.send_n_get([], UPS_PUSH, uid, meta_uid=UPS_PULL)
        association.release()
        association.join(SECONDS)
        assert command.Status == 0
        return attributes


@contextmanager
def fraction_of(path: Path, group: int | None, folder: Path) -> Iterator[Fraction]:
    """Yield a fraction of a plan's fraction group that nobody has treated yet."""
    settings = on_free_ports(Settings())
    with Suite(settings, folder, lambda _event: None) as suite:
        yield Fraction(suite, path, group)

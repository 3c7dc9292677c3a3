"""A treatment device of another make: a bare pynetdicom SCU and SCP, right or wrong in the
ways that a test wants.

What it does wrong is named after the requirements that it then does not meet.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import (
    RTBeamsDeliveryInstructionStorage,
    RTBeamsTreatmentRecordStorage,
    RTIonBeamsTreatmentRecordStorage,
    RTPlanStorage,
    StudyRootQueryRetrieveInformationModelMove,
    UnifiedProcedureStepEvent,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepPush,
    UnifiedProcedureStepWatch,
)

from tdwii_gui.dicom.net.local_ae import send_at_once
from tests.integration.bare_ae import served
from tests.integration.foreign.data_sets import code, content, dataset, item, progress, record_of
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity

SECONDS: Final = 15.0
PULL, PUSH, WATCH = (
    UnifiedProcedureStepPull,
    UnifiedProcedureStepPush,
    UnifiedProcedureStepWatch,
)
MOVE = StudyRootQueryRetrieveInformationModelMove
SENDS_AT_ONCE: Final = (evt.EVT_CONN_OPEN, send_at_once)
IN_PROGRESS, COMPLETED, CANCELED = "IN PROGRESS", "COMPLETED", "CANCELED"
GLOBAL_SUBSCRIPTION: Final = "1.2.840.10008.5.1.4.34.5"
UNKNOWN_BEAM: Final = 99
ELSEWHERE: Final = "1.2.826.0.1.3680043.10.9.9"


@dataclass
class ForeignTdd:
    """The device.

    Attributes
    ----------
    faults : frozenset[str]
        The requirements that it violates.
    before_claim : Callable
        Is called when it is about to claim.
    machine : str
        For which it queries.
    received : dict
        What was stored to it, by SOP Instance UID.
    transaction_uids : list
        That of each claim.
    """

    ae_title: str
    tms: ApplicationEntity
    ost: ApplicationEntity
    faults: frozenset[str] = frozenset()
    machine: str = "DEMO-LINAC"
    port: int = 0
    received: dict[str, Dataset] = field(default_factory=dict)
    transaction_uids: list[str] = field(default_factory=list)
    refusals: int = 0
    before_claim: Callable[[], None] = lambda: None
    _heard: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self) -> Iterator[ForeignTdd]:
        """Listen for inputs and event reports on a free port."""
        ae = AE(self.ae_title)
        ae.acse_timeout = 2
        for uid in (RTPlanStorage, RTBeamsDeliveryInstructionStorage):
            ae.add_supported_context(uid)
        ae.add_supported_context(UnifiedProcedureStepEvent, scu_role=True, scp_role=True)
        handlers = [
            SENDS_AT_ONCE,
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_N_EVENT_REPORT, self._on_event),
        ]
        with served(ae, handlers) as self.port:
            yield self

    def errs(self, name: str) -> bool:
        return f"tdd-{name}" in self.faults

    def treat(self, uid: str) -> None:
        """Treat a step from the query to its end, in the order of the profile."""
        records = (RTBeamsTreatmentRecordStorage, RTIonBeamsTreatmentRecordStorage)
        with (
            self._associated(self.tms, PULL, PUSH, WATCH, MOVE) as self._association,
            self._associated(self.ost, MOVE, *records) as self._archive,
        ):
            if self.errs("subscribes-legally"):
                self._act(3, GLOBAL_SUBSCRIPTION, dataset(DeletionLock="FALSE"), WATCH)
            if self.errs("answers-events"):
                subscription = dataset(ReceivingAE=self.ae_title, DeletionLock="FALSE")
                self._act(3, uid, subscription, WATCH)
                assert self._heard.wait(SECONDS)
                self._act(4, uid, dataset(ReceivingAE=self.ae_title), WATCH)
            step = self._query(uid)
            if not self.errs("retrieves-static"):
                self._retrieve(self._archive, _reference(step, RTPlanStorage))
            if self.errs("progress-after-claim"):
                self._report(uid, generate_uid(), 0, 1)
            if self._claim(uid):
                if not self.errs("retrieves-instruction"):
                    self._retrieve(
                        self._association, _reference(step, RTBeamsDeliveryInstructionStorage)
                    )
                self._deliver(uid, step)

    def _query(self, uid: str) -> Dataset:
        """Query the worklist; return the step as it is there."""
        keys = dataset(
            SOPInstanceUID="",
            ProcedureStepState="SCHEDULED",
            InputReadinessState="",
            ScheduledStationNameCodeSequence=[item(CodeValue=self.machine)],
            ScheduledWorkitemCodeSequence=[
                item(CodeValue="121726", CodingSchemeDesignator="DCM"),
            ],
            PatientName="",
            PatientID="",
            StudyInstanceUID="",
            InputInformationSequence=[],
            ScheduledProcessingParametersSequence=[],
        )
        if self.errs("query-keys"):
            keys.TransactionUID = ""
        if self.errs("claims-from-worklist"):
            return self._peek(uid)
        model = WATCH if self.errs("queries-pull") else PULL
        found = self._find(keys, model)
        if self.errs("claims-own-machine"):
            keys.ScheduledStationNameCodeSequence = []
            found = self._find(keys, PULL)
        return next(step for step in found if step.SOPInstanceUID == uid)

    def _find(self, keys: Dataset, model: str) -> list[Dataset]:
        answers = self._association.send_c_find(keys, model)
        return [match for command, match in answers if command.Status in (0xFF00, 0xFF01)]

    def _peek(self, uid: str) -> Dataset:
        """Have somebody else ask for the step."""
        with self._associated(self.tms, PULL, ae_title="SOMEBODY") as association:
            _, step = association.send_n_get([], PUSH, uid, meta_uid=PULL)
        return step

    def _retrieve(self, association: Association, wanted: Dataset) -> None:
        keys = dataset(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=wanted.StudyInstanceUID,
            SeriesInstanceUID=wanted.SeriesInstanceUID,
            SOPInstanceUID=wanted.ReferencedSOPSequence[0].ReferencedSOPInstanceUID,
        )
        if self.errs("retrieve-keys"):
            without = dataset(QueryRetrieveLevel="IMAGE", SOPInstanceUID=keys.SOPInstanceUID)
            list(association.send_c_move(without, self.ae_title, MOVE))
        for _ in range(2 if self.errs("accepts-inputs") else 1):
            list(association.send_c_move(keys, self.ae_title, MOVE))

    def _claim(self, uid: str) -> bool:
        own = generate_uid()
        if self.errs("claims-with-new-uid") and self.transaction_uids:
            own = self.transaction_uids[-1]
        self.transaction_uids.append(own)
        claim = dataset(ProcedureStepState=IN_PROGRESS, TransactionUID=own)
        if self.errs("claims-with-uid"):
            self._act(1, uid, dataset(ProcedureStepState=IN_PROGRESS))
        self.before_claim()
        if self._act(1, uid, claim, PUSH if self.errs("uses-pull") else PULL) == 0:
            return True
        if self.errs("respects-refusal"):
            self._act(1, uid, dataset(ProcedureStepState=COMPLETED, TransactionUID=own))
        return False

    def _deliver(self, uid: str, step: Dataset) -> None:
        own = self.transaction_uids[-1]
        started = datetime.now().astimezone()
        beams = self._beams()
        if not self.errs("reports-each-beam"):
            self._report_beams(uid, own, beams)
        if self.errs("cancels-with-reason"):
            self._act(1, uid, dataset(ProcedureStepState=CANCELED, TransactionUID=own))
            return
        records = self._records(step, beams)
        self._store(records)
        if not self.errs("final-update"):
            self._finish(uid, own, step, records, started)
        if self.errs("ends-step"):
            return
        if self.errs("ends-with-uid"):
            wrong = dataset(ProcedureStepState=COMPLETED, TransactionUID=generate_uid())
            self._act(1, uid, wrong)
        self._act(1, uid, dataset(ProcedureStepState=COMPLETED, TransactionUID=own))
        if self.errs("silent-after-end"):
            self._report(uid, own, 100, 1)

    def _beams(self) -> dict[int, float]:
        """Return the metersets of the beams; a device may know them from elsewhere."""
        plan = next((p for p in self.received.values() if "BeamSequence" in p), None)
        if plan is None:
            return {1: 92.4, 2: 168.75, 3: 214.2}
        group = plan.FractionGroupSequence[0]
        return {
            int(beam.ReferencedBeamNumber): float(beam.BeamMeterset)
            for beam in group.ReferencedBeamSequence
            if "BeamMeterset" in beam
        }

    def _report_beams(self, uid: str, own: str, beams: dict[int, float]) -> None:
        for place, beam in enumerate(beams):
            self._report(uid, own, 100 * place / len(beams), beam)
        if self.errs("progress-rises"):
            self._report(uid, own, 5, 1)
        if self.errs("progress-known-beam"):
            self._report(uid, own, 90, UNKNOWN_BEAM)
        if self.errs("progress-beam"):
            self._report(uid, own, 90, None)
        if self.errs("progress-percent"):
            self._report(uid, own, 101, 1)
        if self.errs("updates-with-uid"):
            self._report(uid, generate_uid(), 90, 1)
            self._report(uid, "", 90, 1)
        if self.errs("updates-legal"):
            change = dataset(TransactionUID=own, ProcedureStepState=COMPLETED)
            self._set(uid, change)

    def _report(self, uid: str, own: str, percent: float, beam: int | None) -> None:
        update = dataset(ProcedureStepProgressInformationSequence=[progress(percent, beam)])
        if own:
            update.TransactionUID = own
        self._set(uid, update)

    def _records(self, step: Dataset, beams: dict[int, float]) -> list[Dataset]:
        fraction = int(content(step, "2018002"))
        delivered = dict(beams)
        if self.errs("completes-when-reached"):
            delivered[max(beams)] -= 10
        if self.errs("record-of-fraction"):
            fraction += 1
        record = record_of(step, delivered, beams, fraction)
        if self.errs("record-of-beams"):
            extra = record_of(step, {UNKNOWN_BEAM: 1.0}, {UNKNOWN_BEAM: 1.0}, fraction)
            record.TreatmentSessionBeamSequence.extend(extra.TreatmentSessionBeamSequence)
        if self.errs("record-metersets"):
            beam = record.TreatmentSessionBeamSequence[0]
            del beam.ReferencedBeamNumber
        if self.errs("record-of-patient"):
            record.PatientID = "SOMEBODY"
        if self.errs("record-in-study"):
            record.StudyInstanceUID = ELSEWHERE
        if self.errs("record-of-plan"):
            record.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = ELSEWHERE
        if self.errs("record-class"):
            record.SOPClassUID = RTIonBeamsTreatmentRecordStorage
        if self.errs("final-names-records"):
            return [record, record_of(step, delivered, beams, fraction)]
        return [record]

    def _store(self, records: list[Dataset]) -> None:
        if self.errs("outputs-stored"):
            return
        for record in records:
            assert self._archive.send_c_store(record).Status == 0

    def _finish(
        self, uid: str, own: str, step: Dataset, records: list[Dataset], started: datetime
    ) -> None:
        ended = started + timedelta(seconds=-60 if self.errs("final-times") else 60)
        archive = "TMS" if self.errs("outputs-retrievable") else self.ost.ae_title
        station = step.ScheduledStationNameCodeSequence[0]
        machine = "ELSEWHERE" if self.errs("final-machine") else station.CodeValue
        output = records[0]
        performed = item(
            PerformedStationNameCodeSequence=[code(machine, "99IHERO2008", machine)],
            PerformedProcedureStepStartDateTime=f"{started:%Y%m%d%H%M%S%z}",
            PerformedProcedureStepEndDateTime=f"{ended:%Y%m%d%H%M%S%z}",
            PerformedWorkitemCodeSequence=[
                code("121726", "DCM", "RT Treatment with Internal Verification")
            ],
            OutputInformationSequence=[
                item(
                    TypeOfInstances="DICOM",
                    StudyInstanceUID=output.StudyInstanceUID,
                    SeriesInstanceUID=output.SeriesInstanceUID,
                    ReferencedSOPSequence=[
                        item(
                            ReferencedSOPClassUID=output.SOPClassUID,
                            ReferencedSOPInstanceUID=output.SOPInstanceUID,
                        )
                    ],
                    DICOMRetrievalSequence=[item(RetrieveAETitle=archive)],
                )
            ],
        )
        if self.errs("final-content"):
            del performed.PerformedWorkitemCodeSequence
        update = dataset(
            TransactionUID=own,
            UnifiedProcedureStepPerformedProcedureSequence=[performed],
            ProcedureStepProgressInformationSequence=[progress(100, max(self._beams()))],
        )
        self._set(uid, update)

    def _set(self, uid: str, update: Dataset) -> int:
        message = PULL if self.errs("names-push") else PUSH
        command, _ = self._association.send_n_set(update, message, uid, meta_uid=PULL)
        return int(command.Status)

    def _act(self, action: int, uid: str, information: Dataset, context: str = PULL) -> int:
        message = PULL if self.errs("names-push") else PUSH
        command, _ = self._association.send_n_action(
            information, action, message, uid, meta_uid=context
        )
        return int(command.Status)

    def _on_event(self, _event: evt.Event) -> tuple[int, None]:
        self._heard.set()
        return (0x0110 if self.errs("answers-events") else 0), None

    def _on_store(self, event: evt.Event) -> int:
        if self.errs("accepts-inputs") and not self.refusals:
            self.refusals += 1
            return 0xA700
        self.received[str(event.request.AffectedSOPInstanceUID)] = event.dataset
        return 0

    @contextmanager
    def _associated(
        self, peer: ApplicationEntity, *classes: str, ae_title: str = ""
    ) -> Iterator[Association]:
        ae = AE(ae_title or self.ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
        association = ae.associate(
            peer.host,
            peer.port,
            contexts=[build_context(uid, ExplicitVRLittleEndian) for uid in classes],
            ae_title=peer.ae_title,
            evt_handlers=[KEEPS_RESPONSES, SENDS_AT_ONCE],
        )
        assert association.is_established
        try:
            yield association
        finally:
            association.release()


def _reference(step: Dataset, sop_class_uid: str) -> Dataset:
    return next(
        each
        for each in step.InputInformationSequence
        if each.ReferencedSOPSequence[0].ReferencedSOPClassUID == sop_class_uid
    )

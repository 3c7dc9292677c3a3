"""Messages as a recording has them, written down by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.uids import (
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_PLAN,
    STUDY_ROOT_MOVE,
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_WATCH,
)
from tdwii_gui.judging.judge import judge
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.message import MessageSummary, RecordedMessage

MET, NOT_MET, NOT_SEEN = Outcome.MET, Outcome.NOT_MET, Outcome.NOT_SEEN
STEP, PLAN, RTBDI, STUDY, SERIES = "1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4", "1.2.3.5"
OWN, OTHERS = "1.2.9.1", "1.2.9.2"
PENDING: Final = 0xFF00
_NOW: Final = datetime(2026, 1, 2, 10, tzinfo=UTC)


def dataset(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@dataclass
class Wire:
    """The messages so far; each request gets a message ID of its own."""

    messages: list[RecordedMessage] = field(default_factory=list)
    _ids: int = 0

    def ask(
        self,
        who: str,
        whom: str,
        service: str,
        uid: str = "",
        request: Dataset | None = None,
        *,
        status: int | None = 0,
        matches: tuple[Dataset, ...] = (),
        answer: Dataset | None = None,
        **options: Any,
    ) -> int:
        """Write down a request and its answer; return the number of the request."""
        number = self.send(who, whom, service, uid, request, **options)
        for match in matches:
            self.answer(number, PENDING, match)
        if status is not None:
            self.answer(number, status, answer)
        return number

    def send(
        self,
        who: str,
        whom: str,
        service: str,
        uid: str = "",
        request: Dataset | None = None,
        *,
        sop_class: str = UPS_PUSH,
        context: str = UPS_PULL,
        **command: Any,
    ) -> int:
        self._ids += 1
        kind = f"{service}-RQ"
        return self._add(
            (who, whom, kind, self._ids, sop_class, uid, None), command, request, context
        )

    def answer(self, number: int, status: int, answer: Dataset | None = None) -> int:
        """Write down an answer to the request with a number; return its own."""
        request = self.messages[number - 1]
        told = request.summary
        kind = f"{told.service}-RSP"
        head = (told.receiver, told.sender, kind, told.message_id, told.sop_class_uid)
        return self._add((*head, told.sop_instance_uid, status), {}, answer, request.context_uid)

    def _add(
        self,
        head: tuple[str, str, str, int, str, str, int | None],
        command: dict[str, Any],
        content: Dataset | None,
        context: str,
    ) -> int:
        number = len(self.messages) + 1
        sender, receiver, kind, message_id, sop_class, uid, status = head
        summary = MessageSummary(
            number, _NOW, 1, sender, receiver, kind, message_id, sop_class, uid, status, "", 0, 0
        )  # fmt: skip
        self.messages.append(
            RecordedMessage(summary, dataset(**command), content, str(context), "")
        )
        return number

    def verdicts(self, role: str, ae_title: str, *recorded: str) -> dict[str, Any]:
        """Return the verdicts by requirement."""
        found = judge(self.messages, {ae_title: role}, recorded=recorded)
        return {verdict.requirement.key: verdict for verdict in found}

    def outcome(self, key: str, ae_title: str, *recorded: str) -> Outcome:
        """Return the outcome of one requirement; its key begins with the role."""
        return self.verdicts(key.partition("-")[0], ae_title, *recorded)[key].outcome

    # What is asked in a treatment

    def query(self, who: str = "TDD", **step: Any) -> int:
        """Write down that a device finds the step."""
        match = dataset(
            **inputs() | {"ProcedureStepState": "SCHEDULED", "SOPInstanceUID": STEP} | step
        )
        keys = dataset(ProcedureStepState="")
        return self.ask(who, "TMS", "C-FIND", request=keys, matches=(match,), sop_class=UPS_PULL)

    def change(self, state: str, uid: str = OWN, who: str = "TDD", **options: Any) -> int:
        """Write down a Change UPS State."""
        information = dataset(ProcedureStepState=state)
        if uid:
            information.TransactionUID = uid
        return self.ask(who, "TMS", "N-ACTION", STEP, information, ActionTypeID=1, **options)

    def progress(self, percent: float, beam: int = 1, uid: str = OWN, **options: Any) -> int:
        """Write down a progress update."""
        parameter = dataset(
            ValueType="NUMERIC",
            ConceptNameCodeSequence=[_code("2018004", "99IHERO2018")],
            NumericValue=str(beam),
            MeasurementUnitsCodeSequence=[_code("1", "UCUM")],
        )
        item = dataset(
            ProcedureStepProgress=str(percent), ProcedureStepProgressParametersSequence=[parameter]
        )
        update = dataset(TransactionUID=uid, ProcedureStepProgressInformationSequence=[item])
        return self.ask("TDD", "TMS", "N-SET", STEP, update, **options)

    def move(self, archive: str, uid: str, to: str = "TDD", **options: Any) -> int:
        """Write down a retrieval of one object, and that it comes."""
        keys = dataset(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=SERIES,
            SOPInstanceUID=uid,
        )
        number = self.send(
            "TDD", archive, "C-MOVE", "", keys,
            sop_class=STUDY_ROOT_MOVE, context=STUDY_ROOT_MOVE, MoveDestination=to,
        )  # fmt: skip
        self.store(archive, to, uid)
        self.answer(number, options.get("status", 0))
        return number

    def store(self, who: str, whom: str, uid: str, stored: Dataset | None = None) -> int:
        """Write down that an object is stored."""
        sop_class = RT_PLAN if uid == PLAN else RT_BEAMS_DELIVERY_INSTRUCTION
        sop_class = str(stored.SOPClassUID) if stored is not None else sop_class
        return self.ask(who, whom, "C-STORE", uid, stored, sop_class=sop_class, context=sop_class)

    def subscribe(self, who: str, uid: str, **options: Any) -> int:
        information = dataset(ReceivingAE=who, DeletionLock="FALSE")
        return self.ask(
            who, "TMS", "N-ACTION", uid, information, context=UPS_WATCH, ActionTypeID=3, **options
        )

    def report(self, to: str, state: str, uid: str = STEP) -> int:
        """Write down a UPS State Report."""
        information = dataset(ProcedureStepState=state, InputReadinessState="READY")
        return self.ask(
            "TMS", to, "N-EVENT-REPORT", uid, information, context=UPS_EVENT, EventTypeID=1
        )


def inputs() -> dict[str, Any]:
    """Return the Input Information Sequence of the step."""
    return {
        "InputInformationSequence": [
            _reference(RT_PLAN, PLAN, "OST"),
            _reference(RT_BEAMS_DELIVERY_INSTRUCTION, RTBDI, "TMS"),
        ]
    }


def _code(value: str, scheme: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=value)


def _reference(sop_class: str, uid: str, archive: str) -> Dataset:
    instance = dataset(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid)
    return dataset(
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=SERIES,
        ReferencedSOPSequence=[instance],
        DICOMRetrievalSequence=[dataset(RetrieveAETitle=archive)],
    )

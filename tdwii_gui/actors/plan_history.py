"""What was delivered and scheduled of a plan: the records of the OST and the steps of the TMS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydicom.datadict import tag_for_keyword

from tdwii_gui.actors.fraction_records import records_of_plan
from tdwii_gui.actors.inputs import CANCELED
from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, InputsMissing
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.course_status import CourseStep, course_status
from tdwii_gui.dicom.iod.plan_record import is_record_of, legal_patient_id
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.net.ups_scu import UpsScu

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.inputs import InputRetriever
    from tdwii_gui.dicom.iod.course_status import CourseStatus
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.references import InputReference

_ENDING: Final = tuple(
    tag_for_keyword(keyword) or 0
    for keyword in (
        "UnifiedProcedureStepPerformedProcedureSequence",
        "ProcedureStepProgressInformationSequence",
    )
)


@dataclass(frozen=True, slots=True)
class CourseHistory:
    """What has become of a plan: its treatment records, and what they and the steps tell."""

    status: CourseStatus
    records: tuple[Dataset, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlanHistory:
    """Asks OST and TMS what has become of a plan.

    Parameters
    ----------
    retriever : InputRetriever
        Fetches the records, and says for whom, where, and how that is canceled.
    ost, tms : str
        AE titles.
    """

    retriever: InputRetriever
    ost: str
    tms: str

    def read(
        self, plan: Plan, records: Sequence[Dataset] | None = None, *, asks_tms: bool = True
    ) -> CourseHistory:
        """Return what has become of a plan.

        Parameters
        ----------
        records : Sequence[Dataset] or None
            Its treatment records; None for those of the OST.
        asks_tms : bool
            Whether its steps are asked for.

        Raises
        ------
        DatasetError
            If a record is of another plan or patient, or is not clear.
        TdwiiError
            See `steps` and `records`.
        """
        steps = self.steps(plan) if asks_tms else []
        known = self.records(plan, steps) if records is None else list(records)
        status = course_status(plan, known, self.course_steps(plan, steps, known))
        return CourseHistory(status, tuple(known))

    def steps(self, plan: Plan) -> list[Ups]:
        """Return the TMS's steps of a plan, those that are over with what they have brought.

        Raises
        ------
        ConfigError, AssociationError, DimseStatusError
            If the TMS is unknown, cannot be reached, or refuses the query.
        """
        own = self.retriever
        query = worklist_query(WorklistKeys(patient_id=legal_patient_id(plan.dataset)))
        with own.running.of(UpsScu(own.local, own.directory.lookup(self.tms))) as scu:
            found = []
            for answer in scu.c_find(query):
                step = Ups(answer)
                if step.plan is not None and step.plan.sop_instance_uid == plan.sop_instance_uid:
                    found.append(step)
            self._refuse_if_canceled()
            return [_with_outputs(scu, step) if _is_over(step) else step for step in found]

    def records(self, plan: Plan, steps: Iterable[Ups] = ()) -> list[Dataset]:
        """Return the treatment records of a plan: those in its study, and those that steps name.

        What a step names and nobody has is left out; `course_status` tells of it.

        Raises
        ------
        InputsMissing
            If the OST cannot be asked, or does not deliver a record that it has.
        """
        found = records_of_plan(self.retriever, self.ost, plan)
        self._refuse_if_canceled()
        if isinstance(found, str):
            raise InputsMissing(f"treatment records of the plan: {found}")
        known = {str(record.SOPInstanceUID): record for record in found}
        named = [
            output
            for step in steps
            for output in step.performed.outputs
            if output.sop_instance_uid not in known
        ]
        for uid in self.retriever.retrieve(named, self.ost).present:
            known[uid] = self.retriever.store.read(uid)
        self._refuse_if_canceled()
        return [record for record in known.values() if is_record_of(plan, record)]

    def course_steps(
        self, plan: Plan, steps: Iterable[Ups], records: Iterable[Dataset] = ()
    ) -> list[CourseStep]:
        """Return the steps as a course knows them: with their fraction groups.

        A step names its group by its Number of Fractions Planned alone; where that fits several,
        its records tell it, or its RT Beams Delivery Instruction.
        """
        groups = _Groups(self.retriever, self.tms, plan)
        of_records = {
            str(record.SOPInstanceUID): tolerant.number(record, "ReferencedFractionGroupNumber")
            for record in records
        }
        made = []
        for step in steps:
            if step.state is None or step.fraction_number is None:
                continue
            performed = step.performed
            outputs = tuple(one.sop_instance_uid for one in performed.outputs)
            told = next((of_records[uid] for uid in outputs if of_records.get(uid)), None)
            made.append(
                CourseStep(
                    step.sop_instance_uid,
                    int(told) if told is not None else groups.of(step),
                    step.fraction_number,
                    step.state,
                    step.start,
                    outputs,
                    performed.end or step.cancellation.at,
                )
            )
        return made

    def _refuse_if_canceled(self) -> None:
        if self.retriever.running.canceled():
            raise InputsMissing(CANCELED)


@dataclass(frozen=True, slots=True)
class _Groups:
    retriever: InputRetriever
    tms: str
    plan: Plan

    def of(self, step: Ups) -> int | None:
        """Return the fraction group that a step means; None where nobody tells."""
        groups = [group for group in self.plan.fraction_groups if group.beams]
        fitting = [each for each in groups if each.fractions_planned == step.fractions_planned]
        candidates = fitting or groups
        if len(candidates) == 1:
            return candidates[0].number
        return self._of_instruction(step.rtbdi)

    def _of_instruction(self, reference: InputReference | None) -> int | None:
        if reference is None:
            return None
        result = self.retriever.retrieve([reference], self.tms)
        if not result.present:
            return None
        dataset = self.retriever.store.read(reference.sop_instance_uid)
        try:
            return RtBeamsDeliveryInstruction.from_dataset(dataset).fraction_group_number
        except DatasetError:
            return None


def _is_over(step: Ups) -> bool:
    return step.state is not None and step.state.is_final


def _with_outputs(scu: UpsScu, step: Ups) -> Ups:
    """Return a step with how it ended, which queries do not tell (PS3.4 CC.2.5)."""
    dataset = step.dataset
    try:
        performed = scu.n_get(step.sop_instance_uid, _ENDING)
    except DimseStatusError:
        return step  # it is deleted by now
    dataset.update(performed)
    return Ups(dataset)

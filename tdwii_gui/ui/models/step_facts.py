"""What the details of a step say, read from its data set away from the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.models.worklist import WorklistRow, fraction_words, progress_words

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.ups import InputReference, Ups


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """An instance that a step takes in or gives out."""

    number: int
    is_output: bool
    sop_class: str
    sop_instance_uid: str
    retrieve_ae_title: str


@dataclass(frozen=True, slots=True, eq=False)
class StepFacts:
    """A step in words.

    Parameters
    ----------
    row : WorklistRow
        Its row.
    step : Ups
        All of it.
    facts : tuple of (str, str)
        What the overview says: title, value.
    references : tuple of ReferenceRow
        Its inputs, then its outputs.
    """

    row: WorklistRow
    step: Ups
    facts: tuple[tuple[str, str], ...]
    references: tuple[ReferenceRow, ...]

    @classmethod
    def of(cls, step: Ups, owner: str) -> StepFacts:
        """Read a step; any thread may do it."""
        row = WorklistRow.from_step(step, None, owner)
        named = [(each, False) for each in step.inputs]
        named += [(each, True) for each in step.performed.outputs]
        references = tuple(_reference(n, *each) for n, each in enumerate(named, start=1))
        facts = tuple(fact for fact in _facts(step, row) if fact[1])
        return cls(row, step, facts, references)


def reference_model() -> RowModel[ReferenceRow]:
    """Return an empty model of inputs and outputs."""
    columns: list[Column[ReferenceRow]] = [
        Column(
            _tr("Instances"),
            _named,
            tooltip=lambda row: texts.tooltip(_named(row)),
            share=2,
        ),
        Column(
            _tr("UID"),
            lambda row: texts.elided_uid(row.sop_instance_uid),
            tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
            share=1,
        ),
        Column(
            _tr("Retrieve AE"),
            lambda row: texts.plain(row.retrieve_ae_title, 20),
            tooltip=lambda row: texts.tooltip(row.retrieve_ae_title),
        ),
    ]
    return RowModel(columns, key=lambda row: row.number)


def _named(row: ReferenceRow) -> str:
    direction = _tr("Out: {0}") if row.is_output else _tr("In: {0}")
    return direction.format(texts.plain(row.sop_class, 60))


def _reference(number: int, reference: InputReference, is_output: bool) -> ReferenceRow:
    return ReferenceRow(
        number,
        is_output,
        uid_name(reference.sop_class_uid).removesuffix(" Storage"),
        reference.sop_instance_uid,
        reference.retrieve_ae_title,
    )


def _facts(step: Ups, row: WorklistRow) -> list[tuple[str, str]]:
    """Return what there is to say: first what the banner does not show."""
    performed, cancellation = step.performed, step.cancellation
    code = cancellation.code
    return [
        (_tr("State"), f"{texts.state_glyph(step.state)} {texts.state_words(step.state)}"),
        (_tr("Reason"), _joined(cancellation.reason, code.meaning if code else "")),
        (_tr("Canceled"), _moment(cancellation.at)),
        (_tr("Owner"), row.owner),
        (_tr("Progress"), _joined(progress_words(row), row.progress_text)),
        (_tr("Readiness"), texts.defined_term(step.input_readiness)),
        (_tr("Scheduled"), texts.moment(row.start) or row.start_value),
        (_tr("Started"), _moment(performed.start)),
        (_tr("Ended"), _moment(performed.end)),
        (_tr("Machine"), _joined(step.machine, _performed_on(step.machine, performed.machine))),
        (_tr("Patient"), row.patient),
        (_tr("Born, sex"), _joined(texts.date(step.birth_date), step.sex)),
        (_tr("Plan"), step.plan_label),
        (_tr("Fraction"), fraction_words(row)),
        (_tr("Delivery"), texts.defined_term(step.delivery_type)),
        (_tr("Priority"), texts.defined_term(step.priority)),
        (_tr("Step"), _joined(step.label, step.worklist_label)),
        (_tr("Comments"), _text(step.dataset, "CommentsOnTheScheduledProcedureStep")),
        (_tr("UID"), step.sop_instance_uid),
    ]


def _joined(*said: str) -> str:
    return " · ".join(filter(None, said))


def _performed_on(scheduled: str, performed: str) -> str:
    return _tr("performed on {0}").format(performed) if performed not in ("", scheduled) else ""


def _text(dataset: Dataset, keyword: str) -> str:
    return tolerant.text(dataset, keyword)[:2000]


def _moment(value: datetime | None) -> str:
    try:
        return texts.moment(value)
    except (OverflowError, OSError, ValueError):
        return str(value)


def _tr(text: str) -> str:
    return QCoreApplication.translate("StepFacts", text)

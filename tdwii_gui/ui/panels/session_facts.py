"""What is said of a session in its questions and at its end: titles and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.delivery_rows import session_metersets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.cancel_requests import CancelRequest
    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.models.delivery_rows import BeamRow

Facts = list[tuple[str, str]]


def step_facts(step: Ups | None) -> Facts:
    """Return what a step says of the treatment, apart from what the banner shows."""
    if step is None:
        return []
    facts = (
        (_tr("Step"), step.label),
        (_tr("Scheduled"), texts.moment(step.start)),
        (_tr("Delivery"), texts.defined_term(step.delivery_type)),
        (
            _tr("Comments"),
            tolerant.text(step.dataset, "CommentsOnTheScheduledProcedureStep"),
        ),
    )
    return [(title, value) for title, value in facts if value]


def delivery_facts(rows: Sequence[BeamRow]) -> Facts:
    """Return the delivered metersets of all beams, planned beside them."""
    lines = [
        _tr("{0} of {1} {2} · {3}").format(
            texts.number(row.delivered),
            texts.number(row.planned),
            texts.plain(row.unit, 16),
            texts.plain(row.name, 40) or _tr("beam {0}").format(row.number),
        )
        for row in rows
    ]
    if len(rows) > 1:
        done, total = session_metersets(rows)
        words = _tr("{0} of {1} in the session")
        lines.append(words.format(texts.number(done), texts.number(total)))
    return [(_tr("Delivered"), "\n".join(lines) or _tr("nothing"))]


def record_facts(session: TreatmentSession) -> Facts:
    """Return how many treatment records there are, where, and their UIDs."""
    records: Sequence[Dataset] = session.records
    if not records:
        return [(_tr("Records"), _tr("none"))]
    unsent = [tolerant.text(record, "SOPInstanceUID") for record in session.unsent]
    uids = [tolerant.text(record, "SOPInstanceUID") for record in records]
    lines = [uid for uid in uids if uid not in unsent]
    if lines:
        archive = texts.plain(session.tdd.ost_ae_title)
        lines.insert(0, _tr("{0} stored in {1}").format(len(lines), archive))
    if unsent:
        lines += [_tr("{0} not stored").format(len(unsent)), *unsent]
    return [(_tr("Records"), "\n".join(lines))]


def completion_facts(session: TreatmentSession, rows: Sequence[BeamRow]) -> Facts:
    """Return what the completion sets, and what it rests on."""
    return [
        (_tr("Will be set"), _tr("Procedure Step State COMPLETED (RO-65)")),
        (_tr("Final update"), _tr("✓ sent (RO-64)")),
        *delivery_facts(rows),
        *record_facts(session),
    ]


def cancel_request_words(request: CancelRequest) -> tuple[str, str]:
    """Return who asks for a cancellation and why; and whom to call, and what accepting it does."""
    code = request.code
    coded = f"{code.meaning} ({code.value})" if code is not None else ""
    reason = " · ".join(filter(None, (request.reason, coded)))
    contact = ", ".join(filter(None, (request.contact_name, request.contact_uri)))
    question = _tr("{0} asks to cancel this treatment: {1}").format(
        texts.plain(request.requesting_ae or _tr("The TMS"), 40),
        texts.plain(reason or _tr("no reason given"), 250),
    )
    consequences = _tr(
        "Contact: {0}. Accepting stops the beam, stores what was delivered and cancels the step."
    )
    return question, consequences.format(texts.plain(contact or _tr("not given"), 120))


def end_facts(session: TreatmentSession, rows: Sequence[BeamRow]) -> Facts:
    """Return how a session has ended."""
    step = session.step
    beams = session.delivered
    facts = [(_tr("Step"), " · ".join(filter(None, (step.label, step.plan_label))))]
    if session.cancellation is not None:
        code, words = session.cancellation.code, session.cancellation.reason
        reason = ": ".join(filter(None, (code.meaning if code else "", words)))
        facts.append((_tr("Reason"), reason or _tr("not told")))
    if beams:
        first, last = beams[0].started, beams[-1].ended
        facts.append((_tr("Beam on"), f"{texts.moment(first)} ({texts.clock(first)})"))
        facts.append((_tr("Beam off"), f"{texts.moment(last)} ({texts.clock(last)})"))
    return [*facts, *delivery_facts(rows), *record_facts(session)]


def _tr(text: str) -> str:
    return QCoreApplication.translate("SessionFacts", text)

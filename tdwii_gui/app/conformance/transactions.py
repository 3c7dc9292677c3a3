"""The transactions of TDW-II, and what each is on the wire; a played fraction shows the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.suite import Role
from tdwii_gui.actors.transactions import TRANSACTIONS
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.app.conformance.emulated import EmulatedActor
    from tdwii_gui.app.conformance.markdown import Document


def add_transactions(document: Document, actors: Iterable[EmulatedActor]) -> None:
    """Add each transaction with its actors, service and roles."""
    names = {actor.role: actor.settings.ae_title for actor in actors}
    document.table(
        (
            "Transaction", "Name", "DIMSE service", "SOP class in the message",
            "Presentation context", "SCU", "SCP", "In return",
        ),
        [
            (
                one.number,
                one.title,
                one.message,
                uid_name(one.sop_class_uid) or "RT Beams or RT Ion Beams Treatment Record Storage",
                uid_name(one.context_uid) or "that of the record",
                names[Role.TDD],
                names[one.responder],
                one.back,
            )
            for one in TRANSACTIONS
        ],
    )  # fmt: skip

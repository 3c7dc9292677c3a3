"""The IHE integration statement: profile, actors, options and transactions."""

from __future__ import annotations

import tdwii_gui
from tdwii_gui.app.conformance.emulated import emulated_actors
from tdwii_gui.app.conformance.markdown import Document, code
from tdwii_gui.app.conformance.statement import GENERATED, NOT_CLINICAL
from tdwii_gui.app.conformance.transactions import add_transactions
from tdwii_gui.dicom.iod.modules import MANUFACTURER, MODEL_NAME
from tdwii_gui.dicom.iod.requirement_table import ups_requirements


def integration_statement() -> str:
    """Return the statement in Markdown."""
    document = Document("IHE Integration Statement")
    document.cover(NOT_CLINICAL)
    document.cover(GENERATED)
    document.heading(1, "Product")
    document.table(
        ("Vendor", "Product", "Version"), [(MANUFACTURER, MODEL_NAME, tdwii_gui.__version__)]
    )
    document.text(
        "The product emulates the actors of the profile below for tests and demonstrations. The "
        "statement is the makers' own: it has not been tested at a connectathon, and is no claim "
        "that the product may be used as such an actor in a clinic."
    )
    document.heading(1, "Integration profile and actors")
    document.table(
        ("Integration profile", "Actor", "AE title", "What it does"),
        [
            (
                ups_requirements().profile_edition,
                actor.title,
                code(actor.settings.ae_title),
                actor.words,
            )
            for actor in emulated_actors()
        ],
    )
    document.text(
        "The creator stands for what TDW-II leaves to the makers of a TMS: where steps and "
        "instructions come from. Options of the profile: none is claimed."
    )
    document.heading(1, "Transactions")
    add_transactions(document, emulated_actors())
    document.heading(1, "Further documents")
    document.text(
        "The [DICOM Conformance Statement](conformance_statement.md) has the SOP classes, roles, "
        "attributes and statuses. The profile is part of the IHE Radiation Oncology Technical "
        "Framework: <https://www.ihe.net/resources/technical_frameworks/#radiation_oncology>; "
        "IHE: <https://www.ihe.net>."
    )
    return str(document)

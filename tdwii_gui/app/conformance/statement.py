"""The DICOM Conformance Statement, in the outline of PS3.2 Annex A."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.charset import python_encoding

import tdwii_gui
from tdwii_gui.app.conformance import contents
from tdwii_gui.app.conformance.configuration import add_settings, add_time_limits
from tdwii_gui.app.conformance.created_objects import add_created_objects
from tdwii_gui.app.conformance.emulated import emulated_actors
from tdwii_gui.app.conformance.markdown import Document, code
from tdwii_gui.app.conformance.networking import (
    STORAGE_ANNEX,
    STORED_BY_GET,
    SYNTAX_ANNEX,
    add_application_entities,
    add_classes_of_get,
    add_implementation_model,
    add_overview,
    add_sop_specific,
)
from tdwii_gui.app.conformance.transactions import add_transactions
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.iod.legal import UTF_8, preferred_character_sets
from tdwii_gui.dicom.iod.modules import MANUFACTURER, MODEL_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_CLINICAL: Final = (
    "**Emulator - not for clinical use.** It treats nobody, and must not be connected to anything "
    "that does."
)
GENERATED: Final = (
    "This document is made by `tdwii conformance` from the tables and objects by which the "
    "services work; it is not edited by hand."
)

_ANNEXES: Final[tuple[tuple[str, Callable[[Document], None]], ...]] = (
    ("Attributes of Unified Procedure Steps", contents.add_ups_attributes),
    ("Rules of TDW-II", contents.add_profile_rules),
    ("Arguments of UPS actions and events", contents.add_ups_arguments),
    ("Attributes of Modality Performed Procedure Steps", contents.add_mpps_attributes),
    ("IOD contents of created objects", add_created_objects),
    ("Query/Retrieve keys", contents.add_query_keys),
    ("Statuses", contents.add_statuses),
    ("Coded terminology", contents.add_codes),
    (STORAGE_ANNEX, contents.add_storage_classes),
    (SYNTAX_ANNEX, contents.add_storage_syntaxes),
    (STORED_BY_GET, add_classes_of_get),
)


def conformance_statement() -> str:
    """Return the statement in Markdown."""
    document = Document("DICOM Conformance Statement")
    document.cover(NOT_CLINICAL)
    document.cover(
        f"Product: {MODEL_NAME} (`tdwii_gui`), version {tdwii_gui.__version__}; "
        f"manufacturer: {MANUFACTURER}. {GENERATED}"
    )
    document.heading(1, "Overview")
    document.text(
        "The suite emulates the actors of the IHE-RO profile Treatment Delivery Workflow II, each "
        "as an application entity. Roles in the table are those of the actor in the services of "
        "the SOP class. There is no media interchange."
    )
    add_overview(document)
    _add_introduction(document)
    document.heading(1, "Networking")
    network = Settings().network
    add_implementation_model(document)
    add_application_entities(document, network)
    add_sop_specific(document)
    _add_interfaces(document)
    document.heading(1, "Configuration")
    document.text(
        "AE titles with host, port and TLS are in the AE directory, `ApplicationEntities.json`; "
        "everything else is in `settings.toml`, one table for the network and one for each actor."
    )
    add_settings(document)
    document.heading(1, "Media interchange")
    document.text("None. No media storage application profile is supported.")
    _add_character_sets(document)
    _add_security(document)
    _add_choices(document)
    document.heading(1, "Annexes")
    for title, add in _ANNEXES:
        document.heading(2, title)
        add(document)
    document.heading(2, "Private attributes, SOP classes and transfer syntaxes")
    document.text(
        "None are made. Private attributes of received objects are kept. The OST stores private "
        "SOP classes that its setting `private_sop_classes` names."
    )
    return str(document)


def _add_introduction(document: Document) -> None:
    document.heading(1, "Introduction")
    document.text(
        "The statement is for who tests a system against the suite, or prepares a connectathon. "
        "Conformance alone does not say that two systems work together: try it. Terms are those "
        "of DICOM PS3 and of IHE-RO TDW-II: UPS (Unified Procedure Step), RTBDI (RT Beams Delivery "
        "Instruction), MPPS (Modality Performed Procedure Step), SCU and SCP (service class user "
        "and provider), AE (application entity)."
    )
    document.heading(2, "Transactions of the profile")
    add_transactions(document, emulated_actors())


def _add_interfaces(document: Document) -> None:
    document.heading(2, "Network interfaces")
    document.text(
        "TCP/IP of the operating system; IPv4 and IPv6 as host names and addresses say. There is "
        "no further protocol (no LDAP, DHCP or DICOM over HTTP). An actor listens on "
        f"{code(Settings().tms.bind_address)} unless told otherwise."
    )
    document.heading(2, "Time-outs")
    add_time_limits(document)


def _add_character_sets(document: Document) -> None:
    document.heading(1, "Support of character sets")
    preferred = ", ".join(map(code, preferred_character_sets()))
    read = ", ".join(map(code, filter(None, python_encoding)))
    document.text(
        f"Instructions and treatment records have {code(UTF_8)}. Steps and events have none where "
        f"their text is ASCII; otherwise {code(UTF_8)}, or that of the object from which they are "
        f"derived if it is one of these and can encode all their text: {preferred}."
    )
    document.text(f"Read are: {read}. Stored objects are sent as they came.")


def _add_security(document: Document) -> None:
    document.heading(1, "Security")
    document.text(
        "- Associations may use TLS by the BCP 195 RFC 8996, 9325 TLS Profile (PS3.15 B.12): TLS "
        "1.2 or later, with certificates of both sides unless `tls_anonymous_clients` is set. An "
        "AE with a certificate listens by TLS alone. Host names are not compared with "
        "certificates; trust comes from `tls_ca`.\n"
        "- Without a certificate there is no encryption: use it with made-up patients only.\n"
        "- No User Identity is negotiated, no digital signature or audit message is made. A TMS "
        "rejects AE titles that it does not know if `known_aes_only` is set.\n"
        "- Logs have no patient data above the level DEBUG."
    )


def _add_choices(document: Document) -> None:
    document.heading(1, "What is an emulator's choice")
    document.text(
        "These are not what a product would do, or go beyond what DICOM and TDW-II ask for:\n\n"
        "- All data that an actor makes name the emulator as manufacturer's model, and delivered "
        "metersets come from a simulation, not from a beam.\n"
        "- The TMS makes an instruction from its plan when a device asks for one that nobody "
        "stored (`build_rtbdi`), takes deviations of the field in its lenient mode, and its steps "
        "can be edited, deleted and reset by hand.\n"
        "- TMS, creator, TDD and PPVS accept all storage SOP classes, not those of their role "
        "alone; the TMS keeps performed procedure steps, and events are tried again.\n"
        "- The archive can be emptied by hand at any time, committed objects too.\n"
        "- Deflated Explicit VR Little Endian is accepted in no association that a peer requests: "
        "kilobytes could become gigabytes."
    )

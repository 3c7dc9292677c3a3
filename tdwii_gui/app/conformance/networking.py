"""The networking part of the conformance statement: application entities and associations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.transactions import TRANSACTIONS
from tdwii_gui.app.conformance.emulated import emulated_actors
from tdwii_gui.app.conformance.markdown import code
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.net.association_request import ARRIVAL_SECONDS, LONGEST_REQUEST
from tdwii_gui.dicom.net.query_negotiation import (
    COMBINED_DATE_TIMES,
    RELATIONAL,
    SUPPORTED_OPTIONS,
)
from tdwii_gui.dicom.net.rejection import RejectionReason
from tdwii_gui.dicom.net.scp_host import LONGEST_RECEIVED_PDU
from tdwii_gui.dicom.net.sop_class_support import implementation
from tdwii_gui.dicom.net.storage_scp import STORAGE_SYNTAXES, storage_sop_classes
from tdwii_gui.dicom.net.ups_scope import ACTIONS
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tdwii_gui.app.conformance.emulated import EmulatedActor, Proposal
    from tdwii_gui.app.conformance.markdown import Document
    from tdwii_gui.config.settings import NetworkSettings
    from tdwii_gui.dicom.net.sop_class_support import SupportedClass

STORAGE_ANNEX: Final = "Storage SOP classes"
SYNTAX_ANNEX: Final = "Transfer syntaxes of storage"
STORED_BY_GET: Final = "Storage SOP classes proposed for C-GET"
_ACCEPTED_HEAD: Final = (
    "SOP class", "UID", "Transfer syntaxes", "Requests", "Role of this AE", "Roles of the requestor"
)  # fmt: skip
_PROPOSED_HEAD: Final = ("SOP class", "UID", "Transfer syntaxes", "Services", "Role of this AE")
_OPTIONS: Final = {
    RELATIONAL: "relational queries and retrievals",
    COMBINED_DATE_TIMES: "combined matching of dates and times",
}


def add_overview(document: Document) -> None:
    """Add which SOP classes the actors have, as SCU and as SCP."""
    storage = set(storage_sop_classes())
    rows: dict[str, dict[str, set[str]]] = {}
    for actor in emulated_actors():
        proposed = (one for proposal in actor.proposals for one in proposal.classes)
        for one in (*actor.accepted, *proposed):
            uid = one.sop_class_uid
            name = f"Storage ([{STORAGE_ANNEX}])" if uid in storage else uid_name(uid)
            rows.setdefault(name, {}).setdefault(actor.role, set()).update(one.roles)
        if any(not proposal.classes for proposal in actor.proposals):
            rows[f"Storage ([{STORAGE_ANNEX}])"].setdefault(actor.role, set()).add("SCU")
    roles = [actor.role for actor in emulated_actors()]
    document.table(
        ("SOP class", *(actor.settings.ae_title for actor in emulated_actors())),
        [
            (name, *(", ".join(sorted(having.get(role, ()), reverse=True)) for role in roles))
            for name, having in rows.items()
        ],
    )


def add_implementation_model(document: Document) -> None:
    """Add the application data flow, the functions of the AEs and the order of transactions."""
    document.heading(2, "Implementation model")
    document.heading(3, "Application data flow")
    document.text(
        "Each actor is an application entity of its own, with its own AE title, port and storage. "
        "Any of them runs alone, or all in one process; a real system may take the place of each."
    )
    document.table(
        ("Application entity", "Actor", "Associates with"),
        [
            (
                code(actor.settings.ae_title),
                actor.title,
                ", ".join(dict.fromkeys(each for one in actor.proposals for each in one.peers)),
            )
            for actor in emulated_actors()
        ],
    )
    document.heading(3, "Functional definition of the AEs")
    document.text(
        "\n".join(
            f"- {code(actor.settings.ae_title)}: {' '.join(actor.words.split())}"
            for actor in emulated_actors()
        )
    )
    document.heading(3, "Sequencing of real-world activities")
    document.text(
        "\n".join(f"1. {one.number}: {one.title} ({one.message})" for one in TRANSACTIONS)
    )
    document.text(
        "RO-60 and RO-61 may come in either order at the TMS; the TDD of this suite claims the "
        "step first, and before that has all that RO-59 brings."
    )


def add_application_entities(document: Document, network: NetworkSettings) -> None:
    """Add a specification of each AE."""
    document.heading(2, "AE specifications")
    for actor in emulated_actors():
        document.heading(3, f"{actor.settings.ae_title}: {actor.title}")
        document.text(" ".join(actor.words.split()))
        _add_policies(document, actor, network)
        document.heading(4, "Association initiation")
        for proposal in actor.proposals:
            _add_proposal(document, proposal)
        document.heading(4, "Association acceptance")
        _add_acceptance(document, actor)


def add_sop_specific(document: Document) -> None:
    """Add what holds for a service at all AEs that have it."""
    document.heading(2, "SOP specific conformance")
    document.text(
        "The following holds for every AE that has the service. What each status means is in "
        "[Statuses]; which one answers what in the UPS service, with a test of each rule, is in "
        "[ups_service.md](ups_service.md)."
    )
    document.heading(3, "Unified Procedure Step")
    document.text(
        "The SOP Class in each DIMSE-N message is UPS Push, whatever the presentation context "
        "(PS3.4 CC.3.1.1). How closely the TMS looks at requests is its setting `mode`: lenient, "
        "standard or strict. In strict mode each context serves the services that this statement "
        "lists for its SOP class, and these actions; in the others each serves all of them."
    )
    document.table(
        ("Presentation context", "Actions (N-ACTION)"),
        [
            (uid_name(uid), ", ".join(f"{one.value} {one.title}" for one in sorted(actions)))
            for uid, actions in ACTIONS.items()
        ],
    )
    document.text(
        "Actions known: " + ", ".join(f"{one.value} {one.title}" for one in ActionType) + ". "
        "Events are sent in their order to each receiver and tried again until they have arrived "
        "or are too old (`event_maximum_age_hours`); that is more than PS3.4 CC.2.4.3 asks for."
    )
    document.heading(3, "Query/Retrieve")
    document.text(
        "Options of the SOP Class Extended Negotiation that are agreed to (PS3.4 C.5). Relational "
        "queries are answered without an agreement too. There is no fuzzy matching of names."
    )
    document.table(
        ("SOP class", "Options"),
        [
            (uid_name(uid), ", ".join(_OPTIONS[one] for one in sorted(options)) or "none")
            for uid, options in SUPPORTED_OPTIONS.items()
        ],
    )
    document.text(
        "C-MOVE sends to AE titles of the AE directory alone; others are not known (A801H). "
        "Objects go out in the transfer syntax in which they are stored; they are converted to "
        "Implicit VR Little Endian where the peer accepts no other, and never decompressed."
    )
    document.heading(3, "Storage")
    document.text(
        "Objects are kept as they come, byte by byte (level 2, full; PS3.4 B.4.1), without "
        "coercion. The answer is sent when the object is on the disk. Other content under a known "
        "SOP Instance UID is refused or replaces the older (`on_conflict`)."
    )
    document.heading(3, "Storage commitment")
    document.text(
        "The OST commits to what it keeps and reports on an association that it requests, as SCP "
        "by role selection, until the report has arrived. It commits for as long as nobody deletes "
        "objects by hand: an emulator's archive is emptied at will."
    )
    document.heading(3, "Modality Performed Procedure Step")
    document.text(
        "TMS and OST keep performed procedure steps and pass each change on to the AEs of "
        "`mpps_receivers`. The PPVS reports its imaging so."
    )


def add_classes_of_get(document: Document) -> None:
    """Add the storage SOP classes that a session proposes for the objects of C-GET."""
    document.text(
        "What an actor proposes unless it knows the SOP classes that it wants; then it proposes "
        "those. A context for each SOP class has the uncompressed transfer syntaxes, others have "
        "one compressed one each, as far as there is room for 128 contexts."
    )
    proposals = (one for actor in emulated_actors() for one in actor.proposals)
    proposal = next(one for one in proposals if one.session == "GetScu")
    document.table(_PROPOSED_HEAD, (row for row in proposed_rows(proposal) if "SCP" in row[-1]))


def proposed_rows(proposal: Proposal, annex: str = "") -> Iterator[tuple[str, ...]]:
    """Yield the SOP classes of a proposal; with an annex, those for which it is SCP are one row."""
    of_get = [one for one in proposal.classes if "C-STORE" in one.received]
    for one in proposal.classes:
        if annex and one in of_get:
            continue
        yield (
            uid_name(one.sop_class_uid),
            one.sop_class_uid,
            _names(one.transfer_syntaxes),
            ", ".join((*one.sent, *(f"{message} received" for message in one.received))),
            _own_role(one),
        )
    if annex and of_get:
        count = f"Storage, {len(of_get)} SOP classes"
        yield (count, f"[{annex}]", f"[{annex}]", "C-STORE received", _own_role(of_get[0]))


def _add_policies(document: Document, actor: EmulatedActor, network: NetworkSettings) -> None:
    uid, version = implementation()
    document.heading(4, "Association policies")
    document.table(
        ("", ""),
        [
            ("Application Context Name", "1.2.840.10008.3.1.1.1"),
            ("Associations requested at once", "one for each task and peer"),
            ("Associations accepted at once", network.maximum_associations),
            ("Maximum PDU length offered", f"{LONGEST_RECEIVED_PDU} bytes"),
            ("Largest message taken into memory", f"{actor.largest_message} MB"),
            ("Longest A-ASSOCIATE-RQ", f"{LONGEST_REQUEST} bytes, within {ARRIVAL_SECONDS:g} s"),
            ("Asynchronous operations", "none: one operation at a time"),
            ("Implementation Class UID", uid),
            ("Implementation Version Name", version),
        ],
    )


def _add_proposal(document: Document, proposal: Proposal) -> None:
    document.text(f"With {', '.join(proposal.peers)}, to {proposal.purpose}:")
    if not proposal.classes:
        document.text(
            "A presentation context for each SOP class and transfer syntax of the objects, and one "
            "for Implicit VR Little Endian where they are not compressed. Message: C-STORE; role: "
            "SCU."
        )
        return
    document.table(_PROPOSED_HEAD, proposed_rows(proposal, STORED_BY_GET))


def _add_acceptance(document: Document, actor: EmulatedActor) -> None:
    document.text(
        "An association is rejected for these reasons, in result, source and diagnostic of "
        "PS3.8 9.3.4. AE titles that are not in the AE directory are rejected only if "
        "`known_aes_only` is set (TMS); what is no AE title (PS3.5 6.2) always is. Contexts that "
        "are not in the table are not accepted."
    )
    document.table(
        ("Codes", "Result", "When"),
        [
            (
                "/".join(map(str, reason.codes)),
                "transient" if reason.codes[0] == 2 else "permanent",
                reason.words,
            )
            for reason in RejectionReason
        ],
    )
    document.table(_ACCEPTED_HEAD, _accepted_rows(actor))
    if actor.on_request:
        names = ", ".join(map(uid_name, sorted(actor.on_request)))
        document.text(f"Accepted only where a setting asks for it: {names}.")


def _accepted_rows(actor: EmulatedActor) -> Iterator[tuple[str, ...]]:
    """Yield the SOP classes; those of storage are one row if all are there and served alike."""
    storage = set(storage_sop_classes())
    served = {one.sop_class_uid: _facts(one) for one in actor.accepted}
    alike = storage <= served.keys() and len({served[uid] for uid in storage}) == 1
    all_told = False
    for uid, facts in served.items():
        if not (alike and uid in storage):
            yield (uid_name(uid), uid, *facts)
        elif not all_told:
            all_told = True
            yield (f"Storage, {len(storage)} SOP classes", f"[{STORAGE_ANNEX}]", *facts)


def _facts(one: SupportedClass) -> tuple[str, ...]:
    return (
        _syntaxes(one.transfer_syntaxes),
        ", ".join((*one.received, *(f"{message} sent (C-GET)" for message in one.sent)))
        or "none: reports leave on associations that this AE requests",
        ", ".join(one.roles) or "SCP",
        ", ".join(one.requestor_roles),
    )


def _own_role(one: SupportedClass) -> str:
    selected = " (role selection)" if one.requestor_roles == ("SCP",) else ""
    return f"{', '.join(one.roles)}{selected}"


def _syntaxes(uids: Sequence[str]) -> str:
    if tuple(uids) == STORAGE_SYNTAXES:
        return f"[{SYNTAX_ANNEX}]"
    return _names(uids)


def _names(uids: Iterable[str]) -> str:
    return ", ".join(map(uid_name, uids))

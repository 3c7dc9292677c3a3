"""What the conformance statement says of the actors is what a bare peer finds on the wire."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, build_context, build_role, sop_class

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.actors.session_work import SessionOptions
from tdwii_gui.actors.suite import Role, Suite
from tdwii_gui.actors.transactions import TRANSACTIONS
from tdwii_gui.actors.whole_session import treat
from tdwii_gui.app.commands.conformance import DOCUMENTS
from tdwii_gui.app.conformance.emulated import emulated_actors, full_settings
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES, UPS_PUSH
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.dicom.iod.ups import Ups

MAXIMUM_CONTEXTS = 128
SECONDS = 20
# All that pydicom and pynetdicom know; neither knows all that the other does.
CLASSES = sorted(
    {uid for uid, entry in UID_dictionary.items() if entry[1] in ("SOP Class", "Meta SOP Class")}
    | {str(each) for each in vars(sop_class).values() if isinstance(each, sop_class.SOPClass)}
)
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


class Row(NamedTuple):
    """A SOP class as the statement has it; transfer syntaxes by name."""

    syntaxes: str
    requestor_roles: str


@pytest.fixture(scope="module")
def statement() -> str:
    return DOCUMENTS["conformance_statement.md"]()


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    folder = tmp_path_factory.mktemp("suite")
    with Suite(full_settings(), folder, lambda _event: None) as running:
        yield running


@pytest.mark.parametrize("role", Role)
def test_the_classes_of_an_actor_are_those_it_accepts(
    role: Role, suite: Suite, statement: str
) -> None:
    told = accepted_rows(statement, suite.actor(role).ae_title)
    found = {}
    assert len(CLASSES) > 250
    for begin in range(0, len(CLASSES), MAXIMUM_CONTEXTS):
        part = CLASSES[begin : begin + MAXIMUM_CONTEXTS]
        contexts = [build_context(uid) for uid in part]
        for context in associated(suite.actor(role), contexts, as_both=part):
            both = [("SCU", context.as_scu), ("SCP", context.as_scp)]
            found[str(context.abstract_syntax)] = ", ".join(role for role, is_one in both if is_one)
    assert found == {uid: row.requestor_roles for uid, row in told.items()}


@pytest.mark.parametrize("role", Role)
def test_the_transfer_syntaxes_are_those_it_accepts(
    role: Role, suite: Suite, statement: str
) -> None:
    told = accepted_rows(statement, suite.actor(role).ae_title)
    storage = set(annex(statement, "Storage SOP classes"))
    classes = [CT_IMAGE, *(uid for uid in told if uid not in storage)][:3]
    contexts = [build_context(uid, one) for uid in classes for one in ALL_TRANSFER_SYNTAXES]
    contexts = contexts[:MAXIMUM_CONTEXTS]
    proposed = {(str(one.abstract_syntax), str(one.transfer_syntax[0])) for one in contexts}
    found = {
        (str(context.abstract_syntax), str(context.transfer_syntax[0]))
        for context in associated(suite.actor(role), contexts)
    }
    of_storage = set(annex(statement, "Transfer syntaxes of storage"))
    for uid, syntax in proposed:
        cell = told[uid].syntaxes
        names = cell.split(", ")
        is_told = syntax in of_storage if cell.startswith("[") else UID(syntax).name in names
        assert ((uid, syntax) in found) is is_told, (uid, UID(syntax).name)


def test_what_actors_send_in_a_fraction_is_told(
    actors: Suite, schedule: Callable[..., Ups], recorder
) -> None:
    actors.ppvs.subscribe().result(SECONDS)
    treat(actors.tdd, schedule(), SessionOptions())
    sent = [
        event
        for event in recorder.of(ExchangeMade)
        if event.exchange.role == "scu" and event.exchange.message != "A-ASSOCIATE"
    ]
    check_transactions(actors, sent)
    told = {actor.settings.ae_title: actor.proposals for actor in emulated_actors()}
    assert {event.ae_title for event in sent} >= {"RTBDI_CREATOR", "TMS", "OST", "TDD", "PPVS_SCP"}
    for event in sent:
        uid, message = str(event.exchange.sop_class_uid), event.exchange.message
        proposals = told[event.ae_title]
        if message == "C-STORE" and not all(each.classes for each in proposals):
            continue  # in the context of the object
        # A DIMSE-N message of UPS names UPS Push in each context.
        assert any(
            message in one.sent and uid in (one.sop_class_uid, UPS_PUSH)
            for proposal in proposals
            for one in proposal.classes
        ), (event.ae_title, message, uid)


def check_transactions(actors: Suite, sent: list[ExchangeMade]) -> None:
    """Check that the device's transactions are those of the table, and no other."""
    roles = {actors.actor(role).ae_title: role for role in Role}
    found = set()
    for event in sent:
        exchange = event.exchange
        uid = str(exchange.sop_class_uid)
        uid = "" if uid in TREATMENT_RECORD_CLASSES else uid
        if event.transaction and event.ae_title == actors.tdd.ae_title:
            responder = roles[exchange.called_ae]
            found.add((event.transaction, responder, exchange.message, uid))
    assert found == {
        (one.number, one.responder, one.message, str(one.sop_class_uid)) for one in TRANSACTIONS
    }


def associated(
    actor: Actor, contexts: list[PresentationContext], as_both: list[str] | None = None
) -> list[PresentationContext]:
    """Return the contexts that an actor accepts of a bare peer that proposes both roles."""
    roles = [build_role(uid, scu_role=True, scp_role=True) for uid in as_both or ()]
    association = AE("BARE").associate(
        "127.0.0.1",
        actor.port,
        contexts,
        actor.ae_title,
        ext_neg=roles,
        evt_handlers=[KEEPS_RESPONSES],
    )
    if association.is_established:
        association.release()
    assert not association.is_rejected
    return list(association.accepted_contexts)


def accepted_rows(statement: str, ae_title: str) -> dict[str, Row]:
    """Return the table of accepted SOP classes of an AE, with those of the annex it refers to."""
    begin = re.search(rf"^#### [\d.]+ {re.escape(ae_title)}: ", statement, re.M)
    assert begin
    section = re.split(r"^#{3,4} ", statement[begin.end() :], maxsplit=1, flags=re.M)[0]
    acceptance = section.partition(" Association acceptance\n")[2]
    found = {}
    for cells in rows(acceptance):
        if len(cells) != 6 or cells[0] == "SOP class":
            continue
        uids = annex(statement, cells[1][1:-1]) if cells[1].startswith("[") else [cells[1]]
        found.update({uid: Row(cells[2], cells[5]) for uid in uids})
    return found


def annex(statement: str, title: str) -> list[str]:
    """Return the UIDs of an annex."""
    section = re.split(rf"^### [\d.]+ {re.escape(title)}$", statement, flags=re.M)[1]
    return [cells[1] for cells in rows(section.partition("\n### ")[0]) if cells[1][:1].isdigit()]


def rows(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("| ") and "---" not in line)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]

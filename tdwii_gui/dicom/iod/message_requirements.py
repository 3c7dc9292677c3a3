"""What the standard and TDW-II ask of the data set of a message, for whoever shows the message.

The service itself checks only what it must refuse (`requirements`); here every message gets its
table: UPS attributes (PS3.4 CC.2.5 to CC.2.8), action and event information (CC.2.1 to CC.2.4),
identifiers of query/retrieve (C.4), and the rules of the profile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import Finding
from tdwii_gui.dicom.iod import requirements, tolerant
from tdwii_gui.dicom.iod.message_kind import (
    PERFORMED,
    PROGRESS,
    REASON_CODE,
    UPS_CLASSES,
    action_type,
    event_type,
    is_cancellation,
)
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Literal

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.message_kind import Exchanged
    from tdwii_gui.dicom.iod.requirements import Requirement, Usage

    ProfileMessage = Literal["create", "progress", "final"]

_PATIENT_ROOT: Final = frozenset(
    {uids.PATIENT_ROOT_FIND, uids.PATIENT_ROOT_MOVE, uids.PATIENT_ROOT_GET}
)
_RETRIEVE_CLASSES: Final = _PATIENT_ROOT | {
    uids.STUDY_ROOT_FIND,
    uids.STUDY_ROOT_MOVE,
    uids.STUDY_ROOT_GET,
}

_UPS_TABLE: Final = "PS3.4 Table CC.2.5-3"
_PROFILE: Final = "IHE-RO TDW-II"
_ITEM_NUMBER: Final = re.compile(r"\[\d+\]")

# PS3.4 Tables CC.2.1-1, CC.2.2-1 and CC.2.3-1, as SCU/SCP
_REASONS: Final = {"ReasonForCancellation": "3/1", REASON_CODE: "3/1"}
_CONTACT: Final = {"ContactURI": "3/1", "ContactDisplayName": "3/1"}
ACTION_ARGUMENTS: Final[Mapping[ActionType, tuple[str, Mapping[str, str]]]] = {
    ActionType.CHANGE_STATE: (
        "PS3.4 Table CC.2.1-1",
        {"ProcedureStepState": "1/1", "TransactionUID": "1/1"},
    ),
    ActionType.REQUEST_CANCEL: ("PS3.4 Table CC.2.2-1", _REASONS | _CONTACT),
    ActionType.SUBSCRIBE: (
        "PS3.4 Table CC.2.3-1",
        {"ReceivingAE": "1/1", "DeletionLock": "1/1"},
    ),
    ActionType.UNSUBSCRIBE: ("PS3.4 Table CC.2.3-1", {"ReceivingAE": "1/1"}),
    ActionType.SUSPEND_GLOBAL: ("PS3.4 Table CC.2.3-1", {"ReceivingAE": "1/1"}),
}

# PS3.4 Table CC.2.4-1; the SCP is who sends these
_EVENT_TABLE: Final = "PS3.4 Table CC.2.4-1"
EVENT_ARGUMENTS: Final[Mapping[EventType, Mapping[str, str]]] = {
    EventType.STATE_REPORT: {
        "ProcedureStepState": "1",
        "InputReadinessState": "1",
        "ReasonForCancellation": "3",
        REASON_CODE: "3",
    },
    EventType.CANCEL_REQUESTED: {
        "RequestingAE": "1",
        "ReasonForCancellation": "1C",
        REASON_CODE: "1C",
        "ContactURI": "1C",
        "ContactDisplayName": "1C",
    },
    EventType.PROGRESS_REPORT: {
        PROGRESS: "1",
        f"{PROGRESS}.ProcedureStepProgress": "3",
        f"{PROGRESS}.ProcedureStepProgressDescription": "3",
        f"{PROGRESS}.ProcedureStepProgressParametersSequence": "3",
        f"{PROGRESS}.ProcedureStepCommunicationsURISequence": "3",
    },
    EventType.SCP_STATUS_CHANGE: {
        "SCPStatus": "1",
        "SubscriptionListStatus": "1",
        "UnifiedProcedureStepListStatus": "1",
    },
    EventType.ASSIGNED: {
        "ScheduledStationNameCodeSequence": "1C",
        "HumanPerformerCodeSequence": "1C",
        "HumanPerformerOrganization": "1C",
    },
}

# The unique keys down to a level (PS3.4 C.6.1, C.6.2)
_LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "PATIENT": (),
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked of one attribute.

    Parameters
    ----------
    usage : str
        Type or key of the attribute for who sent it, e.g. ``"1"``, ``"2 empty"``, ``"R key"``;
        empty where no table has it.
    profile : str
        Usage in the profile, e.g. ``"R+"``; empty where the profile is silent.
    clause : str
        Where that is written.
    condition : str
        When a conditional attribute is needed, in words.
    """

    usage: str = ""
    profile: str = ""
    clause: str = ""
    condition: str = ""

    @property
    def words(self) -> str:
        """Both usages in one line."""
        return " · ".join(filter(None, (self.usage, self.profile)))


@dataclass(frozen=True, slots=True)
class MessageRules:
    """The rules for one data set of a message.

    Parameters
    ----------
    clause : str
        Where they are written.
    of : Callable
        Returns the need of a path of keywords without item numbers.
    check : Callable
        Returns what the data set lacks or must not hold.
    """

    clause: str
    of: Callable[[str], Need]
    check: Callable[[Dataset], Iterable[Finding]]

    def need(self, path: str) -> Need:
        """Return what is asked of an attribute, given by its path with or without item numbers."""
        return self.of(_ITEM_NUMBER.sub("", path))

    def problems(self, dataset: Dataset) -> dict[str, str]:
        """Return what is wrong by path, with item numbers from 1."""
        found: dict[str, str] = {}
        for finding in self.check(dataset):
            path = _numbered(finding.attribute)
            words = finding.text
            if path in found and words not in found[path]:
                words = f"{found[path]}; {words}"
            found[path] = words
        return found


def request_rules(exchange: Exchanged, transaction: str) -> MessageRules | None:
    """Return the rules for the data set of a request, or None where no table has it.

    Parameters
    ----------
    transaction : str
        The profile's transaction; it decides which of the profile's rules hold for an N-SET.
    """
    if exchange.sop_class_uid in _RETRIEVE_CLASSES:
        return _retrieve_rules(exchange)
    if exchange.sop_class_uid not in UPS_CLASSES:
        return None
    match exchange.message:
        case "N-CREATE":
            return _creation_rules()
        case "N-SET":
            return _modification_rules(transaction)
        case "C-FIND":
            return MessageRules("PS3.4 CC.2.8, Table CC.2.5-3", _key_need, _check_keys)
        case "N-ACTION":
            action = action_type(exchange)
            return _listed_rules(*ACTION_ARGUMENTS[action]) if action else None
        case "N-EVENT-REPORT":
            event = event_type(exchange)
            return _listed_rules(_EVENT_TABLE, EVENT_ARGUMENTS[event]) if event else None
    return None


def response_rules(exchange: Exchanged) -> MessageRules | None:
    """Return the rules for the data set of a response, or None where there are none.

    An answer to an N-GET may lack whatever was not asked for, and that an exchange does not keep:
    only what is there is judged. What a creation may leave empty may come back empty.
    """
    if exchange.message != "N-GET" or exchange.sop_class_uid not in UPS_CLASSES:
        return None
    return MessageRules(
        "PS3.4 CC.2.7, Table CC.2.5-3",
        lambda path: _table_need(path, lambda found: found.n_get, "scp", {}),
        lambda dataset: _check_answer(dataset, requirements.ups_requirements().top_level, ""),
    )


def _creation_rules() -> MessageRules:
    profile = _profile_usages("create")

    def check(dataset: Dataset) -> Iterator[Finding]:
        yield from _findings(requirements.check_create(dataset))
        yield from check_profile(dataset, "create")

    return MessageRules(
        "PS3.4 CC.2.5, Table CC.2.5-3",
        lambda path: _table_need(path, lambda found: found.n_create, "scu", profile),
        check,
    )


def _modification_rules(transaction: str) -> MessageRules:
    messages: dict[str, ProfileMessage] = {"RO-62": "progress", "RO-64": "final"}
    message = messages.get(transaction)
    profile = _profile_usages(message) if message else {}

    def check(dataset: Dataset) -> Iterator[Finding]:
        yield from _findings(requirements.check_set(dataset))
        if message == "progress":
            yield from check_profile(dataset, message)
        if message == "final":
            yield from _check_final(dataset)

    def need(path: str) -> Need:
        found = _table_need(path, lambda row: row.n_set, "scu", profile, transaction)
        row = requirements.ups_requirements().lookup(path)
        if message != "final" or row is None or row.final.scu not in ("R", "P", "X"):
            return found
        states = {"R": "final", "P": "COMPLETED", "X": "CANCELED"}[row.final.scu]
        usage = f"{found.usage} · {states}" if found.usage else states
        return Need(usage, found.profile, found.clause, found.condition)

    return MessageRules("PS3.4 CC.2.6, Table CC.2.5-3", need, check)


def _check_final(dataset: Dataset) -> Iterator[Finding]:
    """Yield what a final update lacks; the rest of the final state was there before it."""
    canceled = is_cancellation(dataset)
    if canceled and PERFORMED not in dataset:
        profile = [one for one in check_profile(dataset, "final") if one.attribute.count(".") == 0]
    else:
        profile = check_profile(dataset, "final")
    yield from profile
    state = "CANCELED" if canceled else "COMPLETED"
    for violation in requirements.check_final(dataset, state):
        if violation.attribute.startswith((PROGRESS, PERFORMED)):
            yield from _findings([violation])


def _retrieve_rules(exchange: Exchanged) -> MessageRules:
    retrieves = exchange.message != "C-FIND"
    clause = f"PS3.4 {'C.4.2.1.4' if retrieves else 'C.4.1.1.3'}"

    def unique_keys(dataset: Dataset | None) -> tuple[str, ...]:
        level = tolerant.text(dataset, "QueryRetrieveLevel") if dataset is not None else ""
        keys = _LEVELS.get(level, ())
        needs_patient = exchange.sop_class_uid in _PATIENT_ROOT or level == "PATIENT"
        return ("PatientID", *keys) if needs_patient else keys

    keys = unique_keys(exchange.request)

    def need(path: str) -> Need:
        if path == "QueryRetrieveLevel":
            return Need("1", clause=clause)
        usage = "unique key" if path in keys else "key"
        return Need(usage, clause=clause) if retrieves or path in keys else Need()

    def check(dataset: Dataset) -> Iterator[Finding]:
        level = tolerant.text(dataset, "QueryRetrieveLevel")
        if level not in _LEVELS:
            yield Finding("QueryRetrieveLevel", "names no level" if level else "is missing")
        # A query may leave open the key of its own level, and gives those of the levels above.
        for keyword in unique_keys(dataset) if retrieves else unique_keys(dataset)[:-1]:
            if not tolerant.text(dataset, keyword):
                yield Finding(keyword, "has no value" if keyword in dataset else "is missing")

    return MessageRules(clause, need, check)


def _listed_rules(clause: str, usages: Mapping[str, str]) -> MessageRules:
    """Return the rules of a short table of usages by path."""

    def need(path: str) -> Need:
        usage = usages.get(path, "").partition("/")[0]
        return Need(usage, clause=clause) if usage else Need()

    def check(dataset: Dataset) -> Iterator[Finding]:
        for keyword, usage in usages.items():
            if "." in keyword or usage.partition("/")[0] != "1":
                continue
            found = tolerant.element(dataset, keyword)
            if found is None:
                yield Finding(keyword, "is missing")
            elif found.is_empty:
                yield Finding(keyword, "has no value")

    return MessageRules(clause, need, check)


def _table_need(
    path: str,
    usage_of: Callable[[Requirement], Usage],
    role: Literal["scu", "scp"],
    profile: Mapping[str, str],
    transaction: str = "",
) -> Need:
    row = requirements.ups_requirements().lookup(path)
    in_profile = profile.get(path, "")
    cited = [_UPS_TABLE] if row is not None else []
    if in_profile:
        cited.append(f"{_PROFILE} {transaction}".strip())
    if row is None:
        return Need(profile=in_profile, clause=" · ".join(cited))
    usage = usage_of(row)
    words = f"{usage.scu if role == 'scu' else usage.scp}{' empty' if usage.empty else ''}"
    condition = row.condition if "C" in words else ""
    return Need(words, in_profile, " · ".join(cited), condition)


def _profile_usages(message: ProfileMessage) -> dict[str, str]:
    return {rule.path: rule.usage for rule in requirements.ups_requirements().profile[message]}


def _key_need(path: str) -> Need:
    row = requirements.ups_requirements().lookup(path)
    if row is None:
        return Need()
    match = f"{row.match_key} key" if row.match_key in ("R", "O", "U") else ""
    returned = f"return {row.return_key}" if row.return_key not in ("-", "?") else ""
    return Need(" · ".join(filter(None, (match, returned))) or "N", clause=_UPS_TABLE)


def _check_keys(dataset: Dataset) -> Iterator[Finding]:
    """Yield the attributes of the table that a query must not hold (PS3.4 CC.2.8.1)."""
    for row in requirements.ups_requirements().top_level:
        if row.match_key == "-" and row.return_key == "-" and row.keyword in dataset:
            yield Finding(row.path, "is no key of the query")


def _check_answer(dataset: Dataset, rows: Iterable[Requirement], prefix: str) -> Iterator[Finding]:
    for row in rows:
        path = prefix + row.keyword
        found = tolerant.element(dataset, row.keyword)
        if found is None:
            continue
        if row.n_get.scp == "N" and not found.is_empty:
            yield Finding(path, "is not allowed")
        elif row.n_get.scp == "1" and not row.n_create.scp.startswith("2") and found.is_empty:
            yield Finding(path, "has no value")
        for number, item in enumerate(tolerant.items(dataset, row.keyword), start=1):
            yield from _check_answer(item, row.children, f"{path}[{number}].")


def _findings(violations: Iterable[requirements.Violation]) -> Iterator[Finding]:
    for violation in violations:
        keyword = violation.attribute.rpartition(".")[2]
        yield Finding(violation.attribute, violation.text.removeprefix(keyword).strip())


def _numbered(path: str) -> str:
    """Return a path whose sequences all have an item number; without one, the first is meant."""
    *sequences, keyword = path.split(".")
    return ".".join([*(each if "[" in each else f"{each}[1]" for each in sequences), keyword])

"""The annexes of the conformance statement: attributes, rules of the profile, statuses, codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.app.conformance.markdown import code
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.message_requirements import ACTION_ARGUMENTS, EVENT_ARGUMENTS
from tdwii_gui.dicom.iod.requirement_table import mpps_requirements, ups_requirements
from tdwii_gui.dicom.net.storage_scp import STORAGE_SYNTAXES, storage_sop_classes
from tdwii_gui.dicom.status import Status, is_failure, is_pending, is_warning, status_words
from tdwii_gui.dicom.store.instance_index import LEVEL_KEYWORDS, UNIQUE_KEYS
from tdwii_gui.dicom.store.instance_totals import TOTALS
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tdwii_gui.app.conformance.markdown import Document
    from tdwii_gui.dicom.iod.requirement_table import (
        Condition,
        ProfileRule,
        Requirement,
        Usage,
    )


_FINAL: Final = {
    "R": "both", "RC": "both, if known", "P": "COMPLETED", "X": "CANCELED", "O": "", "-": ""
}  # fmt: skip
_PROFILE_MESSAGES: Final = {
    "create": "N-CREATE",
    "progress": "N-SET of a progress update (RO-62)",
    "final": "N-SET of a final update (RO-64)",
    "completed": "the step as it becomes COMPLETED (RO-65)",
}
_ORIGINS: Final = (
    (0xB300, 0xB3FF, "PS3.4 CC.2"),
    (0xC300, 0xC3FF, "PS3.4 CC.2"),
    (0x0000, 0x0FFF, "PS3.7 C"),
    (0xA000, 0xFFFF, "PS3.4 B.2, C.4, CC.2.8"),
)


def add_storage_classes(document: Document) -> None:
    """Add the storage SOP classes."""
    document.table(
        ("SOP class", "UID"),
        [
            (uid.name if uid.name != uid else "(newer than the dictionary of names)", uid)
            for uid in storage_sop_classes()
        ],
    )


def add_storage_syntaxes(document: Document) -> None:
    """Add the transfer syntaxes of storage, in the order of preference."""
    document.table(("Transfer syntax", "UID"), [(uid_name(uid), uid) for uid in STORAGE_SYNTAXES])


def add_ups_attributes(document: Document) -> None:
    """Add what is asked of the attributes of a step."""
    table = ups_requirements()
    document.text(
        f"From the table by which the service checks; edition: {table.edition}. Usage is "
        "SCU/SCP: 1, 1C, 2, 2C, 3, - (no duty), N (not allowed), key (the access key of N-SET). "
        "*Final* names the final state that needs the attribute; of query keys R is required, O "
        "optional, U unique, ? is not known. `>` is an attribute of an item."
    )
    head = ("Attribute", "Tag", "VR", "N-CREATE", "N-SET", "Final", "N-GET", "Match", "Return")
    rows = (
        (
            *_attribute(row, depth),
            _usage(row.n_create),
            _usage(row.n_set),
            _FINAL[row.final.scu] + (" (may be empty)" if row.final.empty else ""),
            _usage(row.n_get),
            row.match_key,
            row.return_key,
            _notes(row),
        )
        for row, depth in _walk(table.top_level)
    )
    document.table((*head, "Values and conditions"), rows)


def add_profile_rules(document: Document) -> None:
    """Add what TDW-II asks for beyond DICOM."""
    table = ups_requirements()
    document.text(
        f"Edition: {table.profile_edition}. The TMS logs what is not so, and refuses it where its "
        "mode is strict. R+ is stricter than DICOM, RC+ needed for a treatment delivery; `*` need "
        "not be shown to the user."
    )
    document.table(
        ("Message", "Attribute", "Usage", "Content"),
        [
            (words, rule.path.replace(".", " > "), rule.usage, _rule(rule))
            for message, words in _PROFILE_MESSAGES.items()
            for rule in table.profile[message]
        ],
    )


def add_ups_arguments(document: Document) -> None:
    """Add the arguments of the actions and events of steps."""
    document.table(
        ("Action", "Attribute", "Usage", "Clause"),
        [
            (f"{action.value} {action.title}", path.replace(".", " > "), usage, clause)
            for action, (clause, arguments) in ACTION_ARGUMENTS.items()
            for path, usage in arguments.items()
        ],
    )
    document.table(
        ("Event", "Attribute", "Type"),
        [
            (f"{event.value} {event.title}", path.replace(".", " > "), usage)
            for event, arguments in EVENT_ARGUMENTS.items()
            for path, usage in arguments.items()
        ],
    )


def add_mpps_attributes(document: Document) -> None:
    """Add what is asked of the attributes of a performed procedure step."""
    document.text("PS3.4 Table F.7.2-1, as the service checks it. Usage as of steps, SCU/SCP.")
    document.table(
        ("Attribute", "Tag", "VR", "N-CREATE", "N-SET", "Final", "N-GET", "Values and conditions"),
        [
            (
                *_attribute(row, depth),
                _usage(row.n_create),
                _usage(row.n_set),
                row.final.scu,
                _usage(row.n_get),
                _notes(row),
            )
            for row, depth in _walk(mpps_requirements())
        ],
    )


def add_query_keys(document: Document) -> None:
    """Add the keys of Query/Retrieve at each level."""
    document.text(
        "Of the index, matched and returned; each level has those of the levels above it too. At "
        "IMAGE level every other standard attribute but bulk data is looked up in the files. "
        "Other keys are neither matched nor returned, and the matches have the status FF01H."
    )
    told: set[str] = set()
    rows = []
    for level, keywords in LEVEL_KEYWORDS.items():
        own = [word for word in keywords if word not in told]
        told.update(own)
        rows.append((level, UNIQUE_KEYS[level], ", ".join(own), ", ".join(TOTALS[level])))
    document.table(("Level", "Unique key", "Indexed keys", "Computed keys"), rows)


def add_statuses(document: Document) -> None:
    """Add the statuses that the suite sends or tells apart."""
    document.table(
        ("Status", "Class", "Meaning", "Defined in"),
        [
            (f"{one.value:04X}H", _class(one), status_words(one), _origin(one))
            for one in sorted(Status)
        ],
    )


def add_codes(document: Document) -> None:
    """Add the coded concepts that the suite sends or asks for."""
    known = dict.fromkeys(_codes(vars(codes).values()))
    document.table(
        ("Code Value", "Coding Scheme Designator", "Code Meaning"),
        [(one.value, one.scheme, one.meaning) for one in known],
    )


def _codes(values: Iterable[object]) -> Iterator[Code]:
    for value in values:
        if isinstance(value, Code):
            yield value
        elif isinstance(value, tuple):
            yield from _codes(value)


def _walk(rows: Sequence[Requirement], depth: int = 0) -> Iterator[tuple[Requirement, int]]:
    for row in rows:
        yield row, depth
        yield from _walk(row.children, depth + 1)


def _attribute(row: Requirement, depth: int) -> tuple[str, str, str]:
    return f"{'>' * depth} {row.keyword}", str(row.tag).replace(", ", ","), row.vr


def _usage(usage: Usage) -> str:
    both = usage.scu if usage.scu in ("N", "key") else f"{usage.scu}/{usage.scp}"
    return f"{both} empty" if usage.empty else both


def _notes(row: Requirement) -> str:
    tolerated = f"read too: {', '.join(row.tolerated)}" if row.tolerated else ""
    parts = (", ".join(row.values), tolerated, _when(row.when), row.condition and _if(row))
    return "; ".join(filter(None, parts))


def _if(row: Requirement) -> str:
    return f"if {row.condition}"


def _when(when: Condition | None) -> str:
    if when is None:
        return ""
    names = " or ".join(when.attributes)
    match when.kind:
        case "is":
            return f"if {names} is {' or '.join(when.values)}"
        case "has":
            return f"if {names} has a value"
        case _:
            return f"if {names} has no value"


def _rule(rule: ProfileRule) -> str:
    parts = []
    if rule.code:
        parts.append(_concept(rule.code))
    for name, kind, values in rule.items:
        parts.append(" ".join(filter(None, (kind, _concept(name), " or ".join(values)))))
    parts += ["a reference to " + " or ".join(group) for group in rule.classes]
    parts += [
        f"for CONTINUATION a reference to {' or '.join(group)}"
        for group in rule.classes_for_continuation
    ]
    return "; ".join(parts)


def _concept(name: str) -> str:
    concept: Code = getattr(codes, name)
    return f"({concept.value}, {concept.scheme}, {code(concept.meaning)})"


def _class(one: Status) -> str:
    for is_one, words in (
        (is_warning, "warning"),
        (is_pending, "pending"),
        (is_failure, "failure"),
    ):
        if is_one(one):
            return words
    return "cancel" if one == Status.CANCELLED else "success"


def _origin(one: Status) -> str:
    return next(words for low, high, words in _ORIGINS if low <= one <= high)

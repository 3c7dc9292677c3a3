"""Stored instances as a tree of plain nodes: patient, study, series, instance.

The nodes use no Qt; a whole store may be made into a tree on any thread.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import IntEnum
from typing import TYPE_CHECKING

from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary

Order = tuple[int | str, ...]


class Level(IntEnum):
    """The level of a node."""

    ROOT = 0
    PATIENT = 1
    STUDY = 2
    SERIES = 3
    INSTANCE = 4


class Node:
    """One entity of the tree.

    Attributes
    ----------
    summary : InstanceSummary or None
        An instance at or below the node, whose attributes are those of the node; None for the root.
    children, shown : list[Node]
        All nodes below, and those that the filter lets through; both in their order.
    row : int
        The place among the shown nodes of the parent.
    count, matching, size : int
        Instances at or below, those of them that match the filter, and bytes.
    """

    __slots__ = (
        "children",
        "count",
        "found",
        "key",
        "level",
        "matching",
        "number",
        "order",
        "parent",
        "row",
        "shown",
        "size",
        "summary",
    )

    def __init__(self, level: Level, summary: InstanceSummary | None, parent: Node | None) -> None:
        self.level = level
        self.summary = summary
        self.parent = parent
        self.key = _key(level, summary) if summary else ()
        self.order: Order = _order(level, summary) if summary else ()
        self.found = _search_text(level, summary) if summary else ""
        self.children: list[Node] = []
        self.shown: list[Node] = []
        self.row = 0
        self.number = 0
        self.count = 0
        self.matching = 0
        self.size = 0

    @property
    def ancestors(self) -> Iterator[Node]:
        """The nodes above, the nearest first, the root last."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def identifier(self) -> str:
        """The UID, or the Patient ID."""
        return self.key[1] if len(self.key) > 1 else "".join(self.key)

    def instances(self) -> Iterator[InstanceSummary]:
        """Yield all instances at or below, shown or not, in their order."""
        if self.level is Level.INSTANCE and self.summary is not None:
            yield self.summary
        for child in self.children:
            yield from child.instances()

    def show(self, children: list[Node]) -> None:
        """Show these of the children and no others."""
        self.shown = children
        for row, child in enumerate(children):
            child.row = row

    def insert(self, child: Node) -> None:
        """Put a child in its place among all; it is not shown yet."""
        place = bisect_left(self.children, child.order, key=lambda node: node.order)
        self.children.insert(place, child)


class InstanceTree:
    """The nodes of a store, each found by its key.

    Attributes
    ----------
    root : Node
        Holds the patients.
    nodes : list[Node]
        All nodes; a node's `number` is its place here.
    """

    def __init__(self, summaries: Iterable[InstanceSummary] = ()) -> None:
        self.root = Node(Level.ROOT, None, None)
        self.nodes = [self.root]
        self._by_key: dict[tuple[str, ...], Node] = {(): self.root}
        for summary in summaries:
            for node in self.path(summary):
                if node.parent is not None:
                    node.parent.children.append(node)
        for node in self.nodes:
            node.children.sort(key=lambda child: child.order)
        apply_filter(self.root, ())

    def __contains__(self, sop_instance_uid: object) -> bool:
        return (sop_instance_uid,) in self._by_key

    def find(self, key: tuple[str, ...]) -> Node | None:
        """Return the node with a key, or None."""
        return self._by_key.get(key)

    def path(self, summary: InstanceSummary) -> list[Node]:
        """Return the new nodes that an instance needs, from above; none if it is known.

        They are counted and found by their keys, but not yet among their parents' children.
        """
        if summary.sop_instance_uid in self:
            return []
        new = []
        node = self.root
        for level in (Level.PATIENT, Level.STUDY, Level.SERIES, Level.INSTANCE):
            known = self._by_key.get(_key(level, summary))
            if known is None:
                known = Node(level, summary, node)
                known.number = len(self.nodes)
                self.nodes.append(known)
                self._by_key[known.key] = known
                new.append(known)
            node = known
        for counted in (node, *node.ancestors):
            counted.count += 1
            counted.size += summary.size
        return new


def apply_filter(node: Node, words: Sequence[str]) -> int:
    """Show what contains all words, itself or with what is above it; return how many match."""
    rest = [word for word in words if word not in node.found]
    if node.level is Level.INSTANCE:
        node.matching = 0 if rest else 1
        return node.matching
    node.matching = sum(apply_filter(child, rest) for child in node.children)
    node.show([child for child in node.children if child.matching])
    return node.matching


def _key(level: Level, summary: InstanceSummary) -> tuple[str, ...]:
    match level:
        case Level.PATIENT:
            # Two names under one ID are shown as two patients: that is to be seen, not hidden.
            return ("patient", summary.patient_id, summary.patient_name)
        case Level.STUDY:
            return ("study", summary.study_instance_uid)
        case Level.SERIES:
            return ("series", summary.series_instance_uid)
        case _:
            return (summary.sop_instance_uid,)


def _order(level: Level, summary: InstanceSummary) -> Order:
    match level:
        case Level.PATIENT:
            return (summary.patient_name.casefold(), summary.patient_id)
        case Level.STUDY:
            return (summary.study_date, summary.study_time, summary.study_instance_uid)
        case Level.SERIES:
            return (_whole(summary.series_number), summary.series_instance_uid)
        case _:
            return (_whole(summary.instance_number), summary.sop_instance_uid)


def _whole(text: str) -> int:
    """Return an IS value as a number; what is none comes last."""
    try:
        return int(text[:12])
    except ValueError:
        return 10**12


def _search_text(level: Level, summary: InstanceSummary) -> str:
    match level:
        case Level.PATIENT:
            found = (
                summary.patient_name,
                texts.person_name(summary.patient_name),
                summary.patient_id,
            )
        case Level.STUDY:
            found = (
                summary.study_description,
                texts.date(summary.study_date),
                summary.study_instance_uid,
            )
        case Level.SERIES:
            found = (summary.modality, summary.series_description, summary.series_instance_uid)
        case _:
            found = (summary.sop_instance_uid, summary.sop_class_uid, summary.source_ae)
    return "\n".join(found).casefold()

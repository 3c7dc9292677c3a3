"""A message's data set beside what the standard and TDW-II ask of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import dictionary_description, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.sequence import Sequence as ItemSequence
from pydicom.tag import Tag
from PySide6.QtCore import QCoreApplication, QModelIndex, Qt
from PySide6.QtGui import QColor

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_requirements import Need, request_rules, response_rules
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.dataset_model import DatasetModel, Node, attribute_node
from tdwii_gui.ui.theme import Tone, current_theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag
    from PySide6.QtCore import QPersistentModelIndex

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.dicom.iod.message_requirements import MessageRules

    Index = QModelIndex | QPersistentModelIndex

TAG, NAME, VR, VALUE, REQUIRED, MARK = range(6)
_NO_INDEX: Final = QModelIndex()
_MOST_PROBLEMS: Final = 2000
_MOST_DECODED: Final = 200_000
_ROOT_PATH: Final = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A data set and what is wrong with it.

    Parameters
    ----------
    dataset : Dataset or None
        None where the message has none.
    rules : MessageRules or None
        None where no table has its attributes.
    problems : Mapping[str, str]
        What is wrong by path with item numbers; a path is there, or would be in what is there.
    """

    dataset: Dataset | None
    rules: MessageRules | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def above_problems(self) -> frozenset[str]:
        """The paths of all sequences and items that hold a problem."""
        found: set[str] = set()
        for path in self.problems:
            above = path.rpartition(".")[0]
            while above and above not in found:
                found |= {above, above.rpartition("[")[0]}
                above = above.rpartition(".")[0]
        return frozenset(found)


def judge_request(event: ExchangeMade) -> Judged:
    """Return the request's data set with its problems; takes some milliseconds."""
    rules = request_rules(event.exchange, event.transaction)
    return _judge(event.exchange.request, rules)


def judge_response(event: ExchangeMade) -> Judged:
    """Return the response's data set with its problems; takes some milliseconds."""
    return _judge(event.exchange.response, response_rules(event.exchange))


def _judge(dataset: Dataset | None, rules: MessageRules | None) -> Judged:
    if dataset is None:
        return Judged(None, rules)
    _decode(dataset)
    if rules is None:
        return Judged(dataset)
    placed: dict[str, str] = {}
    for path, problem in list(rules.problems(dataset).items())[:_MOST_PROBLEMS]:
        where, words = _place(dataset, path, problem)
        placed[where] = f"{placed[where]}; {words}" if where in placed else words
    return Judged(dataset, rules, placed)


def _decode(dataset: Dataset) -> None:
    """Have pydicom decode the elements now, so that the tree need not wait for a long sequence."""
    waiting, left = [dataset], _MOST_DECODED
    while waiting and left > 0:
        current = waiting.pop()
        for tag in list(current.keys()):
            left -= 1
            found = tolerant.element(current, tag)
            if found is not None and isinstance(found.value, ItemSequence):
                waiting.extend(found.value)


def _place(dataset: Dataset, path: str, problem: str) -> tuple[str, str]:
    """Return where a problem is shown: what is missing below something missing is told there."""
    parts = path.split(".")
    for depth, part in enumerate(parts[:-1]):
        keyword, _, number = part.rstrip("]").partition("[")
        items = tolerant.items(dataset, keyword)
        if len(items) < int(number):
            keywords = " > ".join(each.partition("[")[0] for each in parts[depth + 1 :])
            return ".".join([*parts[:depth], keyword]), f"{keywords} {problem}"
        dataset = items[int(number) - 1]
    return path, problem


@dataclass(eq=False, slots=True)
class RequirementNode(Node):
    """An attribute or item with what is asked of it.

    Parameters
    ----------
    path : str
        Keywords with item numbers; empty for what has none.
    problem : str
        What is wrong with it; empty if nothing is.
    is_missing : bool
        It should be there and is not.
    """

    path: str = ""
    need: Need = field(default_factory=Need)
    problem: str = ""
    is_missing: bool = False
    is_item: bool = False

    @property
    def mark(self) -> str:
        """What tells the judgement without a colour."""
        if self.problem:
            return "✕"
        return "✓" if self.need.words and not self.is_item else ""


class RequirementModel(DatasetModel):
    """Tag, name, VR, value, what is required, and whether it is met.

    A sequence of one item shows the item's attributes right below itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self._judged = Judged(None)
        self._only_problems = False
        self._above: frozenset[str] = frozenset()

    @property
    def judged(self) -> Judged:
        """What is shown."""
        return self._judged

    def show_judged(self, judged: Judged, *, only_problems: bool = False) -> None:
        """Show a data set with its problems, or only these."""
        self.beginResetModel()
        self._judged = judged
        self._only_problems = only_problems
        self._above = judged.above_problems
        self._root = RequirementNode(("", "", "", ""), source=judged.dataset)
        if judged.dataset is not None:
            self._root.pending = self.children_of(self._root)
            self._root.has_children = True
        self.endResetModel()
        if self.canFetchMore(_NO_INDEX):
            self.fetchMore(_NO_INDEX)

    def children_of(self, node: Node) -> Iterator[Node]:
        """Return a node's children; those that are missing stand where they would be."""
        path = node.path if isinstance(node, RequirementNode) else _ROOT_PATH
        source = node.source
        if isinstance(source, ItemSequence) and len(source) == 1:
            return self._attributes(source[0], f"{path}[1].")
        if isinstance(source, ItemSequence):
            return self._items(source, path)
        if source is None:
            return iter(())
        return self._attributes(source, f"{path}." if path else "")

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return 6."""
        del parent
        return 6

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heads."""
        if orientation != Qt.Orientation.Horizontal or section < REQUIRED:
            return super().headerData(section, orientation, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr("Required") if section == REQUIRED else "✓"
        if role == Qt.ItemDataRole.ToolTipRole and section == MARK:
            return texts.tooltip(self.tr("Whether the requirement is met"))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        node = self.node(index) if index.isValid() else None
        if not isinstance(node, RequirementNode):
            return None
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(node, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == MARK:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ToolTipRole and node.problem:
            return texts.tooltip(problem_words(node))
        if index.column() < REQUIRED:
            return super().data(index, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return node.need.words if index.column() == REQUIRED else node.mark
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return node.need.words if index.column() == REQUIRED else mark_words(node)
        return node if role == Qt.ItemDataRole.UserRole else None

    def _items(self, sequence: ItemSequence, path: str) -> Iterator[Node]:
        for number, item in enumerate(sequence, start=1):
            own_path = f"{path}[{number}]"
            if self._is_shown(own_path):
                name = QCoreApplication.translate("DatasetModel", "Item {0}").format(number)
                yield RequirementNode(
                    ("", name, "", ""),
                    source=item,
                    has_children=len(item) > 0,
                    path=own_path,
                    is_item=True,
                )

    def _attributes(self, dataset: Dataset, prefix: str) -> Iterator[Node]:
        tags = {*dataset.keys(), *self._missing(dataset, prefix)}
        for tag in sorted(tags):
            keyword = keyword_for_tag(tag)
            path = f"{prefix}{keyword}" if keyword else ""
            if self._is_shown(path):
                yield self._attribute(dataset, Tag(tag), path)

    def _attribute(self, dataset: Dataset, tag: BaseTag, path: str) -> RequirementNode:
        need = self._need(path)
        problem = self._judged.problems.get(path, "") if path else ""
        if tag not in dataset:
            return _missing_node(tag, path, need, problem)
        found = attribute_node(dataset, tag)
        return RequirementNode(
            _shown(found, problem),
            whole=found.whole,
            source=found.source,
            has_children=found.has_children,
            path=path,
            need=need,
            problem=problem,
        )

    def _is_shown(self, path: str) -> bool:
        if not self._only_problems:
            return True
        return path in self._judged.problems or path in self._above

    def _missing(self, dataset: Dataset, prefix: str) -> Iterable[int]:
        for path in self._judged.problems:
            if path.startswith(prefix) and "." not in path[len(prefix) :]:
                tag = tag_for_keyword(path[len(prefix) :])
                if tag is not None and tag not in dataset:
                    yield tag

    def _need(self, path: str) -> Need:
        rules = self._judged.rules
        return rules.need(path) if rules is not None and path else Need()


def problem_words(node: RequirementNode) -> str:
    """Return what is wrong with an attribute, with its name."""
    name = node.texts[NAME]
    return "\n".join(f"{name}: {problem}" for problem in node.problem.split("; "))


def mark_words(node: RequirementNode) -> str:
    """Return the judgement of an attribute in words."""
    if node.problem:
        return QCoreApplication.translate("RequirementModel", "not met: {0}").format(node.problem)
    if not node.mark:
        return ""
    return QCoreApplication.translate("RequirementModel", "met")


def _shown(found: Node, problem: str) -> tuple[str, str, str, str]:
    tag, name, vr, value = found.texts
    if problem and not value:
        value = QCoreApplication.translate("RequirementModel", "– no value")
    return tag, name, vr, value


def _missing_node(tag: BaseTag, path: str, need: Need, problem: str) -> RequirementNode:
    words = QCoreApplication.translate("RequirementModel", "– missing")
    shown = f"({tag.group:04X},{tag.element:04X})"
    return RequirementNode(
        (shown, dictionary_description(tag), dictionary_VR(tag), words),
        path=path,
        need=need,
        problem=problem,
        is_missing=True,
    )


def _colour(node: RequirementNode, column: int) -> QColor | None:
    theme = current_theme()
    if node.problem and (column in (VALUE, MARK) or node.is_missing):
        return QColor(theme.colour(Tone.FAULT))
    if column == MARK:
        return QColor(theme.colour(Tone.DONE))
    return QColor(theme.muted) if column in (TAG, VR, REQUIRED) or node.is_item else None

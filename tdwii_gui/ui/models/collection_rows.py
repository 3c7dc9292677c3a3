"""The collection of a step as rows: how much of each kind is here, and what is missing and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.related import Kind, kind_of
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.inputs import MissingInput

PHOTO: Final = "photo"
"""The key of the row of photographs, which are no inputs."""


class KindState(StrEnum):
    """How far a kind is."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    COMING = "coming"
    HERE = "here"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class KindRow:
    """The objects of one kind.

    Parameters
    ----------
    key : str
        A `Kind`, or `PHOTO`.
    here, expected : int
        How many are here, and how many there are to be, as far as is known.
    archives : str
        AE titles that the step names for them.
    reason : str
        Why any is missing; empty as long as that is not known.
    is_coming : bool
        Whether they are being retrieved.
    """

    key: str
    here: int
    expected: int
    archives: str = ""
    reason: str = ""
    is_coming: bool = False

    @property
    def state(self) -> KindState:
        """How far it is."""
        if not self.expected:
            return KindState.UNKNOWN
        if self.here >= self.expected:
            return KindState.HERE
        if self.is_coming:
            return KindState.COMING
        return KindState.MISSING if self.reason else KindState.WAITING


@dataclass(frozen=True, slots=True)
class MissingRow:
    """An object that could not be had.

    Parameters
    ----------
    is_required : bool
        Whether the step itself names it; else something that it names refers to it.
    """

    sop_instance_uid: str
    sop_class_uid: str
    archive: str
    reason: str
    is_required: bool

    @classmethod
    def of(cls, missing: MissingInput, *, is_required: bool) -> MissingRow:
        """Return the row of a missing object."""
        reference = missing.reference
        return cls(
            reference.sop_instance_uid,
            reference.sop_class_uid,
            reference.retrieve_ae_title,
            missing.reason,
            is_required,
        )

    @property
    def kind(self) -> Kind:
        """What it is."""
        return kind_of(self.sop_class_uid)


def kind_model() -> RowModel[KindRow]:
    """Return an empty model of kinds."""
    columns: list[Column[KindRow]] = [
        Column(_tr("Object"), lambda row: kind_words(row.key)),
        Column(_tr("State"), state_words, tone=_tone, tooltip=_tooltip),
        Column(
            _tr("Here"),
            counted,
            key=lambda row: row.here / max(row.expected, 1),
            right=True,
        ),
        Column(_tr("From, or why not"), _from_or_why, tooltip=_tooltip, tone=_why_tone, share=1),
    ]
    return RowModel(columns, key=lambda row: row.key)


def missing_model() -> RowModel[MissingRow]:
    """Return an empty model of missing objects."""
    columns: list[Column[MissingRow]] = [
        Column(_tr("Object"), lambda row: kind_words(row.kind)),
        Column(
            _tr("UID"),
            lambda row: texts.elided_uid(row.sop_instance_uid),
            tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
        ),
        Column(
            _tr("Named by"),
            lambda row: _tr("the step") if row.is_required else _tr("another object"),
        ),
        Column(
            _tr("Reason"),
            lambda row: f"✕ {texts.plain(row.reason)}",
            tooltip=lambda row: texts.tooltip(row.reason),
            tone=lambda row: Tone.FAULT if row.is_required else Tone.PROGRESS,
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.sop_instance_uid)


def kind_words(key: str) -> str:
    """Return what objects of a kind are called."""
    words = {
        Kind.PLAN.value: _tr("Plan"),
        Kind.RTBDI.value: _tr("Delivery instruction"),
        Kind.STRUCTURE_SET.value: _tr("Structure set"),
        Kind.IMAGE.value: _tr("Images"),
        Kind.DOSE.value: _tr("Dose"),
        Kind.RECORD.value: _tr("Treatment records"),
        PHOTO: _tr("Photo"),
    }
    return words.get(str(key), _tr("Other objects"))


def state_words(row: KindRow) -> str:
    """Return the state of a kind as glyph and word."""
    words = {
        KindState.UNKNOWN: "– " + _tr("None known"),
        KindState.WAITING: "○ " + _tr("Not here"),
        KindState.COMING: "↓ " + _tr("Coming"),
        KindState.HERE: "✓ " + _tr("Here"),
        KindState.MISSING: "✕ " + _tr("Missing"),
    }
    return words[row.state]


def counted(row: KindRow) -> str:
    """Return how many are here of how many, e.g. ``"30/30"``."""
    return f"{row.here}/{row.expected}" if row.expected else "–"


def _tone(row: KindRow) -> Tone:
    return {
        KindState.UNKNOWN: Tone.NEUTRAL,
        KindState.WAITING: Tone.ACCENT,
        KindState.COMING: Tone.PROGRESS,
        KindState.HERE: Tone.DONE,
        KindState.MISSING: Tone.FAULT,
    }[row.state]


def _from_or_why(row: KindRow) -> str:
    why = row.reason if row.state is KindState.MISSING else ""
    if why or row.archives or not row.expected:
        return texts.plain(why or row.archives) or "–"
    return _tr("by reference")


def _why_tone(row: KindRow) -> Tone | None:
    return Tone.FAULT if row.state is KindState.MISSING else None


def _tooltip(row: KindRow) -> str:
    if row.state is KindState.UNKNOWN:
        return texts.tooltip(_tr("Nothing that is here refers to one"))
    return texts.tooltip(row.reason or row.archives)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Collection", text)

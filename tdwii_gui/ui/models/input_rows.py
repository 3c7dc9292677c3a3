"""The inputs of a step as rows: what is expected, what is here, what is missing and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.uids import RT_BEAMS_DELIVERY_INSTRUCTION, uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.dicom.iod.references import InputReference


class InputState(StrEnum):
    """How far the inputs of a row are."""

    WAITING = "waiting"
    LATER = "later"
    HERE = "here"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class InputRow:
    """The inputs of one kind from one series.

    Parameters
    ----------
    key : str
        SOP Class, archive and series.
    sop_class_uid, archive : str
        What they are, and the AE from which they are retrieved.
    expected, here : int
        How many the step references, and how many of them are here.
    reason : str
        Why any is missing; empty as long as that is not known.
    """

    key: str
    sop_class_uid: str
    archive: str
    expected: int
    here: int = 0
    reason: str = ""

    @property
    def state(self) -> InputState:
        """How far the row is; the instruction comes with the claim (RO-61)."""
        if self.here >= self.expected:
            return InputState.HERE
        if self.reason:
            return InputState.MISSING
        if self.sop_class_uid == RT_BEAMS_DELIVERY_INSTRUCTION:
            return InputState.LATER
        return InputState.WAITING


class InputTally:
    """Counts a step's inputs as they come; plain data, for the GUI thread.

    Parameters
    ----------
    references : Iterable[InputReference]
        What the step references.
    fallback_ae : str
        The archive of references that name none.
    """

    def __init__(self, references: Iterable[InputReference], fallback_ae: str = "") -> None:
        self._key_of: dict[str, str] = {}
        self._here: set[str] = set()
        self._rows: dict[str, InputRow] = {}
        for reference in references:
            uid = reference.sop_instance_uid
            if uid in self._key_of:
                continue
            archive = reference.retrieve_ae_title or fallback_ae
            key = f"{reference.sop_class_uid}|{archive}|{reference.series_instance_uid}"
            self._key_of[uid] = key
            known = self._rows.get(key) or InputRow(key, reference.sop_class_uid, archive, 0)
            self._rows[key] = replace(known, expected=known.expected + 1)

    @property
    def rows(self) -> list[InputRow]:
        """The rows, in the order of the references."""
        return list(self._rows.values())

    @property
    def here(self) -> int:
        """How many instances are here."""
        return len(self._here)

    @property
    def expected(self) -> int:
        """How many instances are referenced."""
        return len(self._key_of)

    @property
    def missing(self) -> list[InputRow]:
        """The rows of which something could not be had."""
        return [row for row in self._rows.values() if row.state is InputState.MISSING]

    def receive(self, sop_instance_uid: str) -> InputRow | None:
        """Count an instance and return its row; None if it is none of these or here already."""
        key = self._key_of.get(sop_instance_uid)
        if key is None or sop_instance_uid in self._here:
            return None
        self._here.add(sop_instance_uid)
        row = self._rows[key]
        self._rows[key] = replace(row, here=row.here + 1)
        return self._rows[key]

    def settle(self, result: RetrievalResult) -> None:
        """Take over the outcome of a retrieval: what is here, what is missing, and why."""
        for uid in result.present:
            self.receive(uid)
        for missing in result.missing:
            key = self._key_of.get(missing.reference.sop_instance_uid)
            if key is not None:
                self._rows[key] = replace(self._rows[key], reason=missing.reason)

    def retry(self) -> None:
        """Forget the reasons: what is missing is asked for again."""
        self._rows = {key: replace(row, reason="") for key, row in self._rows.items()}


def kind_words(sop_class_uid: str) -> str:
    """Return what an instance is, e.g. ``"RT Plan"``."""
    name = uid_name(sop_class_uid).removesuffix(" Storage")
    return texts.plain(QCoreApplication.translate("SopClass", name), 60) if name else _tr("Unknown")


def state_words(row: InputRow) -> str:
    """Return the state of a row as glyph and word."""
    words = {
        InputState.WAITING: "○ " + _tr("Waiting"),
        InputState.LATER: "○ " + _tr("With the claim"),
        InputState.HERE: "✓ " + _tr("Here"),
        InputState.MISSING: "✕ " + _tr("Missing"),
    }
    return words[row.state]


def input_model() -> RowModel[InputRow]:
    """Return an empty model of inputs."""
    tones = {
        InputState.HERE: Tone.DONE,
        InputState.MISSING: Tone.FAULT,
        InputState.WAITING: Tone.ACCENT,
        InputState.LATER: Tone.NEUTRAL,
    }
    columns: list[Column[InputRow]] = [
        Column(_tr("State"), state_words, tone=lambda row: tones[row.state], share=2),
        Column(
            _tr("Object"),
            lambda row: kind_words(row.sop_class_uid),
            tooltip=lambda row: texts.tooltip(row.sop_class_uid),
            share=3,
        ),
        Column(
            _tr("Count"),
            lambda row: _tr("{0} of {1}").format(row.here, row.expected),
            key=lambda row: row.here / max(row.expected, 1),
            right=True,
            share=1,
        ),
        Column(_tr("From"), lambda row: texts.plain(row.archive) or "\u2013", share=1),
        Column(
            _tr("Reason"),
            lambda row: texts.plain(row.reason),
            tooltip=lambda row: texts.tooltip(row.reason),
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: row.key)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Inputs", text)

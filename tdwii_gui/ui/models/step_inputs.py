"""Which inputs of which steps are here, kept up as instances come; plain data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from tdwii_gui.ui.models.input_rows import InputState, InputTally
from tdwii_gui.ui.models.step_input_rows import StepInputRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.ui.models.input_rows import InputRow
    from tdwii_gui.ui.models.step_input_rows import StepReading


class StepInputs:
    """The inputs of the steps that a PPVS knows; for the GUI thread.

    Each change returns the rows that follow from it.
    """

    def __init__(self) -> None:
        self._rows: dict[str, StepInputRow] = {}
        self._tallies: dict[str, InputTally] = {}
        self._photos: dict[str, InputTally] = {}
        self._references: dict[str, tuple[InputReference, ...]] = {}
        self._steps_of: defaultdict[str, set[str]] = defaultdict(set)
        self._results: dict[str, RetrievalResult] = {}
        self._here: set[str] = set()

    def keep_only(self, uids: Iterable[str]) -> None:
        """Forget all steps but these."""
        for gone in self._rows.keys() - set(uids):
            del self._rows[gone]
            self._tallies.pop(gone, None)
            self._photos.pop(gone, None)
            for reference in self._references.pop(gone, ()):
                self._steps_of[reference.sop_instance_uid].discard(gone)

    def row(self, uid: str) -> StepInputRow | None:
        """Return the row of a step, or None."""
        return self._rows.get(uid)

    def kinds(self, uid: str) -> list[InputRow]:
        """Return what a step names, a row for each kind and series; photographs come last."""
        counted = (self._tallies.get(uid), self._photos.get(uid))
        return [row for tally in counted if tally for row in tally.rows]

    def here(self, uid: str) -> list[InputReference]:
        """Return what a step names, photographs included, and is here."""
        named = self._references.get(uid, ())
        return [reference for reference in named if reference.sop_instance_uid in self._here]

    def put(self, reading: StepReading) -> StepInputRow:
        """Take what was read of a step."""
        uid = reading.row.uid
        before = self._rows.get(uid)
        self._rows[uid] = replace(before, step=reading.row) if before else StepInputRow(reading.row)
        if reading.references is None:
            return self._rows[uid]
        named = (*reading.references, *reading.photos)
        if self._references.get(uid) != named:
            self._references[uid] = named
            self._tallies[uid] = InputTally(reading.references)
            self._photos[uid] = InputTally(reading.photos)
            for reference in named:
                self._steps_of[reference.sop_instance_uid].add(uid)
        for here in reading.here:
            self._receive(uid, here)
        # The outcome of a retrieval that began by itself may be known before the step is.
        result = self._results.pop(uid, None)
        if result is not None:
            self._tallies[uid].settle(result)
            self._here.update(result.present)
        return self._counted(uid)

    def receive(self, sop_instance_uid: str) -> list[StepInputRow]:
        """Count an instance that has come."""
        steps = self._steps_of.get(sop_instance_uid, set())
        return [self._counted(uid) for uid in steps if self._receive(uid, sop_instance_uid)]

    def begin(self, uid: str) -> StepInputRow | None:
        """Note that a step's inputs are asked for."""
        return self._retrieving(uid, is_so=True)

    def end(self, uid: str) -> StepInputRow | None:
        """Note that they are asked for no more."""
        return self._retrieving(uid, is_so=False)

    def settle(self, uid: str, result: RetrievalResult) -> StepInputRow | None:
        """Take over the outcome of a retrieval."""
        tally = self._tallies.get(uid)
        if tally is None:
            self._results[uid] = result
            return None
        tally.retry()
        tally.settle(result)
        self._here.update(result.present)
        return self._counted(uid)

    def _receive(self, uid: str, sop_instance_uid: str) -> bool:
        self._here.add(sop_instance_uid)
        counted = (self._tallies[uid], self._photos[uid])
        return any(tally.receive(sop_instance_uid) is not None for tally in counted)

    def _retrieving(self, uid: str, *, is_so: bool) -> StepInputRow | None:
        row = self._rows.get(uid)
        if row is None:
            return None
        self._rows[uid] = replace(row, is_retrieving=is_so)
        if is_so and uid in self._tallies:
            self._tallies[uid].retry()
        return self._counted(uid) if uid in self._tallies else self._rows[uid]

    def _counted(self, uid: str) -> StepInputRow:
        tally = self._tallies[uid]
        missing = [row for row in tally.rows if row.state is InputState.MISSING]
        self._rows[uid] = replace(
            self._rows[uid],
            here=tally.here,
            expected=tally.expected,
            missing=sum(row.expected - row.here for row in missing),
        )
        return self._rows[uid]

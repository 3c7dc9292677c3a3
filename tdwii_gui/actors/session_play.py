"""How a session delivers (RO-62): the engine plays, the journal and the TMS are told of it."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tdwii_gui.actors.delivery import Delivery, DeliveryPhase
from tdwii_gui.actors.delivery_options import DeliveryOptions
from tdwii_gui.actors.events import DeliveryProgressed
from tdwii_gui.actors.progress_updates import Note, ProgressUpdates
from tdwii_gui.actors.session_work import present
from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam, TerminationStatus
from tdwii_gui.dicom.store.session_entry import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.actors.session_work import SessionWork
    from tdwii_gui.dicom.iod.rtbdi import BeamTask


class SessionPlay:
    """Delivers what remains of a session, once or, after a stop, again.

    Parameters
    ----------
    work : SessionWork
        What it is about; its results grow.
    """

    def __init__(self, work: SessionWork) -> None:
        self._work = work
        self._speed = work.options.speed
        self._delivery: Delivery | None = None
        self._tasks: dict[int, BeamTask] = {}
        self._run = 0
        self._is_playing = False
        self._updates: ProgressUpdates | None = None
        self._begun: datetime | None = None
        self._start = 0.0
        self._going = threading.Event()
        self._going.set()

    @property
    def delivered(self) -> tuple[DeliveredBeam, ...]:
        """The beams that have ended, the last of them perhaps in part."""
        own = self._delivery.delivered if self._delivery is not None and self._is_playing else ()
        return (*self._work.results.beams, *own)

    @property
    def speed(self) -> float:
        """As of `TreatmentSession`."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        if self._delivery is not None:
            self._delivery.speed = speed

    def prepare(self) -> None:
        """Make the delivery of what remains.

        Raises
        ------
        DatasetError
            If the instruction cannot be delivered.
        """
        work = self._work
        instruction, group = present(work.instruction), present(work.group)
        tasks, options = work.remaining(), work.tdd.delivery_options
        if work.options.interruption is not None:
            fault = work.options.interruption.fault(group, tasks)
            options = DeliveryOptions(options.noise, options.seed, fault)
        self._delivery = Delivery(
            group, replace(instruction, tasks=tasks), work.options.clock, math.inf, options
        )
        self._delivery.speed = self._speed  # it may be changed at any time
        self._tasks = {task.beam_number: task for task in tasks}
        self._run = len(work.results.runs)

    def play(self) -> bool:
        """Play the beams, while not held; return whether all is delivered.

        Raises
        ------
        StoreError
            If the journal cannot be written: the beam is off then.
        """
        work, delivery = self._work, present(self._delivery)
        present(work.journal).note_stage(Stage.BEAM_ON)
        self.end_updates()
        updates = ProgressUpdates(f"{work.tdd.ae_title}-progress", self._keep, self._tell)
        self._updates = updates
        self._is_playing = True
        before = work.percent
        try:
            for progress in delivery.play():
                percent = 100 - (100 - before) * (100 - progress.percent) / 100
                self._take(replace(progress, percent=percent), updates)
                if updates.failure is not None:
                    delivery.stop(TerminationStatus.MACHINE)
                self._going.wait()
        finally:
            work.results.runs.append(tuple(delivery.delivered))
            self._is_playing = False
        updates.finish()
        is_whole = not work.remaining()
        present(work.journal).note_stage(Stage.DELIVERED if is_whole else Stage.STOPPED)
        return is_whole

    def hold(self) -> None:
        """Hold the beam at its next sample."""
        self._going.clear()

    def go_on(self) -> None:
        """Let the beam go on."""
        self._going.set()

    def stop(self, reason: TerminationStatus = TerminationStatus.OPERATOR) -> None:
        """End the delivery where it is."""
        if self._delivery is not None:
            self._delivery.stop(reason)
        self._going.set()

    def end_updates(self) -> None:
        """Tell the TMS nothing more of the progress."""
        updates, self._updates = self._updates, None
        if updates is not None:
            updates.close()

    def _take(self, progress: DeliveryProgress, updates: ProgressUpdates) -> None:
        work = self._work
        work.percent, work.beam_number = progress.percent, progress.beam_number
        work.tdd.emit(DeliveryProgressed(work.tdd.ae_title, work.uid, progress))
        if progress.phase is DeliveryPhase.BEAM_STARTED:
            self._begun, self._start = work.options.clock.now(), progress.delivered
        if progress.phase is not DeliveryPhase.POSITIONING:
            updates.add(Note(progress, self._delivered_by(progress)))

    def _delivered_by(self, progress: DeliveryProgress) -> DeliveredBeam | None:
        """Return what is delivered of the beam in progress; as long as it is on, UNKNOWN follows.

        So it is what is known of the beam if the program ends now.
        """
        ended = present(self._delivery).delivered
        if ended and ended[-1].beam_number == progress.beam_number:
            return ended[-1]
        if progress.delivered <= self._start:
            return None
        return DeliveredBeam(
            beam_number=progress.beam_number,
            started=present(self._begun),
            ended=self._work.options.clock.now(),
            start_meterset=self._start,
            end_meterset=progress.delivered,
            termination=TerminationStatus.UNKNOWN,
            delivery_type=self._tasks[progress.beam_number].delivery_type,
        )

    def _keep(self, notes: Sequence[Note]) -> None:
        last = notes[-1].progress
        beams = [(self._run, note.beam) for note in notes if note.beam is not None]
        present(self._work.journal).note_progress(last.percent, last.beam_number, *beams)

    def _tell(self, progress: DeliveryProgress) -> Future[int]:
        return self._work.tdd.update_progress(
            self._work.uid, progress.percent, progress.beam_number
        )

"""A switch by which recordings begin and end while actors run."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.net.tap import NOT_TAPPED
from tdwii_gui.recording.recorder import Recorder, log_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tdwii_gui.dicom.net.tap import Connection, ConnectionTap


def nobody() -> Mapping[str, str]:
    """Return the roles of no actors."""
    return {}


class RecordingSwitch:
    """Is told of all connections, and hands on those that are made while a recording runs.

    A connection that is open when a recording begins is not recorded: what was agreed on it is not
    known any more. One that is open when it ends is recorded until then.

    Attributes
    ----------
    actors : Callable[[], Mapping[str, str]]
        Returns role by AE title, for the recordings to come.
    """

    def __init__(self) -> None:
        self.actors: Callable[[], Mapping[str, str]] = nobody
        self._recorder: Recorder | None = None
        self._lock = Lock()

    @property
    def recorder(self) -> Recorder | None:
        """The recording that runs, or has ended by itself; None after `end`."""
        return self._recorder

    def begin(
        self, folder: Path, *, patient_data: bool = False, on_ended: Callable[[str], None] = log_end
    ) -> Recorder:
        """Begin a recording in a new folder below this one.

        Raises
        ------
        StoreError
            If it cannot be made, or a recording runs.
        """
        with self._lock:
            if self._recorder is not None:
                raise StoreError(f"{self._recorder.folder} is being recorded already")
            recorder = Recorder(
                folder, patient_data=patient_data, actors=self.actors(), on_ended=on_ended
            )
            recorder.start()
            self._recorder = recorder
            return recorder

    def end(self) -> Path | None:
        """End the recording; return its folder when all is written, None if there is none."""
        with self._lock:
            recorder, self._recorder = self._recorder, None
            return recorder.stop() if recorder is not None else None

    def connected(self, connection: Connection) -> ConnectionTap:
        """Return who is told what travels on a connection."""
        recorder = self._recorder
        return recorder.connected(connection) if recorder is not None else NOT_TAPPED

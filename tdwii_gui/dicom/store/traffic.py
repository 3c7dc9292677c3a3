"""Copies of all objects that come and go, for who has to find out what was really exchanged."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from pathlib import Path

LOGGER = logging.getLogger(__name__)

INCOMING: Final = "incoming"
OUTGOING: Final = "outgoing"

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9-]")
_TITLE_CHARACTERS: Final = 16
_DIGEST_CHARACTERS: Final = 32
_MEGABYTE: Final = 1_000_000


class TrafficFolder:
    """Keeps a file for each object that came or went, the oldest ones as long as there is room.

    A copy is for looking at: where it cannot be made, that is logged, and nothing else changes.
    It is a second name of the same file where the file system allows; none of them is written to
    any more.

    Parameters
    ----------
    folder : Path
        Where the folders `INCOMING` and `OUTGOING` are; readable by its owner alone.
    megabytes : int
        So much is kept of both together.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._most = megabytes * _MEGABYTE
        self._lock = Lock()
        self._number = 0
        self._kept: dict[Path, int] = {}
        self._size = 0
        with suppress(OSError):
            files = [path for path in folder.glob("*/*.dcm") if path.is_file()]
            for path in sorted(files, key=lambda path: path.name):
                self._count(path)

    def keep_incoming(self, file: Path, sop_instance_uid: str, ae_title: str) -> None:
        """Keep the file of what a peer has sent, stored or not."""
        self._keep(INCOMING, file, sop_instance_uid, ae_title)

    def keep_outgoing(self, file: Path, sop_instance_uid: str, ae_title: str) -> None:
        """Keep the file of what a peer was sent, taken or not."""
        self._keep(OUTGOING, file, sop_instance_uid, ae_title)

    def _keep(self, direction: str, file: Path, sop_instance_uid: str, ae_title: str) -> None:
        with self._lock:
            try:
                for folder in (self._folder, self._folder / direction):
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                path = self._folder / direction / self._name(sop_instance_uid, ae_title)
                _copy(file, path)
                self._count(path)
                self._make_room()
            except OSError as error:
                LOGGER.warning("no copy of %s traffic: %s", direction, error.strerror)

    def _count(self, path: Path) -> None:
        self._kept[path] = path.stat().st_size
        self._size += self._kept[path]

    def _name(self, sop_instance_uid: str, ae_title: str) -> str:
        """Return a file name: when, who, what; files are in their order by name."""
        self._number += 1
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        title = _NOT_IN_A_NAME.sub("_", ae_title)[:_TITLE_CHARACTERS]
        uid = sop_instance_uid
        if not is_valid_uid(uid):
            uid = hashlib.sha256(uid.encode()).hexdigest()[:_DIGEST_CHARACTERS]
        return f"{moment}_{self._number:06}_{title}_{uid}.dcm"

    def _make_room(self) -> None:
        """Remove the oldest copies; the newest stays, however long it is."""
        while self._size > self._most and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self._size -= self._kept.pop(oldest)
            oldest.unlink(missing_ok=True)


def _copy(file: Path, path: Path) -> None:
    """Give a file a second name, which costs nothing, or copy it where that cannot be."""
    try:
        os.link(file, path)
    except FileNotFoundError:
        raise
    except OSError:
        try:
            shutil.copyfile(file, path)
            path.chmod(0o600)
        except OSError:
            path.unlink(missing_ok=True)
            raise

"""Files below folders, and folders for people: objects put where `readable_path` says."""

from __future__ import annotations

import os
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from tdwii_gui.dicom.durable import sync_folder, write_temporary
from tdwii_gui.dicom.errors import ConfigError, StoreError
from tdwii_gui.dicom.iod.part10 import decode_part10
from tdwii_gui.dicom.iod.readable_path import readable_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Placed(StrEnum):
    """What became of an object that was to be put into a folder."""

    NEW = "new"
    PRESENT = "present"
    COLLISION = "collision"


def files_below(paths: Iterable[Path]) -> list[Path]:
    """Return files, and those of folders with all below them; a DICOMDIR holds no object.

    Raises
    ------
    ConfigError
        If there is none.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file() and p.name != "DICOMDIR")
        else:
            files.append(path)
    if not files:
        raise ConfigError("there is no file")
    return files


class PeopleFolders:
    """A folder in which objects are put where their data sets belong.

    Parameters
    ----------
    folder : Path
        The folder of the patients' folders.
    dry_run : bool
        Say what would happen, and write nothing.
    """

    def __init__(self, folder: Path, *, dry_run: bool = False) -> None:
        self.folder = folder
        self.dry_run = dry_run
        self._planned: dict[Path, bytes] = {}

    def put(self, data: bytes, source: str = "") -> tuple[Path, Placed]:
        """Put the bytes of a DICOM file in their place; a file that is there is never overwritten.

        Parameters
        ----------
        source : str
            Where the bytes come from, for messages.

        Raises
        ------
        DatasetError
            If they are no usable DICOM file.
        StoreError
            If it cannot be written.
        """
        target = self.folder / readable_path(decode_part10(data, source=source))
        try:
            if not target.exists() and self._is_new(target, data):
                return target, Placed.NEW
            same = sha256(data).digest() == (
                self._planned.get(target) or sha256(target.read_bytes()).digest()
            )
        except OSError as error:
            raise StoreError(f"{target}: cannot be written: {error.strerror}") from error
        return target, Placed.PRESENT if same else Placed.COLLISION

    def _is_new(self, target: Path, data: bytes) -> bool:
        """Write a file, or note that it would be; return False if its place is taken."""
        if self.dry_run:
            digest = sha256(data).digest()
            is_new = target not in self._planned
            self._planned.setdefault(target, digest)
            return is_new
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = write_temporary(target.parent, data)
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        sync_folder(target.parent)
        return True

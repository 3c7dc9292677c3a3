"""The files of an instance store: how they come to their place, and go."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tdwii_gui.dicom.durable import TEMPORARY_SUFFIX, sync_folder
from tdwii_gui.dicom.errors import DatasetError, StoreError
from tdwii_gui.dicom.iod.part10 import read_part10

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tdwii_gui.dicom.store.arriving_instance import ArrivingInstance


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone can read, and that survives a power loss."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync_folder(folder.parent)


class Placement:
    """A temporary file on its way to its final name, as a context manager.

    On entry it gets that name besides its own, if no other file has it; `complete` gives it the
    name in any case. The name is taken back without that, or at an exception: the file that had
    it has it again.

    Parameters
    ----------
    temporary : ArrivingInstance
        Is finished, and so on the disk, as soon as its name is final.
    """

    def __init__(self, temporary: ArrivingInstance, final: Path) -> None:
        self._temporary = temporary
        self._final = final
        self._own = temporary.path.stat()
        self._former: Path | None = None
        self._completed = False

    def __enter__(self) -> Self:
        try:
            os.link(self._temporary.path, self._final)
        except OSError:
            # There is another file, or the file system has no links: then `complete` does it.
            return self
        try:
            self._finish()
        except OSError:
            self._take_back()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if error is not None or not self._completed:
            self._take_back()
        elif self._former is not None:
            self._former.unlink(missing_ok=True)

    def complete(self) -> None:
        """Have the file under its final name, instead of another."""
        self._completed = True
        if self.has(self._final):
            return
        path = self._temporary.path
        self._temporary.finish()
        former = path.with_name(f"{path.stem}.former{TEMPORARY_SUFFIX}")
        with suppress(OSError):  # there is none, or the file system has no links
            os.link(self._final, former)
            self._former = former
        path.replace(self._final)
        sync_folder(self._final.parent)

    def _finish(self) -> None:
        self._temporary.finish()
        # On Linux, what has a file written (fsync) has its new names written too: ext4, XFS, Btrfs
        # and F2FS see to it. That saves a second wait for the disk.
        if sys.platform != "linux":
            sync_folder(self._final.parent)

    def has(self, path: Path) -> bool:
        """Return whether a name is of this very file."""
        try:
            return os.path.samestat(self._own, path.stat())
        except FileNotFoundError:
            return False

    def _take_back(self) -> None:
        if not self.has(self._final):
            return
        with suppress(OSError):
            if self._former is not None:
                self._former.replace(self._final)
            else:
                self._final.unlink(missing_ok=True)


def same_content(one: Path, other: Path) -> bool:
    """Return whether two files hold the same values.

    They may differ in their transfer syntax, or in the lengths of sequences.
    """
    try:
        return bool(read_part10(one) == read_part10(other))
    except DatasetError:
        return False


def unlink(path: Path) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    StoreError
        If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be removed: {error.strerror}") from error

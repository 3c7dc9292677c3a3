"""A file that one process at a time may hold."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class ProcessLock:
    """Held from construction to `release`, or until the process ends, however it ends.

    Parameters
    ----------
    path : Path
        The lock's file, which stays; it holds the number of the last process that had it.

    Raises
    ------
    StoreError
        If another process holds it, with that one's number, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or 'cannot be opened'}") from error
        try:
            _try_lock(self._descriptor)
        except OSError as error:
            holder = ""
            with suppress(OSError):
                holder = os.read(self._descriptor, 20).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreError(
                f"{path}: in use by process {holder or 'unknown'}; each needs a folder of its own"
            ) from error
        with suppress(OSError):  # a full disk must not keep the lock from its purpose
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock of a file; not if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or 'cannot be opened'}") from error
    try:
        _try_lock(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False

"""An instance on its way into the store: its file grows under a temporary name as data comes."""

from __future__ import annotations

import mmap
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.durable import TEMPORARY_SUFFIX
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_content import read_content

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tdwii_gui.dicom.store.instance_content import Content

_FLAGS: Final = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def temporary_name(process: str) -> str:
    """Return a name for a file that a process is writing."""
    return f".{process}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"


def writing_process(name: str) -> str:
    """Return which process writes, or wrote, a temporary file."""
    return name.split(".")[1]


class ArrivingInstance:
    """The file of an instance that is being received.

    Nothing fails before `finish`: until then what cannot be written is dropped, so that who sends
    it can be told.

    Parameters
    ----------
    folder : Path
        Where its file will be. The folder is there.
    process : str
        The process that writes.
    uid : str
        The SOP Instance UID that was announced; it may be none.
    source_ae : str
        Who sends it.

    Attributes
    ----------
    path : Path
        The temporary file; gone after `discard`.
    size : int
        Bytes that were given, with the file meta information.
    """

    def __init__(self, folder: Path, process: str, uid: str, source_ae: str = "") -> None:
        self.path = folder / temporary_name(process)
        self.uid = uid
        self.source_ae = source_ae
        self.size = self._head_size = 0
        self._digest = sha256()
        self._lock = Lock()
        self._error: OSError | None = None
        self._descriptor = -1
        try:
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
        except OSError as error:
            self._error = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.discard()

    @property
    def is_whole(self) -> bool:
        """Whether all that came is in the file."""
        return self._descriptor >= 0 and self._error is None

    @property
    def digest(self) -> str:
        """SHA-256 of the data set that came, written or not."""
        return self._digest.hexdigest()

    def begin(self, head: bytes) -> None:
        """Write what is before the data set: preamble and file meta information."""
        self._put(head)
        self._head_size = self.size

    def write(self, data: bytes | memoryview) -> None:
        """Write a part of the data set."""
        self._digest.update(data)
        self._put(data)

    def content(self) -> Content:
        """Return what the index keeps of it, now that all is there.

        Raises
        ------
        OSError
            If it could not be written.
        DimseStatusError
            See `read_content`.
        """
        self._check()
        if self.size == self._head_size:
            raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no data set")
        mapped = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
        # Where this fails, the traceback holds parts of the map, which goes with it.
        content = read_content(memoryview(mapped), self.source_ae, self.digest)
        with suppress(BufferError):
            mapped.close()
        return content

    def finish(self) -> None:
        """Have it on the disk.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._check()
        os.fsync(self._descriptor)
        self._close()

    def discard(self) -> None:
        """Remove the temporary file; what still comes is dropped."""
        self._close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _put(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        with self._lock:
            if self._descriptor < 0 or self._error is not None:
                return
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError as error:
                self._error = error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self._descriptor < 0:
            raise FileNotFoundError("was discarded")

    def _close(self) -> None:
        with self._lock:
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)

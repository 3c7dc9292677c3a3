"""A connection that is closed when it ends, whoever ended it."""

from __future__ import annotations

from contextlib import suppress

from pynetdicom.transport import AssociationSocket


class ClosingSocket(AssociationSocket):
    """Is closed even if there is no peer any more.

    WORKAROUND for pynetdicom 3.0: it leaves a connection open that could not be made, or that the
    peer has broken off, until Python happens to collect it.
    """

    def _shutdown_socket(self) -> None:
        connection = self.socket
        super()._shutdown_socket()
        if connection is not None:
            with suppress(OSError):
                connection.close()

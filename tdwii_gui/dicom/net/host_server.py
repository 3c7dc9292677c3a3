"""The listening socket of a host, and the connections that peers make to it."""

from __future__ import annotations

from socketserver import BaseServer
from threading import Condition
from typing import TYPE_CHECKING, Any

from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from tdwii_gui.dicom.net.accepted_association import AcceptedAssociation

if TYPE_CHECKING:
    from pynetdicom.association import Association


class SharedContexts(list[PresentationContext]):
    """Presentation contexts that are read only, and so need no copy for each association."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> SharedContexts:
        return self


class RunningRequests:
    """Counts the requests that are being answered, from their arrival until the response is queued.

    What is queued leaves before an A-ABORT that is queued after it.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        """Wait until no request is being answered; return whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


class AcceptedRequest(RequestHandler):
    """A new connection."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        # pynetdicom has no parameter for the class of the association.
        association.__class__ = AcceptedAssociation
        return association


class HostServer(ThreadedAssociationServer):
    """A listening socket and its associations."""

    # These threads only begin an association: the end of listening waits for them.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.requests = RunningRequests()
        super().__init__(*arguments, **options)

    def service_actions(self) -> None:
        """Do nothing between requests.

        pynetdicom collects all of Python's garbage here, every few seconds and for each server:
        that halts the whole process, and it destroys widgets on a network thread.
        """

    def shutdown(self) -> None:
        """End listening; `serve_forever` returns."""
        # Not pynetdicom's, which takes for granted that AE.start_server() made the server.
        BaseServer.shutdown(self)
        self.server_close()

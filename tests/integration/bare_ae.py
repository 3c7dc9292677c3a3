"""The beginning and the end of a bare pynetdicom AE that serves."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pynetdicom.transport import ThreadedAssociationServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynetdicom import AE
    from pynetdicom.events import EventHandlerType

SECONDS: Final = 10.0


def serve(ae: AE, handlers: list[EventHandlerType]) -> ThreadedAssociationServer:
    """Have an AE listen on a free port."""
    server = ae.make_server(
        ("127.0.0.1", 0), evt_handlers=handlers, server_class=ThreadedAssociationServer
    )
    ae._servers.append(server)  # as start_server() does, which polls slowly
    polling = {"poll_interval": 0.01}
    threading.Thread(target=server.serve_forever, kwargs=polling, daemon=True).start()
    return server


@contextmanager
def served(ae: AE, handlers: list[EventHandlerType]) -> Iterator[int]:
    """Have an AE listen; return its port."""
    server = serve(ae, handlers)
    try:
        yield server.server_address[1]
    finally:
        shut_down(ae)


def shut_down(ae: AE) -> None:
    """Stop serving: nobody is accepted any more, and each association ends.

    An abort before an association is established, or in the middle of a release or rejection,
    raises in pynetdicom's thread; so these are waited for.
    """
    for server in list(ae._servers):
        server.shutdown()
        deadline = time.monotonic() + SECONDS
        for association in server.active_associations:
            # It is listed before it runs.
            while association.ident is None or association.is_alive():
                if association.is_established:
                    association.abort()
                assert time.monotonic() < deadline, "an association does not end"
                time.sleep(0.001)

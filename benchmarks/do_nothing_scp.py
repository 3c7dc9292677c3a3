"""A UPS SCP of plain pynetdicom whose handlers do nothing: the floor of a TMS on it.

``python -m benchmarks.do_nothing_scp PORT`` answers N-CREATE, N-SET and N-ACTION by success, and
each C-FIND by the same ten matches.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from pynetdicom import AE, UnifiedProcedurePresentationContexts, evt

from benchmarks.worklist_content import MATCHES, attribute_list

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE_SECONDS: Final = 600


def main(port: int) -> None:
    """Serve until the process is ended."""
    match = attribute_list()

    def find(event: evt.Event) -> Iterator[tuple[int, Any]]:
        len(event.identifier)
        for _ in range(MATCHES):
            yield 0xFF00, match

    ae = AE("NOTHING")
    ae.network_timeout = _IDLE_SECONDS
    for context in UnifiedProcedurePresentationContexts:
        ae.add_supported_context(str(context.abstract_syntax), context.transfer_syntax)
    handlers: list[evt.EventHandlerType] = [
        (evt.EVT_C_FIND, find),
        (evt.EVT_N_CREATE, lambda event: (0 * len(event.attribute_list), None)),
        (evt.EVT_N_SET, lambda event: (0 * len(event.modification_list), None)),
        (evt.EVT_N_ACTION, lambda event: (0 * len(event.action_information), None)),
    ]
    ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]))

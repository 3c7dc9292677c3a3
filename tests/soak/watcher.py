"""A subscriber that keeps all that it is told, in the order in which it came."""

from __future__ import annotations

import threading

from pynetdicom import AE, build_context, evt

from tdwii_gui.dicom.uids import UPS_EVENT
from tests.integration.bare_ae import serve

_STATE, _PROGRESS = 1, 3


class Watcher:
    """An AE that receives events, as a context manager."""

    def __init__(self, ae_title: str) -> None:
        self.ae_title = ae_title
        self.heard: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        context = build_context(UPS_EVENT)
        context.scu_role = context.scp_role = True
        self._ae = AE(ae_title)
        self._ae.supported_contexts = [context]
        self.port = 0

    def __enter__(self) -> Watcher:
        server = serve(self._ae, [(evt.EVT_N_EVENT_REPORT, self._hear)])
        self.port = server.server_address[1]
        return self

    def __exit__(self, *_error: object) -> None:
        self._ae.shutdown()

    def wait_for(self, operations: set[tuple[str, str]], seconds: float) -> None:
        """Wait until all of these were heard of."""
        with self._changed:
            self._changed.wait_for(lambda: operations <= set(self.heard), seconds)
            missing = operations - set(self.heard)
        assert not missing, f"{self.ae_title} never heard of {sorted(missing)[:5]}"

    def _hear(self, event: evt.Event) -> tuple[int, None]:
        uid = str(event.request.AffectedSOPInstanceUID)
        information = event.event_information
        if event.event_type == _STATE:
            what = str(information.ProcedureStepState)
        elif event.event_type == _PROGRESS:
            what = str(
                information.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress
            )
        else:
            return 0, None
        with self._changed:
            self.heard.append((uid, what))
            self._changed.notify_all()
        return 0, None

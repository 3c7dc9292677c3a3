"""Queries over an association that this program requests: C-FIND (PS3.7 9.1.2)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import AssociationError
from tdwii_gui.dicom.net.exchange import Request, counted
from tdwii_gui.dicom.net.session import Outcome, Session
from tdwii_gui.dicom.status import is_pending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataset import Dataset

_CANCEL_SECONDS: Final = 5
"""So long a peer may take to heed a C-CANCEL (PS3.7 9.3.2.3), within its time limit."""


class QueryingSession(Session):
    """An association on which something is looked for."""

    def _find(self, identifier: Dataset, model: str) -> Iterator[Dataset]:
        """Send a C-FIND; a consumer that stops early cancels it."""
        request = Request("C-FIND", model, dataset=identifier)
        started = time.perf_counter()
        count = 0
        final: Dataset | None = None
        comment = ""
        try:
            message_id = self._next_message_id()
            association = self._established()
            responses = association.send_c_find(identifier, model, msg_id=message_id)
            self.operation.begin(association, message_id, model)
            for command, found in responses:
                if "Status" not in command:
                    raise self._lost()
                self._answered()
                if not is_pending(command.Status):
                    final = command
                    continue
                self.operation.goes_on()
                if found is not None:
                    count += 1
                    yield found
        except AssociationError as error:
            comment = str(error)
            raise
        except GeneratorExit:
            self.cancel()
            final = self._final_after_cancel(responses)
            comment = "" if final is not None else "no end after C-CANCEL"
            raise
        finally:
            self.operation.end()
            self._resume_reactor()
            detail = counted(count, "match", "matches")
            self._record(request, started, Outcome(final, comment=comment, detail=detail))
        if final is not None:
            self._check(request, final)

    def _final_after_cancel(
        self, responses: Iterable[tuple[Dataset, Dataset | None]]
    ) -> Dataset | None:
        """Return the final response; a peer that goes on with matches is aborted."""
        last_moment = time.monotonic() + min(_CANCEL_SECONDS, self.local.timeouts.dimse)
        for command, _ in responses:
            if "Status" not in command:
                break
            if not is_pending(command.Status):
                return command
            if time.monotonic() > last_moment:
                self.abort()
                break
        return None

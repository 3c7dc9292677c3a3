"""The end of a bare pynetdicom AE that serves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pynetdicom import AE

SECONDS: Final = 10.0


def shut_down(ae: AE) -> None:
    """Stop serving, once the associations that are about to end have ended.

    An abort in the middle of a release or rejection raises in pynetdicom's thread.
    """
    for association in ae.active_associations:
        # It is listed before it runs, and cannot be joined until then.
        while association.ident is None:
            time.sleep(0.001)
        if not association.is_established:
            association.join(SECONDS)
    ae.shutdown()

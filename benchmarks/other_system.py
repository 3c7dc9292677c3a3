"""Another system in a process of its own, which reports progress to the suite's TMS.

``python -m benchmarks.other_system PORT UPDATES RATE`` creates steps, claims them, and sends
UPDATES progress updates (N-SET), RATE of them in a second.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from benchmarks.material import many_steps
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_create import as_attribute_list
from tdwii_gui.dicom.iod.ups_update import change_state, progress_update
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.uids import new_uid

STEPS: Final = 5


def main(port: int, updates: int, rate: float) -> None:
    """Create, claim, and report."""
    claims = {new_uid(): new_uid() for _ in range(STEPS)}
    with UpsScu(LocalAe("OTHER"), ApplicationEntity("TMS", "127.0.0.1", port)) as scu:
        for (uid, transaction_uid), step in zip(claims.items(), many_steps(STEPS), strict=True):
            scu.n_create(uid, as_attribute_list(step))
            scu.change_state(uid, change_state(ProcedureStepState.IN_PROGRESS, transaction_uid))
        begin = time.monotonic()
        for number in range(updates):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            uid = [*claims][number % STEPS]
            percent = 100 * number / updates
            update = progress_update(claims[uid], percent, beam_number=1 + number % 3)
            scu.n_set(uid, update)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

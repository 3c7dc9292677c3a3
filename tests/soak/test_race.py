"""Of 32 devices that claim the same step at the same moment, exactly one gets it (RO-60)."""

from __future__ import annotations

import pytest

from tests.soak.lengths import rounds
from tests.soak.race import race

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


def test_one_of_32_devices_gets_the_step(tdwii) -> None:
    tdwii.serve("tms", "--headless")
    race([("TMS", tdwii.ports["TMS"])], rounds(10, 200))

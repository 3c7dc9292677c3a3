"""What is said of foreign systems, each of which stands for what it does wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.judging.judge import judge
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.recording.reading import Recording

    Faults = frozenset[str]
    Verdicts = dict[str, Verdict]


def verdicts_on(
    titles: Mapping[Faults, str], role: str, recording: Recording
) -> dict[Faults, Verdicts]:
    """Return the verdicts on the systems of AE titles, by faults and requirement."""
    roles = dict.fromkeys(titles.values(), role)
    found = judge(recording, roles, recorded=recording.info["actors"])
    return {
        faults: {one.requirement.key: one for one in found if one.ae_title == ae_title}
        for faults, ae_title in titles.items()
    }


def assert_violates(found: Verdicts, faults: Faults, *, besides: Faults = frozenset()) -> None:
    """Assert that a system does not meet these requirements alone, and messages prove it."""
    failed = {key: one.words for key, one in found.items() if one.outcome is Outcome.NOT_MET}
    assert set(failed) == faults | besides, failed
    assert all(found[fault].messages for fault in faults)

"""The reference of what can be judged, in Markdown."""

from __future__ import annotations

from typing import Final

from tdwii_gui.judging.judge import REQUIREMENTS

_HEAD: Final = """# What is judged

`tdwii judge RECORDING --role AE=tdd` reads a recording (`--record DIR` of every command) and says
of each requirement below whether the system has met it, has not, or was not seen in a situation
that tells; the messages that prove it are named by their numbers in the recording.
`tdwii run SCENARIO --external TDD=AE@host:port` does so at its end. A recording with pseudonyms is
judged as one with patient data. Only what can be seen on the wire is judged: what a system shows to
people, or how it treats, is not. This page is made by `tdwii judge --markdown`.
"""
_TITLES: Final = {
    "tdd": "Treatment Delivery Device",
    "tms": "Treatment Management System",
    "ost": "Object Storage",
}


def requirements_reference() -> str:
    """Return the page."""
    blocks = [_HEAD]
    for role, requirements in REQUIREMENTS.items():
        blocks.append(f"## {_TITLES[role]} (`{role}`)\n")
        rows = [
            f"| `{one.key}` | {one.transaction} | {one.text} | {one.clause} |"
            for one in requirements
        ]
        head = ["| requirement | transaction | what is required | clause |", "| --- " * 4 + "|"]
        blocks.append("\n".join([*head, *rows]) + "\n")
    return "\n".join(blocks)

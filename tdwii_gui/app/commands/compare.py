"""`tdwii compare`: in what two runs differ, by transaction, status and attribute."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.console import say, say_json, say_table
from tdwii_gui.app.options import add_common_options
from tdwii_gui.evidence.comparison import compare
from tdwii_gui.evidence.markup import plain, shortened
from tdwii_gui.recording.reading import Recording, find_recording

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.evidence.comparison import Comparison, Difference

EQUAL, DIFFERENT = 0, 1

_LONGEST_VALUE: Final = 60


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.description = (
        "Compare two evidence packs or recordings. UIDs and times differ from run to run and are "
        "mapped; exit code 0 if there is no other difference, 1 if there is."
    )
    for name in ("A", "B"):
        parser.add_argument(name, type=Path, help="folder of an evidence pack or of a recording")
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the differences."""
    first, second = (Recording(find_recording(path)) for path in (options.A, options.B))
    comparison = compare(first, second)
    if options.json:
        say_json({"equal": comparison.equal, **asdict(comparison)})
    else:
        _print(comparison, first, second)
    return EQUAL if comparison.equal else DIFFERENT


def _print(comparison: Comparison, first: Recording, second: Recording) -> None:
    say(f"A  {first.folder}: {len(first.messages):,} messages")
    say(f"B  {second.folder}: {len(second.messages):,} messages")
    say("")
    say_table(
        ("TRANSACTION", "A", "B", "DIFFERENCES"),
        [
            (one.transaction or "others", one.first, one.second, one.differences or "none")
            for one in comparison.transactions
        ],
    )
    shown = ""
    for difference in comparison.differences:
        where = " ".join(filter(None, (difference.transaction, plain(difference.exchange))))
        if where != shown:
            say("")
            say(where)
            shown = where
        say(f"  {_words(difference)}")
    left_out = comparison.count - len(comparison.differences)
    if left_out:
        say(f"and {left_out:,} more")
    say("")
    say("equal" if comparison.equal else "different")


def _words(difference: Difference) -> str:
    messages = (difference.first_message, difference.second_message)
    where = [f"{side} #{number}" for side, number in zip("AB", messages, strict=True) if number]
    what = " ".join(filter(None, (difference.part, difference.path or str(difference.kind))))
    values = (shortened(plain(one), _LONGEST_VALUE) or "empty" for one in _values(difference))
    messages_told = f" ({', '.join(where)})" if where else ""
    return f"{what}: {' / '.join(values)}{messages_told}"


def _values(difference: Difference) -> tuple[str, str]:
    return difference.first, difference.second

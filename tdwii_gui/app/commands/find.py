"""`tdwii find` and `tdwii db`: query a peer or the local index, and go on with the results."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import say, say_json
from tdwii_gui.app.options import add_calling_option, add_common_options, context
from tdwii_gui.app.tools.answers import say_answers
from tdwii_gui.app.tools.found import Found
from tdwii_gui.app.tools.query import add_query_options, query
from tdwii_gui.app.tools.receiver import add_receiver_options
from tdwii_gui.app.tools.sources import add_index_option, local_index, peer_source
from tdwii_gui.app.tools.steps import add_chain_option, chain, follow

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.query import Query
    from tdwii_gui.app.tools.sources import IndexSource, Source
    from tdwii_gui.app.tools.steps import Link


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the options."""
    if command == "find":
        parser.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")
    else:
        parser.add_argument("--files", action="store_true", help="print the objects' files alone")
    add_query_options(parser)
    add_chain_option(parser)
    parser.add_argument("--json", action="store_true", help="print DICOM JSON")
    add_index_option(parser)
    add_receiver_options(parser)
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Query, print the answers as they come, and do what follows."""
    given = context(options)
    wanted = query(options)
    links = chain(options)
    if options.command == "find":
        return _find(peer_source(options, given), wanted, links, options, given)
    with local_index(options, given) as index:
        if options.files:
            return _say_files(index, wanted)
        return _find(index, wanted, links, options, given)


def _find(
    source: Source,
    wanted: Query,
    links: list[Link],
    options: argparse.Namespace,
    given: Context,
) -> int:
    kept: list[Dataset] = []
    # An error, as of a closed output, may outlive its handling; the query does not.
    with closing(source.find([wanted.identifier], wanted.root)) as answers:
        if not links:
            say_answers(answers, wanted, as_json=options.json)
            return 0
        if options.json:
            kept.extend(answers)
        else:
            say_answers(_keeping(answers, kept), wanted, as_json=False)
    values: list[Any] = []
    code = 0
    if kept:
        values, code = follow(links, Found(source, wanted.level, wanted.root, kept), given)
    if options.json:
        found = {"step": options.command, "result": [one.to_json_dict() for one in kept]}
        say_json([found, *values])
    return code


def _keeping(answers: Iterable[Dataset], kept: list[Dataset]) -> Iterator[Dataset]:
    for answer in answers:
        kept.append(answer)
        yield answer


def _say_files(index: IndexSource, wanted: Query) -> int:
    found = Found(
        index, wanted.level, wanted.root, list(index.find([wanted.identifier], wanted.root))
    )
    for instance in index.instances(found.identifiers(), wanted.root):
        say(str(instance.path))
    return 0

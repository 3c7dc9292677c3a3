"""The tools on dcmqrscp, which answers hierarchical queries and counts nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine, free_ports
from tests.interop.peers import dcmqrscp

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

NUMBER = len(list(resource_path("demo_patient").rglob("*.dcm")))


@pytest.fixture
def tools(tdwii: CommandLine) -> Iterator[CommandLine]:
    tdwii.add_entity("TDWII", free_ports(1)[0])
    with dcmqrscp(tdwii.ports) as archive:
        tdwii.add_entity("DCMQRSCP", archive.port)
        yield tdwii


def test_what_is_pushed_is_found_moved_got_and_complete(tools: CommandLine) -> None:
    pushed = tools.done("push", "DCMQRSCP", resource_path("demo_patient"), "--json")
    assert json.loads(pushed)["stored"] == NUMBER
    for step in ("move", "get"):
        steps = ("--then", step, "--then", "status", "--index", tools.folder / step)
        out = tools.done("find", "DCMQRSCP", "--level", "PATIENT", "--json", *steps)
        _, retrieved, status = json.loads(out)
        assert retrieved["result"]["completed"] == NUMBER
        assert sum(row["present"] for row in status["result"]) == NUMBER
    rows = json.loads(tools.done("report", "DCMQRSCP", "--json"))
    assert {row["objects"] for row in rows} == {None}, "it does not count, and zero were a lie"

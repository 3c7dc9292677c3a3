"""The README's tables of peers: each cell is a test that exists, or says why there is none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "interop"
HEADING = "## Archives and clients of others\n"
LINK = re.compile(r"\[`(test_\w+)(?:\[(\w+)\])?`\]\(tests/interop/(test_\w+\.py)\)")
# The files that have nothing but cells.
ALL_CELLS = ("test_our_clients.py", "test_orthanc_against_our_ost.py")


def section() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.partition(HEADING)[2].partition("\n## ")[0]


def rows() -> list[list[str]]:
    """Return the cells of each row, without those of the headings."""
    lines = [line for line in section().splitlines() if line.startswith("| ") and "---" not in line]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0]]


def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return {name for name in names if name.startswith("test_")}


def test_each_test_of_the_table_exists() -> None:
    named = LINK.findall(section())
    assert len(named) > 25
    for name, peer, file in named:
        assert name in names_in(file), (name, file)
        text = (TESTS / file).read_text(encoding="utf-8")
        assert "pytestmark = pytest.mark.interop" in text
        assert not peer or f'"{peer}"' in text, (peer, file)


def test_each_cell_is_a_test_or_says_why_there_is_none() -> None:
    assert len(rows()) == 12
    for service, *cells in rows():
        assert len(cells) == 3, service
        for cell in cells:
            assert LINK.fullmatch(cell) or "`" not in cell, cell
            assert cell, service


def test_no_cell_is_left_out() -> None:
    named = {(file, name) for name, _, file in LINK.findall(section())}
    for file in ALL_CELLS:
        assert {(file, name) for name in names_in(file)} <= named, file

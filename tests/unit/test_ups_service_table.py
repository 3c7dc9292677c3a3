"""The table of the UPS service names tests that exist, and all of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "ups_service.md"
TESTS = ROOT / "tests" / "integration" / "net" / "ups"


def named() -> set[str]:
    return set(re.findall(r"`(test_\w+\.py::test_\w+)`", TABLE.read_text(encoding="utf-8")))


def present() -> set[str]:
    return {
        f"{path.name}::{node.name}"
        for path in TESTS.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_test_of_the_table_exists() -> None:
    assert len(named()) > 80
    assert named() - present() == set()


def test_each_test_is_in_the_table() -> None:
    assert present() - named() == set()


def test_each_rule_has_a_test() -> None:
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        is_rule = line.startswith("| ") and len(cells) == 3 and cells[-1] not in ("Test", "")
        assert not is_rule or cells[-1].startswith("`test_"), line

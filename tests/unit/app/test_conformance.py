"""The conformance documents are up to date, and say of the actors what their code says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.suite import Role
from tdwii_gui.actors.transactions import TRANSACTIONS
from tdwii_gui.app.cli import main
from tdwii_gui.app.commands.conformance import DOCUMENTS
from tdwii_gui.app.conformance.created_objects import created_attributes
from tdwii_gui.app.conformance.emulated import emulated_actors
from tdwii_gui.app.conformance.markdown import Document, table
from tdwii_gui.dicom.iod.requirement_table import mpps_requirements, ups_requirements
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
MODULES = {role: f"tdwii_gui.actors.{role}" for role in Role} | {
    Role.CREATOR: "tdwii_gui.actors.rtbdi_creator"
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder to which the command has written."""
    folder = tmp_path_factory.mktemp("documents") / "new"
    assert main(["conformance", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def statement(written: Path) -> str:
    return (written / "conformance_statement.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_up_to_date(name: str, written: Path) -> None:
    kept = (ROOT / "docs" / name).read_bytes()
    assert (written / name).read_bytes() == kept, "run: tdwii conformance --out docs"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_says_that_it_is_an_emulator(name: str, written: Path) -> None:
    assert "Emulator - not for clinical use" in (written / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str, written: Path) -> None:
    text = (written / name).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    links = set(re.findall(r"\]\(#([^)]*)\)", text)) | set(
        re.findall(r"^\[.*\]: #(.*)$", text, re.M)
    )
    assert len(links) > 3
    assert links <= anchors
    named = set(re.findall(r"\[([^\]]+)\](?!\(|:)", text.replace("[Selection Value 1]", "")))
    assert named <= set(re.findall(r"^\[(.*)\]: ", text, re.M))
    for file in re.findall(r"\]\((\w+\.md)\)", text):
        assert (ROOT / "docs" / file).is_file()


def test_all_attributes_and_statuses_are_there(statement: str) -> None:
    for table_rows in (ups_requirements().top_level, mpps_requirements()):
        assert table_rows
        for row in table_rows:
            assert f" {row.keyword} | {str(row.tag).replace(', ', ',')} | {row.vr} |" in statement
    for status in Status:
        assert f"| {status.value:04X}H |" in statement


def test_the_sessions_of_an_actor_are_those_that_it_imports() -> None:
    for actor in emulated_actors():
        told = {proposal.session for proposal in actor.proposals}
        assert told == imported_sessions(MODULES[actor.role]), actor.role


def test_each_transaction_is_there_once() -> None:
    assert [one.number for one in TRANSACTIONS] == [f"RO-{number}" for number in range(58, 66)]


def test_the_command_prints_what_it_writes(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {path.name for path in written.iterdir()} == set(DOCUMENTS)
    assert main(["conformance"]) == 0
    texts = [(written / name).read_text(encoding="utf-8") for name in DOCUMENTS]
    assert capsys.readouterr().out == "".join(texts)


def test_headings_are_numbered_and_linked() -> None:
    document = Document("Title")
    document.heading(1, "One")
    document.heading(2, "Inner")
    document.heading(1, "Two")
    document.heading(2, "Inner part")
    document.text("See [One].")
    text = str(document)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Title",
        "## Contents",
        "## 1 One",
        "### 1.1 Inner",
        "## 2 Two",
        "### 2.1 Inner part",
    ]
    assert "  - [2.1 Inner part](#21-inner-part)" in text
    assert text.endswith("See [One].\n\n[One]: #1-one\n")


def test_the_presence_of_created_attributes() -> None:
    full, less = Dataset(), Dataset()
    full.PatientID, full.PatientName, full.StudyID, full.PatientSex = "1", "A", None, "F"
    less.PatientID, less.PatientName, less.StudyID = "2", "", None
    inner = Dataset()
    inner.CodeValue = "X"
    full.BeamSequence = [inner, Dataset()]
    found = [(one.depth, one.keyword, one.presence) for one in created_attributes([full, less])]
    assert found == [
        (0, "PatientName", "VNAP"),
        (0, "PatientID", "ALWAYS"),
        (0, "PatientSex", "ANAP"),
        (0, "StudyID", "EMPTY"),
        (0, "BeamSequence", "ANAP"),
        (1, "CodeValue", "ANAP"),
    ]


def test_a_cell_stays_in_its_cell() -> None:
    lines = table(("a",), [["x | y\nz"]]).splitlines()
    assert lines == ["| a |", "| --- |", "| x \\| y z |"]


def imported_sessions(module: str) -> set[str]:
    """Return the sessions that a module imports, itself or through others of actors and net."""
    found: set[str] = set()
    known: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if name in known or not path.is_file():
            continue
        known.add(name)
        for source, names in imports_of(path):
            found.update(each for each in names if each.endswith("Scu"))
            if source.startswith(("tdwii_gui.actors", "tdwii_gui.dicom.net")):
                waiting.append(source)
    return found


@cache
def imports_of(path: Path) -> tuple[tuple[str, list[str]], ...]:
    return tuple(imports(ast.parse(path.read_text(encoding="utf-8"))))


def imports(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Yield what is imported when the program runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield child.module, [each.name for each in child.names]
        yield from imports(child)

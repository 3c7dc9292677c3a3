"""What the commands print as it comes."""

from __future__ import annotations

import json
import threading

import pytest

from tdwii_gui.app.console import GrowingTable, say_json_array


def test_a_first_row_does_not_wait_for_the_second(monkeypatch) -> None:
    printed = threading.Event()

    class Output:
        text = ""

        def write(self, text: str) -> None:
            self.text += text
            if "first" in self.text:
                printed.set()

        def flush(self) -> None:
            pass

    output = Output()
    monkeypatch.setattr("sys.stdout", output)
    with GrowingTable(["A", "B"]) as table:
        table.say(["first", 1])
        assert printed.wait(5)
        table.say(["second row", 2])
        assert output.text.splitlines() == ["A      B", "first  1", "second row  2"]


def test_rows_of_the_first_moment_are_aligned(capsys) -> None:
    with GrowingTable(["A", "B"]) as table:
        table.say(["1", "x"])
        table.say(["a longer one", "\x1b[2J"])
    assert capsys.readouterr().out.splitlines() == [
        "A             B",
        "1             x",
        "a longer one  \\x1b[2J",
    ]


def test_a_table_without_rows_prints_nothing(capsys) -> None:
    with GrowingTable(["A"]):
        pass
    assert capsys.readouterr().out == ""


def test_an_output_that_is_closed_is_told_to_who_prints(monkeypatch) -> None:
    failed = threading.Event()

    class Closed:
        def write(self, text: str) -> None:
            failed.set()
            raise BrokenPipeError

        def flush(self) -> None:
            pass

    def say_rows() -> None:
        with GrowingTable(["A"]) as table:
            table.say(["1"])
            assert failed.wait(5)
            table.say(["2"])

    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises(BrokenPipeError):
        say_rows()


@pytest.mark.parametrize("values", [[], [1], [{"a": "é"}, [2]]])
def test_an_array_is_printed_value_by_value(capsys, values: list[object]) -> None:
    say_json_array(iter(values))
    assert json.loads(capsys.readouterr().out) == values


def test_an_array_is_closed_also_when_its_values_end_early(capsys) -> None:
    def values():
        yield 1
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        say_json_array(values())
    assert json.loads(capsys.readouterr().out) == [1]

"""The record button of the launcher: what it says, and what it writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QToolButton

from tdwii_gui.actors.suite import on_free_ports
from tdwii_gui.app.desktop import SuiteProgram
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import Settings
from tdwii_gui.recording.reading import Recording
from tdwii_gui.recording.switch import RecordingSwitch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ui.hand import Hand


def button(program: SuiteProgram) -> QToolButton:
    return program.launcher.findChild(QToolButton, "record")


def entry(program: SuiteProgram, name: str) -> QAction:
    return program.launcher.findChild(QAction, name)


def begin(program: SuiteProgram, hand: Hand) -> None:
    hand.click(program.launcher, "record")
    hand.wait(lambda: program.life.recording.recording)
    assert button(program).text() == "■ Stop recording"


def end(program: SuiteProgram, hand: Hand) -> Path:
    hand.click(program.launcher, "record")
    hand.wait(lambda: not program.life.recording.recording)
    assert button(program).text() == "● Record"
    (folder,) = program.life.recording.folder.iterdir()
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return what is shown by the desktop."""
    paths: list[Path] = []
    monkeypatch.setattr("tdwii_gui.ui.recording_control.open_folder", paths.append)
    return paths


def test_a_recording_begins_grows_ends_and_becomes_evidence(
    program: SuiteProgram, hand: Hand, opened: list[Path]
) -> None:
    words, messages = program.launcher.record, program.launcher.messages
    assert not entry(program, "record_folder").isEnabled()
    entry(program, "evidence").trigger()
    hand.wait(lambda: any("first" in text for text in messages.shown_texts))
    begin(program, hand)
    assert program.launcher.findChild(QLabel, "recording_chip").text() == "Pseudonymised"
    assert "0 messages" in words.words
    program.control.suite.creator.echo("OST").result()
    hand.wait(lambda: "2 messages" in words.words)
    assert words.words.endswith("B")
    folder = end(program, hand)
    assert [message.kind for message in Recording(folder).messages] == ["C-ECHO-RQ", "C-ECHO-RSP"]
    assert words.words == "2 messages recorded"
    assert any(str(folder) in text for text in messages.shown_texts)
    entry(program, "record_folder").trigger()
    assert opened == [folder]
    entry(program, "record_evidence").trigger()
    hand.wait(lambda: len(opened) > 1)
    assert opened[1].name == "report.html"
    assert "C-ECHO" in opened[1].read_text(encoding="utf-8")
    assert (opened[1].parent / "report.pdf").is_file()
    entry(program, "open_recording").trigger()
    dialog = hand.find(program.launcher, QFileDialog, "recording_dialog")
    dialog.fileSelected.emit(str(folder))
    dialog.reject()
    window = hand.window("recording")
    assert len(hand.rows(window, "recorded_messages")) == 2
    window.close()


def test_patient_data_place_and_function_key(
    program: SuiteProgram, hand: Hand, tmp_path: Path
) -> None:
    keeps = entry(program, "record_patient_data")
    assert not keeps.isChecked()
    keeps.trigger()
    program.life.recording._on_place_chosen(str(tmp_path / "elsewhere"))
    program.launcher.activateWindow()
    hand.wait(program.launcher.isActiveWindow)
    QTest.keyClick(program.launcher, Qt.Key.Key_F9)
    hand.wait(lambda: program.life.recording.recording)
    assert program.control.suite.recording.recorder.patient_data
    assert "With patient data" in program.launcher.findChild(QLabel, "recording_chip").text()
    assert not keeps.isEnabled(), "it is decided for this recording"
    QTest.keyClick(program.launcher, Qt.Key.Key_F9)
    hand.wait(lambda: not program.life.recording.recording)
    assert keeps.isEnabled()
    (folder,) = (tmp_path / "elsewhere").iterdir()
    assert (folder / "recording.json").is_file()


def test_what_goes_wrong_is_a_message_and_the_actors_go_on(
    program: SuiteProgram, hand: Hand, tmp_path: Path
) -> None:
    messages = program.launcher.messages
    begin(program, hand)
    program.control.suite.recording.recorder._process.kill()
    hand.wait(lambda: not program.life.recording.recording)
    hand.wait(lambda: any("has ended" in text for text in messages.shown_texts))
    assert program.control.suite.creator.echo("OST").result() > 0
    file = tmp_path / "file"
    file.write_text("")
    program.life.recording._on_place_chosen(str(file))
    hand.click(program.launcher, "record")
    hand.wait(lambda: any("cannot record" in text for text in messages.shown_texts))
    assert button(program).isEnabled()


def test_what_is_recorded_from_the_start_is_shown(hand: Hand, tmp_path: Path) -> None:
    switch = RecordingSwitch()
    switch.begin(tmp_path / "recordings")
    settings = on_free_ports(Settings())
    program = SuiteProgram(settings, AeDirectory(), tmp_path / "data", switch)
    program.start()
    hand.wait(lambda: button(program).text() == "■ Stop recording")
    program.launcher.close()
    hand.wait(lambda: not program.launcher.isVisible())
    program.close()
    folder = switch.end()
    assert folder is not None
    assert json.loads((folder / "recording.json").read_text(encoding="utf-8"))
    assert len(Recording(folder).messages) > 0, "TDD and PPVS have subscribed"


def test_closing_the_launcher_ends_the_recording(hand: Hand, tmp_path: Path) -> None:
    program = SuiteProgram(on_free_ports(Settings()), AeDirectory(), tmp_path / "data")
    program.start()
    hand.wait(lambda: button(program).isEnabled())
    begin(program, hand)
    program.control.suite.creator.echo("OST").result()
    program.launcher.close()
    hand.wait(lambda: not program.launcher.isVisible())
    program.close()
    (folder,) = (tmp_path / "data" / "recordings").iterdir()
    assert len(Recording(folder).messages) >= 2

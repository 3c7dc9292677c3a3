"""The launcher: starts the suite, stops parts of it, and puts other systems in their place."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QMenu, QPushButton

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import SessionChanged
from tdwii_gui.actors.suite import on_free_ports
from tdwii_gui.actors.tms import Tms
from tdwii_gui.app.desktop import SuiteProgram
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import Settings, TmsSettings
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.guide import GuideState
from tdwii_gui.ui.guide_steps import Demo
from tdwii_gui.ui.launcher_window import LauncherWindow
from tdwii_gui.ui.panels.actor_tile import ActorTile, TileState
from tdwii_gui.ui.panels.external_dialog import ExternalDialog
from tests.command_line import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tdwii_gui.actors.events import ActorEvent
    from tests.ui.hand import Hand

ROLES = ("creator", "tms", "ost", "tdd", "ppvs")


def tile(program: SuiteProgram, role: str) -> ActorTile:
    return program.launcher.board.tile(role)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_launcher_is_shown_without_dicom() -> None:
    script = (
        "import sys, tdwii_gui.app.commands.suite, tdwii_gui.ui.launcher_window\n"
        "heavy = {'pydicom', 'pynetdicom', 'sqlalchemy', 'numpy', 'pyqtgraph'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stderr.strip() == ""
    assert ended.returncode == 0


def test_tiles_say_starting_first(qtbot: QtBot, tmp_path: Path) -> None:
    made = SuiteProgram(on_free_ports(Settings()), AeDirectory(), tmp_path)
    made.launcher.show()
    for role in ROLES:
        assert tile(made, role).state is TileState.STARTING
        assert not tile(made, role).open_button.isEnabled()
        assert tile(made, role).open_button.toolTip()
    # Closed before anything was started.
    made.launcher.close()
    made.life.start()
    made.launcher.close()
    qtbot.waitUntil(lambda: not made.launcher.isVisible())
    made.close()


def test_the_suite_starts_and_closes_without_a_trace(
    qtbot: QtBot, hand: Hand, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    made = SuiteProgram(on_free_ports(Settings()), AeDirectory(), tmp_path)
    made.start()
    hand.wait(lambda: all(tile(made, role).state is TileState.LISTENING for role in ROLES))
    hand.wait(lambda: tile(made, "tms").live_text == "0 steps · 2 subscribers")
    assert tile(made, "ost").live_text == "0 objects"
    ports = [actor.port for actor in made.control.suite.actors]
    assert all(map(is_open, ports))
    hand.click(made.launcher, "open_tms")
    hand.window("tms")
    made.launcher.close()
    assert made.launcher.isVisible(), "it says that it stops first"
    hand.wait(lambda: not made.launcher.isVisible())
    made.close()
    assert not any(map(is_open, ports))
    hand.wait(lambda: set(threading.enumerate()) <= before)


def test_a_busy_port_is_replaced_and_told(hand: Hand, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = replace(on_free_ports(Settings()), tms=TmsSettings(port=port))
        made = SuiteProgram(settings, AeDirectory(), tmp_path)
        made.start()
        hand.wait(lambda: tile(made, "tms").state is TileState.LISTENING)
        hand.wait(lambda: made.launcher.messages.shown_texts)
        (note,) = made.launcher.messages.shown_texts
        assert f"port {port} is in use by another program" in note
        assert str(made.control.suite.tms.port) in note
        made.launcher.close()
        hand.wait(lambda: not made.launcher.isVisible())
        made.close()


def test_an_unusable_suite_is_a_message(hand: Hand, tmp_path: Path) -> None:
    file = tmp_path / "no-folder"
    file.write_text("")
    made = SuiteProgram(on_free_ports(Settings()), AeDirectory(), file)
    made.start()
    hand.wait(lambda: tile(made, "tms").state is TileState.FAILED)
    assert made.launcher.messages.shown_texts
    made.launcher.close()
    hand.wait(lambda: not made.launcher.isVisible())
    made.close()


def test_an_actor_is_stopped_and_started(program: SuiteProgram, hand: Hand) -> None:
    ost = program.control.suite.ost
    port = ost.port
    hand.click(program.launcher, "toggle_ost")
    hand.wait(lambda: tile(program, "ost").state is TileState.STOPPED)
    assert not is_open(port)
    assert tile(program, "ost").toggle_button.text() == "Start"
    hand.click(program.launcher, "toggle_ost")
    hand.wait(lambda: tile(program, "ost").state is TileState.LISTENING)
    assert ost.port == port


def test_the_menu_of_a_tile_restarts_its_actor(program: SuiteProgram, hand: Hand) -> None:
    hand.wait(lambda: tile(program, "ppvs").state is TileState.LISTENING)
    states: list[TileState] = []
    program.control.changed.connect(lambda role: states.append(role))
    tile(program, "ppvs").restart_wanted.emit("ppvs")
    hand.wait(lambda: states == ["ppvs"])
    assert tile(program, "ppvs").state is TileState.LISTENING


def test_windows_open_by_shortcut_and_only_hide(program: SuiteProgram, hand: Hand) -> None:
    assert [tile(program, role).open_button.shortcut().toString() for role in ROLES] == [
        f"Ctrl+{number}" for number in range(1, 6)
    ]
    hand.click(program.launcher, "open_ppvs")
    window = hand.window("ppvs")
    window.close()
    assert not window.isVisible()
    assert program.control.suite.ppvs.listening
    hand.click(program.launcher, "open_ppvs")
    assert hand.window("ppvs") is window


def test_exchanges_appear_on_the_ladder_and_in_the_inspector(
    program: SuiteProgram, hand: Hand
) -> None:
    ladder = program.life.ladder
    hand.wait(lambda: ladder.ladder.arrows.total >= 2)
    key = ladder.ladder.arrows[0].key
    ladder.chosen.emit(key)
    title = program.launcher.findChild(QLabel, "inspector_title")
    hand.wait(lambda: "N-ACTION" in title.text())


def test_problems_are_counted_and_shown_alone(program: SuiteProgram, hand: Hand) -> None:
    badge = program.launcher.findChild(QPushButton, "problems")
    assert not badge.isVisible()
    program.control.suite.tdd.directory.register(
        ApplicationEntity("NOBODY", "127.0.0.1", free_ports(1)[0])
    )
    assert program.control.suite.creator.echo("NOBODY").exception()
    hand.wait(badge.isVisible)
    assert badge.text() == "✕ 1 problem"
    badge.click()
    assert program.life.ladder.ladder.arrows.only_problems


def test_diagnostics_go_to_the_clipboard(program: SuiteProgram) -> None:
    program.launcher.diagnostics_wanted.emit()
    text = QGuiApplication.clipboard().text()
    assert "not for clinical use" in text
    assert "pynetdicom" in text
    assert f"TMS              127.0.0.1:{program.control.suite.tms.port}" in text


@pytest.fixture
def other_tms(tmp_path: Path) -> Iterator[Tms]:
    """Return a TMS of somebody else on this host."""
    directory = AeDirectory()
    made = Tms(TmsSettings(ae_title="OTHER_TMS", port=0), Surroundings(directory, tmp_path / "o"))
    made.start()
    yield made
    made.stop()


def ask_for_external(program: SuiteProgram, hand: Hand, role: str) -> QDialog:
    hand.click(program.launcher, f"external_{role}")
    return hand.find(program.launcher, ExternalDialog, "external_dialog")


def fill(hand: Hand, dialog: QDialog, *values: object) -> None:
    for name, value in zip(("ae_title", "host", "port"), values, strict=True):
        hand.type(dialog, f"external_{name}", str(value))


def result(dialog: QDialog) -> str:
    return dialog.findChild(QLabel, "external_result").text()


@pytest.mark.parametrize(
    ("values", "words", "invalid"),
    [
        (("", "", ""), "Enter the AE title", None),
        (("A" * 17, "h", 104), "1 to 16 characters", "external_ae_title"),
        (("BACK\\SLASH", "h", 104), "without backslash", "external_ae_title"),
        (("OTHER", "", 104), "host name", None),
        (("OTHER", "h", "abc"), "1 to 65535", "external_port"),
        (("OTHER", "h", 0), "1 to 65535", "external_port"),
        (("OTHER", "h", 70000), "65535", "external_port"),
        (("OTHER", "h", 104), "Not tested yet", None),
    ],
)
def test_what_is_typed_is_checked_at_once(
    hand: Hand, qtbot: QtBot, values: tuple[object, ...], words: str, invalid: str | None
) -> None:
    dialog = ExternalDialog("Object storage", None, "OST")
    saved: list[ApplicationEntity] = []
    dialog.saved.connect(saved.append)
    dialog.open()
    fill(hand, dialog, *values)
    assert words in result(dialog)
    marked = [f.objectName() for f in dialog.findChildren(QLineEdit) if f.property("invalid")]
    assert marked == ([invalid] if invalid else [])
    hand.click(dialog, "external_save")
    assert not saved, "neither wrong values nor untested ones are saved at once"
    dialog.close()


def test_untested_values_are_saved_after_a_warning(hand: Hand) -> None:
    dialog = ExternalDialog("Object storage", None, "OST")
    saved: list[ApplicationEntity] = []
    dialog.saved.connect(saved.append)
    dialog.open()
    fill(hand, dialog, "OTHER", "10.1.0.4", 104)
    hand.click(dialog, "external_save")
    assert "has not answered" in result(dialog)
    assert dialog.findChild(QPushButton, "external_save").text() == "&Save untested"
    hand.click(dialog, "external_save")
    assert saved == [ApplicationEntity("OTHER", "10.1.0.4", 104)]


def test_an_echo_tells_before_saving_whether_the_system_is_there(
    program: SuiteProgram, hand: Hand, other_tms: Tms
) -> None:
    dialog = ask_for_external(program, hand, "tms")
    fill(hand, dialog, "OTHER_TMS", "127.0.0.1", free_ports(1)[0])
    hand.click(dialog, "external_test")
    hand.wait(lambda: "✕" in result(dialog))
    assert "nothing listens" in result(dialog)
    hand.type(dialog, "external_port", str(other_tms.port))
    hand.click(dialog, "external_test")
    hand.wait(lambda: "answers in" in result(dialog))
    # Nothing is known of it until it is saved.
    assert "OTHER_TMS" not in program.control.suite.directory
    dialog.reject()


def test_a_fraction_completes_with_another_tms(
    program: SuiteProgram, hand: Hand, other_tms: Tms
) -> None:
    suite, guide = program.control.suite, program.life.guide
    for actor in (suite.tdd, suite.ppvs, suite.creator):
        other_tms.directory.register(ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port))
    dialog = ask_for_external(program, hand, "tms")
    fill(hand, dialog, "OTHER_TMS", "127.0.0.1", other_tms.port)
    hand.click(dialog, "external_test")
    hand.wait(lambda: "answers in" in result(dialog))
    hand.click(dialog, "external_save")
    shown = tile(program, "tms")
    hand.wait(lambda: shown.state is TileState.EXTERNAL and shown.live_text.startswith("Echo"))
    assert not suite.tms.listening
    assert not shown.open_button.isEnabled()
    guide.pause = 0.0
    program.life.lead(Demo.PHOTON, auto_play=True)
    assert len(guide.steps) == 8, "there is no window for somebody else's worklist"
    hand.wait(lambda: guide.state in (GuideState.FINISHED, GuideState.FAILED))
    assert guide.state is GuideState.FINISHED, guide.words
    (step,) = other_tms.steps().result()
    assert step.state is ProcedureStepState.COMPLETED
    dialog = ask_for_external(program, hand, "tms")
    hand.click(dialog, "external_own")
    hand.wait(lambda: shown.state is TileState.LISTENING)
    assert suite.tms.listening
    hand.wait(lambda: suite.tdd.subscribed and suite.ppvs.subscribed)


def test_the_menu_names_what_is_possible(program: SuiteProgram, hand: Hand) -> None:
    one = tile(program, "ost")
    hand.wait(lambda: one.state is TileState.LISTENING)
    one.show_menu(one.mapToGlobal(one.rect().center()))
    menu = hand.find(one, QMenu, "menu_ost")
    enabled = [action.text() for action in menu.actions() if action.isEnabled()]
    assert enabled == ["Use external system…", "Restart", "Faults…", "Open folder"]
    menu.close()


def test_the_layout_is_remembered_and_reset(qtbot: QtBot) -> None:
    first = LauncherWindow()
    first.show()
    # The screen of a test is 800 pixels wide.
    first.resize(790, 700)
    first.close()
    assert first.isVisible(), "others decide when it closes"
    first.close_for_good()
    assert not first.isVisible()
    second = LauncherWindow()
    assert second.size() == first.size()
    second.reset_layout()
    assert second.width() == 1342


def treat_until_claimed(program: SuiteProgram, hand: Hand) -> None:
    guide = program.life.guide
    guide.pause = 0.0
    program.life.lead(Demo.PHOTON, auto_play=True)
    hand.wait(lambda: guide.number == 7 or guide.state is GuideState.FAILED)
    assert guide.state is not GuideState.FAILED, guide.words
    guide.set_auto_play(False)
    hand.wait(lambda: guide.state is GuideState.READY)


@pytest.mark.parametrize(
    ("verb", "states"),
    [("cancel_and_close", ["CANCELED"]), ("leave_recoverable", [])],
)
def test_closing_in_a_treatment_asks_and_then_closes(
    program: SuiteProgram, hand: Hand, verb: str, states: list[str]
) -> None:
    ended: list[str] = []

    def hear(events: list[ActorEvent]) -> None:
        changes = [e for e in events if isinstance(e, SessionChanged)]
        ended.extend(e.state.name for e in changes if e.state.name in ("CANCELED", "COMPLETED"))

    program.bridge.feed().events.connect(hear)
    treat_until_claimed(program, hand)
    program.launcher.close()
    tdd = hand.window("tdd")
    hand.click(tdd, "keep_treating")
    assert program.launcher.isVisible()
    assert program.control.suite.tdd.listening
    program.launcher.close()
    hand.click(tdd, verb)
    hand.wait(lambda: not program.launcher.isVisible())
    assert not tdd.isVisible()
    assert ended[:1] == states


def test_the_guide_needs_our_own_delivery(program: SuiteProgram, hand: Hand) -> None:
    program.control.use_external("tdd", ApplicationEntity("LINAC", "127.0.0.1", 11113))
    hand.wait(lambda: tile(program, "tdd").state is TileState.EXTERNAL)
    hand.click(program.launcher, "guide_photon")
    assert program.life.guide.state is GuideState.IDLE
    assert any("our own" in text for text in program.launcher.messages.shown_texts)


def test_a_lane_offers_the_menu_of_its_tile(program: SuiteProgram, hand: Hand) -> None:
    one = tile(program, "tms")
    hand.wait(lambda: one.state is TileState.LISTENING)
    program.life.ladder.lane_asked.emit("tms", one.mapToGlobal(one.rect().center()))
    hand.find(one, QMenu, "menu_tms").close()


def test_closing_while_everything_starts_leaves_nothing(hand: Hand, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    made = SuiteProgram(on_free_ports(Settings()), AeDirectory(), tmp_path)
    made.launcher.show()
    made.life.start()
    made.launcher.close()
    hand.wait(lambda: not made.launcher.isVisible())
    made.close()
    hand.wait(lambda: set(threading.enumerate()) <= before)

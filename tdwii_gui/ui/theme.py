"""The look: two themes of our own, and the roles of their colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from tdwii_gui.config.resources import resource_path

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SETTING: Final = "look/theme"
_PROPERTY: Final = "appearance"


class Tone(StrEnum):
    """What a colour says; a word and a glyph always say it too."""

    ACCENT = "accent"
    DONE = "done"
    PROGRESS = "progress"
    FAULT = "fault"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours, each as ``#rrggbb``; text on its ground has a contrast of 4.5 at least."""

    name: str
    is_dark: bool
    ground: str
    card: str
    line: str
    text: str
    muted: str
    accent: str
    accent_tint: str
    done: str
    done_tint: str
    progress: str
    progress_tint: str
    fault: str
    fault_tint: str
    neutral: str
    neutral_tint: str
    strip: str
    strip_text: str
    on_accent: str

    def colour(self, tone: Tone) -> str:
        """Return the colour of a tone's text and lines."""
        colour: str = getattr(self, tone.value)
        return colour

    def tint(self, tone: Tone) -> str:
        """Return the ground on which a tone's text stands."""
        tint: str = getattr(self, f"{tone.value}_tint")
        return tint


LIGHT: Final = Theme(
    name="light",
    is_dark=False,
    ground="#f5f6f8",
    card="#ffffff",
    line="#dfe3e8",
    text="#1d2733",
    muted="#5d6b7a",
    accent="#1f5fa8",
    accent_tint="#e8f0fa",
    done="#1b6e3c",
    done_tint="#e3f3e8",
    progress="#8a5a00",
    progress_tint="#fdf1d8",
    fault="#b3261e",
    fault_tint="#fbe7e5",
    neutral="#5f6368",
    neutral_tint="#eceef0",
    strip="#fff3cd",
    strip_text="#5c4400",
    on_accent="#ffffff",
)

DARK: Final = Theme(
    name="dark",
    is_dark=True,
    ground="#14181d",
    card="#1c222a",
    line="#2d3540",
    text="#e4e9ef",
    muted="#98a4b3",
    accent="#7cb7ff",
    accent_tint="#1d2c3f",
    done="#6fdc9a",
    done_tint="#17301f",
    progress="#ffc857",
    progress_tint="#33290f",
    fault="#ff8a80",
    fault_tint="#3a1c1a",
    neutral="#b0b4ba",
    neutral_tint="#262c33",
    strip="#3a300d",
    strip_text="#ffe08a",
    on_accent="#0f1720",
)


class ThemeChoice(StrEnum):
    """Which theme the user wants."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Appearance(QObject):
    """The application's theme; there is one, a child of the QApplication.

    Parameters
    ----------
    is_applied : bool
        Whether at once, or with the first call of `apply`: a window is built in half the time
        before there is a style sheet.

    Signals
    -------
    changed
        Another theme is in use; what paints itself repaints.
    """

    changed = Signal()

    def __init__(self, application: QApplication, *, is_applied: bool = True) -> None:
        super().__init__(application)
        # To look through the application's children takes longer than to show a window.
        application.setProperty(_PROPERTY, self)
        self._application = application
        self._theme = LIGHT
        # Fusion is the style that obeys palettes on every platform.
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        stored = str(QSettings().value(_SETTING, ThemeChoice.SYSTEM.value))
        self._choice = ThemeChoice(stored) if stored in set(ThemeChoice) else ThemeChoice.SYSTEM
        if is_applied:
            self.apply()

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        """What the user has chosen."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Use a theme from now on, and at the next start."""
        self._choice = choice
        QSettings().setValue(_SETTING, choice.value)
        self.apply()

    def apply(self) -> None:
        """Dress the application in the theme that is chosen."""
        scheme = self._application.styleHints().colorScheme()
        is_dark = self._choice is ThemeChoice.DARK or (
            self._choice is ThemeChoice.SYSTEM and scheme == Qt.ColorScheme.Dark
        )
        self._theme = DARK if is_dark else LIGHT
        self._application.setPalette(palette(self._theme))
        self._application.setStyleSheet(style_sheet(self._theme))
        self.changed.emit()

    def _on_system_changed(self) -> None:
        if self._choice is ThemeChoice.SYSTEM:
            self.apply()


def appearance() -> Appearance | None:
    """Return the application's appearance, or None before it has one."""
    application = QApplication.instance()
    found = application.property(_PROPERTY) if application is not None else None
    return found if isinstance(found, Appearance) else None


def current_theme() -> Theme:
    """Return the theme in use."""
    found = appearance()
    return found.theme if found is not None else LIGHT


def set_property(widget: QWidget, name: str, value: str | bool) -> None:
    """Give a widget a property that the style sheet reads, and have it take effect."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette of a theme, for what the style sheet does not name."""
    colours = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, theme.ground),
        (roles.WindowText, theme.text),
        (roles.Base, theme.card),
        (roles.AlternateBase, theme.ground),
        (roles.Text, theme.text),
        (roles.PlaceholderText, theme.muted),
        (roles.Button, theme.card),
        (roles.ButtonText, theme.text),
        (roles.BrightText, theme.fault),
        (roles.ToolTipBase, theme.card),
        (roles.ToolTipText, theme.text),
        (roles.Highlight, theme.accent),
        (roles.HighlightedText, theme.on_accent),
        (roles.Link, theme.accent),
        (roles.LinkVisited, theme.accent),
        (roles.Light, theme.card),
        (roles.Midlight, theme.line),
        (roles.Mid, theme.line),
        (roles.Dark, theme.muted),
        (roles.Shadow, theme.line),
    ):
        colours.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return colours


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of a theme (``resources/style.qss`` with its colours)."""
    text = resource_path("style.qss").read_text(encoding="utf-8")
    icons = resource_path("icons", theme.name).as_posix()
    colours = {name: getattr(theme, name) for name in Theme.__slots__}
    return Template(text).substitute(colours, icons=icons)

"""The ladder as SVG: a life line per system, an arrow per exchange, links to the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.evidence.markup import Markup, element, shortened
from tdwii_gui.evidence.palette import COLOURS
from tdwii_gui.evidence.rungs import took

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tdwii_gui.evidence.rungs import Lane, Rung

WIDTH: Final = 1000
HEAD: Final = 58
ROW: Final = 45
"""A multiple of the dashes of the life lines, so that they go on from one picture to the next."""

_BELOW_CHIPS: Final = 9
_MARGIN: Final = 14
_CLOCK: Final = 88
_CHIPS: Final = 64
_CHIP: Final = 132
_ARROW: Final = 9
_LOOP: Final = 34
_LETTER: Final = 0.54
"""The mean width of a letter, for a font of height 1; the reader's font is not known here."""
_FONTS: Final = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif"
_WORDS: Final = 11.5
_SMALL: Final = 10.5
_REGULAR: Final = 400
_BOLD: Final = 600


class Ladder:
    """Draws arrows between life lines.

    Parameters
    ----------
    lanes : Sequence[Lane]
        From left to right.
    document : str
        The file with the messages, empty if it is the same one; None for no links.
    fonts : str
        The families of the letters, as CSS names them.
    """

    def __init__(
        self, lanes: Sequence[Lane], document: str | None = None, fonts: str = _FONTS
    ) -> None:
        self._lanes = lanes
        self._fonts = fonts
        self._document = document
        spacing = (WIDTH - 2 * _MARGIN - _CLOCK - _CHIPS) / max(len(lanes), 1)
        first = _MARGIN + _CLOCK + spacing / 2
        self._chip = min(spacing - 10, _CHIP)
        self._centres = {lane.ae_title: first + spacing * i for i, lane in enumerate(lanes)}

    def draw(self, rungs: Sequence[Rung], note: str = "", *, has_head: bool = True) -> Markup:
        """Return a picture.

        Parameters
        ----------
        note : str
            What is said below the arrows, e.g. what is left out.
        has_head : bool
            Whether the names of the lanes stand above; pictures of the head alone and without it,
            one below the other, are one.
        """
        top = HEAD if has_head else 0
        height = top + (len(rungs) + (1 if note else 0)) * ROW
        parts: list[Markup] = [element("rect", width=WIDTH, height=height, fill=COLOURS["card"])]
        begin = top - _BELOW_CHIPS if has_head else 0
        parts += [self._life_line(centre, begin, height) for centre in self._centres.values()]
        parts += [self._rung(rung, top + place * ROW) for place, rung in enumerate(rungs)]
        if note:
            parts.append(_text(note, WIDTH / 2, height - ROW / 2, _SMALL, "muted", halo=True))
        if has_head:
            parts += [self._lane(lane) for lane in self._lanes]
        return element(
            "svg",
            parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {height}",
            width=WIDTH,
            height=height,
            font_family=self._fonts,
        )

    def _life_line(self, centre: float, top: float, bottom: float) -> Markup:
        return element(
            "line",
            x1=centre,
            y1=top,
            x2=centre,
            y2=bottom,
            stroke=COLOURS["line"],
            stroke_width=1.2,
            stroke_dasharray="5 4",
        )

    def _lane(self, lane: Lane) -> Markup:
        centre = self._centres[lane.ae_title]
        chip = element(
            "rect",
            x=centre - self._chip / 2,
            y=8,
            width=self._chip,
            height=40,
            rx=8,
            fill=COLOURS["accent_tint"],
            stroke=COLOURS["accent"] if lane.is_external else None,
            stroke_dasharray="4 3" if lane.is_external else None,
        )
        name = _fitting(lane.ae_title, self._chip - 12, _SMALL)
        if not lane.title:
            return element("g", chip, _text(name, centre, 32, _WORDS, "accent", weight=_BOLD))
        place = f"{lane.title} (external)" if lane.is_external else lane.title
        return element(
            "g",
            chip,
            _text(_fitting(place, self._chip - 8, 12), centre, 25, 12, "accent", weight=_BOLD),
            _text(name, centre, 40, 10, "muted"),
        )

    def _rung(self, rung: Rung, top: float) -> Markup:
        start, end = self._centres[rung.sender], self._centres[rung.receiver]
        middle = top + ROW / 2
        colour = "fault" if rung.mark.tone == "fault" else "accent"
        count = f" ×{rung.count:,}" if rung.count > 1 else ""
        service, _, about = rung.title.partition(" ")
        title = f"{service}{count} {about}".strip() if count else rung.title
        duration = f" · {took(rung.milliseconds)}" if rung.message else ""
        words = f"{rung.mark.glyph} {rung.words}{duration}"
        around = start + _LOOP if start == end else (start + end) / 2
        parts = [
            element("title", f"{rung.sender} → {rung.receiver}: {title}, {words}"),
            element("rect", x=4, y=top + 1, width=WIDTH - 8, height=ROW - 2, rx=6, fill="none"),
            _loop(start, middle, colour) if start == end else _arrow(start, end, middle, colour),
            self._label(title, around, middle - 7, "text", _BOLD),
            self._label(words, around, middle + 15, rung.mark.tone, _REGULAR),
            _text(_clock(rung.at), _MARGIN, middle + 4, _SMALL, "muted", anchor="start"),
        ]
        if rung.transaction:
            parts.append(_chip(rung.transaction, middle))
        if self._document is None or not rung.message:
            return element("g", parts)
        # A rectangle without a colour catches the pointer between the parts.
        return element("a", parts, href=f"{self._document}#m{rung.message}", pointer_events="all")

    def _label(self, text: str, around: float, baseline: float, tone: str, weight: int) -> Markup:
        """Return a text over the life lines, kept between the columns at the sides."""
        left, right = _MARGIN + _CLOCK, WIDTH - _MARGIN - _CHIPS
        shown = _fitting(text, right - left, _WORDS)
        half = len(shown) * _LETTER * _WORDS / 2
        centre = min(max(around, left + half), right - half)
        return _text(shown, centre, baseline, _WORDS, tone, weight=weight, halo=True)


def _arrow(start: float, end: float, y: float, colour: str) -> Markup:
    back = -_ARROW if end > start else _ARROW
    return element(
        "g",
        element(
            "line", x1=start, y1=y, x2=end + back, y2=y, stroke=COLOURS[colour], stroke_width=1.6
        ),
        element(
            "polygon",
            points=f"{end:g},{y:g} {end + back:g},{y - 4:g} {end + back:g},{y + 4:g}",
            fill=COLOURS[colour],
        ),
    )


def _loop(x: float, y: float, colour: str) -> Markup:
    return element(
        "path",
        d=f"M {x:g} {y - 5:g} h 22 v 10 h -22",
        fill="none",
        stroke=COLOURS[colour],
        stroke_width=1.6,
    )


def _chip(text: str, middle: float) -> Markup:
    width = 48
    left = WIDTH - _MARGIN - width
    return element(
        "g",
        element(
            "rect",
            x=left,
            y=middle - 10,
            width=width,
            height=20,
            rx=10,
            fill=COLOURS["neutral_tint"],
        ),
        _text(text, left + width / 2, middle + 4, _SMALL, "neutral", weight=_BOLD),
    )


def _text(
    text: str,
    x: float,
    y: float,
    size: float,
    tone: str,
    *,
    weight: int = _REGULAR,
    anchor: str = "middle",
    halo: bool = False,
) -> Markup:
    place: dict[str, str | float | None] = {
        "x": x,
        "y": y,
        "font_size": size,
        "text_anchor": anchor,
        "font_weight": weight if weight != _REGULAR else None,
    }
    drawn = element("text", text, fill=COLOURS[tone], **place)
    if not halo:
        return drawn
    # The card's colour around the letters, so that life lines do not cross them.
    card = COLOURS["card"]
    around = element(
        "text", text, stroke=card, stroke_width=5, stroke_linejoin="round", fill=card,
        aria_hidden="true", **place,
    )  # fmt: skip
    return Markup(around + drawn)


def _fitting(text: str, width: float, size: float) -> str:
    return shortened(text, max(int(width / (size * _LETTER)), 4))


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S.") + f"{at.microsecond // 1000:03d}"

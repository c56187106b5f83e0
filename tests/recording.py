"""A recording of the wizard as an animated SVG, without a script: each row of the terminal is drawn once for each text that it shows."""

from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from tests.operator import Operator
from tests.textual_internals import strips

WIDE, HIGH, SIZE = 8.4, 18, 14
"""Of a character: its columns and rows in pixels, and its font size."""
FONTS = "Cascadia Mono, Menlo, Consolas, DejaVu Sans Mono, monospace"


class Run(NamedTuple):
    """A text of one style in a row."""

    column: int
    text: str
    colour: str
    background: str
    bold: bool
    underlined: bool


Row = tuple[Run, ...]


@dataclass
class Recording:
    """The frames so far."""

    columns: int
    rows: int
    background: str
    frames: list[tuple[float, list[Row]]] = field(default_factory=list)
    """How many seconds each of them is shown, and its rows."""

    def snap(self, operator: Operator, seconds: float) -> None:
        """Record what stands on the screen, for so many seconds; the frame before is shown longer if it is the same."""
        rows = [_row(list(strip), self.background) for strip in strips(operator.app)]
        if self.frames and self.frames[-1][1] == rows:
            before, _ = self.frames.pop()
            seconds += before
        self.frames.append((seconds, rows))

    def svg(self) -> str:
        """Return the animation, which repeats."""
        total = sum(seconds for seconds, _ in self.frames)
        spans: dict[tuple[int, Row], list[tuple[float, float]]] = {}
        now = 0.0
        for seconds, rows in self.frames:
            for number, row in enumerate(rows):
                shown = spans.setdefault((number, row), [])
                if shown and shown[-1][1] == now:
                    shown[-1] = (shown[-1][0], now + seconds)
                else:
                    shown.append((now, now + seconds))
            now += seconds
        width, height = self.columns * WIDE, self.rows * HIGH
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width + 16:.0f} {height + 16}" '
            f'font-family="{FONTS}" font-size="{SIZE}">'
            f'<rect x="-8" y="-8" width="{width + 16:.0f}" height="{height + 16}" rx="8" fill="{self.background}"/>'
        )
        drawn = [_drawn(number, row, shown, total) for (number, row), shown in spans.items() if row]
        return "\n".join([head, *drawn, "</svg>\n"])


def _row(segments: list[Segment], plain: str) -> Row:
    """Return the texts of a row; `plain` is the background that is drawn once for all rows."""
    runs: list[Run] = []
    column = 0
    for segment in segments:
        style = segment.style or Style()
        colour, background = _hex(style.color), _hex(style.bgcolor)
        if style.reverse:
            colour, background = background, colour
        background = "" if background.lower() == plain.lower() else background
        run = Run(column, segment.text, colour, background, bool(style.bold), bool(style.underline))
        if runs and runs[-1][2:] == run[2:]:
            run = runs.pop()
            run = run._replace(text=run.text + segment.text)
        runs.append(run)
        column += segment.cell_length
    return tuple(run for run in runs if run.background or run.text.strip())


def _hex(colour: object) -> str:
    triplet = getattr(colour, "triplet", None)
    return triplet.hex if triplet else ""


def _drawn(number: int, row: Row, shown: list[tuple[float, float]], total: float) -> str:
    """Return a row, shown in these spans of time."""
    backgrounds = "".join(
        f'<rect x="{_px(run.column)}" width="{_px(len(run.text) + 0.05)}" height="{HIGH + 0.4}" fill="{run.background}"/>'
        for run in row
        if run.background
    )
    inside = backgrounds + "".join(_text(run) for run in row if run.text.strip())
    if shown == [(0.0, total)]:
        return f'<g transform="translate(0,{number * HIGH})">{inside}</g>'
    times, values = [0.0], ["hidden"]
    for start, end in shown:
        times += [start / total, end / total]
        values += ["visible", "hidden"]
    if times[1] == 0:
        times, values = times[1:], values[1:]
    if times[-1] >= 1:
        times, values = times[:-1], values[:-1]
    keys = ";".join(f"{time:.5f}".rstrip("0").rstrip(".") for time in times)
    animation = (
        f'<animate attributeName="visibility" values="{";".join(values)}" keyTimes="{keys}" calcMode="discrete" '
        f'dur="{total:.2f}s" repeatCount="indefinite"/>'
    )
    return f'<g transform="translate(0,{number * HIGH})" visibility="hidden">{animation}{inside}</g>'


def _text(run: Run) -> str:
    text = run.text.strip()
    start = run.column + len(run.text) - len(run.text.lstrip())
    marks = ' font-weight="bold"' if run.bold else ""
    marks += ' text-decoration="underline"' if run.underlined else ""
    place = f'x="{_px(start)}" y="{SIZE}" textLength="{_px(len(text))}"'
    return (
        f'<text {place} fill="{run.colour}"{marks}>{escape(text, quote=False).replace(" ", "&#160;")}</text>'
    )


def _px(columns: float) -> str:
    return f"{columns * WIDE:.1f}".removesuffix(".0")

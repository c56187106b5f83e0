"""The themes: each text and each border can be seen on each background it stands on (WCAG 2.2, 1.4.3 and 1.4.11)."""

import itertools
import os
import pty
import sys
import termios

import pytest
from rich.console import Console
from textual.color import Color
from textual.theme import Theme

from screens.session.preferences import AUTO
from screens.session.preferences import THEMES as CHOICES
from screens.widgets.terminal_background import is_light, terminal_is_light
from screens.widgets.theme import THEMES, cell, cell_styles, resolve

COMPUTED = [THEMES["calm"], THEMES["calm-light"]]


def backgrounds(theme: Theme) -> dict[str, str | None]:
    return {
        "background": theme.background,
        "surface": theme.surface,
        "panel": theme.panel,
        "selection": theme.variables["block-cursor-background"],
        "selection without focus": theme.variables["block-cursor-blurred-background"],
    }


def texts(theme: Theme) -> dict[str, str | None]:
    return {
        "text": theme.foreground,
        "quiet": theme.variables["quiet"],
        "accent": theme.accent,
        "success": theme.success,
        "warning": theme.warning,
        "error": theme.error,
    }


def contrast(one: str | None, other: str | None) -> float:
    assert one
    assert other
    light, dark = sorted((_luminance(Color.parse(each)) for each in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    """WCAG's relative luminance."""
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour.normalized
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", COMPUTED, ids=lambda theme: str(theme.name))
def test_each_text_can_be_read_on_each_background(theme: Theme) -> None:
    pairs = itertools.product(texts(theme).items(), backgrounds(theme).items())
    low = [(text, background) for (text, a), (background, b) in pairs if contrast(a, b) < 4.5]
    assert low == []
    own = theme.variables
    assert contrast(own["block-cursor-foreground"], own["block-cursor-background"]) >= 4.5
    assert contrast(own["on-accent"], theme.accent) >= 4.5
    assert contrast(own["on-accent"], theme.warning) >= 4.5


@pytest.mark.parametrize("theme", COMPUTED, ids=lambda theme: str(theme.name))
def test_borders_and_disabled_texts_can_be_seen(theme: Theme) -> None:
    for name in ("background", "surface", "panel"):
        assert contrast(theme.variables["border"], backgrounds(theme)[name]) >= 3.0
        assert contrast(theme.variables["text-disabled"], backgrounds(theme)[name]) >= 4.5


@pytest.mark.parametrize("theme", COMPUTED, ids=lambda theme: str(theme.name))
def test_a_table_cell_that_exists_already_follows_the_theme(theme: Theme) -> None:
    drawn = cell("✓", "good")
    console = Console(force_terminal=True, color_system="truecolor")
    console.push_theme(cell_styles("ansi"))
    console.push_theme(cell_styles(theme.name))
    style = next(iter(console.render(drawn))).style
    assert style
    assert style.color
    assert Color.from_rich_color(style.color).hex.lower() == theme.success


def test_every_choice_is_a_theme_and_auto_asks_the_terminal() -> None:
    assert list(CHOICES) == [*THEMES, AUTO]
    assert resolve(AUTO, lambda: True) == "calm-light"
    assert resolve(AUTO, lambda: False) == "calm"
    assert resolve("ansi", lambda: pytest.fail("asked")) == "ansi"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"\x1b]11;rgb:ffff/ffff/f0f0\x1b\\\x1b[?64;1c", True),
        (b"\x1b]11;rgb:fd/f6/e3\x07", True),
        (b"\x1b]11;rgba:0000/2b2b/3636/ffff\x07\x1b[?1c", False),
        (b"\x1b[?64;1c", False),
        (b"", False),
    ],
)
def test_a_light_background_is_recognized_in_the_answer_of_a_terminal(answer: bytes, expected: bool) -> None:
    assert is_light(answer) is expected


def test_the_terminal_is_asked_for_its_background_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    terminal, inner = pty.openpty()
    with os.fdopen(inner, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(inner)
        os.write(terminal, b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?1c")
        assert terminal_is_light()
        assert termios.tcgetattr(inner) == before
        said = b""  # first the echo of the answer, which came too early
        while b"\x1b]11;?" not in said:
            said += os.read(terminal, 1024)
    os.close(terminal)

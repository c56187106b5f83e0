"""The colours of the theme: each text and each border can be seen on each background it stands on (WCAG 2.2, 1.4.3 and 1.4.11)."""

import pytest
from textual.color import Color

from screens.widgets.theme import CALM, COLOURS

BACKGROUNDS = {
    "background": CALM.background,
    "surface": CALM.surface,
    "panel": CALM.panel,
    "selection": CALM.variables["block-cursor-background"],
}
TEXTS = {
    "text": CALM.foreground,
    "quiet": CALM.variables["quiet"],
    "accent": CALM.accent,
    "success": CALM.success,
    "warning": CALM.warning,
    "error": CALM.error,
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


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_each_text_can_be_read_on_each_background(text: str, background: str) -> None:
    assert contrast(TEXTS[text], BACKGROUNDS[background]) >= 4.5


@pytest.mark.parametrize("background", ["background", "surface", "panel"])
def test_borders_and_disabled_texts_can_be_seen(background: str) -> None:
    assert contrast(CALM.variables["border"], BACKGROUNDS[background]) >= 3.0
    assert contrast(CALM.variables["text-disabled"], BACKGROUNDS[background]) >= 4.5


def test_tables_have_the_colours_of_the_theme() -> None:
    assert [COLOURS[each] for each in ("good", "warn", "bad", "busy", "dim")] == [
        CALM.success,
        CALM.warning,
        CALM.error,
        CALM.accent,
        CALM.variables["quiet"],
    ]

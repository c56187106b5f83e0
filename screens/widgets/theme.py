"""The theme: dark, with one accent colour. Green, amber and red show state only.

Each text has a contrast of at least 4.5:1 with each background it stands on, and each border at least 3:1 (WCAG 2.2, 1.4.3
and 1.4.11); a test computes them.
"""

from dataclasses import replace

from rich.text import Text
from textual.theme import Theme

from wizard.reports.wording import Tone

CALM = Theme(
    name="calm",
    primary="#7cc4e0",
    secondary="#7cc4e0",
    accent="#7cc4e0",
    foreground="#dbe2ea",
    background="#10151b",
    surface="#161d25",
    panel="#1d2630",
    success="#86c98a",
    warning="#e5b567",
    error="#f29c9c",
    dark=True,
    variables={
        "scrollbar": "#667889",
        "scrollbar-hover": "#8592a0",
        "scrollbar-active": "#7cc4e0",
        "scrollbar-background": "#161d25",
        "scrollbar-background-hover": "#161d25",
        "scrollbar-background-active": "#161d25",
        "scrollbar-corner-color": "#161d25",
        "quiet": "#a8b4c1",
        "border": "#667889",
        "line": "#667889",
        "disabled": "#8592a0",
        "border-blurred": "#667889",
        "footer-background": "#161d25",
        "footer-key-foreground": "#7cc4e0",
        "footer-description-foreground": "#a8b4c1",
        "input-selection-background": "#7cc4e0 35%",
        "block-cursor-background": "#24465a",
        "block-cursor-foreground": "#eef4f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1f2b36",
        "block-cursor-blurred-foreground": "#dbe2ea",
        "block-hover-background": "#1d2630",
    },
)


def without_colours(theme: Theme) -> Theme:
    """Return a theme for NO_COLOR: the selected row of a list is underlined, as its background cannot be seen.

    Textual 8.2 leaves `reverse` out of the style of options (`Widget.get_visual_style`).
    """
    return replace(theme, variables={**theme.variables, "block-cursor-text-style": "bold underline"})


COLOURS: dict[Tone, str] = {
    "good": "#86c98a",
    "warn": "#e5b567",
    "bad": "#f29c9c",
    "busy": "#7cc4e0",
    "dim": "#a8b4c1",
    "plain": "",
}
"""The colours of the theme for table cells, which Rich draws without knowing Textual's colour names."""


def cell(text: str, tone: Tone = "plain", *, bold: bool = False) -> Text:
    """Return a table cell of one line. A text that does not fit ends with an ellipsis."""
    return Text(text, "bold" if bold else COLOURS[tone], no_wrap=True, overflow="ellipsis")

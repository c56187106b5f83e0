"""The theme: dark, with one accent colour. Green, amber and red show state only.

Each text has a contrast of at least 4.5:1 with each background it stands on, and each border at least 3:1 (WCAG 2.2, 1.4.3
and 1.4.11); a test computes them.
"""

from rich.text import Text
from textual.theme import Theme

from wizard.reports.wording import Tone

_TEXT, _QUIET, _FAINT, _LINE = "#dbe2ea", "#a8b4c1", "#8592a0", "#667889"
_ACCENT, _GOOD, _WARN, _BAD = "#7cc4e0", "#86c98a", "#e5b567", "#f29c9c"
_SURFACE, _PANEL = "#161d25", "#1d2630"

CALM = Theme(
    name="calm",
    primary=_ACCENT,
    secondary=_ACCENT,
    accent=_ACCENT,
    foreground=_TEXT,
    background="#10151b",
    surface=_SURFACE,
    panel=_PANEL,
    success=_GOOD,
    warning=_WARN,
    error=_BAD,
    dark=True,
    variables={
        "scrollbar": _LINE,
        "scrollbar-hover": _FAINT,
        "scrollbar-active": _ACCENT,
        "scrollbar-background": _SURFACE,
        "scrollbar-background-hover": _SURFACE,
        "scrollbar-background-active": _SURFACE,
        "scrollbar-corner-color": _SURFACE,
        "quiet": _QUIET,
        "border": _LINE,
        "text-disabled": _FAINT,
        "border-blurred": _LINE,
        "footer-background": _SURFACE,
        "footer-key-foreground": _ACCENT,
        "footer-description-foreground": _QUIET,
        "input-selection-background": "#7cc4e0 35%",
        "block-cursor-background": "#24465a",
        "block-cursor-foreground": "#eef4f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1f2b36",
        "block-cursor-blurred-foreground": _TEXT,
        "block-hover-background": _PANEL,
    },
)

COLOURS: dict[Tone, str] = {
    "good": _GOOD,
    "warn": _WARN,
    "bad": _BAD,
    "busy": _ACCENT,
    "dim": _QUIET,
    "plain": "",
}
"""The colours of the theme for table cells, which Rich draws without knowing Textual's colour names."""


def cell(text: str, tone: Tone = "plain", *, bold: bool = False) -> Text:
    """Return a table cell of one line. A text that does not fit ends with an ellipsis."""
    return Text(text, "bold" if bold else COLOURS[tone], no_wrap=True, overflow="ellipsis")

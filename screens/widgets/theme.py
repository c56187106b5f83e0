"""One calm, dark theme: a single accent; green, amber and red for state alone."""

from rich.text import Text
from textual.theme import Theme

from wizard.reports.wording import Tone

CALM = Theme(
    name="calm",
    primary="#7cc4e0",
    secondary="#7cc4e0",
    accent="#7cc4e0",
    foreground="#d3dae2",
    background="#10151b",
    surface="#161d25",
    panel="#1d2630",
    success="#86c98a",
    warning="#e5b567",
    error="#ec8080",
    dark=True,
    variables={
        "scrollbar": "#33404d",
        "scrollbar-hover": "#46586a",
        "scrollbar-active": "#7cc4e0",
        "scrollbar-background": "#161d25",
        "scrollbar-background-hover": "#161d25",
        "scrollbar-background-active": "#161d25",
        "scrollbar-corner-color": "#161d25",
        "quiet": "#8b98a6",
        "border": "#33404d",
        "border-blurred": "#26313c",
        "footer-background": "#161d25",
        "footer-key-foreground": "#7cc4e0",
        "footer-description-foreground": "#9aa7b4",
        "input-selection-background": "#7cc4e0 35%",
        "block-cursor-background": "#24465a",
        "block-cursor-foreground": "#eef4f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1f2b36",
        "block-cursor-blurred-foreground": "#d3dae2",
        "block-hover-background": "#1d2630",
    },
)

COLOURS: dict[Tone, str] = {
    "good": "#86c98a",
    "warn": "#e5b567",
    "bad": "#ec8080",
    "busy": "#7cc4e0",
    "dim": "#8b98a6",
    "plain": "",
}
"""The theme's colours for what is drawn by Rich, which knows no names of Textual's: the cells of tables."""


def cell(text: str, tone: Tone = "plain", *, bold: bool = False) -> Text:
    """A table's cell, which is one line: what does not fit is cut off, and is seen to be."""
    return Text(text, "bold" if bold else COLOURS[tone], no_wrap=True, overflow="ellipsis")

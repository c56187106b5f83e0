"""The theme: dark, with one accent colour. Green, amber and red show state only."""

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
"""The colours of the theme for table cells, which Rich draws without knowing Textual's colour names."""


def cell(text: str, tone: Tone = "plain", *, bold: bool = False) -> Text:
    """Return a table cell of one line. A text that does not fit ends with an ellipsis."""
    return Text(text, "bold" if bold else COLOURS[tone], no_wrap=True, overflow="ellipsis")

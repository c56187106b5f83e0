"""The themes: one accent colour. Green, amber and red show state only, always beside a sign and a word.

In `calm` and `calm-light` each text has a contrast of at least 4.5:1 with each background it stands on, and each border at
least 3:1 (WCAG 2.2, 1.4.3 and 1.4.11); a test computes them. `ansi` has the terminal's own 16 colours.
"""

from collections.abc import Callable
from typing import NamedTuple

from rich.style import Style
from rich.text import Text
from rich.theme import Theme as RichTheme
from textual.theme import Theme

from screens.session.preferences import AUTO, DEFAULT_THEME
from wizard.reports.wording import Tone


class _Palette(NamedTuple):
    background: str
    surface: str
    panel: str
    text: str
    quiet: str
    faint: str
    """Placeholders and what is disabled."""
    line: str
    accent: str
    good: str
    warn: str
    bad: str
    on_accent: str
    """Text on the accent colour, or on that of a warning."""
    cursor: str
    on_cursor: str
    left_cursor: str
    """The background of the cursor in a list without the focus."""
    selection: str
    dark: bool = True
    ansi: bool = False

    def theme(self, name: str) -> Theme:
        """Return the theme with these colours."""
        return Theme(
            name=name,
            primary=self.accent,
            secondary=self.accent,
            accent=self.accent,
            foreground=self.text,
            background=self.background,
            surface=self.surface,
            panel=self.panel,
            success=self.good,
            warning=self.warn,
            error=self.bad,
            dark=self.dark,
            ansi=self.ansi,
            variables={
                "scrollbar": self.line,
                "scrollbar-hover": self.faint,
                "scrollbar-active": self.accent,
                "scrollbar-background": self.surface,
                "scrollbar-background-hover": self.surface,
                "scrollbar-background-active": self.surface,
                "scrollbar-corner-color": self.surface,
                "text": self.text,
                "quiet": self.quiet,
                "text-disabled": self.faint,
                "on-accent": self.on_accent,
                "border": self.line,
                "border-blurred": self.line,
                "footer-background": self.surface,
                "footer-key-foreground": self.accent,
                "footer-description-foreground": self.quiet,
                "input-selection-background": self.selection,
                "block-cursor-background": self.cursor,
                "block-cursor-foreground": self.on_cursor,
                "block-cursor-text-style": "none",
                "block-cursor-blurred-background": self.left_cursor,
                "block-cursor-blurred-foreground": self.text,
                "block-hover-background": self.panel,
                "ansi-background": "ansi_default",  # which Textual names in themes of 16 colours
                "ansi-foreground": "ansi_default",
            },
        )


_PALETTES = {
    "calm": _Palette(
        background="#10151b",
        surface="#161d25",
        panel="#1d2630",
        text="#dbe2ea",
        quiet="#a8b4c1",
        faint="#8592a0",
        line="#667889",
        accent="#7cc4e0",
        good="#86c98a",
        warn="#e5b567",
        bad="#f29c9c",
        on_accent="#10151b",
        cursor="#24465a",
        on_cursor="#eef4f8",
        left_cursor="#1f2b36",
        selection="#7cc4e0 35%",
    ),
    "calm-light": _Palette(
        background="#fbfcfd",
        surface="#f1f4f7",
        panel="#e4e9ee",
        text="#1b232b",
        quiet="#4a5764",
        faint="#596673",
        line="#74818e",
        accent="#0b5c82",
        good="#1f6b2b",
        warn="#7a4f00",
        bad="#a3262a",
        on_accent="#fbfcfd",
        cursor="#cfe6f2",
        on_cursor="#10181f",
        left_cursor="#dfe7ed",
        selection="#0b5c82 25%",
        dark=False,
    ),
    "ansi": _Palette(
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        text="ansi_default",
        quiet="ansi_default",
        faint="ansi_default",
        line="ansi_default",
        accent="ansi_cyan",
        good="ansi_green",
        warn="ansi_yellow",
        bad="ansi_red",
        on_accent="ansi_black",
        cursor="ansi_cyan",
        on_cursor="ansi_black",
        left_cursor="ansi_default",
        selection="ansi_cyan",
        ansi=True,
    ),
}

THEMES = {name: palette.theme(name) for name, palette in _PALETTES.items()}


def resolve(choice: str, terminal_is_light: Callable[[], bool]) -> str:
    """Return the theme for a choice. `terminal_is_light` is called only for `auto`."""
    if choice != AUTO:
        return choice
    return "calm-light" if terminal_is_light() else DEFAULT_THEME


def cell_styles(name: str) -> RichTheme:
    """Return the styles of table cells in a theme: Rich draws them by the names of tones, so that they follow the theme."""
    palette = _PALETTES[name]
    colours: dict[Tone, str] = {
        "good": palette.good,
        "warn": palette.warn,
        "bad": palette.bad,
        "busy": palette.accent,
        "dim": palette.quiet,
    }
    return RichTheme(
        {_cell_style(tone): Style(color=colour.removeprefix("ansi_")) for tone, colour in colours.items()},
        inherit=False,
    )


def cell(text: str, tone: Tone = "plain", *, bold: bool = False) -> Text:
    """Return a table cell of one line. A text that does not fit ends with an ellipsis."""
    style = "bold" if bold else "" if tone == "plain" else _cell_style(tone)
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _cell_style(tone: Tone) -> str:
    return f"tone.{tone}"

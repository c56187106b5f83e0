"""Text for people on a terminal: wrapped to its width, with coloured signs and linked names. A pipe or a file gets the lines unchanged.

The text is plain until it is written, so only this module knows about terminals. Data for programs does not come here.
"""

import os
import re
import textwrap
from typing import TextIO

import click

from screens.cli.name_links import names_to_link, with_links
from screens.cli.options import Settings
from wizard.system.sanitize import sanitize

_COLOURS = {"✓": 32, "+": 32, "✗": 31, "!": 33, "?": 33, "~": 33, "◐": 36}
"""ANSI colours of signs: they follow the palette of the terminal."""
_ASCII_SIGNS = {"✓": "OK", "✗": "FAIL", "!": "WARN", "?": "?", "◐": "..", "–": "-", "·": "-", "○": "-"}
_ASCII = str.maketrans(
    {"…": "...", "–": "-", "·": "-", "→": "->", "×": "x", "✓": "OK", "✗": "FAIL", "◐": ".."}
)
_SIGN = re.compile(r"(\s*(?:[\d:/]+ +){0,2})([✓✗!?◐–·○+~=])(?= |$)")
"""A sign at the beginning of a line, at most behind a time and the number of a step."""
_GAP = re.compile(r"\S {2,}(?=\S)")
_COMMAND = re.compile(r"(?:aks-kms|az|kubectl|python3|source|export) (?=\S)")
_LAST_COMMAND = re.compile(r"(?<=: )(?:aks-kms|az|kubectl) [^`]*$")
"""A command at the end of a sentence."""
_PROSE, _MEASURE = 60, 100
"""Characters from which the last column of a line is prose, and the longest line of prose."""
_NARROWEST = 24
"""Columns that the last column of a wrapped line has at least."""


def print_text(text: str, stream: TextIO) -> None:
    """Write lines for people to stdout or stderr, without terminal control sequences of others. Raise OSError."""
    click.echo(render(sanitize(text), stream), file=stream, color=True)


def render(text: str, stream: TextIO) -> str:
    """Return the lines as they are to be written to a stream."""
    lines = text.split("\n")
    if not _can_encode(stream):
        lines = _in_ascii(lines)
    if width := columns(stream):
        lines = [part for line in lines for part in wrap(line, width)]
    if _in_colour(stream):
        lines = [_coloured(line) for line in lines]
        if stream.isatty() and os.environ.get("TERM") != "dumb":
            names = names_to_link()
            lines = [with_links(line, names) for line in lines]
    return "\n".join(lines)


def decorate(line: str, stream: TextIO) -> str:
    """Return one line with its sign as it is to be written to a stream, without wrapping it."""
    line = sanitize(line)
    if not _can_encode(stream):
        line = _in_ascii([line])[0]
    return _coloured(line) if _in_colour(stream) else line


def wrap(line: str, width: int) -> list[str]:
    """Return a line in parts that fit. Only its last column is wrapped, and no word, `command` or command line is broken."""
    if len(line) > width and (command := _LAST_COMMAND.search(line)):
        before = line[: command.start()].rstrip()
        return [*wrap(before, width), " " * _text_start(before, width) + command[0]]
    start = _text_start(line, width)
    is_prose = len(line) - start >= _PROSE and not _GAP.search(line, start)
    limit = min(width, _MEASURE) if is_prose else width
    if len(line) <= limit or _COMMAND.match(line, start):
        return [line]
    joined = re.sub(r"`[^`]*`", lambda match: match[0].replace(" ", "\0"), line[start:])
    first, *rest = textwrap.wrap(joined, limit - start, break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
    parts = [line[:start] + first, *(" " * start + part for part in rest)]
    return [part.replace("\0", " ").rstrip() for part in parts]


def _text_start(line: str, width: int) -> int:
    """Return where the last column of a line begins, in which it is wrapped."""
    sign = _SIGN.match(line)
    indent = sign.end() + 1 if sign else len(line) - len(line.lstrip())
    gaps = [match.end() for match in _GAP.finditer(line) if match.end() <= width * 0.65]
    starts = [start for start in sorted({indent, *gaps}, reverse=True) if width - start >= _NARROWEST]
    fitting = (start for start in starts if max(map(len, line[start:].split()), default=0) <= width - start)
    return next(fitting, starts[0] if starts else max(0, width - _NARROWEST))


def _coloured(line: str) -> str:
    match = _SIGN.match(line)
    if not match or match[2] not in _COLOURS:
        return line
    return f"{match[1]}\x1b[{_COLOURS[match[2]]}m{match[2]}\x1b[0m{line[match.end() :]}"


def _in_ascii(lines: list[str]) -> list[str]:
    """Return lines with words for signs. They are wider, so what is indented below a sign moves to the right with it."""
    signs = [_SIGN.match(line) for line in lines]
    places = [len(match[1]) for match in signs if match and not match[1].strip()]

    def converted(line: str, match: re.Match[str] | None) -> str:
        if match:
            return f"{match[1]}{_ASCII_SIGNS.get(match[2], match[2]):<4}{line[match.end() :]}"
        below = places and len(line) - len(line.lstrip()) > min(places)
        return f"   {line}" if below else line

    return [
        converted(line, match).translate(_ASCII).rstrip() for line, match in zip(lines, signs, strict=True)
    ]


def _can_encode(stream: TextIO) -> bool:
    try:
        "✓✗".encode(getattr(stream, "encoding", None) or "utf-8")  # a captured stream may have none
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns(stream: TextIO) -> int:
    """Return the width of a terminal; 0 for a pipe, a file, or a terminal that does not say."""
    if not stream.isatty():
        return 0
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return max(_NARROWEST * 2, int(given))
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return 0
    return width and max(_NARROWEST * 2, width)


def _in_colour(stream: TextIO) -> bool:
    context = click.get_current_context(silent=True)
    settings = context.find_object(Settings) if context else None
    choice = settings.color if settings and settings.color else "auto"
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"

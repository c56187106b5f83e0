"""The line on stderr that is redrawn while work is in progress. Any other output replaces it."""

import os
import sys
from contextlib import suppress

import click

_state = {"shown": False}


def is_possible() -> bool:
    """Return whether stderr is a terminal on which a line can be drawn again."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def show(text: str) -> None:
    """Draw the line, without a line end. The text fits into one line of the terminal. One that is gone is ignored."""
    _state["shown"] = True
    with suppress(OSError):
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)


def erase() -> None:
    """Remove the line, if it is shown."""
    if _state["shown"]:
        _state["shown"] = False
        with suppress(OSError):
            click.echo("\r\x1b[K", err=True, nl=False)

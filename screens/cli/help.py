"""The help of a command: its own options first, then those that every command has, then examples."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

Example = tuple[str, str]
"""What an example does, and its command line."""


class GlobalOption(click.Option):
    """An option that every command has."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's line, with an optional value right after its name: `--simulate[=SCENARIO]`."""
        record = super().get_help_record(ctx)
        return record and (record[0].replace(" [=", "[="), record[1])


class _Sections(click.Command):
    """A command whose help has the global options in a section of their own, and examples."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples

    def get_help(self, ctx: click.Context) -> str:
        """Return the help in the width of the terminal. Click would find the width with `shutil`, which imports archives."""
        most = ctx.max_content_width or 80
        ctx.terminal_width = ctx.terminal_width or max(min(_columns(), most) - 2, 50)
        return super().get_help(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands of a group, and both sections of options."""
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        last = self.get_help_option(ctx)
        for param in self.get_params(ctx):
            if not isinstance(param, click.Argument) and (record := param.get_help_record(ctx)):
                (shared if isinstance(param, GlobalOption) or param is last else own).append(record)
        for heading, records in (("Options", own), ("Global options", shared)):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples after the epilog."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for purpose, line in self.examples:
                    formatter.write(f"  # {purpose}\n  {line}\n")


def _columns() -> int:
    """Return the width of the terminal as `shutil.get_terminal_size` does."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1).columns or 80
    except (AttributeError, ValueError, OSError):
        return 80


class Command(_Sections):
    """A command."""


class Group(_Sections, click.Group):
    """A command with subcommands."""

    command_class = Command

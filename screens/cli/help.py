"""The help of a command: its own options first, then those that every command has, then examples. And what is said to a
command line that does not fit: the nearest value, or how to get the one that is missing."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

_MISSING = {
    "path": "`aks-kms answers example customer-managed-private > answers.yaml` creates an answers file; then add -f answers.yaml.",
    "run": "`aks-kms runs list` shows the IDs, newest first.",
}
"""How to get the value of a missing parameter, by its name."""

Example = tuple[str, str]
"""What an example does, and its command line."""


class Choice(click.Choice[str]):
    """A choice whose message has the values as they are written in the help, and the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the message about a value that is none of the choices."""
        import difflib  # four milliseconds, needed only here

        del ctx
        low = str(value).casefold()
        names = {str(name).casefold(): str(name) for name in self.choices}
        near = [name for name in names if low and name.startswith(low)] or difflib.get_close_matches(
            low, names
        )
        meant = f" Did you mean {names[near[0]]}?" if near else ""
        return f"{value!r} is not one of {', '.join(map(repr, names.values()))}.{meant}"


class GlobalOption(click.Option):
    """An option that every command has. `short` is its help in a command, where what can be given for it is left out."""

    def __init__(self, *args: Any, short: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.short = short

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's line, with an optional value right after its name: `--simulate[=SCENARIO]`."""
        record = super().get_help_record(ctx)
        return record and (record[0].replace(" [=", "[="), (ctx.parent and self.short) or record[1])


class _Sections(click.Command):
    """A command whose help has the global options in a section of their own, and examples."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Raise click.UsageError, which says what to do."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            hint = error.message or _MISSING.get((error.param and error.param.name) or "", "")
            raise click.MissingParameter(hint, error.ctx, error.param) from None
        except click.UsageError as error:
            if error.message.startswith("Got unexpected extra argument"):
                raise click.UsageError(f"{error.message}. {self._place_of()}", error.ctx) from None
            raise

    def _place_of(self) -> str:
        """Return how a value is given that stands without its option."""
        options = {name for param in self.params for name in param.opts}
        if "-n" in options:
            return "A cluster is given with its options: -g RESOURCE-GROUP -n NAME, or --id ID."
        return "Each value needs its option; --help shows them."

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

"""The entry point `aks-kms`: the table of commands, and the exit codes. Each command is a module, imported when it is used.

Import nothing here that `--help` does not need: pydantic, Textual and the Azure SDKs take ten times as long as click.
"""

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

from screens.cli import gc_startup
from screens.cli.help import Group
from screens.cli.options import COMPLETION, azure_options, expand_bare_simulate
from wizard import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "check": "Check prerequisites: tools, sign-in and subscriptions.",
    "clusters": "List clusters and how their secrets are encrypted.",
    "plan": "Show the changes required by an answers file. Makes no changes.",
    "apply": "Apply the changes: encrypt the cluster named in an answers file.",
    "verify": "Verify how the secrets of one or more clusters are encrypted.",
    "rotate": "Rotate a cluster's customer-managed key.",
    "script": "Export the plan as an Azure CLI shell script.",
    "export": "Print infrastructure code that keeps a cluster's encryption.",
    "answers": "Print example answers files and their JSON Schema.",
    "runs": "List, inspect and resume previous runs.",
    "simulator": "Run the Azure simulator until interrupted.",
    "completion": "Print the completion script for a shell.",
}
"""Each command's line in `--help`, by name. The command itself is `command` in the module of that name; its help begins with
the same line."""


class Commands(Group):
    """A group whose commands are imported when they are used."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, expand_bare_simulate(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        del ctx
        found: click.Command = importlib.import_module(f"screens.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown_command(args[0], sys.argv[1:]), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Return the commands from the table, without importing them, and the options."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=help_)
            for name, help_ in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([("(none)", "Start the wizard."), *COMMANDS.items()])


def _unknown_command(name: str, given: list[str]) -> str:
    import difflib  # four milliseconds, needed only here

    from wizard.system.sanitize import sanitize

    if given[given.index(name) - 1 :][:1] == ["--simulate"]:
        return f"There is no command {name!r}. Use an equals sign to select a scenario: --simulate={sanitize(name)}"
    if name == "help":
        topic = next((word for word in given if word in COMMANDS), "")
        return f"There is no command 'help'. Use {' '.join(filter(None, ('aks-kms', topic, '--help')))}"
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    remedy = f"Did you mean {close[0]}?" if close else f"The commands are: {', '.join(COMMANDS)}."
    return f"There is no command {name!r}. {remedy}"


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    examples=(
        ("Try the wizard with the Azure simulator", "aks-kms --simulate"),
        ("Show how the secrets of all clusters are encrypted", "aks-kms clusters"),
        (
            "Encrypt a cluster without the wizard",
            "aks-kms answers example customer-managed-private > answers.yaml",
        ),
    ),
    epilog="Exit codes: 0 success; 1 a check or step failed; 2 invalid usage or answers file (nothing was sent); "
    "3 Azure unreachable or sign-in failed; 130 interrupted (resumable).",
)
@azure_options
@click.version_option(__version__, prog_name="aks-kms")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Encrypt the Kubernetes secrets of an AKS cluster with a KMS key, and verify the result.

    Without a command, the wizard starts. To try it with the Azure simulator: aks-kms --simulate
    """
    if ctx.invoked_subcommand is None:
        from screens.cli.wizard import run_wizard  # only the wizard needs it

        ctx.exit(run_wizard(ctx))


def _reopen_closed_streams() -> None:
    """Connect closed streams (`>&-`) to the null device, before another file gets the number of one. A write to stdout still
    fails: its reader expects a result."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - stays open


def _prepare(stream: TextIO) -> None:
    """Keep a character that a terminal cannot show from causing a traceback, and write files the same on every system.

    Windows would write them in its own code page and with its own line ends, which no reader of JSON, SARIF or a shell
    script expects.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
        try:
            "✓".encode(stream.encoding, "backslashreplace")
        except UnicodeError:  # PYTHONIOENCODING names an encoding that has no such replacement
            stream.reconfigure(encoding="utf-8")
        if sys.platform == "win32" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
            stream.reconfigure(encoding="utf-8", newline="\n")


def main() -> None:
    """Run the console script, and end the process with one of the documented exit codes."""
    gc_startup.begin()
    _reopen_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        _prepare(stream)
    if COMPLETION in os.environ:
        from screens.cli.completion import register

        register()
    try:
        code = cli.main(standalone_mode=False, prog_name="aks-kms")
        sys.stdout.flush()
    except click.ClickException as error:
        from screens.cli.render import print_text  # not for --help

        message = io.StringIO()
        error.show(file=message)
        print_text(message.getvalue().rstrip("\n"), sys.stderr)  # click repeats its input unchanged
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted.", err=True)
        code = 130
    except OSError as error:
        if error.filename is not None:  # no write to a stream
            raise
        from screens.cli.outcome import code_of_lost_output  # it is not needed for `--help`

        code = code_of_lost_output(error)
    sys.exit(code or 0)

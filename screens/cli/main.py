"""The command line: what there is, and how it ends. Each command is a file in `screens/cli/`, read when it is asked for.

Nothing is imported here that `--help` does not need: pydantic, Textual and the Azure SDKs take ten times as long as click.
"""

import errno
import importlib
import io
import os
import sys

import click

from screens.cli import gc_startup
from screens.cli.options import azure_options, bare_simulate
from wizard import __version__
from wizard.system.sanitize import sanitize

_COMMANDS = {
    "check": "What must be there: the tools, the sign-in, the subscriptions.",
    "clusters": "The clusters you can see, with how each is encrypted now.",
    "plan": "What would be done, from the live state. Changes nothing.",
    "apply": "Do it: encrypt the cluster that an answers file names.",
    "verify": "Read clusters back, and prove how they are encrypted.",
    "rotate": "A new version of a cluster's customer-managed key.",
    "script": "The same procedure as an Azure CLI shell script.",
    "export": "Print infrastructure code that keeps a cluster's encryption.",
    "answers": "Answers files: examples, and their schema.",
    "runs": "The journal: what was run, and carrying on.",
    "simulator": "Serve the simulated Azure until interrupted.",
}
"""By name: what it does, as `--help` shows it. The command itself is `command` in the module of that name."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, bare_simulate(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        del ctx
        found: click.Command = importlib.import_module(f"screens.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown(args[0], sys.argv[1:]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([("(none)", "The wizard."), *_COMMANDS.items()])


def _unknown(name: str, given: list[str]) -> str:
    import difflib  # four milliseconds that nobody else needs

    close = difflib.get_close_matches(name, _COMMANDS, n=1)
    remedy = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(_COMMANDS)}."
    if given[given.index(name) - 1 :][:1] == ["--simulate"]:
        remedy += f" (A scenario is given with an equals sign: --simulate={sanitize(name)})"
    return f"There is no command {name!r}. {remedy}"


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, encrypted as asked; 1 the answer is no, or a step failed; 2 usage or invalid answers, nothing "
    "was sent; 3 Azure could not be reached or signed in to; 130 interrupted, resumable.",
)
@azure_options
@click.version_option(__version__, prog_name="aks-kms")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Encrypt the Kubernetes secrets of an AKS cluster with a KMS key, and prove it.

    Without a command: the wizard. Try it on a simulated Azure: aks-kms --simulate
    """
    if ctx.invoked_subcommand is None:
        from screens.cli.wizard import run_wizard  # the wizard alone pays for it

        ctx.exit(run_wizard(ctx))


def _open_what_is_closed() -> None:
    """A stream that was closed (`>&-`) leads nowhere. Before any file is opened: the next one would get its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for good


def main() -> None:
    """The console script. Ends the process with one of the documented exit codes."""
    gc_startup.begins()
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a terminal that cannot show a sign shows its code instead of a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False, prog_name="aks-kms")
        sys.stdout.flush()
    except click.ClickException as error:
        said = io.StringIO()
        error.show(file=said)
        click.echo(
            sanitize(said.getvalue()), nl=False, err=True
        )  # click repeats what it was given, byte by byte
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted; nothing more is done.", err=True)
        code = 130
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.EIO}:
            raise
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # whoever read our output has seen enough, or its terminal is gone
        code = 1
    sys.exit(code or 0)

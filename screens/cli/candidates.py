"""What the shell completes for values of options and arguments that click does not know by itself.

Each function is a `shell_complete` callback. They read names only and import nothing heavy, because they run at every press of the
Tab key.
"""

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_RUN_ID = re.compile(r"\d{8}-\d{6}-[\w.-]+")


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Let the shell complete the name of a file."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def clouds(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete the name of a cloud, in Azure's spelling: click writes choices that ignore case in lower case."""
    del ctx
    names = param.type.choices if isinstance(param.type, click.Choice) else ()
    return _items([name for name in names if name.casefold().startswith(incomplete.casefold())], "")


def scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete a built-in scenario, or a file if the value looks like a path."""
    if "/" in incomplete or "." in incomplete:
        return files(ctx, param, incomplete)
    from importlib import resources  # not for --help: it imports tempfile and the compression of archives

    built_in = resources.files("wizard") / "simulator" / "scenario" / "built_in"
    names = (file.name for file in built_in.iterdir() if file.name.endswith(".yaml"))
    return _items(sorted(name.removesuffix(".yaml") for name in names), incomplete)


def timeouts(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete a timeout together with its default, which is then edited."""
    from click.shell_completion import CompletionItem

    from wizard.cloud.timeouts import budgets

    del ctx, param
    return [
        CompletionItem(f"{name}={seconds:.0f}", help=purpose)
        for name, (seconds, purpose) in budgets().items()
        if name.startswith(incomplete)
    ]


def optional_checks(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete the code of a check that can be left out."""
    from wizard.verification.verdict import OPTIONAL

    del ctx, param
    return _items(sorted(OPTIONAL), incomplete)


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete the ID of a run, newest first, by the names in the journal."""
    from wizard.system.private_files import state_directory

    del ctx, param
    try:
        names = [each.name for each in (state_directory() / "runs").iterdir() if each.is_dir()]
    except OSError:
        return []
    return _items(sorted(filter(_RUN_ID.fullmatch, names), reverse=True), incomplete)


def _items(names: list[str], incomplete: str) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]

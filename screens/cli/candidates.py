"""What the shell completes for values of options and arguments that click does not know by itself.

Each function is a `shell_complete` callback. They read names only and import nothing heavy, because they run at every press of the
Tab key.
"""

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from screens.cli.seen_clusters import SeenCluster

_RUN_ID = r"\d{8}-\d{6}-[\w.-]+"


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
    return _items(sorted((name for name in names if re.fullmatch(_RUN_ID, name)), reverse=True), incomplete)


def cluster_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete the name of a cluster of the last list, in the resource group and the subscription given so far."""
    return _distinct(
        [(each.name, f"{each.resource_group}, {each.subscription_name}") for each in _seen(ctx, param)],
        incomplete,
    )


def resource_groups(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete the resource group of a cluster of the last list, of the name given so far."""
    return _distinct(
        [(each.resource_group, each.subscription_name) for each in _seen(ctx, param)], incomplete
    )


def cluster_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete the ID of a cluster of the last list."""
    return _distinct([(each.id, "") for each in _seen(ctx, param)], incomplete)


def subscriptions(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Complete a subscription of the last list: by its name, or by its ID if the shell would have to quote the name."""
    names = [
        (
            each.subscription_name if re.fullmatch(r"[\w.-]+", each.subscription_name) else each.subscription,
            each.subscription_name,
        )
        for each in _seen(ctx, param)
    ]
    return _distinct(names, incomplete)


def _seen(ctx: click.Context, param: click.Parameter) -> "list[SeenCluster]":
    """Return the clusters of the last list that fit the other options."""
    from screens.cli.seen_clusters import load

    given: dict[str, set[str]] = {}
    for other in ctx.command.params:
        value = ctx.params.get(other.name or "")
        if other.name != param.name and value:
            option = {"-g": "resource_group", "-n": "name", "--subscription": "subscription"}.get(
                other.opts[0]
            )
            if option:
                given[option] = {each.casefold() for each in ([value] if isinstance(value, str) else value)}
    return [
        each
        for each in load(ctx.obj.cluster_list)
        if each.name.casefold() in given.get("name", {each.name.casefold()})
        and each.resource_group.casefold() in given.get("resource_group", {each.resource_group.casefold()})
        and {each.subscription.casefold(), each.subscription_name.casefold()}
        & given.get("subscription", {each.subscription.casefold()})
    ]


def _distinct(found: list[tuple[str, str]], incomplete: str) -> "list[CompletionItem[str]]":
    """Return each value once, with the help of the first; none that the shell would have to quote."""
    from click.shell_completion import CompletionItem

    from wizard.system.sanitize import one_line

    values: dict[str, str] = {}
    for value, help_ in sorted(found):
        if value.casefold().startswith(incomplete.casefold()) and re.fullmatch(r"[\w./-]+", value):
            values.setdefault(value, one_line(help_))
    return [CompletionItem(value, help=help_) for value, help_ in values.items()]


def _items(names: list[str], incomplete: str) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]

"""The options that select one cluster, as in the Azure CLI."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from screens.cli import candidates
from screens.cli.clusters import select_subscriptions
from screens.cli.options import Settings
from screens.cli.outcome import CommandExit, code_of, problem_text, write_stderr
from screens.exit_codes import FAILURE, UNREACHABLE, USAGE
from wizard.cloud.arm import MANAGED_CLUSTER, Json, ResourceId, same
from wizard.system.names import listed
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure
    from wizard.cloud.inventory import ClusterRow, Unreadable

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

ClusterName = tuple[str, str, str]
"""Subscription (ID, name or empty), resource group and name."""


@dataclass(frozen=True)
class SelectedCluster:
    """A cluster that the command line selects."""

    id: str
    body: Json | None = None
    """As Azure returned it, if it was read to find the cluster."""


def cluster_options(command: Decorated) -> Decorated:
    """Add `-g`, `-n`, `--subscription` and `--id`."""
    for option in (
        click.option(
            "--id",
            "cluster_id",
            metavar="ID",
            shell_complete=candidates.cluster_ids,
            help="Resource ID of the cluster, instead of -g and -n.",
        ),
        click.option(
            "--subscription",
            metavar="NAME-OR-ID",
            shell_complete=candidates.subscriptions,
            help="Name or ID of the subscription. Default: search all subscriptions.",
        ),
        click.option(
            "-n",
            "--name",
            metavar="NAME",
            shell_complete=candidates.cluster_names,
            help="Name of the cluster.",
        ),
        click.option(
            "-g",
            "--resource-group",
            "group",
            metavar="GROUP",
            shell_complete=candidates.resource_groups,
            help="Resource group of the cluster.",
        ),
    ):
        command = option(command)
    return command


def named_cluster(
    cluster_id: str | None, group: str | None, name: str | None, subscription: str | None
) -> ClusterName:
    """Return the cluster that the options select. Raise click.UsageError if they are missing or incomplete."""
    if cluster_id is not None:
        parsed = parse_cluster_id(cluster_id)
        return parsed.subscription, parsed.resource_group, parsed.name
    if group is None or name is None:
        raise click.UsageError("No cluster given. Use -g and -n, or --id. `aks-kms clusters` lists them.")
    return subscription or "", group, name


def parse_cluster_id(text: str) -> ResourceId:
    """Return the value of `--id`. Raise click.UsageError if it is not the ID of a managed cluster."""
    try:
        parsed = ResourceId.parse(text)
    except ValueError as error:
        raise click.UsageError(f"--id: {error}.") from None
    if not same(parsed.type, MANAGED_CLUSTER):
        raise click.UsageError(
            f"--id: {text!r} is the ID of a {parsed.type}, not of a {MANAGED_CLUSTER}. Use the ID of a cluster."
        )
    return parsed


async def resolve_cluster_id(azure: "Azure", cluster: ClusterName) -> str:
    """Return the resource ID of a cluster that is to be changed. Raise CommandExit if it does not exist or is ambiguous."""
    subscription, group, name = cluster
    named = (subscription,) if subscription else ()
    return (await find_cluster(azure, group, name, named, must_be_unique=True)).id


async def find_cluster(
    azure: "Azure", group: str, name: str, named: tuple[str, ...], *, must_be_unique: bool = False
) -> SelectedCluster:
    """Return a cluster: in the named subscriptions, else in the only subscription with such a cluster.

    A subscription that could not be read may have a cluster of the same name. With `must_be_unique`, because the cluster is to
    be changed, that raises CommandExit; otherwise it is a warning on stderr.
    """
    subscriptions = await select_subscriptions(azure, named)
    if len(subscriptions) == 1:
        return SelectedCluster(str(ResourceId(subscriptions[0].id, group, MANAGED_CLUSTER, name)))
    from wizard.fleet.search import search

    found, unreadable = await search(azure, subscriptions, group, name)
    if len(found) == 1:
        _check_ambiguity(found[0].row, unreadable, must_be_unique=must_be_unique)
        return SelectedCluster(found[0].row.id, found[0].body)
    for each in unreadable:
        write_stderr(problem_text(each.problem))
    if found:
        names = listed(sorted(each.row.subscription_name for each in found))
        raise CommandExit(
            USAGE,
            f"✗ A cluster {name} in {group} exists in several subscriptions: {names}.\n  What to do: add --subscription NAME-OR-ID.",
        )
    if unreadable:
        faults = all(code_of(each.problem) == UNREACHABLE for each in unreadable)
        raise CommandExit(
            UNREACHABLE if faults else FAILURE,
            f"✗ The search for a cluster {name} in a resource group {group} is not complete. Subscriptions that could not be "
            f"read: {listed(dict.fromkeys(each.subscription_name for each in unreadable))}.\n"
            "  What to do: try again, or select a subscription with --subscription.",
        )
    raise CommandExit(
        FAILURE,
        f"✗ There is no cluster {name} in a resource group {group}. Subscriptions searched: "
        f"{listed(row.name for row in subscriptions) or 'none'}.\n"
        f"  What to do: {_nearest(group, name)}check the names (`aks-kms clusters` lists them), or sign in with an identity that can "
        "read the cluster.",
    )


def _nearest(group: str, name: str) -> str:
    """Return the cluster of the last list whose names are nearest, as a question; empty if none is near."""
    import difflib

    from screens.cli.seen_clusters import load

    context = click.get_current_context(silent=True)
    settings = (context and context.find_object(Settings)) or Settings()
    known = {f"{each.resource_group}/{each.name}": each for each in load(settings.cluster_list)}
    for near in difflib.get_close_matches(f"{group}/{name}", known, n=1, cutoff=0.75):
        return f"did you mean -g {one_line(known[near].resource_group)} -n {one_line(known[near].name)}? Otherwise "
    return ""


def _check_ambiguity(found: "ClusterRow", unreadable: "list[Unreadable]", *, must_be_unique: bool) -> None:
    """Report subscriptions that may have another cluster of the same name. Raise CommandExit with `must_be_unique`."""
    possible = [
        each
        for each in unreadable
        if not same(each.subscription_id, found.subscription_id)  # names are unique in a resource group
        and not (each.cluster_id and _has_other_name(each.cluster_id, found))
    ]
    if not possible:
        return
    for each in possible:
        write_stderr(problem_text(each.problem))
    names = listed(sorted({each.subscription_name for each in possible}))
    message = (
        f"The cluster {found.name} in {found.resource_group} exists in {found.subscription_name}, but these subscriptions could "
        f"not be read and may have a cluster of the same name: {names}."
    )
    if must_be_unique:
        raise CommandExit(
            USAGE,
            f"✗ {message} No changes were made.\n  What to do: select the subscription with --subscription.",
        )
    write_stderr(f"! {message} To select the subscription, use --subscription.")


def _has_other_name(cluster_id: str, found: "ClusterRow") -> bool:
    """Return whether an unreadable cluster has another name or resource group."""
    try:
        parsed = ResourceId.parse(cluster_id)
    except ValueError:
        return False
    return not (same(parsed.resource_group, found.resource_group) and same(parsed.name, found.name))

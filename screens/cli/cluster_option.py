"""The options that name one cluster, as the Azure CLI has them."""

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import click

from screens.cli.clusters import chosen
from screens.cli.outcome import Ended, problem_text, say
from screens.exit_codes import NO, USAGE
from wizard.cloud.arm import MANAGED_CLUSTER, ResourceId, same

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure
    from wizard.cloud.inventory import ClusterRow, Unreadable

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

Where = tuple[str, str, str]
"""Subscription (an id, a name or nothing), resource group and name."""


def cluster_options(command: Decorated) -> Decorated:
    """`-g`, `-n`, `--subscription` and `--id`."""
    for option in (
        click.option(
            "--id", "cluster_id", metavar="ID", help="The cluster's resource id, instead of -g and -n."
        ),
        click.option(
            "--subscription",
            metavar="NAME-OR-ID",
            help="Its id or name; without it, the cluster is looked for in all.",
        ),
        click.option("-n", "--name", metavar="NAME", help="The cluster's name."),
        click.option("-g", "--resource-group", "group", metavar="GROUP", help="Its resource group."),
    ):
        command = option(command)
    return command


def named_cluster(
    cluster_id: str | None, group: str | None, name: str | None, subscription: str | None
) -> Where:
    """The one cluster that the options name. Raises click.UsageError where they name none, or half a one."""
    if cluster_id is not None:
        there = parsed_id(cluster_id)
        return there.subscription, there.resource_group, there.name
    if group is None or name is None:
        raise click.UsageError("Which cluster? Give -g and -n, or --id; `aks-kms clusters` lists them.")
    return subscription or "", group, name


def parsed_id(text: str) -> ResourceId:
    """What `--id` names. Raises click.UsageError where it is no managed cluster."""
    try:
        there = ResourceId.parse(text)
    except ValueError as error:
        raise click.UsageError(f"--id: {error}.") from None
    if not same(there.type, MANAGED_CLUSTER):
        raise click.UsageError(
            f"--id: {text!r} is the id of a {there.type}, not of a {MANAGED_CLUSTER}. Give a cluster's id."
        )
    return there


async def cluster_id_of(azure: "Azure", where: Where) -> str:
    """The resource id of the cluster that the options name, to be changed. Raises Ended where there is none, where there
    is more than one, and where there may be."""
    subscription, group, name = where
    return await find_cluster(azure, group, name, (subscription,) if subscription else (), certain=True)


async def find_cluster(
    azure: "Azure", group: str, name: str, named: tuple[str, ...], *, certain: bool = False
) -> str:
    """The id of the cluster of that name: in the subscription given, else in the only one that has such a cluster.

    Where another subscription could not be read, there may be one of that name too: that is said, and is enough to end
    (Ended) where it has to be `certain`, because the cluster is to be changed.
    """
    subscriptions = await chosen(azure, named)
    if len(subscriptions) == 1:
        return str(ResourceId(subscriptions[0].id, group, MANAGED_CLUSTER, name))
    from wizard.cloud.inventory import Unreadable
    from wizard.fleet.sweep import Swept, sweep

    found: list[ClusterRow] = []
    unreadable: list[Unreadable] = []
    async with aclosing(sweep(azure, subscriptions, whole=not named)) as clusters:
        async for each in clusters:
            if isinstance(each, Unreadable):
                unreadable.append(each)
            elif (
                isinstance(each, Swept) and same(each.row.resource_group, group) and same(each.row.name, name)
            ):
                found.append(each.row)
    if len(found) == 1:
        _other_may_be_meant(found[0], unreadable, certain=certain)
        return found[0].id
    for missed in unreadable:
        say(problem_text(missed.problem))
    if found:
        where = ", ".join(sorted(row.subscription_name for row in found))
        raise Ended(
            USAGE,
            f"✗ There is a cluster {name} in {group} in each of: {where}.\n  What to do: add --subscription.",
        )
    raise Ended(
        NO,
        f"✗ There is no cluster {name} in a resource group {group} in any of "
        f"{', '.join(row.name for row in subscriptions) or 'no subscription at all'}.\n"
        "  What to do: check the names (`aks-kms clusters` lists them), or sign in as somebody who can see it.",
    )


def _other_may_be_meant(found: "ClusterRow", unreadable: "list[Unreadable]", *, certain: bool) -> None:
    """Say where another cluster of that name may be, unseen. Raises Ended where it has to be certain that none is."""
    elsewhere = [
        missed
        for missed in unreadable
        if not same(missed.subscription_id, found.subscription_id)  # a group has one cluster of a name
        and not (missed.cluster_id and _is_another(missed.cluster_id, found))
    ]
    if not elsewhere:
        return
    for missed in elsewhere:
        say(problem_text(missed.problem))
    names = ", ".join(sorted({missed.subscription_name for missed in elsewhere}))
    told = (
        f"There is a cluster {found.name} in {found.resource_group} in {found.subscription_name}; whether there is one in "
        f"{names} as well could not be seen."
    )
    if certain:
        raise Ended(
            USAGE,
            f"✗ {told} Nothing was changed.\n  What to do: say which one is meant, with --subscription.",
        )
    say(f"! {told} --subscription says which one is meant.")


def _is_another(cluster_id: str, found: "ClusterRow") -> bool:
    """Whether a cluster that could not be read has another name, or is in a group of another name."""
    try:
        there = ResourceId.parse(cluster_id)
    except ValueError:
        return False
    return not (same(there.resource_group, found.resource_group) and same(there.name, found.name))

"""`aks-kms clusters`: the clusters one can see, with how each is encrypted now."""

import json
from typing import TYPE_CHECKING, Any

import click

from screens.headless.door import opened
from screens.headless.options import Settings, azure_options, output_option, settings_of
from screens.headless.outcome import DONE, NO, USAGE, Ended, carry_out, code_of, problem_text, say, show
from screens.headless.table import table
from screens.words import count, encryption

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.inventory import ClusterRow, Unreadable


@click.command("clusters")
@click.option(
    "--subscription",
    "wanted",
    metavar="NAME-OR-ID",
    multiple=True,
    help="Only this one; repeatable. Default: all.",
)
@output_option("table", "json")
@azure_options
@click.pass_context
def command(ctx: click.Context, wanted: tuple[str, ...], output: str) -> int:
    """The clusters you can see, with how each is encrypted now."""
    return carry_out(_clusters(settings_of(ctx), wanted, output))


async def _clusters(settings: Settings, wanted: tuple[str, ...], output: str) -> int:
    from wizard.cloud.inventory import ClusterRow, clusters

    rows: list[ClusterRow] = []
    unreadable: list[Unreadable] = []
    async with opened(settings) as azure:
        subscriptions = await chosen(azure, wanted)
        async for found in clusters(azure, subscriptions):
            if isinstance(found, ClusterRow):
                rows.append(found)
            else:
                unreadable.append(found)
    for missed in unreadable:
        say(problem_text(missed.problem))
    if output == "json":
        body = {
            "clusters": [_json(row) for row in rows],
            "unreadable": [
                {"subscription": missed.subscription_id, "problem": missed.problem.to_json()}
                for missed in unreadable
            ],
        }
        show(json.dumps(body, indent=2))
    else:
        show(_text(rows, len(subscriptions)))
    if unreadable and not rows:
        return code_of(unreadable[0].problem)
    return NO if unreadable else DONE


async def chosen(azure: "Azure", wanted: tuple[str, ...]) -> "list[Subscription]":
    """The subscriptions of these names or ids; all that can be seen where none is named. Raises Ended."""
    everything = await azure.subscriptions()
    if not wanted:
        return everything
    found = []
    for name in wanted:
        fitting = [row for row in everything if name.casefold() in {row.id.casefold(), row.name.casefold()}]
        if not fitting:
            known = ", ".join(f"{row.name} ({row.id})" for row in everything) or "none at all"
            raise Ended(
                USAGE,
                f"✗ {azure.signed_in.name} sees no subscription {name!r}.\n  What to do: use one of {known}.",
            )
        found += fitting
    return found


def _json(row: "ClusterRow") -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "resource_group": row.resource_group,
        "subscription": row.subscription_id,
        "subscription_name": row.subscription_name,
        "location": row.location,
        "kubernetes_version": row.kubernetes_version,
        "identity": row.identity,
        "encryption": row.kind,
        "key_id": row.encryption.key_id or None,
        "key_vault_network_access": row.encryption.network_access or None,
        "provisioning_state": row.provisioning_state,
        "power_state": row.power_state,
        "node_pools": row.node_pools,
        "nodes": row.nodes,
        "why_not": row.why_not,
    }


def _text(rows: "list[ClusterRow]", subscriptions: int) -> str:
    if not rows:
        return f"No cluster in {count(subscriptions, 'subscription')}."
    heads = ("NAME", "RESOURCE GROUP", "SUBSCRIPTION", "REGION", "VERSION", "IDENTITY", "ENCRYPTION", "NOTE")
    cells = [
        (
            *(row.name, row.resource_group, row.subscription_name, row.location, row.kubernetes_version),
            *(row.identity, encryption(row.encryption)[0], row.why_not or _state(row)),
        )
        for row in rows
    ]
    return (
        table(heads, cells) + f"\n\n{count(len(rows), 'cluster')} in {count(subscriptions, 'subscription')}"
    )


def _state(row: "ClusterRow") -> str:
    return "" if row.provisioning_state == "Succeeded" else row.provisioning_state.lower()

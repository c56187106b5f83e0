"""`aks-kms clusters`: the clusters one can see, with how each is encrypted now."""

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import click

from screens.cli.connection import opened
from screens.cli.fleet_options import fleet_options, wanted, what_fits
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import Ended, carry_out, code_of, problem_text, say, show
from screens.cli.progress_line import summary, told
from screens.exit_codes import DONE, NO, USAGE
from wizard.reports.table import table
from wizard.reports.wording import count, encryption, sweep_notes

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.inventory import ClusterRow, Unreadable
    from wizard.fleet.judging import Judged
    from wizard.fleet.progress import Progress
    from wizard.fleet.wanted import Wanted


@click.command("clusters")
@click.option(
    "--subscription",
    "subscriptions",
    metavar="NAME-OR-ID",
    multiple=True,
    help="Only this one; repeatable. Default: all.",
)
@click.option(
    "-g",
    "--resource-group",
    "groups",
    metavar="NAME",
    multiple=True,
    help="Only clusters in this resource group; repeatable.",
)
@fleet_options()
@output_option("table", "json", "jsonl")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    subscriptions: tuple[str, ...],
    groups: tuple[str, ...],
    locations: tuple[str, ...],
    kinds: tuple[str, ...],
    failed: bool,
    output: str,
) -> int:
    """The clusters you can see, with how each is encrypted now.

    Resource Graph says where there are clusters; one list a subscription says how they are. jsonl writes each cluster
    as it is found, in as much memory for ten thousand as for ten.
    """
    fitting = wanted(groups, locations, kinds, failed=failed)
    return carry_out(_clusters(settings_of(ctx), subscriptions, fitting, output))


async def _clusters(settings: Settings, named: tuple[str, ...], fitting: "Wanted", output: str) -> int:
    from wizard.fleet.judging import Judged, judge
    from wizard.fleet.progress import Progress
    from wizard.fleet.sweep import Gone

    rows: list[Judged] = []
    unreadable: list[Unreadable] = []
    gone: list[str] = []
    progress = Progress()
    async with opened(settings) as azure:
        subscriptions = await chosen(azure, named)
        found = judge(azure, subscriptions, wanted=fitting, whole=not named, progress=progress)
        async with told(progress), aclosing(found):
            async for each in found:
                if isinstance(each, Gone):
                    gone.append(each.id)
                elif not isinstance(each, Judged):
                    unreadable.append(each)
                elif fitting.failed and each.report.passed:
                    continue
                elif output == "jsonl":
                    show(json.dumps(_json(each)))
                else:
                    rows.append(each)
    for missed in unreadable:
        say(problem_text(missed.problem))
    notes(progress, gone)
    rows.sort(key=lambda each: (each.row.subscription_name.casefold(), each.row.id.casefold()))
    if output == "json":
        body = {
            "clusters": [_json(each) for each in rows],
            "unreadable": [
                {
                    "id": missed.id,
                    "subscription": missed.subscription_id,
                    "problem": missed.problem.to_json(),
                }
                for missed in unreadable
            ],
            "gone": sorted(gone),
        }
        show(json.dumps(body, indent=2))
    elif output == "table":
        show(_text([each.row for each in rows], len(subscriptions), narrowed=fitting.narrows))
    if unreadable and not progress.clusters:
        return code_of(unreadable[0].problem)
    if fitting.chooses and not progress.fitting:
        say(f"✗ No cluster fits the filters.\n{what_fits(fitting, progress)}")
        return NO
    return NO if unreadable else DONE


def notes(progress: "Progress", gone: list[str]) -> None:
    """What a sweep has to say beside its clusters, on stderr."""
    if progress.graph_problem is not None:
        say(problem_text(progress.graph_problem))
    for sentence in sweep_notes(progress, gone):
        say(f"! {sentence}")
    if gone:
        say(f"  {', '.join(sorted(gone)[:5])}{', …' if len(gone) > 5 else ''}")
    say(summary(progress))


async def chosen(azure: "Azure", named: tuple[str, ...]) -> "list[Subscription]":
    """The subscriptions of these names or ids; all that can be seen where none is named. Raises Ended."""
    everything = await azure.subscriptions()
    if not named:
        return everything
    found: list[Subscription] = []
    for name in named:
        fitting = [row for row in everything if name.casefold() in {row.id.casefold(), row.name.casefold()}]
        if not fitting:
            known = ", ".join(f"{row.name} ({row.id})" for row in everything) or "none at all"
            raise Ended(
                USAGE,
                f"✗ {azure.signed_in.name} sees no subscription {name!r}.\n  What to do: use one of {known}.",
            )
        found += [row for row in fitting if row not in found]
    return found


def _json(each: "Judged") -> dict[str, Any]:
    row = each.row
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
        "passed": each.report.passed,
        "key_id": row.encryption.key_id or None,
        "key_vault_network_access": row.encryption.network_access or None,
        "provisioning_state": row.provisioning_state,
        "power_state": row.power_state,
        "node_pools": row.node_pools,
        "nodes": row.nodes,
        "why_not": row.why_not,
        "in_resource_graph": each.in_graph,
    }


def _text(rows: "list[ClusterRow]", subscriptions: int, *, narrowed: bool) -> str:
    if not rows:
        return f"No cluster in {count(subscriptions, 'subscription')}{' fits' if narrowed else ''}."
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

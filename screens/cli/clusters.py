"""`aks-kms clusters`: list clusters and how their secrets are encrypted."""

import json
import sys
import textwrap
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from screens.cli import candidates
from screens.cli.connection import connect
from screens.cli.fleet_options import fleet_filter, fleet_options, no_match_remedy
from screens.cli.help import Command
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import (
    CommandExit,
    code_of,
    problem_text,
    run_command,
    write_result,
    write_stderr,
    write_stdout,
)
from screens.cli.progress_line import show_progress, summary
from screens.cli.render import columns as width_of
from screens.exit_codes import FAILURE, SUCCESS, USAGE
from wizard.reports.table import table
from wizard.reports.wording import SHORT_KINDS, VERDICTS, count, sweep_notes
from wizard.system.names import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wizard.cloud.arm import Json
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.inventory import ClusterRow, Unreadable
    from wizard.fleet.filters import Filters
    from wizard.fleet.progress import Progress
    from wizard.reports.fleet_columns import Listed


@click.command(
    "clusters",
    cls=Command,
    examples=(
        ("List all clusters", "aks-kms clusters"),
        (
            "List the clusters of a subscription that are not encrypted",
            "aks-kms clusters --subscription Production --encryption none",
        ),
        (
            "Print the IDs of all clusters that fail the verification",
            "aks-kms clusters --failed -o json | jq -r '.clusters[].id'",
        ),
    ),
)
@click.option(
    "--subscription",
    "subscriptions",
    metavar="NAME-OR-ID",
    multiple=True,
    shell_complete=candidates.subscriptions,
    help="Only this subscription. Repeatable. Default: all.",
)
@click.option(
    "-g",
    "--resource-group",
    "groups",
    metavar="NAME",
    multiple=True,
    shell_complete=candidates.resource_groups,
    help="Only clusters in this resource group. Repeatable.",
)
@fleet_options()
@output_option("table", "wide", "json", "jsonl")
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
    """List clusters and how their secrets are encrypted.

    Finds the clusters with Azure Resource Graph and reads their settings with one list per subscription. With -o jsonl,
    each cluster is printed as it is read, in constant memory.
    """
    filters = fleet_filter(groups, locations, kinds, failed=failed)
    return run_command(_clusters(settings_of(ctx), subscriptions, filters, output))


async def _clusters(settings: Settings, named: tuple[str, ...], filters: "Filters", output: str) -> int:
    from wizard.fleet.progress import Progress
    from wizard.fleet.sweep import Gone
    from wizard.fleet.verify import FleetEntry, verify_all
    from wizard.reports.fleet_columns import Listed, json_of

    rows: list[Listed] = []
    unreadable: list[Unreadable] = []
    gone: list[str] = []
    progress = Progress()
    async with connect(settings, to="read") as azure:
        subscriptions = await select_subscriptions(azure, named)
        found = verify_all(azure, subscriptions, filters=filters, whole=not named, progress=progress)
        async with show_progress(progress), aclosing(found):
            async for each in found:
                if isinstance(each, Gone):
                    gone.append(each.id)
                elif not isinstance(each, FleetEntry):
                    unreadable.append(each)
                elif filters.failed and each.report.passed:
                    continue
                elif output == "jsonl":
                    write_stdout(json.dumps(json_of(Listed.of(each))))
                else:
                    rows.append(Listed.of(each))
    for missed in unreadable:
        write_stderr(problem_text(missed.problem))
    print_notes(progress, gone, with_summary=output in {"json", "jsonl"} or settings.verbose > 0)
    if rows and not named and not filters.narrows:
        keep_for_completion(settings, [each.row for each in rows])
    rows.sort(key=lambda each: (each.row.subscription_name.casefold(), each.row.id.casefold()))
    if output == "json":
        missed_json = [
            {"id": missed.id, "subscription": missed.subscription_id, "problem": missed.problem.to_json()}
            for missed in unreadable
        ]
        for line in _document(map(json_of, rows), {"unreadable": missed_json, "gone": sorted(gone)}):
            write_stdout(line)
    elif output != "jsonl":
        unread = len({missed.subscription_id for missed in unreadable if not missed.cluster_id})
        where = _where(len(subscriptions) - unread, unread)
        write_result(_text(rows, where, filtered=filters.narrows, wide=output == "wide"))
    if unreadable and not progress.clusters:
        return code_of(unreadable[0].problem)
    if filters.chooses and not progress.fitting:
        write_stderr(f"✗ No cluster matches the filters.\n{no_match_remedy(filters, progress)}")
        return FAILURE
    return FAILURE if unreadable else SUCCESS


def print_notes(progress: "Progress", gone: list[str], *, with_summary: bool) -> None:
    """Print the notes on a sweep on stderr, and its duration `with_summary`."""
    if progress.graph_problem is not None:
        write_stderr(problem_text(progress.graph_problem))
    for sentence in sweep_notes(progress, gone):
        write_stderr(f"! {sentence}")
    if gone:
        write_stderr(f"  {', '.join(sorted(gone)[:5])}{', …' if len(gone) > 5 else ''}")
    if with_summary or progress.throttling.times:
        write_stderr(summary(progress))


def keep_for_completion(settings: Settings, rows: "Iterable[ClusterRow]") -> None:
    """Keep the names of all clusters for shell completion."""
    from screens.cli import seen_clusters

    seen_clusters.save(
        settings.cluster_list,
        (
            seen_clusters.SeenCluster(
                row.id, row.name, row.resource_group, row.subscription_id, row.subscription_name
            )
            for row in rows
        ),
    )


async def select_subscriptions(azure: "Azure", named: tuple[str, ...]) -> "list[Subscription]":
    """Return the subscriptions with these names or IDs, or all if none is named. Raise CommandExit."""
    everything = await azure.subscriptions()
    if not named:
        return everything
    found: list[Subscription] = []
    for name in named:
        fitting = [row for row in everything if name.casefold() in {row.id.casefold(), row.name.casefold()}]
        if not fitting:
            known = listed(f"{row.name} ({row.id})" for row in everything)
            remedy = f"use one of {known}" if known else "ask for a role in a subscription"
            raise CommandExit(
                USAGE,
                f"✗ {azure.signed_in.name} has no access to a subscription {name!r}.\n  What to do: {remedy}.",
            )
        found += [row for row in fitting if row not in found]
    return found


def _document(clusters: "Iterable[Json]", others: "Json") -> "Iterator[str]":
    """Yield `-o json` in parts: as one text, that of fifty thousand clusters would need 250 MB."""
    before = '{\n  "clusters": ['
    for cluster in clusters:
        yield before
        before = textwrap.indent(json.dumps(cluster, indent=2), " " * 4) + ","
    yield f"{before.removesuffix(',')}{'' if before.endswith('[') else chr(10) + '  '}],"
    yield json.dumps(others, indent=2).removeprefix("{\n")


def _where(read: int, unread: int) -> str:
    """Return `in 3 subscriptions`, and how many more could not be read."""
    more = f", and {count(unread, 'subscription')} could not be read" if unread else ""
    return f"in {count(read, 'subscription')}{more}"


def _text(rows: "list[Listed]", where: str, *, filtered: bool, wide: bool) -> str:
    if not rows:
        return f"No {'matching ' if filtered else ''}cluster {where}."
    kinds = Counter(each.row.kind for each in rows)
    counts = ", ".join(f"{kinds[kind]:,} {words}" for kind, words in SHORT_KINDS.items() if kinds[kind])
    return f"{_table(rows, wide=wide)}\n\n{count(len(rows), 'cluster')} {where}: {counts}"


def _table(rows: "list[Listed]", *, wide: bool) -> str:
    from wizard.reports.fleet_columns import TABLE, WIDE

    columns = WIDE if wide else TABLE
    heads = ("", *(column.heading.upper() for column in columns))
    cells = [
        (
            "–" if each.row.kind == "none" else VERDICTS[each.outcome][0],
            *(column.cell(each, wide=wide) for column in columns),
        )
        for each in rows
    ]
    cut = sorted((column.cut, at) for at, column in enumerate(columns, 1) if column.cut)
    width = 0 if wide else width_of(sys.stdout)
    return table(heads, cells, width=width, shorten=[at for _, at in cut])

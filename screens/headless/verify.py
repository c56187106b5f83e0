"""`aks-kms verify`: reads clusters back, and proves how they are encrypted."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from screens.headless.clusters import chosen
from screens.headless.door import opened
from screens.headless.options import Settings, azure_options, output_option, settings_of
from screens.headless.outcome import (
    DONE,
    NO,
    USAGE,
    Ended,
    carry_out,
    code_of,
    problem_text,
    read_answers,
    say,
    show,
)
from wizard.cloud.arm import MANAGED_CLUSTER, ResourceId, same
from wizard.cloud.problems import AzureError, Problem

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.cloud.azure import Azure
    from wizard.verification.report import ClusterReport

_AT_ONCE = 8
"""Clusters read at the same time; each takes about five requests."""


@dataclass(frozen=True)
class _Asked:
    """Which clusters, as the command line says."""

    ids: tuple[str, ...]
    group: str | None
    name: str | None
    subscription: str | None
    expect: str | None

    def checked(self) -> "_Asked":
        """Itself. Raises click.UsageError where it names no cluster, or half a one."""
        if (self.group is None) != (self.name is None):
            given, missing = ("-n", "-g") if self.group is None else ("-g", "-n")
            raise click.UsageError(f"{given} names half a cluster; {missing} is missing. Give both, or --id.")
        if not self.ids and self.name is None and self.expect is None:
            raise click.UsageError(
                "Which cluster? Give -g and -n, or --id (repeatable), or --expect FILE for the cluster it names; "
                "`aks-kms clusters` lists them."
            )
        return self


@dataclass
class _Outcome:
    """What was found on each cluster, in the order in which they were asked for."""

    reports: list["ClusterReport"] = field(default_factory=list)
    unreadable: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def code(self) -> int:
        if self.unreadable and not self.reports:
            return code_of(self.unreadable[0][1])
        return DONE if not self.unreadable and all(report.passed for report in self.reports) else NO

    def to_json(self) -> dict[str, Any]:
        """The shape of `verify -o json`. What could not be read is counted as failed, and said apart."""
        from wizard.verification.report import Report

        body = Report(tuple(self.reports)).to_json()
        body["unreadable"] = [{"id": id_, "problem": problem.to_json()} for id_, problem in self.unreadable]
        body["summary"]["total"] += len(self.unreadable)
        body["summary"]["failed"] += len(self.unreadable)
        return body


@click.command("verify")
@click.option("-g", "--resource-group", "group", metavar="NAME", help="The cluster's resource group.")
@click.option("-n", "--name", metavar="NAME", help="The cluster's name.")
@click.option(
    "--subscription",
    metavar="NAME-OR-ID",
    help="With -g and -n; without it, the cluster is looked for in all.",
)
@click.option("--id", "ids", metavar="ID", multiple=True, help="A cluster's resource id; repeatable.")
@click.option("--expect", metavar="FILE", help="Hold the cluster against this answers file.")
@output_option("table", "json", "jsonl", "markdown")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    group: str | None,
    name: str | None,
    subscription: str | None,
    ids: tuple[str, ...],
    expect: str | None,
    output: str,
) -> int:
    """Read clusters back, and prove how they are encrypted.

    Exit code 0 where every cluster's secrets are encrypted (with --expect: as asked), 1 where they are not.
    """
    return carry_out(
        _verify(settings_of(ctx), _Asked(ids, group, name, subscription, expect).checked(), output)
    )


async def _verify(settings: Settings, asked: _Asked, output: str) -> int:
    expect = read_answers(asked.expect) if asked.expect else None
    for id_ in asked.ids:
        _check_id(id_)
    async with opened(settings) as azure:
        ids = await _ids(azure, asked, expect)
        found = await _look(azure, ids, expect, output)
    for _, problem in found.unreadable:
        say(problem_text(problem))
    _tell(found, output)
    return found.code


def _check_id(id_: str) -> None:
    try:
        kind = ResourceId.parse(id_).type
    except ValueError as error:
        raise Ended(USAGE, f"Error: --id: {error}.") from None
    if not same(kind, MANAGED_CLUSTER):
        raise Ended(
            USAGE,
            f"Error: --id: {id_!r} is the id of a {kind}, not of a {MANAGED_CLUSTER}. Give a cluster's id.",
        )


async def _ids(azure: "Azure", asked: _Asked, expect: "Answers | None") -> list[str]:
    ids = list(asked.ids)
    if asked.group is not None and asked.name is not None:
        ids.append(await _find(azure, asked.group, asked.name, asked.subscription))
    if not ids and expect is not None:
        ids.append(
            str(ResourceId(expect.subscription, expect.resource_group, MANAGED_CLUSTER, expect.cluster.name))
        )
    return ids


async def _find(azure: "Azure", group: str, name: str, subscription: str | None) -> str:
    """The id of the cluster of that name: in the subscription given, else in the only one that has such a cluster."""
    subscriptions = await chosen(azure, (subscription,) if subscription else ())
    if len(subscriptions) == 1:
        return str(ResourceId(subscriptions[0].id, group, MANAGED_CLUSTER, name))
    from wizard.cloud.inventory import ClusterRow, clusters

    found, unreadable = [], []
    async for row in clusters(azure, subscriptions):
        if not isinstance(row, ClusterRow):
            unreadable.append(row)
        elif same(row.resource_group, group) and same(row.name, name):
            found.append(row)
    if len(found) == 1:
        return found[0].id
    for missed in unreadable:
        say(problem_text(missed.problem))
    if found:
        where = ", ".join(row.subscription_name for row in found)
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


async def _look(azure: "Azure", ids: Sequence[str], expect: "Answers | None", output: str) -> _Outcome:
    from wizard.verification.verify import verify

    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(id_: str) -> "ClusterReport | Problem":
        async with gate:
            try:
                found: ClusterReport | Problem = await verify(azure, id_, expect=expect)
            except AzureError as error:
                found = error.problem
        if output == "jsonl":  # as they are found
            body = (
                {"id": id_, "passed": False, "problem": found.to_json()}
                if isinstance(found, Problem)
                else found.to_json()
            )
            show(json.dumps(body, ensure_ascii=False))
        return found

    outcome = _Outcome()
    for id_, found in zip(ids, await asyncio.gather(*(one(id_) for id_ in ids)), strict=True):
        if isinstance(found, Problem):
            outcome.unreadable.append((id_, found))
        else:
            outcome.reports.append(found)
    return outcome


def _tell(found: _Outcome, output: str) -> None:
    from screens.headless.report_markdown import markdown
    from screens.headless.report_text import overview, report_text

    match output:
        case "json":
            show(json.dumps(found.to_json(), indent=2))
        case "markdown" if found.reports:
            show(markdown(found.reports))
        case "table" if len(found.reports) == 1 and not found.unreadable:
            show(report_text(found.reports[0]))
        case "table" if found.reports:
            show(overview(found.reports))
        case _:
            pass

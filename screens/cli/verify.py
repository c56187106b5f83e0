"""`aks-kms verify`: reads clusters back, and proves how they are encrypted."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from screens.cli.cluster_option import find_cluster, parsed_id
from screens.cli.clusters import chosen, notes
from screens.cli.connection import opened
from screens.cli.fleet_options import fleet_options, wanted, what_fits
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import carry_out, code_of, problem_text, read_answers, say, show
from screens.cli.progress_line import told
from screens.exit_codes import DONE, NO
from wizard.cloud.arm import MANAGED_CLUSTER, ResourceId
from wizard.errors import AzureError

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure
    from wizard.fleet.judging import Depth
    from wizard.fleet.progress import Progress
    from wizard.fleet.wanted import Wanted
    from wizard.reports.findings import Findings, Missed
    from wizard.verification.report import ClusterReport

_AT_ONCE = 8
"""Clusters read at the same time; each takes about five requests."""


@dataclass(frozen=True)
class _Asked:
    """Which clusters, and how they are to be looked at, as the command line says."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    name: str | None
    subscriptions: tuple[str, ...]
    expect: str | None
    everything: bool
    depth: "Depth"
    fitting: "Wanted"
    output: str
    in_cluster: bool = False

    def checked(self) -> "_Asked":
        """Itself. Raises click.UsageError where it names no cluster, half a one, or one and all of them, or asks for what
        would not be done."""
        if self.everything:
            for given, option in ((self.ids, "--id"), (self.name, "-n"), (self.expect, "--expect")):
                if given:
                    raise click.UsageError(
                        f"--all looks at every cluster, and {option} names one. Leave one of them out."
                    )
            if self.in_cluster:
                raise click.UsageError(
                    "--in-cluster looks inside the clusters that are named, and --all names none. Give -g and -n, or --id "
                    "(repeatable), or leave it out."
                )
            return self
        narrowing = self.fitting.locations or self.fitting.kinds or self.fitting.failed
        if narrowing or self.depth == "full":
            raise click.UsageError(
                "--location, --encryption, --failed and --depth choose among many clusters. Add --all, or leave them out."
            )
        if bool(self.groups) != (self.name is not None):
            given, missing = ("-g", "-n") if self.groups else ("-n", "-g")
            raise click.UsageError(
                f"{given} names half a cluster; {missing} is missing. Give both, or --id, or --all for all of them."
            )
        if len(self.groups) > 1:
            raise click.UsageError("A cluster is in one resource group. Give -g once, or --all.")
        if not self.ids and self.name is None and self.expect is None:
            raise click.UsageError(
                "Which cluster? Give -g and -n, or --id (repeatable), or --all, or --expect FILE for the cluster it "
                "names; `aks-kms clusters` lists them."
            )
        if self.subscriptions and self.name is None:
            raise click.UsageError(
                "--subscription says where -g and -n are looked for; --id and --expect name the cluster's own. Leave it out."
            )
        for id_ in self.ids:
            parsed_id(id_)
        return self


@click.command("verify")
@click.option("-g", "--resource-group", "groups", metavar="NAME", multiple=True,
              help="The cluster's resource group; with --all, only clusters in it, repeatable.")  # fmt: skip
@click.option("-n", "--name", metavar="NAME", help="The cluster's name.")
@click.option("--subscription", "subscriptions", metavar="NAME-OR-ID", multiple=True,
              help="With -g and -n: where the cluster is; without it, it is looked for in all. With --all: only this one, "
              "repeatable.")  # fmt: skip
@click.option("--id", "ids", metavar="ID", multiple=True, help="A cluster's resource id; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every cluster you can see.")
@click.option("--depth", type=click.Choice(("basic", "full")), default="basic", show_default=True,
              help="With --all. basic: what the lists of clusters say, in a request for each hundred or so. full: also the "
              "vaults, keys, identities, roles and locks that they depend on, each read once.")  # fmt: skip
@fleet_options("With --all. ")
@click.option("--expect", metavar="FILE", help="Hold the cluster against this answers file.")
@click.option(
    "--in-cluster",
    is_flag=True,
    help="Look inside as well, with kubectl: see a secret being encrypted.",
)
@output_option("table", "json", "jsonl", "junit", "sarif", "markdown")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    groups: tuple[str, ...],
    name: str | None,
    subscriptions: tuple[str, ...],
    ids: tuple[str, ...],
    everything: bool,
    depth: "Depth",
    locations: tuple[str, ...],
    kinds: tuple[str, ...],
    failed: bool,
    expect: str | None,
    in_cluster: bool,
    output: str,
) -> int:
    """Read clusters back, and prove how they are encrypted: one, some, or all that you can see.

    Exit code 0 where every cluster's secrets are encrypted (with --expect: as asked), 1 where they are not, or where
    something could not be read. jsonl writes each cluster as it is found, in as much memory for ten thousand as for ten.
    """
    fitting = wanted(groups if everything else (), locations, kinds, failed=failed)
    asked = _Asked(
        ids, groups, name, subscriptions, expect, everything, depth, fitting, output, in_cluster
    ).checked()
    return carry_out(_verify(settings_of(ctx), asked))


async def _verify(settings: Settings, asked: _Asked) -> int:
    from wizard.reports.findings import Findings
    from wizard.verification.provenance import Provenance

    expect = read_answers(asked.expect) if asked.expect else None
    async with opened(settings) as azure:
        progress: Progress | None = None
        findings = Findings(azure.cloud.arm, Provenance.of(azure))
        if asked.everything:
            progress = await _look_at_all(azure, asked, findings)
        else:
            await _look(azure, await _ids(azure, asked, expect), expect, asked, findings)
    for missed in findings.missed:
        say(problem_text(missed.problem))
    _tell(findings, asked)
    if findings.missed and not findings.tally.clusters:
        return code_of(findings.missed[0].problem)
    if progress and not findings.tally.clusters:
        say(f"✗ There is no cluster to verify.\n{what_fits(asked.fitting, progress)}")
    return DONE if findings.tally.holds else NO


# -- one, or some -----------------------------------------------------------------------------------------------------


async def _ids(azure: "Azure", asked: _Asked, expect: "Answers | None") -> list[str]:
    ids = list(asked.ids)
    if asked.groups and asked.name is not None:
        ids.append(await find_cluster(azure, asked.groups[0], asked.name, asked.subscriptions))
    if not ids and expect is not None:
        ids.append(
            str(ResourceId(expect.subscription, expect.resource_group, MANAGED_CLUSTER, expect.cluster.name))
        )
    return ids


async def _look(
    azure: "Azure", ids: Sequence[str], expect: "Answers | None", asked: _Asked, findings: "Findings"
) -> None:
    """Each of these clusters, kept in the order in which they were asked for."""
    from wizard.in_cluster.look import look_inside
    from wizard.reports.findings import Missed
    from wizard.verification.verify import verify

    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(id_: str) -> "ClusterReport | Missed":
        async with gate:
            try:
                report = await verify(azure, id_, expect=expect)
                if asked.in_cluster:
                    report = report.with_more(await look_inside(azure, report))
                found: ClusterReport | Missed = report
            except AzureError as error:
                found = Missed(id_, id_.rstrip("/").rpartition("/")[2], error.problem)
        _as_found(found, asked)
        return found

    for found in await asyncio.gather(*(one(id_) for id_ in ids)):
        if isinstance(found, Missed):
            findings.missed.append(found)
            findings.tally.unreadable += 1
        else:
            findings.reports.append(found)
            findings.tally.count(found)


# -- all --------------------------------------------------------------------------------------------------------------


async def _look_at_all(azure: "Azure", asked: _Asked, findings: "Findings") -> "Progress":
    """Each cluster that is wanted, in the order of their ids; how far that came."""
    from wizard.cloud.inventory import Unreadable
    from wizard.fleet.judging import judge
    from wizard.fleet.progress import Progress
    from wizard.fleet.sweep import Gone
    from wizard.reports.findings import Missed

    progress = Progress()
    verdicts = judge(
        azure,
        await chosen(azure, asked.subscriptions),
        depth=asked.depth,
        wanted=asked.fitting,
        whole=not asked.subscriptions,
        progress=progress,
    )
    async with told(progress), aclosing(verdicts):
        async for each in verdicts:
            if isinstance(each, Gone):
                findings.gone.append(each.id)
            elif isinstance(each, Unreadable):
                missed = Missed(each.id, each.name, each.problem)
                findings.missed.append(missed)
                findings.tally.unreadable += 1
                _as_found(missed, asked)
            else:
                findings.tally.count(each.report)
                if not (asked.fitting.failed and each.report.passed):
                    _as_found(each.report, asked)
                    if asked.output != "jsonl":  # it has been written, and is not to fill the memory
                        findings.reports.append(each.report)
    findings.in_order()
    notes(progress, findings.gone)
    say(str(findings.tally))
    return progress


# -- how it is written ------------------------------------------------------------------------------------------------


def _as_found(found: "ClusterReport | Missed", asked: _Asked) -> None:
    if asked.output == "jsonl":
        from wizard.reports.json_report import line

        show(line(found))


def _tell(findings: "Findings", asked: _Asked) -> None:
    """Everything but what was written as it was found. Each way of writing is a file, read when it is asked for."""
    match asked.output:
        case "json":
            from wizard.reports.json_report import document

            show(document(findings))
        case "junit":
            from wizard.reports.junit import junit

            show(junit(findings))
        case "sarif":
            from wizard.reports.sarif import sarif

            show(sarif(findings))
        case "markdown" if findings.reports or asked.everything:
            from wizard.reports.markdown import markdown

            show(markdown(findings))
        case "table" if findings.reports:
            from wizard.reports.text import overview, report_text

            alone = len(findings.reports) == 1 and not findings.missed and not asked.everything
            show(report_text(findings.reports[0]) if alone else overview(findings.reports, findings.tally))
        case _:
            pass

"""`aks-kms verify`: verify how the secrets of one, several or all clusters are encrypted."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from screens.cli import candidates
from screens.cli.cluster_option import SelectedCluster, find_cluster, parse_cluster_id
from screens.cli.clusters import keep_for_completion, print_notes, select_subscriptions
from screens.cli.connection import connect
from screens.cli.fleet_options import fleet_filter, fleet_options, no_match_remedy
from screens.cli.help import Choice, Command
from screens.cli.name_links import link_names
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import (
    code_of,
    problem_text,
    read_answers,
    run_command,
    write_result,
    write_stderr,
    write_stdout,
)
from screens.cli.progress_line import show_progress
from screens.exit_codes import FAILURE, SUCCESS, UNREACHABLE
from wizard.cloud.arm import MANAGED_CLUSTER, ResourceId, dig
from wizard.errors import AzureError

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure
    from wizard.cloud.inventory import ClusterRow
    from wizard.fleet.filters import Filters
    from wizard.fleet.progress import Progress
    from wizard.reports.findings import Findings, Missed
    from wizard.reports.text import Detail
    from wizard.verification.report import ClusterReport, Depth

_CONCURRENCY = 8
"""Clusters read at the same time; each takes about five requests."""


@dataclass(frozen=True)
class _Options:
    """The clusters to verify, and how, from the command line."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    name: str | None
    subscriptions: tuple[str, ...]
    expect: str | None
    everything: bool
    depth: "Depth"
    filters: "Filters"
    output: str
    in_cluster: bool = False
    allow_unknown: tuple[str, ...] = ()
    detail: "Detail" = 0
    evidence: bool = False

    def validate(self) -> None:
        """Raise click.UsageError if no cluster is selected, a selection is incomplete, or options contradict each other."""
        if self.evidence and self.output in {"junit", "sarif"}:
            raise click.UsageError(
                f"--evidence cannot be used with -o {self.output}. Use -o table; -o json, jsonl and markdown always include it."
            )
        if self.everything:
            for given, option in ((self.ids, "--id"), (self.name, "-n"), (self.expect, "--expect")):
                if given:
                    raise click.UsageError(
                        f"--all selects every cluster and cannot be used with {option}. Remove one of them."
                    )
            if self.in_cluster:
                raise click.UsageError(
                    "--in-cluster cannot be used with --all. Select the clusters with -g and -n, or with --id."
                )
            return
        filtered = self.filters.locations or self.filters.kinds or self.filters.failed
        if filtered or self.depth == "full":
            raise click.UsageError(
                "--location, --encryption, --failed and --depth require --all. Add --all or remove them."
            )
        if bool(self.groups) != (self.name is not None):
            given, missing = ("-g", "-n") if self.groups else ("-n", "-g")
            raise click.UsageError(
                f"{given} requires {missing}. Use both, or --id, or --all for all clusters."
            )
        if len(self.groups) > 1:
            raise click.UsageError("-g can be repeated only with --all. Use it once, or add --all.")
        if not self.ids and self.name is None and self.expect is None:
            raise click.UsageError(
                "No cluster given. Use -g and -n, --id, --all, or --expect FILE for the cluster in that file. "
                "`aks-kms clusters` lists them."
            )
        if self.subscriptions and self.name is None:
            raise click.UsageError(
                "--subscription requires -g and -n, or --all: --id and --expect contain the subscription. Remove it."
            )
        for id_ in self.ids:
            parse_cluster_id(id_)


def _optional_checks(ctx: click.Context, option: click.Parameter, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes. Raise click.BadParameter if one is unknown or essential."""
    import difflib

    from wizard.verification.verdict import CODES, OPTIONAL, is_essential

    for code in codes:
        if code not in CODES:
            close = difflib.get_close_matches(code, sorted(CODES), n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise click.BadParameter(f"There is no check {code!r}.{meant}", ctx, option)
        if is_essential(code):
            raise click.BadParameter(
                f"{code} is essential: without it, the encryption cannot be verified. Checks that can be left out: "
                f"{', '.join(sorted(OPTIONAL))}.",
                ctx,
                option,
            )
    return codes


@click.command(
    "verify",
    cls=Command,
    examples=(
        ("Verify one cluster", "aks-kms verify -g rg-prod -n aks-prod"),
        (
            "Compare a cluster with its answers file, as JUnit XML for a pipeline",
            "aks-kms verify --expect answers.yaml -o junit > aks-kms.xml",
        ),
        ("Verify all clusters, with their vaults, keys and identities", "aks-kms verify --all --depth full"),
    ),
)
@click.option("-g", "--resource-group", "groups", metavar="NAME", multiple=True, shell_complete=candidates.resource_groups,
              help="Resource group of the cluster. With --all: only clusters in this one; repeatable.")  # fmt: skip
@click.option(
    "-n", "--name", metavar="NAME", shell_complete=candidates.cluster_names, help="Name of the cluster."
)
@click.option("--subscription", "subscriptions", metavar="NAME-OR-ID", multiple=True, shell_complete=candidates.subscriptions,
              help="Name or ID of the subscription. Default: all. With --all: only this one; repeatable.")  # fmt: skip
@click.option("--id", "ids", metavar="ID", multiple=True, shell_complete=candidates.cluster_ids,
              help="Resource ID of a cluster. Repeatable.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Verify all clusters that you have access to.")
@click.option("--depth", type=Choice(("basic", "full")), default="basic", show_default=True,
              help="With --all. basic: settings of the clusters, one request per hundred. full: also vaults, keys, identities, "
              "role assignments and locks.")  # fmt: skip
@fleet_options("With --all. ")
@click.option(
    "--expect",
    metavar="FILE",
    shell_complete=candidates.files,
    help="Compare the cluster with this answers file.",
)
@click.option(
    "--in-cluster",
    is_flag=True,
    help="Also check inside the cluster with kubectl, by writing a canary secret.",
)
@click.option("--allow-unknown", metavar="CODE", multiple=True, callback=_optional_checks,
              shell_complete=candidates.optional_checks,
              help="Leave this check out of the verdict if it cannot be run, for example cluster-unlocked if you cannot read "
              "locks. Repeatable. Essential checks cannot be left out.")  # fmt: skip
@click.option(
    "--evidence",
    is_flag=True,
    help="Also show what Azure Policy, CIS, Kubescape, Mondoo, Prowler and PCI DSS will say, and why.",
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
    allow_unknown: tuple[str, ...],
    evidence: bool,
    output: str,
) -> int:
    """Verify how the secrets of one or more clusters are encrypted.

    Exits with code 0 if every cluster is verified: its secrets are encrypted (with --expect: as configured). Exits with code 1
    if a cluster is not verified, or not certain because something could not be read, and with code 3 if only transient errors
    prevented a verdict. With -o jsonl, each cluster is printed as it is read, in constant memory.
    """
    filters = fleet_filter(groups if everything else (), locations, kinds, failed=failed)
    options = _Options(
        ids,
        groups,
        name,
        subscriptions,
        expect,
        everything,
        depth,
        filters,
        output,
        in_cluster,
        allow_unknown,
        settings_of(ctx).detail,
        evidence,
    )
    options.validate()
    return run_command(_verify(settings_of(ctx), options))


async def _verify(settings: Settings, options: _Options) -> int:
    from wizard.reports.findings import Findings
    from wizard.verification.provenance import Provenance

    expect = read_answers(options.expect) if options.expect else None
    async with connect(settings, to="read") as azure:
        progress: Progress | None = None
        findings = Findings(azure.cloud.arm, Provenance.of(azure))
        if options.everything:
            progress = await _verify_all(azure, settings, options, findings)
        else:
            await _verify_selected(azure, await _selected(azure, options, expect), expect, options, findings)
        for report in findings.reports if options.output == "table" else ():
            vault = dig(report.security_profile, "azureKeyVaultKms", "keyVaultResourceId")
            link_names(azure, filter(None, (report.id, str(vault or ""))))
    for missed in findings.missed:
        write_stderr(problem_text(missed.problem))
    _print_report(findings, options)
    if findings.missed and not findings.tally.clusters:
        return code_of(findings.missed[0].problem)
    if progress and not findings.tally.clusters:
        write_stderr(f"✗ There is no cluster to verify.\n{no_match_remedy(options.filters, progress)}")
    if findings.tally.holds:
        return SUCCESS
    return UNREACHABLE if findings.tally.transient_only else FAILURE


# -- selected clusters ------------------------------------------------------------------------------------------------


async def _selected(azure: "Azure", options: _Options, expect: "Answers | None") -> list[SelectedCluster]:
    found = [SelectedCluster(id_) for id_ in options.ids]
    if options.groups and options.name is not None:
        found.append(await find_cluster(azure, options.groups[0], options.name, options.subscriptions))
    if not found and expect is not None:
        cluster = ResourceId(expect.subscription, expect.resource_group, MANAGED_CLUSTER, expect.cluster.name)
        found.append(SelectedCluster(str(cluster)))
    return found


async def _verify_selected(
    azure: "Azure",
    selected: Sequence[SelectedCluster],
    expect: "Answers | None",
    options: _Options,
    findings: "Findings",
) -> None:
    """Verify these clusters, and add the results in the same order."""
    from wizard.reports.findings import Missed
    from wizard.verification.verify import report_on, verify

    slots = asyncio.Semaphore(_CONCURRENCY)

    async def verify_one(cluster: SelectedCluster) -> "ClusterReport | Missed":
        async with slots:
            try:
                report = await (
                    verify(azure, cluster.id, expect=expect)
                    if cluster.body is None
                    else report_on(azure, cluster.body, expect=expect)
                )
                if options.in_cluster:
                    from wizard.in_cluster.verify import check_inside

                    report = report.with_more(await check_inside(azure, report))
                found: ClusterReport | Missed = report.leaving_out(options.allow_unknown)
            except AzureError as error:
                found = Missed(cluster.id, cluster.id.rstrip("/").rpartition("/")[2], error.problem)
        _print_line(found, options)
        return found

    for found in await asyncio.gather(*(verify_one(cluster) for cluster in selected)):
        if isinstance(found, Missed):
            findings.missed.append(found)
            findings.tally.miss(found.problem)
        else:
            findings.reports.append(found)
            findings.tally.count(found)


# -- all clusters -----------------------------------------------------------------------------------------------------


async def _verify_all(
    azure: "Azure", settings: Settings, options: _Options, findings: "Findings"
) -> "Progress":
    """Verify the clusters that match the filters, and sort the results by ID. Return the progress."""
    from wizard.cloud.inventory import Unreadable
    from wizard.fleet.progress import Progress
    from wizard.fleet.sweep import Gone
    from wizard.fleet.verify import verify_all
    from wizard.reports.findings import Missed

    progress = Progress()
    seen: list[ClusterRow] = []
    verdicts = verify_all(
        azure,
        await select_subscriptions(azure, options.subscriptions),
        depth=options.depth,
        filters=options.filters,
        whole=not options.subscriptions,
        progress=progress,
    )
    async with show_progress(progress), aclosing(verdicts):
        async for each in verdicts:
            if isinstance(each, Gone):
                findings.gone.append(each.id)
            elif isinstance(each, Unreadable):
                missed = Missed(each.id, each.name, each.problem)
                findings.missed.append(missed)
                findings.tally.miss(missed.problem)
                _print_line(missed, options)
            else:
                report = each.report.leaving_out(options.allow_unknown)
                findings.tally.count(report)
                if not (options.filters.failed and report.passed):
                    _print_line(report, options)
                    if options.output != "jsonl":  # printed already, and memory must stay constant
                        findings.reports.append(report)
                        seen.append(each.row)
    findings.in_order()
    if seen and not options.subscriptions and not options.filters.narrows:
        keep_for_completion(settings, seen)
    table = options.output == "table"
    print_notes(progress, findings.gone, with_summary=not table or options.detail > 0)
    if not table:
        write_stderr(str(findings.tally))
    return progress


# -- output -----------------------------------------------------------------------------------------------------------


def _print_line(found: "ClusterReport | Missed", options: _Options) -> None:
    if options.output == "jsonl":
        from wizard.reports.json_report import line

        write_stdout(line(found))


def _print_report(findings: "Findings", options: _Options) -> None:
    """Print the report, unless its lines are printed already. Each format is a module, imported when it is used."""
    match options.output:
        case "json":
            from wizard.reports.json_report import document

            write_stdout(document(findings))
        case "junit":
            from wizard.reports.junit import junit

            write_stdout(junit(findings))
        case "sarif":
            from wizard.reports.sarif import sarif

            write_stdout(sarif(findings))
        case "markdown" if findings.reports or options.everything:
            from wizard.reports.markdown import markdown

            write_stdout(markdown(findings))
        case "table" if findings.reports:
            from wizard.reports.text import overview, report_text

            alone = len(findings.reports) == 1 and not findings.missed and not options.everything
            write_result(
                report_text(findings.reports[0], options.detail)
                if alone
                else overview(findings.reports, findings.tally, options.detail)
            )
            if options.evidence:
                from wizard.reports.evidence import evidence_text

                write_result("\n" + "\n\n".join(map(evidence_text, findings.reports)))
        case _:
            pass

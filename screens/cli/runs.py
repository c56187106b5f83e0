"""`aks-kms runs`: list, inspect and resume previous runs."""

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from screens.cli import candidates
from screens.cli.apply import CONFIRM_HELP, NO_JOURNAL_HELP, YES_HELP, apply
from screens.cli.connection import requested_cloud
from screens.cli.digest import given_digest
from screens.cli.help import Group
from screens.cli.options import (
    ARM_ENDPOINT,
    Settings,
    azure_options,
    output_option,
    presentation_options,
    settings_of,
)
from screens.cli.outcome import (
    CommandExit,
    problem_text,
    run_command,
    write_result,
    write_stderr,
    write_stdout,
)
from screens.cli.render import columns
from screens.exit_codes import FAILURE, SUCCESS, USAGE
from wizard.reports.strict_json import strict_json
from wizard.reports.table import table
from wizard.reports.wording import duration

if TYPE_CHECKING:
    from wizard.cloud.endpoints import Cloud
    from wizard.runs.resume import ResumableRun


_WIDE = 100
"""Columns of a terminal that has room for every column of the list."""


@click.group(
    "runs",
    cls=Group,
    examples=(
        ("List all runs", "aks-kms runs list"),
        ("Resume the newest run that failed or was interrupted", "aks-kms runs resume"),
    ),
)
def command() -> None:
    """List, inspect and resume previous runs.

    The journal is history only: the current state is always read from Azure.
    """


@command.command(
    "list",
    examples=(
        ("List all runs", "aks-kms runs list"),
        ("Print the ID of the newest run", "aks-kms runs list -o json | jq -r '.runs[0].id'"),
    ),
)
@output_option("table", "json")
@presentation_options
def list_(output: str) -> int:
    """List all runs, newest first."""
    return run_command(_list(output))


async def _list(output: str) -> int:
    from wizard.reports.recorded_run import in_few_words
    from wizard.runs.journal import default_root, list_runs

    runs = list_runs()
    if output == "json":
        write_stdout(json.dumps({"runs": [run.to_json() for run in runs]}, indent=2))
    elif runs:
        heads: tuple[str, ...] = ("ID", "CLUSTER", "STATUS", "STARTED", "TOOK", "WHAT")
        rows: list[tuple[str, ...]] = [
            (
                *(run.id, run.cluster, run.status, f"{run.started:%m-%d %H:%M}" if run.started else ""),
                *(duration(run.seconds) if run.seconds is not None else "", in_few_words(run)),
            )
            for run in runs
        ]
        width = columns(sys.stdout)
        if 0 < width < _WIDE:  # the ID contains the cluster's name
            heads, rows = heads[:1] + heads[2:], [row[:1] + row[2:] for row in rows]
        write_result(table(heads, rows, width=width, shorten=(len(heads) - 1,)))
    else:
        write_result(f"No runs in {default_root()}.")
    return SUCCESS


@command.command(
    "show",
    examples=(
        ("Show how a run ended", "aks-kms runs show 20261129-015500-aks-demo"),
        ("Also show its answers and its log", "aks-kms runs show 20261129-015500-aks-demo -v"),
    ),
)
@click.argument("run", metavar="ID", shell_complete=candidates.runs)
@output_option("text", "json")
@presentation_options
@click.pass_context
def show_(ctx: click.Context, run: str, output: str) -> int:
    """Show how a run ended, and each of its steps.

    -v also prints its answers and its log.
    """
    return run_command(_show(run, output, verbose=settings_of(ctx).verbose > 0))


async def _show(run: str, output: str, *, verbose: bool) -> int:
    from wizard.runs.journal import read_run

    found = read_run(None, run)
    if output == "json":
        from wizard.procedure.in_flight import in_flight

        body = found.to_json() | {"under_way": in_flight(found.events).to_json()}
        write_stdout(strict_json(body, indent=2))
        return SUCCESS
    from wizard.reports.recorded_run import run_text

    write_result(run_text(found, verbose=verbose))
    return SUCCESS


@command.command(
    "report",
    examples=(
        ("Print the verification as JSON", "aks-kms runs report 20261129-015500-aks-demo"),
        (
            "Write the whole run as Markdown",
            "aks-kms runs report 20261129-015500-aks-demo -o markdown > run.md",
        ),
    ),
)
@click.argument("run", metavar="ID", shell_complete=candidates.runs)
@output_option("json", "markdown")
def report(run: str, output: str) -> int:
    """Print the verification report of a run.

    The JSON is that of `verify -o json`. The Markdown report describes the whole run.
    """
    return run_command(_report(run, output))


async def _report(run: str, output: str) -> int:
    from wizard.runs.journal import read_run

    found = read_run(None, run)
    if output == "markdown":
        from wizard.reports.run_report import run_report

        write_stdout(run_report(found))
        return SUCCESS if found.summary.status == "succeeded" else FAILURE
    if found.report is None:
        raise CommandExit(
            FAILURE,
            f"✗ The run {run} has no verification report; its status is {found.summary.status}.\n"
            f"  What to do: aks-kms runs resume {run}, or aks-kms verify.",
        )
    passed = found.report.get("passed") is True
    uncertain = found.report.get("verdict") == "not-certain"
    summary = {"total": 1, "passed": int(passed), "failed": int(not passed), "uncertain": int(uncertain)}
    body = {"provenance": found.report.get("provenance"), "clusters": [found.report], "summary": summary}
    write_stdout(strict_json(body, indent=2))
    return SUCCESS if passed else FAILURE


@command.command(
    "resume",
    examples=(
        ("Resume the newest run that failed or was interrupted", "aks-kms runs resume"),
        ("Plan again with the answers of a run", "aks-kms runs resume 20261129-015500-aks-demo"),
    ),
)
@click.argument("run", metavar="[ID]", required=False, shell_complete=candidates.runs)
@click.option("--yes", is_flag=True, help=YES_HELP)
@click.option("--confirm", metavar="DIGEST", callback=given_digest, help=CONFIRM_HELP)
@click.option("--no-journal", is_flag=True, help=NO_JOURNAL_HELP)
@output_option("text", "json", "jsonl")
@azure_options
@click.pass_context
def resume(
    ctx: click.Context, run: str | None, *, yes: bool, confirm: str | None, no_journal: bool, output: str
) -> int:
    """Resume a run that failed or was interrupted.

    Without an ID, resumes the newest such run.

    Creates a new plan from the current state of Azure, shows how it differs from the recorded one, and applies the remaining
    steps. An operation that is still in progress in Azure is awaited, not started again.
    """
    must_confirm = not yes and confirm is None
    if must_confirm and not sys.stdin.isatty():
        raise click.UsageError(
            "Confirmation is not possible: stdin is not a terminal. Add --yes, or --confirm DIGEST."
        )
    settings = settings_of(ctx)

    async def resume_run() -> int:
        from wizard.runs.resume import resumable_run

        cloud = requested_cloud(settings)
        resuming = resumable_run(None, run if run is not None else _newest_resumable(cloud, settings))
        _refuse_if_running(resuming)
        if cloud and (problem := resuming.wrong_cloud(cloud, strict=run is None)):
            raise CommandExit(FAILURE, problem_text(problem))
        write_stderr(f"Resuming {resuming.id}. {resuming.outcome}.")
        for sentence in resuming.in_flight.sentences:
            write_stderr(f"  · {sentence}")
        return await apply(
            settings,
            lambda: resuming.answers,
            confirm=confirm,
            must_confirm=must_confirm,
            output=output,
            no_journal=no_journal,
            resuming=resuming,
            run_named=run is not None,
        )

    return run_command(resume_run())


def _newest_resumable(cloud: "Cloud | None", settings: Settings) -> str:
    """Return the ID of the newest run that can be resumed, in that cloud if it is known. Raise CommandExit if there is none."""
    from wizard.cloud.arm import same
    from wizard.runs.resume import newest_run, resumable_runs

    if found := resumable_runs(cloud=cloud):
        endpoint = settings.arm_endpoint or os.environ.get(ARM_ENDPOINT)
        here = (run for run in found if endpoint and same(run.endpoint, endpoint))
        return next(here, found[0]).id
    if cloud and (others := resumable_runs()):
        other = others[0]
        raise CommandExit(
            USAGE,
            f"✗ There is no run to resume in {cloud.described}: {other.id} belongs to another cloud, "
            f"{other.run.summary.cloud_text}.\n"
            f"  What to do: aks-kms runs list. To resume that run: aks-kms {other.cloud_option} runs resume {other.id}",
        )
    newest = newest_run()
    if newest is None:
        raise CommandExit(USAGE, "✗ There is no run to resume.\n  What to do: aks-kms apply -f FILE")
    raise CommandExit(
        USAGE,
        f"✗ There is no run to resume; the newest is {newest.id} ({newest.status}).\n"
        "  What to do: aks-kms runs list, or aks-kms runs resume ID to plan again with the answers of a run.",
    )


def _refuse_if_running(resuming: "ResumableRun") -> None:
    """Raise CommandExit if another process executes the run."""
    if resuming.run.summary.status == "running":
        raise CommandExit(
            FAILURE,
            f"✗ {resuming.id} is still running. No changes were made.\n"
            f"  What to do: wait until it ends (aks-kms runs show {resuming.id} shows its progress), or interrupt it with Ctrl-C "
            "in its terminal; then try again.",
        )

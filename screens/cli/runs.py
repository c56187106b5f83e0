"""`aks-kms runs`: the journal of what was run, and carrying on."""

import json
import sys
from typing import TYPE_CHECKING

import click

from screens.cli.apply import apply
from screens.cli.connection import cloud_asked_for
from screens.cli.options import azure_options, output_option, settings_of
from screens.cli.outcome import Ended, carry_out, problem_text, say, show
from screens.exit_codes import DONE, NO, USAGE
from wizard.reports.strict_json import strict_json
from wizard.reports.table import table
from wizard.reports.wording import duration
from wizard.system.sanitize import one_line, sanitize

if TYPE_CHECKING:
    from wizard.cloud.endpoints import Cloud
    from wizard.runs.resume import ResumableRun


@click.group("runs")
def command() -> None:
    """The journal: what was run, and carrying on. It keeps history; what holds is always read from Azure."""


@command.command("list")
@output_option("table", "json")
def list_(output: str) -> int:
    """Every run, the newest first."""
    return carry_out(_list(output))


async def _list(output: str) -> int:
    from wizard.runs.journal import default_root, list_runs

    runs = list_runs()
    if output == "json":
        show(json.dumps({"runs": [run.to_json() for run in runs]}, indent=2))
    elif runs:
        rows = [
            (
                run.id,
                run.cluster,
                run.where,
                run.status,
                duration(run.seconds) if run.seconds is not None else "",
                run.title,
            )
            for run in runs
        ]
        show(table(("ID", "CLUSTER", "CLOUD", "STATUS", "TOOK", "WHAT"), rows))
    else:
        show(f"No run yet. They are kept in {default_root()}")
    return DONE


@command.command("show")
@click.argument("run", metavar="ID")
@output_option("text", "json")
def show_(run: str, output: str) -> int:
    """One run: its answers, and its log."""
    return carry_out(_show(run, output))


async def _show(run: str, output: str) -> int:
    from wizard.procedure.in_flight import in_flight
    from wizard.runs.journal import read_run

    found = read_run(None, run)
    if output == "json":
        body = found.to_json() | {"under_way": in_flight(found.events).to_json()}
        show(strict_json(body, indent=2))
        return DONE
    summary = found.summary
    lines = [summary.title, f"  {summary.status} · {summary.path}"]
    lines += [
        f"  cloud: {summary.where}",
        f"  by:    {one_line(str(found.plan.get('signed_in') or 'not recorded'))}",
    ]
    moves = found.plan.get("moves") or {}
    lines += [f"  {word + ':':<6}{sanitize(str(moves[word]))}" for word in ("from", "to") if moves.get(word)]
    lines += ["", "Answers"]
    lines += [f"  {line}" for line in found.answers.to_yaml().splitlines()]
    for heading, key in (("Still needed", "still_needed"), ("May be cleaned up later, by you", "clean_up")):
        if sentences := found.plan.get(key):
            lines += ["", heading, *(f"  ! {sanitize(str(sentence))}" for sentence in sentences)]
    if sentences := in_flight(found.events).sentences:
        lines += ["", "When it ended", *(f"  · {sanitize(sentence)}" for sentence in sentences)]
    lines += ["", "Log", *(f"  {sanitize(line)}" for line in found.log.splitlines())]
    show("\n".join(lines))
    return DONE


@command.command("report")
@click.argument("run", metavar="ID")
@output_option("json", "markdown")
def report(run: str, output: str) -> int:
    """The verification with which a run ended.

    In the shape of `verify -o json`; or the whole run, as Markdown.
    """
    return carry_out(_report(run, output))


async def _report(run: str, output: str) -> int:
    from wizard.runs.journal import read_run

    found = read_run(None, run)
    if output == "markdown":
        from screens.reports import journal_report

        show(journal_report(found))
        return DONE if found.summary.status == "succeeded" else NO
    if found.report is None:
        raise Ended(
            NO,
            f"✗ The run {run} has no verification: it ended as {found.summary.status}.\n"
            f"  What to do: aks-kms runs resume {run}, or aks-kms verify.",
        )
    passed = found.report.get("passed") is True
    summary = {"total": 1, "passed": int(passed), "failed": int(not passed)}
    body = {"provenance": found.report.get("provenance"), "clusters": [found.report], "summary": summary}
    show(strict_json(body, indent=2))
    return DONE if passed else NO


@command.command("resume")
@click.argument("run", metavar="[ID]", required=False)
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@click.option(
    "--confirm", metavar="DIGEST", help="Carry it out only if it still is the plan with this digest."
)
@output_option("text", "json", "jsonl")
@azure_options
@click.pass_context
def resume(ctx: click.Context, run: str | None, *, yes: bool, confirm: str | None, output: str) -> int:
    """Carry on a run that did not come to a good end.

    Without an ID: the newest of them.

    Says what was under way, plans again from what Azure shows, tells what that plan has otherwise, and does what is left;
    an operation that still runs in Azure is followed, not started again.
    """
    must_ask = not yes and confirm is None
    if must_ask and not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on. Give --yes, or --confirm DIGEST.")
    settings = settings_of(ctx)

    async def resume_run() -> int:
        from wizard.runs.resume import recorded

        cloud = cloud_asked_for(settings)
        resumable = recorded(None, run if run is not None else _to_carry_on(cloud))
        _refuse_while_it_runs(resumable)
        if cloud and (problem := resumable.elsewhere(cloud, strictly=run is None)):
            raise Ended(NO, problem_text(problem))
        _tell_of(resumable)
        return await apply(
            settings,
            lambda: resumable.answers,
            confirm=confirm,
            must_ask=must_ask,
            output=output,
            can_resume=resumable,
            named=run is not None,
        )

    return carry_out(resume_run())


def _to_carry_on(cloud: "Cloud | None") -> str:
    """The newest run that did not come to a good end, in that cloud if it is known by now. Raises Ended where there is
    none."""
    from wizard.runs.resume import newest, resumable_runs

    if found := resumable_runs(cloud=cloud):
        return found[0].id
    if cloud and (elsewhere := resumable_runs()):
        raise Ended(
            USAGE,
            f"✗ There is no run to carry on in {cloud.described}: {elsewhere[0].id} was in another cloud, "
            f"{elsewhere[0].run.summary.where}.\n"
            f"  What to do: aks-kms runs list; to carry it on there: aks-kms {elsewhere[0].asked} runs resume {elsewhere[0].id}",
        )
    last = newest()
    if last is None:
        raise Ended(USAGE, "✗ There is no run to carry on.\n  What to do: aks-kms apply -f FILE")
    raise Ended(
        USAGE,
        f"✗ There is no run to carry on; the newest is {last.id} ({last.status}).\n"
        "  What to do: aks-kms runs list, or aks-kms runs resume ID to plan again with a run's answers.",
    )


def _refuse_while_it_runs(resumable: "ResumableRun") -> None:
    if resumable.run.summary.status == "running":
        raise Ended(
            NO,
            f"✗ {resumable.id} still runs; nothing was changed by this command.\n"
            f"  What to do: wait until it has ended (aks-kms runs show {resumable.id} tells how far it is), or end it where it "
            "runs, with Ctrl-C; then try again.",
        )


def _tell_of(resumable: "ResumableRun") -> None:
    """Which run is carried on, and what was under way when it ended."""
    say(f"Carrying on {resumable.id}. {resumable.ended}.")
    for sentence in resumable.in_flight.sentences:
        say(f"  · {sentence}")

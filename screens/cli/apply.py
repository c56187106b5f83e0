"""`aks-kms apply`: show the plan, ask for confirmation, apply it, and verify the result."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from screens.cli.connection import cloud_note, connect
from screens.cli.digest import SHORTEST, digest_mistake, given_digest
from screens.cli.help import Command
from screens.cli.interruption_notice import notice_lines
from screens.cli.name_links import link_names
from screens.cli.options import Settings, answers_option, azure_options, output_option, settings_of
from screens.cli.outcome import (
    CommandExit,
    optional_output,
    problem_text,
    read_answers,
    read_line,
    run_command,
    write_result,
    write_stderr,
    write_stdout,
)
from screens.cli.render import columns
from screens.exit_codes import FAILURE, INTERRUPTED, code_of_report
from wizard.errors import AzureError, JournalError
from wizard.reports.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure
    from wizard.cloud.timeouts import Timeouts
    from wizard.procedure.events import Event, Listener, RunStatus
    from wizard.procedure.plan import Plan
    from wizard.procedure.run import Run
    from wizard.rules import Finding
    from wizard.runs.journal import Journal
    from wizard.runs.resume import ResumableRun
    from wizard.verification.report import ClusterReport


YES_HELP = "Skip the confirmation prompt."
NO_JOURNAL_HELP = "Apply an irreversible plan even if no journal and no lock can be kept here."
CONFIRM_HELP = f"Apply only if the current plan has this digest; its first {SHORTEST} digits are enough."


@click.command(
    "apply",
    cls=Command,
    examples=(
        ("Show the plan, ask for confirmation and apply it", "aks-kms apply -f answers.yaml"),
        ("Apply exactly the plan that was reviewed", "aks-kms apply -f answers.yaml --confirm 2df503345685"),
        ("Try it with the simulator", "aks-kms apply -f answers.yaml --yes --simulate --speed max"),
    ),
)
@answers_option
@click.option("--yes", is_flag=True, help=YES_HELP)
@click.option("--confirm", metavar="DIGEST", callback=given_digest, help=CONFIRM_HELP)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Time to wait for new role assignments to propagate before the cluster is updated. "
    "Default: 300 for a private vault, 60 for a public one.",
)
@click.option("--no-journal", is_flag=True, help=NO_JOURNAL_HELP)
@output_option("text", "json", "jsonl")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    path: str,
    *,
    yes: bool,
    confirm: str | None,
    settle: float | None,
    no_journal: bool,
    output: str,
) -> int:
    """Apply the changes: encrypt the cluster named in an answers file.

    Verifies the cluster afterwards. Without a terminal, --yes or --confirm DIGEST (printed by `plan`) is required.
    The log is written to stderr. With -o jsonl, stdout receives the events, one JSON object per line.
    """
    settings = settings_of(ctx)
    must_confirm = not yes and confirm is None
    if must_confirm and (path == "-" or not sys.stdin.isatty()):
        raise click.UsageError(
            "This encryption cannot be disabled later, and stdin is not a terminal, so confirmation is not possible. "
            "Review `aks-kms plan` and add --confirm DIGEST with the digest that it prints, or add --yes to skip the review."
        )
    return run_command(
        apply(
            settings,
            lambda: read_answers(path),
            confirm=confirm,
            must_confirm=must_confirm,
            output=output,
            no_journal=no_journal,
            propagation_seconds=settle,
        )
    )


async def apply(
    settings: Settings,
    read: "Callable[[], Answers]",
    *,
    confirm: str | None,
    must_confirm: bool,
    output: str,
    no_journal: bool = False,
    propagation_seconds: float | None = None,
    resuming: "ResumableRun | None" = None,
    run_named: bool = True,
) -> int:
    """Plan, ask for confirmation if required, run, verify, and print the result. Return the exit code.

    `read` returns the answers, or raises AnswersError. `no_journal`: also if no journal can be kept. `propagation_seconds`: how long new role assignments of the cluster's
    identity get to propagate; None for the default of the vault. `resuming`: the run with these answers, to report the
    differences from its plan. `run_named`: the operator named that run.
    """
    from wizard.procedure.planning import make_plan
    from wizard.state.target import Target

    answers = read()
    async with connect(settings) as azure:
        if resuming and (wrong_cloud := resuming.wrong_cloud(azure.cloud, strict=not run_named)):
            raise CommandExit(FAILURE, problem_text(wrong_cloud))
        plan = await make_plan(azure, answers)
        link_names(azure, Target(answers, "").resources)
        if resuming:
            _print_differences(plan, resuming)
        verbose = settings.verbose > 0
        _print_plan(plan, cloud_note(azure), in_full=must_confirm or verbose, verbose=verbose)
        if plan.errors:
            _refuse(plan, output, "No changes were made. Fix the errors marked ✗ and try again.")
        if resuming and not must_confirm and confirm is None and (change := resuming.changed_by_others(plan)):
            _refuse(
                plan,
                output,
                f"Another user changed the encryption after that run started: {change}. No changes were made.",
                f"To change it again: aks-kms runs resume {resuming.id} --confirm {plan.digest[:SHORTEST]}",
            )
        if confirm is not None:
            _check_digest(plan, output, confirm)
        if not no_journal and settings.simulate is None:
            await _check_journal(azure, plan, output)
        if must_confirm and plan.writes and not await _confirmed(answers.cluster.name):
            _refuse(
                plan, output, f"No changes were made: the confirmation does not match {answers.cluster.name}."
            )
        timeouts = azure.timeouts
        if propagation_seconds is not None:
            timeouts = replace(
                timeouts,
                role_propagation_private=propagation_seconds,
                role_propagation_public=propagation_seconds,
            )
        application = _Application(azure, answers, plan, settings, output, timeouts)
        return await application.run(plan.digest)


async def _check_journal(azure: "Azure", plan: "Plan", output: str) -> None:
    """Refuse a plan that is irreversible if no journal of its run, or no lock of the cluster, can be kept. Raise CommandExit."""
    from wizard.procedure.cluster_lock import ClusterLock, HeldError
    from wizard.runs.journal import Journal

    if not (plan.irreversible and plan.writes):
        return
    why = Journal.obstacle()
    lock = ClusterLock(azure.cloud.arm, plan.cluster_id)
    try:
        await lock.acquire()
    except HeldError:
        pass  # the run says which one holds it
    except OSError as error:
        why = why or f"The cluster cannot be locked on this computer: {error.strerror or error}."
    finally:
        lock.release()
    if why:
        remedy = "To apply it anyway, add --no-journal. If the run is interrupted, it cannot be resumed."
        _refuse(plan, output, f"{why} No changes were made: the plan is irreversible.", remedy)


def _check_digest(plan: "Plan", output: str, given: str) -> None:
    """Raise CommandExit if `given` does not confirm the plan."""
    sentence, lines = digest_mistake(given, plan.digest)
    if sentence:
        remedy = "No changes were made. Run `aks-kms plan` and confirm the digest that it prints."
        _refuse(plan, output, sentence, "\n  ".join(filter(None, (lines, remedy))))


def _print_differences(plan: "Plan", before: "ResumableRun") -> None:
    completed, differences = before.completed_since(plan), before.differences(plan)
    if completed:
        write_stderr(f"Completed since: {'; '.join(completed)}.")
    if differences:
        write_stderr("Changes since its plan was created:")
    for sentence in differences:
        write_stderr(f"  · {sentence}")
    if not completed and not differences:
        write_stderr("No changes since its plan was created.")
    write_stderr(
        f"Remaining steps: {', '.join(s.key for s in plan.steps if s.action != 'none') or 'none that change anything'}.\n"
    )


def _print_plan(plan: "Plan", note: str, *, in_full: bool, verbose: bool) -> None:
    from screens.cli.plan_text import findings_text, plan_text, sum_line

    if in_full:
        write_stderr(plan_text(plan, note, width=columns(sys.stderr), verbose=verbose) + "\n")
    else:
        lines = [f"{plan.title} · {note}", *findings_text(plan.findings), sum_line(plan), ""]
        write_stderr("\n".join(lines))


def _refuse(
    plan: "Plan", output: str, sentence: str, remedy: str = "", *, findings: "Sequence[Finding] | None" = None
) -> NoReturn:
    """End the command before it changes anything. Raise CommandExit.

    `sentence`: the reason; `remedy`: what to do; `findings`: those to print as JSON, by default the plan's.
    """
    _print_refusal(plan, output, sentence, findings)
    raise CommandExit(FAILURE, f"✗ {sentence}" + (f"\n  {remedy}" if remedy else ""))


def _print_refusal(
    plan: "Plan", output: str, sentence: str, findings: "Sequence[Finding] | None" = None
) -> None:
    """Write the JSON body or the last event: readers of stdout rely on it, also if no run was started."""
    body_findings = [finding.to_json() for finding in (plan.findings if findings is None else findings)]
    if output == "json":
        body = {"status": "refused", "plan": plan.digest, "message": sentence, "findings": body_findings}
        write_stdout(json.dumps(body, indent=2))
    elif output == "jsonl":
        from wizard.procedure.events import Event

        last = Event(datetime.now(UTC), "run-finished", None, "failed", 0.0, message=f"refused: {sentence}")
        write_stdout(json.dumps(last.to_json() | {"findings": body_findings}))


async def _confirmed(name: str) -> bool:
    """Ask for the cluster's name. Return whether it was typed."""
    click.echo(f"Type the cluster name ({name}) to confirm: ", nl=False, err=True)
    return (await read_line()).strip() == name


class _Application:
    """The application of one plan: the run, its journal and its output."""

    def __init__(
        self,
        azure: "Azure",
        answers: "Answers",
        plan: "Plan",
        settings: Settings,
        output: str,
        timeouts: "Timeouts",
    ) -> None:
        self._timeouts = timeouts
        self._azure = azure
        self._answers = answers
        self._plan = plan
        self._settings = settings
        self._output = output
        self._events: list[Event] = []
        self._run: Run | None = None
        self._started = False
        self._journal: Journal | None = None

    async def run(self, confirm: str) -> int:
        """Run the plan, whose digest `confirm` is, and return the exit code. Raise CommandExit if the gate refuses it."""
        from screens.cli.live_log import LiveLog
        from wizard.cloud.cloud_shell import notice
        from wizard.procedure.cluster_lock import HeldError
        from wizard.procedure.run import DriftedError, RefusedError, Run

        live_log = LiveLog(self._azure.clock, self._plan, write_stderr, verbose=self._settings.verbose > 0)
        run = self._run = Run(
            self._azure,
            self._answers,
            self._plan,
            timeouts=self._timeouts,
            listeners=self._listeners(live_log),
        )
        status: RunStatus = "interrupted"  # until it has ended otherwise
        report = None
        if in_cloud_shell := notice(self._azure.environment):
            write_stderr(f"! {in_cloud_shell}")
        try:
            async with live_log.redrawn():
                status = await run.execute(confirm)
            report = run.report
            if report and self._journal and not self._journal.write_error:
                self._journal.save_report(report)
                self._warn_of_journal()
        except DriftedError as error:
            remedy = "No changes were made. Review the current plan and start again."
            self._refuse(str(error), remedy, error.fresh.findings)
        except RefusedError as error:
            self._refuse(str(error), "No changes were made.", error.findings)
        except HeldError as error:
            held = error.problem
            self._refuse(f"{held.summary} {held.cause}", f"What to do: {held.remedy}")
        except AzureError as error:  # the gate could not read the state
            _print_refusal(self._plan, self._output, error.problem.summary)
            raise
        except asyncio.CancelledError:
            self._print_result(run, status, None)
            raise
        finally:
            self._close_journal()
        self._print_result(run, status, report)
        if status != "succeeded":
            if status == "interrupted":
                return INTERRUPTED
            only_verify = [key for key, state in run.statuses.items() if state == "failed"] == ["verify"]
            return code_of_report(run.report) if run.report and only_verify else FAILURE
        return code_of_report(report) if report else FAILURE

    def _refuse(self, sentence: str, remedy: str, findings: "Sequence[Finding] | None" = None) -> NoReturn:
        _refuse(self._plan, self._output, sentence, remedy, findings=findings)

    def _listeners(self, live_log: "Listener") -> "list[Listener]":
        listeners: list[Listener] = [live_log, self._record]
        if self._output == "jsonl":
            listeners.append(lambda event: write_stdout(json.dumps(event.to_json())))
        return listeners

    def _record(self, event: "Event") -> None:
        """Keep an event for the result and the journal. The first event creates the journal: a refused plan is no run."""
        if event.type != "step-progress" or not self._repeats_last(event):
            self._events.append(event)
        if not self._started:
            self._started = True
            self._journal = _begin_journal(self._answers, self._plan)
            if self._journal and self._run:
                self._run.set_run_id(self._journal.id)
        if self._journal and not self._journal.write_error:
            self._journal(event)
            self._warn_of_journal()

    def _warn_of_journal(self) -> None:
        """Report what the journal lacks, when it begins to lack it."""
        if self._journal and self._journal.write_error:
            write_stderr(f"! The journal of this run is incomplete: {self._journal.write_error}")

    @property
    def _kept(self) -> "Journal | None":
        """The journal, as long as it is there."""
        return self._journal if self._journal and not self._journal.deleted else None

    def _repeats_last(self, event: "Event") -> bool:
        """Return whether an event repeats the last one, as during a long wait."""
        last = self._events[-1] if self._events else None
        return last is not None and (last.type, last.step, last.message) == (
            event.type,
            event.step,
            event.message,
        )

    def _close_journal(self) -> None:
        if self._journal:
            self._journal.close()

    def _print_result(self, run: "Run", status: str, report: "ClusterReport | None") -> None:
        """Print the result; last, so that it is on the screen when the command has ended."""
        if self._kept and (self._output != "text" or self._settings.verbose):
            write_stderr(f"Journal: {self._kept.path}")
        told = report is not None and self._output == "text"
        if status == "interrupted" or (status == "failed" and told):
            self._print_notice()
        with optional_output("The journal contains the result."):
            self._write_result(run, status, report)
        if status == "failed" and not told:
            from screens.cli.apply_text import failure_lines

            run_id = self._kept.id if self._kept else ""
            for line in failure_lines(run, self._plan, self._in_flight(), run_id, self._settings):
                write_stderr(line)

    def _write_result(self, run: "Run", status: str, report: "ClusterReport | None") -> None:
        match self._output:
            case "json":
                write_stdout(strict_json(self._json(run, status, report), indent=2))
            case "text" if report:
                from screens.cli.apply_text import result_text

                journal = self._kept
                text = result_text(
                    report,
                    self._plan,
                    self._answers,
                    report_command=f"aks-kms runs report {journal.id}" if journal else "",
                    seconds=self._seconds,
                    detail=self._settings.detail,
                )
                write_result(text)
            case _:
                pass

    def _print_notice(self) -> None:
        run = self._kept.id if self._kept else ""
        for line in notice_lines(self._in_flight(), run, self._settings):
            write_stderr(line)

    def _in_flight(self) -> "Sequence[str]":
        """Return sentences about requests that were started and not seen to end."""
        from wizard.procedure.in_flight import in_flight

        return in_flight(event.to_json() for event in self._events).sentences

    @property
    def _seconds(self) -> float | None:
        """How long the run took, in Azure's time."""
        return next((event.seconds for event in self._events if event.type == "run-finished"), None)

    def _json(self, run: "Run", status: str, report: "ClusterReport | None") -> dict[str, Any]:
        steps = {event.step: event for event in self._events if event.type == "step-finished"}
        return {
            "status": status,
            "seconds": self._seconds,
            "cluster_id": self._plan.cluster_id,
            "plan": self._plan.digest,
            "steps": [
                {
                    "key": key,
                    "status": state,
                    "seconds": steps[key].seconds if key in steps else None,
                    "message": steps[key].message if key in steps else "",
                    "problem": run.problems[key].to_json() if key in run.problems else None,
                }
                for key, state in run.statuses.items()
            ],
            "verification": report.to_json() if report else None,
            "journal": str(self._kept.path) if self._kept else None,
        }


def _begin_journal(answers: "Answers", plan: "Plan") -> "Journal | None":
    """Create the journal of a run. Return None if it cannot be written, which does not stop the run."""
    from wizard.runs.journal import Journal

    try:
        return Journal.begin(answers, plan)
    except JournalError as error:
        write_stderr(f"! {error} Continuing without a journal.")
        return None

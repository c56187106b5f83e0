"""`aks-kms apply`: shows the plan, asks, carries it out, and proves the result."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from screens.cli.connection import cloud_note, opened
from screens.cli.interruption_notice import going_on
from screens.cli.options import Settings, answers_option, azure_options, output_option, settings_of
from screens.cli.outcome import (
    DONE,
    INTERRUPTED,
    NO,
    Ended,
    carry_out,
    problem_text,
    read_answers,
    say,
    show,
    typed,
    whoever_reads,
)
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


@click.command("apply")
@answers_option
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@click.option(
    "--confirm", metavar="DIGEST", help="Carry it out only if it still is the plan with this digest."
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long new roles of the cluster's identity are given to take effect before the cluster is touched; "
    "default 300 for a private vault, 60 for a public one.",
)
@output_option("text", "json", "jsonl")
@azure_options
@click.pass_context
def command(
    ctx: click.Context, path: str, *, yes: bool, confirm: str | None, settle: float | None, output: str
) -> int:
    """Do it: encrypt the cluster that an answers file names, and read it back.

    Where there is no terminal to ask on, --yes or --confirm DIGEST (the digest that `plan` printed) is needed.
    The log goes to stderr as it happens; -o jsonl writes the events to stdout as well, one a line.
    """
    settings = settings_of(ctx)
    must_ask = not yes and confirm is None
    if must_ask and (path == "-" or not sys.stdin.isatty()):
        raise click.UsageError(
            "Enabling this encryption cannot be undone, and there is no terminal to ask on. "
            "Look at `aks-kms plan`, then give --confirm DIGEST (the digest it prints), or --yes to go without looking."
        )
    return carry_out(
        apply(
            settings,
            lambda: read_answers(path),
            confirm=confirm,
            must_ask=must_ask,
            output=output,
            settle=settle,
        )
    )


async def apply(
    settings: Settings,
    read: "Callable[[], Answers]",
    *,
    confirm: str | None,
    must_ask: bool,
    output: str,
    settle: float | None = None,
    can_resume: "ResumableRun | None" = None,
    named: bool = True,
) -> int:
    """Plan, ask where that is due, run, verify, and tell. `read` gives the answers, or raises AnswersError.

    `settle`: seconds that the identity's new roles are given; None for what suits the vault. `can_resume`: the run whose
    answers these are; what the plan has otherwise than its own is told. `named`: it is the operator who chose that run.
    """
    from wizard.procedure.planning import make_plan

    answers = read()
    async with opened(settings) as azure:
        if can_resume and (elsewhere := can_resume.elsewhere(azure.cloud, strictly=not named)):
            raise Ended(NO, problem_text(elsewhere))
        plan = await make_plan(azure, answers)
        if can_resume:
            _tell_difference(plan, can_resume)
        _tell_plan(plan, cloud_note(azure), in_full=must_ask or settings.verbose)
        if plan.errors:
            _refuse(plan, output, "Nothing was changed: mend what is marked ✗, then try again.")
        if can_resume and not must_ask and confirm is None and (foreign := can_resume.foreign(plan)):
            _refuse(
                plan,
                output,
                f"Somebody has changed the encryption since that run began: {foreign}. Nothing was changed.",
                f"If you want it changed again: aks-kms runs resume {can_resume.id} --confirm {plan.digest}",
            )
        if must_ask and plan.writes and not await _agreed(answers.cluster.name):
            _refuse(plan, output, f"Nothing was changed: what was typed is not {answers.cluster.name}.")
        timeouts = azure.timeouts
        if settle is not None:
            timeouts = replace(timeouts, role_propagation_private=settle, role_propagation_public=settle)
        application = _Application(azure, answers, plan, settings, output, timeouts)
        return await application.carry_out(confirm or plan.digest)


def _tell_difference(plan: "Plan", before: "ResumableRun") -> None:
    done, otherwise = before.done(plan), before.differences(plan)
    if done:
        say(f"Done by now: {'; '.join(done)}.")
    if otherwise:
        say("Different since its plan was made:")
    for sentence in otherwise:
        say(f"  · {sentence}")
    if not done and not otherwise:
        say("Nothing has changed since its plan was made.")
    say(
        f"What is left: {', '.join(s.key for s in plan.steps if s.action != 'none') or 'nothing to write'}.\n"
    )


def _tell_plan(plan: "Plan", note: str, *, in_full: bool) -> None:
    from screens.cli.plan_text import findings_text, plan_text

    if in_full:
        say(plan_text(plan, note) + "\n")
    else:
        say("\n".join([f"{plan.title} · {note}", *findings_text(plan.findings)]))


def _refuse(
    plan: "Plan", output: str, sentence: str, remedy: str = "", *, findings: "Sequence[Finding] | None" = None
) -> NoReturn:
    """End before anything was written. `sentence` says why, and `remedy` what to do; `findings` are those of the plan where
    none are given. Raises Ended."""
    _tell_refused(plan, output, sentence, findings)
    raise Ended(NO, f"✗ {sentence}" + (f"\n  {remedy}" if remedy else ""))


def _tell_refused(
    plan: "Plan", output: str, sentence: str, findings: "Sequence[Finding] | None" = None
) -> None:
    """Whoever reads stdout relies on a body, or a last event, that says how it ended, also where nothing was begun."""
    found = [finding.to_json() for finding in (plan.findings if findings is None else findings)]
    if output == "json":
        body = {"status": "refused", "plan": plan.digest, "message": sentence, "findings": found}
        show(json.dumps(body, indent=2))
    elif output == "jsonl":
        from wizard.procedure.events import Event

        ended = Event(datetime.now(UTC), "run-finished", None, "failed", 0.0, message=f"refused: {sentence}")
        show(json.dumps(ended.to_json() | {"findings": found}))


async def _agreed(name: str) -> bool:
    """Whether the cluster's name was typed, which is what confirms."""
    click.echo(f"Type the cluster's name ({name}) to start: ", nl=False, err=True)
    return (await typed()).strip() == name


class _Application:
    """One plan being carried out, and everybody who is told about it."""

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
        self._begun = False
        self._journal: Journal | None = None

    async def carry_out(self, confirm: str) -> int:
        from wizard.cloud.problems import AzureError
        from wizard.procedure.cluster_lock import HeldError
        from wizard.procedure.run import DriftedError, NotConfirmedError, RefusedError, Run

        run = self._run = Run(
            self._azure, self._answers, self._plan, timeouts=self._timeouts, listeners=self._listeners()
        )
        status: RunStatus = "interrupted"  # until it has ended otherwise
        report = None
        try:
            status = await run.execute(confirm)
            report = run.report
            if report and self._journal:
                self._journal.keep_report(report)
        except NotConfirmedError as error:
            self._refuse(
                str(error), "Nothing was changed. See `aks-kms plan`, and give the digest it prints."
            )
        except DriftedError as error:
            look_again = "Nothing was changed. Look at the plan as it is now, and start again."
            self._refuse(str(error), look_again, error.fresh.findings)
        except RefusedError as error:
            self._refuse(str(error), "Nothing was changed.", error.findings)
        except HeldError as error:
            held = error.problem
            self._refuse(f"{held.summary} {held.cause}", f"What to do: {held.remedy}")
        except AzureError as error:  # the gate could not look
            _tell_refused(self._plan, self._output, error.problem.summary)
            raise
        except asyncio.CancelledError:
            self._tell_result(run, status, None)
            if status == "interrupted":
                self._tell_how_to_go_on()
            raise
        finally:
            self._end_journal()
        self._tell_result(run, status, report)
        if status != "succeeded":
            self._tell_how_to_go_on()
            return INTERRUPTED if status == "interrupted" else NO
        return DONE if report and report.passed else NO

    def _refuse(self, sentence: str, remedy: str, findings: "Sequence[Finding] | None" = None) -> NoReturn:
        _refuse(self._plan, self._output, sentence, remedy, findings=findings)

    def _listeners(self) -> "list[Listener]":
        from screens.cli.live_log import LiveLog

        told = LiveLog(self._azure.clock, say, verbose=self._settings.verbose)
        listeners: list[Listener] = [told, self._keep]
        if self._output == "jsonl":
            listeners.append(lambda event: show(json.dumps(event.to_json())))
        return listeners

    def _keep(self, event: "Event") -> None:
        """For the result, and for the journal, which begins with the first event: what the gate stops is no run."""
        if event.type != "step-progress" or not self._follows_its_like(event):
            self._events.append(event)
        if not self._begun:
            self._begun = True
            self._journal = _journal(self._answers, self._plan)
            if self._journal and self._run:
                self._run.set_run_id(self._journal.id)
        if self._journal:
            self._journal(event)

    def _follows_its_like(self, event: "Event") -> bool:
        """Whether it says what the last event said: of a long wait, one of each word is kept."""
        last = self._events[-1] if self._events else None
        return last is not None and (last.type, last.step, last.message) == (
            event.type,
            event.step,
            event.message,
        )

    def _end_journal(self) -> None:
        if self._journal:
            self._journal.close()
            if self._journal.trouble:
                say(f"! The journal of this run is not complete: {self._journal.trouble}")

    def _tell_result(self, run: "Run", status: str, report: "ClusterReport | None") -> None:
        with whoever_reads("the journal has it."):
            self._show_result(run, status, report)
        if self._journal:
            say(f"Journal: {self._journal.path}")

    def _show_result(self, run: "Run", status: str, report: "ClusterReport | None") -> None:
        match self._output:
            case "json":
                show(strict_json(self._json(run, status, report), indent=2))
            case "text" if report:
                from wizard.reports.text import report_text

                show(report_text(report))
            case _:
                pass

    def _tell_how_to_go_on(self) -> None:
        from wizard.procedure.in_flight import in_flight

        left = in_flight(event.to_json() for event in self._events).sentences
        run = self._journal.id if self._journal else ""
        for line in going_on(left, run, self._settings):
            say(line)

    def _json(self, run: "Run", status: str, report: "ClusterReport | None") -> dict[str, Any]:
        whole = next((event for event in self._events if event.type == "run-finished"), None)
        steps = {event.step: event for event in self._events if event.type == "step-finished"}
        return {
            "status": status,
            "seconds": whole.seconds if whole else None,
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
            "journal": str(self._journal.path) if self._journal else None,
        }


def _journal(answers: "Answers", plan: "Plan") -> "Journal | None":
    """The journal of this run; a disk that cannot keep one is no reason not to encrypt."""
    from wizard.runs.journal import Journal, JournalError

    try:
        return Journal.begin(answers, plan)
    except JournalError as error:
        say(f"! {error} Going on without.")
        return None

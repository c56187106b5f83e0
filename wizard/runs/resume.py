"""Runs that can be resumed, and what resuming them involves: for `runs resume` and for the start of the wizard.

The journal never decides what is still to do: a new plan is made from Azure and compared with the recorded one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.answers.model import Answers
from wizard.cloud.arm import Json, same
from wizard.cloud.endpoints import Cloud
from wizard.errors import JournalError, Problem
from wizard.procedure.differences import done_since, foreign_change, other_differences
from wizard.procedure.in_flight import InFlight, in_flight
from wizard.procedure.plan import Plan
from wizard.runs.journal import RecordedRun, RunSummary, each_run, list_runs, load_run, read_run

_RESUMABLE = frozenset({"failed", "interrupted", "unfinished"})


@dataclass(frozen=True)
class ResumableRun:
    """A recorded run that is to be resumed."""

    run: RecordedRun

    @property
    def id(self) -> str:
        """The run's ID in the journal."""
        return self.run.summary.id

    @property
    def answers(self) -> Answers:
        """The answers of the run."""
        return self.run.answers

    @property
    def in_flight(self) -> InFlight:
        """The requests that were started and not seen to end; its `sentences` describe them."""
        return in_flight(self.run.events)

    @property
    def outcome(self) -> str:
        """How the run ended, in a sentence."""
        title = self.run.summary.title
        match self.run.summary.status:
            case "failed":
                return f"{title}: failed"
            case "interrupted":
                return f"{title}: was interrupted"
            case "not-begun":
                return f"{title}; all steps remain"
            case "running":
                return f"{title}: is still running"
            case "succeeded":
                return f"{title}: succeeded"
            case _:
                return f"{title}: ended unexpectedly (process killed or computer shut down)"

    @property
    def endpoint(self) -> str:
        """The Azure Resource Manager endpoint of the run's cloud; empty without a plan."""
        return self.run.summary.endpoint

    @property
    def cloud_option(self) -> str:
        """The option that selects the run's cloud; empty without a plan."""
        return self.run.summary.cloud_option

    def wrong_cloud(self, cloud: Cloud, *, strict: bool = False) -> Problem | None:
        """Return the problem if the run belongs to another cloud, else None.

        A restarted simulator listens at another address. With `strict`, used if the operator did not name the run, that counts
        as another cloud.
        """
        recorded = self.run.summary.cloud
        if recorded is None or not _wrong_cloud(recorded, cloud, strict=strict):
            return None  # without a plan there is nothing to resume
        if recorded["name"] == cloud.name and cloud.simulated:
            remedy = f"If it is the same simulated Azure at another address: aks-kms runs resume {self.id}."
        else:
            remedy = f"Resume it in its cloud: aks-kms {self.cloud_option} runs resume {self.id}."
        return Problem(
            "input",
            f"The run {self.id} belongs to another cloud: {self.run.summary.cloud_text}.",
            f"This is {cloud.described}. The run cannot be resumed here. No changes were made.",
            f"{remedy} Or start a run here: aks-kms apply -f FILE.",
        )

    def completed_since(self, fresh: Plan) -> tuple[str, ...]:
        """Return the titles of the steps that the recorded plan required and that are complete now."""
        return tuple(done_since(self.run.plan, fresh))

    def changed_by_others(self, fresh: Plan) -> str:
        """Return how another user changed the cluster's encryption since the run, or an empty string."""
        return foreign_change(self.run.plan, fresh)

    def differences(self, fresh: Plan) -> tuple[str, ...]:
        """Return the other differences between a new plan and the recorded one, a sentence each."""
        if not self.run.plan or self.run.plan.get("digest") == fresh.digest:
            return ()
        return tuple(other_differences(self.run.plan, fresh, after_steps=bool(self.completed_since(fresh))))


def resumable_runs(root: Path | None = None, *, cloud: Cloud | None = None) -> list[ResumableRun]:
    """Return the runs that failed, were interrupted or ended unexpectedly: newest first, at most one for each cluster.

    With `cloud`, return only runs of that cloud; a simulated one is identified by its address. Leave out runs in progress,
    runs superseded by a later run on the same cluster of the same cloud, runs whose verification passed, and runs that cannot be read.
    Block on the disk. Raise JournalError if the journal cannot be read.
    """
    return list(each_resumable_run(root, cloud=cloud))


def each_resumable_run(root: Path | None = None, *, cloud: Cloud | None = None) -> Iterator[ResumableRun]:
    """Yield the same, each as soon as it is found: a journal of years takes seconds to read."""
    seen: set[tuple[str, str]] = set()
    for summary in each_run(root):
        cluster = ((summary.cluster_id or summary.cluster).casefold(), summary.endpoint)
        if summary.status in {"not-begun", "unreadable"} or cluster in seen:
            continue
        if summary.status not in _RESUMABLE:
            if not (cloud and summary.cloud and _wrong_cloud(summary.cloud, cloud, strict=True)):
                seen.add(cluster)
            continue
        try:
            run = load_run(summary)
        except JournalError:
            continue
        if cloud and ResumableRun(run).wrong_cloud(cloud, strict=True):
            continue
        if not _verified(run):
            yield ResumableRun(run)
        seen.add(cluster)


def _wrong_cloud(recorded: Json, cloud: Cloud, *, strict: bool) -> bool:
    moved = not same(str(recorded["resource_manager"]), cloud.arm)
    return recorded["name"] != cloud.name or (moved and (strict or not cloud.simulated))


def _verified(run: RecordedRun) -> bool:
    return run.report is not None and run.report.get("passed") is True


def resumable_run(root: Path | None, run: str) -> ResumableRun:
    """Return the run with that ID, whatever its status. Raise JournalError if there is none or it cannot be read."""
    return ResumableRun(read_run(root, run))


def newest_run(root: Path | None = None) -> RunSummary | None:
    """Return the newest run, whatever its status. Raise JournalError."""
    return next(iter(list_runs(root)), None)

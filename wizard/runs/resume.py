"""Runs that did not come to a good end, and what carrying them on comes to: for `runs resume`, and for the wizard's start.

Whether something still has to be done is never taken from here: a plan is made from Azure, and held against the recorded
one.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

from wizard.answers.model import Answers
from wizard.cloud.arm import same
from wizard.cloud.endpoints import CLOUDS, Cloud
from wizard.cloud.problems import Problem
from wizard.procedure.differences import done_since, foreign_change, other_differences
from wizard.procedure.in_flight import InFlight, in_flight
from wizard.procedure.plan import Plan
from wizard.runs.journal import JournalError, RecordedRun, RunSummary, list_runs, read_run, whole_run
from wizard.system.sanitize import one_line

_OPEN = frozenset({"failed", "interrupted", "unfinished"})


@dataclass(frozen=True)
class ResumableRun:
    """One such run."""

    run: RecordedRun

    @property
    def id(self) -> str:
        """What the journal calls it."""
        return self.run.summary.id

    @property
    def answers(self) -> Answers:
        """What the operator had chosen."""
        return self.run.answers

    @property
    def in_flight(self) -> InFlight:
        """What had begun and was not seen to end; its `sentences` are for people."""
        return in_flight(self.run.events)

    @property
    def ended(self) -> str:
        """How it ended, in a sentence."""
        title = self.run.summary.title
        match self.run.summary.status:
            case "failed":
                return f"{title}: failed"
            case "interrupted":
                return f"{title}: was interrupted"
            case "not-begun":
                return f"{title}, so all of it is left to do"
            case "running":
                return f"{title}: still runs"
            case "succeeded":
                return f"{title}: succeeded"
            case _:
                return (
                    f"{title}: ended without a word, as when its process is killed or the machine goes down"
                )

    @property
    def asked(self) -> str:
        """The option that names its cloud; empty where that is not recorded."""
        there = self.run.summary.cloud
        if there is None:
            return ""
        name, arm = str(there["name"]), one_line(str(there["resource_manager"]))
        return f"--cloud {name}" if name in CLOUDS else f"--arm-endpoint {shlex.quote(arm)}"

    def elsewhere(self, cloud: Cloud, *, strictly: bool = False) -> Problem | None:
        """Why it is not to be carried on in that cloud: it was in another one. None where it may be.

        A simulated Azure that is started again listens elsewhere, and a run of an earlier version does not say where it
        was; `strictly` takes either for another cloud, as where nobody has named the run.
        """
        there = self.run.summary.cloud
        if there is None:
            return self._nowhere(cloud) if strictly else None
        moved = not same(str(there["resource_manager"]), cloud.arm)
        if there["name"] == cloud.name and not (moved and (strictly or not cloud.simulated)):
            return None
        where = self.run.summary.where
        if there["name"] == cloud.name and cloud.simulated:
            named = (
                f"If it is the same world at another address, name the run: aks-kms runs resume {self.id}."
            )
        else:
            named = f"Carry it on there: aks-kms {self.asked} runs resume {self.id}."
        return Problem(
            "input",
            f"The run {self.id} was in another cloud: {where}.",
            f"This is {cloud.described}. What is left of that run is not here, and nothing was changed.",
            f"{named} Or begin one here: aks-kms apply -f FILE.",
        )

    def _nowhere(self, cloud: Cloud) -> Problem:
        return Problem(
            "input",
            f"The run {self.id} does not say in which cloud it was.",
            f"This is {cloud.described}. Nothing was changed.",
            f"If it was here, name it: aks-kms runs resume {self.id}.",
        )

    def done(self, fresh: Plan) -> tuple[str, ...]:
        """The titles of the steps that were to be done then, and are done by now, whoever did them."""
        return tuple(done_since(self.run.plan, fresh))

    def foreign(self, fresh: Plan) -> str:
        """What somebody else has made of the cluster's encryption meanwhile, in words; empty where nobody has."""
        return foreign_change(self.run.plan, fresh)

    def differences(self, fresh: Plan) -> tuple[str, ...]:
        """What else a plan that is made now has otherwise than the recorded one, one sentence each."""
        if not self.run.plan or self.run.plan.get("digest") == fresh.digest:
            return ()
        return tuple(other_differences(self.run.plan, fresh, after_steps=bool(self.done(fresh))))


def resumable_runs(root: Path | None = None, *, cloud: Cloud | None = None) -> list[ResumableRun]:
    """Runs that failed, were interrupted or ended without a word, the newest first; one at most for each cluster. Those
    of that cloud alone, if one is given: an Azure, or the simulated one at its address.

    Left out: what still runs, what a later run on the same cluster has taken over, what a verification has found to be
    as asked for all the same, and what cannot be read. Blocks on the disk. Raises JournalError where the journal cannot be read at all.
    """
    found: list[ResumableRun] = []
    seen: set[str] = set()
    for summary in list_runs(root):
        if summary.status in {"not-begun", "unreadable"}:
            continue
        try:
            run = whole_run(summary)
        except JournalError:
            continue
        if cloud and ResumableRun(run).elsewhere(cloud, strictly=True):
            continue
        cluster = str(run.plan.get("cluster_id") or summary.cluster).casefold()
        if cluster not in seen and summary.status in _OPEN and not _proven(run):
            found.append(ResumableRun(run))
        seen.add(cluster)
    return found


def _proven(run: RecordedRun) -> bool:
    return run.report is not None and run.report.get("passed") is True


def recorded(root: Path | None, run: str) -> ResumableRun:
    """One run by its id, however it ended. Raises JournalError where there is none or it cannot be read."""
    return ResumableRun(read_run(root, run))


def newest(root: Path | None = None) -> RunSummary | None:
    """The newest run of all, however it ended. Raises JournalError."""
    return next(iter(list_runs(root)), None)

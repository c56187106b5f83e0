"""Refusals and faults on the way of a cluster's update: which pass, how long that is waited for, and which never do."""

import asyncio
import math
from dataclasses import replace
from typing import Any

from wizard.cloud.problems import AzureError, Problem
from wizard.cloud.throttling import TOO_MANY, retry_after
from wizard.procedure.permission import permanent_cause
from wizard.procedure.step import Work, with_timeout_hint
from wizard.rules import Finding

_ROLE_NOT_THERE = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
_PASSING = frozenset(
    {
        "EtagMismatch",
        "PreconditionFailed",
        "PreConditionFailed",
        "OperationNotAllowed",
        "OriginalEtagNotExpect",
    }
)
"""Refusals that pass when whatever else works on the cluster has finished (AZURE.md §1a)."""


class TrackingLostError(AzureError):
    """The operation is under way, but cannot be followed: how it ends, the cluster itself will show."""


class Refusals:
    """What has kept AKS from taking the cluster there so far, and whether it is worth waiting for its end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.last: Problem | None = None
        """The one that was waited for last."""
        self.possibly_applied: Problem | None = None
        """The last after which the cluster may be changed all the same: its answer was lost, or it could not be followed."""
        self._times = {"role_assignment": 0, "update_retry": 0}
        self._since: dict[str, float] = {}
        """By budget: when the first of its refusals came."""

    async def wait_or_raise(self, error: AzureError) -> None:
        """Say why the request is sent again, or raise what waiting does not mend."""
        work, problem = self._work, error.problem
        pause = work.timeouts.cluster_retry
        if problem.code == _ROLE_NOT_THERE and work.answers.customer_managed is not None:
            if cause := await permanent_cause(work):
                raise AzureError(_told_apart(problem, cause)) from error
            self._spend("role_assignment", error)
            self._tell(
                "role_assignment",
                f"AKS cannot use the key yet: the role has not taken effect; asking again in {pause:.0f} s",
            )
        elif isinstance(error, TrackingLostError):
            self.possibly_applied = problem
            self._spend("update_retry", error)
            self._tell(
                "update_retry",
                f"{problem.code}: the operation cannot be followed; the cluster itself is looked at in {pause:.0f} s",
            )
        elif problem.code in _PASSING or _a_fault(problem):
            if _a_fault(problem) and not _throttled(error):
                self.possibly_applied = problem
            self._spend("update_retry", error)
            await self._wait_as_asked(error)
            self._tell("update_retry", f"{problem.code}: {problem.cause} Asking again in {pause:.0f} s")
        else:
            raise error

    async def _wait_as_asked(self, error: AzureError) -> None:
        """As long as a 429 asks to, on top. Raises the error where that is longer than the timeouts for it."""
        if not (response := _throttled(error)):
            return
        asked = retry_after(response.headers, unsaid=0)
        if asked > self._work.timeouts.throttling:
            raise AzureError(with_timeout_hint(error.problem, self._work.timeouts, "throttling")) from error
        if asked:
            self._work.progress(
                f"Azure asks to wait {asked:.0f} s before the cluster is asked for again", 0, asked
            )
            await asyncio.sleep(asked)

    def _tell(self, budget: str, message: str) -> None:
        """Why it is asked again, and the first time for how long at most."""
        self._work.log(message, "operator")
        if self._times[budget] == 1:
            limit = self._work.timeouts.limit(budget)
            self._work.log(f"waiting for that to pass, {limit}", "operator")

    def _spend(self, budget: str, error: AzureError) -> None:
        """One more try of a budget, which what AKS takes to refuse uses up as well. Raises the error once there is none left."""
        timeouts, self.last = self._work.timeouts, error.problem
        clock, limit = self._work.clock, getattr(timeouts, budget)
        self._times[budget] += 1
        spent = clock.elapsed() - self._since.setdefault(budget, clock.elapsed())
        used_up = spent >= limit and not math.isinf(clock.speed)
        if used_up or self._times[budget] * timeouts.cluster_retry > limit:
            raise AzureError(with_timeout_hint(error.problem, timeouts, budget)) from error


def _throttled(error: AzureError) -> Any:
    """The answer, where it is a 429: nothing was begun."""
    response = getattr(error.__cause__, "response", None)
    return response if response is not None and response.status_code == TOO_MANY else None


def _a_fault(problem: Problem) -> bool:
    """Whether it is a passing fault of Azure's or of the way there; a wait of ours that has ended has no code."""
    return bool(problem.code) and problem.kind in {"transient", "unreachable"}


def _told_apart(problem: Problem, cause: Finding) -> Problem:
    """AKS's one message for many causes, with the one that it is."""
    return replace(problem, kind="input", cause=cause.message, remedy=cause.remedy, retryable=False)

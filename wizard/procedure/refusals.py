"""Errors of a cluster update: which are transient, how long the run waits for them, and which are permanent."""

import asyncio
import math
from dataclasses import replace
from typing import Any

from wizard.cloud.throttling import TOO_MANY, retry_after
from wizard.errors import AzureError, OutcomeUnknownError, Problem
from wizard.procedure.permission import permanent_cause
from wizard.procedure.step import Work, with_timeout_hint
from wizard.rules import Finding

_NO_PERMISSION = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
_TRANSIENT = frozenset(
    {
        "EtagMismatch",
        "PreconditionFailed",
        "OriginalEtagNotExpect",
    }
)
"""Errors that disappear when another operation on the cluster has finished (docs/azure.md#refusals-of-the-aks-resource-provider)."""


class Refusals:
    """The errors of a cluster update so far, and whether waiting can resolve them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.last: Problem | None = None
        """The last one that was waited for."""
        self.possibly_applied: Problem | None = None
        """The last one after which the cluster may have been changed: its response was lost, or it could not be followed."""
        self._times = {"role_assignment": 0, "update_retry": 0}
        self._since: dict[str, float] = {}
        """By timeout: when its first error occurred."""

    async def wait_or_raise(self, error: AzureError) -> None:
        """Report why the request is repeated, or raise an error that waiting does not resolve."""
        work, problem = self._work, error.problem
        pause = work.timeouts.cluster_retry
        if problem.code == _NO_PERMISSION and work.answers.customer_managed is not None:
            if cause := await permanent_cause(work):
                raise AzureError(_with_cause(problem, cause)) from error
            self._spend("role_assignment", error)
            self._tell(
                "role_assignment",
                f"AKS cannot use the key yet because the role assignment has not propagated; retrying in {pause:.0f} s",
            )
        elif isinstance(error, OutcomeUnknownError):
            self.possibly_applied = problem
            self._spend("update_retry", error)
            self._tell(
                "update_retry",
                f"{problem.code}: the operation cannot be followed; reading the cluster in {pause:.0f} s",
            )
        elif problem.code in _TRANSIENT or _is_concurrent(problem) or _is_transient(problem):
            if _is_transient(problem) and not _throttled(error):
                self.possibly_applied = problem
            self._spend("update_retry", error)
            await self._wait_as_asked(error)
            self._tell("update_retry", f"{problem.code}: {problem.cause} Retrying in {pause:.0f} s")
        else:
            raise error

    async def _wait_as_asked(self, error: AzureError) -> None:
        """Wait as long as a 429 requests, in addition. Raise the error if that exceeds the timeout for throttling."""
        if not (response := _throttled(error)):
            return
        asked = retry_after(response.headers, unsaid=0)
        if asked > self._work.timeouts.throttling:
            raise AzureError(with_timeout_hint(error.problem, self._work.timeouts, "throttling")) from error
        if asked:
            self._work.progress(
                f"Azure requests a wait of {asked:.0f} s before the cluster update is repeated", 0, asked
            )
            await asyncio.sleep(asked)

    def _tell(self, budget: str, message: str) -> None:
        """Report why the request is repeated, and the first time the timeout."""
        self._work.log(message, "operator")
        if self._times[budget] == 1:
            limit = self._work.timeouts.limit(budget)
            self._work.log(f"repeating the request, {limit}", "operator")

    def _spend(self, budget: str, error: AzureError) -> None:
        """Count one more try against a timeout, AKS's response times included. Raise the error if the timeout is reached."""
        timeouts, self.last = self._work.timeouts, error.problem
        clock, limit = self._work.clock, getattr(timeouts, budget)
        self._times[budget] += 1
        spent = clock.elapsed() - self._since.setdefault(budget, clock.elapsed())
        used_up = spent >= limit and not math.isinf(clock.speed)
        if used_up or self._times[budget] * timeouts.cluster_retry > limit:
            raise AzureError(with_timeout_hint(error.problem, timeouts, budget)) from error


def _throttled(error: AzureError) -> Any:
    """Return the response if it is a 429, in which case nothing was started."""
    response = getattr(error.__cause__, "response", None)
    return response if response is not None and response.status_code == TOO_MANY else None


def _is_concurrent(problem: Problem) -> bool:
    """Whether another operation on the cluster is in progress. Azure uses the code for quota and state errors too."""
    return problem.code == "OperationNotAllowed" and "in progress" in problem.azure_said.casefold()


def _is_transient(problem: Problem) -> bool:
    """Whether it is a transient error of Azure or the network; a timeout of ours has no code."""
    return bool(problem.code) and problem.kind in {"transient", "unreachable"}


def _with_cause(problem: Problem, cause: Finding) -> Problem:
    """Return AKS's message, which stands for many causes, with the actual one."""
    return replace(problem, kind="input", cause=cause.message, remedy=cause.remedy, retryable=False)

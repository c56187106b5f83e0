"""Each read of Azure: whether a plan needs it or it is advisory, and what is not known without it.

A read that is needed raises AzureError. An advisory one never does: a refusal, an error, an unexpected response and slowness
become an `Unknown`, which says what is not known and why. `wizard.rules.unread` makes a finding of it.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from wizard.cloud.error_translation import translate_errors
from wizard.cloud.retry_notices import RetryNotice, listener
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem
from wizard.system.coroutines import closing_arguments

Found = TypeVar("Found")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Read:
    """One kind of read."""

    name: str
    needed: bool
    failure: str
    """One sentence, if it did not succeed."""
    absence: str
    """What is not known without it, and what happens then, in a sentence."""
    level: Literal["warning", "info"] = "info"
    """Of the finding for an advisory read: a warning if a run could stop half-way, or do harm, without it."""


def _needed(name: str, failure: str, absence: str) -> Read:
    return Read(name, True, failure, absence)


def _advisory(name: str, failure: str, absence: str, level: Literal["warning", "info"] = "info") -> Read:
    return Read(name, False, failure, absence, level)


CLUSTER = _needed(
    "cluster", "The cluster could not be read.", "Without it, no step can be planned or verified."
)
VAULT = _needed("vault", "The key vault could not be read.", "It is not known whether it must be created.")
KEY = _needed("key", "The key could not be read.", "It is not known whether it must be created.")
IDENTITY = _needed("identity", "The user-assigned identity could not be read.", "It is not known whether it must be created.")  # fmt: skip
GROUP = _needed("resource-group", "The resource group could not be read.", "It is not known whether it must be created.")  # fmt: skip
FEATURE = _needed("feature", "The state of the preview feature could not be read.", "It is not known whether it must be registered.")  # fmt: skip
PROVIDER = _needed("provider", "The registration of the resource provider could not be read.", "It is not known whether it must be registered.")  # fmt: skip
ROLES = _needed("role-assignments", "The role assignments could not be listed.", "It is not known which roles must be assigned.")  # fmt: skip
VERSIONS = _needed("kubernetes-versions", "The Kubernetes versions of the region could not be listed.", "It is not known which version a new cluster can have.")  # fmt: skip
SUBSCRIPTIONS = _needed("subscriptions", "The subscriptions could not be listed.", "Without a subscription, nothing can be read.")  # fmt: skip

LOCKS = _advisory("locks", "The locks could not be read.", "A lock may block a step; Azure would then refuse it.", "warning")  # fmt: skip
DENY_ASSIGNMENTS = _advisory("deny-assignments", "The deny assignments could not be listed.", "A deny assignment may block a step; Azure would then refuse it.", "warning")  # fmt: skip
POLICIES = _advisory("policies", "The Azure Policy restrictions could not be checked.", "A policy may deny a resource; Azure would then refuse it.", "warning")  # fmt: skip
PERMISSIONS = _advisory("permissions", "Your permissions could not be read.", "You may lack a permission; Azure would then refuse the step.")  # fmt: skip
ELIGIBLE_ROLES = _advisory("eligible-roles", "The eligible roles could not be listed.", "Roles that you could activate are not shown.")  # fmt: skip
PROVIDERS = _advisory("provider-registration", "The registration of a resource provider could not be read.", "It may not be registered; Azure would then refuse the resource.")  # fmt: skip
QUOTA = _advisory("quota", "The quota of clusters could not be read.", "The subscription may have reached it; Azure would then refuse a new cluster.")  # fmt: skip
SUBSCRIPTION_STATE = _advisory("subscription-state", "The state of the subscription could not be read.", "It may be disabled; Azure would then refuse every write.")  # fmt: skip
VM_SIZES = _advisory("vm-sizes", "The VM sizes of the region could not be read.", "The size of the nodes may not be available; AKS would then refuse a new cluster.")  # fmt: skip
VCPU_QUOTAS = _advisory("vcpu-quotas", "The vCPU quotas of the region could not be read.", "The nodes may exceed one; AKS would then refuse a new cluster.")  # fmt: skip
AKS_REGIONS = _advisory("aks-regions", "The regions of AKS could not be read.", "AKS may not be available in the region; Azure would then refuse a new cluster.")  # fmt: skip
REGIONS = _advisory("regions", "The regions could not be listed.", "The region may not exist; Azure would then refuse a new resource.")  # fmt: skip
VAULT_NAME = _advisory("vault-name", "The availability of the vault's name could not be checked.", "The name may be in use; Azure would then refuse the vault.")  # fmt: skip
DELETED_VAULTS = _advisory("deleted-vaults", "The deleted key vaults could not be listed.", "A soft-deleted vault may have this name.")  # fmt: skip
DELETED_KEY = _advisory(
    "deleted-key", "The deleted key could not be read.", "A soft-deleted key may have this name."
)
VAULT_USERS = _advisory("vault-users", "The clusters of the subscription could not be listed.", "Another cluster may use the vault over its public endpoint, and would lose access to its key.", "warning")  # fmt: skip
OTHER_ROLES = _advisory("roles-elsewhere", "The role assignments in the subscription could not be listed.", "Roles on other scopes are not shown.")  # fmt: skip
CLUSTER_IDENTITIES = _advisory("cluster-identities", "An identity of the cluster could not be read.", "It may have been deleted.")  # fmt: skip
KEY_VERSIONS = _advisory("key-versions", "The versions of the key could not be listed.", "It is not known when the key was last rotated.", "warning")  # fmt: skip

ROLE_DEFINITION = _advisory("role-definition", "A role definition could not be read.", "It is not known whether it permits the use of the key.")  # fmt: skip
LOG_SETTINGS = _advisory("log-settings", "The diagnostic settings of the key vault could not be read.", "It is not known whether the use of the key is logged.")  # fmt: skip
DEPLOYMENTS = _advisory("deployments", "The deployment history of the resource group could not be read.", "It is not known whether a template owns the cluster.")  # fmt: skip
STACKS = _advisory("deployment-stacks", "The deployment stacks of the resource group could not be read.", "It is not known whether a stack owns the cluster.")  # fmt: skip
ACTIVITY_LOG = _advisory("activity-log", "The Activity Log could not be read.", "It is not known who last changed the cluster.")  # fmt: skip


in_progress: ContextVar[Read | None] = ContextVar("advisory read", default=None)
"""The advisory read to which a request belongs: tests try each response in the place of each read."""


@dataclass(frozen=True)
class Unknown:
    """An advisory read that did not succeed."""

    read: Read
    problem: Problem

    @property
    def transient(self) -> bool:
        """Whether the same read may succeed later."""
        return self.problem.retryable

    def __str__(self) -> str:
        return " ".join(
            part for part in (self.problem.summary, self.problem.cause, self.read.absence) if part
        )


@closing_arguments
async def advisory(
    read: Read, request: Awaitable[Found], timeouts: Timeouts, summary: str = ""
) -> Found | Unknown:
    """Return the result of an advisory read, or why it is not known; in at most `timeouts.advisory_read` seconds of real time.

    `summary` is a more precise sentence than `read.failure`.
    """
    with _retries() as retries:
        part = in_progress.set(read)
        try:
            async with asyncio.timeout(timeouts.advisory_read):
                with translate_errors(summary or read.failure):
                    return await request
        except AzureError as error:
            return Unknown(read, error.problem)
        except TimeoutError:
            last = f"; its last response was {retries[-1].why}" if retries else ""
            return Unknown(
                read,
                Problem(
                    "transient",
                    summary or read.failure,
                    f"Azure did not answer within {timeouts.advisory_read:g} s{last}.",
                    f"Try again; {timeouts.more('advisory_read')}.",
                    code="Timeout",
                    retryable=True,
                ),
            )
        finally:
            in_progress.reset(part)


@contextmanager
def _retries() -> Iterator[list[RetryNotice]]:
    """Collect the notices of the retries in this block, and pass them on."""
    heard: list[RetryNotice] = []
    notify = listener.get()

    def hear(notice: RetryNotice) -> None:
        heard.append(notice)
        if notify is not None:
            notify(notice)

    token = listener.set(hear)
    try:
        yield heard
    finally:
        listener.reset(token)


class AdvisoryReads:
    """The advisory reads of one plan, which run beside the needed ones: these do not wait for them.

    A context manager: reads that still run at its end are cancelled, because a needed one has failed.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._running: list[asyncio.Task[Any]] = []

    def start(
        self, read: Read, request: Coroutine[Any, Any, Found], summary: str = ""
    ) -> "asyncio.Task[Found | Unknown]":
        """Start a read; its result is what `advisory` returns."""
        return self.add(advisory(read, request, self._timeouts, summary))

    def add(self, request: Coroutine[Any, Any, Found]) -> "asyncio.Task[Found]":
        """Start a read that returns Unknown itself."""
        task = asyncio.create_task(request)
        self._running.append(task)
        return task

    async def ended(self) -> tuple[Unknown, ...]:
        """Wait until all reads have ended. Return those that did not succeed."""
        while running := [task for task in self._running if not task.done()]:
            await asyncio.wait(running)
        return tuple(found for task in self._running if isinstance(found := task.result(), Unknown))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@closing_arguments
async def needed(read: Read, request: Awaitable[Found], summary: str = "") -> Found:
    """Return the result of a read that is needed. Raise AzureError.

    `summary` is a more precise sentence than `read.failure`.
    """
    with translate_errors(summary or read.failure):
        return await request


@closing_arguments
async def together(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the results of needed reads that are made at the same time. The first that raises cancels the others."""
    running = [asyncio.ensure_future(each) for each in requests]
    try:
        return await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def known(found: Found | Unknown, otherwise: Other) -> Found | Other:
    """Return what was found, or another value if it is not known."""
    return otherwise if isinstance(found, Unknown) else found

"""A step: one object in one file, from which plan, review row, run and script lines are derived."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from wizard.answers.model import Answers
from wizard.cloud.arm import GroupId, same
from wizard.cloud.azure import Azure
from wizard.cloud.policies import Request
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem
from wizard.procedure.events import Audience
from wizard.procedure.plan import Action, Effect
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.clock import Clock
from wizard.verification.report import ClusterReport


@dataclass(frozen=True)
class Intent:
    """What a step would do, and to which resources."""

    action: Action
    effects: tuple[Effect, ...]


@dataclass
class Work:
    """What a step works with during a run."""

    azure: Azure
    target: Target
    snapshot: Snapshot
    """As read when the run passed the gate."""
    timeouts: Timeouts
    progress: Callable[[str, float | None, float | None], None]
    """Report what the step waits for: message, seconds spent, seconds expected."""
    log: Callable[[str, Audience], None]
    revalidate: Callable[[], Awaitable[None]]
    """Check before an irreversible step that the facts of the plan are unchanged; raise AzureError if they are not.

    Every other step must have ended: unfinished work would count as drift.
    """
    granted: dict[str, float] = field(default_factory=dict)
    """When (by the clock) this run assigned a role to the identity, by the step's key; propagation counts from then."""
    verified: Callable[[ClusterReport], None] = lambda _: None
    """Report the result of the verification."""

    @property
    def answers(self) -> Answers:
        """The operator's configuration."""
        return self.target.answers

    @property
    def clock(self) -> Clock:
        """The clock of all waits."""
        return self.azure.clock

    async def tries(self, budget: str, every: float, what: str) -> AsyncIterator[float]:
        """Yield the seconds spent: at once, then every `every` seconds until the timeout `budget` is reached.

        Before the second try, the log says what is waited for and for how long at most.
        """
        told = False
        async for spent in self.clock.tries(every, getattr(self.timeouts, budget)):
            yield spent
            if not told:
                self.log(f"waiting for {what}, {self.timeouts.limit(budget)}", "operator")
            told = True


class Step(ABC):
    """One step of the procedure. To add one: a file in `steps/`, a line in `steps/__init__.py`, a test."""

    key: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Keys of the steps that must finish first; those that do not apply to the answers are left out of the plan."""
    changes: ClassVar[tuple[str, ...]] = ()
    """Facts of the plan (`planning.basis`) that it changes: once it has run, their change is no drift."""
    for_own_key: ClassVar[bool] = False
    """It belongs to plans for a customer-managed key only."""
    reversible: ClassVar[bool] = True
    usually: ClassVar[tuple[float, float]] = (0, 0)
    """The usual duration, from-to, in seconds."""
    read_only: ClassVar[bool] = False
    """It never writes, and its success is reported on every run."""

    def applies(self, target: Target, snapshot: Snapshot | None) -> bool:  # noqa: ARG002 - for most steps the answers decide
        """Whether the step belongs to the plan. Without a snapshot: as in the how-to."""
        return not self.for_own_key or target.answers.customer_managed is not None

    def after(self, target: Target, snapshot: Snapshot) -> tuple[str, ...]:  # noqa: ARG002 - most steps have fixed dependencies
        """Return the keys of the steps that must finish first, given what exists."""
        return self.needs

    def title_for(self, target: Target, snapshot: Snapshot) -> str:  # noqa: ARG002 - most steps have one title
        """Return the title for these answers and what exists."""
        return self.title

    @abstractmethod
    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        """Return what the step would do, given what exists. Pure."""

    @abstractmethod
    async def apply(self, work: Work) -> None:
        """Carry out the step; safe to repeat. Called only if the plan shows an action. Raise AzureError if it fails."""

    @abstractmethod
    async def confirm(self, work: Work) -> str:
        """Read the result and describe it in a few words. Raise AzureError if it is not as planned."""

    @abstractmethod
    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        """Return the equivalent Azure CLI commands of the how-to, with its variables.

        With a snapshot: given what exists. Without one: as in the how-to, in which only the cluster exists.
        """

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:  # noqa: ARG002 - a step that only reads requires none
        """Return the actions for which the signed-in identity needs permission in `apply`."""
        return ()

    def signs_in_to_vault(self, target: Target) -> bool:  # noqa: ARG002 - most steps need Azure Resource Manager only
        """Return whether `apply` needs a token for the data plane of the vault."""
        return False

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:  # noqa: ARG002 - most steps send none
        """Return the requests of `apply` that Azure Policy might deny."""
        return ()

    def duration(self, target: Target, snapshot: Snapshot) -> tuple[float, float]:  # noqa: ARG002 - most steps take the same time for any answers
        """Return the usual duration, from-to, in seconds, for these answers and what exists."""
        return self.usually


def scope_args(target: Target, group: GroupId, prefix: str) -> str:
    """Return the options for resource group and subscription: the cluster's variables, or separate ones.

    `prefix` starts the names of separate variables: `KEY_VAULT` -> `$KEY_VAULT_RESOURCE_GROUP`.
    """
    home = target.answers.group
    variable = "RESOURCE_GROUP" if same(group.name, home.name) else f"{prefix}_RESOURCE_GROUP"
    elsewhere = (
        "" if same(group.subscription, home.subscription) else f" --subscription ${prefix}_SUBSCRIPTION_ID"
    )
    return f"--resource-group ${variable}{elsewhere}"


def region(group: GroupId, snapshot: Snapshot | None) -> tuple[str, ...]:
    """Return the option for the region, if the group exists and may be in another region.

    Without the option the Azure CLI uses the group's region, as in the how-to, which has just created the group.
    """
    exists = snapshot is not None and snapshot.groups.get(group.key) is not None
    return ("--location $LOCATION",) if exists else ()


def shell(*parts: str) -> str:
    """Return a long command with one part per line, as in the how-to."""
    return " \\\n    ".join(parts)


def unconfirmed(summary: str, remedy: str = "Run again. Completed steps are skipped.") -> AzureError:
    """Return the error of a step whose result is not as requested."""
    cause = "Azure accepted the change, but it is not visible yet, or an Azure Policy or another caller has changed the resource."
    return AzureError(Problem("azure", summary, cause, remedy, retryable=True))


def with_timeout_hint(problem: Problem, timeouts: Timeouts, budget: str) -> Problem:
    """Return the problem of a timeout with the option that extends it."""
    return replace(problem, remedy=f"{problem.remedy.rstrip('.')}; {timeouts.more(budget)}.")

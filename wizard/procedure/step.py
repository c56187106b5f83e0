"""What a step is: one object in one file, from which plan, review row, run and script line all come."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from wizard.answers.model import Answers
from wizard.cloud.arm import GroupId, same
from wizard.cloud.azure import Azure
from wizard.cloud.policies import Request
from wizard.cloud.problems import AzureError, Problem
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.events import Audience
from wizard.procedure.plan import Action, Effect
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.clock import Clock
from wizard.verification.report import ClusterReport


@dataclass(frozen=True)
class Intent:
    """What a step would do, and on what."""

    action: Action
    effects: tuple[Effect, ...]


@dataclass
class Work:
    """What a step gets to work with during a run."""

    azure: Azure
    target: Target
    snapshot: Snapshot
    """As it was when the gate was passed."""
    timeouts: Timeouts
    progress: Callable[[str, float | None, float | None], None]
    """Tell what is being waited for: message, seconds spent, seconds expected."""
    log: Callable[[str, Audience], None]
    revalidate: Callable[[], Awaitable[None]]
    """Look again at what the plan stands on, as it is done before what cannot be undone: raises AzureError where that is
    no longer so."""
    granted: dict[str, float] = field(default_factory=dict)
    """When (by the clock) this run gave something to the identity, by the step's key; what settling is counted from."""
    verified: Callable[[ClusterReport], None] = lambda _: None
    """Hand on what reading the cluster back came to, whatever that is."""

    @property
    def answers(self) -> Answers:
        """What the operator chose."""
        return self.target.answers

    @property
    def clock(self) -> Clock:
        """The time all waits are in."""
        return self.azure.clock

    async def tries(self, budget: str, every: float, what: str) -> AsyncIterator[float]:
        """Seconds spent so far: at once, then every so many seconds until a budget of Timeouts is used up.

        Where a second try is needed, the log says what is waited for and how long at most.
        """
        told = False
        async for spent in self.clock.tries(every, getattr(self.timeouts, budget)):
            yield spent
            if not told:
                self.log(f"waiting for {what}, {self.timeouts.limit(budget)}", "operator")
            told = True


class Step(ABC):
    """One step of the procedure. Adding one: a file in `steps/`, a line in `steps/__init__.py`, a test."""

    key: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Keys of steps that must have finished; those that do not apply to the answers are left out of the plan."""
    reversible: ClassVar[bool] = True
    usually: ClassVar[tuple[float, float]] = (0, 0)
    """From-to, in seconds."""
    read_only: ClassVar[bool] = False
    """It never writes, and that it succeeded is news on every run."""

    def applies(self, target: Target, snapshot: Snapshot | None) -> bool:  # noqa: ARG002 - what most steps say of any answers
        """Whether the step has any part in it at all. Without a snapshot: as the how-to has it."""
        return True

    def after(self, target: Target, snapshot: Snapshot) -> tuple[str, ...]:  # noqa: ARG002 - most steps have one place
        """Keys of the steps that must have finished before, from what exists."""
        return self.needs

    def title_for(self, target: Target, snapshot: Snapshot) -> str:  # noqa: ARG002 - most steps have one title
        """The title, for these answers and what exists."""
        return self.title

    @abstractmethod
    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        """What would be done, from what exists. Pure."""

    @abstractmethod
    async def apply(self, work: Work) -> None:
        """Do it; safe to do again. Called only where the plan shows an action. Raises AzureError."""

    @abstractmethod
    async def confirm(self, work: Work) -> str:
        """Read back, and say in a few words what is so now. Raises AzureError where it is not."""

    @abstractmethod
    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        """The equivalent in the Azure CLI, as the how-to writes it, with the how-to's variables.

        With a snapshot: from what exists. Without one: the how-to's own road, on which nothing but the cluster does.
        """

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:  # noqa: ARG002 - what a step that only reads needs
        """What whoever is signed in must be allowed to do for `apply`."""
        return ()

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:  # noqa: ARG002 - what most steps send
        """What of `apply` Azure Policy might deny, as it would be sent."""
        return ()

    def duration(self, target: Target, snapshot: Snapshot) -> tuple[float, float]:  # noqa: ARG002 - most steps take as long for any answers
        """From-to, in seconds, for these answers and what exists."""
        return self.usually


def scope_args(target: Target, group: GroupId, prefix: str) -> str:
    """The options of a command that say where something is: with the variables of the cluster's group, or of its own.

    `prefix` heads the variables of its own: `KEY_VAULT` -> `$KEY_VAULT_RESOURCE_GROUP`.
    """
    home = target.answers.group
    variable = "RESOURCE_GROUP" if same(group.name, home.name) else f"{prefix}_RESOURCE_GROUP"
    elsewhere = (
        "" if same(group.subscription, home.subscription) else f" --subscription ${prefix}_SUBSCRIPTION_ID"
    )
    return f"--resource-group ${variable}{elsewhere}"


def region(group: GroupId, snapshot: Snapshot | None) -> tuple[str, ...]:
    """The option that names the region, in a group that exists and may be elsewhere: without it the Azure CLI takes the
    group's, as the how-to does in the group that it has just made."""
    exists = snapshot is not None and snapshot.groups.get(group.key) is not None
    return ("--location $LOCATION",) if exists else ()


def shell(*parts: str) -> str:
    """A long command, one part a line, as the how-to breaks them."""
    return " \\\n    ".join(parts)


def unconfirmed(
    summary: str, remedy: str = "Start again; what is done is kept, and the rest is done anew."
) -> AzureError:
    """The error of a step that reads back something else than it asked for."""
    cause = "Azure accepted the change but does not show it, or somebody changed it since."
    return AzureError(Problem("azure", summary, cause, remedy, retryable=True))


def with_timeout_hint(problem: Problem, timeouts: Timeouts, budget: str) -> Problem:
    """The same problem where a budget is used up, with the way to give more."""
    return replace(problem, remedy=f"{problem.remedy.rstrip('.')}; {timeouts.more(budget)}.")

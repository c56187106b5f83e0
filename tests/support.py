"""What the engine's tests share: a simulated Azure to sign in to, answers for each key option, and waiting for a condition."""

import asyncio
import json
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from wizard.answers.model import Answers, from_mapping
from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure, connect
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import Simulator
from wizard.system.clock import Clock

KeyOption = Literal["platform-managed", "customer-managed-private", "customer-managed-public"]
KEY_OPTIONS: tuple[KeyOption, ...] = (
    "platform-managed",
    "customer-managed-private",
    "customer-managed-public",
)

PRODUCTION = "22222222-2222-2222-2222-222222222222"
DEVELOPMENT = "33333333-3333-3333-3333-333333333333"
TENANT = "11111111-1111-1111-1111-111111111111"

LIMIT = 180.0
"""Seconds of real time until what does not happen is a failure; a busy machine is slow."""

Answered = tuple[Plan, list[Event], str]


class MovedClock:
    """The wall's time for a simulated Azure, put forward when a test says so: `clock.ahead += 60`, in seconds of the wall."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@asynccontextmanager
async def signed_in(
    scenario: str | Path = "contoso",
    speed: float = math.inf,
    *,
    environment: Mapping[str, str | None] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Simulator, Azure]]:
    """A simulated Azure and a connection of the engine to it, both open until the end of the block.

    `environment` is laid over the simulator's own (None removes a variable); `options` go to `connect`.
    """
    async with (
        Simulator(scenario, speed=speed) as simulator,
        connect(child_environment(simulator, environment), **options) as azure,
    ):
        yield simulator, azure


def approving(simulator: Simulator, told: list[str]) -> Callable[[str], None]:
    """Return what receives the instructions of a device code: it keeps them in `told` and approves the sign-in."""

    def tell(text: str) -> None:
        told.append(text)
        code = re.search(r"SIMULATED-\w+", text)
        assert code is not None, text
        assert simulator.approve_sign_in(code[0])

    return tell


def child_environment(
    simulator: Simulator, changes: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """The simulator's environment with some variables set otherwise, or removed where they are None."""
    merged: dict[str, str | None] = {**simulator.environment, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def answers(key_option: KeyOption, *, new: bool = False, **changes: Any) -> Answers:
    """Answers for one of the how-to's key options, on `aks-demo` of the scenario `contoso` or on a new cluster, `aks-new`.

    `changes` are laid over the answers file, mapping by mapping: `cluster={"name": "orders-prod"}`; None removes.
    """
    body: Json = {
        "subscription": PRODUCTION,
        "location": "westus2",
        "resource_group": "rg-demo",
        "cluster": {"name": "aks-new", "create": {}} if new else {"name": "aks-demo"},
        "key_option": "platform-managed" if key_option == "platform-managed" else "customer-managed",
    }
    if key_option != "platform-managed":
        body |= {
            "vault": {
                "name": "kv-demo",
                "network_access": "Private" if key_option == "customer-managed-private" else "Public",
            },
            "key": {"name": "aks-kms"},
            "identity": {"name": "id-aks-demo"},
        }
    return from_mapping(_merged(body, changes))


def cluster_id(name: str = "aks-demo", group: str = "rg-demo", subscription: str = PRODUCTION) -> str:
    """The resource id of a managed cluster."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{name}"
    )


def vault_id(name: str = "kv-demo", group: str = "rg-demo", subscription: str = PRODUCTION) -> str:
    """The resource id of a key vault."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"


def identity_id(name: str = "id-aks-demo", group: str = "rg-demo", subscription: str = PRODUCTION) -> str:
    """The resource id of a user-assigned identity."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


async def run_plan(
    azure: Azure, chosen: Answers, *, listener: Callable[[Event], None] | None = None, **options: Any
) -> Answered:
    """Plan and run it to its end: the plan, every event, how it ended. `options` go to `Run`."""
    plan = await make_plan(azure, chosen)
    events: list[Event] = []
    listeners = [events.append, listener] if listener else [events.append]
    run = Run(azure, chosen, plan, listeners=listeners, **options)
    return plan, events, await run.execute(plan.digest)


def scenario_file(folder: Path, **changes: Any) -> Path:
    """A scenario file: `contoso` with these changes laid over it."""
    path = folder / "world.yaml"
    path.write_text(json.dumps({"description": "A world of one test.", "extends": "contoso"} | changes))
    return path


def wait_for_advisory_reads() -> None:
    """Let this process wait long for reads that a plan can do without. The default is short, and in real time: on a busy
    machine some would not be known, and pages and requests would differ."""
    defaults = [LIMIT if each.name == "advisory_read" else each.default for each in fields(Timeouts)]
    Timeouts.__init__.__defaults__ = tuple(defaults)


async def wait_until(predicate: Callable[[], object], within: float = LIMIT) -> None:
    """Let others work until the predicate holds. Raises TimeoutError after so many seconds of real time."""
    async with asyncio.timeout(within):
        while not predicate():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.002)


async def gone(pid: int) -> None:
    """Wait until a process that was killed has ended: the kernel may not have come to it yet. A zombie has."""

    def ended() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in {"Z", "X"}
        except OSError:
            return True

    await wait_until(ended)


@dataclass(frozen=True)
class ManualClock(Clock):
    """A clock on which time passes during sleeps, and when the test moves it."""

    passed: list[float] = field(default_factory=list)

    def elapsed(self) -> float:
        return sum(self.passed)

    async def sleep(self, seconds: float) -> None:
        self.passed.append(seconds)


def _merged(under: Json, over: Mapping[str, Any]) -> Json:
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged

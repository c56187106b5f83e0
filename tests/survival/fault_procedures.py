"""What is done while things go wrong: a run on each procedure, and each command that only looks or rotates."""

import math
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.test_transitions import FROM, TO, laid_over
from tests.simulated.procedure.test_key_rotation import encrypted
from tests.support import PRODUCTION, answers, cluster_id, scenario_file
from tests.survival import procedures
from wizard.answers.model import Answers
from wizard.cloud.azure import Azure
from wizard.cloud.inventory import Unreadable
from wizard.errors import Problem
from wizard.fleet.verify import FleetEntry, verify_all
from wizard.procedure.events import Event
from wizard.procedure.key_rotation import read_rotation, rotate
from wizard.procedure.planning import make_plan
from wizard.procedure.run import DriftedError, RefusedError, Run
from wizard.verification.report import ClusterReport
from wizard.verification.verify import verify


@dataclass
class Ending:
    """How one attempt ended: in `success`, `refused` by rules or at the gate, or in a `problem`; and what was said."""

    how: str = ""
    why: str = ""
    """What a refusal says."""
    problem: Problem | None = None
    told: list[str] = field(default_factory=list)
    """The notices about retries, as the operator gets them."""
    verdict: dict[str, str] = field(default_factory=dict)
    """What was judged: by `cluster|check` the outcome, by `cluster|` how it is encrypted."""
    events: list[Event] = field(default_factory=list)


Attempt = Callable[[Azure, Ending], Awaitable[None]]


@dataclass(frozen=True)
class Procedure:
    """One of them: the scenario in which it starts, and what is attempted."""

    name: str
    scenario: Callable[[Path], str | Path]
    attempt: Attempt
    speed: float = math.inf
    """How many times faster than real life."""
    many_alike: bool = False
    """It asks the same of many resources: one request of each shape is enough."""
    wanted: Answers | None = None
    """The answers that are applied; None for a command that has none."""


def applying(chosen: Answers) -> Attempt:
    """Plan and carry it out, as `apply` does."""

    async def attempt(azure: Azure, ending: Ending) -> None:
        plan = await make_plan(azure, chosen)
        if plan.errors:
            ending.how, ending.why = "refused", "; ".join(finding.message for finding in plan.errors)
            return
        run = Run(azure, chosen, plan, listeners=[ending.events.append])
        try:
            status = await run.execute(plan.digest)
        except (DriftedError, RefusedError) as error:
            ending.how, ending.why = "refused", str(error)
            return
        ended = ending.events[-1]
        assert ended.type == "run-finished"
        assert ended.status == status
        ending.problem = ended.problem
        ending.how = "success" if status == "succeeded" else "problem"

    return attempt


async def verifying(azure: Azure, ending: Ending) -> None:
    """As `verify -g -n` does. What cannot be looked at is said in the report, and fails it."""
    report = await verify(azure, cluster_id())
    ending.verdict = verdict(report)
    failed = [check for check in report.checks if not check.passed]
    assert all(check.message and check.remedy for check in failed)
    ending.how = "refused" if failed else "success"
    ending.why = "; ".join(check.message for check in failed)


async def rotating(azure: Azure, ending: Ending) -> None:
    """As `rotate` does."""
    found = await read_rotation(azure, cluster_id())
    if found.errors:
        codes = {finding.code for finding in found.errors}
        ending.how = "success" if codes == {"rotation-pending"} else "refused"
        ending.why = "; ".join(finding.message for finding in found.errors)
        return
    await rotate(azure, found)
    ending.how = "success"


def verdict(report: ClusterReport) -> dict[str, str]:
    """What a report says of a cluster, as an ending keeps it."""
    outcomes: dict[str, str] = {f"{report.id.lower()}|": report.encryption}
    for check in report.checks:
        outcomes[f"{report.id.lower()}|{check.code}"] = check.outcome
    return outcomes


def listing(depth: str) -> Attempt:
    """As `clusters` and `verify --all` do."""

    async def attempt(azure: Azure, ending: Ending) -> None:
        seen = 0
        subscriptions = await azure.subscriptions()
        async with aclosing(
            verify_all(azure, subscriptions, depth="full" if depth == "full" else "basic")
        ) as found:
            async for each in found:
                seen += 1
                if isinstance(each, FleetEntry):
                    ending.verdict |= verdict(each.report)
                elif isinstance(each, Unreadable):
                    ending.problem = each.problem
        ending.how = "problem" if ending.problem else "success" if seen else "refused"
        ending.why = "" if seen else "no cluster can be seen"

    return attempt


def _contoso(_: Path) -> str:
    return "contoso"


def _rotatable(folder: Path) -> Path:
    return encrypted(folder, keys={"aks-kms": {}})  # a longer one takes its time


def _encrypted(_: Path) -> str:
    return "encrypted"


def _moving(start: str, end: str) -> Callable[[Path], Path]:
    group = laid_over(FROM[start], TO[end][1])
    return lambda folder: scenario_file(folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}})


def _run(name: str, scenario: Callable[[Path], str | Path], wanted: Answers) -> Procedure:
    return Procedure(name, scenario, applying(wanted), wanted=wanted)


PROCEDURES = (
    _run("customer-managed, private", _contoso, answers("customer-managed-private")),
    _run("customer-managed, public", _contoso, answers("customer-managed-public")),
    _run("platform-managed", _contoso, answers("platform-managed")),
    _run(
        "a new cluster",
        _contoso,
        answers("customer-managed-private", new=True, vault={"resource_group": "rg-new"}),
    ),
    _run("a vault in use is closed", _moving("public", "same-vault-private"), TO["same-vault-private"][0]),
    _run("from legacy KMS", _moving("legacy-public", "new-private"), TO["new-private"][0]),
    Procedure("rotate", _rotatable, rotating, speed=600),
    Procedure("verify", _encrypted, verifying),
    Procedure("clusters", _contoso, listing("basic")),
    Procedure("verify --all", _encrypted, listing("full"), many_alike=True),
    *(
        _run(name, each.lay, each.wanted)
        for name, each in procedures.PROCEDURES.items()
        if each.faults and each.wanted
    ),
)

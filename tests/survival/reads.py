"""Every read of a plan, of a run and of a verification, with everything that Azure may return in its place.

    python -m tests.survival.reads            a part of it: --sample N, drawn by --seed N
    python -m tests.survival.reads --full     all of it; --jobs N side by side, --only TEXT what has this in its name

A read never succeeds while its fault lasts. A plan that needs it ends with a clear error, and its exit code tells a fault
(3) from a refusal (1 or 2). An advisory read leaves the plan and its digest as they are, adds a finding that says what is not
known, and blocks nothing. A verification is not certain. What is otherwise is wrong, in one of the ways of `WRONG`.
"""

import argparse
import asyncio
import math
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from screens.cli.outcome import code_of
from tests.journeys.test_transitions import FROM
from tests.support import PRODUCTION, answers, cluster_id, scenario_file
from tests.survival.command import plain
from tests.survival.fault_procedures import Ending, Procedure, applying, verdict
from tests.survival.faults import LONGEST, SHORT, attempted
from wizard.answers.model import Answers
from wizard.cloud import reads
from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure
from wizard.cloud.pipeline import AnnouncingTransport
from wizard.cloud.reads import Read
from wizard.procedure.planning import make_plan
from wizard.simulator import Recorded, Simulator
from wizard.verification.verdict import decides
from wizard.verification.verify import verify

WRONG = ("false claim", "silent", "blocked by advisory", "endless", "ours", "exit code", "not clear")
RIGHT = ("clear error", "unknown", "not certain", "as if missing", "unaffected")
"""`as if missing`: a 404 or an empty list is an answer, whose content is believed. `unaffected`: another read returns the same."""

_REFUSALS = {
    "400": "BadRequest",
    "403": "AuthorizationFailed",
    "404": "ResourceNotFound",
    "405": "MethodNotAllowed",
}
_ERRORS = {"429": "TooManyRequests", "500": "InternalServerError", "501": "NotImplemented"}
FAULTS = (
    *_REFUSALS,
    *_ERRORS,
    "closed connection",
    "garbage",
    "empty object",
    "empty list",
    "endless links",
    "slow",
    "too large",
    "lying encoding",
)
_TRIES = 5
_FAST = f"{SHORT},advisory-read=30"
_SLOW = f"{SHORT},request=1,advisory-read=0.5"
"""If Azure does not answer: seconds of real time."""

_ONE_PAGE = {"deployments", "diagnosticsettings"}
"""Lists of which one page is read."""


# -- what is attempted ------------------------------------------------------------------------------------------------


def planning(chosen: Answers) -> Callable[[Azure, Ending], Awaitable[None]]:
    """As `plan` does. The ending has the digest and the findings."""

    async def attempt(azure: Azure, ending: Ending) -> None:
        plan = await make_plan(azure, chosen)
        ending.verdict = {f"finding {each.code}": each.level for each in plan.findings}
        ending.verdict["digest"] = plan.digest
        ending.how = "refused" if plan.errors else "success"
        ending.why = "; ".join(each.message for each in plan.errors)

    return attempt


async def verifying(azure: Azure, ending: Ending) -> None:
    """As `verify -g -n` does. The ending has the verdict, and how it was reached."""
    report = await verify(azure, cluster_id())
    ending.verdict = verdict(report) | {"verdict": report.verdict, "transient": str(report.transient)}
    ending.how = "success"


def _world(group: Json, folder: Path) -> Path:
    return scenario_file(folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}})


def _named(name: str) -> Callable[[Path], str]:
    return lambda _: name


_OLD = answers(
    "customer-managed-private", vault={"name": "kv-old"}, identity={"name": "id-old"}, location="eastus"
)
_NEW = answers(
    "customer-managed-private",
    cluster={"name": "aks-new", "create": {"node_vm_size": "Standard_D4ds_v5"}},
    vault={"resource_group": "rg-new"},
)
_FRESH = answers("customer-managed-private")
COMMANDS = (
    Procedure("plan: a new vault", _named("contoso"), planning(_FRESH)),
    Procedure("plan: a vault in use is closed", partial(_world, FROM["public"]), planning(_OLD)),
    Procedure("plan: a new cluster", _named("contoso"), planning(_NEW)),
    Procedure("apply", _named("contoso"), applying(_FRESH), wanted=_FRESH),
    Procedure("verify", _named("encrypted"), verifying),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One read: what it asks, and what for."""

    method: str
    path: str
    """In lower case."""
    advisory: Read | None = None
    """The advisory read to which it belongs; None for a needed one."""
    lists: bool = False
    """Whether the response is a list."""


@dataclass(frozen=True)
class Good:
    """How a command ends undisturbed, and what it reads."""

    reads: tuple["Asked", ...]
    """In an order that is the same each time."""
    ending: Ending


@dataclass(frozen=True)
class Case:
    """One fault of one read of one command."""

    command: str
    asked: Asked
    fault: str

    @property
    def name(self) -> str:
        """For the list of what went wrong."""
        return f"{self.command} | {self.asked.method} {self.asked.path} | {self.fault}"

    @property
    def is_answer(self) -> bool:
        """Whether Azure may well say so: there is nothing."""
        last = self.asked.path.rpartition("/")[2]
        empty = self.fault == "empty list" and self.asked.lists
        return empty or self.fault == "404" or (self.fault == "endless links" and last in _ONE_PAGE)

    def spec(self, simulator: Simulator) -> Json:
        """The fault as a scenario file writes it."""
        return {
            "match": {"method": self.asked.method, "path": self.asked.path},
            **_spec(self.fault, self.asked.path, simulator),
        }


def _spec(fault: str, path: str, simulator: Simulator) -> Json:
    if code := (_REFUSALS | _ERRORS).get(fault):
        return {"answer": {"status": int(fault), "code": code, "message": f"Azure says {code}."}}
    where = simulator.environment["AKS_KMS_ARM_ENDPOINT"].rstrip("/")
    match fault:
        case "closed connection":
            return {"reset": True}
        case "garbage":
            return {"malformed": True}
        case "empty object":
            return {"raw": {"text": "{}"}}
        case "empty list":
            return {"raw": {"text": '{"value": []}'}}
        case "endless links":
            return {"raw": {"text": f'{{"value": [], "nextLink": "{where}{path}?api-version=1"}}'}}
        case "slow":
            return {"hang": True}
        case "too large":
            return {"raw": {"text": "x" * 1000, "times": 40_000}}
        case _:
            return {"raw": {"text": "{}", "headers": {"Content-Encoding": "gzip"}}}


def _is_read(request: Recorded) -> bool:
    if not request.path.startswith(("/subscriptions", "/keys", "/deletedkeys")):
        return False  # the sign-in is Microsoft's library
    asks = ("checknameavailability", "checkpolicyrestrictions")
    return request.method == "GET" or request.path.casefold().endswith(asks)


def _is_list(request: Recorded) -> bool:
    return isinstance(request.response, dict) and isinstance(request.response.get("value"), list)


@contextmanager
def _observed() -> Iterator[dict[tuple[str, str], set[Read | None]]]:
    """Collect, by method and path, the advisory reads to which the requests of this block belong; None for a needed one."""
    parts: dict[tuple[str, str], set[Read | None]] = defaultdict(set)
    send = AnnouncingTransport.send

    async def noted(self: AnnouncingTransport, request: Any, **config: Any) -> Any:
        parts[request.method, plain(urlsplit(request.url).path)].add(reads.in_progress.get())
        return await send(self, request, **config)

    with mock.patch.object(AnnouncingTransport, "send", noted):
        yield parts


@asynccontextmanager
async def _azure(command: Procedure) -> AsyncIterator[Simulator]:
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(command.scenario(Path(folder)), speed=math.inf) as simulator:
            yield simulator


_good: dict[str, Good] = {}


async def good(command: Procedure) -> Good:
    """How a command ends undisturbed; found out once."""
    if command.name not in _good:
        async with _azure(command) as simulator:
            with _observed() as parts:
                ending = await attempted(command, simulator)
            assert ending.how == "success", ending
            made = {(each.method, plain(each.path)): each for each in simulator.requests if _is_read(each)}
        asked = [
            Asked(*what, None if None in parts[what] else next(iter(parts[what])), _is_list(each))
            for what, each in sorted(made.items())
        ]
        _good[command.name] = Good(tuple(asked), ending)
    return _good[command.name]


async def cases(of: str = "") -> list[Case]:
    """All of them, or those of one command."""
    return [
        Case(command.name, asked, fault)
        for command in COMMANDS
        if of in {"", command.name}
        for asked in (await good(command)).reads
        for fault in FAULTS
    ]


# -- how it ends ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """How a case ended: one of `RIGHT` or of `WRONG`, or `untouched`."""

    name: str
    how: str
    why: str = ""


async def tried(case: Case, simulator: Simulator | None = None) -> Result:
    """Try one, and judge it. A plan and a verification can share a simulated Azure, which they do not change.

    On a busy machine an advisory read may take too long before its fault strikes: it is tried again.
    """
    command = next(each for each in COMMANDS if each.name == case.command)
    undisturbed = await good(command)
    for _ in range(_TRIES):
        if simulator is not None:
            result = await _tried(case, command, simulator, undisturbed)
        else:
            async with _azure(command) as fresh:
                result = await _tried(case, command, fresh, undisturbed)
        if result.how != "untouched":
            break
    return result


async def _tried(case: Case, command: Procedure, simulator: Simulator, undisturbed: Good) -> Result:
    simulator.inject_faults(case.spec(simulator))
    ending = await attempted(command, simulator, _SLOW if case.fault == "slow" else _FAST)
    struck = simulator.fault_counts() != [0]
    simulator.inject_faults()
    if not struck:
        return Result(case.name, "untouched")
    how, why = judged(case, ending, undisturbed.ending)
    return Result(case.name, how, why)


def judged(case: Case, ending: Ending, undisturbed: Ending) -> tuple[str, str]:
    """How an attempt ended, and what shows it."""
    if ending.how == "endless":
        return "endless", f"no end within {LONGEST:g} s"
    problem = ending.problem
    if ending.how in {"traceback", ""} or (problem and problem.kind == "ours"):
        return "ours", ending.why or str(problem)
    if problem and not (problem.summary and problem.remedy and (problem.cause or problem.code)):
        return "not clear", str(problem)
    if case.command == "verify":
        return _of_verify(case, ending, undisturbed)
    if case.command == "apply":
        return _of_apply(case, ending)
    return _of_plan(case, ending, undisturbed)


def _of_plan(case: Case, ending: Ending, undisturbed: Ending) -> tuple[str, str]:
    found, before, advisory = ending.verdict, undisturbed.verdict, case.asked.advisory
    new = {code: level for code, level in found.items() if before.get(code) != level and code != "digest"}
    unknown = [code for code in new if code.endswith("-unknown")]
    if advisory is not None and f"finding {advisory.name}-unknown" in found:
        unknown.append(advisory.name)  # it is known neither with nor without the fault
    said = f"{ending.why or ending.problem} {sorted(new)}"
    if advisory is None:
        if ending.how == "problem":
            return _coded(case, ending)
        if case.is_answer:
            return "as if missing", said
        if unknown:
            return "unknown", said  # an advisory read asks the same
        return "false claim", f"the plan was made: {said}"
    if ending.how == "problem":
        return "blocked by advisory", said
    if found["digest"] != before["digest"]:
        return "false claim", f"another digest: {said}"
    if ending.how == "refused":
        return ("as if missing" if case.is_answer else "blocked by advisory"), said
    if unknown:
        return "unknown", said
    return ("as if missing" if case.is_answer else "silent"), said


def _of_apply(case: Case, ending: Ending) -> tuple[str, str]:
    advisory = case.asked.advisory
    failed = {each.step for each in ending.events if each.type == "step-finished" and each.status == "failed"}
    said = f"{ending.how} {ending.why or ending.problem} {sorted(map(str, failed))}"
    if ending.how == "success":
        if advisory or case.is_answer or "/operations/" in case.asked.path:
            return "unaffected", said  # the cluster itself shows how an operation ends
        return "false claim", said
    if advisory is None or failed == {"verify"}:
        return _coded(case, ending) if ending.how == "problem" else ("as if missing", said)
    return ("as if missing" if case.is_answer else "blocked by advisory"), said


def _of_verify(case: Case, ending: Ending, undisturbed: Ending) -> tuple[str, str]:
    if ending.how == "problem":
        return _coded(case, ending)
    found, before = ending.verdict, undisturbed.verdict
    different = sorted(code for code in before.keys() | found.keys() if before.get(code) != found.get(code))
    if found["verdict"] == "verified":
        better = [code for code in different if found.get(code) == "passed"]
        if not different:
            return "unaffected", ""
        if all(found.get(code) == "unknown" and not decides(code.rpartition("|")[2]) for code in different):
            return "unknown", str(different)
        return ("as if missing" if case.is_answer and not better else "false claim"), str(different)
    if found["verdict"] == "not-verified":
        return ("as if missing" if case.is_answer else "false claim"), str(different)
    fault = case.fault not in _REFUSALS and case.fault != "empty list"
    if fault and found["transient"] != "True":
        return "exit code", f"a fault is not transient: {different}"
    if case.fault in {"400", "403", "405"} and found["transient"] == "True":
        return "exit code", f"a refusal is transient: {different}"
    return "not certain", str(different)


def _coded(case: Case, ending: Ending) -> tuple[str, str]:
    """A clear error, with the exit code of its kind: 3 for a fault, 1 for what may not be read."""
    assert ending.problem is not None
    code = code_of(ending.problem)
    right = (
        {1}
        if case.fault == "403"
        else {1, 2}
        if case.fault in _REFUSALS
        else {1, 3}
        if case.fault == "empty list"
        else {3}
    )
    return ("clear error" if code in right else "exit code"), f"{code}: {ending.problem}"


# -- all of it --------------------------------------------------------------------------------------------------------


async def some(command: str, chosen: Sequence[Case]) -> list[Result]:
    """Try cases of one command."""
    procedure = next(each for each in COMMANDS if each.name == command)
    if command == "apply":
        return [await tried(case) for case in chosen]
    async with _azure(procedure) as simulator:
        return [await tried(case, simulator) for case in chosen]


def _in_a_process(command: str, chosen: Sequence[Case]) -> list[Result]:
    return asyncio.run(some(command, chosen))


def _batches(chosen: Sequence[Case], size: int = 20) -> Iterator[tuple[str, list[Case]]]:
    for command in COMMANDS:
        of_it = [case for case in chosen if case.command == command.name]
        for start in range(0, len(of_it), size):
            yield command.name, of_it[start : start + size]


@dataclass
class Table:
    """The outcomes, by fault."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        columns = (*RIGHT, *WRONG, "untouched")
        rows = [f"| Response | {' | '.join(columns)} |", f"| --- {'| ---: ' * len(columns)}|"]
        tried = [fault for fault in FAULTS if any(of == fault for of, _ in self.counts)]
        for fault in (*tried, "all"):
            numbers = (
                sum(n for (of, how), n in self.counts.items() if how == each and fault in {of, "all"})
                for each in columns
            )
            rows.append(f"| {fault} | {' | '.join(f'{number:,}' for number in numbers)} |")
        return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """The command. Returns 1 where a case ended in one of `WRONG`, or was never struck; 0 else."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args(arguments)
    found = [each for each in asyncio.run(cases()) if options.only in each.name]
    if not options.full:
        found = Random(options.seed).sample(found, min(options.sample, len(found)))
    begun, table, bad = time.monotonic(), Table(), 0
    with ProcessPoolExecutor(options.jobs) as pool:
        running = [pool.submit(_in_a_process, *batch) for batch in _batches(found)]
        for each in running:
            for result in each.result():
                table.counts[result.name.rpartition(" | ")[2], result.how] += 1
                if result.how not in RIGHT:
                    bad += 1
                    print(f"✗ {result.how}: {result.name}\n    {result.why[:1000]}", flush=True)
    print(table)
    print(f"{len(found)} cases in {time.monotonic() - begun:.0f} s; {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

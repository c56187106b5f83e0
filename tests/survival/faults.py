"""Every request of every procedure, with everything that can go wrong with it.

    python -m tests.survival.faults           a part of it: --sample N, drawn by --seed N
    python -m tests.survival.faults --full    all of it; --jobs N side by side, --only TEXT what has this in its name

Each combination must end in success, with a word wherever it was waited, or in a clear error: of a known kind, with what
it was about, its cause or Azure's code, and a remedy. Then all is well again, and a second attempt must reach the goal,
with nothing made twice. Success is not what the product says: the world is then as an attempt leaves it that nothing
disturbs, and what was judged in it is judged the same. A fault that never struck has tried nothing. Anything else is told,
and is the exit code.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.azure_internals import forget_vault_challenges
from tests.support import child_environment
from tests.survival.command import plain
from tests.survival.fault_kinds import COMMON, KINDS, Kind
from tests.survival.fault_procedures import PROCEDURES, Ending, Procedure
from tests.survival.truth import complete_state, difference
from wizard.cloud.arm import Json
from wizard.cloud.azure import connect
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.errors import AzureError
from wizard.simulator import Simulator

SHORT = (
    "request=10,throttling=60,update-retry=180,role-assignment=120,registration=60,operation=600,principal=60,"
    "vault=60"
)
"""Seconds of Azure's time, none of which is waited; but `request`, which is the wall's."""
HURRIED = f"{SHORT},request=2"
"""Where a request hangs. Not less: an answer that a busy machine gives late would be taken for none."""
LONGEST = 120.0
"""Seconds of the wall's after which an attempt counts as endless."""
_TRIES = 3
"""How often a fault is tried that did not strike: how often a poll is made is not always the same."""
_PASSING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+")
"""What of a message is another each time."""


@dataclass(frozen=True)
class Asked:
    """One distinct request of an undisturbed attempt, and how often it is made."""

    method: str
    path: str
    """In lower case; a name that is generated each time is `*`."""
    times: int

    @property
    def shape(self) -> str:
        """The same for any resource."""
        return re.sub(r"(?<=s/)[^/]+", "*", f"{self.method} {self.path}")


@dataclass(frozen=True)
class Combination:
    """One fault at one request of one procedure."""

    procedure: str
    asked: Asked
    kind: str
    mode: str
    """`once`, `always`, or `at the last` of its occurrences and after that."""

    @property
    def name(self) -> str:
        """For the list of what went wrong."""
        return f"{self.procedure} | {self.asked.method} {self.asked.path} | {self.kind} | {self.mode}"

    def fault(self) -> Json:
        """As a scenario file writes it."""
        match: Json = {"method": self.asked.method, "path": self.asked.path}
        if self.mode == "once":
            match["nth"] = 1
        elif self.mode == "at the last":
            match["skip"] = self.asked.times - 1
        return {"match": match, **_kind(self.kind).spec}


@dataclass(frozen=True)
class Good:
    """How a procedure ends where nothing goes wrong."""

    asked: tuple[Asked, ...]
    """Its distinct requests, in an order that is the same each time."""
    world: Json
    verdict: Mapping[str, str]
    said: frozenset[str]
    """What it says of itself."""


@dataclass(frozen=True)
class Result:
    """How a combination ended: `success`, `error` (a clear one), `untouched` (the fault never struck) or what is wrong."""

    name: str
    how: str
    detail: str = ""


async def attempted(procedure: Procedure, simulator: Simulator, timeouts: str = SHORT) -> Ending:
    """One attempt from the sign-in to its end."""
    ending = Ending()
    forget_vault_challenges()  # as in a process of its own
    on_retry_notice.set(lambda hindrance: ending.told.append(str(hindrance)))
    try:
        async with asyncio.timeout(LONGEST):
            environment = child_environment(simulator, {"AKS_KMS_TIMEOUTS": timeouts})
            async with connect(environment) as azure:
                await procedure.attempt(azure, ending)
    except AzureError as error:
        ending.how, ending.problem = "problem", error.problem
    except TimeoutError:
        ending.how = "endless"
    except Exception:  # noqa: BLE001 - this is what is looked for
        ending.how, ending.why = "traceback", traceback.format_exc()
    return ending


_good: dict[str, Good] = {}


async def good(procedure: Procedure) -> Good:
    """How a procedure ends undisturbed; found out once."""
    if procedure.name not in _good:
        _good[procedure.name] = await _undisturbed(procedure)
    return _good[procedure.name]


async def _undisturbed(procedure: Procedure) -> Good:
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(procedure.scenario(Path(folder)), speed=procedure.speed) as simulator:
            ending = await attempted(procedure, simulator)
            assert ending.how == "success", f"{procedure.name}: {ending}"
            made = Counter((request.method, plain(request.path)) for request in simulator.requests)
            world = complete_state(simulator)
    asked = [Asked(method, path, times) for (method, path), times in sorted(made.items())]
    if procedure.many_alike:
        first_of_each = {each.shape: each for each in reversed(asked)}
        asked = [each for each in asked if each in first_of_each.values()]
    return Good(tuple(asked), world, ending.verdict, frozenset(_said(ending)))


async def requests_of(procedure: Procedure) -> tuple[Asked, ...]:
    """The distinct requests of an undisturbed attempt, in an order that is the same each time."""
    return (await good(procedure)).asked


def combinations(
    procedure: Procedure, asked: Iterable[Asked], kinds: Sequence[Kind], *, new: bool
) -> list[Combination]:
    """Each of these faults at each of these requests; a read that is not `new` meets them once only."""
    found = []
    for request in asked:
        for kind in kinds:
            if not kind.fits(request.method, request.path):
                continue
            if not new and request.method in {"GET", "HEAD"}:
                modes = ["once"]
            else:
                modes = ["always"] if kind.for_good else ["once", "always"]
                modes += (
                    ["at the last"] if request.times > 1 and (kind.for_good or kind.name in COMMON) else []
                )
            found += [Combination(procedure.name, request, kind.name, mode) for mode in modes]
    return found


async def everything() -> list[Combination]:
    """All of it: a request that several procedures make meets every fault on the first of them, the common ones on all."""
    met: set[str] = set()
    found = []
    for procedure in PROCEDURES:
        asked = await requests_of(procedure)
        new = [each for each in asked if each.shape not in met or procedure is PROCEDURES[0]]
        found += combinations(procedure, new, KINDS, new=True)
        common = [kind for kind in KINDS if kind.name in COMMON]
        found += combinations(procedure, [each for each in asked if each not in new], common, new=False)
        met |= {each.shape for each in asked}
    return found


async def tried(combination: Combination) -> Result:
    """Try one, and judge it."""
    for _ in range(_TRIES):
        result = await _tried(combination)
        if result.how != "untouched":
            break
    return result


async def _tried(combination: Combination) -> Result:
    procedure = next(procedure for procedure in PROCEDURES if procedure.name == combination.procedure)
    undisturbed = await good(procedure)
    fault = combination.fault()
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(procedure.scenario(Path(folder)), speed=procedure.speed) as simulator:
            simulator.inject_faults(fault)
            first = await attempted(procedure, simulator, HURRIED if "hang" in fault else SHORT)
            if simulator.fault_counts() == [0]:
                return Result(combination.name, "untouched")
            wrong = _wrong(combination, first, undisturbed)
            if not wrong and first.how == "success":
                wrong = "; ".join(difference(undisturbed.world, complete_state(simulator)))
            if not wrong and (simulator.writes() or combination.kind == "operation never ends"):
                wrong = await _carried_on(procedure, combination, simulator, first)
    if wrong:
        return Result(combination.name, "wrong", wrong)
    whole = first.how == "success" and first.verdict == undisturbed.verdict
    return Result(combination.name, "success" if whole else "error")


def _said(ending: Ending) -> list[str]:
    """What a run says of itself while it runs, without what is another each time."""
    return [
        _PASSING.sub("*", event.message) for event in ending.events if event.type in {"step-progress", "log"}
    ]


def _claimed(ending: Ending, undisturbed: Good) -> str:
    """What is wrong with the verdicts: none may be better than the facts, and nothing may be left out without a notice."""
    for name, outcome in ending.verdict.items():
        if outcome == "passed" and undisturbed.verdict.get(name) != "passed":
            return f"{name} was passed, and is {undisturbed.verdict.get(name, 'nothing')}"
    if ending.how != "success":
        return ""
    doubted = {
        name.partition("|")[0]
        for name, outcome in ending.verdict.items()
        if undisturbed.verdict.get(name) != outcome
    }
    for name in undisturbed.verdict.keys() - ending.verdict.keys():
        if name.partition("|")[0] not in doubted:
            return f"{name} was left out in silence"
    return ""


def _wrong(combination: Combination, ending: Ending, undisturbed: Good) -> str:
    """What is wrong with how an attempt ended; nothing where it is as it should be."""
    if ending.how in {"endless", "traceback", ""}:
        return f"{ending.how} {ending.why}"
    for each in ending.events:
        if each.problem and each.problem.kind == "ours":
            return f"a fault of ours: {each.problem}"
    problem = ending.problem
    if ending.how == "problem":
        if problem is None or problem.kind == "ours":
            return f"a fault of ours: {problem}"
        if not (problem.summary and problem.remedy and (problem.cause or problem.code)):
            return f"not clear: {problem}"
        answered = "answer" in _kind(combination.kind).spec and combination.asked.method != "HEAD"
        if answered and problem.code.startswith("HTTP"):
            return f"Azure's code is lost: {problem}"
    if ending.how == "refused" and not ending.why:
        return "refused without a reason"
    told = ending.told or [each for each in _said(ending) if each not in undisturbed.said]
    if ending.how == "success" and _kind(combination.kind).delays and not told:
        return "it was waited in silence"
    return _claimed(ending, undisturbed)


async def _carried_on(
    procedure: Procedure, combination: Combination, simulator: Simulator, first: Ending
) -> str:
    """Once all is well again: what is wrong with a second attempt."""
    simulator.inject_faults()
    undisturbed = await good(procedure)
    puts = len(_updates(simulator))
    second = await attempted(procedure, simulator)
    if combination.kind == "operation never ends":
        again = len(_updates(simulator)) - puts
        return (
            f"the operation was started again: {second}"
            if again
            else _wrong(combination, second, undisturbed)
        )
    if second.how != "success":
        return f"a second attempt does not get there: {second.why or second.problem} (the first: {first.why or first.problem})"
    made = Counter(request.path.casefold() for request in simulator.writes() if request.status == 201)
    if twice := [path for path, times in made.items() if times > 1]:
        return f"made twice: {twice}"
    if other := difference(undisturbed.world, complete_state(simulator)):
        return f"a second attempt ends otherwise: {'; '.join(other)}"
    if second.verdict != undisturbed.verdict:
        return f"a second attempt judges otherwise: {second.verdict}"
    return ""


def _updates(simulator: Simulator) -> list[str]:
    return [
        request.path
        for request in simulator.writes()
        if request.method == "PUT" and "/managedclusters/" in request.path.lower()
    ]


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def _in_a_process(combination: Combination) -> Result:
    return asyncio.run(tried(combination))


def main(arguments: Sequence[str]) -> int:
    """The command. Returns 1 where a combination ended otherwise than it must, or was never struck; 0 else."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(arguments)
    found = [each for each in asyncio.run(everything()) if chosen.only in each.name]
    Random(chosen.seed).shuffle(found)
    found = found if chosen.full else found[: chosen.sample]
    begun = time.monotonic()
    ends: Counter[str] = Counter()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for number, result in enumerate(pool.map(_in_a_process, found, chunksize=4), start=1):
            ends[result.how] += 1
            if result.how in {"wrong", "untouched"}:
                print(f"✗ {result.name}\n    {result.detail or 'the fault never struck'}", flush=True)
            if number % 100 == 0:
                print(f"  {number} of {len(found)}", flush=True)
    print(
        f"{len(found)} combinations of a fault and a request tried in {time.monotonic() - begun:.0f} s: "
        f"{ends['success']} ended in success, {ends['error']} in a clear error, {ends['wrong']} in anything else; {ends['untouched']} were never struck"
    )
    return 1 if ends["wrong"] or ends["untouched"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

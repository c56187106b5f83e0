"""Every request of every road, with everything that can go wrong with it.

    python -m tests.survival.faults           a part of it: --sample N, drawn by --seed N
    python -m tests.survival.faults --full    all of it; --jobs N side by side, --only TEXT what has this in its name

Each combination must end in success, with a word wherever it was waited, or in a clear error: of a known kind, with what
it was about, its cause or Azure's code, and a remedy. Then all is well again, and a second attempt must reach the goal,
with nothing made twice. Anything else is told, and is the exit code.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support import surroundings
from tests.survival.fault_kinds import COMMON, KINDS, Kind
from tests.survival.fault_roads import ROADS, Ending, Road
from wizard.cloud.arm import Json
from wizard.cloud.azure import connect
from wizard.cloud.hindrances import listener as of_hindrances
from wizard.cloud.problems import AzureError
from wizard.simulator import Simulator

SHORT = (
    "request=10,asked-wait=60,refusal-wait=180,role-wait=120,feature-wait=60,operation-wait=600,principal-wait=60,"
    "vault-wait=60"
)
"""Seconds of Azure's time, none of which is waited; but `request`, which is the wall's."""
LONGEST = 120.0
"""Seconds of the wall's after which an attempt counts as endless."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Asked:
    """One distinct request of an undisturbed attempt, and how often it is made."""

    method: str
    path: str
    """In lower case; a name that is drawn anew each time is `*`."""
    times: int

    @property
    def shape(self) -> str:
        """The same for whatever resource it is asked."""
        return re.sub(r"(?<=s/)[^/]+", "*", f"{self.method} {self.path}")


@dataclass(frozen=True)
class Combination:
    """One fault at one request of one road."""

    road: str
    asked: Asked
    kind: str
    mode: str
    """`once`, `always`, or `at the last` of its occurrences and after that."""

    @property
    def name(self) -> str:
        """For the list of what went wrong."""
        return f"{self.road} | {self.asked.method} {self.asked.path} | {self.kind} | {self.mode}"

    def fault(self) -> Json:
        """As a scenario file writes it."""
        match: Json = {"method": self.asked.method, "path": self.asked.path}
        if self.mode == "once":
            match["nth"] = 1
        elif self.mode == "at the last":
            match["skip"] = self.asked.times - 1
        return {"match": match, **_kind(self.kind).spec}


@dataclass(frozen=True)
class Result:
    """How a combination ended: `success`, `error` (a clear one), `untouched` (the fault never struck) or what is wrong."""

    name: str
    how: str
    detail: str = ""


async def attempted(road: Road, simulator: Simulator, patience: str = SHORT) -> Ending:
    """One attempt from signing in to its end, whatever that is."""
    ending = Ending()
    of_hindrances.set(lambda hindrance: ending.told.append(str(hindrance)))
    try:
        async with asyncio.timeout(LONGEST):
            environment = surroundings(simulator, {"AKS_KMS_PATIENCE": patience})
            async with connect(environment) as azure:
                await road.attempt(azure, ending)
    except AzureError as error:
        ending.how, ending.problem = "problem", error.problem
    except TimeoutError:
        ending.how = "endless"
    except Exception:  # noqa: BLE001 - this is what is looked for
        ending.how, ending.why = "traceback", traceback.format_exc()
    ending.told += [event.message for event in ending.events if event.type in {"step-progress", "log"}]
    return ending


async def requests_of(road: Road) -> list[Asked]:
    """The distinct requests of an undisturbed attempt, in the order in which they are first made."""
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(road.scenario(Path(folder)), speed=road.speed) as simulator:
            ending = await attempted(road, simulator)
            assert ending.how == "success", f"{road.name}: {ending}"
            made = Counter(
                (request.method, _GUID.sub("*", request.path.lower())) for request in simulator.requests
            )
    asked = [Asked(method, path, times) for (method, path), times in made.items()]
    if not road.many_alike:
        return asked
    first_of_each = {each.shape: each for each in reversed(asked)}
    return [each for each in asked if each in first_of_each.values()]


def combinations(
    road: Road, asked: Iterable[Asked], kinds: Sequence[Kind], *, new: bool
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
            found += [Combination(road.name, request, kind.name, mode) for mode in modes]
    return found


async def everything() -> list[Combination]:
    """All of it: a request that several roads make meets every fault on the first of them, the common ones on all."""
    met: set[str] = set()
    found = []
    for road in ROADS:
        asked = await requests_of(road)
        new = [each for each in asked if each.shape not in met or road is ROADS[0]]
        found += combinations(road, new, KINDS, new=True)
        common = [kind for kind in KINDS if kind.name in COMMON]
        found += combinations(road, [each for each in asked if each not in new], common, new=False)
        met |= {each.shape for each in asked}
    return found


async def tried(combination: Combination) -> Result:
    """Try one, and judge it."""
    road = next(road for road in ROADS if road.name == combination.road)
    fault = combination.fault()
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(road.scenario(Path(folder)), speed=road.speed) as simulator:
            simulator.strike_with(fault)
            first = await attempted(road, simulator, f"{SHORT},request=1" if "hang" in fault else SHORT)
            wrong = _wrong(combination, first)
            if not wrong and (simulator.writes() or combination.kind == "operation never ends"):
                wrong = await _carried_on(road, combination, simulator, first)
    if wrong:
        return Result(combination.name, "wrong", wrong)
    return Result(combination.name, "success" if first.how == "success" else "error")


def _wrong(combination: Combination, ending: Ending) -> str:
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
    if ending.how == "success" and _kind(combination.kind).delays and not ending.told:
        return "it was waited in silence"
    return ""


async def _carried_on(road: Road, combination: Combination, simulator: Simulator, first: Ending) -> str:
    """Once all is well again: what is wrong with a second attempt."""
    simulator.strike_with()
    puts = len(_updates(simulator))
    second = await attempted(road, simulator)
    if combination.kind == "operation never ends":
        again = len(_updates(simulator)) - puts
        return f"the operation was started again: {second}" if again else ""
    if second.how != "success":
        return f"a second attempt does not get there: {second.why or second.problem} (the first: {first.why or first.problem})"
    made = Counter(request.path.casefold() for request in simulator.writes() if request.status == 201)
    if twice := [path for path, times in made.items() if times > 1]:
        return f"made twice: {twice}"
    keys = [
        r
        for r in simulator.writes()
        if re.search(r"/keys/aks-kms/(create|rotate)$", r.path) and r.status == 200
    ]
    if len(keys) > road.versions:
        return f"{len(keys)} versions of the key"
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
    """The command. Returns how many combinations ended otherwise than they must, at most 1."""
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
            if result.how == "wrong":
                print(f"✗ {result.name}\n    {result.detail}", flush=True)
            if number % 100 == 0:
                print(f"  {number} of {len(found)}", flush=True)
    print(
        f"{len(found)} combinations of a fault and a request tried in {time.monotonic() - begun:.0f} s: "
        f"{ends['success']} ended in success, {ends['error']} in a clear error, {ends['wrong']} in anything else"
    )
    return 1 if ends["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

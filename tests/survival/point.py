"""One point of the matrix: a run is killed there, resumed, and compared with an undisturbed one."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.survival import command
from tests.survival.command import Asked, Ended, Kill, plain
from tests.survival.procedures import PROCEDURES, STEP, Procedure
from tests.survival.truth import complete_state, difference, doubled, started
from wizard.cloud.arm import Json
from wizard.simulator import Recorded, Simulator

MOST_RESUMES = 4


@dataclass(frozen=True)
class Undisturbed:
    """A run that is not killed."""

    requests: tuple[Asked, ...]
    """Those that it makes, sign-in left out, in an order that is the same each time."""
    world: Json
    started: int


@dataclass
class Outcome:
    """What came of a point."""

    procedure: str
    kills: tuple[Kill, ...]
    result: str = "well"
    """`well`; `clear error`: a resume ended in one, and the next one got there; `not killed`: what was to be killed, the
    run or the resumed one, did not come to that request this time; anything else is a fault."""
    faults: list[str] = field(default_factory=list)
    said: str = ""

    def __str__(self) -> str:
        return f"{self.procedure} killed {', then '.join(map(str, self.kills))}: {self.result}"


class Place:
    """A new simulator with an operator."""

    def __init__(self, procedure: Procedure, folder: Path, simulator: Simulator) -> None:
        self.procedure, self.folder, self.simulator = procedure, folder, simulator
        self._count = 0
        self.environment = {
            **simulator.environment,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "AKS_KMS_SPEED": "1" if procedure.wanted is None else "max",
        }

    def go(self, arguments: list[str], kill: Kill | None = None) -> Ended:
        """Run a command of the operator's."""
        self._count += 1
        return command.run(arguments, self.environment, self.folder / f"out-{self._count}", kill=kill)

    def apply(self, kill: Kill | None = None) -> Ended:
        """The command with which it all begins."""
        return self.go(self.procedure.command(self.folder), kill)

    def resume_run(self, kill: Kill | None = None) -> Ended:
        """What an operator does after a kill: resume; where there is nothing to resume, the command again."""
        if self.procedure.wanted is None:
            return self.apply(kill)
        ended = self.go(["runs", "resume", "--yes"], kill)
        if ended.code == 2 and "There is no run to resume" in ended.said:
            return self.apply(kill)
        return ended

    def journals(self) -> list[Path]:
        """The runs that were written down, the oldest first (within a second they are numbered)."""
        found = (self.folder / "state" / "aks-kms" / "runs").glob("*")
        return sorted(found, key=lambda path: path.stat().st_ctime_ns)

    def announced(self) -> Counter[tuple[str, ...]]:
        """All writes that any journal announces."""
        return Counter(
            _named(write)
            for path in self.journals()
            for _, write in _writes(path)
            if write["state"] == "announced"
        )

    def late(self) -> Counter[tuple[str, ...]]:
        """Writes that are announced and that Azure has not read yet."""
        return self.announced() - Counter(_named_of(r) for r in self.simulator.requests if r.writes)


@contextmanager
def place(procedure: Procedure) -> Iterator[Place]:
    """A new simulator, in which time passes with each request, until the end of the block."""
    with TemporaryDirectory(prefix="kill-") as name:
        folder = Path(name)
        begun, seen = time.time(), [0]

        def now() -> float:
            seen[0] = max(seen[0], len(simulator.requests))
            return begun + STEP * seen[0]

        simulator = Simulator(procedure.lay(folder), speed=1, clock=now)
        simulator.start()
        try:
            yield Place(procedure, folder, simulator)
        finally:
            simulator.stop()


def undisturbed(name: str) -> Undisturbed:
    """How a procedure ends without a fault. Raise AssertionError if it does not succeed."""
    with place(PROCEDURES[name]) as here:
        ended = here.apply()
        assert ended.code == 0, ended.said
        ours = [r for r in here.simulator.requests if _ours(r)]
        made = Counter((request.method, plain(request.path)) for request in ours)
        asked = sorted(Asked(*key, number) for key, times in made.items() for number in range(1, times + 1))
        return Undisturbed(tuple(asked), complete_state(here.simulator), started(ours))


def tried(name: str, kills: Sequence[Kill], good: Undisturbed) -> Outcome:
    """Kill a run there (and the resumed run, if there is a second kill), resume it to its end, and compare."""
    outcome = Outcome(name, tuple(kills))
    with place(PROCEDURES[name]) as here:
        first = here.apply(kills[0])
        if first.code != -9:
            outcome.result, outcome.said = "not killed", first.said
            return outcome
        outcome.faults += _unannounced(here)
        for kill in kills[1:]:
            before, late = list(here.simulator.requests), here.late()
            ended = here.resume_run(kill)
            outcome.said += ended.said
            outcome.faults += _unannounced(here)
            outcome.faults += _beyond_its_plan(here, list(here.simulator.requests)[len(before) :], late)
            if ended.code != -9:
                outcome.result = "not killed"
                outcome.faults += _badly(here.procedure, ended)
        for attempt in range(MOST_RESUMES):
            before, late = list(here.simulator.requests), here.late()
            ended = here.resume_run()
            outcome.said += ended.said
            outcome.faults += _beyond_its_plan(here, list(here.simulator.requests)[len(before) :], late)
            if ended.code == 0 or _pending(here.procedure, ended):
                break
            if badly := _badly(here.procedure, ended):
                outcome.faults += badly
                break
            outcome.result = "clear error"
            if attempt == MOST_RESUMES - 1:
                outcome.faults.append(f"after {MOST_RESUMES} times it has not ended well")
        end = complete_state(here.simulator)
        outcome.faults += difference(good.world, end)
        outcome.faults += [f"twice: {each}" for each in doubled(end)]
        again = started(list(here.simulator.requests))
        if again != good.started:
            outcome.faults.append(f"{again} operations were started on the cluster, not {good.started}")
        outcome.faults += [f"unknown request: {r.method} {r.path}" for r in here.simulator.unknown]
    if outcome.faults:
        outcome.result = "fault"
    return outcome


def _pending(procedure: Procedure, ended: Ended) -> bool:
    """A rotation that was made before the kill: the next one says that it is pending, and makes no other."""
    return procedure.wanted is None and ended.code == 1 and "rotation-pending" in ended.said


def _badly(procedure: Procedure, ended: Ended) -> list[str]:
    """What is wrong with how carrying on ended: neither well nor in a clear error."""
    if ended.code == 0 or _pending(procedure, ended):
        return []
    clear = ended.code == 1 and "Traceback" not in ended.said and "✗" in ended.said
    return [] if clear else [f"carrying on ended with {ended.code}"]


def _unannounced(here: Place) -> list[str]:
    """Writes that Azure got and no journal announces; a rotation has no journal."""
    if here.procedure.wanted is None:
        return []
    got = Counter(_named_of(r) for r in here.simulator.writes())
    return [f"not announced: {' '.join(write)}" for write in got - here.announced()]


def _beyond_its_plan(here: Place, requests: list[Recorded], late: Counter[tuple[str, ...]]) -> list[str]:
    """Writes of a resume that its journal does not announce for a step whose plan has something to do.

    `late`: what the killed run had sent, and Azure had not yet read.
    """
    sent = Counter(_named_of(r) for r in requests if r.writes)
    if not sent or here.procedure.wanted is None:
        return []
    newest = here.journals()[-1]
    steps = json.loads((newest / "plan.json").read_text("utf-8"))["steps"]
    planned = {step["key"] for step in steps if step["action"] != "none"}
    shown = Counter(
        _named(write) for step, write in _writes(newest) if write["state"] == "announced" and step in planned
    )
    return [f"not in the plan: {' '.join(write)}" for write in sent - shown - late]


def _writes(journal: Path) -> Iterator[tuple[str, Json]]:
    events = journal / "events.jsonl"
    for line in events.read_text("utf-8").splitlines() if events.exists() else ():
        event = json.loads(line)
        if "write" in event:
            yield event.get("step", ""), event["write"]


def _named(write: Json) -> tuple[str, ...]:
    return (write["method"], write["kind"].casefold(), write["name"], write.get("action", ""))


_IN_A_VAULT = r".*/microsoft\.keyvault/vaults/"
_NAMES: tuple[tuple[str, str, str, str], ...] = (
    (r"/subscriptions/[^/]+/resourcegroups/([^/]+)", "resourcegroups", r"\1", ""),
    (r"/subscriptions/[^/]+/providers/([^/]+)/register", "providers", r"\1", "register"),
    (r".*/microsoft\.features/providers/[^/]+/features/([^/]+)/register", "features", r"\1", "register"),
    (rf"{_IN_A_VAULT}([^/]+)", "vaults", r"\1", ""),
    (rf"{_IN_A_VAULT}([^/]+)/keys/([^/]+)", "keys", r"\1/\2", ""),
    (rf"{_IN_A_VAULT}([^/]+)/accesspolicies/([^/]+)", "accesspolicies", r"\1/\2", ""),
    (r".*/microsoft\.authorization/roleassignments/([^/]+)", "roleassignments", r"\1", ""),
    (r".*/microsoft\.managedidentity/userassignedidentities/([^/]+)", "userassignedidentities", r"\1", ""),
    (r".*/microsoft\.containerservice/managedclusters/([^/]+)", "managedclusters", r"\1", ""),
    (r"([^./]+)\.[^/]+/keys/([^/]+)/(create|rotate|rotationpolicy)", "keys", r"\1/\2", r"\3"),
)
"""How a journal calls a write, by the address that Azure got: kind, name, and what is done. The judge's own list, so that
what the product gets wrong is not wrong on both sides."""


def _named_of(request: Recorded) -> tuple[str, ...]:
    """Raises AssertionError for a write that no procedure makes."""
    address = request.path if request.path.startswith("/subscriptions") else request.host + request.path
    for pattern, *names in _NAMES:
        if found := re.fullmatch(pattern, address.rstrip("/"), re.IGNORECASE):
            kind, name, action = (found.expand(each) for each in names)
            return request.method, kind, name, action
    raise AssertionError(f"no procedure makes such a write: {request.method} {address}")


def _ours(request: Recorded) -> bool:
    """Not part of signing in or of finding the cloud."""
    path = request.path.casefold()
    return not any(
        part in path for part in ("/oauth2/", "/metadata/", "/.well-known/", "/common/", "/discovery/")
    )

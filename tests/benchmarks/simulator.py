"""The simulated Azure: how soon it listens, how quickly it answers, how much memory ten thousand clusters take.

Server time of a request is measured inside the server's process, from the request being read to its answer being ready;
what the network and the client add is left out, as docs/azure.md#clients does.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import Report, medians
from tests.simulated.simulator.plain import Plain
from wizard.simulator import Simulator

CLUSTER = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo"
    "/providers/Microsoft.ContainerService/managedClusters/aks-demo"
)
CLUSTERS = "resources | where type =~ 'microsoft.containerservice/managedclusters' "
LISTEN = """
import math, sys, time
begun = time.perf_counter()
from wizard.simulator import Simulator
simulator = Simulator(sys.argv[1], speed=math.inf)
simulator.start()
print(time.perf_counter() - begun)
simulator.stop()
"""


def listening(report: Report) -> None:
    """Seconds until it listens: in a fresh process (without starting Python), and again in a warm one."""

    def cold(scenario: str) -> float:
        printed = subprocess.run(
            [sys.executable, "-c", LISTEN, scenario], capture_output=True, text=True, check=True
        )
        return float(printed.stdout)

    def warm(scenario: str) -> float:
        begun = time.perf_counter()
        simulator = Simulator(scenario, speed=math.inf)
        simulator.start()
        taken = time.perf_counter() - begun
        simulator.stop()
        return taken

    found = medians(
        {
            "contoso, cold": lambda: cold("contoso"),
            "contoso, warm": lambda: warm("contoso"),
            "fleet, cold": lambda: cold("fleet"),
            "fleet, warm": lambda: warm("fleet"),
        },
        5,
    )
    for name, seconds in found.items():
        report.line(f"until it listens: {name}", seconds, ("half a second", 0.5), 1.0)


def answering(report: Report) -> None:
    """The time of one request, client and TLS included, and the part of it that the server's own work takes."""
    with TemporaryDirectory() as folder:
        for scenario, state in (("contoso", None), ("contoso", Path(folder, "contoso")), ("fleet", None), ("fleet", Path(folder, "fleet"))):  # fmt: skip
            with_state = ", with a state file" if state else ""
            simulator = Simulator(scenario, speed=math.inf, state=state)
            simulator.start()
            client = Plain(simulator.environment)
            cluster = CLUSTER
            if scenario == "fleet":
                _, page, _ = client("POST", "/providers/Microsoft.ResourceGraph/resources", {"query": f"{CLUSTERS} | project id"})  # fmt: skip
                cluster = page["data"][-1]["id"]
            wall = _median(client, "GET", cluster, None, 400)
            report.line(f"GET of a cluster, {scenario}{with_state}: round trip", wall)
            report.line(
                f"GET of a cluster, {scenario}{with_state}: server",
                _server_time(simulator, cluster),
                ("a millisecond", 0.001),
                1.0,
            )
            report.line(f"PATCH of a cluster, {scenario}{with_state}: round trip", _median(client, "PATCH", cluster, {"tags": {"n": "1"}}, 100))  # fmt: skip
            simulator.stop()


def _median(client: Plain, method: str, path: str, body: object, times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        client(method, path, body)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _server_time(simulator: Simulator, path: str) -> float:
    """The CPU time of the server's thread for one request, over many."""

    def thread_time() -> float:
        return simulator.in_world(lambda _: time.thread_time())

    client = Plain(simulator.environment)
    before, idle = thread_time(), thread_time()
    cost_of_asking = idle - before
    for _ in range(300):
        client("GET", path)
    return (thread_time() - idle - cost_of_asking) / 300


MEMORY = """
import json, math, sys
from tests.simulated.simulator.plain import Plain
from wizard.simulator import Simulator
def megabytes():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
simulator = Simulator("fleet", speed=math.inf)
simulator.start()
found = {"listening": megabytes()}
client = Plain(simulator.environment)
query = {"query": "resources | where type =~ 'microsoft.containerservice/managedclusters' | project id", "options": {}}
ids = []
while True:
    _, page, _ = client("POST", "/providers/Microsoft.ResourceGraph/resources", query)
    ids += [row["id"] for row in page["data"]]
    if "$skipToken" not in page:
        break
    query["options"]["$skipToken"] = page["$skipToken"]
found["after a query of all"] = megabytes()
for number, each in enumerate(ids):
    client("GET", each)
found["after a GET of each"] = megabytes()
for each in ids[: len(ids) // 10]:
    client("PATCH", each, {"tags": {"seen": "yes"}})
found["after a change of every tenth"] = megabytes()
print(json.dumps(found))
simulator.stop()
"""


def memory() -> None:
    """Resident memory of a process with the fleet (client included), in megabytes."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    printed = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, env=environment
    )
    for when, megabytes in json.loads(printed.stdout).items():
        print(f"  memory with ten thousand clusters, {when:<28} {megabytes:9.0f} MB  aim: < 200 MB")


def simulator(report: Report) -> None:
    """All of it."""
    listening(report)
    answering(report)
    memory()

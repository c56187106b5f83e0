"""A sweep over many clusters: how long it takes and how much memory, as the fleet grows, beside asking for each cluster.

The simulated Azure is a process of its own and answers as fast as it can, so that a good part of the wall time is its
work; the CPU time is the client's alone. What the server needs itself is measured by a client that fetches the same pages
and does not read them.
"""

import json
import subprocess
import sys

from tests.benchmarks.measure import Report
from tests.served import served

SIZES = (100, 1_000, 10_000)
_MOST = 120e6
"""Bytes of memory that a sweep may need, for any number of clusters."""

_MEASURED = """
import asyncio, json, os, re, resource, sys, time
from wizard.cloud.azure import as_json, connect
from wizard.cloud.inventory import cluster_row
from wizard.fleet.verify import FleetEntry, verify_all
from wizard.fleet.progress import Progress
from wizard.fleet.sweep import sweep

async def basic(azure):
    number = 0
    async for each in verify_all(azure, await azure.subscriptions()):
        number += isinstance(each, FleetEntry)
        json.dumps(each.report.to_json())
    return number

async def full(azure):
    number = 0
    async for each in verify_all(azure, await azure.subscriptions(), depth="full"):
        number += isinstance(each, FleetEntry)
        json.dumps(each.report.to_json())
    return number

async def models(azure):
    number = 0
    for subscription in await azure.subscriptions():
        async for each in azure.containers(subscription.id).managed_clusters.list():
            number += bool(cluster_row(as_json(each), subscription))
    return number

async def gets(azure):
    from wizard.fleet.graph import pages
    ids = [id_ async for page in pages(azure) for _, id_ in page.ids]
    names = {each.id.lower(): each for each in await azure.subscriptions()}
    for id_ in ids:
        _, _, subscription, _, group, *_, name = id_.split("/")
        body = as_json(await azure.containers(subscription).managed_clusters.get(group, name))
        cluster_row(body, names[subscription])
    return len(ids)

async def pages(azure):
    import aiohttp
    from wizard.cloud.trust import tls_of
    from wizard.fleet.graph import QUESTION
    arm, slots = azure.cloud.arm, asyncio.Semaphore(8)
    headers = {"Authorization": "Bearer " + await azure.token(azure.cloud.arm_scope)}
    connector = aiohttp.TCPConnector(ssl=tls_of(os.environ))
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        async def listed(url):
            number = 0
            async with slots:
                while url:
                    async with session.get(url) as answer:
                        body = await answer.read()
                    number += body.count(b'"agentPoolProfiles"')
                    found = re.search(rb'"nextLink":"([^"]+)"', body)
                    url = found and found[1].decode()
            return number
        async def graph():
            url, options = f"{arm}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", {"$top": 1000}
            while True:
                async with session.post(url, json={"query": QUESTION, "options": options}) as answer:
                    found = await answer.json()
                if not (token := found.get("$skipToken")):
                    return 0
                options = {"$top": 1000, "$skipToken": token}
        kind = "Microsoft.ContainerService/managedClusters?api-version=2026-08-01"
        urls = [f"{arm}/subscriptions/{each.id}/providers/{kind}" for each in await azure.subscriptions()]
        return sum(await asyncio.gather(graph(), *map(listed, urls)))

async def main(what):
    async with connect(os.environ) as azure:
        begun, cpu = time.perf_counter(), time.process_time()
        number = await {"basic": basic, "full": full, "models": models, "gets": gets, "pages": pages}[what](azure)
        took, used = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"clusters": number, "seconds": took, "cpu": used, "peak": peak}))

asyncio.run(main(sys.argv[1]))
"""

_WAYS = {
    "basic": "verify --all, settings only",
    "full": "verify --all, in full depth",
    "models": "lists through the SDK's models",
    "gets": "a GET for each cluster",
    "pages": "the same pages, not read",
}


def fleet(report: Report) -> None:
    """Each way at each size; the largest is held against the server's own time, and its memory against the most that it may be."""
    print(f"  {'':<34} {'clusters':>9} {'wall':>9} {'a second':>9} {'CPU':>9} {'peak memory':>12}")
    for size in SIZES:
        spec = {"clusters": size, "subscriptions": max(1, size // 250)}
        with served({"description": "A fleet.", "extends": "fleet", "fleet": spec}, "max") as environment:
            found = {way: _measure(way, what, environment) for way, what in _WAYS.items()}
        seconds = {way: each["seconds"] for way, each in found.items()}
        print(f"  {'':<34} {'':>9} a GET for each takes {seconds['gets'] / seconds['basic']:.1f}× as long")
    own = ("the same, not read", seconds["pages"])
    report.line(f"{SIZES[-1]:,} clusters settings only", seconds["basic"], own, 1.3)
    most = found["basic"]["peak"] * 1024 * 1024
    report.line(f"{SIZES[-1]:,} clusters settings only, most memory", most, ("120 MB", _MOST), 1.0)


def _measure(way: str, what: str, environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, way], check=True, capture_output=True, text=True, env=environment
    )
    found: dict[str, float] = json.loads(done.stdout)
    print(
        f"  {what:<34} {found['clusters']:>9,.0f} {found['seconds']:>7.1f} s {found['clusters'] / found['seconds']:>9,.0f}"
        f" {found['cpu']:>7.1f} s {found['peak']:>9.0f} MB"
    )
    return found

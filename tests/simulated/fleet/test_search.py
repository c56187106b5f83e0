"""Looking for one cluster by name: what is asked in a subscription where the caller may not read it."""

import json
from pathlib import Path
from typing import Any

from tests.facts import cluster
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id, scenario_file, signed_in
from wizard.fleet.search import search

LIST = f"/subscriptions/{DEVELOPMENT}/providers/Microsoft.ContainerService/managedClusters"
THERE = cluster_id("aks-demo", "rg-demo", DEVELOPMENT)
REFUSED = {"status": 403, "code": "AuthorizationFailed", "message": "You may not read it."}


async def found_with(
    folder: Path, *faults: dict[str, Any]
) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Return the IDs of the subscriptions with the cluster, those that could not be read with the reason, and the last
    parts of the paths that were read in Development."""
    async with signed_in(_world(folder, list(faults))) as (simulator, azure):
        found, unreadable = await search(azure, await azure.subscriptions(), "RG-demo", "AKS-demo")
        there = [r.path.rpartition("/")[2] for r in simulator.requests if DEVELOPMENT in r.path]
    assert all(each.body["name"] == "aks-demo" for each in found)
    return (
        [each.row.subscription_id for each in found],
        [(each.subscription_id, each.problem.code or each.problem.cause) for each in unreadable],
        there,
    )


def _world(folder: Path, faults: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    return scenario_file(folder, faults=faults)


def fault(path: str, **answer: Any) -> dict[str, Any]:
    return {"match": {"method": "GET", "path": path}, **answer}


async def test_a_refusal_is_decided_by_the_list_of_the_subscription(tmp_path: Path) -> None:
    refused = fault(THERE, answer=REFUSED)
    assert await found_with(tmp_path / "elsewhere", refused) == (
        [PRODUCTION], [], ["AKS-demo", "managedClusters"]
    )  # fmt: skip
    twin = {"text": json.dumps({"value": [{**cluster(), "id": THERE}]})}
    found, _, _ = await found_with(tmp_path / "listed", refused, fault(LIST, raw=twin))
    assert sorted(found) == [PRODUCTION, DEVELOPMENT]
    _, unreadable, _ = await found_with(tmp_path / "neither", refused, fault(LIST, answer=REFUSED))
    assert unreadable == [(DEVELOPMENT, "AuthorizationFailed")]


async def test_what_is_not_a_cluster_is_neither_found_nor_missing(tmp_path: Path) -> None:
    odd = {**cluster(), "id": THERE, "properties": {"agentPoolProfiles": ["x"]}}
    found, unreadable, read = await found_with(tmp_path, fault(THERE, raw={"text": json.dumps(odd)}))
    assert (found, len(unreadable), set(read)) == ([PRODUCTION], 1, {"AKS-demo"})

"""The verdict on many clusters: depth, shared reads and filters."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.support import PRODUCTION, scenario_file, signed_in, vault_id
from wizard.cloud.azure import Azure
from wizard.cloud.inventory import Unreadable
from wizard.fleet.filters import Filters
from wizard.fleet.read_cache import ReadCache
from wizard.fleet.verify import FleetEntry, verify_all
from wizard.verification.report import Depth
from wizard.verification.verify import at_a_glance, verify

GRAPH = "/providers/microsoft.resourcegraph/resources"
LEDGER_VAULT = vault_id("kv-bank-ledger", "rg-bank")


async def judged(azure: Azure, depth: Depth, **options: Any) -> dict[str, FleetEntry]:
    found = [each async for each in verify_all(azure, await azure.subscriptions(), depth=depth, **options)]
    return {each.row.name: each for each in found if isinstance(each, FleetEntry)}


async def test_depth_full_equals_verifying_each_cluster_alone() -> None:
    async with signed_in() as (simulator, azure):
        found = await judged(azure, "full")
        assert len(found) == 13
        for each in found.values():
            alone = await verify(azure, each.row.id)
            assert replace(each.report, provenance=None) == replace(alone, provenance=None), (
                "but for the moment"
            )
        assert simulator.writes() == []


async def test_depth_basic_reads_only_lists() -> None:
    async with signed_in() as (simulator, azure):
        found = await judged(azure, "basic")
        asked = {request.path.lower().rpartition("/")[2] for request in simulator.requests}
    assert asked == {"endpoints", "token", "subscriptions", "resources", "managedclusters"}
    assert Counter(each.report.passed for each in found.values()) == {False: 9, True: 4}
    for each in found.values():
        assert each.report.encryption == each.row.kind
        assert "unknown" not in {check.outcome for check in each.report.checks}
    assert "key-id-versionless" in {check.code for check in found["batch-eu"].report.checks}
    assert not any(check.code.startswith("vault") for check in found["bank-ledger"].report.checks)


async def test_a_cluster_that_cannot_be_verified_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumbles(cluster: Any, *more: Any) -> Any:
        return cluster["s3cret"] if cluster["name"] == "bank-ledger" else at_a_glance(cluster, *more)

    monkeypatch.setattr("wizard.fleet.verify.at_a_glance", stumbles)
    async with signed_in() as (_, azure):
        found = [each async for each in verify_all(azure, await azure.subscriptions())]
    (missed,) = (each for each in found if isinstance(each, Unreadable))
    assert missed.problem.summary == "The cluster bank-ledger in Contoso Production could not be verified."
    assert missed.problem.cause.startswith("The response from Azure has an unexpected format (KeyError in ")
    assert "s3cret" not in repr(missed)
    assert sum(isinstance(each, FleetEntry) for each in found) == 12


async def test_only_depth_full_finds_a_broken_vault() -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(LEDGER_VAULT, {"properties": {"networkAcls": {"bypass": "None"}}})
        assert (await judged(azure, "basic"))["bank-ledger"].report.passed
        assert not (await judged(azure, "full"))["bank-ledger"].report.passed


async def test_shared_resources_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    fleet = {"clusters": 60, "subscriptions": 2, "encryption": {"none": None, "platform": None, "legacy": None, "customer-private": 1, "customer-public": 1}}  # fmt: skip
    path.write_text(json.dumps({"description": "Keys.", "extends": "fleet", "fleet": fleet}))
    async with signed_in(path) as (simulator, azure):
        found = await judged(azure, "full", filters=Filters(groups=()))
        asked = Counter((request.path.lower(), request.query) for request in simulator.requests)
    assert len(found) == 73
    assert sum(each.row.kind == "customer-managed" for each in found.values()) == 62
    assert {number for (path, _), number in asked.items() if path != GRAPH} == {1}
    vaults = {path for path, _ in asked if "/providers/microsoft.keyvault/" in path and path.count("/") == 8}
    assert len(vaults) == 2 + 3  # one of each generated subscription, three of Contoso
    for vault in vaults:
        roles = [path for path, _ in asked if path.startswith(vault) and path.endswith("/roleassignments")]
        assert len(roles) == 1, "for all identities at once"


async def test_only_wanted_clusters_are_verified() -> None:
    async with signed_in() as (simulator, azure):
        found = await judged(azure, "full", filters=Filters(groups=("RG-BANK",), locations=("Germany West Central",), kinds=("customer-managed",)))  # fmt: skip
        assert set(found) == {"bank-ledger", "bank-cards"}
        read = {request.path.rpartition("/")[2] for request in simulator.requests if "/vaults/" in request.path}  # fmt: skip
        assert "kv-batch-eu" not in read
        assert set(
            await judged(azure, "basic", filters=Filters(kinds=("legacy-kms", "platform-managed")))
        ) == {
            "web-stage",
            "batch-eu",
        }


async def test_the_read_cache_sends_concurrent_requests_once() -> None:
    async with signed_in() as (simulator, azure):
        cache = ReadCache.through(azure)

        async def vault() -> str:
            return str((await cache.vaults(PRODUCTION).vaults.get("rg-bank", "kv-bank-ledger")).name)

        async def vaults() -> list[str]:
            return [str(each.name) async for each in cache.vaults(PRODUCTION).vaults.list_by_subscription()]

        assert await asyncio.gather(*(vault() for _ in range(5))) == ["kv-bank-ledger"] * 5
        first, second = await asyncio.gather(vaults(), vaults())
        assert first == second != []
        asked = [r.path for r in simulator.requests if "keyvault" in r.path.lower()]
        assert len(asked) == 2


async def test_the_read_cache_covers_get_without_an_sdk() -> None:
    async with signed_in() as (simulator, azure):
        cache = ReadCache.through(azure)
        path = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-bank"
        first, second = [await cache.get(path, "2025-04-01") for _ in range(2)]
        assert first == second
        assert first["name"] == "rg-bank"
        with pytest.raises(ResourceNotFoundError):
            await cache.get(f"{path}-nowhere", "2025-04-01")
        assert sum(request.path == path for request in simulator.requests) == 1


async def test_the_read_cache_keeps_errors() -> None:
    async with signed_in() as (simulator, azure):
        cache = ReadCache.through(azure)
        for _ in range(3):
            with pytest.raises(ResourceNotFoundError):
                await cache.vaults(PRODUCTION).vaults.get("rg-bank", "kv-nowhere")
        assert sum("kv-nowhere" in request.path for request in simulator.requests) == 1


async def test_throttled_requests_are_repeated(tmp_path: Path) -> None:
    faults = [
        {
            "match": {"method": "GET", "path": "*/vaults/kv-bank-ledger", "count": 6},
            "answer": {"status": 429, "code": "TooManyRequests", "message": "Later.", "headers": {"x-ms-retry-after-ms": "1"}},
        }
    ]  # fmt: skip
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        found = await judged(azure, "full", filters=Filters(groups=("rg-bank",)))
        assert azure.throttling.times == 6
    assert found["bank-ledger"].report.passed
    assert "unknown" not in {check.outcome for check in found["bank-ledger"].report.checks}


async def test_verification_stops_if_its_results_are_not_consumed(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(json.dumps({"description": "Many.", "extends": "fleet", "page_size": 5, "fleet": {"clusters": 200, "subscriptions": 2}}))  # fmt: skip
    async with signed_in(path) as (_, azure):
        verdicts = verify_all(azure, await azure.subscriptions(), depth="full")
        async for each in verdicts:
            assert isinstance(each, FleetEntry)
            break
        await verdicts.aclose()
        assert len([task for task in asyncio.all_tasks() if "_in_depth" in repr(task)]) == 0


def test_filters_are_combined() -> None:
    assert not Filters().narrows
    assert Filters(failed=True).narrows

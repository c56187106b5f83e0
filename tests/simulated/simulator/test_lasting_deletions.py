"""Deletions that take time: groups, soft-deleted vaults and keys, and requests that are interrupted by them (docs/azure.md#names-and-soft-delete)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    said,
    until,
    vault_path,
)
from tests.support import LIMIT, MovedClock
from wizard.simulator.state.state import KeyVersion
from wizard.simulator.vaults import key_store

DAY = 24 * 3600
GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"


async def test_deleting_a_group_is_a_long_running_operation(start: Start) -> None:
    """202 with Location; until then nothing can be written to the group; 200 in the end."""
    clock = MovedClock()
    cloud = await start(speed=1, clock=clock)
    status, body, headers = await cloud.raw("DELETE", GROUP, "2024-11-01")
    assert (status, body, headers["Retry-After"]) == (202, None, "10")
    where = headers["Location"].removeprefix(cloud.endpoint).rpartition("?")[0]
    assert where.startswith(f"/subscriptions/{PRODUCTION}/operationresults/")
    assert (await cloud.raw("GET", where, "2024-11-01"))[0] == 202
    _, group, _ = await cloud.raw("GET", GROUP, "2024-11-01")
    assert group["properties"]["provisioningState"] == "Deleting"
    with pytest.raises(HttpResponseError, match="ResourceGroupBeingDeleted"):
        await cloud.make_identity()
    again = await cloud.raw("DELETE", GROUP, "2024-11-01")
    assert again[2]["Location"] == headers["Location"]
    clock.ahead += 60
    assert (await cloud.raw("GET", where, "2024-11-01"))[0] == 202, "its cluster takes longer"
    clock.ahead += 300
    assert (await cloud.raw("GET", where, "2024-11-01"))[0] == 200
    assert (await cloud.raw("GET", GROUP, "2024-11-01"))[1]["error"]["code"] == "ResourceGroupNotFound"
    assert cloud.cluster() is None
    nowhere = where.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    assert (await cloud.raw("GET", nowhere, "2024-11-01"))[0] == 404


async def test_the_sdk_waits_until_a_group_is_deleted(start: Start) -> None:
    cloud = await start(speed=2000)
    poller = await cloud.resources.resource_groups.begin_delete("rg-web")
    assert not poller.done()
    await poller.result()
    assert not await cloud.resources.resource_groups.check_existence("rg-web")


async def test_purging_a_vault_purges_its_deleted_keys(start: Start) -> None:
    cloud = await start("key-deleted")
    await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    await (await cloud.vaults.vaults.begin_purge_deleted("kv-demo", "westus2")).result()
    await cloud.make_vault()
    assert (await cloud.make_key()).name == "aks-kms"


@pytest.fixture
def in_flight(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractAsyncContextManager[None]]:
    """Delay the creation of a key until the block ends. Inside it, key material is being generated, or the request was answered already."""

    @asynccontextmanager
    async def making(request: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
        began, go, make = threading.Event(), threading.Event(), key_store._generate

        def slowly(version: KeyVersion) -> Any:
            began.set()
            assert go.wait(LIMIT)
            return make(version)

        monkeypatch.setattr(key_store, "_generate", slowly)
        answered = asyncio.create_task(request)
        answered.add_done_callback(lambda _: began.set())
        assert await asyncio.to_thread(began.wait, 20)
        yield
        go.set()
        await answered

    return making


@pytest.mark.parametrize("how", ["management plane", "data plane", "rotation"])
async def test_a_key_in_creation_is_deleted_with_its_vault(
    cloud: Cloud, in_flight: Callable[..., AbstractAsyncContextManager[None]], how: str
) -> None:
    """It does not come back when the vault's name is used again."""
    vault = await cloud.make_vault()
    await cloud.grant(vault.id, CRYPTO_OFFICER, OPERATOR)
    keys = cloud.keys("kv-demo")
    if how == "rotation":
        await keys.create_rsa_key("aks-kms")
    ways: dict[str, Callable[[], Any]] = {
        "management plane": cloud.make_key,
        "data plane": partial(keys.create_rsa_key, "aks-kms"),
        "rotation": partial(keys.rotate_key, "aks-kms"),
    }
    async with in_flight(ways[how]()):
        await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    await (await cloud.vaults.vaults.begin_purge_deleted("kv-demo", "westus2")).result()
    await cloud.make_vault()
    assert [key.name async for key in cloud.vaults.keys.list("rg-demo", "kv-demo")] == []


@pytest.mark.parametrize("how", ["create_rsa_key", "rotate_key"])
async def test_a_version_in_creation_is_deleted_with_its_key(
    cloud: Cloud, in_flight: Callable[..., AbstractAsyncContextManager[None]], how: str
) -> None:
    """A key never exists and is deleted at the same time."""
    vault = await cloud.make_vault()
    await cloud.grant(vault.id, CRYPTO_OFFICER, OPERATOR)
    keys = cloud.keys("kv-demo")
    await keys.create_rsa_key("aks-kms")

    async def gone() -> bool:
        return [key async for key in cloud.vaults.keys.list("rg-demo", "kv-demo")] == []

    async with in_flight(getattr(keys, how)("aks-kms")):
        deleting = asyncio.create_task(keys.delete_key("aks-kms"))
        await until(gone, "it is deleted at once, though the answer shows its newest version")
    await deleting
    assert [key.name async for key in keys.list_properties_of_keys()] == []
    await keys.recover_deleted_key("aks-kms")
    assert len([each async for each in keys.list_properties_of_key_versions("aks-kms")]) == 2


@pytest.mark.parametrize("kind", ["expired", "revoked"])
async def test_expired_and_revoked_tokens_on_the_data_plane(start: Start, kind: str) -> None:
    """Faults apply to the vault's data plane: an expired token is final, a revoked one is replaced by the SDK."""
    path = "path: '/keys', method: GET, nth: 3"  # the first one is challenged
    cloud = await start(f"faults: [{{match: {{{path}}}, token: {kind}}}]")
    await cloud.make_vault()
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    keys = cloud.keys("kv-demo")
    listed = [key async for key in keys.list_properties_of_keys()]
    if kind == "revoked":
        listed += [key async for key in keys.list_properties_of_keys()]
    else:
        with pytest.raises(HttpResponseError) as refused:
            listed += [key async for key in keys.list_properties_of_keys()]
        assert refused.value.status_code == 401
    assert listed == []
    statuses = [entry.status for entry in cloud.simulator.requests if entry.path == "/keys"]
    assert statuses[:3] == [401, 200, 401]


async def vault_statuses(
    cloud: Cloud, method: str, path: str, body: Any, times: int
) -> list[tuple[int, Any, Any]]:
    token = await cloud.token("https://vault.local.test")
    url = f"https://kv-demo.vault.local.test{path}?api-version=7.6"

    async def one() -> tuple[int, Any, Any]:
        async with cloud.session.request(
            method, url, json=body, headers={"Authorization": f"Bearer {token}"}
        ) as answer:
            return answer.status, await answer.json(), answer.headers

    return list(await asyncio.gather(*(one() for _ in range(times))))


@pytest.mark.parametrize(
    ("bucket", "method", "path", "body"),
    [
        ("vault_calls", "GET", "/keys", None),
        ("vault_key_creations", "POST", "/keys/k/create", {"kty": "EC"}),
    ],
)
async def test_a_vault_throttles_requests(
    start: Start, bucket: str, method: str, path: str, body: Any
) -> None:
    """Key Vault's 429, with Retry-After."""
    limit = "{size: 3, refill: 1, seconds: 600}"
    cloud = await start(f"throttling: {{enforced: always, {bucket}: {limit}}}")
    await cloud.make_vault()
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    answers = await vault_statuses(cloud, method, path, body, 4)
    assert sorted(status for status, _, _ in answers) == [200, 200, 200, 429]
    _, refused, headers = next(answer for answer in answers if answer[0] == 429)
    assert refused["error"]["code"] == "Throttled"
    assert 590 <= int(headers["Retry-After"]) <= 600


async def test_aks_errors_are_flat_and_arm_errors_are_nested(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, EtagMismatch: AKS's own refusals are not inside `error` and have a subcode. The SDK reads both forms."""
    cloud = await start(
        "faults: [{match: {name: aks-demo, method: PUT}, answer: {status: 409, code: EtagMismatch, message: 'Operation is not allowed: Another "
        "operation is in progress', subcode: PutManagedClusterAndComponents_FailedPrecondition, details: [{code: Unspecified, message: "
        "'rpc error: code = FailedPrecondition desc = Etag mismatched'}]}}]"
    )
    _, refused, _ = await cloud.raw("PUT", cluster_path(), body={"location": "westus2"})
    assert set(refused) == {"code", "details", "message", "subcode"}
    assert refused["details"][0]["message"].endswith("Etag mismatched")
    with pytest.raises(HttpResponseError) as caught:
        await cloud.aks.managed_clusters.begin_create_or_update(
            "rg-demo", "aks-demo", {"location": "westus2"}
        )
    assert (caught.value.error.code if caught.value.error else "") == "EtagMismatch"
    _, refused, _ = await cloud.raw(
        "PUT", cluster_path("payments-prod", "rg-payments"), body={"location": "westeurope", "bogus": 1}
    )
    assert (refused["code"], refused["subcode"], refused["details"]) == ("UnmarshalError", "", None)
    _, refused, _ = await cloud.raw("GET", cluster_path("none"))
    assert (set(refused), said(refused)["code"]) == ({"error"}, "ResourceNotFound")

"""Management locks: create, read and delete them, and what they deny ("Lock your resources", docs/azure.md#refusals-of-the-aks-resource-provider ScopeLocked)."""

from typing import Any

import pytest
from azure.mgmt.resource.locks.aio import ManagementLockClient

from tests.simulated.simulator.clients import (
    CRYPTO_USER,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    cluster_path,
    vault_path,
)

GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
LOCKS = "/providers/Microsoft.Authorization/locks"
API = "2020-05-01"


async def lock(cloud: Cloud, scope: str, level: str, name: str = "l") -> int:
    body = {"properties": {"level": level, "notes": "why"}}
    status, answer, _ = await cloud.raw("PUT", f"{scope}{LOCKS}/{name}", API, body)
    assert (answer["id"], answer["properties"]) == (f"{scope}{LOCKS}/{name}", body["properties"])
    return status


async def write(cloud: Cloud, method: str, path: str, api_version: str, body: Any = None) -> tuple[int, str]:
    status, answer, _ = await cloud.raw(method, path, api_version, body)
    return status, answer["error"]["message"] if status >= 400 else ""


def locked(scope: str, verb: str, *by: str) -> tuple[int, str]:
    return (
        409,
        f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: '{','.join(by)}'. Please remove the lock and try again.",
    )


async def test_a_read_only_lock_denies_writes_below_it_and_allows_reads(cloud: Cloud) -> None:
    await cloud.make_vault()
    assert await lock(cloud, GROUP, "ReadOnly") == 201
    tags = {"tags": {"a": "b"}}
    assert await write(cloud, "PATCH", vault_path(), "2026-02-01", tags) == locked(
        vault_path(), "write", GROUP
    )
    assert await write(cloud, "DELETE", vault_path(), "2026-02-01") == locked(vault_path(), "delete", GROUP)
    stop = await write(cloud, "POST", f"{cluster_path()}/stop", "2026-08-01")
    assert stop == locked(
        cluster_path(), "write", GROUP
    )  # every POST of the management plane counts as a write
    assert (await cloud.raw("GET", cluster_path()))[0] == 200
    other = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-web"
    group = cloud.simulator.resource(other)
    assert group is not None
    body = {"location": group["location"]} | tags
    assert (await cloud.raw("PUT", other, "2024-11-01", body))[0] == 200
    assert (await cloud.raw("DELETE", f"{GROUP}{LOCKS}/l", API))[0] == 200  # a lock does not protect itself
    assert (await cloud.raw("DELETE", f"{GROUP}{LOCKS}/l", API))[0] == 204
    assert (await write(cloud, "PATCH", vault_path(), "2026-02-01", tags))[0] == 200


async def test_a_delete_lock_on_a_resource_protects_its_group_too(cloud: Cloud) -> None:
    vault = await cloud.make_vault()
    assert await lock(cloud, vault.id, "CanNotDelete") == 201
    assert (await write(cloud, "PATCH", vault.id, "2026-02-01", {"tags": {"a": "b"}}))[0] == 200
    assert await write(cloud, "DELETE", vault.id, "2026-02-01") == locked(vault.id, "delete", vault.id)
    assert await write(cloud, "DELETE", GROUP, "2024-11-01") == locked(GROUP, "delete", vault.id)
    await cloud.grant(vault.id, CRYPTO_USER, OPERATOR, name="99999999-9999-9999-9999-999999999999")
    role = (
        f"{vault.id}/providers/Microsoft.Authorization/roleAssignments/99999999-9999-9999-9999-999999999999"
    )
    assert (await write(cloud, "DELETE", role, "2022-04-01"))[0] == 409
    assert await lock(cloud, vault.id, "ReadOnly") == 200
    assert (await write(cloud, "PATCH", vault.id, "2026-02-01", {"tags": {}}))[0] == 409


async def test_locks_are_listed_above_and_below_and_deleted_with_their_scope(cloud: Cloud) -> None:
    identity = await cloud.make_identity()
    subscription = f"/subscriptions/{PRODUCTION}"
    await lock(cloud, subscription, "CanNotDelete", "all")
    await lock(cloud, identity.id, "ReadOnly", "one")

    async def names(scope: str, more: str = "") -> list[str]:
        _, answer, _ = await cloud.raw("GET", f"{scope}{LOCKS}{more}", API)
        return sorted(each["name"] for each in answer["value"])

    assert await names(subscription) == ["all", "one"]
    assert await names(GROUP) == ["all", "one"]
    assert await names(GROUP, "?$filter=atScope()") == ["all"]
    assert await names(identity.id) == ["all", "one"]
    assert await names(vault_path("kv-batch-eu", "rg-batch")) == ["all"]
    client = ManagementLockClient(
        cloud.credential, PRODUCTION, base_url=cloud.endpoint, credential_scopes=[f"{cloud.endpoint}//.default"], **cloud.net()
    )  # fmt: skip
    async with client:
        assert [
            each.level async for each in client.management_locks.list_at_resource_group_level("rg-demo")
        ] == [
            "CanNotDelete",
            "ReadOnly",
        ]
    cloud.simulator.remove(identity.id)
    assert await names(subscription) == ["all"]


@pytest.mark.parametrize(
    ("method", "where", "status", "code"),
    [
        ("GET", f"{GROUP}{LOCKS}/none", 404, "LockNotFound"),
        ("PUT", f"/subscriptions/{PRODUCTION}/resourceGroups/rg-none{LOCKS}/l", 404, "ResourceGroupNotFound"),
        ("PUT", f"{GROUP}{LOCKS}/a%26b", 400, "InvalidResourceName"),
    ],
)
async def test_invalid_locks_are_refused(
    cloud: Cloud, method: str, where: str, status: int, code: str
) -> None:
    body = {"properties": {"level": "ReadOnly"}} if method == "PUT" else None
    got, answer, _ = await cloud.raw(method, where, API, body)
    assert (got, answer["error"]["code"]) == (status, code)


async def test_creating_a_lock_requires_permission(start: Start) -> None:
    reader = await start(principal="reader")
    body = {"properties": {"level": "ReadOnly"}}
    status, answer, _ = await reader.raw("PUT", f"{GROUP}{LOCKS}/l", API, body)
    assert (status, answer["error"]["code"]) == (403, "AuthorizationFailed")
    assert "'Microsoft.Authorization/locks/write'" in answer["error"]["message"]


async def test_locks_of_a_scenario_can_be_deleted(start: Start) -> None:
    cloud = await start(
        f"subscriptions: {{{PRODUCTION}: {{locks: {{freeze: {{scope: {GROUP}, level: ReadOnly}}}}}}}}"
    )
    body = {
        "location": "westus2",
        "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}},
    }
    assert (await write(cloud, "PUT", vault_path(), "2026-02-01", body))[0] == 409
    await cloud.raw("DELETE", f"{GROUP}{LOCKS}/freeze", API)
    assert (await write(cloud, "PUT", vault_path(), "2026-02-01", body))[0] == 200

"""Faults of a scenario: in responses and connections, in operations, and in tokens."""

import time
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import AKS, PRODUCTION, Cloud, Start, cluster_path, said
from wizard.simulator.arm.faults import operation_of

S = f"/subscriptions/{PRODUCTION}"
WRITES = "operation: microsoft.containerservice/managedclusters/WRITE"


@pytest.mark.parametrize(
    ("method", "path", "operation", "name"),
    [
        ("GET", cluster_path(), "Microsoft.ContainerService/managedClusters/read", "aks-demo"),
        ("POST", f"{cluster_path()}/stop", "Microsoft.ContainerService/managedClusters/stop/action", "aks-demo"),
        ("PUT", f"{S}/resourceGroups/rg-x", "Microsoft.Resources/resourceGroups/write", "rg-x"),
        ("GET", f"{S}/resourceGroups", "Microsoft.Resources/resourceGroups/read", ""),
        ("GET", "/subscriptions", "Microsoft.Resources/subscriptions/read", ""),
        ("DELETE", f"{S}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", "Microsoft.KeyVault/vaults/delete", "v"),
        ("GET", f"{S}/providers/Microsoft.Features", "Microsoft.Features/read", ""),
        ("GET", f"{S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/F", "Microsoft.Features/providers/features/read", "F"),
        ("POST", f"{S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/F/register", "Microsoft.Features/providers/features/register/action", "F"),
    ],
)  # fmt: skip
def test_operation_and_name_of_a_request(method: str, path: str, operation: str, name: str) -> None:
    assert operation_of(method, path) == (operation, name)


def test_operation_and_name_of_a_vault_request() -> None:
    assert operation_of("POST", "/keys/k/create", vault=True) == (
        "Microsoft.KeyVault/vaults/keys/create/action",
        "k",
    )


async def statuses(cloud: Cloud, count: int, path: str = cluster_path()) -> list[int]:
    return [(await cloud.raw("GET", path))[0] for _ in range(count)]


ODD = "answer: {status: 500, code: Odd, message: Odd.}"


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ("name: AKS-*", [0, 1, 2, 3, 4, 5]),
        ("name: other", []),
        ("operation: '*/managedclusters/read', nth: 3", [2]),
        ("operation: '*/write'", []),
        ("path: '*/managedclusters/*', count: 2", [0, 1]),
        ("path: '*/managedclusters/*', skip: 2, count: 2", [2, 3]),
        ("path: '*/managedclusters/*', every: 3", [2, 5]),
        ("method: PUT", []),
        ("method: g*", [0, 1, 2, 3, 4, 5]),
    ],
)
async def test_which_requests_a_fault_affects(start: Start, match: str, struck: list[int]) -> None:
    cloud = await start(f"faults:\n  - match: {{{match}}}\n    {ODD}")
    assert [number for number, status in enumerate(await statuses(cloud, 6)) if status == 500] == struck
    assert cloud.simulator.fault_counts() == [len(struck)]


async def test_counts_of_applied_faults(start: Start) -> None:
    """A fault is not counted if an earlier one applies; injecting faults resets the counts."""
    cloud = await start(
        f"faults:\n  - match: {{name: aks-demo, count: 1}}\n    {ODD}\n  - match: {{name: aks-*}}\n    {ODD}"
    )
    await statuses(cloud, 3)
    assert cloud.simulator.fault_counts() == [1, 2]
    odd = {"status": 500, "code": "Odd", "message": "Odd."}
    cloud.simulator.inject_faults(*({"match": {"name": name}, "answer": odd} for name in ("aks-demo", "x")))
    assert cloud.simulator.fault_counts() == [0, 0]
    await statuses(cloud, 1)
    assert cloud.simulator.fault_counts() == [1, 0]


async def test_same_seed_affects_the_same_requests(start: Start) -> None:
    scenario = "faults:\n  - match: {{path: '*/managedclusters/*', probability: 0.3, seed: {seed}}}\n    " + ODD.replace("{", "{{").replace("}", "}}")  # fmt: skip
    first, again, other = [await statuses(await start(scenario.format(seed=seed)), 40) for seed in (1, 1, 2)]
    assert first == again != other
    assert 3 <= first.count(500) <= 25


async def test_truncated_response(start: Start) -> None:
    cloud = await start("faults:\n  - {match: {name: aks-demo, count: 1}, truncate: true}")
    with pytest.raises(aiohttp.ClientPayloadError):
        await cloud.raw("GET", cluster_path())
    assert await statuses(cloud, 1) == [200]


async def test_response_that_is_not_json(start: Start) -> None:
    cloud = await start("faults:\n  - {match: {name: aks-demo, count: 1}, malformed: true}")
    with pytest.raises(ValueError, match="Expecting value"):
        await cloud.raw("GET", cluster_path())
    assert await statuses(cloud, 1) == [200]


@pytest.mark.parametrize("how", ["reset: true", ODD])
async def test_request_is_executed_and_its_response_lost(start: Start, how: str) -> None:
    cloud = await start(f"faults:\n  - match: {{method: PATCH}}\n    after: true\n    {how}")
    body = {"tags": {"carried": "out"}}
    if "reset" in how:
        with pytest.raises(aiohttp.ClientError):
            await cloud.raw("PATCH", cluster_path(), body=body)
    else:
        assert (await cloud.raw("PATCH", cluster_path(), body=body))[0] == 500
    assert cloud.cluster()["tags"] == body["tags"]


async def test_fault_affects_discovery_requests_too(start: Start) -> None:
    cloud = await start(f"faults:\n  - match: {{path: /metadata/*}}\n    after: true\n    {ODD}")
    assert await statuses(cloud, 1, "/metadata/endpoints") == [500]


async def test_error_response_is_lost_too(start: Start) -> None:
    cloud = await start(f"faults:\n  - match: {{name: nobody}}\n    after: true\n    {ODD}")
    assert await statuses(cloud, 1, cluster_path("nobody")) == [500]


async def operation(cloud: Cloud) -> tuple[Any, Any]:
    """Update aks-demo. Return the operation and the provisioning state of the cluster."""
    _, _, headers = await cloud.put_cluster()
    _, answer, _ = await cloud.raw("GET", headers["Azure-AsyncOperation"].removeprefix(cloud.endpoint), "")
    return answer, (await cloud.raw("GET", cluster_path()))[1]["properties"]["provisioningState"]


async def test_preempted_operation(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider OriginalEtagNotExpect, reported at the end of the operation."""
    cloud = await start("preempted")
    cluster = await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    poller = await cloud.aks.managed_clusters.begin_create_or_update("rg-demo", "aks-demo", cluster)
    with pytest.raises(HttpResponseError) as failed:
        await poller.result()
    assert failed.value.error is not None
    assert failed.value.error.code == "ResourceOperationFailure"
    assert [detail.code for detail in failed.value.error.details] == ["OriginalEtagNotExpect"]
    assert (await operation(cloud))[0]["status"] == "Succeeded"


async def test_failed_operation_with_details(start: Start) -> None:
    cloud = await start(f"faults:\n  - match: {{{WRITES}}}\n    lro_fails: {{code: A, message: b, details: [{{code: C, message: d}}]}}")  # fmt: skip
    answer, state = await operation(cloud)
    assert (said(answer), state) == ({"code": "A", "message": "b", "details": [{"code": "C", "message": "d"}]}, "Failed")  # fmt: skip


async def test_operation_that_never_ends(start: Start) -> None:
    cloud = await start("never-ends")
    answer, state = await operation(cloud)
    assert (answer["status"], state) == ("InProgress", "Updating")
    assert said((await cloud.put_cluster())[1])["code"] == "OperationNotAllowed"


async def test_operation_and_resource_disagree(start: Start) -> None:
    """docs/azure.md#long-running-operations: InProgress while the resource is Succeeded (Azure/AKS#1968), and vice versa."""
    cloud = await start("operation-lags")
    answer, state = await operation(cloud)
    assert (answer["status"], state) == ("InProgress", "Succeeded")
    assert (await cloud.put_cluster())[0] == 200, "the cluster accepts a new operation"
    now = time.time()
    slow = await start(f"durations: {{cluster_update: 30}}\nfaults:\n  - {{match: {{{WRITES}}}, lro: resource-lags}}", speed=1, clock=lambda: now)  # fmt: skip
    answer, state = await operation(slow)
    assert (answer["status"], state) == ("InProgress", "Updating")
    now += 31
    _, answer, _ = await slow.raw("GET", f"{S}/providers/Microsoft.ContainerService/locations/westus2/operations/{poll_id(slow)}")  # fmt: skip
    assert answer["status"] == "Succeeded"
    assert slow.cluster()["properties"]["provisioningState"] == "Updating"
    now += 3600
    assert slow.cluster()["properties"]["provisioningState"] == "Succeeded", "it catches up"


def poll_id(cloud: Cloud) -> str:
    return next(
        entry.path.rpartition("/")[2] for entry in cloud.simulator.requests if "/operations/" in entry.path
    )


async def test_expired_token(start: Start) -> None:
    cloud = await start("faults:\n  - {match: {name: aks-demo, nth: 2}, token: expired}")
    assert (await cloud.raw("GET", cluster_path()))[0] == 200
    status, answer, headers = await cloud.raw("GET", cluster_path())
    assert (status, said(answer)["code"]) == (401, "ExpiredAuthenticationToken")
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]
    assert (await cloud.raw("GET", f"{S}/resourceGroups/rg-demo", "2024-11-01"))[0] == 401, "permanently"


async def test_sdk_replaces_a_revoked_token(start: Start) -> None:
    cloud = await start("faults:\n  - {match: {name: aks-demo, nth: 2}, token: revoked}")
    for _ in range(3):
        assert (await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")).name == "aks-demo"
    assert [entry.status for entry in cloud.simulator.requests if entry.api_version == AKS].count(401) == 1


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ("{match: {}, reset: true, lro: preempted}", "exactly one"),
        ("{match: {}}", "exactly one"),
        ("{match: {}, hang: true, after: true}", "`after` goes with"),
        ("{match: {nth: 1, every: 2}, reset: true}", "at most one"),
        ("{match: {probability: 1.5}, reset: true}", "probability"),
    ],
)
async def test_invalid_fault_names_its_place(start: Start, fault: str, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        await start(f"faults: [{fault}]")


async def test_intermediary_responds_instead_of_azure(start: Start) -> None:
    cloud = await start()
    page = {"status": 404, "content_type": "text/html", "body": "<html>"}
    cloud.simulator.inject_faults({"match": {"name": "aks-demo", "count": 1}, "page": page})
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as anybody:
        url = f"{cloud.simulator.arm_endpoint}{cluster_path()}?api-version={AKS}"
        async with anybody.get(url) as answer:
            assert (answer.status, answer.content_type, await answer.text()) == (404, "text/html", "<html>")
    assert cloud.simulator.requests[-1].status == 404
    assert (await cloud.raw("GET", cluster_path()))[0] == 200


@pytest.mark.parametrize(
    ("fault", "said"), [("gone", aiohttp.ClientConnectorError), ("untrusted", aiohttp.ClientSSLError)]
)
async def test_server_is_unreachable_until_the_fault_is_removed(
    start: Start, fault: str, said: type[Exception]
) -> None:
    cloud = await start()
    cloud.simulator.inject_faults({"match": {"name": "aks-demo"}, fault: True})
    with pytest.raises(aiohttp.ClientError):
        await cloud.raw("GET", cluster_path())
    for _ in range(2):
        with pytest.raises(said):
            await cloud.raw("GET", f"{S}/resourceGroups/rg-demo", "2024-11-01")
    cloud.simulator.inject_faults()
    assert (await cloud.raw("GET", cluster_path()))[0] == 200


async def test_injected_faults_are_counted_from_their_injection(start: Start) -> None:
    cloud = await start()
    for _ in range(2):
        cloud.simulator.inject_faults(
            {
                "match": {"name": "aks-demo", "nth": 2},
                "answer": {"status": 500, "code": "Odd", "message": "Odd."},
            }
        )
        assert await statuses(cloud, 3) == [200, 500, 200]
    with pytest.raises(ValueError, match="exactly one"):
        cloud.simulator.inject_faults({"match": {}})

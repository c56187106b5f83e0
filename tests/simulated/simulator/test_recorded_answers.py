"""What Microsoft's recordings show of a cluster's life (docs/azure.md#long-running-operations, #round-trip-through-the-sdk)."""

from typing import Any

import pytest

from tests.simulated.simulator.clients import Cloud, Start, cluster_path, said


async def create(cloud: Cloud, **more: Any) -> tuple[int, Any, Any]:
    body = {
        "location": "westus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "x",
            "agentPoolProfiles": [{"name": "nodepool1", "count": 3, "mode": "System"}],
        },
    } | more
    return await cloud.raw("PUT", cluster_path("aks-new"), body=body)


async def test_the_answer_to_a_create_has_no_etag_and_nothing_that_aks_adds_later(cloud: Cloud) -> None:
    _, made, _ = await create(cloud)
    _, read, _ = await cloud.raw("GET", cluster_path("aks-new"))
    assert "eTag" not in made
    assert "eTag" not in made["properties"]["agentPoolProfiles"][0]
    assert "identityProfile" not in made["properties"]
    assert "effectiveOutboundIPs" not in made["properties"]["networkProfile"]["loadBalancerProfile"]
    assert "principalId" not in made["identity"]
    assert read["eTag"]
    assert read["properties"]["identityProfile"]
    assert read["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"]
    assert read["identity"]["principalId"]


async def test_the_answer_to_a_create_names_a_user_assigned_identity_without_its_ids(cloud: Cloud) -> None:
    identity = await cloud.make_identity()
    given = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    _, made, _ = await create(cloud, identity=given)
    assert made["identity"] == given
    assert cloud.cluster("aks-new")["identity"]["userAssignedIdentities"][identity.id]["principalId"]


async def test_the_answer_to_an_update_has_the_old_etags(cloud: Cloud) -> None:
    before = cloud.cluster()
    _, updated, _ = await cloud.put_cluster()
    assert updated["eTag"] == before["eTag"]
    (old,), (new,) = (each["properties"]["agentPoolProfiles"] for each in (before, updated))
    assert new["eTag"] == old["eTag"]
    assert cloud.cluster()["eTag"] != before["eTag"]


async def test_an_empty_storage_profile_keeps_the_csi_drivers(cloud: Cloud) -> None:
    """Every `az aks update` sends `"storageProfile": {}`."""
    drivers = {
        "diskCSIDriver": {"enabled": False},
        "fileCSIDriver": {"enabled": True},
        "snapshotController": {"enabled": True},
        "blobCSIDriver": {"enabled": True},
    }
    await cloud.put_cluster(properties={"storageProfile": drivers})
    await cloud.put_cluster(properties={"storageProfile": {}})
    assert cloud.cluster()["properties"]["storageProfile"] == drivers
    pools = [{"name": "nodepool1", "count": 1, "mode": "System"}]
    await create(cloud, properties={"dnsPrefix": "x", "agentPoolProfiles": pools, "storageProfile": {}})
    made = cloud.cluster("aks-new")["properties"]["storageProfile"]
    assert made == {name: {"enabled": True} for name in drivers if name != "blobCSIDriver"}


async def test_an_operation_reports_what_it_is_doing(start: Start) -> None:
    cloud = await start("throttling: {enforced: never}\ndurations: {cluster_create: 600}", speed=200)
    _, _, headers = await create(cloud)
    poll = headers["Azure-AsyncOperation"].removeprefix(cloud.endpoint)
    seen: list[str] = []
    while not seen or seen[-1] != "Succeeded":
        status = (await cloud.raw("GET", poll, ""))[1]["status"]
        if status not in seen:
            seen.append(status)
    order = [
        "InProgress", "ProvisioningNetworkResources", "ProvisioningControlPlane", "CreatingAgentPools: 0/3 nodes completed",
        "CreatingAgentPools: 1/3 nodes completed", "CreatingAgentPools: 2/3 nodes completed", "ReconcilingDNS", "ReconcilingAddons", "Succeeded",
    ]  # fmt: skip
    assert seen == [each for each in order if each in seen]
    assert len(seen) > 4


@pytest.mark.parametrize(("interval", "sent"), [(0, False), (10, True)])
async def test_a_scenario_can_leave_out_retry_after(start: Start, interval: int, sent: bool) -> None:
    cloud = await start(f"durations: {{poll_interval: {interval}, cluster_update: 1000}}", speed=1)
    _, _, headers = await cloud.put_cluster()
    assert ("Retry-After" in headers) is sent


async def test_the_latest_operation_of_a_cluster(cloud: Cloud) -> None:
    """`az aks operation show-latest`."""
    latest = f"{cluster_path()}/operations/latest"
    status, body, _ = await cloud.raw("GET", latest)
    assert (status, said(body)["code"]) == (404, "NotFound")
    await cloud.put_cluster()
    status, body, _ = await cloud.raw("GET", latest)
    assert (status, body["status"]) == (200, "Succeeded")
    assert body["resourceId"].endswith("/aks-demo")
    assert (await cloud.raw("GET", f"{cluster_path()}/operations/{body['name']}"))[0] == 200


async def test_aborting_an_operation_that_never_ends(start: Start) -> None:
    """`az aks operation-abort`."""
    cloud = await start("never-ends")
    await cloud.put_cluster()
    assert (await cloud.raw("POST", f"{cluster_path()}/abort"))[0] == 202
    assert cloud.cluster()["properties"]["provisioningState"] == "Canceled"
    _, body, _ = await cloud.raw("GET", f"{cluster_path()}/operations/latest")
    assert body["status"] == "Canceled"
    assert (await cloud.raw("POST", f"{cluster_path()}/abort"))[0] == 204


PRIVATE = """
subscriptions:
  22222222-2222-2222-2222-222222222222:
    groups: {rg-demo: {clusters: {aks-demo: {body: {properties: {apiServerAccessProfile: {enablePrivateCluster: true}}}}}}}
"""


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("kubectl get --raw '/readyz?verbose'", 0, "[+]kms-providers ok"),
        ("kubectl get --raw /metrics", 0, "process_start_time_seconds"),
        ("kubectl get --raw /api/v1/secrets", 0, '"SecretList"'),
        ("kubectl get --raw /nothing", 1, "could not find the requested resource"),
        ("kubectl get pods", 1, "only"),
        ("kubectl get '", 2, "No closing quotation"),
    ],
)
async def test_a_command_runs_inside_a_private_cluster(
    start: Start, command: str, code: int, text: str
) -> None:
    """`az aks command invoke`."""
    cloud = await start(PRIVATE)
    status, _, headers = await cloud.raw("POST", f"{cluster_path()}/runCommand", body={"command": command})
    assert status == 202
    _, body, _ = await cloud.raw("GET", headers["Location"].removeprefix(cloud.endpoint), "")
    assert body["properties"]["exitCode"] == code
    assert text in body["properties"]["logs"]


async def test_a_command_needs_a_running_cluster_and_a_command(start: Start) -> None:
    cloud = await start("stopped")
    status, _, _ = await cloud.raw("POST", f"{cluster_path()}/runCommand", body={"command": "true"})
    assert status == 400
    cloud = await start()
    assert (await cloud.raw("POST", f"{cluster_path()}/runCommand", body={"context": ""}))[0] == 400
    assert (await cloud.raw("GET", f"{cluster_path()}/commandResults/none"))[0] == 404

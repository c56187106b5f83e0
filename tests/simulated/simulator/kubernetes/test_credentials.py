"""Access to a cluster: credentials from ARM, local accounts, Entra, private and stopped clusters."""

import base64
import json
from pathlib import Path

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import OPERATOR, PRODUCTION, Cloud, Start, cluster_path, refusal
from tests.simulated.simulator.kubernetes.api import ApiServer, api_server, kubeconfig

AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
RBAC_CLUSTER_ADMIN = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"


def with_body(properties: str) -> str:
    """Return a scenario in which aks-demo has these properties."""
    return f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{clusters: {{aks-demo: {{body: {{properties: {properties}}}}}}}}}}}}}}}"


ENTRA = "{disableLocalAccounts: true, aadProfile: {managed: true, enableAzureRBAC: true}}"


@pytest.mark.parametrize("role", ["clusterUser", "clusterAdmin"])
async def test_a_kubeconfig_gives_access(cloud: Cloud, role: str) -> None:
    text = await kubeconfig(cloud, role=role)
    assert f"server: https://{cloud.cluster()['properties']['fqdn']}:443" in text
    assert f"name: {role}_rg-demo_aks-demo" in text
    async with aiohttp.ClientSession() as session:
        status, version = await ApiServer(session, text).ask("GET", "/version")
    assert (status, version["gitVersion"], version["minor"]) == (200, "v1.34.2", "34")


async def test_user_and_administrator_have_different_credentials(cloud: Cloud) -> None:
    texts = [await kubeconfig(cloud, role=role) for role in ("clusterUser", "clusterAdmin", "clusterUser")]
    assert texts[0] == texts[2]
    assert texts[0] != texts[1]
    assert all("current-context: aks-demo\n" in text for text in texts), (
        "az itself renames the administrator's"
    )


async def test_credentials_require_their_own_permission(start: Start) -> None:
    reader = await start(principal="reader")
    with pytest.raises(HttpResponseError) as refused:
        await kubeconfig(reader)
    status, code, text, _ = refusal(refused.value)
    assert (status, code) == (403, "AuthorizationFailed")
    assert "managedClusters/listClusterUserCredential/action" in text


async def test_credentials_and_secrets_are_not_recorded(start: Start, tmp_path: Path) -> None:
    cloud = await start(record=tmp_path / "record.jsonl")
    async with api_server(cloud) as api:
        await api.secret(password="hunter-two")
        await api.ask("GET", "/api/v1/secrets")
        token = api.token
    recorded = (tmp_path / "record.jsonl").read_text("utf-8")
    assert "/api/v1/namespaces/default/secrets" in recorded
    assert token not in recorded
    assert "hunter-two" not in recorded
    assert base64.b64encode(b"hunter-two").decode() not in recorded
    assert cloud.simulator.writes() == []


async def test_disabled_local_accounts_have_no_credentials(start: Start) -> None:
    cloud = await start(with_body("{disableLocalAccounts: true}"))
    for role in ("clusterUser", "clusterAdmin"):
        with pytest.raises(HttpResponseError) as refused:
            await kubeconfig(cloud, role=role)
        assert refusal(refused.value)[:3] == (
            400,
            "BadRequest",
            "Getting static credential is not allowed because this cluster is set to disable local accounts.",
        )


async def test_disabling_local_accounts_invalidates_their_credentials(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        assert (await api.ask("GET", "/version"))[0] == 200
        cloud.simulator.change(cluster_path(), {"properties": {"disableLocalAccounts": True}})
        assert (await api.ask("GET", "/version"))[0] == 401


async def test_entra_and_azure_rbac(start: Start) -> None:
    cloud = await start(with_body(ENTRA))
    text = await kubeconfig(cloud)
    assert "command: kubelogin" in text
    assert AKS_SERVER_APPLICATION in text
    token = await cloud.token(AKS_SERVER_APPLICATION)
    async with aiohttp.ClientSession() as session:
        api = ApiServer(session, text)
        status, answer = await api.ask("GET", "/api/v1/namespaces/default/secrets", token=token)
        assert (status, answer["reason"]) == (403, "Forbidden")
        assert answer["message"] == (
            f'secrets is forbidden: User "{OPERATOR}" cannot list resource "secrets" in API group "" in the namespace "default": '
            "User does not have access to the resource in Azure. Update role assignment to allow access."
        )
        await cloud.grant(cluster_path(), RBAC_CLUSTER_ADMIN, OPERATOR)
        assert (await api.ask("GET", "/api/v1/namespaces/default/secrets", token=token))[0] == 200
        assert (await api.ask("GET", "/metrics", token=token))[0] == 200
        assert (await api.ask("GET", "/version", token=await cloud.token()))[0] == 401, "an ARM token is none"


async def test_without_azure_rbac_only_admin_groups_have_access(start: Start) -> None:
    cloud = await start(with_body(f"{{aadProfile: {{managed: true, adminGroupObjectIDs: [{OPERATOR}]}}}}"))
    token = await cloud.token(AKS_SERVER_APPLICATION)
    async with aiohttp.ClientSession() as session:
        api = ApiServer(session, await kubeconfig(cloud))
        assert (await api.ask("GET", "/api/v1/secrets", token=token))[0] == 200
        cloud.simulator.change(cluster_path(), {"properties": {"aadProfile": {"adminGroupObjectIDs": []}}})
        assert (await api.ask("GET", "/api/v1/secrets", token=token))[0] == 403


@pytest.mark.parametrize("token", ["", "0" * 128])
async def test_invalid_tokens_are_refused(cloud: Cloud, token: str) -> None:
    async with api_server(cloud) as api:
        for path in ("/version", "/livez", "/api/v1/secrets", "/metrics"):
            status, answer = await api.ask("GET", path, token=token)
            assert (status, answer["reason"]) == (401, "Unauthorized")


async def test_a_token_is_valid_for_its_own_cluster_only(cloud: Cloud) -> None:
    async with api_server(cloud) as demo, api_server(cloud, "orders-prod", "rg-orders") as orders:
        assert (await demo.ask("GET", "/version", token=orders.token))[0] == 401


async def test_a_private_cluster_is_unreachable(start: Start) -> None:
    cloud = await start(with_body("{apiServerAccessProfile: {enablePrivateCluster: true}}"))
    async with api_server(cloud) as api:
        with pytest.raises(aiohttp.ClientConnectionError):
            await api.ask("GET", "/version")


async def test_a_stopped_cluster_is_unreachable_until_it_is_started(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        before = await api.metrics()
        await cloud.raw("POST", cluster_path() + "/stop")
        with pytest.raises(aiohttp.ClientConnectionError):
            await api.ask("GET", "/version")
        await cloud.raw("POST", cluster_path() + "/start")
        assert (await api.ask("GET", "/version"))[0] == 200
        assert await api.metrics() != before


async def test_a_deleted_cluster_is_unreachable(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        assert (await cloud.raw("DELETE", cluster_path()))[0] == 202
        with pytest.raises(aiohttp.ClientConnectionError):
            await api.ask("GET", "/version")
    with pytest.raises(KeyError):
        cloud.simulator.etcd(cluster_path())


async def test_secrets_and_credentials_survive_a_restart_of_the_simulator(
    tmp_path: Path, start: Start
) -> None:
    first = await start(state=tmp_path / "world.db")
    async with api_server(first, "web-stage", "rg-web") as api:
        await api.secret()
        token, stored = api.token, first.simulator.etcd(cluster_path("web-stage", "rg-web"))
    first.simulator.stop()
    second = await start(state=tmp_path / "world.db")
    assert second.simulator.etcd(cluster_path("web-stage", "rg-web")) == stored
    async with api_server(second, "web-stage", "rg-web") as api:
        assert api.token == token
        assert (await api.ask("GET", "/api/v1/namespaces/default/secrets/proof"))[1]["data"] == {"a": "Yg=="}
        assert json.dumps(await api.ask("GET", "/api/v1/secrets"))

"""Invalid, expired and revoked tokens on both planes, and clients that request a new one."""

import re

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError

from tests.simulated.simulator.clients import CRYPTO_OFFICER, OPERATOR, Cloud, Start, cluster_path
from tests.simulated.simulator.plain import Plain

GET_CLUSTER = "{path: '*/managedclusters/aks-demo', method: GET, nth: 2}"


def statuses(cloud: Cloud) -> list[int]:
    return [entry.status for entry in cloud.simulator.requests if entry.path == cluster_path()]


async def test_revoked_token_is_challenged_and_replaced_by_the_sdk(start: Start) -> None:
    """docs/azure.md#tokens: after 401 with insufficient_claims, a client repeats the request with a new token."""
    cloud = await start(f"faults: [{{match: {GET_CLUSTER}, token: revoked}}]")
    first = await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    second = await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert first.e_tag == second.e_tag
    assert [status for status in statuses(cloud) if status != 200] == [401]


async def test_request_with_an_expired_token_is_not_repeated(start: Start) -> None:
    """docs/azure.md#tokens: 401 with invalid_token is not repeated."""
    cloud = await start(f"faults: [{{match: {GET_CLUSTER}, token: expired}}]")
    await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    with pytest.raises(ClientAuthenticationError) as caught:
        await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert caught.value.error is not None
    assert caught.value.error.code == "ExpiredAuthenticationToken"
    moment = r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M"
    said = f"The access token expiry UTC time '{moment}' is earlier than current UTC time '{moment}'."
    assert re.fullmatch(said, str(caught.value.error.message))


async def test_token_with_invalid_bytes(cloud: Cloud) -> None:
    plain = Plain(cloud.environment)
    status, answer, _ = plain("GET", cluster_path(), Authorization="Bearer \xff")
    assert (status, answer["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert plain("GET", "/msi/token?resource=x", X_IDENTITY_HEADER="\xff")[0] == 401
    api_server = cloud.cluster()["properties"]["fqdn"]
    await cloud.aks.managed_clusters.list_cluster_user_credentials("rg-demo", "aks-demo")
    status, answer, _ = plain("GET", "/version", Authorization="Bearer \xff", Host=api_server)
    assert (status, answer["reason"]) == (401, "Unauthorized")


async def ask_vault(cloud: Cloud, token: str) -> aiohttp.ClientResponse:
    url = "https://kv-demo.vault.local.test/keys?api-version=2025-07-01"
    async with cloud.session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        await response.read()
        return response


async def test_vault_accepts_only_its_own_audience(cloud: Cloud) -> None:
    await cloud.make_vault()
    refused = await ask_vault(cloud, await cloud.token())
    assert refused.status == 401
    assert (await refused.json())["error"][
        "message"
    ] == "AKV10022: Invalid audience. Expected https://vault.local.test."
    assert 'resource="https://vault.local.test"' in refused.headers["WWW-Authenticate"]


async def test_vault_refuses_an_expired_token_and_accepts_a_new_one(start: Start) -> None:
    cloud = await start("durations: {token_lifetime: 2}")
    vault = await cloud.make_vault()
    await cloud.grant(vault.id, CRYPTO_OFFICER, OPERATOR)
    token = await cloud.token("https://vault.local.test")
    while (answer := await ask_vault(cloud, token)).status == 200:
        pass
    assert answer.status == 401
    assert "the token is expired" in (await answer.json())["error"]["message"]
    assert [key.name async for key in cloud.keys("kv-demo").list_properties_of_keys()] == []

"""Tokens and discovery (docs/azure.md#discovery, docs/azure.md#tokens; docs/azure.md#role-assignments for the challenge)."""

import time
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.key_material import GENERATE
from tests.simulated.simulator.clients import PRODUCTION, TENANT, Cloud, Start
from wizard.simulator.arm.tokens import generated_key
from wizard.simulator.state.world import new_secret

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"


async def test_metadata_is_one_object_that_clients_can_use(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", "/metadata/endpoints", "2022-09-01", token="")
    assert body["authentication"]["loginEndpoint"] == cloud.endpoint
    assert body["authentication"]["audiences"][0] == cloud.endpoint + "/"
    assert body["suffixes"]["keyVaultDns"] == "vault.local.test"
    assert body["microsoftGraphResourceId"] == cloud.endpoint + "/"


async def test_openid_configuration(cloud: Cloud) -> None:
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"
    status, body, _ = await cloud.raw("GET", path, "", token="")
    assert status == 200
    for name in ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint"):
        assert body[name].startswith(f"{cloud.endpoint}/{TENANT}/oauth2/")


async def test_claims_of_an_application_token(cloud: Cloud) -> None:
    claims = jwt.decode(await cloud.token(), options={"verify_signature": False})
    assert (claims["idtyp"], claims["tid"], claims["aud"]) == ("app", TENANT, cloud.endpoint + "/")
    assert claims["appid"] == cloud.environment["AZURE_CLIENT_ID"]
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert claims["exp"] > claims["iat"]


async def test_wrong_secret(cloud: Cloud) -> None:
    async with ClientSecretCredential(
        TENANT, cloud.environment["AZURE_CLIENT_ID"], "wrong", authority=cloud.endpoint, **cloud.net()
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
            await credential.get_token(f"{cloud.endpoint}//.default")


async def test_unknown_tenant(cloud: Cloud) -> None:
    other = "99999999-9999-9999-9999-999999999999"
    secret = cloud.environment["AZURE_CLIENT_SECRET"]
    async with ClientSecretCredential(
        other, cloud.environment["AZURE_CLIENT_ID"], secret, authority=cloud.endpoint, **cloud.net()
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS90002"):
            await credential.get_token(f"{cloud.endpoint}//.default")


async def test_unknown_application_and_unknown_resource(cloud: Cloud) -> None:
    secret = cloud.environment["AZURE_CLIENT_SECRET"]
    async with ClientSecretCredential(
        TENANT, TENANT, secret, authority=cloud.endpoint, **cloud.net()
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
            await credential.get_token(f"{cloud.endpoint}//.default")
    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        await cloud.token("https://elsewhere.example")


async def _form(cloud: Cloud, path: str, **form: str) -> tuple[int, dict[str, Any]]:
    async with cloud.session.post(f"{cloud.endpoint}/{TENANT}/oauth2/v2.0/{path}", data=form) as response:
        return response.status, await response.json()


async def test_device_code_signs_in_the_user_and_refresh_token_renews(cloud: Cloud) -> None:
    _, device = await _form(cloud, "devicecode", client_id="c", scope=f"{cloud.endpoint}//.default")
    assert device["message"].endswith("to authenticate.")
    assert (await cloud.approve(device))[0] == 200
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    status, tokens = await _form(
        cloud,
        "token",
        grant_type=grant,
        client_id="c",
        device_code=device["device_code"],
        scope=f"{cloud.endpoint}//.default openid",
    )
    assert status == 200
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["idtyp"], claims["upn"]) == ("user", "ops@contoso.example")
    identity = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert identity["preferred_username"] == "ops@contoso.example"
    status, renewed = await _form(
        cloud,
        "token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        scope=f"{cloud.endpoint}//.default",
    )
    assert status == 200
    assert (await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=renewed["access_token"]))[0] == 200


async def test_a_device_code_gives_no_token_without_a_secret_of_the_environment(cloud: Cloud) -> None:
    """Every local user can reach the simulator and ask for a device code."""
    _, device = await _form(cloud, "devicecode", client_id="c", scope=f"{cloud.endpoint}//.default")
    _, other = await _form(cloud, "devicecode", client_id="c", scope=f"{cloud.endpoint}//.default")
    grant = {"grant_type": "device_code", "device_code": device["device_code"]}

    async def pending() -> bool:
        status, body = await _form(cloud, "token", **grant)
        return (status, body.get("error")) == (400, "authorization_pending")

    assert await pending()
    page = device["verification_uri"]
    async with cloud.session.get(page) as response:
        assert (response.status, "Approve a sign-in" in await response.text()) == (200, True)
    for secret in ("", "wrong"):
        form = {"user_code": device["user_code"], "client_secret": secret}
        async with cloud.session.post(page, data=form) as response:
            assert (response.status, "is wrong" in await response.text()) == (403, True)
    assert await pending()
    assert (await cloud.approve({**device, "user_code": "SIMULATED-0"}))[0] == 404
    assert (await cloud.approve(other))[0] == 200
    assert await pending(), "another code was approved"
    assert cloud.simulator.approve_sign_in(device["user_code"].lower())
    assert not await pending()
    assert cloud.simulator.writes() == []
    sent = [entry.request for entry in cloud.simulator.requests if entry.path == "/device" and entry.request]
    assert {each["client_secret"] for each in sent} == {"(left out)"}


async def test_lifetimes_of_device_codes_and_refresh_tokens(start: Start) -> None:
    """They are longer than that of an access token, and all use real time, not the clock of the simulator."""
    cloud = await start("durations: {token_lifetime: 40}", clock=lambda: time.time() + 2 * 3600)
    _, device = await _form(cloud, "devicecode", client_id="c", scope=f"{cloud.endpoint}//.default")
    form = {"grant_type": "device_code", "device_code": device["device_code"]}
    await cloud.approve(device)
    _, tokens = await _form(cloud, "token", **form)
    assert (tokens["expires_in"], tokens["ext_expires_in"]) == (40, 40)
    given = {"access": tokens["access_token"], "code": device["device_code"], "refresh": tokens["refresh_token"]}  # fmt: skip
    claims = {what: jwt.decode(token, options={"verify_signature": False}) for what, token in given.items()}
    assert {what: claim["exp"] - claim["iat"] for what, claim in claims.items()} == {
        "access": 40,
        "code": device["expires_in"],
        "refresh": 90 * 24 * 3600,
    }


async def test_refresh_token_is_not_an_access_token(cloud: Cloud) -> None:
    _, device = await _form(cloud, "devicecode", client_id="c")
    status, body, _ = await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=device["device_code"])
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")
    status, refused = await _form(
        cloud,
        "token",
        grant_type="refresh_token",
        refresh_token=device["device_code"],
        scope=f"{cloud.endpoint}//.default",
    )
    assert (status, refused["error"]) == (400, "invalid_grant")


async def test_managed_identity_requires_its_header(cloud: Cloud) -> None:
    environment = cloud.simulator.managed_identity_environment
    params = {"api-version": "2019-08-01", "resource": cloud.endpoint + "/"}
    async with cloud.session.get(
        environment["IDENTITY_ENDPOINT"],
        params=params,
        headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
    ) as response:
        body = await response.json()
    assert int(body["expires_on"]) > 0
    assert (await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=body["access_token"]))[0] == 200
    async with cloud.session.get(environment["IDENTITY_ENDPOINT"], params=params) as refused:
        assert refused.status == 401


@pytest.mark.parametrize(
    ("token", "code"), [("", "AuthenticationFailed"), ("rubbish", "InvalidAuthenticationToken")]
)
async def test_arm_requires_a_valid_token(cloud: Cloud, token: str, code: str) -> None:
    status, body, headers = await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=token)
    assert (status, body["error"]["code"]) == (401, code)
    assert f'authorization_uri="{cloud.endpoint}/{TENANT}"' in headers["WWW-Authenticate"]


async def test_vault_token_is_not_valid_for_arm(cloud: Cloud) -> None:
    status, body, _ = await cloud.raw(
        "GET", SUBSCRIPTION, "2022-12-01", token=await cloud.token("https://vault.local.test")
    )
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")


async def test_token_of_another_simulator_is_challenged_and_replaced_by_clients(
    cloud: Cloud, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = jwt.decode(await cloud.token(), options={"verify_signature": False})
    monkeypatch.setattr(rsa, "generate_private_key", GENERATE)
    generated_key.cache_clear()  # as in another process
    other = await start()
    forged = jwt.encode(claims, "not the key of this tenant, but long enough to sign with", algorithm="HS256")
    assert (await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=forged))[0] == 401
    status, _, headers = await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=await other.token())
    assert status == 401
    assert 'error="insufficient_claims"' in headers["WWW-Authenticate"]


async def test_expired_token(start: Start) -> None:
    cloud = await start("durations: {token_lifetime: 1}")
    token = await cloud.token()

    while (answer := await cloud.raw("GET", SUBSCRIPTION, "2022-12-01", token=token))[0] == 200:
        pass
    assert answer[1]["error"]["code"] == "ExpiredAuthenticationToken"


def test_generated_secret_does_not_look_like_an_option() -> None:
    """`az login --password -x` would fail; the lines that the simulator prints must work unchanged."""
    assert not any("-" in new_secret() for _ in range(200))

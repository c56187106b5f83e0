"""Microsoft Graph, as `az ad` and role listings use it (docs/azure.md#clients)."""

from typing import Any

import pytest

from tests.simulated.simulator.clients import OPERATOR, TENANT, Cloud, Start


async def test_me_is_for_users_only(cloud: Cloud) -> None:
    status, body, _ = await cloud.raw("GET", "/v1.0/me", "")
    assert (status, body["error"]["code"]) == (400, "BadRequest")
    form = {"client_id": "c", "scope": f"{cloud.endpoint}//.default"}
    async with cloud.session.post(f"{cloud.endpoint}/{TENANT}/oauth2/v2.0/devicecode", data=form) as response:
        device = await response.json()
        code = device["device_code"]
    await cloud.approve(device)
    form |= {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code}
    async with cloud.session.post(f"{cloud.endpoint}/{TENANT}/oauth2/v2.0/token", data=form) as response:
        token = (await response.json())["access_token"]
    status, body, _ = await cloud.raw("GET", "/v1.0/me", "", token=token)
    assert (status, body["userPrincipalName"]) == (200, "ops@contoso.example")


async def test_service_principals_by_name_and_by_id(cloud: Cloud) -> None:
    app_id = cloud.environment["AZURE_CLIENT_ID"]
    _, body, _ = await cloud.raw(
        "GET", f"/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{app_id}')", ""
    )
    assert [entry["id"] for entry in body["value"]] == [OPERATOR]
    assert (await cloud.raw("GET", f"/v1.0/servicePrincipals/{OPERATOR}", ""))[1]["appId"] == app_id
    assert (await cloud.raw("GET", "/v1.0/servicePrincipals/nobody", ""))[0] == 404
    assert (await cloud.raw("GET", "/v1.0/servicePrincipals?$filter=colour eq 'red'", ""))[0] == 400
    _, body, _ = await cloud.raw("POST", "/v1.0/directoryObjects/getByIds", "", {"ids": [OPERATOR]})
    assert [entry["@odata.type"] for entry in body["value"]] == ["#microsoft.graph.servicePrincipal"]
    assert (await cloud.raw("GET", "/v1.0/devices", ""))[0] == 404
    assert [entry.path for entry in cloud.simulator.unknown] == ["/v1.0/devices"]
    assert cloud.simulator.writes() == []


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("users?$filter=userPrincipalName eq 'OPS@contoso.example'", ["ops"]),
        (
            "users?$filter=startswith(displayName,'Op') and userPrincipalName eq 'ops@contoso.example'",
            ["ops"],
        ),
        ("servicePrincipals?$filter=startswith(displayName,'oper')", ["operator"]),
        ("servicePrincipals?$filter=id eq '44444444-4444-4444-4444-4444444444aa'", ["operator"]),
        ("groups?$filter=displayName eq 'operators'", []),
    ],
)
async def test_filters_of_the_azure_cli(cloud: Cloud, where: str, names: list[str]) -> None:
    status, answer, _ = await cloud.raw("GET", f"/v1.0/{where}", "")
    assert (status, [each["displayName"] for each in answer["value"]]) == (200, names)


async def test_ids_must_be_a_list(cloud: Cloud) -> None:
    path = "/v1.0/directoryObjects/getByIds"
    status, body, _ = await cloud.raw("POST", path, "", {"ids": [OPERATOR]})
    assert (status, [entry["id"] for entry in body["value"]]) == (200, [OPERATOR])
    status, body, _ = await cloud.raw("POST", path, "", {"ids": 5})
    assert (status, body["error"]["code"]) == (400, "Request_BadRequest")


async def test_groups_are_not_listed_as_other_objects(start: Start) -> None:
    cloud = await start("group-access")

    async def ask(path: str) -> Any:
        bearer = {"Authorization": f"Bearer {await cloud.token()}"}
        async with cloud.session.get(f"{cloud.endpoint}/v1.0/{path}", headers=bearer) as answer:
            return answer.status, await answer.json()

    _, groups = await ask("groups")
    names = {each["displayName"] for each in groups["value"]}
    assert names == {"platform-team", "cloud-operators", "cluster-identities"}
    _, others = await ask("servicePrincipals")
    assert not names & {each["displayName"] for each in others["value"]}
    status, one = await ask(f"groups/{groups['value'][0]['id']}")
    assert (status, one["@odata.type"]) == (200, "#microsoft.graph.group")

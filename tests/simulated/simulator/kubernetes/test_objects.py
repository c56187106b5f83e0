"""Secrets and namespaces, over plain HTTPS."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start
from tests.simulated.simulator.kubernetes.api import ApiServer, api_server

SECRETS = "/api/v1/namespaces/default/secrets"


@pytest.fixture
async def api(cloud: Cloud) -> AsyncIterator[ApiServer]:
    async with api_server(cloud) as server:
        yield server


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


async def test_discovery(api: ApiServer) -> None:
    assert (await api.ask("GET", "/api"))[1]["versions"] == ["v1"]
    _, groups = await api.ask("GET", "/apis")
    assert groups["groups"] == []
    _, resources = await api.ask("GET", "/api/v1")
    assert {entry["name"]: entry["namespaced"] for entry in resources["resources"]} == {
        "namespaces": False,
        "secrets": True,
    }
    status, answer = await api.ask("GET", "/api/v1/pods")
    assert (status, answer["kind"], answer["reason"]) == (404, "Status", "NotFound")


async def test_create_replace_and_delete_a_secret(api: ApiServer) -> None:
    status, made = await api.secret(user="me", word="b")
    assert (status, made["data"], made["type"]) == (201, {"user": "bWU=", "word": "Yg=="}, "Opaque")
    assert "stringData" not in made
    assert made["metadata"]["namespace"] == "default"
    assert made["metadata"]["uid"]
    assert await api.ask("GET", f"{SECRETS}/proof") == (200, made)
    status, again = await api.secret()
    assert (status, again["reason"], again["message"]) == (
        409,
        "AlreadyExists",
        'secrets "proof" already exists',
    )
    status, changed = await api.ask("PUT", f"{SECRETS}/proof", made | {"data": {"a": "Yg=="}})
    assert (status, changed["data"]) == (200, {"a": "Yg=="})
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    status, gone = await api.ask("DELETE", f"{SECRETS}/proof")
    assert (status, gone["status"], gone["details"]["name"]) == (200, "Success", "proof")
    status, missing = await api.ask("GET", f"{SECRETS}/proof")
    assert (status, missing["message"]) == (404, 'secrets "proof" not found')


async def test_replacing_an_outdated_version_is_a_conflict(api: ApiServer) -> None:
    _, old = await api.secret()
    await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "Yw=="}})
    status, refused = await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "ZA=="}})
    assert (status, refused["reason"]) == (409, "Conflict")
    assert (
        "the object has been modified; please apply your changes to the latest version" in refused["message"]
    )
    del old["metadata"]["resourceVersion"]
    assert (await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "ZA=="}}))[0] == 200


async def test_replacing_a_secret_with_itself_changes_nothing(api: ApiServer) -> None:
    _, made = await api.secret()
    _, same = await api.ask("PUT", f"{SECRETS}/proof", made)
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_selectors(api: ApiServer) -> None:
    for name, labels in (("one", {"app": "web"}), ("two", {"app": "db", "old": "yes"}), ("three", {})):
        body = {"metadata": {"name": name, "labels": labels}, "type": "Opaque"}
        assert (await api.ask("POST", SECRETS, body))[0] == 201
    for selector, expected in (
        ("labelSelector=app%3Dweb", ["one"]),
        ("labelSelector=app%3D%3Ddb,%20old%3Dyes", ["two"]),
        ("labelSelector=app%3Dweb,old%3Dyes", []),
        ("labelSelector=", ["one", "three", "two"]),
    ):
        status, answer = await api.ask("GET", f"{SECRETS}?{selector}")
        assert (status, names(answer)) == (200, expected), selector
    for selector in ("a%20is%20b", "app!%3Dweb", "app%20in%20(web,db)", "!old", "app%3Da,app%3Db"):
        assert (await api.ask("GET", f"{SECRETS}?labelSelector={selector}"))[0] == 400, selector


async def test_namespaces_can_be_read_and_not_changed(api: ApiServer) -> None:
    assert "kube-system" in names((await api.ask("GET", "/api/v1/namespaces"))[1])
    status, found = await api.ask("GET", "/api/v1/namespaces/default")
    assert (status, found["status"]) == (200, {"phase": "Active"})
    assert found["metadata"]["labels"] == {"kubernetes.io/metadata.name": "default"}
    assert (await api.ask("GET", "/api/v1/namespaces/canary"))[0] == 404
    status, refused = await api.secret(namespace="canary")
    assert (status, refused["message"]) == (404, 'namespaces "canary" not found')
    assert (await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "canary"}}))[0] == 405
    assert (await api.ask("DELETE", "/api/v1/namespaces/default"))[0] == 405


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"metadata": {"name": "Proof"}}, 422, "metadata.name: Invalid value"),
        ({"metadata": {}}, 422, "name or generateName is required"),
        ({"metadata": {"name": "a"}, "data": {"x": "?"}}, 400, "illegal base64 data"),
        ({"metadata": {"name": "a"}, "data": {"x y": "YQ=="}}, 422, "a valid config key"),
        ({"metadata": {"name": "a", "namespace": "b"}}, 400, "does not match the namespace"),
        ({"metadata": {"name": "a"}, "immutable": True}, 400, "immutable secrets are not supported"),
        ({"metadata": {"name": "a"}, "kind": "ConfigMap"}, 400, "ConfigMap"),
        ({"metadata": {"name": "a", "labels": {"x": 1}}}, 400, "metadata.labels"),
        ([], 400, "an object is expected"),
        ({"metadata": {"name": "a"}, "data": "abc"}, 400, "Secret.data of type map[string][]uint8"),
        ({"metadata": {"name": "a"}, "data": {"k": 5}}, 400, "Secret.data of type map[string][]uint8"),
        ({"metadata": {"name": "a"}, "data": {"k": "ü"}}, 400, "illegal base64 data"),
        (
            {"metadata": {"name": "a"}, "stringData": ["x"]},
            400,
            "Secret.stringData of type map[string]string",
        ),
        ({"metadata": {"name": "a"}, "type": ["Opaque"]}, 400, "Secret.type of type string"),
        (
            {"metadata": {"name": "a", "resourceVersion": [1]}},
            400,
            "Secret.metadata.resourceVersion of type string",
        ),
    ],
)
async def test_invalid_secrets_are_refused(api: ApiServer, body: Any, status: int, text: str) -> None:
    got, refused = await api.ask("POST", SECRETS, body)
    assert (got, refused["kind"], refused["code"]) == (status, "Status", status)
    assert text in refused["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("PUT", f"{SECRETS}/a", ["x"], "application/json", 400),
        ("PUT", f"{SECRETS}/a", {"kind": "Pod"}, "application/json", 400),
        ("PUT", f"{SECRETS}/a", {"kind": None}, "application/json", 200),
        ("PUT", f"{SECRETS}/a", {"metadata": {"uid": ["x"]}}, "application/json", 400),
        ("PUT", f"{SECRETS}/a", {"metadata": "x"}, "application/json", 400),
        ("PUT", f"{SECRETS}/a", {"type": "other"}, "application/json", 422),
        ("PUT", f"{SECRETS}/a", {}, "application/yaml", 415),
        ("PUT", f"{SECRETS}/a", {}, "application/vnd.kubernetes.protobuf", 400),
        ("PATCH", f"{SECRETS}/a", {}, "application/merge-patch+json", 405),
        ("DELETE", f"{SECRETS}/a", {"preconditions": "x"}, "application/json", 400),
        ("DELETE", f"{SECRETS}/a", {"preconditions": {"uid": "x"}}, "application/json", 400),
        ("GET", f"{SECRETS}?continue=nonsense", None, "application/json", 400),
        ("POST", f"{SECRETS}?dryRun=All", {"metadata": {"name": "b"}}, "application/json", 400),
    ],
)  # fmt: skip
async def test_odd_requests_are_answered_with_a_status(
    api: ApiServer, method: str, path: str, body: Any, kind: str, status: int
) -> None:
    await api.secret("a")
    got, answer = await api.ask(method, path, body, Content_Type=kind)
    assert (got, answer["kind"]) == (status, "Secret" if status == 200 else "Status"), answer


async def test_an_internal_error_is_a_status(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.simulator.kubernetes.objects._labels", lambda _: 1 / 0)
    status, answer = await api.ask("GET", "/api/v1/secrets")
    assert (status, answer["kind"], answer["reason"]) == (500, "Status", "InternalError")


async def test_half_a_surrogate_pair_is_refused(api: ApiServer) -> None:
    assert (await api.secret("whole", a="b"))[0] == 201
    assert (await api.secret("half", a="\ud800"))[0] == 400
    status, answer = await api.ask("PUT", f"{SECRETS}/whole", {"stringData": {"a": "\ud800"}})
    assert (status, answer["kind"]) == (400, "Status")


async def test_unknown_fields(api: ApiServer) -> None:
    body = {"metadata": {"name": "a", "colour": "red"}, "datum": {}}
    status, refused = await api.ask("POST", f"{SECRETS}?fieldValidation=Strict", body)
    assert status == 400
    assert (
        'strict decoding error: unknown field "datum", unknown field "metadata.colour"' in refused["message"]
    )
    status, made = await api.ask("POST", SECRETS, body)
    assert status == 201
    assert "datum" not in made


async def test_unsupported_requests_are_refused(api: ApiServer) -> None:
    assert (await api.ask("GET", f"{SECRETS}?watch=true"))[0] == 405
    assert (await api.ask("DELETE", SECRETS))[0] == 405
    assert (await api.ask("GET", f"{SECRETS}?colour=red"))[0] == 400
    assert (await api.ask("GET", "/apis/apps/v1"))[0] == 404


async def test_a_scenario_defines_the_secrets_of_a_cluster(start: Start) -> None:
    cloud = await start(
        f"""
subscriptions:
  {PRODUCTION}:
    groups:
      rg-demo:
        clusters:
          aks-demo:
            secrets: {{shop/till: {{data: {{pin: "1234"}}, labels: {{app: till}}}}}}
"""
    )
    async with api_server(cloud) as api:
        _, answer = await api.ask("GET", "/api/v1/secrets")
        assert names(answer) == ["till"]
        assert answer["items"][0]["data"] == {"pin": "MTIzNA=="}
        assert "shop" in names((await api.ask("GET", "/api/v1/namespaces"))[1])


async def test_a_scenario_has_the_same_secrets_each_time(start: Start) -> None:
    found = []
    for _ in range(2):
        async with api_server(await start()) as api:
            found.append([item["data"] for item in (await api.ask("GET", "/api/v1/secrets"))[1]["items"]])
    assert found[0] == found[1]

"""Namespaces and secrets as any client of Kubernetes handles them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start
from tests.simulated.simulator.kubernetes.api import ApiServer, api_server

SECRETS = "/api/v1/namespaces/default/secrets"
MERGE, STRATEGIC, JSON_PATCH = (
    f"application/{kind}+json" for kind in ("merge-patch", "strategic-merge-patch", "json-patch")
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
async def api(cloud: Cloud) -> AsyncIterator[ApiServer]:
    async with api_server(cloud) as server:
        yield server


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


async def test_discovery(api: ApiServer) -> None:
    assert (await api.ask("GET", "/api"))[1]["versions"] == ["v1"]
    _, groups = await api.ask("GET", "/apis")
    assert [group["name"] for group in groups["groups"]] == ["authentication.k8s.io", "authorization.k8s.io"]
    _, resources = await api.ask("GET", "/api/v1")
    assert {entry["name"]: entry["namespaced"] for entry in resources["resources"]} == {
        "namespaces": False,
        "secrets": True,
    }
    status, answer = await api.ask("GET", "/api/v1/pods")
    assert (status, answer["kind"], answer["reason"]) == (404, "Status", "NotFound")


async def test_a_secret_from_birth_to_death(api: ApiServer) -> None:
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


async def test_whoever_was_overtaken_is_told_so(api: ApiServer) -> None:
    _, old = await api.secret()
    await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "Yw=="}})
    status, refused = await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "ZA=="}})
    assert (status, refused["reason"]) == (409, "Conflict")
    assert (
        "the object has been modified; please apply your changes to the latest version" in refused["message"]
    )
    del old["metadata"]["resourceVersion"]
    assert (await api.ask("PUT", f"{SECRETS}/proof", old | {"data": {"a": "ZA=="}}))[0] == 200


async def test_writing_what_is_there_already_changes_nothing(api: ApiServer) -> None:
    _, made = await api.secret()
    _, same = await api.ask("PUT", f"{SECRETS}/proof", made)
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize("kind", [MERGE, STRATEGIC])
async def test_merge_patches(api: ApiServer, kind: str) -> None:
    await api.secret(a="b", c="d")
    body = {"data": {"a": None}, "stringData": {"e": "f"}, "metadata": {"labels": {"x": "y"}}}
    status, patched = await api.ask("PATCH", f"{SECRETS}/proof", body, Content_Type=kind)
    assert (status, patched["data"], patched["metadata"]["labels"]) == (
        200,
        {"c": "ZA==", "e": "Zg=="},
        {"x": "y"},
    )


async def test_json_patches(api: ApiServer) -> None:
    await api.secret()
    steps = [
        {"op": "test", "path": "/data/a", "value": "Yg=="},
        {"op": "replace", "path": "/data/a", "value": "Yw=="},
        {"op": "add", "path": "/metadata/labels", "value": {"a/b": "c"}},
    ]
    status, patched = await api.ask("PATCH", f"{SECRETS}/proof", steps, Content_Type=JSON_PATCH)
    assert (status, patched["data"], patched["metadata"]["labels"]) == (200, {"a": "Yw=="}, {"a/b": "c"})
    steps = [{"op": "remove", "path": "/metadata/labels/a~1b"}, {"op": "remove", "path": "/data/none"}]
    assert (await api.ask("PATCH", f"{SECRETS}/proof", steps, Content_Type=JSON_PATCH))[0] == 422


async def test_server_side_apply_is_refused_plainly(api: ApiServer) -> None:
    await api.secret()
    status, refused = await api.ask(
        "PATCH", f"{SECRETS}/proof", {}, Content_Type="application/apply-patch+yaml"
    )
    assert (status, refused["reason"]) == (415, "UnsupportedMediaType")


async def test_selectors(api: ApiServer) -> None:
    for name, labels in (("one", {"app": "web"}), ("two", {"app": "db", "old": "yes"}), ("three", {})):
        body = {"metadata": {"name": name, "labels": labels}, "type": "Opaque"}
        assert (await api.ask("POST", SECRETS, body))[0] == 201
    for selector, expected in (
        ("labelSelector=app%3Dweb", ["one"]),
        ("labelSelector=app!%3Dweb", ["three", "two"]),
        ("labelSelector=app%20in%20(web,db),!old", ["one"]),
        ("labelSelector=app%20notin%20(web)", ["three", "two"]),
        ("labelSelector=old", ["two"]),
        ("fieldSelector=metadata.name%3Dthree", ["three"]),
        ("fieldSelector=type!%3DOpaque", []),
    ):
        status, answer = await api.ask("GET", f"{SECRETS}?{selector}")
        assert (status, names(answer)) == (200, expected), selector
    assert (await api.ask("GET", f"{SECRETS}?fieldSelector=spec.x%3D1"))[0] == 400
    assert (await api.ask("GET", f"{SECRETS}?labelSelector=a%20is%20b"))[0] == 400


async def test_a_list_in_pages(api: ApiServer) -> None:
    _, whole = await api.ask("GET", "/api/v1/secrets")
    found, path, left = [], "/api/v1/secrets?limit=1", []
    while path:
        _, page = await api.ask("GET", path)
        found += page["items"]
        left.append(page["metadata"].get("remainingItemCount", 0))
        more = page["metadata"].get("continue")
        path = f"/api/v1/secrets?limit=1&continue={more}" if more else ""
    assert found == whole["items"]
    assert left == list(range(len(found) - 1, -1, -1))
    assert (await api.ask("GET", "/api/v1/secrets?continue=nonsense"))[0] == 400


async def test_namespaces(api: ApiServer) -> None:
    status, made = await api.ask(
        "POST", "/api/v1/namespaces", {"metadata": {"name": "canary", "labels": {"a": "b"}}}
    )
    assert (status, made["status"]) == (201, {"phase": "Active"})
    assert made["metadata"]["labels"] == {"a": "b", "kubernetes.io/metadata.name": "canary"}
    assert (await api.secret(namespace="canary"))[0] == 201
    assert "canary" in names((await api.ask("GET", "/api/v1/namespaces"))[1])
    status, gone = await api.ask("DELETE", "/api/v1/namespaces/canary")
    assert (status, gone["status"]["phase"]) == (200, "Terminating")
    assert (await api.ask("GET", "/api/v1/namespaces/canary"))[0] == 404
    assert "canary" not in {
        item["metadata"]["namespace"] for item in (await api.ask("GET", "/api/v1/secrets"))[1]["items"]
    }
    status, refused = await api.secret(namespace="canary")
    assert (status, refused["message"]) == (404, 'namespaces "canary" not found')
    assert (await api.ask("DELETE", "/api/v1/namespaces/kube-system"))[0] == 403


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"metadata": {"name": "Proof"}}, 422, "metadata.name: Invalid value"),
        ({"metadata": {}}, 422, "name or generateName is required"),
        ({"metadata": {"name": "a"}, "data": {"x": "?"}}, 400, "illegal base64 data"),
        ({"metadata": {"name": "a"}, "data": {"x y": "YQ=="}}, 422, "a valid config key"),
        ({"metadata": {"name": "a", "namespace": "b"}}, 400, "does not match the namespace"),
        ({"metadata": {"name": "a"}, "type": "kubernetes.io/tls"}, 422, "data[tls.crt]: Required value"),
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
async def test_what_a_secret_may_not_be(api: ApiServer, body: Any, status: int, text: str) -> None:
    got, refused = await api.ask("POST", SECRETS, body)
    assert (got, refused["kind"], refused["code"]) == (status, "Status", status)
    assert text in refused["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("PATCH", f"{SECRETS}/a", ["x"], JSON_PATCH, 400),
        ("PATCH", f"{SECRETS}/a", [{"op": ["add"], "path": "/x"}], JSON_PATCH, 422),
        ("PATCH", f"{SECRETS}/a", [{"op": "add", "path": "/kind", "value": "Pod"}], JSON_PATCH, 400),
        ("PATCH", f"{SECRETS}/a", {"kind": "Pod"}, MERGE, 400),
        ("PATCH", f"{SECRETS}/a", {"kind": None}, MERGE, 200),
        ("PATCH", f"{SECRETS}/a", None, MERGE, 400),
        ("PATCH", f"{SECRETS}/a", {"metadata": {"uid": ["x"]}}, MERGE, 400),
        ("DELETE", f"{SECRETS}/a", {"preconditions": "x"}, "application/json", 400),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": "x"}, "application/json", 400),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": 5}}, "application/json", 400),
        ("GET", f"{SECRETS}?limit=%C2%B2", None, "application/json", 400),
        ("GET", f"{SECRETS}?limit={'9' * 5000}", None, "application/json", 400),
    ],
)  # fmt: skip
async def test_what_no_client_sends_is_refused_with_a_status(
    api: ApiServer, method: str, path: str, body: Any, kind: str, status: int
) -> None:
    await api.secret("a")
    got, answer = await api.ask(method, path, body, Content_Type=kind)
    assert (got, answer["kind"]) == (status, "Secret" if status == 200 else "Status"), answer


async def test_a_fault_of_the_server_itself_is_a_status_too(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.simulator.kubernetes.objects.label_selector", lambda _: 1 / 0)
    status, answer = await api.ask("GET", "/api/v1/secrets")
    assert (status, answer["kind"], answer["reason"]) == (500, "Status", "InternalError")


async def test_half_a_surrogate_pair_is_refused(api: ApiServer) -> None:
    assert (await api.secret("whole", a="b"))[0] == 201
    assert (await api.secret("half", a="\ud800"))[0] == 400
    path, half = "/api/v1/namespaces/default/secrets/whole", {"stringData": {"a": "\ud800"}}
    status, answer = await api.ask("PATCH", path, half, Content_Type="application/merge-patch+json")
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


async def test_immutable_secrets(api: ApiServer) -> None:
    await api.ask("POST", SECRETS, {"metadata": {"name": "a"}, "immutable": True, "stringData": {"x": "y"}})
    for patch in ({"stringData": {"x": "z"}}, {"immutable": False}, {"type": "other"}):
        status, refused = await api.ask("PATCH", f"{SECRETS}/a", patch, Content_Type=MERGE)
        assert (status, refused["reason"]) == (422, "Invalid"), patch


async def test_a_dry_run_stores_nothing(api: ApiServer) -> None:
    body = {"metadata": {"generateName": "try-"}, "stringData": {"a": "b"}}
    status, made = await api.ask("POST", f"{SECRETS}?dryRun=All", body)
    assert status == 201
    assert (await api.ask("GET", f"{SECRETS}/{made['metadata']['name']}"))[0] == 404


async def test_what_is_not_served_is_refused(api: ApiServer) -> None:
    assert (await api.ask("GET", f"{SECRETS}?watch=true"))[0] == 405
    assert (await api.ask("DELETE", SECRETS))[0] == 405
    assert (await api.ask("GET", f"{SECRETS}?colour=red"))[0] == 400
    assert (await api.ask("GET", "/apis/apps/v1"))[0] == 404


async def test_tables(api: ApiServer) -> None:
    _, table = await api.ask("GET", "/api/v1/secrets", Accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Type", "Data", "Age"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    _, table = await api.ask("GET", "/api/v1/namespaces/default?includeObject=None", Accept=TABLE)
    assert [row["cells"][:2] for row in table["rows"]] == [["default", "Active"]]


async def test_who_am_i_and_what_may_i(api: ApiServer) -> None:
    review = {
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "create", "resource": "secrets"}},
    }
    status, answer = await api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert (status, answer["status"]) == (201, {"allowed": True})
    status, answer = await api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert (status, answer["status"]["userInfo"]["groups"][0]) == (201, "system:masters")


async def test_a_scenario_says_what_is_inside(start: Start) -> None:
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


async def test_the_same_world_has_the_same_secrets(start: Start) -> None:
    found = []
    for _ in range(2):
        async with api_server(await start()) as api:
            found.append([item["data"] for item in (await api.ask("GET", "/api/v1/secrets"))[1]["items"]])
    assert found[0] == found[1]

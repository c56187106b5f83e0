"""What a Kubernetes API says about itself: versions, groups, resources, and as much OpenAPI as kubectl insists on."""

import json

from wizard.simulator.kubernetes import protobuf
from wizard.simulator.kubernetes.replies import Reply, Request, as_json
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_body import minor_of

_REVIEWS = {"authentication.k8s.io": "selfsubjectreviews", "authorization.k8s.io": "selfsubjectaccessreviews"}
_KINDS = {
    "namespaces": ("Namespace", "ns", False),
    "secrets": ("Secret", "", True),
    "selfsubjectreviews": ("SelfSubjectReview", "", False),
    "selfsubjectaccessreviews": ("SelfSubjectAccessReview", "", False),
}
_OBJECT_VERBS = ["create", "delete", "get", "list", "patch", "update"]


def answer(request: Request, version: str, address: str) -> Reply | None:
    """The reply to a path of discovery; None for any other path."""
    if request.method != "GET":
        return None
    if request.path == "/openapi/v2":  # kubectl reads it for lists, and only as protobuf
        return Reply(_OPENAPI_V2, 200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
    document = _document(request.path, version, address)
    return None if document is None else as_json(document)


def _document(path: str, version: str, address: str) -> Json | None:
    if path == "/version":
        return _version(version)
    if path == "/api":
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": f"{address}:443"}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in _REVIEWS]}
    if path == "/api/v1":
        return _resources("v1", "namespaces", "secrets")
    for name, resource in _REVIEWS.items():
        if path == f"/apis/{name}":
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name)
        if path == f"/apis/{name}/v1":
            return _resources(f"{name}/v1", resource)
    if path == "/openapi/v3":
        return {"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=1"}}}
    return json.loads(_OPENAPI) if path == "/openapi/v3/api/v1" else None


def _version(version: str) -> Json:
    return {
        "major": "1", "minor": str(minor_of(version)[1]), "gitVersion": f"v{version}", "gitCommit": "0" * 40, "gitTreeState": "clean",
        "buildDate": "2026-09-01T00:00:00Z", "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
    }  # fmt: skip


def _group(name: str) -> Json:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(group_version: str, *names: str) -> Json:
    resources: list[Json] = []
    for name in names:
        kind, short, namespaced = _KINDS[name]
        resources.append(
            {
                "name": name,
                "singularName": kind.lower(),
                "namespaced": namespaced,
                "kind": kind,
                "verbs": _OBJECT_VERBS if group_version == "v1" else ["create"],
                **({"shortNames": [short]} if short else {}),
            }
        )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": resources,
    }


def _openapi() -> Json:
    """Just enough for kubectl to see that the server itself validates fields."""
    paths: Json = {}
    for path, kind in (
        ("/api/v1/namespaces/{name}", "Namespace"),
        ("/api/v1/namespaces/{namespace}/secrets/{name}", "Secret"),
    ):
        operation: Json = {
            "operationId": f"patchCoreV1{kind}",
            "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}}],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": {"group": "", "kind": kind, "version": "v1"},
        }  # fmt: skip
        paths[path] = {"patch": operation}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": paths}


_OPENAPI = json.dumps(_openapi())
_OPENAPI_V2 = protobuf.text(1, "2.0") + protobuf.text(
    2, protobuf.text(1, "Kubernetes") + protobuf.text(2, "1")
)

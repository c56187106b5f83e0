"""The discovery documents of a Kubernetes API: version, resources, and the OpenAPI documents that kubectl requires."""

import json

from wizard.simulator.kubernetes import protobuf
from wizard.simulator.kubernetes.replies import Reply, Request, as_json
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_body import minor_of


def answer(request: Request, version: str, address: str) -> Reply | None:
    """Return the reply to a path of discovery, or None for any other path."""
    if request.method != "GET":
        return None
    if request.path == "/openapi/v2":  # kubectl reads it for lists, and accepts only protobuf
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
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
    if path == "/api/v1":
        resources = [
            _resource("Namespace", "ns", "get", "list"),
            _resource("Secret", "", "create", "delete", "get", "list", "update"),
        ]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": resources}
    if path == "/openapi/v3":
        return {"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=1"}}}
    return json.loads(_OPENAPI) if path == "/openapi/v3/api/v1" else None


def _version(version: str) -> Json:
    return {
        "major": "1", "minor": str(minor_of(version)[1]), "gitVersion": f"v{version}", "gitCommit": "0" * 40, "gitTreeState": "clean",
        "buildDate": "2026-09-01T00:00:00Z", "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
    }  # fmt: skip


def _resource(kind: str, short: str, *verbs: str) -> Json:
    return {
        "name": f"{kind.lower()}s",
        "singularName": kind.lower(),
        "namespaced": kind == "Secret",
        "kind": kind,
        "verbs": list(verbs),
        **({"shortNames": [short]} if short else {}),
    }


def _openapi() -> Json:
    """Return the minimum by which kubectl recognizes that the server validates fields itself."""
    operation: Json = {
        "operationId": "patchCoreV1Secret",
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}}],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": "", "kind": "Secret", "version": "v1"},
    }  # fmt: skip
    paths = {"/api/v1/namespaces/{namespace}/secrets/{name}": {"patch": operation}}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": paths}


_OPENAPI = json.dumps(_openapi())
_OPENAPI_V2 = protobuf.text(1, "2.0") + protobuf.text(
    2, protobuf.text(1, "Kubernetes") + protobuf.text(2, "1")
)

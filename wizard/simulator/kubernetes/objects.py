"""The secrets of a cluster (create, get, list, replace, delete) and its namespaces (get, list)."""

import re
import secrets
import uuid
from datetime import UTC, datetime

from wizard.simulator.kubernetes import access
from wizard.simulator.kubernetes.access import AccessRequest, User
from wizard.simulator.kubernetes.etcd import Etcd, KmsError, key_of
from wizard.simulator.kubernetes.replies import (
    ApiError,
    Reply,
    Request,
    as_json,
    bad_request,
    not_found,
    status_object,
)
from wizard.simulator.kubernetes.validation import check_name, checked, finish
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

_PATH = re.compile(
    r"/api/v1/(?:namespaces/(?P<namespace>[^/]+)/(?P<secrets>secrets)(?:/(?P<name>[^/]+))?"
    r"|(?P<all>secrets)|namespaces(?:/(?P<itself>[^/]+))?)"
)
_VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}
_KINDS = {"secrets": "Secret", "namespaces": "Namespace"}
_PARAMETERS = {
    "GET": {"limit", "labelSelector", "watch"},
    "POST": {"fieldManager", "fieldValidation"},
    "PUT": {"fieldManager", "fieldValidation"},
    "DELETE": {"gracePeriodSeconds", "propagationPolicy"},
}
"""`limit` is ignored, as a server may do: the list is always complete."""
_ANY = {"timeout"}
"""What every request may have: the client's own timeout (`kubectl --request-timeout`)."""
_LABEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._/-]*)\s*==?\s*([A-Za-z0-9._-]*)")


class Objects:
    """The objects of one cluster, as one of its API servers serves them to one user."""

    def __init__(
        self, world: World, cluster: Resource, memory: ClusterMemory, replica: int, user: User
    ) -> None:
        self._world, self._cluster, self._memory, self._user = world, cluster, memory, user
        self._etcd = Etcd(world, cluster, memory, replica)

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a path of secrets or namespaces, or None for any other path. Raise ApiError."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        resource = "secrets" if match["secrets"] or match["all"] else "namespaces"
        namespace, name = match["namespace"] or "", match["name"] or match["itself"] or ""
        self._check_method(request, writable=bool(match["secrets"]), named=bool(name))
        verb = _VERBS.get(request.method) or ("get" if name else "list")
        scope = namespace or (name if resource == "namespaces" else "")
        access.require(self._world, self._cluster, self._user, AccessRequest(verb, resource, scope, name))
        try:
            if verb == "list":
                return self._list(request, resource, namespace)
            if verb == "create":
                return as_json(self._create(request, namespace), 201)
            before = self._get(resource, namespace, name)
            if verb == "get":
                return as_json(before)
            if verb == "delete":
                return self._delete(request, before)
            return as_json(self._replace(request, before))
        except KmsError as problem:
            text = str(problem)
            raise ApiError(
                500, "InternalError", f"Internal error occurred: {text}", {"causes": [{"message": text}]}
            ) from problem

    def _check_method(self, request: Request, *, writable: bool, named: bool) -> None:
        writes = {"PUT", "DELETE"} if named else {"POST"}
        if request.method != "GET" and not (writable and request.method in writes):
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")  # fmt: skip
        for parameter in request.query:
            if parameter not in _PARAMETERS[request.method] | _ANY:
                raise bad_request(f"the query parameter '{parameter}' is not known to this server")
        if request.query.get("watch") in {"true", "1"}:
            raise ApiError(405, "MethodNotAllowed", "watching is not supported by this server")

    # -- reading ------------------------------------------------------------------------------------------------------

    def _get(self, resource: str, namespace: str, name: str) -> Json:
        key = key_of(resource, namespace, name)
        if not self._etcd.has(key):
            raise not_found(resource, name)
        return self._etcd.get(key)

    def _list(self, request: Request, resource: str, namespace: str) -> Reply:
        wanted = _labels(request.query.get("labelSelector", ""))
        every = [self._etcd.get(key) for key in self._etcd.keys(key_of(resource, namespace, "") + "/")]
        items = [
            {name: value for name, value in body.items() if name not in {"kind", "apiVersion"}}
            for body in every
            if wanted.items() <= (body["metadata"].get("labels") or {}).items()
        ]
        metadata = {"resourceVersion": str(self._memory.revision)}
        return as_json(
            {"kind": f"{_KINDS[resource]}List", "apiVersion": "v1", "metadata": metadata, "items": items}
        )

    # -- writing ------------------------------------------------------------------------------------------------------

    def _create(self, request: Request, namespace: str) -> Json:
        body = checked(request.parsed(), request.query.get("fieldValidation", "Warn"))
        metadata: Json = body["metadata"]
        if metadata.get("generateName") and not metadata.get("name"):
            metadata["name"] = f"{metadata['generateName']}{secrets.token_hex(3)[:5]}"
        name = str(metadata.get("name") or "")
        if not name:
            raise ApiError(422, "Invalid", 'Secret "" is invalid: metadata.name: Required value: name or generateName is required')  # fmt: skip
        check_name(name)
        self._check_namespace(metadata, namespace)
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        key = key_of("secrets", namespace, name)
        if self._etcd.has(key):
            raise ApiError(409, "AlreadyExists", f'secrets "{name}" already exists', {"name": name, "kind": "secrets"})  # fmt: skip
        finish(body, None)
        created = datetime.fromtimestamp(self._world.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": created, "namespace": namespace}
        return self._etcd.put(key, body)

    def _check_namespace(self, metadata: Json, namespace: str) -> None:
        given = metadata.get("namespace")
        if given and given != namespace:
            raise bad_request(
                f"the namespace of the provided object does not match the namespace sent on the request ({given} is not {namespace})"
            )
        if not self._etcd.has(key_of("namespaces", "", namespace)):
            raise not_found("namespaces", namespace)

    def _replace(self, request: Request, before: Json) -> Json:
        held: Json = before["metadata"]
        namespace, name = held["namespace"], held["name"]
        body = checked(request.parsed(), request.query.get("fieldValidation", "Warn"))
        metadata: Json = body["metadata"]
        if metadata.setdefault("name", name) != name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        self._check_namespace(metadata, namespace)
        if any(metadata.get(field) not in {None, "", held[field]} for field in ("resourceVersion", "uid")):
            raise ApiError(
                409, "Conflict",
                f'Operation cannot be fulfilled on secrets "{name}": the object has been modified; please apply your changes to the latest version and try again',
                {"name": name, "kind": "secrets"},
            )  # fmt: skip
        metadata |= {
            field: held[field] for field in ("uid", "creationTimestamp", "namespace", "resourceVersion")
        }
        finish(body, before)
        return self._etcd.put(key_of("secrets", namespace, name), body)

    def _delete(self, request: Request, before: Json) -> Reply:
        if request.parsed().get("preconditions"):
            raise bad_request("preconditions of a deletion are not supported by this server")
        metadata = before["metadata"]
        self._etcd.delete(key_of("secrets", metadata["namespace"], metadata["name"]))
        details = {"name": metadata["name"], "kind": "secrets", "uid": metadata["uid"]}
        return as_json(status_object("Success", 200) | {"details": details})


def _labels(selector: str) -> dict[str, str]:
    """Return the labels that a selector like `app=web,tier=db` requires. Raise ApiError for any other kind of selector."""
    labels: dict[str, str] = {}
    for part in filter(None, map(str.strip, selector.split(","))):
        match = _LABEL.fullmatch(part)
        if match is None:
            raise bad_request(f"unable to parse requirement: found '{part}', expected: identifier=value")
        if labels.setdefault(match[1], match[2]) != match[2]:
            raise bad_request(f"the label '{match[1]}' cannot have two values")
    return labels

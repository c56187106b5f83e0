"""Namespaces and secrets: create, get, list, replace, patch, delete."""

import base64
import binascii
import json
import re
import secrets
import uuid
from datetime import UTC, datetime

from wizard.simulator.kubernetes import access
from wizard.simulator.kubernetes.access import User, Wish
from wizard.simulator.kubernetes.etcd import Etcd, KmsError, key_of
from wizard.simulator.kubernetes.patches import patched
from wizard.simulator.kubernetes.replies import (
    ApiError,
    Reply,
    Request,
    as_json,
    bad_request,
    not_found,
    object_in,
    status_object,
)
from wizard.simulator.kubernetes.seeds import new_namespace
from wizard.simulator.kubernetes.selectors import field_selector, label_selector
from wizard.simulator.kubernetes.tables import table
from wizard.simulator.kubernetes.validation import check_fields, check_name, finish_secret, of_kind
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

_PATH = re.compile(
    r"/api/v1/(?:namespaces/(?P<namespace>[^/]+)/(?P<resource>secrets)(?:/(?P<name>[^/]+))?"
    r"|(?P<all>secrets)|(?P<space>namespaces)(?:/(?P<itself>[^/]+))?)"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_KINDS = {"secrets": "Secret", "namespaces": "Namespace"}
_PARAMETERS = {
    "GET": {"limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch", "timeoutSeconds", "pretty", "includeObject", "watch"},
    "POST": {"fieldManager", "fieldValidation", "dryRun", "pretty"},
    "PUT": {"fieldManager", "fieldValidation", "dryRun", "pretty"},
    "PATCH": {"fieldManager", "fieldValidation", "dryRun", "pretty", "force"},
    "DELETE": {"gracePeriodSeconds", "propagationPolicy", "dryRun", "orphanDependents", "pretty"},
}  # fmt: skip
_ANY = {"timeout"}
"""What every request may carry: how long its client waits (`kubectl --request-timeout`)."""
_FIXED = ("default", "kube-public", "kube-system")


class Objects:
    """The objects of one cluster, as one of its API servers serves them to one user."""

    def __init__(
        self, world: World, cluster: Resource, memory: ClusterMemory, replica: int, user: User
    ) -> None:
        self._world, self._cluster, self._memory, self._user = world, cluster, memory, user
        self._etcd = Etcd(world, cluster, memory, replica)

    def answer(self, request: Request) -> Reply | None:
        """The reply to a path of namespaces or secrets; None for any other path.

        Raises ApiError.
        """
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        resource = match["resource"] or match["all"] or match["space"]
        namespace, name = match["namespace"] or "", match["name"] or match["itself"] or ""
        listed = not name and request.method != "POST"
        verb = _VERBS.get(request.method, "list" if listed else "get")
        if (
            request.method not in _PARAMETERS
            or (listed and request.method != "GET")
            or (name and request.method == "POST")
            or (match["all"] and not listed)
        ):
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")  # fmt: skip
        for parameter in request.query:
            if parameter not in _PARAMETERS[request.method] | _ANY:
                raise bad_request(f"the query parameter '{parameter}' is not known to this server")
        if request.query.get("watch") in {"true", "1"}:
            raise ApiError(405, "MethodNotAllowed", "watching is not supported by this server")
        spaces = namespace or (name if resource == "namespaces" else "")
        access.require(self._world, self._cluster, self._user, Wish(verb, resource, spaces, name))
        try:
            if listed:
                return self._list(request, resource, namespace)
            if request.method == "GET":
                return self._shown(request, resource, self._get(resource, namespace, name))
            if request.method == "POST":
                return self._create(request, resource, namespace)
            if request.method == "DELETE":
                return self._delete(request, resource, namespace, name)
            return self._change(request, resource, namespace, name)
        except KmsError as problem:
            text = str(problem)
            raise ApiError(
                500, "InternalError", f"Internal error occurred: {text}", {"causes": [{"message": text}]}
            ) from problem

    # -- reading ------------------------------------------------------------------------------------------------------

    def _get(self, resource: str, namespace: str, name: str) -> Json:
        key = key_of(resource, namespace, name)
        if not self._etcd.has(key):
            raise not_found(resource, name)
        return self._etcd.get(key)

    def _shown(self, request: Request, resource: str, body: Json) -> Reply:
        if not request.wants_table:
            return as_json(body)
        metadata = {"resourceVersion": body["metadata"]["resourceVersion"]}
        return as_json(
            table(
                resource, [body], metadata, self._world.now(), request.query.get("includeObject", "Metadata")
            )
        )

    def _list(self, request: Request, resource: str, namespace: str) -> Reply:
        query = request.query
        labels = label_selector(query.get("labelSelector", ""))
        fields = field_selector(query.get("fieldSelector", ""), resource)
        prefix = key_of(resource, namespace, "") + "/"
        keys, limit = self._etcd.keys(prefix), _limit(query.get("limit", ""))
        after = _continued(query["continue"]) if query.get("continue") else ""
        found: list[Json] = []
        rest: list[str] = []
        waiting = [key for key in keys if key > after]
        for at, key in enumerate(waiting):
            body = self._etcd.get(key)
            if labels(body) and fields(body):
                found.append(body)
            if limit and len(found) == limit:
                rest = waiting[at + 1 :]
                break
        metadata: Json = {"resourceVersion": str(self._memory.revision)}
        if rest:
            metadata["continue"] = _token(waiting[len(waiting) - len(rest) - 1])
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(rest)
        if request.wants_table:
            return as_json(
                table(resource, found, metadata, self._world.now(), query.get("includeObject", "Metadata"))
            )
        items = [
            {name: value for name, value in body.items() if name not in {"kind", "apiVersion"}}
            for body in found
        ]
        return as_json(
            {"kind": f"{_KINDS[resource]}List", "apiVersion": "v1", "metadata": metadata, "items": items}
        )

    # -- writing ------------------------------------------------------------------------------------------------------

    def _create(self, request: Request, resource: str, namespace: str) -> Reply:
        kind = _KINDS[resource]
        body = of_kind(request.parsed(), kind)
        check_fields(body, request.query.get("fieldValidation", "Warn"))
        metadata: Json = body["metadata"]
        if metadata.get("generateName") and not metadata.get("name"):
            metadata["name"] = f"{metadata['generateName']}{secrets.token_hex(3)[:5]}"
        name = str(metadata.get("name") or "")
        if not name:
            raise ApiError(422, "Invalid", f'{kind} "" is invalid: metadata.name: Required value: name or generateName is required')  # fmt: skip
        check_name(kind, name)
        self._check_namespace(metadata, namespace)
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        created = datetime.fromtimestamp(self._world.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        key = key_of(resource, namespace, name)
        if self._etcd.has(key):
            raise ApiError(409, "AlreadyExists", f'{resource} "{name}" already exists', {"name": name, "kind": resource})  # fmt: skip
        own: Json = {"uid": str(uuid.uuid4()), "creationTimestamp": created}
        if resource == "namespaces":
            made = new_namespace(name, created, own["uid"])
            body = made | {
                "metadata": metadata
                | made["metadata"]
                | {"labels": (metadata.get("labels") or {}) | made["metadata"]["labels"]}
            }
        else:
            finish_secret(body, None)
            body["metadata"] = metadata | own | {"namespace": namespace}
        if request.query.get("dryRun"):
            return self._written(request, resource, body, 201)
        return self._written(request, resource, self._etcd.put(key, body), 201)

    def _check_namespace(self, metadata: Json, namespace: str) -> None:
        given = metadata.get("namespace")
        if given and given != namespace:
            raise bad_request(
                f"the namespace of the provided object does not match the namespace sent on the request ({given} is not {namespace})"
            )
        if namespace and not self._etcd.has(key_of("namespaces", "", namespace)):
            raise not_found("namespaces", namespace)

    def _change(self, request: Request, resource: str, namespace: str, name: str) -> Reply:
        before, kind = self._get(resource, namespace, name), _KINDS[resource]
        if request.method == "PATCH":
            body = of_kind(patched(before, request.content_type, request.body), kind)
        else:
            body = of_kind(request.parsed(), kind)
        check_fields(body, request.query.get("fieldValidation", "Warn"))
        metadata: Json = body["metadata"]
        if metadata.setdefault("name", name) != name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        self._check_namespace(metadata, namespace)
        held: Json = before["metadata"]
        if metadata.get("resourceVersion") not in {None, "", held["resourceVersion"]} or metadata.get(
            "uid"
        ) not in {None, "", held["uid"]}:
            raise ApiError(
                409, "Conflict",
                f'Operation cannot be fulfilled on {resource} "{name}": the object has been modified; please apply your changes to the latest version and try again',
                {"name": name, "kind": resource},
            )  # fmt: skip
        metadata |= {
            own: held[own]
            for own in ("uid", "creationTimestamp", "namespace", "resourceVersion")
            if own in held
        }
        if resource == "secrets":
            finish_secret(body, before)
        else:
            body |= {"spec": before["spec"], "status": before["status"]}
            metadata["labels"] = (metadata.get("labels") or {}) | {"kubernetes.io/metadata.name": name}
        if request.query.get("dryRun"):
            return self._written(request, resource, body, 200)
        return self._written(request, resource, self._etcd.put(key_of(resource, namespace, name), body), 200)

    def _written(self, request: Request, resource: str, body: Json, status: int) -> Reply:
        reply = self._shown(
            request, resource, body | {"metadata": {"resourceVersion": "0"} | body["metadata"]}
        )
        reply.status = status
        return reply

    def _delete(self, request: Request, resource: str, namespace: str, name: str) -> Reply:
        body = self._get(resource, namespace, name)
        if resource == "namespaces" and name in _FIXED:
            raise ApiError(403, "Forbidden", f'namespaces "{name}" is forbidden: this namespace may not be deleted')  # fmt: skip
        wanted = object_in(request.parsed(), "preconditions").get("uid")
        if wanted and wanted != body["metadata"]["uid"]:
            raise ApiError(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": the UID in the precondition ({wanted}) does not match the UID in record ({body["metadata"]["uid"]})')  # fmt: skip
        if not request.query.get("dryRun"):
            if resource == "namespaces":
                for key in self._etcd.keys(key_of("secrets", name, "") + "/"):
                    self._etcd.get(key)  # what cannot be decrypted cannot be deleted
                    self._etcd.delete(key)
            self._etcd.delete(key_of(resource, namespace, name))
        if resource == "namespaces":
            return as_json(body | {"status": {"phase": "Terminating"}})
        details = {"name": name, "kind": resource, "uid": body["metadata"]["uid"]}
        return as_json(status_object("Success", 200) | {"details": details})


def _limit(text: str) -> int:
    if text and not re.fullmatch(r"[0-9]{1,18}", text):
        raise bad_request(f"unable to decode query parameter limit: '{text}' is not a number")
    return int(text or 0)


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "after": key}).encode()).decode()


def _continued(token: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token))["after"])
    except (ValueError, KeyError, TypeError, binascii.Error) as problem:
        raise bad_request(f"continue key is not valid: {problem}") from problem

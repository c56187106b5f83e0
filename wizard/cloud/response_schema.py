"""The format of Azure's responses. A proxy's page, an incomplete response, or a list in place of an object is rejected.

In an accepted response, each value that this program reads has the type that Azure documents, so that the code that reads
it does not need to check. All other values may have any type.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wizard.cloud.arm import ResourceId


@dataclass(frozen=True)
class _Plain:
    """The type of a plain value: a text, a flag or a number."""

    word: str
    types: tuple[type, ...]
    most: float = math.inf
    """The limit that a number is below; it is never negative."""

    def is_type_of(self, value: object) -> bool:
        """Return whether a value has this type. JSON's true is not a number, although it is one in Python."""
        return type(value) in self.types and (not isinstance(value, int | float) or 0 <= value < self.most)


_TEXT = _Plain("text", (str,))
_FLAG = _Plain("true or false", (bool,))
_NUMBER = _Plain("a sensible number", (int, float), most=2.0**53)
_TIME = _Plain("a time", (int, float), most=253_402_300_800)
"""Seconds since the epoch, up to the last year of Python's dates."""

_Shape: TypeAlias = "_Plain | dict[str, _Shape] | list[_Shape]"
"""JSON with types in place of values: an object with these names, or a list whose entries have one shape."""

_ANY = "*"
"""The only name in the shape of an object with arbitrary names."""

_ATTRIBUTES: _Shape = {
    "enabled": _FLAG,
    **dict.fromkeys(("exp", "nbf", "created", "updated"), _TIME),
    "recoverableDays": _NUMBER,
}
_ROTATION: _Shape = {"lifetimeActions": [{"action": {"type": _TEXT}, "trigger": {_ANY: _TEXT}}]}
_PERMISSION: dict[str, _Shape] = {
    name: [_TEXT] for name in ("actions", "notActions", "dataActions", "notDataActions")
}
_PRINCIPALS: _Shape = [{"id": _TEXT, "type": _TEXT}]
_IDENTITY: _Shape = {
    "type": _TEXT,
    "principalId": _TEXT,
    "userAssignedIdentities": {_ANY: {"principalId": _TEXT, "clientId": _TEXT}},
}

_CLUSTER: dict[str, _Shape] = {
    **dict.fromkeys(
        ("provisioningState", "kubernetesVersion", "currentKubernetesVersion", "nodeResourceGroup"), _TEXT
    ),
    "powerState": {"code": _TEXT},
    "agentPoolProfiles": [{"name": _TEXT, "count": _NUMBER}],
    "addonProfiles": {_ANY: {"enabled": _FLAG}},
    "apiServerAccessProfile": {"enableVnetIntegration": _FLAG},
    "securityProfile": {
        "azureKeyVaultKms": {
            "enabled": _FLAG,
            "keyId": _TEXT,
            "keyVaultNetworkAccess": _TEXT,
            "keyVaultResourceId": _TEXT,
        },
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": _TEXT},
    },
}
_VAULT: dict[str, _Shape] = {
    **dict.fromkeys(("vaultUri", "vaultId", "tenantId", "publicNetworkAccess", "scheduledPurgeDate"), _TEXT),
    **dict.fromkeys(("enableRbacAuthorization", "enablePurgeProtection", "enableSoftDelete"), _FLAG),
    "softDeleteRetentionInDays": _NUMBER,
    "sku": {"name": _TEXT},
    "networkAcls": {"defaultAction": _TEXT, "bypass": _TEXT},
    "accessPolicies": [{"objectId": _TEXT, "permissions": {"keys": [_TEXT]}}],
}
_KEY: dict[str, _Shape] = {
    **dict.fromkeys(("kty", "keyUri", "keyUriWithVersion"), _TEXT),
    "keySize": _NUMBER,
    "keyOps": [_TEXT],
    "attributes": _ATTRIBUTES,
    "rotationPolicy": _ROTATION,
}
_RIGHTS: dict[str, _Shape] = {
    **dict.fromkeys(
        ("scope", "principalId", "roleDefinitionId", "roleName", "condition", "denyAssignmentName"), _TEXT
    ),
    "permissions": [dict(_PERMISSION)],
    "principals": _PRINCIPALS,
    "excludePrincipals": _PRINCIPALS,
}
_QUOTA: dict[str, _Shape] = {
    "name": {"value": _TEXT},
    "limit": {"value": _NUMBER},
    "usages": {"value": _NUMBER},
}
_VCPU_QUOTA: _Shape = {"name": {"value": _TEXT}, "limit": _NUMBER, "currentValue": _NUMBER}
"""An entry of the usages of Microsoft.Compute, whose name is an object at the top."""
_TOP: dict[str, _Shape] = {
    **dict.fromkeys(("id", "name", "type", "location", "etag", "eTag"), _TEXT),
    "tags": {},
    "sku": {},
    "identity": _IDENTITY,
}
_CLUSTER_ALONE: _Shape = {**_TOP, "properties": _CLUSTER}
_RESOURCE: dict[str, _Shape] = {
    **_TOP,
    "properties": {
        **_CLUSTER,
        **_VAULT,
        **_KEY,
        **_RIGHTS,
        **_QUOTA,
        **dict.fromkeys(("state", "level", "clientId"), _TEXT),
    },
}
"""A resource of any type. In the types that are read here, a name in one place has the same type everywhere."""

_OTHERS: dict[str, _Shape] = {
    # a subscription, a region, a resource provider, an operation, a free name
    **dict.fromkeys(("subscriptionId", "tenantId", "displayName", "state", "status"), _TEXT),
    "registrationState": _TEXT,
    "resourceTypes": [{"resourceType": _TEXT, "locations": [_TEXT]}],
    "nameAvailable": _FLAG,
    "reason": _TEXT,
    "message": _TEXT,
    # permissions of the caller
    **_PERMISSION,
    # Kubernetes versions, a kubeconfig, the result of a policy check, rows of Azure Resource Graph
    "values": [
        {
            "version": _TEXT,
            "isDefault": _FLAG,
            "isPreview": _FLAG,
            "capabilities": {"supportPlan": [_TEXT]},
            "patchVersions": {_ANY: {}},
        }
    ],
    "kubeconfigs": [{"name": _TEXT, "value": _TEXT}],
    "contentEvaluationResult": {
        "policyEvaluations": [
            {
                "policyInfo": {},
                "evaluationResult": _TEXT,
                "evaluationDetails": {"evaluatedExpressions": [{"path": _TEXT, "expression": _TEXT}]},
            }
        ]
    },
    "data": [{"id": _TEXT, "subscriptionId": _TEXT}],
    "totalRecords": _NUMBER,
    "$skipToken": _TEXT,
}
_ERROR: dict[str, _Shape] = {"error": {"code": _TEXT, "details": [{"code": _TEXT}]}}
_ANSWER: _Shape = {**_RESOURCE, **_OTHERS, **_ERROR, "nextLink": _TEXT}
_EVENT: _Shape = {
    **dict.fromkeys(("caller", "eventTimestamp"), _TEXT),
    "operationName": {"value": _TEXT},
    "status": {"value": _TEXT},
    "claims": {_ANY: _TEXT},
}
"""An event of the Activity Log."""
_EVENTS = "values"
"""The last part of the path of the Activity Log."""
_KEY_ANSWER: _Shape = {
    "key": {**dict.fromkeys(("kid", "kty", "n", "e"), _TEXT), "key_ops": [_TEXT]},
    "attributes": _ATTRIBUTES,
    "recoveryId": _TEXT,
    **dict.fromkeys(("scheduledPurgeDate", "deletedDate"), _TIME),
}

_READ = {"GET", "PUT", "PATCH"}
"""Methods whose successful response is a resource or a list."""
_BEGINNINGS = {"subscriptions", "providers"}
_CLUSTERS = "managedclusters"
_WHOLE = {_CLUSTERS, "vaults"}
"""Resources whose ID is used in the next request, and which are sent back as a copy."""
_NAMED = {"resourcegroups", "keys", "userassignedidentities", "versions"}
"""Other resources, which always have an ID."""


def _is_collection(parts: Sequence[str]) -> bool:
    """Return whether a path of Azure Resource Manager, in parts, is that of a list: from `subscriptions` or `providers` on, types
    and names take turns in it, and it ends with a type. The versions of Kubernetes have a response of their own.
    """
    named = [part for part in parts if part]  # the SDK of role assignments leaves one empty
    begin = next((at for at, part in enumerate(named) if part in _BEGINNINGS), len(named))
    return (len(named) - begin) % 2 == 1 and named[-1] != "kubernetesversions"


def schema_error(method: str, path: str, status: int, body: object) -> str | None:
    """Return why a body is not a valid response of Azure Resource Manager to a request; None if it may be one.

    The entries of a list of clusters are checked by `cluster_schema_error`, one at a time: one invalid cluster must not hide
    the others, of which there may be ten thousand.
    """
    if status >= 400:
        return None if isinstance(body, str | None) else _misfit(body, _ERROR)  # the status is sufficient
    parts = path.rstrip("/").casefold().split("/")
    read = method == "GET" and status == 200
    is_list = read and _is_collection(parts)
    if body is None and (status not in {200, 201} or method not in _READ):
        return None
    if not isinstance(body, Mapping):
        return _unlike("", body, "an object")
    if not body and method != "DELETE" and status in {200, 201}:
        return "it is an empty object"
    entries = body.get("value", None if is_list else [])
    if not isinstance(entries, list):
        return _unlike("value", entries, "a list")
    for entry in entries:
        if not isinstance(entry, Mapping):
            return f"its list contains {_kind(entry)}, not only objects"
    if why := _misfit(body, _ANSWER):
        return why
    if is_list and parts[-1] == _CLUSTERS:
        return None
    if read and not is_list and (why := _no_resource(body, parts[-2:][0])):
        return why
    whole = read and (parts[-1] if is_list else parts[-2:][0]) in _WHOLE
    quotas = {"microsoft.compute", "usages"} <= set(parts)
    shape = _VCPU_QUOTA if quotas else _EVENT if parts[-1] == _EVENTS else _ANSWER
    for entry in entries:
        if why := _misfit(entry, shape) or (_incomplete(entry) if whole else None):
            return why
    return _incomplete(body) if whole and not is_list else None


def cluster_schema_error(body: Mapping[str, object]) -> str | None:
    """Return why an entry of a list is not a managed cluster; None if it may be one."""
    return _misfit(body, _CLUSTER_ALONE) or _incomplete(body)


def key_schema_error(method: str, path: str, status: int, body: object) -> str | None:
    """Return the same for a response of a vault's data plane: a key or its rotation policy, the only ones that are read."""
    parts = path.strip("/").split("/")
    if status >= 400 or parts[:1] not in (["keys"], ["deletedkeys"]) or len(parts) == 1:
        return None
    if method == "DELETE":
        return None
    if parts[-1] == "rotationpolicy":
        return _misfit(body, _ROTATION)
    if not isinstance(body, Mapping):
        return _unlike("", body, "an object")
    if why := _misfit(body, _KEY_ANSWER):
        return why
    for name in ("key", "attributes"):
        if not isinstance(body.get(name), Mapping):
            return _unlike(name, body.get(name), "an object")
    kid = body["key"].get("kid")
    return None if isinstance(kid, str) else _unlike("kid", kid, "text")


def _misfit(value: object, shape: _Shape, name: str = "") -> str | None:
    """Return which part of a value has another type than its shape; None if there is none. Missing or null values are valid.

    `name` is the name of the value, if it has one.
    """
    if isinstance(shape, _Plain):
        return None if shape.is_type_of(value) else _unlike(name, value, shape.word)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _unlike(name, value, "a list")
        for entry in value:
            if why := _misfit(entry, shape[0], f"{name}[]"):
                return why
        return None
    if not isinstance(value, dict):
        return _unlike(name, value, "an object")
    if _ANY in shape:
        shape = dict.fromkeys(value, shape[_ANY])
    for each, wanted in shape.items():
        found = value.get(each)
        if found is None or (wanted is _TEXT and type(found) is str):
            continue  # the common case, checked first for the speed of a sweep
        if why := _misfit(found, wanted, each):
            return why
    return None


def _no_resource(body: Mapping[str, object], kind: str) -> str | None:
    """Return why a body is not that of one resource, of a type such as `keys`; None if it may be one."""
    if "value" in body and body.keys() <= {"value", "nextLink"}:
        return "it is a list, not a resource"
    return _unlike("id", body.get("id"), "text") if kind in _NAMED and not body.get("id") else None


def _incomplete(resource: Mapping[str, object]) -> str | None:
    """Return what a cluster or a vault lacks of the two things that it needs: a resource ID and its properties."""
    id_, properties = resource.get("id"), resource.get("properties")
    if not isinstance(properties, Mapping):
        return _unlike("properties", properties, "an object")
    if not isinstance(id_, str):
        return _unlike("id", id_, "text")
    try:
        ResourceId.parse(id_)
    except ValueError:
        return "its id is not a resource ID"
    return None


def _unlike(name: str, value: object, wanted: str) -> str:
    return f"{f'its {name}' if name else 'it'} is {_kind(value)}, not {wanted}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"

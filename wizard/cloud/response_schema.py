"""Answers that no Azure gives, refused at the door: a proxy's page, half an answer, a list where an object belongs.

What gets past has, wherever something here reads it, the type that Azure documents, so that whoever reads it need not
ask. What nobody here reads may be as it likes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wizard.cloud.arm import ResourceId


@dataclass(frozen=True)
class _Plain:
    """The type of a value that has nothing in it."""

    word: str
    types: tuple[type, ...]
    most: float = math.inf
    """What a number stays below, from zero on."""

    def is_type_of(self, value: object) -> bool:
        """Whether a value is of it. JSON's true is no number, although Python takes it for one."""
        return type(value) in self.types and (not isinstance(value, int | float) or 0 <= value < self.most)


_TEXT = _Plain("text", (str,))
_FLAG = _Plain("true or false", (bool,))
_NUMBER = _Plain("a sensible number", (int, float), most=2.0**53)
_MOMENT = _Plain("a moment", (int, float), most=253_402_300_800)
"""Seconds since the epoch, up to the last year that a date can have."""

_Shape: TypeAlias = "_Plain | dict[str, _Shape] | list[_Shape]"
"""JSON with types in the places of values: an object with these names, or a list of things of one shape."""

_ANY = "*"
"""The one name in the shape of an object whose names are free."""

_ATTRIBUTES: _Shape = {
    "enabled": _FLAG,
    **dict.fromkeys(("exp", "nbf", "created", "updated"), _MOMENT),
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
"""A resource of any type: no two of those that are read here have one name for different things in one place."""

_OTHERS: dict[str, _Shape] = {
    # a subscription, a region, a resource provider, an operation, a free name
    **dict.fromkeys(("subscriptionId", "tenantId", "displayName", "state", "status"), _TEXT),
    "registrationState": _TEXT,
    "resourceTypes": [{"resourceType": _TEXT, "locations": [_TEXT]}],
    "nameAvailable": _FLAG,
    "reason": _TEXT,
    "message": _TEXT,
    # what whoever asks may do
    **_PERMISSION,
    # Kubernetes' versions, a kubeconfig, what Azure Policy makes of something, rows of Azure Resource Graph
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
_KEY_ANSWER: _Shape = {
    "key": {**dict.fromkeys(("kid", "kty", "n", "e"), _TEXT), "key_ops": [_TEXT]},
    "attributes": _ATTRIBUTES,
    "recoveryId": _TEXT,
    **dict.fromkeys(("scheduledPurgeDate", "deletedDate"), _MOMENT),
}

_READ = {"GET", "PUT", "PATCH"}
"""What answers with a resource or a list, if it succeeds."""
_COLLECTIONS = {
    *(
        "subscriptions",
        "locations",
        "managedclusters",
        "vaults",
        "deletedvaults",
        "keys",
        "locks",
        "permissions",
    ),
    *("userassignedidentities", "roleassignments", "denyassignments", "roleeligibilityscheduleinstances"),
    *("quotas", "usages"),
}
"""How the path of a list ends, of those that are asked for."""
_CLUSTERS = "managedclusters"
_WHOLE = {_CLUSTERS, "vaults"}
"""Resources whose id says where to look next, and of which a copy is sent back."""


def schema_error(method: str, path: str, status: int, body: object) -> str | None:
    """Why a decoded body is no answer of Azure Resource Manager's to such a request; None where it may be one.

    Of a list of clusters, each is for `cluster_schema_error`: it may be of ten thousand, and one odd one is no reason to
    see none of them.
    """
    if status >= 400:
        return None if isinstance(body, str | None) else _misfit(body, _ERROR)  # a status says enough
    parts = path.rstrip("/").casefold().split("/")
    read = method == "GET" and status == 200
    is_list = read and parts[-1] in _COLLECTIONS
    if body is None and (status not in {200, 201} or method not in _READ):
        return None
    if not isinstance(body, Mapping):
        return _unlike("", body, "an object")
    entries = body.get("value", None if is_list else [])
    if not isinstance(entries, list):
        return _unlike("value", entries, "a list")
    for entry in entries:
        if not isinstance(entry, Mapping):
            return f"its list holds {_kind(entry)}, not objects alone"
    if why := _misfit(body, _ANSWER):
        return why
    if is_list and parts[-1] == _CLUSTERS:
        return None
    whole = read and (parts[-1] if is_list else parts[-2:][0]) in _WHOLE
    for entry in entries:
        if why := _misfit(entry, _ANSWER) or (_incomplete(entry) if whole else None):
            return why
    return _incomplete(body) if whole and not is_list else None


def cluster_schema_error(body: Mapping[str, object]) -> str | None:
    """Why an entry of a list is no managed cluster; None where it may be one."""
    return _misfit(body, _CLUSTER_ALONE) or _incomplete(body)


def key_schema_error(method: str, path: str, status: int, body: object) -> str | None:
    """The same for an answer of a vault's own plane: of a key or its rotation policy, which is all that is asked of one."""
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
    """What in a value is of another type than its shape says; None where nothing is. What is not there, or null, is fine.

    `name` is the value's, where it has one.
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
            continue  # most of what there is, and a sweep reads much of it
        if why := _misfit(found, wanted, each):
            return why
    return None


def _incomplete(resource: Mapping[str, object]) -> str | None:
    """What a cluster or a vault lacks without which it is none: an id by which it is found again, and its properties."""
    id_, properties = resource.get("id"), resource.get("properties")
    if not isinstance(properties, Mapping):
        return _unlike("properties", properties, "an object")
    if not isinstance(id_, str):
        return _unlike("id", id_, "text")
    try:
        ResourceId.parse(id_)
    except ValueError:
        return "its id is none of a resource"
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

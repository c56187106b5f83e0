"""Authentication and authorization at a cluster's API server.

Local accounts are tokens that ARM hands out; they may do anything. A cluster with managed Entra integration also accepts
Entra tokens for the AKS server application. Their permissions come from Azure RBAC if the cluster uses it; otherwise only
the members of its admin groups have permissions, and these may do anything.
"""

import hmac
from dataclasses import dataclass

from wizard.simulator.arm import rbac
from wizard.simulator.arm.tokens import AKS_SERVER_APPLICATION, TokenProblem, Tokens
from wizard.simulator.kubernetes.replies import ApiError, Request
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

_DATA_VERBS = {
    "get": "read", "list": "read", "create": "write", "update": "write", "delete": "delete",
}  # fmt: skip
"""The verbs in Azure's data actions for those of Kubernetes."""


@dataclass(frozen=True, slots=True)
class User:
    """The caller. `principal` is the Entra object id, or "" for a local account."""

    name: str
    principal: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What a user wants to do: to an object or a list of a resource, or to a `path` that is not a resource."""

    verb: str
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def takes_entra(cluster: Resource) -> bool:
    """Return whether the cluster has managed Entra integration."""
    return bool((cluster.body["properties"].get("aadProfile") or {}).get("managed"))


async def authenticate(
    world: World, tokens: Tokens, cluster: Resource, memory: ClusterMemory, request: Request
) -> User:
    """Return the caller. Raise ApiError(401) if there is none: AKS does not allow anonymous requests."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        if not cluster.body["properties"].get("disableLocalAccounts"):
            for secret in memory.tokens.values():
                if hmac.compare_digest(secret.encode(), token.encode("utf-8", "surrogateescape")):
                    return User("masterclient")
        if takes_entra(cluster):
            try:
                claims = await tokens.check(token, (AKS_SERVER_APPLICATION,))
                principal = world.state.principals[str(claims["oid"])]
            except (TokenProblem, KeyError):
                raise _unauthorized() from None
            return User(principal.upn or principal.object_id, principal.object_id)
    raise _unauthorized()


def _unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def _denial(world: World, cluster: Resource, user: User, wanted: AccessRequest) -> str | None:
    """Return None if the user has the permission, else the reason that the API server gives, "" if it gives none."""
    if not user.principal:
        return None
    profile: Json = cluster.body["properties"].get("aadProfile") or {}
    if user.principal in (profile.get("adminGroupObjectIDs") or []):
        return None
    if not profile.get("enableAzureRBAC"):
        return ""
    what = wanted.resource or wanted.path.strip("/").partition("/")[0]
    action = f"Microsoft.ContainerService/managedClusters/{what}/{_DATA_VERBS[wanted.verb]}"
    scope = cluster.id + (f"/namespaces/{wanted.namespace}" if wanted.namespace else "")
    if rbac.may_data(world, user.principal, action, scope):
        return None
    return "User does not have access to the resource in Azure. Update role assignment to allow access."


def require(world: World, cluster: Resource, user: User, wanted: AccessRequest) -> None:
    """Raise ApiError(403) if the user does not have the permission."""
    reason = _denial(world, cluster, user, wanted)
    if reason is None:
        return
    tail = f": {reason}" if reason else ""
    if wanted.path:
        text = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"{tail}'
        raise ApiError(403, "Forbidden", text)
    subject = f'{wanted.resource} "{wanted.name}"' if wanted.name else wanted.resource
    place = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    raise ApiError(
        403, "Forbidden",
        f'{subject} is forbidden: User "{user.name}" cannot {wanted.verb} resource "{wanted.resource}" in API group "" {place}{tail}',
        {"name": wanted.name, "kind": wanted.resource},
    )  # fmt: skip

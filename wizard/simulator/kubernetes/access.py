"""Who may talk to a cluster's API server, and what they may do there.

Local accounts are tokens that ARM hands out; they may do anything. A cluster with managed Entra integration also takes
Entra tokens for the AKS server application; what their holders may do is decided by Azure RBAC where the cluster uses
it, else only its admin groups may do anything.
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

_ADMINS = "system:masters"
_DATA_VERBS = {
    "get": "read", "list": "read", "create": "write", "update": "write", "patch": "write", "delete": "delete",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class User:
    """Who is asking. `principal` is the Entra object id, "" for a local account."""

    name: str
    groups: tuple[str, ...]
    principal: str = ""

    @property
    def info(self) -> Json:
        """The user as reviews show it."""
        return {"username": self.name, "groups": list(self.groups)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do: to an object or a list of a resource, or to a `path` that is no resource."""

    verb: str
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    group: str = ""


def takes_entra(cluster: Resource) -> bool:
    """Whether the cluster has managed Entra integration."""
    return bool((cluster.body["properties"].get("aadProfile") or {}).get("managed"))


async def authenticate(
    world: World, tokens: Tokens, cluster: Resource, memory: ClusterMemory, request: Request
) -> User:
    """The caller.

    Raises ApiError(401): AKS knows no anonymous callers.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        if not cluster.body["properties"].get("disableLocalAccounts"):
            for secret in memory.tokens.values():
                if hmac.compare_digest(secret.encode(), token.encode("utf-8", "surrogateescape")):
                    return User("masterclient", (_ADMINS, "system:authenticated"))
        if takes_entra(cluster):
            try:
                claims = await tokens.check(token, (AKS_SERVER_APPLICATION,))
                principal = world.state.principals[str(claims["oid"])]
            except (TokenProblem, KeyError):
                raise _unauthorized() from None
            return User(principal.upn or principal.object_id, ("system:authenticated",), principal.object_id)
    raise _unauthorized()


def _unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def why_not(world: World, cluster: Resource, user: User, wish: Wish) -> str:
    """Why the user may not do it; "" where they may."""
    if _ADMINS in user.groups:
        return ""
    profile: Json = cluster.body["properties"].get("aadProfile") or {}
    if user.principal in (profile.get("adminGroupObjectIDs") or []):
        return ""
    if not profile.get("enableAzureRBAC"):
        return "no RBAC policy matched"
    what = wish.resource or wish.path.strip("/").partition("/")[0]
    action = "/".join(
        part
        for part in (
            "Microsoft.ContainerService/managedClusters",
            wish.group,
            what,
            _DATA_VERBS.get(wish.verb, wish.verb),
        )
        if part
    )
    scope = cluster.id + (f"/namespaces/{wish.namespace}" if wish.namespace else "")
    if rbac.may_data(world, user.principal, action, scope):
        return ""
    return "User does not have access to the resource in Azure. Update role assignment to allow access."


def require(world: World, cluster: Resource, user: User, wish: Wish) -> None:
    """Pass, or raise ApiError(403)."""
    why = why_not(world, cluster, user, wish)
    if not why:
        return
    tail = f": {why}" if "Azure" in why else ""
    if wish.path:
        text = f'forbidden: User "{user.name}" cannot {wish.verb} path "{wish.path}"{tail}'
        raise ApiError(403, "Forbidden", text)
    subject = f'{wish.resource} "{wish.name}"' if wish.name else wish.resource
    place = f'in the namespace "{wish.namespace}"' if wish.namespace else "at the cluster scope"
    raise ApiError(
        403, "Forbidden",
        f'{subject} is forbidden: User "{user.name}" cannot {wish.verb} resource "{wish.resource}" in API group "{wish.group}" {place}{tail}',
        {"name": wish.name, "kind": wish.resource},
    )  # fmt: skip

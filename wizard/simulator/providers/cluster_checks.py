"""The checks that a write to a managed cluster must pass first: ETag, other operations, power state, version, identity."""

from copy import deepcopy

from wizard.simulator.arm import operations, rbac
from wizard.simulator.arm.locks import check_locks
from wizard.simulator.protocol.ids import subscription_of
from wizard.simulator.protocol.wire import Call, FlatRefusal, Json, Refusal
from wizard.simulator.providers.cluster_links import LINKED_ACTIONS, linked_refusal
from wizard.simulator.providers.managed_identity import TYPE as IDENTITY
from wizard.simulator.state.cluster_body import TYPE, hosted, minor_of
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World


def check_etag(call: Call, cluster: Resource | None) -> None:
    """Raise 400 or 412 if `If-Match` and `If-None-Match` are invalid or do not match (AKS: use etags; codes and texts UNCONFIRMED)."""
    match, none_match = call.headers.get("If-Match"), call.headers.get("If-None-Match")
    if match and none_match:
        raise FlatRefusal(400, "BadRequest", "If-Match and If-None-Match cannot be used together.")
    if none_match and none_match != "*":
        raise FlatRefusal(400, "BadRequest", "If-None-Match must be empty or '*'.")
    if none_match and cluster is not None:
        raise FlatRefusal(
            412, "PreconditionFailed", "The resource exists already, but If-None-Match: * was given."
        )
    if (
        match
        and match != "*"
        and (cluster is None or match.removeprefix("W/").strip('"') != cluster.body["eTag"])
    ):
        raise FlatRefusal(
            412, "PreconditionFailed", "Etag mismatched: the resource was changed since it was read."
        )


def check_free(world: World, cluster: Resource | None) -> None:
    """Raise 409 if another operation on the cluster is in progress."""
    if cluster is not None and (operation := operations.running(world, cluster.id)):
        raise FlatRefusal(
            409,
            "OperationNotAllowed",
            f"Operation is not allowed: Another operation ({operation.kind}) is in progress, please wait for it to finish before starting a new operation. "
            "See https://aka.ms/aks-pending-operation for more details",
        )


def check_pools(wanted: Json) -> None:
    """Raise 400 if the list of agent pools is empty. A missing list is accepted, and so is a hosted cluster (text UNCONFIRMED)."""
    if wanted["properties"].get("agentPoolProfiles") == [] and not hosted(wanted["properties"]):
        raise FlatRefusal(
            400,
            "InvalidParameter",
            "The value of parameter agentPoolProfiles is invalid. Error details: a managed cluster must have at least one agent pool with mode System.",
        )


def check_node_group(world: World, method: str, cluster: Resource) -> None:
    """Raise 409 if a lock protects the cluster's node resource group.

    AKS writes to that group in every operation on the cluster (docs/azure.md#refusals-of-the-aks-resource-provider, ScopeLocked).
    """
    group = cluster.body["properties"]["nodeResourceGroup"]
    check_locks(world, method, f"/subscriptions/{subscription_of(cluster.id)}/resourceGroups/{group}")


def quota_of(world: World, subscription: str, location: str) -> tuple[int, int]:
    """Return how many clusters a subscription may have in a region, and how many it has."""
    quotas = world.scenario.quotas
    inside = world.of_type(TYPE, f"/subscriptions/{subscription}")
    held = sum(cluster.body["location"] == location for cluster in inside)
    return quotas.in_region.get(location, quotas.clusters_per_region), held


def check_quota(world: World, cluster_id: str, location: str) -> None:
    """Raise 400 if the subscription has used up its clusters in the region (AKS: quotas and limits; the status is UNCONFIRMED)."""
    most, held = quota_of(world, subscription_of(cluster_id), location)
    if held >= most:
        raise FlatRefusal(
            400,
            "ManagedClusterCountExceedsQuotaLimit",
            f"Operation results in exceeding quota limits for managed clusters. Maximum allowed: {most}, Current usage: {held}, Additional requested: 1. "
            "Consider deleting unused clusters or requesting a quota increase. See https://aka.ms/aks/quotas for more details.",
        )


def check_running(cluster: Resource | None) -> None:
    """Raise 400 if the cluster is stopped."""
    if cluster is not None and cluster.body["properties"]["powerState"]["code"] == "Stopped":
        # Code and text UNCONFIRMED; the documentation's sentence is used.
        raise FlatRefusal(
            400,
            "OperationNotAllowed",
            f"Managed cluster '{cluster.body['name']}' is stopped. You can only perform start or delete operations on a stopped AKS cluster.",
        )


def resolve_version(
    world: World, wanted: str, cluster: Resource | None, name: str, *, long_term: bool
) -> str:
    """Return the patch version that the cluster will run.

    Raise 400 K8sVersionNotSupported, or 400 for a downgrade (its code and text UNCONFIRMED).
    """
    now = cluster.body["properties"]["currentKubernetesVersion"] if cluster else ""
    if now and (
        not wanted
        or wanted
        in {
            now,
            ".".join(now.split(".")[:2]),
            cluster.body["properties"]["kubernetesVersion"] if cluster else "",
        }
    ):
        return str(now)
    offered = world.scenario.kubernetes_versions
    if not wanted:
        return next(entry.patches[-1] for entry in offered.values() if entry.default)
    entry = offered.get(".".join(wanted.split(".")[:2]))
    if entry is None or (wanted not in entry.patches and wanted.count(".") != 1):
        raise FlatRefusal(
            400,
            "K8sVersionNotSupported",
            f"Managed cluster {name} is on version {wanted}, which is not supported in this region. Please use [az aks get-versions] command to get the "
            "supported version list in this region. For more information, please check https://aka.ms/supported-version-list",
        )
    if entry.lts_only and not long_term:
        raise FlatRefusal(
            400,
            "K8sVersionNotSupported",
            f"Managed cluster {name} is on version {wanted}, which is only available for Long-Term Support (LTS). If you intend to onboard to LTS, please "
            "ensure the cluster is in Premium tier and LTS support plan. If not, please use [az aks get-versions] command to get the supported version "
            "list in this region. For more information, please check https://aka.ms/supported-version-list",
        )
    version = wanted if wanted.count(".") == 2 else entry.patches[-1]
    if now and minor_of(version) < minor_of(now):
        raise FlatRefusal(
            400,
            "NotAllowedDowngrade",
            f"Downgrading the Kubernetes version from {now} to {version} is not allowed.",
        )
    return version


def identity_after(world: World, call: Call, wanted: Json, before: Json | None) -> Json:
    """Return the cluster's identity after the PUT. Without an identity in the body, it does not change.

    Raise 400 InvalidParameter (code and texts UNCONFIRMED), or the error of the identity itself.
    """
    given = wanted.get("identity")
    if not given:
        if before is not None:
            return deepcopy(before.get("identity") or {})
        if (wanted["properties"].get("servicePrincipalProfile") or {}).get("clientId", "msi") == "msi":
            raise FlatRefusal(
                400,
                "InvalidParameter",
                "Either a managed identity or a service principal is required for the managed cluster.",
            )
        return {}
    if given.get("type") == "SystemAssigned":
        if before is not None and (before.get("identity") or {}).get("type") == "SystemAssigned":
            return deepcopy(before["identity"])
        return {"type": "SystemAssigned"}
    if given.get("type") != "UserAssigned" or len(given.get("userAssignedIdentities") or {}) != 1:
        raise FlatRefusal(
            400,
            "InvalidParameter",
            "The cluster's identity is SystemAssigned, or UserAssigned with exactly one user-assigned identity.",
        )
    return {
        "type": "UserAssigned",
        "userAssignedIdentities": {
            key: _assigned(world, call, key) for key in given["userAssignedIdentities"]
        },
    }


def _assigned(world: World, call: Call, identity_id: str) -> Json:
    action = LINKED_ACTIONS[IDENTITY]
    if not rbac.may(world, call.caller, action, identity_id):
        raise linked_refusal(world, call, action, identity_id)
    found = world.find(identity_id)
    if found is None or found.type != IDENTITY:
        raise Refusal(
            400,
            "FailedIdentityOperation",
            f"Identity operation for resource '{call.path}' failed with error 'Failed to perform resource identity operation. Status: 'NotFound'. Response: "
            f'\'{{"error":{{"code":"ResourceNotFound","message":"The Resource \'{identity_id}\' was not found."}}}}\'.\'.',
        )
    return {
        "clientId": found.body["properties"]["clientId"],
        "principalId": found.body["properties"]["principalId"],
    }

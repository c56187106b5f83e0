"""Managed clusters: the AKS resource provider (docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#managed-clusters)."""

import json
import re
import uuid

from wizard.simulator.arm import operations
from wizard.simulator.arm.locations import check_location, check_unmoved
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing, serve_lists
from wizard.simulator.protocol.ids import subscription_of
from wizard.simulator.protocol.wire import Answer, Call, FlatRefusal, Json, Refusal
from wizard.simulator.providers import cluster_kms, managed_identity, vm_sizes
from wizard.simulator.providers.cluster_checks import (
    check_etag,
    check_free,
    check_node_group,
    check_pools,
    check_quota,
    check_running,
    identity_after,
    resolve_version,
)
from wizard.simulator.providers.cluster_links import check_caller, check_identity
from wizard.simulator.providers.monitor import note_write
from wizard.simulator.providers.resource_groups import new_group
from wizard.simulator.state.body_fields import check_cluster
from wizard.simulator.state.cluster_body import TYPE, canonical_id, finish, first_answer, set_state, view
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World, on_delete, scheduled_handler
from wizard.simulator.vaults.key_use import Encryption, can_use_key

_NAME = re.compile(r"[a-zA-Z0-9]|[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]")
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}"
_STABLE = tuple(
    f"{year}-{month:02}-01"
    for year, last in ((2023, 11), (2024, 10), (2025, 10), (2026, 8))
    for month in range(1, last + 1)
)
_PREVIEW = tuple(
    f"{year}-{month:02}-02-preview"
    for year, last in ((2024, 10), (2025, 10), (2026, 7))
    for month in range(1, last + 1)
)

provider = Provider(
    "Microsoft.ContainerService",
    tuple(sorted(_STABLE + _PREVIEW)),
    types=(
        "managedClusters",
        "managedClusters/agentPools",
        "locations/kubernetesVersions",
        "locations/operations",
    ),
)


def _id(call: Call) -> str:
    return canonical_id(call.names["subscription"], call.names["group"], call.names["name"])


def _shown(world: World, body: Json, call: Call) -> Json:
    return view(body, call.api_version, etag=world.scenario.rules.etag_in_answers)


serve_lists(provider, TYPE, _shown)


# -- reading ----------------------------------------------------------------------------------------------------------


@provider.on("GET", _ONE, f"{TYPE}/read")
async def get_cluster(world: World, call: Call) -> Answer:
    """Return one cluster."""
    return Answer(200, _shown(world, world.get(_id(call)).body, call))


def _show_pool(world: World, cluster: Resource, pool: Json) -> Json:
    hidden = {"name"} if world.scenario.rules.etag_in_answers else {"name", "eTag"}
    return {
        "id": f"{cluster.id}/agentPools/{pool['name']}",
        "name": pool["name"],
        "type": f"{TYPE}/agentPools",
        "properties": {name: value for name, value in pool.items() if name not in hidden},
    }


@provider.on("GET", f"{_ONE}/agentPools", f"{TYPE}/agentPools/read")
async def list_pools(world: World, call: Call) -> Answer:
    """List the agent pools of a cluster."""
    cluster = world.get(_id(call))
    return listing(
        [_show_pool(world, cluster, pool) for pool in cluster.body["properties"]["agentPoolProfiles"]]
    )


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions",
    "Microsoft.ContainerService/locations/kubernetesVersions/read",
)
async def list_versions(world: World, call: Call) -> Answer:
    """List the Kubernetes versions that a region offers."""
    check_location(world, call.names["location"], "locations/kubernetesVersions")
    offered = world.scenario.kubernetes_versions
    every = [patch for entry in offered.values() for patch in entry.patches]
    values = [
        {
            "version": minor,
            "capabilities": {
                "supportPlan": ["AKSLongTermSupport"]
                if entry.lts_only
                else ["KubernetesOfficial", "AKSLongTermSupport"]
            },
            **({"isDefault": True} if entry.default else {}),
            **({"isPreview": True} if entry.preview else {}),
            "patchVersions": {
                patch: {"upgrades": [other for other in every if can_upgrade(patch, other)]}
                for patch in entry.patches
            },
        }
        for minor, entry in offered.items()
    ]
    return Answer(200, {"values": values})


def can_upgrade(lower: str, higher: str) -> bool:
    """Return whether AKS upgrades from one patch version to another: upwards, by at most one minor version."""
    low, high = tuple(map(int, lower.split("."))), tuple(map(int, higher.split(".")))
    return low < high and high[1] - low[1] <= 1


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/operations/{operation}",
    "Microsoft.ContainerService/locations/operations/read",
    ("2016-03-30", "2017-08-31", *provider.versions),
    ("t", "c", "s", "h"),
)
async def get_operation(world: World, call: Call) -> Answer:
    """Return the state of a long-running operation."""
    return operations.poll(world, call)


# -- writing ----------------------------------------------------------------------------------------------------------


def add_node_group(world: World, body: Json) -> None:
    """Create the node resource group and the kubelet identity, as AKS does."""
    properties = body["properties"]
    group_id = (
        f"/subscriptions/{subscription_of(body['id'])}/resourceGroups/{properties['nodeResourceGroup']}"
    )
    if world.find(group_id) is None:
        world.put(new_group(group_id, body["location"], {}, managed_by=body["id"]))
    if "identityProfile" not in properties:
        kubelet_id = f"{group_id}/providers/{managed_identity.TYPE}/{body['name']}-agentpool"
        principal = world.new_identity(f"{body['name']}-agentpool", kubelet_id)
        world.put(managed_identity.new_identity(world, kubelet_id, body["location"], {}, principal))
        properties["identityProfile"] = {
            "kubeletidentity": {
                "resourceId": kubelet_id.replace("/resourceGroups/", "/resourcegroups/"),
                "clientId": principal.app_id,
                "objectId": principal.object_id,
            }
        }


@provider.on("PUT", _ONE, f"{TYPE}/write")
async def put_cluster(world: World, call: Call) -> Answer:
    """Create a cluster (201) or replace it as a whole (200). Both are long-running operations."""
    wanted, name = call.require_body(), call.names["name"]
    world.require_group(call.path)
    if not _NAME.fullmatch(name):
        raise FlatRefusal(
            400,
            "InvalidParameter",
            f"The value of parameter name is invalid. Error details: '{name}' must consist of letters, digits, '-' and '_', start and end with a letter or digit, and have at most 63 characters.",
        )
    if not isinstance(wanted.setdefault("properties", {}), dict):
        raise Refusal(
            400, "InvalidRequestContent", "The request content was invalid: 'properties' must be an object."
        )
    location = check_location(world, wanted.get("location"), TYPE)
    cluster = world.find(_id(call))
    before = cluster.body if cluster else None
    check_cluster(wanted, before, call.api_version)
    check_pools(wanted)
    check_etag(call, cluster)
    check_free(world, cluster)
    check_running(cluster)
    check_unmoved(before, location)
    cluster_id = cluster.id if cluster else _id(call)
    if cluster is not None:
        check_node_group(world, call.method, cluster)
    long_term = wanted["properties"].get("supportPlan") == "AKSLongTermSupport"
    version = resolve_version(
        world, str(wanted["properties"].get("kubernetesVersion") or ""), cluster, name, long_term=long_term
    )
    identity = identity_after(world, call, wanted, before)
    body = finish(cluster_id, wanted, before, version, call.api_version)
    check_caller(world, call, wanted["properties"], body["properties"]["nodeResourceGroup"])
    if identity:
        body["identity"] = identity
    held: Json = before or {"properties": {}}
    first = world.scenario.rules.identity_must_be_there_first and before is not None
    change = cluster_kms.Change(
        api_version=call.api_version,
        subscription=subscription_of(cluster_id),
        before=Encryption.of(held["properties"]),
        after=Encryption.of(body["properties"]),
        properties=body["properties"],
        identity=held.get("identity") or {} if first else identity,
        version=version,
        version_before=str(held["properties"].get("currentKubernetesVersion", "")),
    )
    check_identity(world, body, before)
    cluster_kms.check(world, change)
    cluster_kms.drop_disabled_key(world, body)
    if identity == {"type": "SystemAssigned"}:
        principal = world.new_identity(name, cluster_id)
        body["identity"] = identity | {
            "principalId": principal.object_id,
            "tenantId": world.scenario.tenant.id,
        }
    if before is None:
        check_quota(world, cluster_id, location)
    vm_sizes.check(world, cluster_id, location, body["properties"], cluster)
    if before is None:
        add_node_group(world, body)
    if cluster is not None:
        from wizard.simulator.kubernetes import lifecycle  # few runs use a cluster's API server

        # This must be checked before the change: it depends on what etcd stores now.
        if (
            lifecycle.leaves_unreadable_secrets(world, cluster, body)
            and world.scenario.rules.second_rotation_sticks
        ):
            call.operation_odd = call.operation_odd or "never-ends"
    set_state(body, "Updating" if before else "Creating")
    world.put(Resource(cluster_id, TYPE, body))
    note_write(world, call, cluster_id, f"{TYPE}/write")
    seconds = world.scenario.durations.cluster_update if before else world.scenario.durations.cluster_create
    had = held.get("identity") or {}
    leaves = str(had.get("principalId", "")) if identity != had else ""
    headers = operations.begin(
        world, call, cluster_id, "Updating" if before else "Creating", location, seconds, leaves
    )
    return Answer(200 if before else 201, first_answer(_shown(world, body, call), before), headers)


@scheduled_handler("cluster-operation-done")
def _done(world: World, facts: dict[str, str]) -> None:
    operation = world.state.operations[facts["operation"]]
    cluster = world.find(operation.resource_id)
    if operation.status != "InProgress":
        return
    if cluster is None:
        operations.end(world, operation)
        return
    error = json.loads(facts["error"]) if facts["error"] else _late_error(world, cluster, operation.kind)
    if error is None:
        operations.drop_left_identities(world, cluster.id)
    if facts["odd"] == "resource-lags" and error is None:
        operations.end(world, operation)
        world.later(float(facts["lasting"]), "cluster-catches-up", id=cluster.id)
        return
    if operation.kind == "Deleting" and error is None:
        world.remove(cluster.id)
    else:
        power = cluster.body["properties"]["powerState"]
        power["code"] = (
            {"Stopping": "Stopped", "Starting": "Running"}.get(operation.kind, power["code"])
            if error is None
            else power["code"]
        )
        set_state(cluster.body, "Failed" if error else "Succeeded")
        _update_api_servers(world, cluster, operation.kind, error)
    if facts["odd"] == "operation-lags":
        operation.lags = True
        world.running.pop(operation.resource_id, None)
    else:
        operations.end(world, operation, error)


@scheduled_handler("cluster-catches-up")
def _finish_resource(world: World, facts: dict[str, str]) -> None:
    """Set the resource to Succeeded, some time after its operation."""
    cluster = world.find(facts["id"])
    if cluster is not None and operations.running(world, cluster.id) is None:
        set_state(cluster.body, "Succeeded")


def _update_api_servers(world: World, cluster: Resource, kind: str, error: Json | None) -> None:
    """Restart the API servers with the new settings, also if these break them."""
    followed = kind == "Starting" or cluster.id.lower() in world.state.kubernetes
    if followed and (error is None or error["code"] == "InternalOperationError"):
        from wizard.simulator.kubernetes import lifecycle  # few runs use a cluster's API server

        lifecycle.after_operation(world, cluster, kind)


def _late_error(world: World, cluster: Resource, kind: str) -> Json | None:
    """Return the error that appears only when the API servers start, or None.

    AKS accepts a Private vault without a check (docs/azure.md#refusals-of-the-aks-resource-provider, Azure/azure-docs#105101).
    """
    encryption = Encryption.of(cluster.body["properties"])
    if kind not in {"Creating", "Updating", "Starting"} or not encryption.customer:
        return None
    if encryption.kms.get("keyVaultNetworkAccess") == "Private" and not can_use_key(
        world, encryption.kms, cluster.body.get("identity") or {}
    ):
        return {"code": "InternalOperationError", "message": "Internal server error"}
    return None


@on_delete(TYPE)
def _delete_dependents(world: World, cluster: Resource) -> None:
    """Delete what belongs to a deleted cluster: node resource group, system-assigned identity, and its running operation."""
    subscription, node_group = subscription_of(cluster.id), cluster.body["properties"]["nodeResourceGroup"]
    identity = cluster.body.get("identity") or {}
    if identity.get("type") == "SystemAssigned":
        world.drop_principal(identity["principalId"])
    operations.drop_left_identities(world, cluster.id)
    if operation := operations.running(world, cluster.id):
        gone = f"The managed cluster '{cluster.body['name']}' was deleted meanwhile."
        operations.end(
            world, operation, None if operation.kind == "Deleting" else {"code": "NotFound", "message": gone}
        )
    world.remove(f"/subscriptions/{subscription}/resourceGroups/{node_group}")
    world.state.kubernetes.pop(cluster.id.lower(), None)


@provider.on("DELETE", _ONE, f"{TYPE}/delete")
async def delete_cluster(world: World, call: Call) -> Answer:
    """Delete a cluster with its node resource group. Answer 204 if there is none."""
    world.require_group(call.path)
    cluster = world.find(_id(call))
    check_etag(call, cluster)
    if cluster is None:
        return Answer(204)
    check_free(world, cluster)
    check_node_group(world, call.method, cluster)
    set_state(cluster.body, "Deleting")
    headers = operations.begin(
        world, call, cluster.id, "Deleting", cluster.body["location"], world.scenario.durations.cluster_delete
    )
    return Answer(202, None, headers)


@provider.on("PATCH", _ONE, f"{TYPE}/write")
async def patch_tags(world: World, call: Call) -> Answer:
    """Replace the tags. Nothing else can be patched."""
    cluster = world.get(_id(call))
    check_cluster(call.require_body(), None, call.api_version, "tags")
    check_etag(call, cluster)
    check_free(world, cluster)
    cluster.body["tags"], cluster.body["eTag"] = (
        dict(call.require_body().get("tags") or {}),
        str(uuid.uuid4()),
    )
    return Answer(200, _shown(world, world.put(cluster).body, call))


def _power(world: World, call: Call, kind: str, wanted: str) -> Answer:
    cluster = world.get(_id(call))
    check_free(world, cluster)
    if cluster.body["properties"]["powerState"]["code"] == wanted:
        return Answer(204)
    check_node_group(world, call.method, cluster)
    set_state(cluster.body, kind)
    headers = operations.begin(
        world, call, cluster.id, kind, cluster.body["location"], world.scenario.durations.cluster_update
    )
    return Answer(202, None, headers)


@provider.on("POST", f"{_ONE}/stop", f"{TYPE}/stop/action")
async def stop_cluster(world: World, call: Call) -> Answer:
    """Stop a cluster."""
    return _power(world, call, "Stopping", "Stopped")


@provider.on("POST", f"{_ONE}/start", f"{TYPE}/start/action")
async def start_cluster(world: World, call: Call) -> Answer:
    """Start a stopped cluster."""
    return _power(world, call, "Starting", "Running")

"""Long-running operations of the AKS resource provider, as recorded (docs/azure.md#long-running-operations)."""

import json
import secrets
import uuid

from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.state.state import Operation
from wizard.simulator.state.world import World, iso

POLL_VERSION = "2025-03-01"
_PHASES = {
    "Creating": (
        (0.1, "InProgress"), (0.25, "ProvisioningNetworkResources"), (0.6, "ProvisioningControlPlane"), (0.85, "CreatingAgentPools"),
        (0.93, "ReconcilingDNS"), (1.0, "ReconcilingAddons"),
    ),
    "Updating": ((0.3, "InProgress"), (0.8, "ProvisioningControlPlane"), (0.9, "ReconcilingDNS"), (1.0, "ReconcilingAddons")),
}  # fmt: skip
"""The statuses of a running operation, each with the part of its duration at which it ends.

The statuses were recorded (docs/azure.md#long-running-operations), their shares of the duration and the choice for updates were not.
"""
_POOLS = "CreatingAgentPools"


def running(world: World, resource_id: str) -> Operation | None:
    """Return the operation that is in progress on a resource, or None."""
    operation = world.running.get(resource_id.lower())
    return world.state.operations[operation] if operation else None


def start(world: World, resource_id: str, kind: str, leaves: str = "") -> Operation:
    """Create an operation in progress on a resource."""
    now = world.now()
    operation = Operation(str(uuid.uuid4()), resource_id.lower(), kind, iso(now), leaves=leaves, began=now)
    world.state.operations[operation.id] = operation
    world.running[operation.resource_id] = operation.id
    return operation


def begin(
    world: World, call: Call, resource_id: str, kind: str, location: str, seconds: float, leaves: str = ""
) -> dict[str, str]:
    """Start an operation that ends after this many real-life seconds, and return the headers for polling it."""
    operation = start(world, resource_id, kind, leaves)
    if call.operation_odd != "never-ends":
        operation.lasting = world.scaled(seconds) if call.operation_odd != "operation-lags" else 0.0
        error = json.dumps(call.operation_fails) if call.operation_fails else ""
        facts = {
            "operation": operation.id,
            "error": error,
            "odd": call.operation_odd,
            "lasting": str(seconds),
        }
        world.later(seconds, "cluster-operation-done", **facts)
    subscription = resource_id.split("/")[2]
    signature = f"t={int(world.now() * 1e7)}&c={secrets.token_urlsafe(48)}&s={secrets.token_urlsafe(48)}&h={secrets.token_urlsafe(24)}"
    url = f"{call.base_url}/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/operations/{operation.id}"
    return {
        "Azure-AsyncOperation": f"{url}?api-version={POLL_VERSION}&{signature}",
        "x-ms-operation-identifier": operation.id,
        **world.retry_headers(),
    }


def end(world: World, operation: Operation, error: Json | None = None) -> None:
    """Set the status of an operation to Succeeded, or with an error to Failed."""
    operation.status, operation.ended, operation.error = (
        ("Failed" if error else "Succeeded"),
        iso(world.now()),
        error or {},
    )
    world.running.pop(operation.resource_id, None)
    world.changed = True


def drop_left_identities(world: World, resource_id: str) -> None:
    """Remove the principals of the identities that were removed from a resource, when its operation succeeded or it is deleted."""
    resource = world.find(resource_id)
    kept = (resource.body.get("identity") or {}).get("principalId") if resource else None
    for _, operation in world.state.operations.loaded():
        if operation.leaves not in {"", kept} and operation.resource_id == resource_id.lower():
            world.drop_principal(operation.leaves)


def _status(world: World, operation: Operation) -> str:
    """Return the status that an operation reports: while it runs, what it is doing."""
    if operation.status != "InProgress" or not operation.lasting:
        return operation.status
    spent = (world.now() - operation.began) / operation.lasting
    phases = _PHASES.get(operation.kind, ())
    phase = next((name for end, name in phases if spent < end), phases[-1][1] if phases else "InProgress")
    if phase != _POOLS:
        return phase
    resource = world.find(operation.resource_id)
    pools = resource.body["properties"].get("agentPoolProfiles") or [] if resource else []
    nodes = sum(int(pool.get("count") or 0) for pool in pools)
    return f"{_POOLS}: {int(nodes * min(1.0, (spent - 0.6) / 0.25))}/{nodes} nodes completed"


def show(world: World, operation: Operation) -> Json:
    """Return an operation as the resource provider shows it."""
    # The name in the body is the same GUID with the bytes of its first parts in reverse order.
    swapped = uuid.UUID(bytes_le=uuid.UUID(operation.id).bytes)
    body: Json = {"name": str(swapped), "status": _status(world, operation), "startTime": operation.started}
    if operation.ended:
        body["endTime"] = operation.ended
    return body | ({"error": operation.error} if operation.error else {})


def poll(world: World, call: Call) -> Answer:
    """Return the status of an operation."""
    operation = world.state.operations.get(call.names["operation"].lower())
    if operation is None:
        raise Refusal(404, "NotFound", f"The operation '{call.names['operation']}' was not found.")
    headers = world.retry_headers() if operation.status == "InProgress" else {}
    return Answer(200, show(world, operation), headers)

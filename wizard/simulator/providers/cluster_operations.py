"""The operations of a cluster (`az aks operation show-latest`, `operation-abort`) and commands inside it (`az aks command invoke`)."""

import shlex
import uuid

from wizard.simulator.arm import operations
from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, FlatRefusal, Json, Refusal
from wizard.simulator.providers import container_service
from wizard.simulator.state.cluster_body import TYPE, canonical_id, set_state
from wizard.simulator.state.state import Operation, Resource
from wizard.simulator.state.world import World, iso

_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}"
LATEST = "latest"
RESULT = "Microsoft.ContainerService/managedClusters/commandResults"

provider = Provider(
    "Microsoft.ContainerService",
    container_service.provider.versions,
    types=("managedClusters/operations", "managedClusters/commandResults"),
)


def _cluster(world: World, call: Call) -> Resource:
    return world.get(canonical_id(call.names["subscription"], call.names["group"], call.names["name"]))


def _operations(world: World, cluster: Resource) -> list[Operation]:
    """Return the operations of a cluster, newest first."""
    found = [each for _, each in world.state.operations.loaded() if each.resource_id == cluster.id.lower()]
    return sorted(found, key=lambda each: each.started, reverse=True)


def _show(world: World, cluster: Resource, operation: Operation) -> Json:
    shown = operations.show(world, operation)
    more: Json = {
        "id": f"{cluster.id}/operations/{shown['name']}",
        "resourceId": cluster.id,
        "percentComplete": 100.0 if operation.status == "Succeeded" else 0.0,
        "operations": [],
    }
    return shown | more


@provider.on("GET", f"{_ONE}/operations/{{operation}}", f"{TYPE}/operations/read")
async def get_operation(world: World, call: Call) -> Answer:
    """Return one operation, or the `latest`."""
    cluster, wanted = _cluster(world, call), call.names["operation"].lower()
    for operation in _operations(world, cluster):
        shown = _show(world, cluster, operation)
        if wanted in {LATEST, shown["name"], operation.id}:
            return Answer(200, shown)
    raise FlatRefusal(404, "NotFound", f"The operation '{wanted}' was not found.")


@provider.on("POST", f"{_ONE}/abort", f"{TYPE}/abort/action")
async def abort_latest(world: World, call: Call) -> Answer:
    """Abort the operation in progress. The cluster is then Canceled. Answer 204 if there is none."""
    cluster = _cluster(world, call)
    operation = operations.running(world, cluster.id)
    if operation is None:
        return Answer(204)
    operations.end(world, operation, {"code": "OperationAborted", "message": "The operation was aborted."})
    operation.status = "Canceled"
    set_state(cluster.body, "Canceled")
    return Answer(202, None, world.retry_headers())


@provider.on("POST", f"{_ONE}/runCommand", f"{TYPE}/runCommand/action")
async def run_command(world: World, call: Call) -> Answer:
    """Run a command in a pod of the cluster, whatever its network. Only `kubectl get --raw PATH` is simulated."""
    cluster, body = _cluster(world, call), call.require_body()
    properties: Json = cluster.body["properties"]
    if properties["powerState"]["code"] != "Running":
        raise FlatRefusal(  # code and text UNCONFIRMED
            400, "BadRequest", "Cannot run a command in a managed cluster that is not running."
        )
    command = body.get("command")
    if not isinstance(command, str) or not command:
        raise FlatRefusal(
            400, "InvalidParameter", "The value of parameter command is invalid: it is required."
        )
    code, logs = _run(world, cluster, command)
    moment, name = iso(world.now()), uuid.uuid4().hex
    result: Json = {
        "id": name,
        "properties": {
            "provisioningState": "Succeeded",
            "exitCode": code,
            "startedAt": moment,
            "finishedAt": moment,
            "logs": logs,
        },
    }
    place = f"{cluster.id}/commandResults/{name}"
    world.put(Resource(place, RESULT, {"id": place, "name": name, "type": RESULT, "result": result}))
    headers = {"Location": f"{call.base_url}{place}?api-version={call.api_version}"}
    return Answer(202, None, headers | world.retry_headers())


@provider.on("GET", f"{_ONE}/commandResults/{{command}}", f"{TYPE}/commandResults/read")
async def get_result(world: World, call: Call) -> Answer:
    """Return the result of a command."""
    found = world.find(f"{_cluster(world, call).id}/commandResults/{call.names['command']}")
    if found is None:
        raise Refusal(404, "NotFound", f"The command '{call.names['command']}' was not found.")
    return Answer(200, found.body["result"])


def _run(world: World, cluster: Resource, command: str) -> tuple[int, str]:
    """Return the exit code and the output of a command in the cluster."""
    try:
        words = shlex.split(command)
    except ValueError as problem:
        return 2, f"sh: {problem}\n"
    if words[:3] != ["kubectl", "get", "--raw"] or len(words) != 4:
        return 1, "error: the simulated pod runs `kubectl get --raw PATH` only\n"
    from wizard.simulator.kubernetes.plane import read_inside  # few runs use a cluster's API server

    status, text = read_inside(world, cluster, words[3])
    return (0, text) if status < 400 else (1, f"Error from server: {text}\n")

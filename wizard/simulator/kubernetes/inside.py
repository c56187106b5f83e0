"""Reads of a cluster's API from a pod inside it, as an administrator."""

from urllib.parse import parse_qsl, urlsplit

from wizard.simulator.kubernetes import discovery, health, metrics
from wizard.simulator.kubernetes.access import User
from wizard.simulator.kubernetes.lifecycle import current_memory
from wizard.simulator.kubernetes.objects import Objects
from wizard.simulator.kubernetes.replies import ApiError, Request, no_such_path
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World


def read(world: World, cluster: Resource, path: str) -> tuple[int, str]:
    """Return the status and text that the API server answers to GET of a path with a query."""
    parts = urlsplit(path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    request = Request("GET", parts.path, query, {}, b"")
    memory = current_memory(world, cluster)
    world.changed = True
    memory.turn += 1
    replica = memory.turn % metrics.REPLICAS
    found = discovery.answer(request, memory.version, "localhost") or health.answer(request, memory)
    if found is None and parts.path == "/metrics":
        return 200, metrics.exposition(memory, replica)
    try:
        found = found or Objects(world, cluster, memory, replica, User("masterclient")).answer(request)
        if found is None:
            raise no_such_path()
    except ApiError as refused:
        return refused.status, refused.message
    return found.status, found.content.decode("utf-8", "replace")

"""The API servers of every managed cluster, each at the host name that ARM gives it."""

import logging
from urllib.parse import parse_qsl, urlsplit

from wizard.simulator.arm.tokens import Tokens
from wizard.simulator.kubernetes import access, discovery, health, metrics
from wizard.simulator.kubernetes.access import AccessRequest, User
from wizard.simulator.kubernetes.lifecycle import current_memory
from wizard.simulator.kubernetes.objects import Objects
from wizard.simulator.kubernetes.replies import (
    ApiError,
    Reply,
    Request,
    Unreachable,
    as_text,
    no_such_path,
)
from wizard.simulator.protocol.wire import Answer
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

log = logging.getLogger("wizard.simulator")


def address(cluster: Resource) -> str:
    """Return the host name of a cluster's API server."""
    properties = cluster.body["properties"]
    return str(properties.get("privateFQDN") or properties["fqdn"]).lower()


class KubernetesPlane:
    """Serves the API of each managed cluster at its host name."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world, self._tokens = world, tokens
        self._clusters: dict[str, str] = {}

    async def answer(self, host: str, request: Request) -> Answer:
        """Serve one request: authentication, route, authorization, then the operation. Every error becomes a Status."""
        try:
            cluster = self._cluster_at(host)
            reply = await self._serve(cluster, request)
        except ApiError as refused:
            reply = refused.reply()
        except Unreachable:
            return Answer(503, reset=True)
        except Exception:
            log.exception("The simulated API server %s failed at %s %s", host, request.method, request.path)
            reply = ApiError(
                500,
                "InternalError",
                "Internal error occurred: the simulator failed to serve this request; see its log",
            ).reply()
        return Answer(
            reply.status, None, {"Content-Type": reply.content_type, **reply.headers}, reply.content
        )

    def _cluster_at(self, host: str) -> Resource:
        """Return the cluster whose API server has this host name.

        Raise Unreachable if there is none, if the cluster is stopped or still being created, or if its network is private:
        clients of the simulator are on the internet.
        """
        if host not in self._clusters:  # a caller has requested credentials from ARM before
            known = map(self._world.find, list(self._world.state.kubernetes))
            self._clusters = {address(each): each.id for each in known if each is not None}
        cluster = self._world.find(self._clusters.get(host, ""))
        if cluster is None or address(cluster) != host:
            raise Unreachable
        properties = cluster.body["properties"]
        private = (properties.get("apiServerAccessProfile") or {}).get("enablePrivateCluster")
        running = properties["powerState"]["code"] == "Running"
        if private or not running or properties["provisioningState"] == "Creating":
            raise Unreachable
        return cluster

    async def _serve(self, cluster: Resource, request: Request) -> Reply:
        memory = _next_turn(self._world, cluster)
        user = await access.authenticate(self._world, self._tokens, cluster, memory, request)
        return _reply(self._world, cluster, memory, user, request)


def read_inside(world: World, cluster: Resource, path: str) -> tuple[int, str]:
    """Return the status and text that the API server answers to GET of a path with a query, from an administrator in a pod."""
    parts = urlsplit(path)
    request = Request("GET", parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), {}, b"")
    try:
        found = _reply(world, cluster, _next_turn(world, cluster), User("masterclient"), request)
    except ApiError as refused:
        return refused.status, refused.message
    return found.status, found.content.decode("utf-8", "replace")


def _next_turn(world: World, cluster: Resource) -> ClusterMemory:
    """Return the current memory of a cluster, for the API server whose turn it is to serve a request."""
    memory = current_memory(world, cluster)
    world.changed = True
    memory.turn += 1
    return memory


def _reply(world: World, cluster: Resource, memory: ClusterMemory, user: User, request: Request) -> Reply:
    """Return the reply to an authenticated request. Raise ApiError."""
    replica = memory.turn % metrics.REPLICAS
    found = discovery.answer(request, memory.version, address(cluster)) or health.answer(request, memory)
    if found is not None:
        return found
    if request.path == "/metrics" and request.method == "GET":
        access.require(world, cluster, user, AccessRequest("get", path="/metrics"))
        text = metrics.exposition(memory, replica)
        return as_text(text, content_type="text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
    reply = Objects(world, cluster, memory, replica, user).answer(request)
    if reply is None:
        raise no_such_path()
    return reply

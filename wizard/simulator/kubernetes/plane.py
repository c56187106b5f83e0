"""The API servers of every managed cluster, each at the host name that ARM gives it."""

import logging

from wizard.simulator.arm.tokens import Tokens
from wizard.simulator.kubernetes import access, discovery, health, metrics
from wizard.simulator.kubernetes.access import User, Wish
from wizard.simulator.kubernetes.inside import look
from wizard.simulator.kubernetes.objects import Objects
from wizard.simulator.kubernetes.replies import (
    ApiError,
    Reply,
    Request,
    Unreachable,
    as_json,
    as_text,
    no_such_path,
    object_in,
)
from wizard.simulator.protocol.wire import Answer, Json
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

log = logging.getLogger("wizard.simulator")


def address(cluster: Resource) -> str:
    """The host name at which a cluster's API server answers."""
    properties = cluster.body["properties"]
    return str(properties.get("privateFQDN") or properties["fqdn"]).lower()


class KubernetesPlane:
    """Serves the API of whatever cluster a host name is the address of."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world, self._tokens = world, tokens
        self._clusters: dict[str, str] = {}

    async def answer(self, host: str, request: Request) -> Answer:
        """Serve one request: authentication, route, rights, then the operation. Whatever goes wrong, the answer is a Status."""
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
                "Internal error occurred: the simulated API server has a fault of its own here; its log says where",
            ).reply()
        return Answer(
            reply.status, None, {"Content-Type": reply.content_type, **reply.headers}, reply.content
        )

    def _cluster_at(self, host: str) -> Resource:
        """The cluster whose API server answers at a host name.

        Raises Unreachable where none answers this caller: there is none, it is stopped or not up yet, or its network
        is private and the caller is on the internet.
        """
        if host not in self._clusters:  # whoever comes here has asked ARM for the credentials before
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
        memory = look(self._world, cluster)
        self._world.changed = True
        memory.turn += 1
        replica = memory.turn % metrics.REPLICAS
        user = await access.authenticate(self._world, self._tokens, cluster, memory, request)
        found = discovery.answer(request, memory.version, address(cluster)) or health.answer(request, memory)
        if found is not None:
            return found
        if request.path == "/metrics" and request.method == "GET":
            access.require(self._world, cluster, user, Wish("get", path="/metrics"))
            text = metrics.exposition(memory, replica)
            return as_text(
                text, content_type="text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
            )
        reply = self._review(cluster, user, request)
        reply = reply or Objects(self._world, cluster, memory, replica, user).answer(request)
        if reply is None:
            raise no_such_path()
        return reply

    def _review(self, cluster: Resource, user: User, request: Request) -> Reply | None:
        """`kubectl auth can-i` and `kubectl auth whoami`."""
        if request.method != "POST" or not request.path.endswith("reviews"):
            return None
        body = request.parsed()
        specification = object_in(body, "spec")
        shown: Json = {"kind": body.get("kind"), "apiVersion": body.get("apiVersion"), "metadata": {}}
        if request.path == "/apis/authentication.k8s.io/v1/selfsubjectreviews":
            return as_json(shown | {"status": {"userInfo": user.info}}, 201)
        if request.path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            return None
        about = object_in(specification, "resourceAttributes")
        path = object_in(specification, "nonResourceAttributes")
        wish = Wish(
            str(about.get("verb") or path.get("verb") or ""), str(about.get("resource") or ""), str(about.get("namespace") or ""),
            str(about.get("name") or ""), str(path.get("path") or ""), str(about.get("group") or ""),
        )  # fmt: skip
        why = access.why_not(self._world, cluster, user, wish)
        status: Json = {"allowed": not why} | ({"reason": why} if why else {})
        return as_json(shown | {"spec": specification, "status": status}, 201)

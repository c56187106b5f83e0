"""The first namespaces and secrets of a cluster: those of its scenario, or a few default ones."""

import base64
import hashlib

from wizard.simulator.protocol.ids import group_of, name_of, subscription_of
from wizard.simulator.protocol.wire import Json
from wizard.simulator.scenario.model import ClusterSpec, SecretSpec
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def _pseudo_random(*parts: str, length: int = 32) -> str:
    """Return a meaningless text that is the same for the same parts in every run."""
    return hashlib.sha256("/".join(parts).lower().encode()).hexdigest()[:length]


def specification_of(world: World, cluster: Resource) -> ClusterSpec | None:
    """Return the specification of a cluster in the scenario, or None for one that was created later."""
    subscription = world.scenario.subscriptions.get(subscription_of(cluster.id))
    groups = subscription.groups if subscription else {}
    for group_name, group in groups.items():
        if group_name.lower() == group_of(cluster.id).lower():
            for name, specification in group.clusters.items():
                if name.lower() == name_of(cluster.id).lower():
                    return specification
    return None


def _default_secrets(cluster: Resource) -> dict[str, SecretSpec]:
    """Return the secrets of a typical cluster: a bootstrap token and those of the team in the cluster's tags."""
    team, place = str((cluster.body.get("tags") or {}).get("team") or "apps"), cluster.id
    token = _pseudo_random(place, "token", length=6)
    return {
        f"kube-system/bootstrap-token-{token}": SecretSpec(
            type="bootstrap.kubernetes.io/token",
            data={
                "token-id": token,
                "token-secret": _pseudo_random(place, "token-secret", length=16),
                "usage-bootstrap-authentication": "true",
            },
        ),
        f"{team}/database": SecretSpec(
            data={"username": team, "password": _pseudo_random(place, "password")}, labels={"app": team}
        ),
        f"{team}/api-key": SecretSpec(data={"key": _pseudo_random(place, "api-key")}, labels={"app": team}),
        f"{team}/registry-login": SecretSpec(
            type="kubernetes.io/basic-auth",
            data={"username": team, "password": _pseudo_random(place, "registry")},
        ),
    }


def first_objects(world: World, cluster: Resource) -> tuple[list[Json], list[Json]]:
    """Return the first namespaces and secrets of a cluster."""
    specification = specification_of(world, cluster)
    given = specification.secrets if specification else None
    secrets = _default_secrets(cluster) if given is None else given
    namespaces = sorted({*NAMESPACES, *(place.partition("/")[0] for place in secrets)})
    created = "2026-10-01T08:00:00Z"
    return (
        [new_namespace(name, created, _uid(cluster, "namespaces", name)) for name in namespaces],
        [
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": {
                    "name": place.partition("/")[2],
                    "namespace": place.partition("/")[0],
                    "uid": _uid(cluster, "secrets", place),
                    "creationTimestamp": created,
                    **({"labels": dict(secret.labels)} if secret.labels else {}),
                },
                "data": {
                    name: base64.b64encode(text.encode()).decode() for name, text in secret.data.items()
                },
                "type": secret.type,
            }
            for place, secret in secrets.items()
        ],
    )


def _uid(cluster: Resource, *parts: str) -> str:
    text = _pseudo_random(cluster.id, *parts)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def new_namespace(name: str, created: str, uid: str) -> Json:
    """Return a namespace."""
    return {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "uid": uid,
            "creationTimestamp": created,
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }

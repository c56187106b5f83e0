"""The managed cluster's body: what a new one is asked for, and what of an existing one is changed. Pure."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.encryption import Encryption, settings_state
from wizard.cloud.inventory import VersionRow
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_VOLATILE = frozenset(
    {
        "etag",
        "provisioningState",
        "systemData",
        "powerState",
        "currentKubernetesVersion",
        "currentOrchestratorVersion",
        "nodeImageVersion",
        "count",
        "resourceUID",
        "effectiveOutboundIPs",
        "status",
    }
)
"""Names of properties that Azure itself keeps changing: no difference in them is ours."""


def wanted_profile(target: Target, present: Json | None) -> Json:
    """The security profile that the cluster should have: the present one, with only the encryption changed.

    Shapes: the how-to's printed output for each road; CMK to PMK: its "Migrate between key management options".
    """
    profile: Json = copy.deepcopy(present or {})
    profile["kubernetesResourceObjectEncryptionProfile"] = {
        **(profile.get("kubernetesResourceObjectEncryptionProfile") or {}),
        "infrastructureEncryption": "Enabled",
    }
    own = target.answers.customer_managed
    if own is not None:
        profile["azureKeyVaultKms"] = {
            **(profile.get("azureKeyVaultKms") or {}),
            "enabled": True,
            "keyId": target.key_id,
            "keyVaultNetworkAccess": own.vault.network_access,
            "keyVaultResourceId": target.vault_id,
        }
    elif dig(profile, "azureKeyVaultKms", "enabled"):
        profile["azureKeyVaultKms"] = {"enabled": False}
    return profile


def matches(target: Target, cluster: Json) -> bool:
    """Whether a cluster is encrypted as the answers ask, identity included. Ids are compared as ARM does."""
    there = Encryption.of(cluster)
    own = target.answers.customer_managed
    if own is None:
        return there.kind == "platform-managed"
    return (
        there.kind == "customer-managed"
        and same(there.key_id, target.key_id)
        and same(there.network_access, own.vault.network_access)
        and (same(there.vault_id, target.vault_id) or not there.vault_id)
        and has_identity(target, cluster)
    )


def converged(target: Target, snapshot: Snapshot) -> bool:
    """Whether nothing is left to ask of Azure: the cluster is as the answers ask, or an operation under way may be bringing
    it there; its last operation did not end badly, and its identity is the one that there is."""
    cluster = snapshot.cluster
    if cluster is None or not matches(target, cluster) or identity_recreated(target, snapshot):
        return False
    return settings_state(cluster) != "failed"


def identity_recreated(target: Target, snapshot: Snapshot) -> bool:
    """Whether the cluster has the identity of the answers as another principal than the one that there is now, if any: it
    was deleted. One made anew under its name is another, which the cluster has to be given once more."""
    named = principal(target, snapshot.cluster)
    return bool(named) and not same(named, snapshot.identity_principal)


def principal(target: Target, cluster: Json | None) -> str:
    """The principal that the cluster has the identity of the answers as; empty where it has none, or does not say."""
    if target.answers.customer_managed is None:
        return ""
    attached = dig(cluster, "identity", "userAssignedIdentities") or {}
    found = (body for id_, body in attached.items() if same(id_, target.identity_id))
    return str(dig(next(found, None), "principalId") or "")


def leaves_its_key(target: Target, cluster: Json | None) -> bool:
    """Whether the cluster uses a customer's key now and would use another one, or none, afterwards."""
    before = Encryption.of(cluster)
    if cluster is None or not before.kms_enabled or matches(target, cluster):
        return False
    own = target.answers.customer_managed
    return own is None or before.kind == "legacy-kms" or not same(before.key_id, target.key_id)


def has_identity(target: Target, cluster: Json) -> bool:
    """Whether the cluster uses the user-assigned identity of the answers."""
    return any(same(identity, target.identity_id) for identity in user_assigned(cluster))


def user_assigned(cluster: Json | None) -> tuple[str, ...]:
    """The ids of the cluster's user-assigned identities."""
    return tuple(dig(cluster, "identity", "userAssignedIdentities") or ())


def changed(target: Target, cluster: Json) -> Json:
    """The cluster's body with the encryption asked for, and nothing else different; the given one stays as it is."""
    body = copy.deepcopy(cluster)
    properties = body.setdefault("properties", {})
    properties["securityProfile"] = wanted_profile(target, properties.get("securityProfile"))
    if target.answers.customer_managed is not None and not has_identity(target, cluster):
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {target.identity_id: {}}}
    return body


def created(target: Target, versions: Sequence[VersionRow]) -> Json:
    """The body of a new cluster, encrypted from birth. What is not chosen is left to AKS's own defaults."""
    answers = target.answers
    new = answers.cluster.create
    if new is False:
        raise ValueError("the answers do not ask for a new cluster")
    pool: Json = {"name": "nodepool1", "mode": "System", "osType": "Linux", "count": new.node_count}
    if new.node_vm_size:
        pool["vmSize"] = new.node_vm_size
    identity: Json = {"type": "SystemAssigned"}
    if answers.customer_managed is not None:
        identity = {"type": "UserAssigned", "userAssignedIdentities": {target.identity_id: {}}}
    body: Json = {
        "location": answers.location,
        "identity": identity,
        "properties": {
            "dnsPrefix": _dns_prefix(answers.cluster.name, answers.resource_group, answers.subscription),
            "enableRBAC": True,
            "agentPoolProfiles": [pool],
            "securityProfile": wanted_profile(target, None),
        },
    }
    if version := chosen_version(new.kubernetes_version, versions):
        body["properties"]["kubernetesVersion"] = version
    if answers.tags:
        body["tags"] = dict(answers.tags)
    return body


def chosen_version(asked: str | None, versions: Sequence[VersionRow]) -> str | None:
    """The version asked for, or the newest of the region's list that is neither preview nor LTS-only."""
    if asked:
        return asked
    return next((row.version for row in versions if not row.preview and not row.lts_only), None)


def compared(before: Json, after: Json) -> tuple[int, tuple[str, ...]]:
    """How many settings besides encryption and identity were compared, and the paths of those that differ."""
    old, new = dict(_settings(before)), dict(_settings(after))
    differing = [path for path in old.keys() | new.keys() if old.get(path) != new.get(path)]
    return len(old), tuple(sorted(differing))


def _settings(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a body that is the owner's to set, with its path."""
    if path in {"identity", "properties.securityProfile"}:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.casefold() not in {v.casefold() for v in _VOLATILE}:
                yield from _settings(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _settings(inner, f"{path}[{index}]")
    else:
        yield path, value


def _dns_prefix(cluster: str, group: str, subscription: str) -> str:
    """As the Azure CLI makes it (acs/managed_cluster_decorator.py): parts of all three, letters, digits and hyphens."""
    name = "".join(c for c in cluster if (c.isascii() and c.isalnum()) or c == "-")[:10]
    name = name if name[:1].isalpha() else f"a{name}"[:10]
    place = "".join(c for c in group if (c.isascii() and c.isalnum()) or c == "-")[:16]
    return f"{name}-{place}-{subscription[:6]}"

"""A managed cluster: the facts of its body, each derived once, and the bodies that are sent to create or update it. Pure."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.bodies import identity_kind, kubernetes_version
from wizard.cloud.encryption import (
    FAILED_STATES,
    SUCCEEDED,
    Encryption,
    SettingsState,
    provisioning_state,
    settings_state,
)
from wizard.cloud.inventory import VersionRow
from wizard.cloud.roles import DNS_ZONE_CONTRIBUTOR, IDENTITY_OPERATOR, NETWORK_CONTRIBUTOR, Role
from wizard.cloud.versions import version_of
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"
_JOIN_ZONE = "Microsoft.Network/privateDnsZones/join/action"
_LINKED = {
    "microsoft.managedidentity/userassignedidentities": _ASSIGN,
    "microsoft.network/virtualnetworks/subnets": _JOIN_SUBNET,
    "microsoft.network/privatednszones": _JOIN_ZONE,
    "microsoft.network/publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "microsoft.network/publicipprefixes": "Microsoft.Network/publicIPPrefixes/join/action",
    "microsoft.network/routetables": "Microsoft.Network/routeTables/join/action",
    "microsoft.compute/diskencryptionsets": "Microsoft.Compute/diskEncryptionSets/read",
    "microsoft.operationalinsights/workspaces": "Microsoft.OperationalInsights/workspaces/sharedkeys/read",
}
"""What the caller of a PUT needs on each resource that the body names, by its type: docs/azure.md#refusals-of-the-aks-resource-provider."""
_AT_REST = FAILED_STATES | {SUCCEEDED}


@dataclass(frozen=True)
class ClusterState:
    """What the body of a managed cluster says. Every fact is derived once, when it is first needed."""

    body: Json | None
    """As Azure returned it; None for a cluster that does not exist."""

    @cached_property
    def encryption(self) -> Encryption:
        """The encryption settings."""
        return Encryption.of(self.body)

    @cached_property
    def settings_state(self) -> SettingsState:
        """Whether the settings are in effect, or only requested."""
        return settings_state(self.body)

    @cached_property
    def provisioning_state(self) -> str:
        """`Succeeded`, `Updating`, …; empty for a cluster that does not exist."""
        return provisioning_state(self.body)

    @property
    def at_rest(self) -> bool:
        """Whether no operation is in progress: the last one succeeded, failed or was canceled."""
        return self.provisioning_state in _AT_REST

    @property
    def failed(self) -> bool:
        """Whether the last operation failed or was canceled."""
        return self.provisioning_state in FAILED_STATES

    @cached_property
    def provisioning_error(self) -> str:
        """Azure's message about the last operation, if it failed."""
        return self._text("status", "provisioningError", "message")

    @cached_property
    def stopped(self) -> bool:
        """Whether the cluster is stopped."""
        return same(self._text("powerState", "code"), "Stopped")

    @cached_property
    def version(self) -> str:
        """The Kubernetes version that the cluster runs; empty if Azure returned none."""
        return kubernetes_version(self.body)

    @cached_property
    def location(self) -> str:
        """The region."""
        return str(dig(self.body, "location") or "")

    @cached_property
    def node_resource_group(self) -> str:
        """The name of the resource group that AKS manages for the nodes."""
        return self._text("nodeResourceGroup")

    @cached_property
    def security_profile(self) -> Any:
        """`securityProfile`, as Azure returned it."""
        return dig(self.body, "properties", "securityProfile")

    @cached_property
    def pending_upgrades(self) -> tuple[tuple[str, str, str], ...]:
        """What requests another Kubernetes version than it runs, because an upgrade is pending or has failed: the cluster ("")
        or a node pool, by name, with both versions."""
        pools = dig(self.body, "properties", "agentPoolProfiles") or ()
        versions = [
            ("", self._text("kubernetesVersion"), self._text("currentKubernetesVersion")),
            *(
                (
                    str(pool.get("name") or ""),
                    str(pool.get("orchestratorVersion") or ""),
                    str(pool.get("currentOrchestratorVersion") or ""),
                )
                for pool in pools
            ),
        ]
        return tuple(each for each in versions if _differ(*each[1:]))

    @cached_property
    def policy_add_on(self) -> bool:
        """Whether the Azure Policy add-on is enabled. Azure returns the names of add-ons in any case."""
        add_ons = dig(self.body, "properties", "addonProfiles") or {}
        return any(
            same(name, "azurepolicy") and dig(add_on, "enabled") is True for name, add_on in add_ons.items()
        )

    @cached_property
    def vnet_integration(self) -> bool:
        """Whether the API server uses VNet integration."""
        return bool(dig(self.body, "properties", "apiServerAccessProfile", "enableVnetIntegration"))

    @cached_property
    def etag(self) -> str:
        """The eTag without its quotes, which the SDK adds; empty if Azure returned none."""
        tag = next((value for name, value in (self.body or {}).items() if same(name, "etag")), None)
        return str(tag or dig(self.body, "properties", "eTag") or "").strip('"')

    @cached_property
    def identity_type(self) -> str | None:
        """`SystemAssigned`, `UserAssigned`, …, as Azure returned it."""
        kind: str | None = dig(self.body, "identity", "type")
        return kind

    @property
    def identity_label(self) -> str:
        """The names of the user-assigned identities, or `system-assigned` or `service principal`."""
        names = ", ".join(id_.rsplit("/", 1)[-1] for id_ in self.identities)
        return sanitize(names) or identity_kind(self.body or {})

    @property
    def deleting(self) -> bool:
        """Whether the cluster is being deleted."""
        return same(self.provisioning_state, "Deleting")

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """The principal ids of the user-assigned identities, by resource id; empty if Azure returned none."""
        attached = dig(self.body, "identity", "userAssignedIdentities") or {}
        return {id_: str(dig(body, "principalId") or "") for id_, body in attached.items()}

    def principal(self, target: Target) -> str:
        """Return the principal id under which the cluster uses the identity of the answers; empty if it uses another."""
        if target.answers.customer_managed is None:
            return ""
        return next((its for id_, its in self.identities.items() if same(id_, target.identity_id)), "")

    def has_identity(self, target: Target) -> bool:
        """Whether the cluster uses the user-assigned identity of the answers."""
        return any(same(identity, target.identity_id) for identity in self.identities)

    def matches(self, target: Target) -> bool:
        """Whether the cluster is encrypted as configured, identity included. Ids are compared as ARM does."""
        return not self.differences(target)

    def differences(self, target: Target) -> tuple[str, ...]:
        """Return how the cluster's encryption and identity differ from the answers, each in a few words."""
        there, own = self.encryption, target.answers.customer_managed
        found = [] if there.infrastructure else ["infrastructure encryption is not enabled"]
        if own is None:
            return (*found, *([f"the key {there.key_label} is still in use"] if there.kms_enabled else ()))
        if not there.kms_enabled:
            found.append("no customer-managed key is in use")
        elif not same(there.key_id, target.key_id):
            found.append(f"its key is {there.key_id or 'not named'} instead of {target.key_id}")
        elif not same(there.network_access, own.vault.network_access):
            now = there.network_access or "not set"
            found.append(f"its network access is {now} instead of {own.vault.network_access}")
        elif there.vault_id and not same(there.vault_id, target.vault_id):
            found.append(f"its key vault is {there.vault_id} instead of {target.vault_id}")
        if not self.has_identity(target):
            found.append(f"its identity is {self.identity_label} instead of {own.identity.name}")
        return tuple(found)

    def leaves_its_key(self, target: Target) -> bool:
        """Whether the cluster uses a customer's key now, and would use another one, or none, afterwards."""
        if not self.encryption.kms_enabled or self.matches(target):
            return False
        legacy = self.encryption.kind == "legacy-kms"
        return (
            target.answers.customer_managed is None
            or legacy
            or not same(self.encryption.key_id, target.key_id)
        )

    def uses_vault(self, target: Target) -> bool:
        """Whether the cluster's key is in the key vault of the answers."""
        there = self.encryption
        return there.kms_enabled and there.key_id.casefold().startswith(f"{target.vault_uri.casefold()}/")

    def network_access(self, target: Target) -> Literal["", "Public", "Private"]:
        """Return how the cluster reaches the key vault of the answers now; empty if it does not use that vault."""
        if not self.uses_vault(target):
            return ""
        return "Private" if same(self.encryption.network_access, "Private") else "Public"

    def _text(self, *path: str) -> str:
        return str(dig(self.body, "properties", *path) or "")


def _differ(requested: str, running: str) -> bool:
    """Whether a version is another one than requested, of which only the minor version may be given; False if one is unknown."""
    asked, now = version_of(requested), version_of(running)
    return bool(asked and now) and now[: len(asked)] != asked


def linked_actions(body: Json) -> tuple[tuple[str, str], ...]:
    """Return the actions on other resources that a PUT of this body requires, each with the id of the resource.

    Azure checks the caller's permission on each resource that the body names (LinkedAuthorizationFailed). Resources in
    the node resource group are AKS's own. Of a workspace that the security profile names (Defender), that is not known.
    """
    properties = {
        name: each
        for name, each in (body.get("properties") or {}).items()
        if name.casefold() != "securityprofile"
    }
    nodes = str(dig(body, "properties", "nodeResourceGroup") or "").casefold()
    found: dict[str, tuple[str, str]] = {}
    for id_ in (*(dig(body, "identity", "userAssignedIdentities") or ()), *_ids(properties)):
        parts = str(id_).strip("/").split("/")
        if len(parts) < 8 or len(parts) % 2 or (nodes and parts[3].casefold() == nodes):
            continue
        kind = "/".join((parts[5], *parts[6::2])).casefold()
        if action := _LINKED.get(kind):
            found.setdefault(f"{action} {id_}".casefold(), (action, str(id_)))
    return tuple(found.values())


def _ids(value: object) -> Iterator[str]:
    """Yield every resource id in a value of a body."""
    if isinstance(value, str) and value.casefold().startswith("/subscriptions/"):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _ids(inner)


def identity_roles(cluster: ClusterState) -> tuple[tuple[Role, str], ...]:
    """Return the roles that the cluster's identity needs on the other resources that the body names (Azure/AKS#3470).

    AKS assigns the roles in the node resource group itself.
    """
    wanted = {_JOIN_ZONE: DNS_ZONE_CONTRIBUTOR, _JOIN_SUBNET: NETWORK_CONTRIBUTOR, _ASSIGN: IDENTITY_OPERATOR}
    return tuple(
        (wanted[action], resource)
        for action, resource in linked_actions(cluster.body or {})
        if action in wanted and not any(same(resource, own) for own in cluster.identities)
    )


def wanted_profile(target: Target, present: Json | None) -> Json:
    """Return the security profile that the cluster should have: the present one, with only the encryption changed.

    Shapes: the how-to's printed output for each scenario; CMK to PMK: its "Migrate between key management options".
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
        # As Microsoft's own client since aks-preview 19.0.0b13: the rest unchanged (docs/azure.md#request-bodies).
        profile["azureKeyVaultKms"] = {**profile["azureKeyVaultKms"], "enabled": False}
    return profile


def changed(target: Target, cluster: ClusterState) -> Json:
    """Return the cluster's body with the configured encryption and nothing else changed; the given one is not modified."""
    body = copy.deepcopy(cluster.body or {})
    properties = body.setdefault("properties", {})
    properties["securityProfile"] = wanted_profile(target, properties.get("securityProfile"))
    if target.answers.customer_managed is not None and not cluster.has_identity(target):
        body["identity"] = _identity(target)
    return body


def created(target: Target, versions: Sequence[VersionRow]) -> Json:
    """Return the body of a new cluster that is encrypted when created. AKS's defaults apply to everything else.

    Raise ValueError if the answers name an existing cluster.
    """
    answers = target.answers
    new = answers.cluster.create
    if new is False:
        raise ValueError("the answers do not ask for a new cluster")
    pool: Json = {"name": "nodepool1", "mode": "System", "osType": "Linux", "count": new.node_count}
    if new.node_vm_size:
        pool["vmSize"] = new.node_vm_size
    body: Json = {
        "location": answers.location,
        "identity": {"type": "SystemAssigned"} if answers.customer_managed is None else _identity(target),
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
    """Return the requested version, or else the region's newest one that is neither a preview nor LTS-only."""
    if asked:
        return asked
    return next((row.version for row in versions if not row.preview and not row.lts_only), None)


def _identity(target: Target) -> Json:
    return {"type": "UserAssigned", "userAssignedIdentities": {target.identity_id: {}}}


def _dns_prefix(cluster: str, group: str, subscription: str) -> str:
    """Return the prefix that the Azure CLI makes (acs/managed_cluster_decorator.py): letters, digits and hyphens of all three."""
    name = "".join(c for c in cluster if (c.isascii() and c.isalnum()) or c == "-")[:10]
    name = name if name[:1].isalpha() else f"a{name}"[:10]
    place = "".join(c for c in group if (c.isascii() and c.isalnum()) or c == "-")[:16]
    return f"{name}-{place}-{subscription[:6]}"

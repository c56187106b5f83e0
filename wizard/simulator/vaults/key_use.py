"""The use of vault keys by managed clusters: which key the security profile names, and whether the identity can use it."""

import re
from dataclasses import dataclass

from wizard.simulator.protocol.wire import FlatRefusal, Json, Refusal
from wizard.simulator.state.cluster_body import ENCRYPTION_PROFILE
from wizard.simulator.state.state import Principal
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import find_key, find_vault, operation_error
from wizard.simulator.vaults.vault_access import Origin, check_network, check_permission, foreign_tenant_error

KEY_ID = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+)/keys/(?P<key>[a-z0-9-]{1,127})(?:/(?P<version>[0-9a-f]{32}))?/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Encryption:
    """The settings of a security profile for the encryption of secrets."""

    infrastructure: str
    kms: Json

    @classmethod
    def of(cls, properties: Json) -> "Encryption":
        """Return the settings in the properties of a cluster.

        Raise Refusal if the properties are not valid.
        """
        security = properties.get("securityProfile") or {}
        kms, profile = security.get("azureKeyVaultKms") or {}, security.get(ENCRYPTION_PROFILE) or {}
        if not isinstance(kms, dict) or not isinstance(profile, dict):
            raise FlatRefusal(
                400,
                "InvalidParameter",
                f"The securityProfile is not valid: azureKeyVaultKms and {ENCRYPTION_PROFILE} are objects.",
            )
        return cls(str(profile.get("infrastructureEncryption") or ""), kms)

    @property
    def platform(self) -> bool:
        """Whether infrastructure encryption is enabled (the new experience), with either kind of key."""
        return self.infrastructure == "Enabled"

    @property
    def customer(self) -> bool:
        """Whether a customer-managed key is used."""
        return self.kms.get("enabled") is True


def control_plane_identity(world: World, identity: Json) -> Principal | None:
    """Return the principal of the (first) user-assigned identity of a cluster, or None."""
    for entry in (identity.get("userAssignedIdentities") or {}).values():
        return world.state.principals.get(str(entry.get("principalId")))
    return None


class Unresolvable(Exception):  # noqa: N818 - the name is the condition
    """The identity or the vault does not exist; the text names it."""


def can_use_key(world: World, kms: Json, identity: Json) -> bool:
    """Return whether the identity of the cluster can encrypt and decrypt with the key now."""
    key_id = KEY_ID.fullmatch(str(kms.get("keyId")))
    if key_id is None:
        return False
    network = str(kms.get("keyVaultNetworkAccess"))
    try:
        for operation in ("encrypt", "decrypt"):
            use_key(
                world, identity, operation, key_id["vault"], key_id["key"], key_id["version"] or "", network
            )
    except (Unresolvable, Refusal):
        return False
    return True


def use_key(
    world: World, identity: Json, operation: str, vault_name: str, key_name: str, version: str, network: str
) -> None:
    """Check whether the identity of a cluster can `encrypt` or `decrypt` with a key, as Key Vault does.

    `version` "" is the newest version. `network` is the keyVaultNetworkAccess of the cluster: AKS reaches a Private vault
    as a trusted service, unless the scenario disables this. Raise Unresolvable, or the Refusal of Key Vault.
    """
    principal, vault = control_plane_identity(world, identity), find_vault(world, vault_name)
    if principal is None:
        raise Unresolvable("the identity of the cluster is gone")
    if vault is None:
        raise Unresolvable(f"dial tcp: lookup {vault_name}.{world.scenario.vault_suffix}: no such host")
    if foreign := foreign_tenant_error(world, vault):
        raise Refusal(401, "Unauthorized", foreign)
    trusted = network == "Private" and world.scenario.rules.aks_is_trusted_service
    check_network(world, vault, principal, Origin.TRUSTED_SERVICE if trusted else Origin.INTERNET)
    check_permission(world, vault, principal, operation, key_name)
    key, wanted = find_key(world, vault_name, key_name), version.lower()
    held = (
        next((each for each in reversed(key.versions) if wanted in {"", each.version}), None) if key else None
    )
    if held is None:
        text = f"A key with (name/id) {key_name}/{wanted} was not found in this key vault."
        raise Refusal(404, "KeyNotFound", text)
    if refused := operation_error(held, operation, world.now()):
        inner, text = refused
        raise Refusal(403, "Forbidden", text, inner=inner)

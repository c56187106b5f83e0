"""How a managed cluster uses a key of a vault: what its security profile asks for, and whether its identity gets through."""

import re
from dataclasses import dataclass

from wizard.simulator.protocol.wire import FlatRefusal, Json, Refusal
from wizard.simulator.state.cluster_body import ENCRYPTION_PROFILE
from wizard.simulator.state.state import Principal
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import find_key, find_vault, why_not
from wizard.simulator.vaults.vault_access import Origin, check_network, check_rights, why_foreign

KEY_ID = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+)/keys/(?P<key>[a-z0-9-]{1,127})(?:/(?P<version>[0-9a-f]{32}))?/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Encryption:
    """What a security profile says about the encryption of secrets."""

    infrastructure: str
    kms: Json

    @classmethod
    def of(cls, properties: Json) -> "Encryption":
        """Read a cluster's properties.

        Raises Refusal where they have the wrong shape.
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
        """Whether infrastructure encryption is on: the new experience, whoever holds the key."""
        return self.infrastructure == "Enabled"

    @property
    def customer(self) -> bool:
        """Whether a key of the customer is used."""
        return self.kms.get("enabled") is True


def control_plane_identity(world: World, identity: Json) -> Principal | None:
    """The principal of the cluster's (first) user-assigned identity."""
    for entry in (identity.get("userAssignedIdentities") or {}).values():
        return world.state.principals.get(str(entry.get("principalId")))
    return None


class Unresolvable(Exception):  # noqa: N818 - it says who is gone
    """There is no identity to ask with, or no vault to ask; the text says which."""


def can_use_key(world: World, kms: Json, identity: Json) -> bool:
    """Whether the cluster's identity can encrypt and decrypt with the key now."""
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
    """Let a cluster's identity `encrypt` or `decrypt` with a key, as Key Vault would.

    `version` "" is the newest one; `network` is the cluster's keyVaultNetworkAccess: to a Private vault AKS comes as a
    trusted service, where the world has it so. Raises Unresolvable, or the Refusal of Key Vault.
    """
    principal, vault = control_plane_identity(world, identity), find_vault(world, vault_name)
    if principal is None:
        raise Unresolvable("the identity of the cluster is gone")
    if vault is None:
        raise Unresolvable(f"dial tcp: lookup {vault_name}.{world.scenario.vault_suffix}: no such host")
    if foreign := why_foreign(world, vault):
        raise Refusal(401, "Unauthorized", foreign)
    trusted = network == "Private" and world.scenario.rules.aks_is_trusted_service
    check_network(world, vault, principal, Origin.TRUSTED_SERVICE if trusted else Origin.INTERNET)
    check_rights(world, vault, principal, operation, key_name)
    key, wanted = find_key(world, vault_name, key_name), version.lower()
    held = (
        next((each for each in reversed(key.versions) if wanted in {"", each.version}), None) if key else None
    )
    if held is None:
        text = f"A key with (name/id) {key_name}/{wanted} was not found in this key vault."
        raise Refusal(404, "KeyNotFound", text)
    if refused := why_not(held, operation, world.now()):
        inner, text = refused
        raise Refusal(403, "Forbidden", text, inner=inner)

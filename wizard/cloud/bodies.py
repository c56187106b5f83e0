"""What the body of a cluster or a vault says, where that takes more than to look. Pure; of encryption: `encryption.py`."""

from wizard.cloud.arm import Json, dig


def identity_kind(cluster: Json) -> str:
    """`user-assigned`, `system-assigned` or `service principal`."""
    match str(dig(cluster, "identity", "type") or "").casefold():
        case "userassigned":
            return "user-assigned"
        case "systemassigned":
            return "system-assigned"
        case _:
            return "service principal"


def firewall_denies(vault: Json) -> bool:
    """Whether a vault's firewall keeps the internet out: KV:network-security."""
    properties = vault.get("properties") or {}
    action = str(dig(properties, "networkAcls", "defaultAction") or "Allow").casefold()
    public = str(properties.get("publicNetworkAccess") or "Enabled").casefold()
    return action == "deny" or public != "enabled"

"""Facts that are derived from the body of a cluster or a vault. Pure; see `encryption.py` for encryption."""

from wizard.cloud.arm import Json, dig, documented_spelling


def identity_kind(cluster: Json) -> str:
    """Return `user-assigned`, `system-assigned`, `service principal`, or `unknown` if the body shows neither an identity nor the
    service principal of a cluster without one; AKS shows `msi` there for a managed identity."""
    client = str(dig(cluster, "properties", "servicePrincipalProfile", "clientId") or "msi")
    match str(dig(cluster, "identity", "type") or "").casefold():
        case "userassigned":
            return "user-assigned"
        case "systemassigned":
            return "system-assigned"
        case "none":
            return "service principal"
        case _:
            return "unknown" if client.casefold() == "msi" else "service principal"


def key_kind(key: Json | None) -> str:
    """Return `RSA`, `RSA-HSM`, `EC`, …; empty if Azure returned none."""
    return documented_spelling(
        dig(key, "properties", "kty"), ("RSA", "RSA-HSM", "EC", "EC-HSM", "oct", "oct-HSM")
    )


def kubernetes_version(cluster: Json | None) -> str:
    """Return the version that a cluster runs; the requested one if Azure does not return it, and else an empty string."""
    properties = dig(cluster, "properties")
    return str(dig(properties, "currentKubernetesVersion") or dig(properties, "kubernetesVersion") or "")


def firewall_denies(vault: Json) -> bool:
    """Return whether public network access to a vault is denied: docs/azure.md#network-access-of-a-vault."""
    properties = vault.get("properties") or {}
    action = str(dig(properties, "networkAcls", "defaultAction") or "Allow").casefold()
    public = str(properties.get("publicNetworkAccess") or "Enabled").casefold()
    return action == "deny" or public != "enabled"

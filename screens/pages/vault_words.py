"""What each choice of the vault's form means, in an operator's words. Pure."""

from textual.content import Content

from wizard.answers.naming import how_often
from wizard.cloud.arm import same
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import VaultRow
from wizard.reports.wording import STYLES

KEY_TYPES = [
    (f"{kind} {size}{note}", f"{kind}:{size}")
    for kind, note in (("RSA", ""), ("RSA-HSM", ", in a premium vault"))
    for size in (3072, 2048, 4096)
]

ROTATIONS = [
    ("by hand", ""),
    ("by the vault, every 90 days", "P90D"),
    ("by the vault, every 6 months", "P6M"),
    ("by the vault, every year", "P1Y"),
    ("by the vault, every 2 years", "P2Y"),
]
"""How often a key is rotated, as ISO 8601 has it."""


def rotations(every: str) -> list[tuple[str, str]]:
    """What is offered where that is so already: an interval that is not in the list was asked for elsewhere, and is kept."""
    known = any(value == every for _, value in ROTATIONS)
    return ROTATIONS if known else [*ROTATIONS, (f"by the vault, {how_often(every)}", every)]


THROUGH = [
    ("the vault's own address, as the how-to writes it", "key-vault"),
    ("Azure Resource Manager", "resource-manager"),
]


def of_the_vault(vault: VaultRow | None, left_out: str) -> str:
    """What the chosen vault is like; `left_out`: why others are not offered."""
    if vault is None:
        facts = ["its name must be free in all of Azure"]
    else:
        facts = ["its firewall denies the internet" if vault.firewall_denies else "open to every network"]
        facts.append("purge protection on" if vault.purge_protection else "no purge protection")
        if not vault.rbac:
            facts.append(
                "decides by access policies: the identity gets one of its own, nobody else's is touched"
            )
    return " · ".join(facts) + (f"\n{left_out}" if left_out else "")


def of_purge_protection(*, on: bool) -> str:
    """What purge protection costs, or what doing without it does."""
    if on:
        return "cannot be turned off again; what is deleted can be restored for 90 days"
    return "! whoever may purge the vault can destroy the cluster's secrets at once"


def of_rotation(every: str) -> str:
    """What rotating so often, or never, means."""
    if every:
        return "AKS takes up each new version within 6 hours and encrypts every secret anew by itself"
    return "nobody rotates it unless you do: `aks-kms rotate`, or o at the verification"


def of_making(*, direct: bool, private: bool) -> str:
    """What the way in which a key is made asks of the operator and of the vault."""
    if not direct:
        return (
            "the vault is closed from birth; you need no role on its keys"
            if private
            else "you need no role on the vault's keys"
        )
    return (
        "you become Key Vault Crypto Officer; the vault is open until the key is made"
        if private
        else "you become Key Vault Crypto Officer of the vault"
    )


def of_the_identity(vault: VaultRow | None) -> str:
    """What the identity is given."""
    if vault is not None and not vault.rbac:
        return "gets an access policy (encrypt, decrypt, get) and Key Vault Contributor on the vault"
    return "gets Key Vault Crypto User and Key Vault Contributor on the vault"


def drawing(cluster: str, vault: str, *, private: bool, narrow: bool) -> Content:
    """Who can reach the key, and how, as one line."""
    if private:
        wire = "──trusted──▶" if narrow else "──trusted service──▶"
        return Content.assemble(
            (cluster, "bold"),
            (f" {wire} ", STYLES["good"]),
            (vault or "vault", "bold"),
            " (firewall: deny) ",
            ("◀──✗──", STYLES["bad"]),
            " internet",
        )
    return Content.assemble(
        (cluster, "bold"),
        (" ──token──▶ ", STYLES["good"]),
        (vault or "vault", "bold"),
        " (open) ",
        ("◀──token──", STYLES["warn"]),
        " whoever has a role",
    )


def change_of_access(cluster: str, now: Encryption, vault: VaultRow, *, private: bool) -> str:
    """In which order it goes where the cluster uses this vault already, and is to reach it otherwise; else nothing."""
    if not now.kms_enabled or not same(now.key_name.partition("/")[0], vault.name):
        return ""
    was_private = same(now.network_access, "Private")
    if was_private == private:
        return ""
    if private:
        return f"{cluster} reaches {vault.name} over the internet now: the cluster is told first, then the firewall closes."
    return f"{cluster} reaches {vault.name} as a trusted service now: the firewall opens first, then the cluster is told."

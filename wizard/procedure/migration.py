"""Migration of an encrypted cluster: from what to what, what is still needed, and what can be removed later. Pure.

Sources: the how-to, "Migrate between key management options"; the migration article for the legacy experience;
docs/azure.md#keys-that-expire-are-disabled-or-lost for what a lost old key costs.
"""

from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize


def moves(target: Target, snapshot: Snapshot) -> tuple[str, str]:
    """Return the encryption before and after, in words."""
    own = target.answers.customer_managed
    then = (
        "a platform-managed key"
        if own is None
        else f"{own.vault.name}/{own.key.name} ({own.vault.network_access}), identity {own.identity.name}"
    )
    return _now(snapshot), then


def _now(snapshot: Snapshot) -> str:
    if snapshot.cluster is None:
        return "no cluster yet"
    there = snapshot.cluster_state.encryption
    if there.kind == "platform-managed":
        return "a platform-managed key"
    if there.kind == "none":
        return "not encrypted"
    legacy = "legacy KMS, " if there.kind == "legacy-kms" else ""
    return f"{legacy}{there.key_label} ({there.network_access or 'access unspecified'}), identity {snapshot.cluster_state.identity_label}"


def still_needed(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what must be kept of the previous encryption, and until when, one sentence each."""
    if not snapshot.cluster_state.leaves_its_key(target):
        return ()
    before = snapshot.cluster_state.encryption
    vault = before.key_name.partition("/")[0] or "(unknown)"
    sentences = [
        (
            f"The old key {before.key_label} with all its versions, enabled and unexpired: AKS decrypts with it what is not "
            "yet re-encrypted. Keep it until the checks inside the cluster have passed, and as long as a backup of the "
            "cluster might be restored."
        ),
        f"The key vault {vault} of that key, and the cluster's network access to it, as long as the key.",
    ]
    identities = [i for i in snapshot.cluster_state.identities if i.casefold() != _identity(target)]
    if target.answers.customer_managed is None:
        identities = list(snapshot.cluster_state.identities)
    for identity in identities:
        name = sanitize(identity.rsplit("/", 1)[-1])
        sentences.append(
            f"The identity {name} and its permissions on {vault}, as long as the key. Parts of the control plane use it for some more hours."
        )
    if before.kind == "legacy-kms":
        sentences.append("The previous key too, if the key was rotated: legacy KMS uses two, but shows one.")
    return tuple(sentences)


def clean_up(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what can be removed once it is no longer needed, one sentence each; it is never removed automatically."""
    if not snapshot.cluster_state.leaves_its_key(target):
        return ()
    before = snapshot.cluster_state.encryption
    vault = before.key_name.partition("/")[0] or "(unknown)"
    sentences = []
    for identity, its_principal in snapshot.cluster_state.identities.items():
        if identity.casefold() == _identity(target) and before.key_id.casefold().startswith(
            target.vault_uri.casefold()
        ):
            continue
        name, principal = sanitize(identity.rsplit("/", 1)[-1]), sanitize(its_principal)
        look = (
            f": az role assignment list --all --assignee {principal} --subscription {target.answers.subscription}"
            if principal
            else ""
        )
        sentences.append(f"The permissions of the identity {name} on {vault}{look}")
    sentences.append(
        f"The old key {before.key_label}: if nothing else uses it, disable it for a few weeks before you delete it."
    )
    if target.answers.customer_managed is None or not before.key_id.casefold().startswith(
        target.vault_uri.casefold()
    ):
        sentences.append(f"The old key vault {vault}, if it contains nothing else.")
    private_endpoint = snapshot.cluster_state.vnet_integration
    if before.kind == "legacy-kms" and private_endpoint and before.network_access.casefold() == "private":
        sentences.append("The private endpoint that legacy KMS created for the old vault.")
    return tuple(sentences)


def _identity(target: Target) -> str:
    return target.identity_id.casefold() if target.answers.customer_managed else ""

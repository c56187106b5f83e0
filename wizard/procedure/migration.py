"""Moving a cluster that is encrypted already: from what to what, what stays needed, and what may go later. Pure.

Sources: the how-to, "Migrate between key management options"; the migration article for the legacy experience;
AZURE.md §1b for what a lost old key costs.
"""

from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize


def moves(target: Target, snapshot: Snapshot) -> tuple[str, str]:
    """From what to what, in words."""
    own = target.answers.customer_managed
    then = (
        "a key that AKS manages"
        if own is None
        else f"{own.vault.name}/{own.key.name} ({own.vault.network_access}), identity {own.identity.name}"
    )
    return _now(snapshot), then


def _now(snapshot: Snapshot) -> str:
    if snapshot.cluster is None:
        return "no cluster yet"
    there = snapshot.cluster_state.encryption
    if there.kind == "platform-managed":
        return "a key that AKS manages"
    if there.kind == "none":
        return "no KMS key"
    names = ", ".join(sanitize(i.rsplit("/", 1)[-1]) for i in snapshot.cluster_state.identities)
    legacy = "legacy KMS, " if there.kind == "legacy-kms" else ""
    return f"{legacy}{there.key_name} ({there.network_access or 'access unspecified'}), identity {names or 'of the system'}"


def still_needed(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """What of the past must stay, and until when, one sentence each."""
    if not snapshot.cluster_state.leaves_its_key(target):
        return ()
    before = snapshot.cluster_state.encryption
    vault = before.key_name.partition("/")[0]
    sentences = [
        (
            f"The old key {before.key_name} with all its versions, enabled and unexpired: AKS reads with it what it has not "
            "yet encrypted anew. Keep it until `aks-kms verify --in-cluster` has passed, and as long as a backup of the "
            "cluster may be restored."
        ),
        f"The key vault {vault}, in which it is, and the way for the cluster to reach it, as long as the key.",
    ]
    identities = [i for i in snapshot.cluster_state.identities if i.casefold() != _identity(target)]
    if target.answers.customer_managed is None:
        identities = list(snapshot.cluster_state.identities)
    for identity in identities:
        name = sanitize(identity.rsplit("/", 1)[-1])
        sentences.append(
            f"The identity {name} and what it may do on {vault}, as long as the key; parts of the control plane use it for some hours more."
        )
    if before.kind == "legacy-kms":
        sentences.append(
            "The key before the present one as well, if it was rotated: the legacy experience keeps two, and shows one."
        )
    return tuple(sentences)


def clean_up(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """What may be removed once nothing needs it any more, one sentence each; nobody here does it."""
    if not snapshot.cluster_state.leaves_its_key(target):
        return ()
    before = snapshot.cluster_state.encryption
    vault = before.key_name.partition("/")[0]
    sentences = []
    for identity, its_principal in snapshot.cluster_state.identities.items():
        if identity.casefold() == _identity(target) and before.key_id.casefold().startswith(
            target.vault_uri.casefold()
        ):
            continue
        name, principal = sanitize(identity.rsplit("/", 1)[-1]), sanitize(its_principal)
        look = f": az role assignment list --all --assignee {principal}" if principal else ""
        sentences.append(f"What the identity {name} may do on {vault}{look}")
    sentences.append(
        f"The old key {before.key_name}: disable it for a few weeks before you delete it, if nothing else uses it."
    )
    if target.answers.customer_managed is None or not before.key_id.casefold().startswith(
        target.vault_uri.casefold()
    ):
        sentences.append(f"The old key vault {vault}, if nothing else is in it.")
    private_endpoint = snapshot.cluster_state.vnet_integration
    if before.kind == "legacy-kms" and private_endpoint and before.network_access.casefold() == "private":
        sentences.append("The private endpoint that the legacy experience made to the old vault.")
    return tuple(sentences)


def _identity(target: Target) -> str:
    return target.identity_id.casefold() if target.answers.customer_managed else ""

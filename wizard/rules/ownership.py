"""Infrastructure code that owns the cluster: what it would undo."""

from collections.abc import Iterator

from wizard.cloud.ownership import capz_tags
from wizard.rules.finding import Finding
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target


def cluster_api(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Warn if the identity of a cluster changes that Cluster API Provider Azure owns: it writes `identity: SystemAssigned` unless
    its specification has an identity (docs/infrastructure-code.md#controllers).

    The tags of a cluster suggest the owner and prove nothing, so this never blocks a plan.
    """
    tags = capz_tags(snapshot.cluster)
    if not tags or target.answers.customer_managed is None or snapshot.cluster_state.has_identity(target):
        return
    own = target.own
    yield Finding(
        "warning",
        "capz-identity",
        f"{target.answers.cluster.name} has a tag of Cluster API Provider Azure ({tags[0]}), which writes a system-assigned identity "
        f"unless its specification has another one. It would undo the change to {own.identity.name}, or be refused forever.",
        "First add to the AzureManagedControlPlane: spec: {identity: {type: UserAssigned, userAssignedIdentityResourceID: "
        f"{target.identity_id}}}, securityProfile: {{azureKeyVaultKms: {{enabled: true, keyID: {target.key_id}, "
        f"keyVaultNetworkAccess: {own.vault.network_access}, keyVaultResourceID: {target.vault_id}}}}}, enablePreviewFeatures: true, "
        'asoManagedClusterPatches: [\'{"spec":{"securityProfile":{"kubernetesResourceObjectEncryptionProfile":'
        '{"infrastructureEncryption":"Enabled"}}}}\']}',
    )

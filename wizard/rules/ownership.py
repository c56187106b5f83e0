"""Infrastructure code that owns the cluster: what it would undo."""

from collections.abc import Iterator

from wizard.cloud.ownership import capz_tags
from wizard.rules.finding import Finding, rule
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import shell_word


@rule
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
        f"unless its specification has another one. It would undo the change to {own.identity.name}, or AKS would refuse each of its updates.",
        "First add to the AzureManagedControlPlane: spec: {identity: {type: UserAssigned, userAssignedIdentityResourceID: "
        f"{target.identity_id}}}, securityProfile: {{azureKeyVaultKms: {{enabled: true, keyID: {target.key_id}, "
        f"keyVaultNetworkAccess: {own.vault.network_access}, keyVaultResourceID: {target.vault_id}}}}}, enablePreviewFeatures: true, "
        'asoManagedClusterPatches: [\'{"spec":{"securityProfile":{"kubernetesResourceObjectEncryptionProfile":'
        '{"infrastructureEncryption":"Enabled"}}}}\']}',
    )


@rule
def deployments(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report the deployments and stacks that own the cluster, and warn of those that would delete its vault and identity."""
    if target.answers.customer_managed is None:
        return
    found, own = snapshot.code, target.own
    export = f"aks-kms export {_cluster(target)} --format bicep"
    alarms = [f"deployment {each.name} of {each.group}, {each.at}" for each in found.complete[:3]]
    alarms += [
        f"deployment stack {each.name} of {each.scope}"
        for each in found.stacks
        if each.deletes and each.has(target.vault_id, target.identity_id)
    ]
    if alarms:
        yield Finding(
            "warning",
            "code-complete-mode",
            f"A template was deployed in complete mode, or a stack deletes what leaves its template ({'; '.join(alarms)}). Its next deployment "
            f"deletes {own.vault.name} and {own.identity.name} if the template does not name them, and with them the key of {target.answers.cluster.name}.",
            f"Deploy with --mode Incremental, or add to the template, after the run, what this prints: {export}",
        )
    owners = [
        f"the deployment {each.name} of {each.group}"
        for each in found.deployments
        if each.has(target.cluster_id)
    ]
    owners += [
        f"the deployment stack {each.name} of {each.scope}"
        for each in found.stacks
        if each.has(target.cluster_id)
    ]
    if owners:
        yield Finding(
            "info",
            "code-owns-cluster",
            f"{target.answers.cluster.name} is part of {' and '.join(dict.fromkeys(owners))}. If that is deployed again without the "
            "identity and the key, it may revert them.",
            f"After the run, add to the template what this prints: {export}",
        )


def _cluster(target: Target) -> str:
    group, name = target.answers.resource_group, target.answers.cluster.name
    return f"--resource-group {shell_word(group)} --name {shell_word(name)}"

"""May this work? Pure rules over what the operator chose and what exists; the only place where that is decided."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from wizard.cloud.arm import dig, same, same_region
from wizard.cloud.clean import clean
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import OLDEST, firewall_denies, identity_kind, version_of
from wizard.cloud.snapshot import Snapshot
from wizard.procedure import cluster_body
from wizard.target import Target

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One verdict of a rule: what it found, and what to do about it."""

    level: Level
    code: str
    """Stable, in kebab-case: `cluster-version-too-old`."""
    message: str
    """Names the thing and the cause, in a sentence."""
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """The shape of a finding in `plan -o json`."""
        return {"level": self.level, "code": self.code, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True)
class Right:
    """An action of the management plane that a step needs, and the resource group in which."""

    action: str
    group: str


Rule = Callable[[Target, Snapshot], Iterator[Finding]]


def findings(target: Target, snapshot: Snapshot, needed: Collection[Right] = ()) -> tuple[Finding, ...]:
    """All that the rules find, errors first; `needed` are the rights that the plan's steps ask for."""
    found = [finding for rule in RULES for finding in rule(target, snapshot)]
    found += rights(snapshot, needed)
    found += locked(target, snapshot, needed)
    order: dict[str, int] = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.level]))


def cluster_exists(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster that is to be changed exists; one that is to be created does not (unless it is this plan's own)."""
    answers = target.answers
    name = answers.cluster.name
    if answers.cluster.create is False and snapshot.cluster is None:
        yield Finding(
            "error",
            "cluster-not-found",
            f"There is no cluster {name} in the resource group {answers.resource_group}.",
            "Check cluster.name, resource_group and subscription (`aks-kms clusters` lists them), or ask for a new one "
            "with cluster.create: true.",
        )
    if (
        answers.cluster.create is not False
        and snapshot.cluster is not None
        and Encryption.of(snapshot.cluster).kind == "none"
    ):
        yield Finding(
            "error",
            "cluster-exists",
            f"The cluster {name} was to be created, but exists in {answers.resource_group}, unencrypted.",
            "Choose another name, or encrypt the existing one with cluster.create: false.",
        )


def cluster_version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """How-to, note under each "existing cluster": Kubernetes 1.33 or later; compared on what it runs now."""
    name = target.answers.cluster.name
    if snapshot.cluster is not None:
        running = str(dig(snapshot.cluster, "properties", "currentKubernetesVersion") or "")
        if version_of(running) < OLDEST:
            yield Finding(
                "error",
                "cluster-version-too-old",
                f"{name} runs Kubernetes {clean(running)}; KMS data encryption needs 1.33 or later.",
                f"Upgrade it first, one minor version at a time: az aks get-upgrades -n {name} "
                f"-g {target.answers.resource_group} -o table",
            )


def new_cluster_version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A new cluster's version is one the region offers, 1.33 or later."""
    new = target.answers.cluster.create
    if new is False or snapshot.cluster is not None:
        return
    region = target.answers.location
    offered = {row.version: row for row in snapshot.versions}
    if new.kubernetes_version is None:
        if not any(not row.preview and not row.lts_only for row in snapshot.versions):
            yield Finding(
                "error",
                "no-version-offered",
                f"{region} offers no Kubernetes version from 1.33 on that is neither preview nor LTS-only.",
                "Choose another region, or name a version in cluster.create.kubernetes_version.",
            )
        return
    asked = new.kubernetes_version
    minor = ".".join(asked.split(".")[:2])
    if version_of(asked) < OLDEST:
        yield Finding(
            "error",
            "cluster-version-too-old",
            f"Kubernetes {asked} is asked for; KMS data encryption needs 1.33 or later.",
            f"Ask for one of {', '.join(offered) or '1.33 or later'}, or leave cluster.create.kubernetes_version out.",
        )
    elif minor not in offered:
        yield Finding(
            "error",
            "version-not-offered",
            f"{region} does not offer Kubernetes {asked}.",
            f"Ask for one of {', '.join(offered)}, or leave cluster.create.kubernetes_version out.",
        )
    elif offered[minor].preview:
        yield Finding(
            "warning",
            "version-preview",
            f"Kubernetes {asked} is a preview in {region}.",
            "Not for production.",
        )
    elif offered[minor].lts_only:
        yield Finding(
            "warning",
            "version-lts-only",
            f"Kubernetes {asked} is offered in {region} under long-term support only.",
            "The cluster needs the Premium tier and the support plan AKSLongTermSupport.",
        )


def cluster_state(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster is changed only while it runs and nothing else is changing it: AZURE.md §1a."""
    if snapshot.cluster is None:
        return
    name, group = target.answers.cluster.name, target.answers.resource_group
    if same(str(dig(snapshot.cluster, "properties", "powerState", "code") or ""), "Stopped"):
        yield Finding(
            "error",
            "cluster-stopped",
            f"{name} is stopped; a stopped cluster can only be started or deleted.",
            f"az aks start -n {name} -g {group}",
        )
    state = str(dig(snapshot.cluster, "properties", "provisioningState") or "")
    if state == "Failed":
        yield Finding(
            "warning",
            "cluster-failed",
            f"The last operation on {name} failed.",
            "The update sends the whole cluster again and often repairs it; look at what failed first.",
        )
    elif state not in {"Succeeded", "Canceled"} and cluster_body.holds(target, snapshot.cluster):
        yield Finding(
            "info",
            "cluster-under-way",
            f"{name} is being encrypted as asked already ({clean(state)}); the run follows it.",
        )
    elif state not in {"Succeeded", "Canceled"}:
        yield Finding(
            "error",
            "cluster-busy",
            f"Another operation on {name} is under way ({clean(state)}).",
            "Wait until it has finished, then plan again.",
        )


def cluster_identity(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Customer-managed keys want a user-assigned identity; a service principal will not do at all: AZURE.md §5."""
    if snapshot.cluster is None:
        return
    name = target.answers.cluster.name
    match identity_kind(snapshot.cluster):
        case "service principal":
            yield Finding(
                "error",
                "cluster-service-principal",
                f"{name} uses a service principal; KMS data encryption needs a managed identity.",
                f"az aks update -n {name} -g {target.answers.resource_group} --enable-managed-identity",
            )
        case "system-assigned" if target.answers.customer_managed is not None:
            yield Finding(
                "warning",
                "identity-moves",
                f"{name} moves from its system-assigned identity to {target.own.identity.name}, and cannot move back.",
                "Roles outside the node resource group that the old identity holds (own network, disks, registries) must be "
                "given to the new one. There is no downtime; parts of the control plane use the old identity for "
                "some hours.",
            )
        case "user-assigned" if target.answers.customer_managed is not None:
            present = tuple(dig(snapshot.cluster, "identity", "userAssignedIdentities") or ())
            if not any(same(identity, target.identity_id) for identity in present):
                yield Finding(
                    "warning",
                    "identity-replaced",
                    f"{name} moves from the identity {clean(', '.join(i.rsplit('/', 1)[-1] for i in present))} "
                    f"to {target.own.identity.name}.",
                    "Give the new identity the roles that the old one holds (own network, disks, registries), or name the "
                    "old one in identity.name.",
                )


def moving_from_a_key(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster that leaves a customer's key still needs it for a while; how-to, "Migrate between key management options"."""
    before = Encryption.of(snapshot.cluster)
    if snapshot.cluster is None or not before.kms_enabled or cluster_body.holds(target, snapshot.cluster):
        return
    name = target.answers.cluster.name
    yield Finding(
        "warning",
        "old-key-still-needed",
        f"{name} uses {before.key_name} now. AKS needs that key until every secret is encrypted anew.",
        "Do not delete or disable the old key, its vault or the old identity's roles; keep them until you have verified the "
        "cluster and no backup needs them.",
    )
    if before.kind == "legacy-kms":
        yield Finding(
            "warning",
            "legacy-migration",
            f"{name} leaves the legacy KMS experience; AKS rewrites every secret while it migrates.",
            "Disable policies that block updating secrets first (admission webhooks, Kyverno, Gatekeeper).",
        )


def providers_registered(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Azure refuses to create what belongs to a resource provider that was never registered: AZURE.md §2c.

    The plan does not register it by itself: whose subscription it is decides which services are used in it.
    """
    del target
    for namespace in snapshot.unregistered:
        yield Finding(
            "error",
            "provider-not-registered",
            f"The subscription has never registered the resource provider {namespace}, which your own key needs.",
            f"az provider register --namespace {namespace} --wait",
        )


def vault_name(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A vault's name is unique in all of Azure, deleted ones included: AZURE.md §3a."""
    if snapshot.vault_name_taken:
        yield Finding(
            "error",
            "vault-name-taken",
            f"The key vault {target.own.vault.name} cannot be created: {snapshot.vault_name_taken}",
            "Choose another name for the vault, or recover the deleted one: "
            f"az keyvault recover --name {target.own.vault.name}",
        )


def vault_fits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing vault uses Azure RBAC, and its firewall suits the network access asked for."""
    if snapshot.vault is None:
        return
    own = target.own
    properties = snapshot.vault.get("properties") or {}
    if properties.get("enableRbacAuthorization") is not True:
        yield Finding(
            "error",
            "vault-access-policies",
            f"The key vault {own.vault.name} uses access policies, so the identity's roles would have no effect.",
            f"Use another vault, or move this one: az keyvault update -n {own.vault.name} --enable-rbac-authorization true "
            "(every access policy on it stops working).",
        )
    if own.vault.network_access == "Public" and firewall_denies(snapshot.vault):
        yield Finding(
            "error",
            "vault-firewall-denies",
            f"The firewall of {own.vault.name} keeps the internet out, but vault.network_access is Public: "
            "AKS would be refused.",
            "Ask for vault.network_access: Private, or open the vault to all networks.",
        )
    if own.vault.network_access == "Private" and not firewall_denies(snapshot.vault):
        yield Finding(
            "warning",
            "vault-firewall-closes",
            f"The key vault {own.vault.name} is open now and will be closed to the internet.",
            "Whoever else reaches it over the internet will be refused.",
        )
    if properties.get("enablePurgeProtection") is not True:
        yield Finding(
            "warning",
            "vault-purge-protection-off",
            f"The key vault {own.vault.name} has no purge protection: whoever may purge it can destroy the key for good.",
            f"az keyvault update -n {own.vault.name} --enable-purge-protection true   (cannot be undone)",
        )
    tenant = str(properties.get("tenantId") or "")
    if tenant and not same(tenant, snapshot.signed_in.tenant_id):
        yield Finding(
            "error",
            "vault-other-tenant",
            f"The key vault {own.vault.name} belongs to another tenant ({clean(tenant)}), which AKS does not support.",
            "Use a vault of the cluster's own tenant.",
        )


def vault_firewall_bars_key(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A key cannot be made through a vault whose firewall keeps this machine out: AZURE.md §3f."""
    if snapshot.vault is None or snapshot.key is not None:
        return
    if target.own.create_through == "key-vault" and firewall_denies(snapshot.vault):
        yield Finding(
            "error",
            "vault-firewall-bars-key",
            f"The firewall of {target.own.vault.name} keeps this machine out, so the key cannot be created through the vault.",
            "Ask for key.create_through: resource-manager, which needs no way into the vault.",
        )


def purge_protection_declined(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Declining purge protection is possible, and said to be a risk."""
    own = target.answers.customer_managed
    if own is not None and snapshot.vault is None and not own.vault.purge_protection:
        yield Finding(
            "warning",
            "purge-protection-declined",
            f"{own.vault.name} is created without purge protection: a purged key is lost with all the cluster's secrets.",
            "Leave vault.purge_protection at true.",
        )


def key_fits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing key is RSA, enabled, in date, and may encrypt and decrypt: AZURE.md §1a, causes of the one message."""
    if snapshot.key is None:
        return
    name = f"{target.own.vault.name}/{target.own.key.name}"
    properties = snapshot.key.get("properties") or {}
    kind = str(properties.get("kty") or "RSA")
    if not kind.startswith("RSA"):
        yield Finding(
            "error",
            "key-type",
            f"The key {name} is {clean(kind)}, which cannot encrypt; AKS needs RSA.",
            "Name another key.",
        )
        return
    operations = {str(operation) for operation in properties.get("keyOps") or ()}
    if operations and not {"encrypt", "decrypt"} <= operations:
        yield Finding(
            "error",
            "key-operations",
            f"The key {name} may not both encrypt and decrypt.",
            f"az keyvault key set-attributes --vault-name {target.own.vault.name} -n {target.own.key.name} "
            f"--ops {' '.join(sorted(operations | {'encrypt', 'decrypt'}))}",
        )
    attributes = properties.get("attributes") or {}
    if attributes.get("enabled") is False:
        yield Finding(
            "error",
            "key-disabled",
            f"The key {name} is disabled.",
            f"az keyvault key set-attributes --vault-name {target.own.vault.name} -n {target.own.key.name} --enabled true",
        )
    now = datetime.now(UTC).timestamp()
    if (expires := attributes.get("exp")) and expires <= now:
        yield Finding(
            "error", "key-expired", f"The key {name} has expired.", "Rotate it, or name another key."
        )
    elif expires and expires - now < 90 * 86400:
        yield Finding(
            "warning",
            "key-expires-soon",
            f"The key {name} expires on {datetime.fromtimestamp(expires, UTC):%Y-%m-%d}.",
            "Give it a rotation policy, or a later expiry.",
        )
    if (not_before := attributes.get("nbf")) and not_before > now:
        yield Finding(
            "error",
            "key-not-yet-valid",
            f"The key {name} is valid only from {datetime.fromtimestamp(not_before, UTC):%Y-%m-%d %H:%M} UTC.",
            "Wait until then, or name another key.",
        )


def regions(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """What exists elsewhere than asked for is kept where it is, and said."""
    wanted = target.answers.location
    where = str(dig(snapshot.cluster, "location") or "")
    if where and not same_region(where, wanted):
        yield Finding(
            "info",
            "cluster-region",
            f"{target.answers.cluster.name} is in {clean(where)}; what is created goes to {wanted}.",
            f"Set location: {clean(where)} to keep them together.",
        )
    for name in target.groups:
        elsewhere = str(dig(snapshot.groups.get(name.casefold()), "location") or "")
        if elsewhere and not same_region(elsewhere, wanted):
            yield Finding(
                "info",
                "group-region",
                f"The resource group {name} is in {clean(elsewhere)}, and is kept there.",
                "",
            )


def feature_waits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A feature that is not there yet is waited for; a Pending one waits for Microsoft: AZURE.md §4."""
    del target
    if snapshot.feature == "Pending":
        yield Finding(
            "warning",
            "feature-pending",
            "The feature KMSPMKPreview is Pending: it waits for Microsoft's approval, which time alone does not bring.",
            "Ask Microsoft's support or your account team.",
        )
    elif snapshot.feature == "Registering":
        yield Finding(
            "info",
            "feature-registering",
            "Azure has not finished registering the feature. This usually takes 5 to 15 minutes; the run will wait for it.",
            "",
        )
    elif snapshot.feature is None:
        yield Finding(
            "info",
            "feature-gone",
            "The feature KMSPMKPreview no longer exists: it is not needed any more.",
            "",
        )


RULES: tuple[Rule, ...] = (
    cluster_exists,
    cluster_version,
    new_cluster_version,
    cluster_state,
    cluster_identity,
    moving_from_a_key,
    providers_registered,
    vault_name,
    vault_fits,
    vault_firewall_bars_key,
    purge_protection_declined,
    key_fits,
    regions,
    feature_waits,
)


def rights(snapshot: Snapshot, needed: Iterable[Right]) -> Iterator[Finding]:
    """Whoever is signed in may do every action the plan needs, as far as Azure tells: AZURE.md §6, pre-check 1."""
    missing: dict[str, list[str]] = {}
    for right in sorted(set(needed), key=lambda right: (right.group, right.action)):
        entries = snapshot.rights.get(right.group.casefold())
        if entries is not None and not any(entry.allows(right.action) for entry in entries):
            missing.setdefault(right.group, []).append(right.action)
    for group, actions in missing.items():
        yield Finding(
            "error",
            "rights-missing",
            f"{snapshot.signed_in.name} may not {', '.join(actions)} in the resource group {group}.",
            "Ask an owner for the role Owner there, or Contributor together with User Access Administrator; "
            "or sign in as somebody who has them.",
        )


def locked(target: Target, snapshot: Snapshot, needed: Collection[Right]) -> Iterator[Finding]:
    """No read-only lock stands on anything that the plan writes, the cluster's node resource group included.

    AZURE.md §1a, ScopeLocked; AKS itself writes to the node resource group whenever a cluster is updated.
    """
    touched = {
        f"/subscriptions/{target.answers.subscription}/resourceGroups/{right.group}" for right in needed
    }
    if any(right.action == "Microsoft.ContainerService/managedClusters/write" for right in needed):
        touched.add(target.cluster_id)
        if nodes := dig(snapshot.cluster, "properties", "nodeResourceGroup"):
            touched.add(f"/subscriptions/{target.answers.subscription}/resourceGroups/{nodes}")
    if any(right.action.startswith("Microsoft.KeyVault/vaults") for right in needed):
        touched.add(target.vault_id)
    for lock in snapshot.locks or ():
        on = sorted(scope for scope in touched if lock.covers(scope))
        if lock.read_only and on:
            yield Finding(
                "error",
                "scope-locked",
                f"The read-only lock {lock.name} on {clean(lock.scope)} forbids what this plan writes.",
                f"Have it removed for the time being: az lock delete --ids "
                f"{clean(lock.scope)}/providers/Microsoft.Authorization/locks/{lock.name}",
            )

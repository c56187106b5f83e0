"""Make a plan from the answers and what exists."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from wizard.answers.model import Answers
from wizard.cloud.arm import same
from wizard.cloud.azure import Azure
from wizard.cloud.policies import denials
from wizard.cloud.reads import AdvisoryReads, known
from wizard.cloud.roles import CRYPTO_OFFICER
from wizard.procedure.migration import clean_up, moves, still_needed
from wizard.procedure.order import applicable_steps, needs
from wizard.procedure.plan import Effect, Plan, PlannedStep
from wizard.procedure.variables import spelled_out
from wizard.rules import findings
from wizard.state.comparison import converged, identity_recreated
from wizard.state.snapshot import Snapshot, read_needed
from wizard.state.target import Target
from wizard.system.sanitize import sanitize, shell_word


async def make_plan(azure: Azure, answers: Answers) -> Plan:
    """Return the plan for these answers, from the live state. Changes nothing. Raise AzureError if a read fails."""
    target = Target(answers, azure.cloud.vault_suffix)
    return plan_in(azure, target, await read_snapshot(azure, target))


async def read_snapshot(azure: Azure, target: Target) -> Snapshot:
    """Read what exists, and which requests of the resulting plan Azure Policy would deny. Raise AzureError if a read fails."""
    async with AdvisoryReads(azure.timeouts) as beside:
        reading = await read_needed(azure, target, beside)
        needed = reading.needed
        checks = [
            beside.add(denials(azure, request))
            for step in applicable_steps(target, needed)
            if step.inspect(target, needed).action != "none"
            for request in step.requests(target, needed)
        ]
        snapshot = await reading.complete()
        found = tuple(denial for check in checks for denial in known(check.result(), ()))
        return replace(snapshot, policy_denials=found)


def plan_in(azure: Azure, target: Target, snapshot: Snapshot) -> Plan:
    """Return the plan for a snapshot, with its cloud, so that it is resumed in the same one."""
    return replace(plan_from(target, snapshot), cloud=azure.cloud)


def plan_from(target: Target, snapshot: Snapshot) -> Plan:
    """Return the plan for a snapshot. Pure: the same facts give the same plan and the same digest."""
    answers = target.answers
    steps = applicable_steps(target, snapshot)
    cluster = snapshot.cluster_state
    planned = []
    for step in steps:
        intent = step.inspect(target, snapshot)
        planned.append(
            PlannedStep(
                key=step.key,
                title=step.title_for(target, snapshot),
                sentence=step.sentence,
                action=intent.action,
                reversible=step.reversible,
                needs=needs(step, steps, target, snapshot),
                commands=tuple(spelled_out(command, target) for command in step.commands(target, snapshot)),
                effects=tuple(_shown(effect) for effect in intent.effects),
                usually=step.duration(target, snapshot),
            )
        )
    needed = {
        right
        for step, plan in zip(steps, planned, strict=True)
        if plan.action != "none"
        for right in step.required_actions(target, snapshot)
    }
    return Plan(
        cluster_id=target.cluster_id,
        now=cluster.encryption.kind,
        then=answers.key_option,
        moves=moves(target, snapshot),
        title=_title(target, snapshot),
        steps=tuple(planned),
        findings=findings(target, snapshot, needed),
        irreversible=_irreversible(target, snapshot),
        keep=_keep(target),
        still_needed=still_needed(target, snapshot),
        clean_up=(*_own_role(target, snapshot, planned), *clean_up(target, snapshot)),
        signed_in=snapshot.signed_in.name,
        follows=converged(target, snapshot) and cluster.settings_state == "pending",
        basis=basis(snapshot),
    )


def _own_role(target: Target, snapshot: Snapshot, planned: Iterable[PlannedStep]) -> Iterator[str]:
    """Yield the operator's own role or access policy for creating the key, which can be removed later."""
    if not any(step.key == "operator-role" and step.action == "create" for step in planned):
        return
    me, vault = snapshot.signed_in, target.own.vault.name
    if snapshot.vault_uses_access_policies:
        yield (
            f"The access policy of {me.name} on {vault}, for creating and rotating the key: "
            f"az keyvault delete-policy {target.vault_args} --object-id {me.object_id}"
        )
    else:
        yield (
            f"The role {CRYPTO_OFFICER.name} of {me.name} on {vault}, for creating and rotating the key: az role assignment delete "
            f'--role "{CRYPTO_OFFICER.name}" --assignee {me.object_id} --scope {shell_word(target.vault_id)}'
        )


def _shown(effect: Effect) -> Effect:
    """Sanitize names and details, which may come from Azure."""
    return replace(effect, name=sanitize(effect.name), detail=sanitize(effect.detail))


def _title(target: Target, snapshot: Snapshot) -> str:
    cluster, encryption = snapshot.cluster_state, snapshot.cluster_state.encryption
    name = target.answers.cluster.name
    own = target.answers.customer_managed
    how = (
        "a platform-managed key"
        if own is None
        else f"a customer-managed key in a {own.vault.network_access.lower()} vault"
    )
    if snapshot.cluster is None and target.answers.cluster.create is not False:
        return f"Create {name}, encrypted with {how}"
    if cluster.matches(target):
        match cluster.settings_state:
            case "effective" if identity_recreated(target, snapshot):
                return f"Assign {name} the re-created identity {target.own.identity.name}; the previous one was deleted"
            case "effective":
                return f"{name} is already encrypted with {how}"
            case "pending":
                return f"Follow the operation in progress on {name}, whose settings request {how}"
            case "failed":
                return f"Repair {name}, whose settings request {how}, and whose last operation failed"
    if encryption.kind == "none":
        return f"Encrypt {name} with {how}"
    if own is not None and encryption.kms_enabled and not cluster.leaves_its_key(target):
        access = own.vault.network_access
        if not same(encryption.network_access, access):
            return f"Change the network access of {name} to {own.vault.name} to {access}"
        return f"Change {name} to use {own.vault.name}/{own.key.name} with the identity {own.identity.name}"
    if own is not None and encryption.kms_enabled:
        return f"Migrate {name} from {encryption.key_label} to {own.vault.name}/{own.key.name} in a {own.vault.network_access.lower()} vault"
    return f"Migrate {name} to {how}"


def _irreversible(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    sentences = []
    if snapshot.cluster_state.encryption.kind == "none":
        preview = (  # the how-to's callout for previews of AKS
            " It is in preview: Microsoft's service-level agreements do not cover it, and Microsoft does not intend it for production."
        )
        sentences.append(
            f"AKS cannot disable this encryption later.{preview if snapshot.feature is not None else ''}"
        )
    own = target.answers.customer_managed
    if own is not None and snapshot.vault is None and own.vault.purge_protection:
        sentences.append(
            f"Purge protection of {own.vault.name} cannot be disabled later; a deleted vault is kept for 90 days."
        )
    if own is not None and snapshot.cluster is not None and not snapshot.cluster_state.identities:
        sentences.append(
            f"{target.answers.cluster.name} changes to a user-assigned identity; AKS cannot change it back."
        )
    return tuple(sentences)


def _keep(target: Target) -> tuple[str, ...]:
    own = target.answers.customer_managed
    if own is None:
        return ()
    return (
        f"If you lose {own.vault.name}/{own.key.name}, you lose the cluster's secrets: never delete or disable it or let it expire.",
        f"{own.identity.name} and its roles on {own.vault.name}: without them the cluster cannot access its key.",
    )


def basis(snapshot: Snapshot) -> dict[str, Any]:
    """Return the facts on which the plan is based, besides its steps. No eTag: AKS changes it without a request."""
    cluster, expires = snapshot.cluster_state, snapshot.key_state.expires
    return {
        "exists": snapshot.cluster is not None,
        "security_profile": cluster.security_profile,
        "identity": [cluster.identity_type, sorted(identity.lower() for identity in cluster.identities)],
        "kubernetes_version": cluster.version or None,
        "principal": snapshot.identity_principal,
        "vault_purge_protection": snapshot.vault_state.purge_protection,
        "vault_public_network_access": snapshot.vault_state.public_network_access,
        "key_expires": expires.isoformat() if expires else None,
        "signed_in": snapshot.signed_in.object_id,
    }

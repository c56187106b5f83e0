"""Making a plan: from the answers and what exists to what would be done."""

from dataclasses import replace
from typing import Any

from wizard.answers import Answers
from wizard.cloud.arm import dig
from wizard.cloud.azure import Azure
from wizard.cloud.clean import clean
from wizard.cloud.encryption import Encryption
from wizard.cloud.snapshot import Snapshot, take
from wizard.procedure import cluster_body
from wizard.procedure.plan import Effect, Plan, PlannedStep
from wizard.procedure.script import spelled_out
from wizard.procedure.step import Step
from wizard.procedure.steps import STEPS
from wizard.rules import findings
from wizard.target import Target


async def make_plan(azure: Azure, answers: Answers) -> Plan:
    """What would be done for these answers, from the live state. Changes nothing. Raises AzureError."""
    target = Target(answers, azure.cloud.vault_suffix)
    return plan_from(target, await take(azure, target))


def plan_from(target: Target, snapshot: Snapshot) -> Plan:
    """The plan for what there is. Pure: the same facts give the same plan and the same digest."""
    answers = target.answers
    steps = applying(answers)
    present = {step.key for step in steps}
    encryption = Encryption.of(snapshot.cluster)
    planned = []
    for step in steps:
        intent = step.inspect(target, snapshot)
        planned.append(
            PlannedStep(
                key=step.key,
                title=step.title,
                sentence=step.sentence,
                action=intent.action,
                reversible=step.reversible,
                needs=tuple(need for need in step.needs if need in present),
                commands=tuple(spelled_out(command, target) for command in step.commands(target)),
                effects=tuple(_shown(effect) for effect in intent.effects),
                usually=step.duration(target),
            )
        )
    needed = {
        right
        for step, plan in zip(steps, planned, strict=True)
        if plan.action != "none"
        for right in step.rights(target)
    }
    return Plan(
        cluster_id=target.cluster_id,
        now=encryption.kind,
        then=answers.key_option,
        title=_title(target, snapshot, encryption),
        steps=tuple(planned),
        findings=findings(target, snapshot, needed),
        irreversible=_irreversible(target, snapshot, encryption),
        keep=_keep(target),
        basis=_basis(snapshot),
    )


def applying(answers: Answers) -> list[Step]:
    """The steps that these answers need, in the order of the how-to, which is also the order in which they may go."""
    return [step for step in STEPS if step.applies(answers)]


def _shown(effect: Effect) -> Effect:
    """Names and details may come from Azure."""
    return replace(effect, name=clean(effect.name), detail=clean(effect.detail))


def _title(target: Target, snapshot: Snapshot, encryption: Encryption) -> str:
    name = target.answers.cluster.name
    own = target.answers.customer_managed
    how = (
        "a key that AKS manages"
        if own is None
        else f"your own key in a {own.vault.network_access.lower()} vault"
    )
    if snapshot.cluster is None and target.answers.cluster.create is not False:
        return f"Create {name}, encrypted with {how}"
    if snapshot.cluster is not None and cluster_body.holds(target, snapshot.cluster):
        return f"{name} is encrypted with {how} already"
    return f"{'Encrypt' if encryption.kind == 'none' else 'Move'} {name} {'with' if encryption.kind == 'none' else 'to'} {how}"


def _irreversible(target: Target, snapshot: Snapshot, encryption: Encryption) -> tuple[str, ...]:
    sentences = []
    if encryption.kind == "none":
        sentences.append("AKS does not let this encryption be turned off again.")
    own = target.answers.customer_managed
    if own is not None and snapshot.vault is None and own.vault.purge_protection:
        sentences.append(
            f"Purge protection of {own.vault.name} cannot be turned off again; a deleted vault is kept 90 days."
        )
    if own is not None and snapshot.cluster is not None and not cluster_body.user_assigned(snapshot.cluster):
        sentences.append(
            f"{target.answers.cluster.name} moves to a user-assigned identity; AKS cannot take it off again."
        )
    return tuple(sentences)


def _keep(target: Target) -> tuple[str, ...]:
    own = target.answers.customer_managed
    if own is None:
        return ()
    return (
        f"Losing {own.vault.name}/{own.key.name} loses the cluster's secrets: never delete, disable or let it expire.",
        f"{own.identity.name} and its roles on {own.vault.name}: without them the cluster cannot reach its key.",
    )


def _basis(snapshot: Snapshot) -> dict[str, Any]:
    """The facts besides the steps themselves that the plan stands on. No eTag: AKS changes it by itself."""
    cluster = snapshot.cluster
    return {
        "exists": cluster is not None,
        "security_profile": dig(cluster, "properties", "securityProfile"),
        "identity": [
            dig(cluster, "identity", "type"),
            sorted(i.lower() for i in cluster_body.user_assigned(cluster)),
        ],
        "kubernetes_version": dig(cluster, "properties", "currentKubernetesVersion"),
        "principal": snapshot.identity_principal,
        "signed_in": snapshot.signed_in.object_id,
    }

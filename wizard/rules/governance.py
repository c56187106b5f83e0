"""Governance: permissions, deny assignments, locks, policies, resource providers, the preview feature."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from wizard.cloud.arm import same
from wizard.cloud.linked_roles import linked_role
from wizard.cloud.policies import Denial
from wizard.rules.finding import Finding, RequiredAction, action_rule, rule
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.names import listed
from wizard.system.sanitize import sanitize, shell_word

_ENABLED = "Enabled"
_READ_ONLY = frozenset({"disabled", "deleted"})
_LONGEST = 64
"""The maximum length of the name of a policy exemption."""
GRANTING = "Microsoft.Authorization/roleAssignments/write"


@rule
def providers_registered(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the resource providers are registered; without that Azure creates no resource of theirs: docs/azure.md#round-trip-through-the-sdk.

    The plan does not register them: the owner of the subscription decides which services are used in it.
    """
    del target
    for namespace, subscription in snapshot.unregistered:
        yield Finding(
            "error",
            "provider-not-registered",
            f"The resource provider {namespace}, which a customer-managed key needs, is not registered in the subscription {subscription}.",
            f"az provider register --namespace {namespace} --subscription {subscription} --wait",
        )


@rule
def policies_deny(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report the policies that would deny a request of the plan, as Azure says (docs/azure.md#refusals-of-the-aks-resource-provider, RequestDisallowedByPolicy)."""
    until = datetime.now(UTC) + timedelta(days=7)
    for denial in snapshot.policy_denials:
        looks = f", which checks {denial.field}" if denial.field else ""
        yield Finding(
            "error",
            "policy-denies",
            f"Azure Policy would deny {denial.what}: {denial.assignment}{looks}.",
            "Use a compliant value, or create an exemption for a week: az policy exemption create --name "
            f"{shell_word(_exemption(denial))} --exemption-category Waiver --policy-assignment {shell_word(denial.assignment)} "
            f"--scope {shell_word(_exempted(target, snapshot, denial))} --expires-on {until:%Y-%m-%dT00:00:00Z}",
        )


def _exemption(denial: Denial) -> str:
    """Return a name for the exemption that no other one of the plan has; it has 64 characters at most."""
    name = f"aks-kms-{denial.what}-{denial.assignment.rpartition('/')[2]}"
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _exempted(target: Target, snapshot: Snapshot, denial: Denial) -> str:
    """Return the smallest scope for an exemption that exists: the cluster, or the resource group."""
    is_cluster = same(denial.what, target.answers.cluster.name) and snapshot.cluster is not None
    return target.cluster_id if is_cluster else denial.group


@rule
def feature(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a preview feature that is not registered yet; a Pending one needs approval by Microsoft: docs/azure.md#preview-features."""
    if converged(target, snapshot):
        return
    if snapshot.feature == "Pending":
        yield Finding(
            "warning",
            "feature-pending",
            "The feature KMSPMKPreview is Pending: its registration requires approval by Microsoft and does not complete automatically.",
            "Contact Microsoft support or your account team.",
        )
    elif snapshot.feature == "Registering":
        yield Finding(
            "info",
            "feature-registering",
            "Azure has not finished registering the feature. This usually takes 5 to 15 minutes. The run waits for it.",
            "",
        )
    elif snapshot.feature is None:
        yield Finding(
            "info",
            "feature-gone",
            "The feature KMSPMKPreview no longer exists and is not needed.",
            "",
        )


@action_rule
def missing_permissions(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """Check that the signed-in identity has every permission that the plan needs, if Azure shows it: docs/azure.md#permissions, pre-check 1."""
    missing: dict[str, list[RequiredAction]] = {}
    unknown: dict[str, list[str]] = {}
    for right in sorted(set(needed), key=lambda right: (right.scope.casefold(), right.action)):
        match snapshot.may(right.action, right.scope):
            case None:
                unknown.setdefault(_place(right.scope), []).append(right.action)
            case False:
                missing.setdefault(_place(right.scope), []).append(right)
    for place, lacking in missing.items():
        yield Finding(
            "error",
            "rights-missing",
            f"{snapshot.signed_in.name} has no permission for {', '.join(dict.fromkeys(right.action for right in lacking))} in {place}.",
            _eligible(snapshot) or _linked(lacking) or _role(lacking, snapshot),
        )
    for place, actions in unknown.items():
        yield Finding(
            "info",
            "rights-unknown",
            f"It is unknown whether {snapshot.signed_in.name} has permission for {', '.join(dict.fromkeys(actions))} in {place}.",
            "The scope does not exist yet, or you cannot read its role assignments. Azure checks the permission when the step runs.",
        )
    may_grant = GRANTING not in {right.action for rights in missing.values() for right in rights}
    grants = any(right.action == GRANTING for right in needed) and may_grant
    if grants and any(grant.conditional for grant in snapshot.operator_grants):
        yield Finding(
            "info",
            "rights-conditional",
            f"A condition limits which roles {snapshot.signed_in.name} may assign on {target.own.vault.name}; only Azure can evaluate it.",
            "For example, Key Vault Data Access Administrator cannot assign Key Vault Contributor.",
        )


def _linked(lacking: Collection[RequiredAction]) -> str:
    """Return the remedy if only permissions on resources that the cluster names are missing; otherwise an empty string."""
    wanted: dict[str, list[str]] = {}
    for right in lacking:
        wanted.setdefault(linked_role(right.action), []).append(sanitize(right.scope.rpartition("/")[2]))
    if "" in wanted:
        return ""
    roles = ", and ".join(f"{role} on {', '.join(names)}" for role, names in wanted.items())
    return f"Azure checks it with every update, because the cluster names these resources. Ask an owner for {roles}."


def _role(lacking: Collection[RequiredAction], snapshot: Snapshot) -> str:
    """Return the remedy with the smallest built-in role that has these permissions, and the command that assigns it."""
    actions = {right.action for right in lacking}
    role, also = "Contributor", ""
    if actions == {GRANTING}:
        role = "User Access Administrator"
    elif GRANTING in actions:
        role, also = "Owner", ", or for Contributor and User Access Administrator"
    parts = next(iter(lacking)).scope.split("/")
    creates_group = any(action.casefold().endswith("/resourcegroups/write") for action in actions)
    scope = "/".join(parts[: 3 if creates_group else 5])
    me = snapshot.signed_in
    return (
        f"Ask an owner for the role {role} there{also}: az role assignment create --role {shell_word(role)} "
        f"--assignee-object-id {me.object_id} --assignee-principal-type {me.principal_type} --scope {shell_word(scope)}"
    )


def _place(scope: str) -> str:
    """Return a scope in words: the resource group, or the subscription."""
    parts = scope.strip("/").split("/")
    return f"the resource group {parts[3]}" if len(parts) > 3 else f"the subscription {parts[-1]}"


def _eligible(snapshot: Snapshot) -> str:
    """What could be activated instead of asking an owner, as a remedy; empty where there is nothing."""
    if not snapshot.eligible:
        return ""
    roles = listed(f"{one.role} on {one.scope}" for one in snapshot.eligible)
    return f"You are eligible for {roles}: activate it (portal: Privileged Identity Management), then plan again."


@action_rule
def deny_assignments(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """No deny assignment takes away what the plan needs: docs/azure.md#permissions, pre-check 3."""
    del target
    me = snapshot.signed_in
    for deny in snapshot.deny_assignments:
        actions = sorted({r.action for r in needed if deny.forbids(r.action) and deny.holds_on(r.scope)})
        if actions and deny.names(me.object_id):
            yield Finding(
                "error",
                "rights-denied",
                f"The deny assignment {deny.name} on {sanitize(deny.scope)} denies {me.name} {', '.join(actions)}, regardless of role assignments.",
                "Ask the owner of the managed application or deployment stack to exclude you, or use a different scope.",
            )


@action_rule
def read_only_locks(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """Check that no read-only lock covers a resource that the plan writes, or the cluster's node resource group.

    docs/azure.md#refusals-of-the-aks-resource-provider, ScopeLocked; AKS itself writes to the node resource group whenever a cluster is updated.
    """
    touched = {right.scope for right in needed}
    if target.cluster_id in touched and (nodes := snapshot.cluster_state.node_resource_group):
        touched.add(f"/subscriptions/{target.answers.subscription}/resourceGroups/{nodes}")
    for lock in snapshot.locks:
        if lock.read_only and any(lock.covers(scope) for scope in touched):
            yield Finding(
                "error",
                "scope-locked",
                f"The read-only lock {lock.name} on {sanitize(lock.scope)} blocks the writes of this plan.",
                "Ask an owner to remove it temporarily: az lock delete --ids "
                + shell_word(f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}"),
            )


@action_rule
def subscriptions_enabled(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """Check that Azure accepts writes in the subscriptions in which the plan writes: docs/azure.md#subscriptions."""
    written = {right.scope.split("/")[2].casefold() for right in needed}
    for subscription in target.subscriptions:
        now = snapshot.subscription_states.get(subscription, _ENABLED)
        if same(now, _ENABLED) or subscription not in written:
            continue
        if now.casefold() in _READ_ONLY:
            yield Finding(
                "error",
                "subscription-disabled",
                f"The subscription {subscription} is {now}: Azure refuses every write in it.",
                "Ask its billing owner to re-enable it, then plan again.",
            )
        else:
            yield Finding(
                "warning",
                "subscription-disabled",
                f"The subscription {subscription} is {now}: Azure may refuse writes in it, and may disable it.",
                "Ask its billing owner to pay before the run.",
            )

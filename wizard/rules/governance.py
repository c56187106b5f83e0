"""What others have laid down: rights, deny assignments, locks, policies, providers, the preview feature."""

from collections.abc import Collection, Iterator

from wizard.rules.finding import Finding, RequiredAction
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize, shell_word

GRANTING = "Microsoft.Authorization/roleAssignments/write"


def providers_registered(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Azure refuses to create what belongs to a resource provider that is not registered: AZURE.md §2c.

    The plan does not register it by itself: whose subscription it is decides which services are used in it.
    """
    del target
    for namespace, subscription in snapshot.unregistered:
        yield Finding(
            "error",
            "provider-not-registered",
            f"The subscription {subscription} has not registered the resource provider {namespace}, which your own key needs.",
            f"az provider register --namespace {namespace} --subscription {subscription} --wait",
        )


def policies_deny(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Azure Policy would deny what the plan sends; asked of Azure itself (AZURE.md §1a, RequestDisallowedByPolicy)."""
    del target
    for denial in snapshot.policy_denials:
        looks = f", which looks at {denial.field}" if denial.field else ""
        yield Finding(
            "error",
            "policy-denies",
            f"Azure Policy would deny {denial.what}: {denial.assignment}{looks}.",
            f"Choose what it allows, or have it exempt this resource: az policy exemption create --name aks-kms "
            f"--exemption-category Waiver --policy-assignment {shell_word(denial.assignment)}",
        )


def feature(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A feature that is not there yet is waited for; a Pending one waits for Microsoft: AZURE.md §4."""
    if converged(target, snapshot):
        return
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


def missing_permissions(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """Whoever is signed in may do every action the plan needs, as far as Azure tells: AZURE.md §6, pre-check 1."""
    missing: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for right in sorted(set(needed), key=lambda right: (right.scope.casefold(), right.action)):
        entries = snapshot.permissions(right.scope)
        if entries is None:
            unknown.setdefault(_place(right.scope), []).append(right.action)
        elif not any(entry.allows(right.action) for entry in entries):
            missing.setdefault(_place(right.scope), []).append(right.action)
    for place, actions in missing.items():
        yield Finding(
            "error",
            "rights-missing",
            f"{snapshot.signed_in.name} is not allowed {', '.join(dict.fromkeys(actions))} in {place}.",
            _eligible(snapshot)
            or "Ask an owner for the role Owner there, or Contributor together with User Access Administrator; "
            "or sign in as somebody who has them.",
        )
    for place, actions in unknown.items():
        yield Finding(
            "info",
            "rights-unknown",
            f"Whether {snapshot.signed_in.name} may {', '.join(dict.fromkeys(actions))} in {place} cannot be known beforehand.",
            "It does not exist yet, or your rights on it may not be read; Azure says so when the step is carried out.",
        )
    lacking = {action for actions in missing.values() for action in actions}
    grants = any(right.action == GRANTING for right in needed) and GRANTING not in lacking
    if grants and any(grant.conditional for grant in snapshot.operator_grants):
        yield Finding(
            "info",
            "rights-conditional",
            f"A condition limits which roles {snapshot.signed_in.name} may assign on {target.own.vault.name}; only Azure can judge it.",
            "Key Vault Data Access Administrator, for one, does not allow assigning Key Vault Contributor.",
        )


def _place(scope: str) -> str:
    """A scope in words: the resource group, or the subscription."""
    parts = scope.strip("/").split("/")
    return f"the resource group {parts[3]}" if len(parts) > 3 else f"the subscription {parts[-1]}"


def _eligible(snapshot: Snapshot) -> str:
    """What could be activated instead of asking somebody, as a remedy; empty where there is nothing."""
    if not snapshot.eligible:
        return ""
    roles = ", ".join(f"{one.role} on {one.scope}" for one in snapshot.eligible)
    return f"You are eligible for {roles}: activate it (portal: Privileged Identity Management), then plan again."


def deny_assignments(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """No deny assignment takes away what the plan needs: AZURE.md §6, pre-check 3."""
    del target
    me = snapshot.signed_in
    for deny in snapshot.deny_assignments or ():
        actions = sorted({r.action for r in needed if deny.forbids(r.action) and deny.holds_on(r.scope)})
        if actions and deny.names(me.object_id):
            yield Finding(
                "error",
                "rights-denied",
                f"The deny assignment {deny.name} on {sanitize(deny.scope)} forbids {me.name} to {', '.join(actions)}, whatever roles are held.",
                "Have whoever made it (a managed application or a deployment stack) exclude you, or work elsewhere.",
            )


def read_only_locks(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction]
) -> Iterator[Finding]:
    """No read-only lock stands on anything that the plan writes, the cluster's node resource group included.

    AZURE.md §1a, ScopeLocked; AKS itself writes to the node resource group whenever a cluster is updated.
    """
    touched = {right.scope for right in needed}
    if target.cluster_id in touched and (nodes := snapshot.cluster_state.node_resource_group):
        touched.add(f"/subscriptions/{target.answers.subscription}/resourceGroups/{nodes}")
    for lock in snapshot.locks or ():
        if lock.read_only and any(lock.covers(scope) for scope in touched):
            yield Finding(
                "error",
                "scope-locked",
                f"The read-only lock {lock.name} on {sanitize(lock.scope)} forbids what this plan writes.",
                "Have it removed for the time being: az lock delete --ids "
                + shell_word(f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}"),
            )

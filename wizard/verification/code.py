"""The checks on infrastructure code: whether it may own the cluster, and whether it took the customer-managed key away.

Only a deployment in complete mode and a lost key are warned of. No trace never means that no code owns the cluster.
"""

from collections.abc import Iterator
from dataclasses import replace

from wizard.cloud.arm import dig
from wizard.cloud.bodies import identity_kind
from wizard.cloud.ownership import NEWEST, LastWrite, capz_tags, tool_tags
from wizard.cloud.reads import Unknown
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import make_check, unknown_check
from wizard.verification.report import Check

IGNORED = "lifecycle { ignore_changes = [key_management_service] }"
"""The block that makes azurerm leave a customer-managed key alone."""


def code_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on signs of infrastructure code; without those in the resource groups, only on what the tags show."""
    yield from _signs(e)
    if e.encryption.kms_enabled:
        yield _complete_mode(e)


def _signs(e: Evidence) -> Iterator[Check]:
    id_ = str(e.cluster.get("id", ""))
    found = [f"tag of Cluster API Provider Azure: {name}" for name in capz_tags(e.cluster)]
    found += [f"tag {tag}" for tag in tool_tags(e.cluster)]
    if e.code is None and not found:
        return  # of a platform-managed key, which code seldom reverts, the resource groups are not read
    if e.code is not None:
        found += [f"deployment {d.name} of {d.group} ({d.at})" for d in e.code.deployments if d.has(id_)]
        found += [f"deployment stack {s.name} of {s.scope}{_denying(s.denies)}" for s in e.code.stacks if s.has(id_)]  # fmt: skip
        if e.code.unread and not found:
            problem = e.code.unread[0].problem
            yield unknown_check("code-signs", "code", "the deployments of the resource groups", problem)
            return
        found += [each.problem.summary for each in e.code.unread]
    name, group = _names(e)
    lines = f"aks-kms export --resource-group {shell_word(group)} --name {shell_word(name)}"
    yield make_check(
        "code-signs",
        "code",
        "note",
        f"Infrastructure code seems to own the cluster. Change its code, or its next run may revert the encryption: {lines}"
        if found
        else "No sign of infrastructure code was found. Terraform and Pulumi leave none.",
        "",
        "; ".join(dict.fromkeys(found))
        or "its tags, and the deployments and deployment stacks of its resource groups: none",
    )


def _denying(denies: bool) -> str:
    return ", which denies changes by others" if denies else ""


def _complete_mode(e: Evidence) -> Check:
    """Return the check for deployments in complete mode: they delete a vault and an identity that the template does not name."""
    code = "code-complete-mode"
    if e.code is None:
        return unknown_check(code, "code", "the deployment history", None)
    alarms = [f"deployment {each.name} of {each.group} ({each.at})" for each in e.code.complete]
    own = (e.vault_id, *e.identity_ids)
    alarms += [f"deployment stack {s.name} of {s.scope}" for s in e.code.stacks if s.deletes and s.has(*own)]
    if not alarms and e.code.unread:
        return unknown_check(code, "code", "the deployment history", e.code.unread[0].problem)
    return make_check(
        code,
        "code",
        "warning" if alarms else "note",
        f"No deployment in complete mode is in the newest part of the history of the resource groups ({NEWEST} each).",
        "In a resource group of the cluster, its vault or its identity, a template was deployed in complete mode, or a stack deletes "
        "what leaves its template. The next deployment deletes a vault and an identity that the template "
        "does not name, and with them the cluster's key.",
        "; ".join(alarms) or "mode: Incremental only",
        "Deploy with --mode Incremental, or add vault, key, identity and role assignments to the template: "
        f"aks-kms export --resource-group {shell_word(_names(e)[1])} --name {shell_word(_names(e)[0])} --format bicep",
    )


def reverted_check(e: Evidence) -> Iterator[Check]:
    """Yield the check whether infrastructure code took the customer-managed key away, if the cluster has lost it."""
    if not e.reverted:
        return
    lost = [] if e.encryption.kms_enabled else ["a platform-managed key"]
    lost += [] if e.identity_ids else [f"a {identity_kind(e.cluster)} identity"]
    state = f"The cluster has {' and '.join(lost)} instead of the customer-managed key"
    if dig(e.cluster, "properties", "securityProfile", "azureKeyVaultKms") is not None:
        state = f"The cluster had a customer-managed key, and has {' and '.join(lost)} again"
    identity = e.target.identity_id if e.target else ""
    remedy = (
        f"If Terraform owns the cluster, add to its azurerm_kubernetes_cluster the block {IGNORED}, and in its block identity "
        f'type = "UserAssigned" and identity_ids = ["{identity}"]. Then apply the answers file again (`aks-kms apply -f FILE`), and '
        "print the code for all tools: "
        f"aks-kms export --resource-group {shell_word(_names(e)[1])} --name {shell_word(_names(e)[0])}"
    )
    last = e.last_write
    if not isinstance(last, LastWrite):
        why = last.problem if isinstance(last, Unknown) else None
        check = unknown_check("code-took-key", "code", "who changed the cluster last", why)
        yield replace(check, message=f"{state}. {check.message}", remedy=sanitize(remedy))
        return
    yield make_check(
        "code-took-key",
        "code",
        "failed" if last.by_application else "warning",
        "",
        f"{state}. The last update was by an application: infrastructure code probably took the key away."
        if last.by_application
        else f"{state}. The last update was by the user {last.caller}: infrastructure code that runs with this sign-in may "
        "have taken the key away.",
        f"last write in the Activity Log: {last.at} by {last.caller}",
        remedy,
    )


def _names(e: Evidence) -> tuple[str, str]:
    parts = str(e.cluster.get("id", "")).split("/")
    return sanitize(str(e.cluster.get("name", ""))), sanitize(parts[4]) if len(parts) > 4 else ""

"""The checks on the cluster's user-assigned identity: whether it exists, and whether it can use the key."""

from collections.abc import Iterator

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.bodies import identity_kind
from wizard.cloud.roles import CRYPTO_USER, DECRYPT, ENCRYPT, MAY_ENCRYPT, Grant
from wizard.errors import Problem, unexpected_response
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import GONE, make_check, unknown_check
from wizard.verification.report import Check, Outcome

KEY_ROLES = {role.guid: role.name for role in MAY_ENCRYPT}
"""Built-in roles that allow encrypt and decrypt, by GUID."""


def identity_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on the identity."""
    identities = e.identity_ids
    if not identities and identity_kind(e.cluster) in {"unknown", "user-assigned"}:
        odd = unexpected_response(
            "The identity of the cluster could not be read.", "Azure returned the cluster without it"
        )
        yield unknown_check("identity-attached", "identity", "the identity of the cluster", odd)
        return
    yield make_check(
        "identity-attached",
        "identity",
        bool(identities),
        "The cluster uses a user-assigned identity.",
        "The cluster has no user-assigned identity, which a customer-managed key requires.",
        ", ".join(identities),
        "Run the wizard on this cluster. It assigns one.",
    )
    if not identities:
        return
    yield _exists(e)
    if e.vault is None:
        return
    if dig(e.vault, "properties", "enableRbacAuthorization") is True:
        yield _role(e)
        yield _denied(e)
    else:
        yield _access_policy(e)


def _exists(e: Evidence) -> Check:
    gone: list[str] = []
    unreadable = None
    for id_ in e.identity_ids:
        found = e.identities.get(id_)
        if isinstance(found, Problem) and found.code in GONE:
            gone.append(id_)
        elif not isinstance(found, dict):
            unreadable = found or Problem("input", "It was not read.")
        elif _is_another(e, id_, found):
            gone.append(id_)
    if unreadable and not gone:
        return unknown_check("identity-exists", "identity", "the cluster's identity", unreadable)
    name = sanitize((gone or list(e.identity_ids))[0].rsplit("/", 1)[-1])
    return make_check(
        "identity-exists",
        "identity",
        not gone,
        f"The identity {name} exists.",
        f"The identity {name} was deleted, so the cluster cannot sign in to the key vault. A new identity with the same name "
        "has another principal ID.",
        ", ".join(gone or e.identity_ids),
        "Plan again with a new identity for this cluster. `aks-kms apply` creates it, assigns its roles and assigns it to "
        "the cluster.",
    )


def _is_another(e: Evidence, id_: str, found: Json) -> bool:
    """Return whether the identity was re-created after it was assigned to the cluster."""
    named = str(dig(e.cluster, "identity", "userAssignedIdentities", id_, "principalId") or "")
    now = str(dig(found, "properties", "principalId") or "")
    return bool(named and now) and not same(named, now)


def _each(e: Evidence, may: set[str]) -> tuple[bool | Outcome, str]:
    """Return the outcome if these principals can use the key, and why it is not certain: a cluster signs in to its vault
    with one of its identities, and Azure does not report with which."""
    if len(e.principals) < 2 or not may or may >= set(e.principals):
        return bool(may), ""
    return (
        "unknown",
        "Only some of the cluster's identities can use the key, and Azure does not report which one the cluster signs in with.",
    )


def _role(e: Evidence) -> Check:
    if e.identity_grants is None:
        return unknown_check("identity-role", "identity", "the role assignments", e.unreadable.get("roles"))
    here = [grant for grant in e.identity_grants if _counts(grant, e)]
    helps = [grant for grant in here if _fits(grant, e)]
    unread = [
        problem for grant in here if (problem := e.unreadable.get(f"role {grant.role_guid.casefold()}"))
    ]
    if unread and not helps:
        return unknown_check(
            "identity-role", "identity", "the definition of a role of the identity", unread[0]
        )
    certain, unsure = _each(e, {grant.principal_id for grant in helps})
    if helps and all(grant.conditional for grant in helps):
        certain, unsure = "unknown", "The role assignment has a condition, which only Azure can evaluate."
    principal = e.principals[0] if e.principals else "OBJECT-ID"
    others = sorted({_name(grant, e) for grant in here if not _fits(grant, e)})
    seen = (
        "; ".join(_described(grant, e) for grant in (helps or here)) or "no role assignment on the key vault"
    )
    elsewhere = [grant for grant in e.grants_elsewhere if _fits(grant, e) and not _counts(grant, e)]
    why = ""
    if others:
        why = f" It has {', '.join(others)}, which does not."
    if elsewhere:
        why += f" It has {_name(elsewhere[0], e)} on another scope, {elsewhere[0].scope}."
    return make_check(
        "identity-role",
        "identity",
        certain,
        f"The identity has the role {', '.join(sorted({_name(grant, e) for grant in helps}))} on the key vault"
        f"{_how_assigned(helps, e)}.",
        unsure or f"The identity has no role on the key vault that allows it to encrypt and decrypt.{why}",
        seen,
        f'az role assignment create --role "{CRYPTO_USER.name}" --assignee-object-id {principal} '
        f"--assignee-principal-type ServicePrincipal --scope {shell_word(e.vault_id)}",
    )


def _counts(grant: Grant, e: Evidence) -> bool:
    """Return whether a role assignment applies to the key: on the vault, inherited, or on the key itself."""
    key = f"{e.vault_id}/keys/{e.encryption.key_name.partition('/')[2]}"
    return grant.covers(e.vault_id) or same(grant.scope, key)


def _fits(grant: Grant, e: Evidence) -> bool:
    guid = grant.role_guid.casefold()
    return guid in KEY_ROLES or e.key_roles.get(guid, ("", False))[1]


def _name(grant: Grant, e: Evidence) -> str:
    guid = grant.role_guid.casefold()
    return KEY_ROLES.get(guid) or e.key_roles.get(guid, (f"the role {guid}", False))[0]


def _described(grant: Grant, e: Evidence) -> str:
    by = f" through the group {grant.group_id}" if grant.group_id else ""
    return f"{_name(grant, e)} on {grant.scope}{by}"


def _how_assigned(grants: list[Grant], e: Evidence) -> str:
    """Return how the identity has the role, unless by an assignment on the vault itself."""
    if any(not grant.group_id and same(grant.scope, e.vault_id) for grant in grants):
        return ""
    if grants and all(grant.group_id for grant in grants):
        return ", through a group"
    return ", assigned on the key itself" if not any(g.covers(e.vault_id) for g in grants) else ", inherited"


def _denied(e: Evidence) -> Check:
    """Return the check for deny assignments, which take precedence over every role."""
    if e.deny_assignments is None:
        return unknown_check(
            "identity-not-denied", "identity", "the deny assignments", e.unreadable.get("deny-assignments")
        )
    about = [one for one in e.deny_assignments if one.denies(ENCRYPT) or one.denies(DECRYPT)]
    certain = [one for one in about if any(one.names(principal) for principal in e.principals)]
    perhaps = [one for one in about if one not in certain and one.groups]
    named = ", ".join(one.name for one in certain or perhaps)
    return make_check(
        "identity-not-denied",
        "identity",
        False if certain else "unknown" if perhaps else True,
        "No deny assignment blocks the identity from the key.",
        f"A deny assignment ({named}) blocks the identity from the key regardless of its roles."
        if certain
        else f"A deny assignment ({named}) blocks a group from the key. It is not known whether the identity is a member.",
        f"deny assignments on the key vault: {named or 'none that concerns its keys'}",
        "Azure creates deny assignments for deployment stacks and managed applications. Ask their owner to exclude the "
        "identity."
        if certain
        else f"Check the members of the group: az ad group member list --group {shell_word(perhaps[0].groups[0])}"
        if perhaps
        else "",
    )


def _access_policy(e: Evidence) -> Check:
    """Return the check of the access policies, of which only those for the identity count: docs/azure.md#roles."""
    principals = e.principals
    if not principals:
        missing = Problem("azure", "The cluster does not report the principal ID of its identity.")
        return unknown_check(
            "identity-access-policy", "identity", "the principal ID of the cluster's identity", missing
        )
    vault = e.vault_state
    given = frozenset[str]().union(*(vault.policy_permissions(principal) for principal in principals))
    certain, unsure = _each(e, {one for one in principals if vault.policy_allows(one, "encrypt", "decrypt")})
    principal = principals[0] if principals else "OBJECT-ID"
    return make_check(
        "identity-access-policy",
        "identity",
        certain,
        "An access policy allows the identity to encrypt and decrypt.",
        unsure or "No access policy of the key vault allows the identity to encrypt and decrypt.",
        f"accessPolicies for {', '.join(principals)}: {', '.join(sorted(given)) or 'none'}",
        f"az keyvault set-policy {e.vault_args} --object-id {principal} --key-permissions encrypt decrypt",
    )

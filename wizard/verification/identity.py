"""The checks on the cluster's user-assigned identity: does it exist, and may it use the key."""

from collections.abc import Iterator

from wizard.cloud.arm import Json, ResourceId, dig, same
from wizard.cloud.problems import Problem
from wizard.cloud.roles import CRYPTO_USER, DECRYPT, ENCRYPT, MAY_ENCRYPT, Grant
from wizard.state.vault import VaultState
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.judge import GONE, make_check, unknown_check
from wizard.verification.report import Check, Outcome

KEY_ROLES = {role.guid: role.name for role in MAY_ENCRYPT}
"""Built-in roles that let their holder encrypt and decrypt, by GUID."""


def identity_checks(e: Evidence) -> Iterator[Check]:
    """Every check on the identity."""
    identities = e.identity_ids
    yield make_check(
        "identity-attached",
        "identity",
        bool(identities),
        "The cluster uses a user-assigned identity.",
        "The cluster uses no user-assigned identity, which a customer-managed key needs.",
        ", ".join(identities),
        "Run the wizard on this cluster; it attaches one.",
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
            unreadable = found or Problem("input", "It was not looked at.")
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
        f"The identity {name} was deleted: the cluster cannot sign in to the key vault. One of the same name is another "
        "identity.",
        ", ".join(gone or e.identity_ids),
        "Plan again with a new identity for this cluster: `aks-kms apply` creates it, gives it its roles and puts it on "
        "the cluster.",
    )


def _is_another(e: Evidence, id_: str, found: Json) -> bool:
    """Whether the identity of that id was made anew since the cluster was given it."""
    named = str(dig(e.cluster, "identity", "userAssignedIdentities", id_, "principalId") or "")
    now = str(dig(found, "properties", "principalId") or "")
    return bool(named and now) and not same(named, now)


def _each(e: Evidence, may: set[str]) -> tuple[bool | Outcome, str]:
    """What it comes to where these principals may use the key, and why it is not certain: a cluster signs in to its vault
    as one of its identities, and Azure does not say as which."""
    if len(e.principals) < 2 or not may or may >= set(e.principals):
        return bool(may), ""
    return (
        "unknown",
        "Some of the cluster's identities may use the key and some may not; as which it signs in is not shown.",
    )


def _role(e: Evidence) -> Check:
    if e.identity_grants is None:
        return unknown_check("identity-role", "identity", "the role assignments", e.unreadable.get("roles"))
    here = [grant for grant in e.identity_grants if _counts(grant, e)]
    helps = [grant for grant in here if _fits(grant, e)]
    certain, unsure = _each(e, {grant.principal_id for grant in helps})
    if helps and all(grant.conditional for grant in helps):
        certain, unsure = "unknown", "The role is held under a condition, which only Azure can judge."
    principal = e.principals[0] if e.principals else "OBJECT-ID"
    others = sorted({_name(grant, e) for grant in here if not _fits(grant, e)})
    seen = "; ".join(_told(grant, e) for grant in (helps or here)) or "no role assignment on the key vault"
    elsewhere = [grant for grant in e.grants_elsewhere if _fits(grant, e) and not _counts(grant, e)]
    why = ""
    if others:
        why = f" It holds {', '.join(others)}, which does not."
    if elsewhere:
        why += f" It holds {_name(elsewhere[0], e)} on another scope, {elsewhere[0].scope}."
    return make_check(
        "identity-role",
        "identity",
        certain,
        f"The identity holds {', '.join(sorted({_name(grant, e) for grant in helps}))} on the key vault"
        f"{_way(helps, e)}.",
        unsure or f"The identity holds no role on the key vault that lets it encrypt and decrypt.{why}",
        seen,
        f'az role assignment create --role "{CRYPTO_USER.name}" --assignee-object-id {principal} '
        f"--assignee-principal-type ServicePrincipal --scope {shell_word(e.vault_id)}",
    )


def _counts(grant: Grant, e: Evidence) -> bool:
    """Whether an assignment reaches the key: on the vault, from above, or on the key itself."""
    key = f"{e.vault_id}/keys/{e.encryption.key_name.partition('/')[2]}"
    return grant.covers(e.vault_id) or same(grant.scope, key)


def _fits(grant: Grant, e: Evidence) -> bool:
    guid = grant.role_guid.casefold()
    return guid in KEY_ROLES or e.key_roles.get(guid, ("", False))[1]


def _name(grant: Grant, e: Evidence) -> str:
    guid = grant.role_guid.casefold()
    return KEY_ROLES.get(guid) or e.key_roles.get(guid, (f"the role {guid}", False))[0]


def _told(grant: Grant, e: Evidence) -> str:
    by = f" by the group {grant.group_id}" if grant.group_id else ""
    return f"{_name(grant, e)} on {grant.scope}{by}"


def _way(grants: list[Grant], e: Evidence) -> str:
    """How it comes to hold the role, where that is not by an assignment on the vault itself."""
    if any(not grant.group_id and same(grant.scope, e.vault_id) for grant in grants):
        return ""
    if grants and all(grant.group_id for grant in grants):
        return ", as a member of a group"
    return (
        ", by an assignment on the key alone"
        if not any(g.covers(e.vault_id) for g in grants)
        else ", inherited"
    )


def _denied(e: Evidence) -> Check:
    """Deny assignments win over every role."""
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
        "No deny assignment keeps the identity from the key.",
        f"A deny assignment ({named}) keeps the identity from the key, whatever roles it holds."
        if certain
        else f"A deny assignment ({named}) keeps a group from the key; whether the identity is in it cannot be seen here.",
        f"deny assignments on the key vault: {named or 'none that concerns its keys'}",
        "Deny assignments are made by Azure itself (deployment stacks, managed applications): change what made it, or "
        "have it leave out the identity."
        if certain
        else "Look at the group's members (`az ad group member list`).",
    )


def _access_policy(e: Evidence) -> Check:
    """With access policies, only a policy for the identity counts: KV:assign-access-policy."""
    principals, vault = e.principals, VaultState(e.vault)
    given = frozenset[str]().union(*(vault.policy_permissions(principal) for principal in principals))
    certain, unsure = _each(e, {one for one in principals if vault.policy_allows(one, "encrypt", "decrypt")})
    principal = principals[0] if principals else "OBJECT-ID"
    name = ResourceId.parse(e.vault_id).name
    return make_check(
        "identity-access-policy",
        "identity",
        certain,
        "An access policy lets the identity encrypt and decrypt.",
        unsure or "No access policy of the key vault lets the identity encrypt and decrypt.",
        f"accessPolicies for {', '.join(principals)}: {', '.join(sorted(given)) or 'none'}",
        f"az keyvault set-policy --name {name} --object-id {principal} --key-permissions encrypt decrypt",
    )

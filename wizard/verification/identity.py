"""The checks on the cluster's user-assigned identity: does it exist, and may it use the key."""

from collections.abc import Iterator

from wizard.cloud.arm import ResourceId, dig, same
from wizard.cloud.clean import clean, shell_word
from wizard.cloud.problems import Problem
from wizard.cloud.roles import CRYPTO_USER, DECRYPT, ENCRYPT, MAY_ENCRYPT, Grant
from wizard.cloud.snapshot import policy_permissions
from wizard.verification.evidence import Evidence
from wizard.verification.judge import GONE, judged, unread
from wizard.verification.report import Check

KEY_ROLES = {role.guid: role.name for role in MAY_ENCRYPT}
"""Built-in roles that let their holder encrypt and decrypt, by GUID."""


def identity_checks(e: Evidence) -> Iterator[Check]:
    """Every check on the identity."""
    identities = e.identity_ids
    yield judged(
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
    gone, unreadable = [], None
    for id_ in e.identity_ids:
        found = e.identities.get(id_)
        if isinstance(found, Problem) and found.code in GONE:
            gone.append(id_)
        elif not isinstance(found, dict):
            unreadable = found or Problem("input", "It was not looked at.")
    if unreadable and not gone:
        return unread("identity-exists", "identity", "the cluster's identity", unreadable)
    name = clean((gone or list(e.identity_ids))[0].rsplit("/", 1)[-1])
    return judged(
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


def _role(e: Evidence) -> Check:
    if e.identity_grants is None:
        return unread("identity-role", "identity", "the role assignments", e.unreadable.get("roles"))
    here = [grant for grant in e.identity_grants if _counts(grant, e)]
    helps = [grant for grant in here if _fits(grant, e)]
    principal = e.principals[0] if e.principals else "OBJECT-ID"
    others = sorted({_name(grant, e) for grant in here if not _fits(grant, e)})
    seen = "; ".join(_told(grant, e) for grant in (helps or here)) or "no role assignment on the key vault"
    elsewhere = [grant for grant in e.grants_elsewhere if _fits(grant, e) and not _counts(grant, e)]
    why = ""
    if others:
        why = f" It holds {', '.join(others)}, which does not."
    if elsewhere:
        why += f" It holds {_name(elsewhere[0], e)} on another scope, {elsewhere[0].scope}."
    return judged(
        "identity-role",
        "identity",
        bool(helps),
        f"The identity holds {', '.join(sorted({_name(grant, e) for grant in helps}))} on the key vault"
        f"{_way(helps, e)}.",
        f"The identity holds no role on the key vault that lets it encrypt and decrypt.{why}",
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
        return unread(
            "identity-not-denied", "identity", "the deny assignments", e.unreadable.get("deny-assignments")
        )
    about = [one for one in e.deny_assignments if one.denies(ENCRYPT) or one.denies(DECRYPT)]
    certain = [one for one in about if any(one.names(principal) for principal in e.principals)]
    perhaps = [one for one in about if one not in certain and one.groups]
    named = ", ".join(one.name for one in certain or perhaps)
    return judged(
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
    principals = e.principals
    given = frozenset[str]().union(*(policy_permissions(e.vault, principal) for principal in principals))
    principal = principals[0] if principals else "OBJECT-ID"
    name = ResourceId.parse(e.vault_id).name
    return judged(
        "identity-access-policy",
        "identity",
        {"encrypt", "decrypt"} <= given or "all" in given,
        "An access policy lets the identity encrypt and decrypt.",
        "No access policy of the key vault lets the identity encrypt and decrypt.",
        f"accessPolicies for {', '.join(principals)}: {', '.join(sorted(given)) or 'none'}",
        f"az keyvault set-policy --name {name} --object-id {principal} --key-permissions encrypt decrypt",
    )

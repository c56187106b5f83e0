"""The checks that inform: who can use or destroy the key, who can hand out these permissions, and whether its use is logged.

None of them decides the verdict, and each is unknown if it could not be read.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wizard.cloud.arm import dig, same
from wizard.cloud.key_access import (
    GRANT,
    PURGE_KEY,
    PURGE_VAULT,
    SET_POLICIES,
    UNWRAP,
    KeyAccess,
)
from wizard.cloud.reads import Unknown
from wizard.cloud.roles import DECRYPT, Grant
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import make_check, unknown_check
from wizard.verification.report import Check

_NOT_COUNTED = "Members of groups and roles that can be activated are not counted."
_OURS = "the cluster's identity"
_MOST = 50
"""The most holders that are listed."""


@dataclass(frozen=True)
class _Holder:
    id: str
    type: str
    how: str


def access_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on the access to the key, and on its log."""
    if e.vault is None:
        return
    if e.key_access is None:
        for code in ("access-key-use", "access-key-destroy", "access-grant"):
            yield unknown_check(code, "access", "the role assignments", e.unreadable.get("roles"))
    else:
        yield _listed(e, "access-key-use", "can decrypt with the key", _users(e, e.key_access))
        yield _destroyers(e, e.key_access)
        yield _listed(e, "access-grant", "can give access to the key", _granters(e, e.key_access))
    yield _logged(e)


def _users(e: Evidence, access: KeyAccess) -> tuple[_Holder, ...]:
    """Return who can decrypt. To unwrap with an RSA key is the same operation, if the key allows it."""
    operations = {str(each).casefold() for each in dig(e.key, "properties", "keyOps") or ("unwrapKey",)}
    unwraps = "unwrapkey" in operations
    if e.vault_state.uses_rbac:
        return _by_role(access, access.data_holders(_key_id(e), DECRYPT, *([UNWRAP] if unwraps else [])))
    return _by_policy(e, "decrypt", *(["unwrapkey"] if unwraps else []))


def _destroyers(e: Evidence, access: KeyAccess) -> Check:
    """Return who can purge: the key in the vault's data plane, or the deleted vault in its subscription."""
    rbac = e.vault_state.uses_rbac
    subscription = "/".join(e.vault_id.split("/")[:3])
    vault = _by_role(access, access.holders(subscription, PURGE_VAULT))
    key = _by_role(access, access.data_holders(_key_id(e), PURGE_KEY)) if rbac else _by_policy(e, "purge")
    check = _listed(e, "access-key-destroy", "can purge the key or its vault", (*key, *vault))
    protected = e.vault_state.purge_protection is True
    more = (
        "Purge protection prevents it until the retention ends." if protected else "Purge protection is off."
    )
    return replace(check, message=f"{check.message} {more}")


def _granters(e: Evidence, access: KeyAccess) -> tuple[_Holder, ...]:
    """Return who can give access: by role assignments, or in a vault with access policies by changing these."""
    rbac = e.vault_state.uses_rbac
    if rbac:
        return _by_role(access, access.holders(_key_id(e), GRANT))
    return _by_role(access, access.holders(e.vault_id, GRANT, *SET_POLICIES))


def _key_id(e: Evidence) -> str:
    return f"{e.vault_id}/keys/{e.encryption.key_name.partition('/')[2]}"


def _by_role(access: KeyAccess, held: tuple[Grant, ...]) -> tuple[_Holder, ...]:
    return tuple(
        _Holder(
            one.principal_id,
            one.principal_type or "principal",
            f"{role.name} on {one.scope}{' with a condition' if one.conditional else ''}",
        )
        for one in held
        if (role := access.role(one))
    )


def _by_policy(e: Evidence, *permissions: str) -> tuple[_Holder, ...]:
    vault = e.vault_state
    ids = dict.fromkeys(str(each.get("objectId") or "") for each in dig(e.vault, "properties", "accessPolicies") or ())  # fmt: skip
    return tuple(
        _Holder(id_, "principal", "access policy")
        for id_ in ids
        if any(vault.policy_allows(id_, one) for one in permissions)
    )


def _listed(e: Evidence, code: str, can: str, holders: tuple[_Holder, ...]) -> Check:
    """Return the check that lists these holders; unknown if a role could not be read, because it may allow the same."""
    access = e.key_access
    kinds: dict[str, str] = {each.id.casefold(): _kind(e, each) for each in holders}
    counted = Counter(kinds.values())
    who = ", ".join(_count(number, kind) for kind, number in counted.items())
    said = f"{_count(len(kinds), 'principal') if kinds else 'No principal'} {can}"
    said = f"{said}{f': {who}' if who else ''}. {_NOT_COUNTED}"
    seen = "; ".join(f"{each.type} {each.id}: {each.how}" for each in holders[:_MOST])
    seen = sanitize(seen)
    if len(holders) > _MOST:
        seen += f"; and {len(holders) - _MOST} more"
    if access is not None and access.unread:
        unread = unknown_check(code, "access", "the definition of a role", next(iter(access.unread.values())))
        return replace(unread, message=f"{unread.message} At least: {said}", evidence=seen or unread.evidence)
    return make_check(code, "access", "note", said, "", seen or "none")


def _count(number: int, thing: str) -> str:
    """`the cluster's identity`, `1 user`, `2 users`."""
    if thing == _OURS:
        return thing if number == 1 else f"{number} of the cluster's identities"
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _kind(e: Evidence, holder: _Holder) -> str:
    if any(same(holder.id, one) for one in e.principals):
        return _OURS
    return {"User": "user", "Group": "group", "ServicePrincipal": "application"}.get(holder.type, "principal")


def _logged(e: Evidence) -> Check:
    """Return the check whether the vault's log AuditEvent is sent somewhere: docs/azure.md#who-owns-a-cluster-and-who-changed-it."""
    found = e.log_settings
    if found is None or isinstance(found, Unknown):
        return unknown_check(
            "vault-audit-log",
            "access",
            "the diagnostic settings of the key vault",
            found.problem if found else None,
        )
    sends = [each for each in found if each.audits]
    check = make_check(
        "vault-audit-log",
        "access",
        "passed" if sends else "note",
        "The key vault logs each use of the key (AuditEvent)."
        if sends
        else "The key vault does not log the use of the key: no diagnostic setting sends AuditEvent.",
        "",
        f"diagnostic settings: {', '.join(each.name for each in found) or 'none'}",
    )
    if sends:
        return check
    command = (
        f"az monitor diagnostic-settings create --name key-use --resource {shell_word(e.vault_id)} "
        """--logs '[{"categoryGroup": "audit", "enabled": true}]' --workspace WORKSPACE_ID"""
    )
    return replace(check, remedy=command)

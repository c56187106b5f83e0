"""Roles: IDs, names of assignments, inheritance, and what a set of permissions allows."""

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.facts import PRINCIPAL, grant
from tests.support import PRODUCTION, vault_id
from wizard.cloud.rights import Permission
from wizard.cloud.roles import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    Role,
    assignment_name,
)

GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"


@pytest.mark.parametrize(
    ("role", "guid"),
    [
        (CRYPTO_OFFICER, "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"),
        (CRYPTO_USER, "12338af0-0e69-4776-bea7-57ae8d297424"),
        (CONTRIBUTOR, "f25e0fa2-a7c8-4377-a976-54943a77a395"),
        (ADMINISTRATOR, "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
    ],
)
def test_role_ids_are_microsofts(role: Role, guid: str) -> None:
    assert role.definition_id(PRODUCTION) == (
        f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    )


def test_assignment_name_is_the_uuid5_of_its_parts() -> None:
    """RFC 9562 by hand: SHA-1 over the namespace's bytes and the name, then version and variant."""
    namespace = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830").bytes
    name = f"{vault_id().lower()}-{PRINCIPAL}-12338af0-0e69-4776-bea7-57ae8d297424"
    digest = bytearray(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    assert assignment_name(vault_id(), PRINCIPAL, CRYPTO_USER) == str(uuid.UUID(bytes=bytes(digest)))


def test_assignment_name_ignores_case_and_a_trailing_slash() -> None:
    name = assignment_name(vault_id(), PRINCIPAL, CRYPTO_USER)
    assert assignment_name(vault_id().upper() + "/", PRINCIPAL.upper(), CRYPTO_USER) == name
    assert assignment_name(vault_id(), PRINCIPAL, CONTRIBUTOR) != name
    assert assignment_name(vault_id("kv-other"), PRINCIPAL, CRYPTO_USER) != name


@pytest.mark.parametrize(
    ("scope", "gives"),
    [
        (vault_id(), True),
        (vault_id().upper(), True),
        (GROUP, True),
        (GROUP.lower() + "/", True),
        (f"/subscriptions/{PRODUCTION}", True),
        ("/", True),
        (f"{GROUP}-two", False),
        (vault_id("kv-dem"), False),
        (vault_id("kv-demo2"), False),
        (f"{vault_id()}/keys/aks-kms", False),
    ],
)
def test_role_applies_to_its_scope_and_below(scope: str, gives: bool) -> None:
    assert grant(CRYPTO_USER, scope=scope).gives(CRYPTO_USER, PRINCIPAL, vault_id()) is gives


def test_grant_of_another_role_or_principal_does_not_count() -> None:
    held = grant(CRYPTO_USER)
    assert held.gives(CRYPTO_USER, PRINCIPAL.upper(), vault_id())
    assert not held.gives(CONTRIBUTOR, PRINCIPAL, vault_id())
    assert not held.gives(CRYPTO_USER, "00000000-0000-0000-0000-000000000000", vault_id())


OWNER = Permission(("*",), ())
CONTRIBUTES = Permission(("*",), ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"))
READER = Permission(("*/read",), ())
NOBODY = Permission((), ())


@pytest.mark.parametrize(
    ("permission", "action", "allowed"),
    [
        (OWNER, "Microsoft.Authorization/roleAssignments/write", True),
        (CONTRIBUTES, "Microsoft.Authorization/roleAssignments/write", False),
        (CONTRIBUTES, "microsoft.authorization/roleassignments/WRITE", False),
        (CONTRIBUTES, "Microsoft.KeyVault/vaults/write", True),
        (READER, "Microsoft.KeyVault/vaults/read", True),
        (READER, "Microsoft.KeyVault/vaults/write", False),
        (Permission(("Microsoft.KeyVault/vaults/*",), ()), "Microsoft.KeyVault/vaults/keys/write", True),
        (Permission(("Microsoft.KeyVault/*",), ()), "Microsoft.KeyVaultX/vaults/write", False),
        (NOBODY, "Microsoft.KeyVault/vaults/read", False),
    ],
)
def test_permission_with_wildcards_and_exceptions(permission: Permission, action: str, allowed: bool) -> None:
    assert permission.allows(action) is allowed


@given(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1))
def test_owner_may_do_anything_and_an_empty_permission_nothing(action: str) -> None:
    assert OWNER.allows(action)
    assert not NOBODY.allows(action)

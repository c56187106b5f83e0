"""The script that is fitted to what exists, run with the real Azure CLI, leaves what `apply` leaves."""

from pathlib import Path
from typing import Any

import pytest

from tests.azure_cli.parity import differences, judged, left_by_apply, left_by_script, make_world
from tests.support import answers
from wizard.answers.model import Answers
from wizard.cloud.arm import Json

pytestmark = pytest.mark.timeout(400)  # a script of twenty commands, on a machine that may be busy

LETTER = {"create_through": "key-vault"}
ROLES = {"id-old": ["Key Vault Crypto User", "Key Vault Contributor"]}
IN_USE: Json = {
    "identities": {"id-old": {}},
    "vaults": {"kv-old": {"keys": {"key-old": {}}, "access": ROLES}},
    "clusters": {
        "aks-demo": {"identity": "id-old", "encryption": {"key": "kv-old/key-old", "network": "Public"}}
    },
}
"""A cluster with a customer-managed key in a public vault."""
BY_POLICY: Json = {
    "vaults": {"kv-demo": {"rbac": False, "access_policies": [{"principal": "reader", "keys": ["get"]}]}}
}
"""A vault that uses access policies, one of another user among them."""
SAME_VAULT: dict[str, Any] = {
    "vault": {"name": "kv-old"},
    "key": {"name": "key-old"},
    "identity": {"name": "id-old"},
}
ODD_TAGS = {"=a=": "b", "-c": "@d", "@e": "it's $HOME"}

CASES: dict[str, tuple[Json, Answers]] = {
    "customer-managed to platform-managed": (IN_USE, answers("platform-managed")),
    "a vault with access policies": (BY_POLICY, answers("customer-managed-public", key=LETTER)),
    "vault and identity in other groups": (
        {},
        answers(
            "customer-managed-private",
            vault={"resource_group": "rg-keys"},
            identity={"resource_group": "rg-ids"},
            tags=ODD_TAGS,
        ),
    ),
    "a public vault in use becomes private": (IN_USE, answers("customer-managed-private", **SAME_VAULT)),
    "a key through the vault, with a rotation policy and odd tags": (
        {},
        answers("customer-managed-private", key={**LETTER, "rotate_every": "P90D"}, tags=ODD_TAGS),
    ),
}


@pytest.mark.parametrize(("there", "chosen"), CASES.values(), ids=CASES)
async def test_the_fitted_script_leaves_what_apply_leaves(
    there: Json, chosen: Answers, tmp_path: Path
) -> None:
    place = make_world(tmp_path, there)
    left, calls = await left_by_script(place, chosen, tmp_path, live=True)
    judged(calls)
    assert len(calls) == 1
    assert differences(left, await left_by_apply(place, chosen, tmp_path)) == []

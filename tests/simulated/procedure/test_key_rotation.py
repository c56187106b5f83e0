"""Key rotation: the checks before it, a new version through the data plane, and what prevents it (how-to, "Key rotation")."""

from pathlib import Path
from typing import Any

import pytest
from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction

from tests.support import PRODUCTION, cluster_id, scenario_file, signed_in, vault_id
from wizard.answers.naming import how_often
from wizard.cloud.arm import Json, dig
from wizard.cloud.azure import Azure
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError
from wizard.procedure.key_rotation import Rotation, read_rotation, rotate, rotate_every

HERE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
OFFICER: Json = {
    "operator": {"roles": {HERE: ["Key Vault Crypto Officer"], f"/subscriptions/{PRODUCTION}": ["Owner"]}}
}


def encrypted(folder: Path, *, officer: bool = True, size: int = 2048, **vault: Any) -> Path:
    """Return a scenario: `aks-demo` with a customer-managed key of this size; `officer`: the operator may use the vault's keys."""
    access = {"id-aks-demo": ["Key Vault Crypto User", "Key Vault Contributor"]}
    group = {
        "identities": {"id-aks-demo": {}},
        "vaults": {"kv-demo": {"keys": {"aks-kms": {"size": size}}, "access": access, **vault}},
        "clusters": {
            "aks-demo": {
                "identity": "id-aks-demo",
                "encryption": {"key": "kv-demo/aks-kms", "network": "Public"},
            }
        },
    }
    changes: Json = {"subscriptions": {PRODUCTION: {"groups": {"rg-demo": group}}}}
    return scenario_file(folder, **changes, **({"principals": OFFICER} if officer else {}))


def codes(rotation: Rotation) -> list[str]:
    return [finding.code for finding in rotation.findings]


async def versions(azure: Azure) -> list[Json]:
    client = azure.vaults(PRODUCTION).keys
    return [
        dict(version.as_dict()) async for version in client.list_versions("rg-demo", "kv-demo", "aks-kms")
    ]


async def test_a_new_version_is_pending_until_aks_has_picked_it_up(tmp_path: Path) -> None:
    async with signed_in(encrypted(tmp_path), speed=1) as (simulator, azure):
        before = await read_rotation(azure, cluster_id())
        assert (before.encryption, before.vault, before.key, before.versions) == (
            "customer-managed",
            "kv-demo",
            "aks-kms",
            1,
        )
        assert codes(before) == []
        made = await rotate(azure, before)
        assert made in str(
            dig(simulator.resource(f"{vault_id()}/keys/aks-kms"), "properties", "keyUriWithVersion")
        )
        after = await read_rotation(azure, cluster_id())
        assert after.versions == 2
        assert codes(after) == ["rotation-pending"]
        assert after.errors[0].remedy
        assert codes(await read_rotation(azure, cluster_id(), again=True)) == []


async def test_a_caller_without_rotate_permission_creates_a_version_of_the_same_kind(tmp_path: Path) -> None:
    mine = {"principal": "operator", "keys": ["get", "create"]}
    where = encrypted(tmp_path, officer=False, size=3072, rbac=False, access={}, access_policies=[mine])
    async with signed_in(where) as (_, azure):
        await rotate(azure, await read_rotation(azure, cluster_id()))
        sizes = [dig(version, "properties", "keySize") for version in await versions(azure)]
    assert sizes == [3072, 3072]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"reset": True, "after": True}, "ServiceRequestError"),
        ({"answer": {"status": 400, "code": "BadParameter", "message": "No tags."}}, "BadParameter"),
        ({"answer": {"status": 403, "code": "ForbiddenByRbac", "message": "No."}}, "AccessDenied"),
    ],
    ids=["the response is lost", "refused for another reason", "refused like the rotation"],
)
async def test_another_error_of_the_fallback_is_reported(tmp_path: Path, fault: Json, code: str) -> None:
    mine = {"principal": "operator", "keys": ["get", "create"]}
    where = encrypted(tmp_path, officer=False, rbac=False, access={}, access_policies=[mine])
    async with signed_in(where) as (simulator, azure):
        rotation = await read_rotation(azure, cluster_id())
        simulator.inject_faults({"match": {"method": "POST", "path": "/keys/aks-kms/create"}, **fault})
        with pytest.raises(AzureError) as refusal:
            await rotate(azure, rotation)
        assert len(await versions(azure)) == (2 if fault.get("after") else 1)
    assert refusal.value.problem.code == code


async def test_an_owner_without_a_data_plane_role_is_told_which_one(tmp_path: Path) -> None:
    async with signed_in(encrypted(tmp_path, officer=False)) as (simulator, azure):
        with pytest.raises(AzureError) as refusal:
            await rotate(azure, await read_rotation(azure, cluster_id()))
        assert len(await versions(azure)) == 1
        assert not [request for request in simulator.writes() if request.status < 300]
    problem = refusal.value.problem
    assert problem.code == "ForbiddenByRbac"
    assert "Key Vault Crypto Officer" in problem.remedy


async def test_a_firewall_that_blocks_this_computer_prevents_the_rotation(tmp_path: Path) -> None:
    """docs/azure.md#network-access-of-a-vault: after the how-to's last step, the firewall blocks the operator's computer."""
    async with signed_in(encrypted(tmp_path, default_action="Deny")) as (_, azure):
        rotation = await read_rotation(azure, cluster_id())
        with pytest.raises(AzureError) as refusal:
            await rotate(azure, rotation)
        with pytest.raises(AzureError) as again:
            await rotate_every(azure, rotation, "P90D")
    for problem in (refusal.value.problem, again.value.problem):
        assert problem.code == "ForbiddenByFirewall"
        assert "network-rule add" in problem.remedy


async def test_a_rotation_policy_is_set(tmp_path: Path) -> None:
    async with signed_in(encrypted(tmp_path)) as (_, azure):
        rotation = await read_rotation(azure, cluster_id())
        assert rotation.every == ""
        await rotate_every(azure, rotation, "P90D")
        assert (await read_rotation(azure, cluster_id())).every == "P90D"
        assert len(await versions(azure)) == 1


async def test_other_settings_of_the_rotation_policy_are_kept(tmp_path: Path) -> None:
    theirs = KeyRotationPolicy(
        expires_in="P2Y",
        lifetime_actions=[
            KeyRotationLifetimeAction(KeyRotationPolicyAction.notify, time_before_expiry="P30D"),
            KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_before_expiry="P60D"),
        ],
    )
    async with signed_in(encrypted(tmp_path)) as (simulator, azure):
        with declared(Repeat.SAFE):
            await azure.keys(azure.vault_uri("kv-demo")).update_key_rotation_policy("aks-kms", theirs)
        rotation = await read_rotation(azure, cluster_id())
        await rotate_every(azure, rotation, "P90D")
        after = dig(simulator.resource(f"{vault_id()}/keys/aks-kms"), "properties", "rotationPolicy")
        assert after["attributes"]["expiryTime"] == "P2Y"
        assert {(one["action"]["type"], *one["trigger"].values()) for one in after["lifetimeActions"]} == {
            ("notify", "P30D"),
            ("rotate", "P90D"),
        }
        with pytest.raises(AzureError) as refusal:
            await rotate_every(azure, rotation, "P2Y")
    assert refusal.value.problem.code == "BadParameter"
    assert "must leave at least 7 days of its expiryTime" in refusal.value.problem.azure_said


@pytest.mark.parametrize(
    ("cluster", "code", "refused"),
    [
        (cluster_id("web-stage", "rg-web"), "nothing-to-rotate", False),
        (cluster_id("orders-prod", "rg-orders"), "not-encrypted", True),
        (cluster_id("batch-eu", "rg-batch"), "rotation-legacy", True),
    ],
)
async def test_clusters_without_a_rotatable_key_are_reported(cluster: str, code: str, refused: bool) -> None:
    async with signed_in() as (_, azure):
        rotation = await read_rotation(azure, cluster)
    assert codes(rotation) == [code]
    assert bool(rotation.errors) is refused


async def test_a_deleted_key_cannot_be_rotated(tmp_path: Path) -> None:
    async with signed_in(encrypted(tmp_path)) as (simulator, azure):
        simulator.remove(vault_id())
        assert codes(await read_rotation(azure, cluster_id())) == ["key-unreadable"]


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("P1Y", "every year"),
        ("P90D", "every 90 days"),
        ("P1Y6M", "every P1Y6M"),
        ("P30D before expiry", "30 days before expiry"),
        ("P1M before expiry", "1 month before expiry"),
        ("once, at its expiry", "once, at its expiry"),
    ],
)
def test_a_rotation_interval_is_shown_in_words(interval: str, words: str) -> None:
    assert how_often(interval) == words


async def test_a_key_that_another_user_has_rotated_is_not_rotated_again(tmp_path: Path) -> None:
    """Two users read the key and confirm; the second one an hour later."""
    async with signed_in(encrypted(tmp_path), speed=1) as (_, azure):
        first, second = await read_rotation(azure, cluster_id()), await read_rotation(azure, cluster_id())
        await rotate(azure, first)
        with pytest.raises(AzureError) as refused:
            await rotate(azure, second)
        assert len(await versions(azure)) == 2
    assert "Another version was created" in refused.value.problem.cause


async def test_a_key_that_the_cluster_no_longer_uses_is_not_rotated(tmp_path: Path) -> None:
    async with signed_in(encrypted(tmp_path), speed=1) as (simulator, azure):
        seen = await read_rotation(azure, cluster_id())
        uses = {"azureKeyVaultKms": {"enabled": True, "keyId": "https://kv-other.vault.local.test/keys/new"}}
        simulator.change(cluster_id(), {"properties": {"securityProfile": uses}})
        with pytest.raises(AzureError) as refused:
            await rotate(azure, seen)
        assert len(await versions(azure)) == 1
    assert refused.value.problem.remedy

"""The snapshot reads everything that a plan needs, and writes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.facts import EVERYTHING, empty_snapshot
from tests.support import DEVELOPMENT, PRODUCTION, answers, scenario_file, signed_in
from wizard.cloud.arm import dig
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_USER
from wizard.errors import AzureError
from wizard.state.snapshot import Snapshot, read_resources
from wizard.state.target import Target

GROUP = f"/subscriptions/{PRODUCTION}/resourcegroups/rg-bank"
NOWHERE = f"/subscriptions/{PRODUCTION}/resourcegroups/rg-nowhere"
BANK = answers(
    "customer-managed-private",
    resource_group="rg-bank",
    location="germanywestcentral",
    cluster={"name": "bank-ledger"},
    vault={"name": "kv-bank-ledger"},
    key={"name": "ledger-kms"},
    identity={"name": "id-ledger"},
)


async def test_a_snapshot_of_existing_resources() -> None:
    async with signed_in() as (simulator, azure):
        target = Target(BANK, azure.cloud.vault_suffix)
        there = await read_resources(azure, target)
        assert simulator.writes() == []
        assert simulator.unknown == ()
    assert there.unknown == (), "a read that fails although all is well is only a finding"
    assert there.signed_in == azure.signed_in
    assert (there.feature, there.provider) == ("NotRegistered", "Registered")
    assert dig(there.groups[GROUP], "location") == "germanywestcentral"
    assert dig(there.cluster, "name") == "bank-ledger"
    assert dig(there.vault, "name") == "kv-bank-ledger"
    assert dig(there.key, "properties", "keySize") == 4096
    assert there.identity_principal
    assert there.vault_name_taken is None
    assert there.versions == (), "of interest only where a cluster is created"
    for role in (CRYPTO_USER, CONTRIBUTOR):
        assert any(g.gives(role, there.identity_principal, target.vault_id) for g in there.identity_grants)
    assert there.operator_grants, "Owner, from the subscription"
    assert all(g.created_on for g in there.identity_grants)
    rights = there.permissions_at[GROUP]
    assert rights is not None
    assert any(entry.allows("Microsoft.KeyVault/vaults/write") for entry in rights)


async def test_a_snapshot_of_missing_resources() -> None:
    chosen = answers("customer-managed-private", new=True, resource_group="rg-nowhere")
    async with signed_in() as (simulator, azure):
        there = await read_resources(azure, Target(chosen, azure.cloud.vault_suffix))
        assert simulator.writes() == []
    assert there.groups == {NOWHERE: None}
    assert there.unknown == ()
    assert (there.cluster, there.vault, there.key, there.identity) == (None, None, None, None)
    assert there.identity_grants == there.operator_grants == ()
    assert there.identity_principal == ""
    assert there.permissions_at.pop(f"/subscriptions/{PRODUCTION}")
    assert there.permissions_at == {}, "a missing group has no permissions"
    assert [row.version for row in there.versions][:2] == ["1.36", "1.35"]


async def test_platform_managed_keys_read_no_vault() -> None:
    async with signed_in() as (simulator, azure):
        there = await read_resources(azure, Target(answers("platform-managed"), azure.cloud.vault_suffix))
        assert not [request for request in simulator.requests if "keyvault" in request.path.lower()]
    assert dig(there.cluster, "name") == "aks-demo"


async def test_a_vault_name_that_is_taken(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text("description: A name is taken.\nextends: contoso\ntaken_vault_names: [kv-demo]\n")
    async with signed_in(world) as (_, azure):
        there = await read_resources(
            azure, Target(answers("customer-managed-private"), azure.cloud.vault_suffix)
        )
    assert there.vault is None
    assert there.vault_name_taken
    assert "kv-demo" in there.vault_name_taken


async def test_an_invisible_subscription_is_not_empty() -> None:
    hidden = answers("platform-managed", subscription="99999999-9999-9999-9999-999999999999")
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await read_resources(azure, Target(hidden, azure.cloud.vault_suffix))
    assert refusal.value.problem.code == "SubscriptionNotFound"


@pytest.mark.parametrize(
    ("state", "refused"),
    [("NotRegistered", True), ("Unregistered", True), ("Unregistering", True), ("Registering", False), ("Registered", False)],
)  # fmt: skip
async def test_a_required_resource_provider_that_is_not_registered(
    state: str, refused: bool, tmp_path: Path
) -> None:
    provider = {"text": json.dumps({"namespace": "Microsoft.KeyVault", "registrationState": state})}
    match = {"method": "GET", "path": "*/providers/Microsoft.KeyVault"}
    async with signed_in(scenario_file(tmp_path, faults=[{"match": match, "raw": provider}])) as (_, azure):
        there = await read_resources(
            azure, Target(answers("customer-managed-private"), azure.cloud.vault_suffix)
        )
    assert there.unregistered == ((("Microsoft.KeyVault", PRODUCTION),) if refused else ())


def test_permissions_in_one_subscription_do_not_count_for_another() -> None:
    here, there = f"/subscriptions/{PRODUCTION}", f"/subscriptions/{DEVELOPMENT}"
    group = f"{here}/resourcegroups/rg-demo"
    known = empty_snapshot(
        BANK, permissions_at={here: None, there: (EVERYTHING,), f"{there}/resourcegroups/rg": (EVERYTHING,)}
    )
    assert known.permissions(there) == (EVERYTHING,)
    assert known.permissions(here) is None
    assert known.permissions(f"{here[:-1]}") is None, "the beginning of an id is none"
    inherited = replace(known, permissions_at={**known.permissions_at, group: (EVERYTHING,)})
    assert inherited.permissions(here) == (EVERYTHING,), "what is inherited shows in a group"


async def test_a_reader_sees_everything_and_can_change_nothing() -> None:
    async with signed_in("no-rights") as (_, azure):
        there: Snapshot = await read_resources(azure, Target(BANK, azure.cloud.vault_suffix))
    assert there.key is not None
    rights = there.permissions_at[GROUP]
    assert rights is not None
    assert not any(entry.allows("Microsoft.KeyVault/vaults/write") for entry in rights)
    assert any(entry.allows("Microsoft.KeyVault/vaults/read") for entry in rights)

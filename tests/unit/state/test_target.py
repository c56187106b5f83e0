"""The ids of all resources of the procedure, from the answers."""

import pytest

from tests.support import PRODUCTION, answers, cluster_id, identity_id, vault_id
from wizard.state.target import Target


def test_resources_default_to_the_clusters_group() -> None:
    target = Target(answers("customer-managed-private"), ".vault.azure.net")
    assert target.cluster_id == cluster_id()
    assert target.vault_id == vault_id()
    assert target.identity_id == identity_id()
    assert [group.name for group in target.groups] == ["rg-demo"]


def test_vault_and_identity_may_be_in_separate_groups() -> None:
    chosen = answers(
        "customer-managed-public", vault={"resource_group": "rg-keys"}, identity={"resource_group": "rg-ids"}
    )
    target = Target(chosen, ".vault.azure.net")
    assert target.vault_id == vault_id(group="rg-keys")
    assert target.identity_id == identity_id(group="rg-ids")
    assert [group.name for group in target.groups] == ["rg-demo", "rg-keys", "rg-ids"]


def test_a_group_written_in_another_case_is_the_same_group() -> None:
    chosen = answers(
        "customer-managed-public", vault={"resource_group": "RG-Demo"}, identity={"resource_group": "rg-DEMO"}
    )
    assert [group.name for group in Target(chosen, ".vault.azure.net").groups] == ["rg-demo"]


@pytest.mark.parametrize("suffix", [".vault.azure.net", ".vault.usgovcloudapi.net", ".vault.local.test"])
def test_the_key_identifier_is_versionless_and_of_this_cloud(suffix: str) -> None:
    chosen = answers("customer-managed-private", vault={"name": "KV-Demo"}, key={"name": "Aks-Kms"})
    target = Target(chosen, suffix)
    assert target.vault_uri == f"https://kv-demo{suffix}"
    assert target.key_id == f"https://kv-demo{suffix}/keys/Aks-Kms"


def test_platform_managed_keys_have_no_vault_key_or_identity() -> None:
    target = Target(answers("platform-managed"), ".vault.azure.net")
    assert target.cluster_id.startswith(f"/subscriptions/{PRODUCTION}/")
    assert [group.name for group in target.groups] == ["rg-demo"]
    with pytest.raises(ValueError, match="no vault, key or identity"):
        _ = target.vault_id

"""Azure's naming rules, compared with names that Azure accepts and rejects."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.answers import naming

Rule = Callable[[str], str | None]

GOOD: list[tuple[Rule, list[str]]] = [
    (naming.subscription, ["22222222-2222-2222-2222-222222222222", "ABCDEF01-2345-6789-abcd-ef0123456789"]),
    (naming.location, ["westeurope", "westus2", "germanywestcentral", "usgovvirginia", "chinaeast2"]),
    (naming.resource_group, ["rg", "_", "a" * 90, "RG-1_(x).y", "größe", "グループ"]),
    (naming.managed_cluster, ["a", "9", "a" * 63, "aks-demo_1", "A-_b"]),
    (naming.key_vault, ["kv1", "a" * 24, "kv-demo", "K-1-2"]),
    (naming.key, ["k", "-", "9" * 127, "aks-kms"]),
    (naming.user_assigned_identity, ["id1", "9_x", "a" * 128, "id-aks-demo", "i--"]),
    (naming.kubernetes_version, ["1.33", "1.34.2", "1.100.10"]),
    (naming.vm_size, ["Standard_D4ds_v5", "Basic_A0"]),
    (naming.tag_name, ["cost center", "a" * 512, "größe", "x:y"]),
    (naming.tag_value, ["", "a" * 256, "<anything> & more"]),
]

BAD: list[tuple[Rule, list[str]]] = [
    (
        naming.subscription,
        ["", "Contoso", "22222222222222222222222222222222", "{22222222-2222-2222-2222-222222222222}", "a-b"],
    ),
    (naming.location, ["", "West Europe", "WESTEUROPE", "west-europe", "eu", "w" * 51, "westus2\n"]),
    (naming.resource_group, ["", "a" * 91, "rg.", "a b", "rg/x", "rg\n", "rg*", "rg\u202e"]),
    (naming.managed_cluster, ["", "a" * 64, "-a", "a-", "_", "a.b", "é", "a\n"]),
    (naming.key_vault, ["", "kv", "a" * 25, "1kv", "kv-", "-kv", "k--v", "k_v", "kvé", "kv1\n", "kv.x"]),
    (naming.key, ["", "a" * 128, "a_b", "a.b", "ключ", "a\n"]),
    (naming.user_assigned_identity, ["", "id", "a" * 129, "-id", "_id", "i d", "id.x", "idé", "id1\n"]),
    (naming.kubernetes_version, ["", "1", "latest", "v1.34", "1.34.", "1.34.2.1", "١.٣٣", "1.34\n"]),
    (naming.vm_size, ["", "Standard D4", "4x", "Standard_D4;rm", "x" * 65]),
    (naming.tag_name, ["", "a" * 513, "a/b", "a<b", "a\\b", "a\nb", "a\u202eb"]),
    (naming.tag_value, ["a" * 257, "a\x1bb", "a\x85b", "a\u2028b"]),
]


def _named(cases: list[tuple[Rule, list[str]]]) -> list[object]:
    return [
        pytest.param(rule, name, id=f"{rule.__name__}-{name[:20]!a}")
        for rule, names in cases
        for name in names
    ]


@pytest.mark.parametrize(("rule", "name"), _named(GOOD))
def test_a_name_that_azure_accepts_is_accepted(rule: Rule, name: str):
    assert rule(name) is None


@pytest.mark.parametrize(("rule", "name"), _named(BAD))
def test_a_name_that_azure_rejects_is_rejected_with_what_is_valid(rule: Rule, name: str):
    message = rule(name)
    assert message is not None
    assert re.search(r"use |write it|at most|\d+ to \d+|enter the GUID", message), message


@pytest.mark.parametrize(("rule", "names"), BAD)
def test_a_rejection_names_the_given_value_or_its_length(rule: Rule, names: list[str]):
    for name in names:
        message = rule(name) or ""
        assert repr(name) in message or f"this one has {len(name)}" in message


@given(st.sampled_from([rule for rule, _ in GOOD]), st.text(max_size=140))
def test_every_rule_handles_any_text(rule: Rule, name: str):
    message = rule(name)
    assert message is None or message.endswith((".", "shows.", "quotes."))
    assert message is not None or "\n" not in name


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=90))
def test_a_proposed_vault_name_is_always_valid(cluster: str):
    proposed = naming.proposed_key_vault(cluster)
    assert naming.key_vault(proposed) is None, proposed


def test_a_proposed_vault_name_is_based_on_the_cluster_name():
    assert naming.proposed_key_vault("orders-prod") == "kv-orders-prod-kms"
    assert naming.proposed_key_vault("A_very_long_name_of_a_cluster") == "kv-a-very-long-name-kms"


GROUP = "/subscriptions/s/resourceGroups/g"


@pytest.mark.parametrize(
    ("rule", "value", "name"),
    [
        (naming.key_vault, "https://kv-demo.vault.azure.net/", "kv-demo"),
        (naming.key_vault, "kv-demo.vault.azure.net", "kv-demo"),
        (naming.key_vault, f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-demo", "kv-demo"),
        (naming.key, "https://kv-demo.vault.azure.net/keys/aks-kms/0123", "aks-kms"),
        (naming.managed_cluster, f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks", "aks"),
        (
            naming.user_assigned_identity,
            f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks",
            "id-aks",
        ),
        (naming.resource_group, GROUP, "g"),
    ],
)
def test_an_address_or_id_is_rejected_with_the_name_in_it(rule: Rule, value: str, name: str) -> None:
    assert f": the name is {name}." in (rule(value) or "")


def test_the_id_of_a_subscription_is_rejected_with_its_guid() -> None:
    guid = "22222222-2222-2222-2222-222222222222"
    assert str(naming.subscription(f"/subscriptions/{guid}")).endswith(f": {guid}.")


def test_a_free_name_is_the_proposed_one_or_the_next_that_is_not_taken() -> None:
    assert naming.free_name("aks-kms", [], 127) == "aks-kms"
    assert naming.free_name("aks-kms", ["AKS-kms", "aks-kms-2"], 127) == "aks-kms-3"
    long = "kv-" + "a" * 17 + "-kms"
    assert naming.key_vault(free := naming.free_name(long, [long], 24)) is None
    assert free == "kv-" + "a" * 17 + "-k-2"

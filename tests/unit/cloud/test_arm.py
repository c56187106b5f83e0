"""Resource IDs are parsed and written, and bodies in any format are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.cloud.arm import (
    KEY_VAULT,
    MANAGED_CLUSTER,
    Json,
    ResourceId,
    canonical,
    dig,
    documented_spelling,
    host_of,
    same,
    same_region,
)

NAMES = st.text(
    st.characters(codec="ascii", categories=("Lu", "Ll", "Nd"), include_characters="-_.()"), min_size=1
)
WORDS = st.sampled_from(["id", "properties", "0", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=6,
)


@given(NAMES, NAMES, st.sampled_from([KEY_VAULT, MANAGED_CLUSTER]), NAMES)
def test_resource_id_round_trips(subscription: str, group: str, kind: str, name: str) -> None:
    resource = ResourceId(subscription, group, kind, name)
    assert ResourceId.parse(str(resource)) == resource


def test_parse_accepts_any_letter_case_and_a_trailing_slash() -> None:
    odd = "/SUBSCRIPTIONS/s/resourcegroups/G/Providers/Microsoft.KeyVault/vaults/kv/"
    assert ResourceId.parse(odd) == ResourceId("s", "G", KEY_VAULT, "kv")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "aks-demo",
        "/subscriptions/s/resourceGroups/g",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv/keys/k",
        "/subscriptions//resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv",
        "/subscriptions/s/groups/g/providers/Microsoft.KeyVault/vaults/kv",
        "https://portal.azure.com/",
    ],
)
def test_parse_refuses_other_texts_with_an_example(text: str) -> None:
    with pytest.raises(
        ValueError, match="is not a resource ID, for example /subscriptions/…/resourceGroups/"
    ):
        ResourceId.parse(text)


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        (None, ("a",), None),
        ({}, ("a", "b"), None),
        ({"a": {"b": 1}}, ("a", "b"), 1),
        ({"a": {"b": 0}}, ("a", "b"), 0),
        ({"a": None}, ("a", "b"), None),
        ({"a": "text"}, ("a", "b"), None),
        ({"a": [1]}, ("a", "0"), None),
        ({"a": 1}, (), {"a": 1}),
    ],
)
def test_dig_returns_the_value_or_none(
    body: dict[str, object] | None, path: tuple[str, ...], found: object
) -> None:
    assert dig(body, *path) == found


@given(st.dictionaries(WORDS, JSON, max_size=3), st.lists(WORDS, max_size=4))
def test_dig_never_raises(body: dict[str, object], path: list[str]) -> None:
    dig(body, *path)


@given(st.text())
def test_same_ignores_case_and_a_trailing_slash(text: str) -> None:
    assert same(text, text.swapcase() if text.swapcase().casefold() == text.casefold() else text)
    assert same(text + "/", text)
    assert same(None, "")
    assert not same(text + "x", text)


def test_same_region_accepts_display_names() -> None:
    assert same_region("West Europe", "westeurope")
    assert not same_region("West Europe", "northeurope")


def test_words_of_azure_are_read_in_any_letter_case() -> None:
    assert documented_spelling("REGISTERED", {"Registered"}) == "Registered"
    assert documented_spelling("Brand_new", {"Registered"}) == "Brand_new"
    assert documented_spelling(None, {"Registered"}) == ""


@pytest.mark.parametrize(
    "other",
    [
        {"keyId": "HTTPS://V.Vault.Azure.Net/keys/k/"},
        {"KeyID": "https://v.vault.azure.net/keys/k", "enabled": None},
        {"keyId": "https://v.vault.azure.net/keys/k", "more": {}, "others": [], "inner": {"nothing": None}},
    ],
)
def test_bodies_that_say_the_same_are_compared_as_equal(other: Json) -> None:
    assert canonical(other) == canonical({"keyId": "https://v.vault.azure.net/keys/k"})
    assert canonical(other | {"enabled": False}) != canonical(other)


def test_host_of_an_address() -> None:
    assert host_of("HTTPS://Kv-Demo.Vault.Azure.Net/keys/k") == "kv-demo.vault.azure.net"
    assert host_of("https://kv-demo.vault.azure.net/") == host_of("https://kv-demo.vault.azure.net")

"""The request bodies for AKS: exactly as in the how-to, and no other setting of a cluster is changed."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import facts
from tests.facts import (
    CUSTOMER_MANAGED,
    KEY_ID,
    LEGACY,
    PLATFORM_MANAGED,
    VERSIONS,
    cluster,
    target,
    user_assigned,
)
from tests.support import KEY_OPTIONS, PRODUCTION, KeyOption, answers, identity_id, vault_id
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption
from wizard.state.cluster import (
    ClusterState,
    _dns_prefix,
    changed,
    chosen_version,
    created,
    linked_actions,
    wanted_profile,
)
from wizard.state.settings import compared

PRINTED: dict[KeyOption, Json] = {
    "platform-managed": {
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
    },
    "customer-managed-private": {
        "azureKeyVaultKms": {
            "enabled": True,
            "keyId": "https://kv-demo.vault.azure.net/keys/aks-kms",
            "keyVaultNetworkAccess": "Private",
            "keyVaultResourceId": vault_id(),
        },
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    },
    "customer-managed-public": {
        "azureKeyVaultKms": {
            "enabled": True,
            "keyId": "https://kv-demo.vault.azure.net/keys/aks-kms",
            "keyVaultNetworkAccess": "Public",
            "keyVaultResourceId": vault_id(),
        },
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    },
}
"""The how-to's output under each "Verify KMS configuration", with its placeholders filled in."""

key_options = pytest.mark.parametrize("key_option", KEY_OPTIONS)
chosen = st.sampled_from([answers(key_option) for key_option in KEY_OPTIONS])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=8), json_values, max_size=3)
kms = st.fixed_dictionaries(
    {}, optional={"enabled": st.booleans(), "keyId": st.text(max_size=8), "future": json_values}
)
profiles = objects | st.builds(
    lambda rest, kms, more: {**rest, "azureKeyVaultKms": kms, **({} if more is None else more)},
    objects,
    st.none() | kms,
    st.sampled_from([None, PLATFORM_MANAGED, {"kubernetesResourceObjectEncryptionProfile": None}]),
)
identities = st.sampled_from(
    [{"type": "SystemAssigned"}, user_assigned(identity_id("id-old")), user_assigned(identity_id().upper())]
)
bodies = st.builds(
    lambda top, properties, profile, identity: {
        **top,
        "identity": identity,
        "properties": {**properties, "securityProfile": profile},
    },
    objects,
    objects,
    profiles,
    identities,
)


@key_options
def test_the_profile_is_the_how_tos_printed_output(key_option: KeyOption) -> None:
    assert wanted_profile(target(answers(key_option)), None) == PRINTED[key_option]
    assert wanted_profile(target(answers(key_option)), {}) == PRINTED[key_option]


def test_migrating_to_platform_managed_disables_azure_key_vault_kms() -> None:
    """As Microsoft's client sends it: the rest of the profile unchanged (docs/azure.md#request-bodies)."""
    wanted = wanted_profile(target(answers("platform-managed")), CUSTOMER_MANAGED)
    unchanged = CUSTOMER_MANAGED["azureKeyVaultKms"]
    assert wanted == {**PLATFORM_MANAGED, "azureKeyVaultKms": {**unchanged, "enabled": False}}


def test_migrating_from_legacy_kms_drops_the_key_version() -> None:
    wanted = wanted_profile(target(answers("customer-managed-private")), LEGACY)
    assert wanted == PRINTED["customer-managed-private"]


def test_other_settings_of_the_profile_are_kept() -> None:
    others: Json = {"imageCleaner": {"enabled": True}, "futureShield": {"level": 3}}
    before: Json = {**others, "azureKeyVaultKms": {"enabled": False, "futureSlot": 2}}
    wanted = wanted_profile(target(answers("customer-managed-private")), before)
    assert {name: wanted[name] for name in others} == others
    assert wanted["azureKeyVaultKms"]["futureSlot"] == 2


@given(chosen, bodies)
def test_only_the_security_profile_and_the_identity_differ(chosen: Answers, body: Json) -> None:
    before = copy.deepcopy(body)
    after = changed(target(chosen), ClusterState(body))
    assert body == before, "the given body is not modified"
    for side in (before, after):
        side.pop("identity")
        side["properties"].pop("securityProfile")
    assert after == before


@given(chosen, bodies)
def test_of_the_profile_only_the_encryption_differs(chosen: Answers, body: Json) -> None:
    before, after = (
        body["properties"]["securityProfile"],
        changed(target(chosen), ClusterState(body))["properties"]["securityProfile"],
    )
    ours = {"azureKeyVaultKms", "kubernetesResourceObjectEncryptionProfile"}
    assert {k: v for k, v in after.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }


@given(chosen, bodies)
def test_a_changed_cluster_matches_and_changing_it_is_idempotent(chosen: Answers, body: Json) -> None:
    once = changed(target(chosen), ClusterState(body))
    assert ClusterState(once).matches(target(chosen))
    assert changed(target(chosen), ClusterState(once)) == once


@given(bodies)
def test_platform_managed_keys_keep_the_identity(body: Json) -> None:
    assert changed(target(answers("platform-managed")), ClusterState(body))["identity"] == body["identity"]


def test_only_a_different_identity_is_replaced() -> None:
    mine = target(answers("customer-managed-public"))
    wanted = {"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}}
    assert changed(mine, ClusterState(cluster()))["identity"] == wanted
    assert (
        changed(mine, ClusterState(cluster(identity=user_assigned(identity_id("id-old")))))["identity"]
        == wanted
    )
    present = user_assigned(identity_id().upper(), identity_id("id-second"))
    assert changed(mine, ClusterState(cluster(identity=present)))["identity"] == present


HELD = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))


def test_encryption_is_compared_without_regard_to_case() -> None:
    """Azure returns enumerations in any case; a cluster shown as encrypted needs no plan."""
    body = cluster({"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "enabled"}})
    assert Encryption.of(body).kind == "platform-managed"
    assert ClusterState(body).matches(target(answers("platform-managed")))


@pytest.mark.parametrize(
    "body",
    [
        HELD,
        cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id().lower())),
        cluster(
            {
                **CUSTOMER_MANAGED,
                "azureKeyVaultKms": {
                    "enabled": True,
                    "keyId": KEY_ID.upper() + "/",
                    "keyVaultNetworkAccess": "private",
                    "keyVaultResourceId": vault_id().lower(),
                },
            },
            identity=user_assigned(identity_id()),
        ),
    ],
)
def test_ids_are_compared_as_azure_does(body: Json) -> None:
    assert ClusterState(body).matches(target(answers("customer-managed-private")))


@pytest.mark.parametrize(
    "other",
    [
        {"vault": {"name": "kv-other"}},
        {"vault": {"network_access": "Public"}},
        {"vault": {"resource_group": "rg-other"}},
        {"key": {"name": "other"}},
        {"identity": {"name": "id-other"}},
    ],
)
def test_another_vault_key_access_or_identity_does_not_match(other: Json) -> None:
    assert ClusterState(HELD).matches(target(answers("customer-managed-private")))
    assert not ClusterState(HELD).matches(target(answers("customer-managed-private", **other)))


@pytest.mark.parametrize(
    ("key_option", "profile", "held"),
    [
        ("platform-managed", {}, False),
        ("platform-managed", PLATFORM_MANAGED, True),
        (
            "platform-managed",
            {**PLATFORM_MANAGED, "azureKeyVaultKms": {"enabled": False, "keyId": KEY_ID}},
            True,
        ),
        ("platform-managed", CUSTOMER_MANAGED, False),
        ("platform-managed", LEGACY, False),
        ("customer-managed-private", PLATFORM_MANAGED, False),
        ("customer-managed-private", LEGACY, False),
        ("customer-managed-private", {"azureKeyVaultKms": CUSTOMER_MANAGED["azureKeyVaultKms"]}, False),
        ("customer-managed-private", {**CUSTOMER_MANAGED, "azureKeyVaultKms": None}, False),
    ],
)
def test_a_half_configured_cluster_does_not_match(key_option: KeyOption, profile: Json, held: bool) -> None:
    assert (
        ClusterState(cluster(profile, identity=user_assigned(identity_id()))).matches(
            target(answers(key_option))
        )
        is held
    )


@key_options
def test_a_new_cluster_is_created_with_encryption(key_option: KeyOption) -> None:
    body = created(target(answers(key_option, new=True, tags={"team": "payments"})), VERSIONS)
    assert body["properties"]["securityProfile"] == PRINTED[key_option]
    assert body["properties"]["kubernetesVersion"] == "1.35"
    assert body["location"] == "westus2"
    assert body["tags"] == {"team": "payments"}
    pool = body["properties"]["agentPoolProfiles"][0]
    assert (pool["mode"], pool["count"]) == ("System", 3)
    assert "vmSize" not in pool
    own = {"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}}
    assert body["identity"] == ({"type": "SystemAssigned"} if key_option == "platform-managed" else own)


def test_the_configured_settings_of_a_new_cluster_are_sent() -> None:
    new = {"kubernetes_version": "1.33.3", "node_count": 5, "node_vm_size": "Standard_B2s"}
    body = created(target(answers("platform-managed", cluster={"name": "aks-new", "create": new})), VERSIONS)
    assert body["properties"]["kubernetesVersion"] == "1.33.3"
    pool = body["properties"]["agentPoolProfiles"][0]
    assert (pool["count"], pool["vmSize"]) == (5, "Standard_B2s")
    assert "tags" not in body


SUBNET = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aks"
WORKSPACE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-log/providers/microsoft.operationalinsights/workspaces/log"
ZONE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.x"


def test_the_linked_actions_of_a_body_are_those_on_the_resources_that_it_names() -> None:
    """Azure checks them with every PUT (Azure/AKS#4980, azurerm#3067)."""
    body = cluster(
        identity=user_assigned(identity_id(), identity_id("id-second")),
        nodeResourceGroup="MC_rg",
        agentPoolProfiles=[
            {"name": "a", "vnetSubnetID": SUBNET},
            {"name": "b", "vnetSubnetID": SUBNET.upper()},
        ],
        apiServerAccessProfile={"privateDNSZone": ZONE, "subnetId": ""},
        identityProfile={
            "kubeletidentity": {"resourceId": identity_id("kubelet").replace("rg-demo", "mc_rg")}
        },
        addonProfiles={
            "omsAgent": {"enabled": True, "config": {"logAnalyticsWorkspaceResourceID": WORKSPACE}}
        },
        securityProfile={"defender": {"logAnalyticsWorkspaceResourceId": f"{WORKSPACE}2"}},
    )
    assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    assert linked_actions(body) == (
        (assign, identity_id()),
        (assign, identity_id("id-second")),
        ("Microsoft.Network/virtualNetworks/subnets/join/action", SUBNET),
        ("Microsoft.Network/privateDnsZones/join/action", ZONE),
        ("Microsoft.OperationalInsights/workspaces/sharedkeys/read", WORKSPACE),
    )
    assert linked_actions(cluster()) == ()
    system = cluster(apiServerAccessProfile={"privateDNSZone": "system"})
    assert linked_actions(system) == ()


def test_an_existing_cluster_is_not_created() -> None:
    with pytest.raises(ValueError, match="do not ask for a new cluster"):
        created(target(answers("platform-managed")), VERSIONS)


def test_the_version_is_the_newest_that_is_neither_preview_nor_long_term_only() -> None:
    assert chosen_version(None, VERSIONS) == "1.35"
    assert chosen_version("1.33", VERSIONS) == "1.33"
    assert chosen_version(None, VERSIONS[:1]) is None
    assert chosen_version(None, ()) is None


NAMES = st.text(
    st.characters(codec="ascii", categories=("Lu", "Ll", "Nd"), include_characters="-_"), max_size=63
)


@given(NAMES, st.text(max_size=90))
def test_any_names_give_a_valid_dns_prefix(name: str, group: str) -> None:
    prefix = _dns_prefix(name, group, PRODUCTION)
    assert 1 <= len(prefix) <= 54
    assert prefix[0].isalpha()
    assert prefix[-1].isalnum()
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in prefix)


@given(chosen, bodies)
def test_our_own_change_is_never_reported_as_a_difference(chosen: Answers, body: Json) -> None:
    assert compared(body, changed(facts.target(chosen), ClusterState(body)))[1] == ()

"""The steps: their keys and order, what each does given what exists, and the permissions it requires."""

import pytest

from tests import facts
from tests.facts import (
    CUSTOMER_MANAGED,
    GROUP,
    cluster,
    complete_snapshot,
    empty_snapshot,
    grant,
    target,
    user_assigned,
    vault,
)
from tests.support import KEY_OPTIONS, KeyOption, answers, identity_id
from wizard.answers.model import Answers
from wizard.cloud.roles import ADMINISTRATOR, CONTRIBUTOR, CRYPTO_USER
from wizard.procedure.order import applicable_steps
from wizard.procedure.planning import basis
from wizard.procedure.step import Intent, Step
from wizard.procedure.steps import STEPS
from wizard.procedure.steps.cluster import _ended_badly, _touched
from wizard.procedure.steps.key import key_body
from wizard.procedure.steps.vault import vault_body
from wizard.state.cluster import ClusterState
from wizard.state.snapshot import Snapshot

KEYS = [
    "feature",
    "provider",
    "resource-group",
    "vault",
    "operator-role",
    "key",
    "firewall",
    "identity",
    "crypto-role",
    "contributor-role",
    "cluster",
    "verify",
]
"""The keys that are published, in the how-to's order: they are stable, and a new one is not added here."""

BY_KEY = {step.key: step for step in STEPS}
PRIVATE, PUBLIC = answers("customer-managed-private"), answers("customer-managed-public")
LETTER = answers("customer-managed-private", key={"create_through": "key-vault"})
every = pytest.mark.parametrize("step", STEPS, ids=BY_KEY)


def test_a_step_changes_only_known_facts_of_a_plan() -> None:
    assert {fact for step in STEPS for fact in step.changes} <= basis(empty_snapshot(PRIVATE)).keys()


def intent(key: str, chosen: Answers, snapshot: Snapshot) -> Intent:
    return BY_KEY[key].inspect(target(chosen), snapshot)


def test_the_keys_are_stable() -> None:
    assert [key for key in BY_KEY if key in KEYS] == KEYS


def test_the_keys_are_unique_and_verification_is_the_last_step() -> None:
    assert len(BY_KEY) == len(STEPS)
    assert [step.key for step in STEPS if step.read_only] == ["verify"] == [STEPS[-1].key]


@every
def test_each_step_describes_itself_and_needs_only_earlier_steps(step: Step) -> None:
    assert set(step.needs) <= {earlier.key for earlier in STEPS[: STEPS.index(step)]}
    assert step.title[0].isupper()
    assert not step.title.endswith(".")
    assert step.sentence.endswith(".")
    low, high = step.usually
    assert 0 <= low <= high
    assert step.__doc__


@every
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
def test_an_applicable_step_has_a_duration(step: Step, key_option: KeyOption) -> None:
    chosen = answers(key_option)
    if not step.applies(target(chosen), None):
        return  # which steps apply: below
    low, high = step.duration(target(chosen), empty_snapshot(chosen))
    assert 0 <= low <= high


@pytest.mark.parametrize(
    ("chosen", "absent"),
    [
        (
            answers("platform-managed"),
            set(KEYS) - {"feature", "provider", "resource-group", "cluster", "verify"},
        ),
        (PRIVATE, {"operator-role"}),
        (LETTER, set()),
        (PUBLIC, {"firewall"}),
        (
            answers("customer-managed-public", key={"create_through": "resource-manager"}),
            {"firewall", "operator-role"},
        ),
    ],
)
def test_each_scenario_has_its_steps(chosen: Answers, absent: set[str]) -> None:
    found = [step.key for step in applicable_steps(target(chosen), empty_snapshot(chosen))]
    assert [key for key in found if key in KEYS] == [key for key in KEYS if key not in absent]


def test_the_change_of_a_cluster_is_irreversible() -> None:
    assert not BY_KEY["cluster"].reversible


BARE = empty_snapshot(PRIVATE)


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("feature", "none"),
        ("provider", "register"),
        ("resource-group", "none"),
        ("vault", "create"),
        ("key", "create"),
        ("firewall", "none"),
        ("identity", "create"),
        ("crypto-role", "create"),
        ("contributor-role", "create"),
        ("cluster", "update"),
        ("verify", "none"),
    ],
)
def test_actions_from_an_unencrypted_cluster(key: str, action: str) -> None:
    assert intent(key, PRIVATE, BARE).action == action


@pytest.mark.parametrize("key", KEYS)
def test_a_completed_step_requires_no_action(key: str) -> None:
    done = complete_snapshot(LETTER, cluster=cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id())))
    found = intent(key, LETTER, done)
    assert found.action == "none"
    assert {effect.verb for effect in found.effects} <= {"keep"}


@pytest.mark.parametrize(
    ("state", "feature", "provider"),
    [
        ("Registered", "none", "register"),
        ("NotRegistered", "register", "register"),
        ("Unregistered", "register", "register"),
        ("Unregistering", "register", "register"),
        ("NotSpecified", "register", "register"),
        ("Registering", "none", "register"),
        ("Pending", "none", "register"),
        (None, "none", "none"),
    ],
)
def test_the_feature_and_the_provider_that_must_pick_it_up(
    state: str | None, feature: str, provider: str
) -> None:
    snapshot = empty_snapshot(PRIVATE, feature=state)
    assert intent("feature", PRIVATE, snapshot).action == feature
    assert intent("provider", PRIVATE, snapshot).action == provider


@pytest.mark.parametrize("state", ["NotRegistered", "Registering", "Pending", "Registered", None])
def test_neither_is_registered_once_the_cluster_is_encrypted(state: str | None) -> None:
    done = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))
    snapshot = empty_snapshot(PRIVATE, feature=state, cluster=done, identity=facts.identity())
    assert intent("feature", PRIVATE, snapshot).action == "none"
    assert intent("provider", PRIVATE, snapshot).action == "none"


def test_an_unregistered_provider_is_registered_for_any_feature_state() -> None:
    assert (
        intent("provider", PRIVATE, empty_snapshot(PRIVATE, feature=None, provider="Unregistered")).action
        == "register"
    )


def test_each_missing_group_is_a_row_and_one_in_another_region_is_kept() -> None:
    chosen = answers("customer-managed-private", vault={"resource_group": "rg-keys"})
    there = {GROUP: {"location": "eastus"}, GROUP.replace("rg-demo", "rg-keys"): None}
    found = intent("resource-group", chosen, empty_snapshot(chosen, groups=there))
    assert found.action == "create"
    assert [(e.verb, e.name) for e in found.effects] == [("keep", "rg-demo"), ("create", "rg-keys")]
    assert "another region" in found.effects[0].detail


def test_the_firewall_denies_public_access_and_admits_trusted_services() -> None:
    assert (
        intent("firewall", PRIVATE, complete_snapshot(PRIVATE, vault=vault(denies=False))).action == "update"
    )
    shut = vault(denies=True, networkAcls={"bypass": "None"})
    assert intent("firewall", PRIVATE, complete_snapshot(PRIVATE, vault=shut)).action == "update"
    assert intent("firewall", LETTER, empty_snapshot(LETTER)).action == "update"


def test_the_operators_role_is_assigned_only_to_create_a_key() -> None:
    me = facts.ME.object_id
    assert intent("operator-role", PUBLIC, empty_snapshot(PUBLIC)).action == "create"
    assert (
        intent("operator-role", PUBLIC, complete_snapshot(PUBLIC, operator_grants=(), key=None)).action
        == "create"
    )
    assert intent("operator-role", PUBLIC, complete_snapshot(PUBLIC, operator_grants=())).action == "none"
    administers = (grant(ADMINISTRATOR, me),)
    assert (
        intent(
            "operator-role", PUBLIC, complete_snapshot(PUBLIC, operator_grants=administers, key=None)
        ).action
        == "none"
    )


def test_a_role_of_another_identity_does_not_count() -> None:
    others = (grant(CRYPTO_USER, "somebody"), grant(CONTRIBUTOR))
    assert (
        intent("crypto-role", PRIVATE, complete_snapshot(PRIVATE, identity_grants=others)).action == "create"
    )
    assert (
        intent("contributor-role", PRIVATE, complete_snapshot(PRIVATE, identity_grants=others)).action
        == "none"
    )


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_a_failed_cluster_is_updated_again(state: str) -> None:
    failed = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()), provisioningState=state)
    found = intent("cluster", PRIVATE, complete_snapshot(PRIVATE, cluster=failed))
    assert found.action == "update"
    assert "repair" in found.effects[0].detail


def test_the_cause_of_a_failed_cluster_depends_on_the_key_option() -> None:
    own = _ended_badly(target(PUBLIC), ClusterState(cluster(provisioningState="Failed")))
    assert "customer-managed key" in own.cause
    assert "Verify the cluster" in own.remedy
    platform = _ended_badly(
        target(answers("platform-managed")), ClusterState(cluster(provisioningState="Failed"))
    )
    assert "No key or vault of yours" in platform.cause
    assert "Verify" not in platform.remedy


def test_the_order_of_identities_is_no_change() -> None:
    here = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))
    others = user_assigned(identity_id("id-other"))["userAssignedIdentities"]
    mine = here["identity"]["userAssignedIdentities"]
    one, other = (
        ClusterState({**here, "identity": {"type": "UserAssigned", "userAssignedIdentities": ids}})
        for ids in ({**mine, **others}, {**others, **mine})
    )
    assert _touched(one) == _touched(other) != _touched(ClusterState(here))


def test_the_review_names_the_new_identity_and_what_is_kept() -> None:
    found = intent("cluster", PRIVATE, BARE)
    assert "id-aks-demo" in found.effects[0].detail
    assert "kv-demo/aks-kms" in found.effects[0].detail
    assert found.effects[1].verb == "keep"


def test_a_private_vault_is_created_private_and_rbac_is_explicit() -> None:
    """How-to, note under "Create a key vault and key with trusted services access"."""
    private, public, letter = (vault_body(target(a), "t")["properties"] for a in (PRIVATE, PUBLIC, LETTER))
    assert private["networkAcls"] == {"defaultAction": "Deny", "bypass": "AzureServices"}
    assert public["networkAcls"]["defaultAction"] == letter["networkAcls"]["defaultAction"] == "Allow"
    for properties in (private, public, letter):
        assert properties["enableRbacAuthorization"] is True
        assert properties["enablePurgeProtection"] is True


def test_declined_purge_protection_is_not_sent_as_false() -> None:
    declined = answers("customer-managed-private", vault={"purge_protection": False})
    assert "enablePurgeProtection" not in vault_body(target(declined), "t")["properties"]


def test_an_hsm_key_needs_a_premium_vault() -> None:
    chosen = answers("customer-managed-private", key={"type": "RSA-HSM", "size": 4096})
    assert vault_body(target(chosen), "t")["properties"]["sku"]["name"] == "premium"
    assert key_body(target(chosen))["properties"]["kty"] == "RSA-HSM"
    assert key_body(target(chosen))["properties"]["keySize"] == 4096


def test_a_key_may_encrypt_and_decrypt_and_never_sign() -> None:
    assert {"encrypt", "decrypt"} <= set(key_body(target(PRIVATE))["properties"]["keyOps"])
    assert not {"sign", "verify"} & set(key_body(target(PRIVATE))["properties"]["keyOps"])


def test_tags_are_applied_to_new_resources() -> None:
    tagged = target(answers("customer-managed-private", tags={"team": "payments"}))
    assert key_body(tagged)["tags"] == vault_body(tagged, "t")["tags"] == {"team": "payments"}
    assert "tags" not in key_body(target(PRIVATE))


def test_a_key_through_the_data_plane_requires_no_management_action() -> None:
    assert BY_KEY["key"].required_actions(target(LETTER), empty_snapshot(LETTER)) == ()

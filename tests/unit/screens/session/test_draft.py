"""The draft: completed steps, steps that need another review, and the answers it makes."""

from dataclasses import replace

import pytest

from screens.session.draft import Draft, NewClusterForm, VaultForm
from screens.session.tags import parse_tags
from screens.wizard_steps import ORDER, STEPS
from tests.support import cluster_id
from wizard.cloud.azure import Subscription
from wizard.errors import AnswersError

PRODUCTION = Subscription("22222222-2222-2222-2222-222222222222", "Production", "t", "Enabled")


def draft() -> Draft:
    new = Draft().complete("prerequisites", subscription=PRODUCTION).complete("feature")
    form = NewClusterForm("orders", "rg-orders", "westeurope")
    return (
        new.complete("cluster", new_cluster=form)
        .complete("key", option="Private")
        .complete("vault")
        .complete("review")
    )


def test_steps_feed_only_later_steps() -> None:
    for step in STEPS.values():
        assert all(ORDER.index(later) > ORDER.index(step.key) for later in step.feeds)


def test_same_answer_again_needs_no_review() -> None:
    assert draft().complete("key", option="Private").needs_review == frozenset()


def test_changed_answer_needs_review_of_dependent_steps_until_they_are_completed() -> None:
    changed = draft().complete("key", option="Public")
    assert changed.needs_review == {"vault", "review"}
    assert changed.reachable == ("prerequisites", "feature", "cluster", "key", "vault")
    assert changed.complete("vault").needs_review == {"review"}


def test_platform_managed_key_skips_the_vault_step() -> None:
    assert "vault" not in draft().complete("key", option="platform-managed").reachable


def test_answers_for_a_private_vault_use_proposed_names() -> None:
    answers = draft().answers()
    assert answers.vault is not None
    assert answers.key is not None
    assert answers.identity is not None
    assert (answers.vault.name, answers.vault.network_access) == ("kv-orders-kms", "Private")
    assert (answers.key.name, answers.key.size, answers.identity.name) == ("aks-kms", 3072, "id-orders")
    assert answers.cluster.create


def test_typed_names_replace_proposed_names() -> None:
    form = VaultForm(
        vault="kv-mine", vault_group="rg-keys", key="k", key_size=4096, identity="id-mine", tags="owner=me"
    )
    answers = replace(draft(), vault=form).answers()
    assert answers.vault is not None
    assert answers.key is not None
    assert (answers.vault.name, answers.vault_group.name, answers.key.size) == ("kv-mine", "rg-keys", 4096)
    assert answers.tags == {"owner": "me"}


def test_answers_for_a_platform_managed_key_have_no_vault() -> None:
    answers = draft().complete("key", option="platform-managed").answers()
    assert answers.vault is None
    assert answers.key_option == "platform-managed"


@pytest.mark.parametrize(
    ("cluster", "group", "about"),
    [("Orders", "RG-Orders", True), ("orders", "rg-b", False), ("b", "rg-orders", False)],
)
def test_is_about_compares_resource_ids_case_insensitively(cluster: str, group: str, about: bool) -> None:
    assert draft().is_about(cluster_id(cluster, group)) == about
    assert not Draft().is_about(cluster_id(cluster, group))


def test_invalid_name_raises_an_error_that_names_it() -> None:
    with pytest.raises(AnswersError, match=r"vault\.name"):
        replace(draft(), vault=VaultForm(vault="9")).answers()


@pytest.mark.parametrize(
    ("text", "tags"), [("", {}), ("a=1", {"a": "1"}), (" a = 1 , b=x=y,", {"a": "1", "b": "x=y"})]
)
def test_parse_tags(text: str, tags: dict[str, str]) -> None:
    assert parse_tags(text) == tags


def test_tag_without_equals_sign_raises_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="'lonely' is not a tag"):
        parse_tags("a=1, lonely")


def test_steps_with_an_answer_that_is_not_valid_are_known() -> None:
    assert draft().mistaken == frozenset()
    assert replace(draft(), vault=VaultForm(vault="k")).mistaken == {"vault"}
    assert replace(draft(), vault=VaultForm(tags="no equals sign")).mistaken == {"vault"}
    assert replace(draft(), new_cluster=NewClusterForm("-bad", "rg", "westeurope")).mistaken == {"cluster"}
    assert replace(draft(), vault=VaultForm(vault="k"), completed=frozenset()).mistaken == frozenset()

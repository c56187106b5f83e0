"""What was chosen: settled, due for review again, and made into answers."""

from dataclasses import replace

import pytest

from screens.session.draft import Draft, NewClusterForm, VaultForm
from screens.session.tags import parse_tags
from screens.steps import ORDER, STEPS
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


def test_every_dependant_is_a_later_step() -> None:
    for step in STEPS.values():
        assert all(ORDER.index(later) > ORDER.index(step.key) for later in step.feeds)


def test_answering_the_same_again_makes_nothing_due() -> None:
    assert draft().complete("key", option="Private").needs_review == frozenset()


def test_a_change_makes_the_settled_dependants_due_and_settling_them_clears_it() -> None:
    changed = draft().complete("key", option="Public")
    assert changed.needs_review == {"vault", "review"}
    assert changed.reachable == ("prerequisites", "feature", "cluster", "key", "vault")
    assert changed.complete("vault").needs_review == {"review"}


def test_platform_managed_has_no_vault_on_its_way() -> None:
    assert "vault" not in draft().complete("key", option="platform-managed").reachable


def test_answers_of_a_private_vault_with_proposed_names() -> None:
    answers = draft().answers()
    assert answers.vault is not None
    assert answers.key is not None
    assert answers.identity is not None
    assert (answers.vault.name, answers.vault.network_access) == ("kv-orders-kms", "Private")
    assert (answers.key.name, answers.key.size, answers.identity.name) == ("aks-kms", 3072, "id-orders")
    assert answers.cluster.create


def test_what_was_typed_wins_over_what_was_proposed() -> None:
    form = VaultForm(
        vault="kv-mine", vault_group="rg-keys", key="k", key_size=4096, identity="id-mine", tags="owner=me"
    )
    answers = replace(draft(), vault=form).answers()
    assert answers.vault is not None
    assert answers.key is not None
    assert (answers.vault.name, answers.vault_group.name, answers.key.size) == ("kv-mine", "rg-keys", 4096)
    assert answers.tags == {"owner": "me"}


def test_platform_managed_answers_hold_no_vault() -> None:
    answers = draft().complete("key", option="platform-managed").answers()
    assert answers.vault is None
    assert answers.key_option == "platform-managed"


@pytest.mark.parametrize(
    ("cluster", "group", "about"),
    [("Orders", "RG-Orders", True), ("orders", "rg-b", False), ("b", "rg-orders", False)],
)
def test_it_is_about_one_cluster_however_its_id_is_written(cluster: str, group: str, about: bool) -> None:
    assert draft().is_about(cluster_id(cluster, group)) == about
    assert not Draft().is_about(cluster_id(cluster, group))


def test_an_impossible_name_is_named() -> None:
    with pytest.raises(AnswersError, match=r"vault\.name"):
        replace(draft(), vault=VaultForm(vault="9")).answers()


@pytest.mark.parametrize(
    ("text", "tags"), [("", {}), ("a=1", {"a": "1"}), (" a = 1 , b=x=y,", {"a": "1", "b": "x=y"})]
)
def test_tags(text: str, tags: dict[str, str]) -> None:
    assert parse_tags(text) == tags


def test_a_tag_without_a_value_sign_is_named() -> None:
    with pytest.raises(ValueError, match="'lonely' is not a tag"):
        parse_tags("a=1, lonely")

"""What the cards of the key option show for a cluster that is encrypted already."""

import pytest

from screens.pages.key_option_text import (
    LABEL,
    OPTIONS,
    Option,
    aligned,
    compared,
    facts,
    moves,
    preselection,
)
from screens.session.draft import Draft
from tests.facts import CUSTOMER_MANAGED, LEGACY, PLATFORM_MANAGED, cluster
from tests.support import PRODUCTION
from wizard.cloud.arm import Json
from wizard.cloud.azure import Subscription
from wizard.cloud.inventory import cluster_row

HERE = Subscription(PRODUCTION, "Contoso Production", "t", "Enabled")
PLATFORM, PRIVATE, PUBLIC = OPTIONS
REPAIRS = "re-applies the cluster update, which often repairs it"


def moves_of(profile: Json | None, option: Option, state: str = "Succeeded") -> dict[str, str]:
    row = cluster_row(cluster(profile, provisioningState=state), HERE)
    return dict(moves(row, option, "a key that AKS manages"))


def test_cluster_without_a_key_shows_only_what_it_changes_to() -> None:
    assert moves_of(None, PLATFORM) == {"changes to": "a key that AKS manages"}


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_current_option_repairs_a_cluster_whose_last_operation_failed(state: str) -> None:
    platform = moves_of(PLATFORM_MANAGED, PLATFORM, state)
    assert platform == {"last operation": state.lower(), "selecting it": REPAIRS}
    own = moves_of(CUSTOMER_MANAGED, PRIVATE, state)
    assert own.items() >= {"last operation": state.lower(), "the same key": REPAIRS}.items()
    assert own.keys() >= {"changes to", "still needed"}


@pytest.mark.parametrize(
    ("profile", "option"), [(PLATFORM_MANAGED, PRIVATE), (CUSTOMER_MANAGED, PUBLIC), (LEGACY, PLATFORM)]
)
def test_another_option_ignores_the_last_operation(profile: Json, option: Option) -> None:
    assert moves_of(profile, option, "Failed") == moves_of(profile, option)
    assert REPAIRS not in moves_of(profile, option, "Failed").values()


def test_current_option_shows_no_changes() -> None:
    assert moves_of(PLATFORM_MANAGED, PLATFORM) == {"no changes": "the cluster uses this option already"}
    assert "last operation" not in moves_of(CUSTOMER_MANAGED, PRIVATE)


def test_rows_with_the_same_label_are_side_by_side_in_every_card() -> None:
    columns = [
        facts(PLATFORM),
        facts(PRIVATE, [("still needed", "the old key")]),
        facts(PUBLIC, why_not="no"),
    ]
    margin, lines, title = aligned([option.title for option in OPTIONS], columns, 21)
    assert {len(margin)} == {len(each) for each in lines}
    assert all(len(line) <= 21 for each in lines for line in each)
    assert all(len(label) < LABEL for label in margin)
    assert not any(margin[:title])
    assert [label for label in margin if label][:3] == ["Still needed", "Not possible", "Key owner"]
    duration = margin.index("Duration")
    assert [each[duration] for each in lines] == [PLATFORM.time, PRIVATE.time, PUBLIC.time]
    assert [each[margin.index("Still needed")] for each in lines] == ["–", "the old key", "–"]


def test_rows_that_are_equal_in_all_cards_are_left_out() -> None:
    same = {"Key owner": "you", "Not possible": "stopped"}
    assert compared([{**same, "Duration": time} for time in ("3 min", "4 min")]) == [
        "Not possible",
        "Duration",
    ]


def test_preselection_is_explained_until_an_option_is_selected() -> None:
    assert preselection(Draft()).startswith("2 is preselected")
    assert preselection(Draft(option="Public")).startswith("You can change")

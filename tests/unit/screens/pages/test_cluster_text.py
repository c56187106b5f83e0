"""What the list of clusters shows, and what its filter matches."""

from screens.pages.cluster_text import cells, columns, confirmation, matches, totals
from screens.session.feature_registration import FeatureRegistration
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import ClusterRow

ROW = ClusterRow(
    "/id",
    "aks-demo",
    "rg-demo",
    "2222",
    "Contoso Production",
    "westus2",
    "1.34.2",
    "system-assigned",
    Encryption.of({}),
    "Succeeded",
    "Running",
    1,
    3,
)
BOTH = ("Contoso Production", "Contoso Development")


def test_filter_matches_only_the_columns_that_are_shown() -> None:
    assert not matches(ROW, ["prod"], ["cluster", "group", "now"])
    assert matches(ROW, ["prod"], ["cluster", "subscription"])
    assert matches(ROW, ["not", "demo"], ["cluster", "now"])
    assert not matches(ROW, ["westus2"], list(cells(ROW)))


def test_subscription_is_shown_from_110_columns_if_there_are_several() -> None:
    assert "subscription" in columns([ROW], 110 - 27, BOTH)
    assert "subscription" not in columns([ROW], 109 - 27, BOTH)
    assert "subscription" not in columns([ROW], 200, BOTH[:1])
    assert list(columns([ROW], 160 - 27, BOTH)) == [
        "cluster",
        "group",
        "subscription",
        "version",
        "identity",
        "now",
    ]
    for room in range(60, 200):
        widths = columns([ROW], room, BOTH)
        assert sum(widths.values()) + 2 * len(widths) + 1 <= room
        assert widths["cluster"] <= 24


def test_totals_say_how_many_of_all_match() -> None:
    assert totals(13, 13, 2, filtered=False) == "13 found in 2 subscriptions"
    assert totals(9, 13, 2, filtered=True) == "9 of 13 found in 2 subscriptions"


def test_confirmation_names_both_subscriptions_and_the_feature_there() -> None:
    text = confirmation(ROW, "Contoso Development", FeatureRegistration("NotRegistered")).plain
    assert "aks-demo is in Contoso Production (selected: Contoso Development)." in text
    assert "is not registered there" in text
    assert "is registered there" in confirmation(ROW, "x", FeatureRegistration("Registered")).plain
    assert "is looked up there" in confirmation(ROW, "x", None).plain

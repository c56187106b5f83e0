"""The totals of a fleet, in any width."""

from collections import Counter

import pytest

from screens.pages.fleet_text import columns, totals
from screens.session.fleet import Fleet
from wizard.cloud.encryption import EncryptionKind
from wizard.fleet.tally import Tally

KINDS: Counter[EncryptionKind] = Counter(
    {"none": 62150, "legacy-kms": 10140, "platform-managed": 13870, "customer-managed": 13970}
)


@pytest.mark.parametrize("room", [77, 93, 140])
@pytest.mark.parametrize("uncertain", [0, 12])
def test_totals_of_a_large_fleet_show_every_number_completely(room: int, uncertain: int) -> None:
    tally = Tally(passed=37490, warned=10880, failed=62640, uncertain=uncertain, kinds=KINDS)
    lines = totals(Fleet(tally=tally), room, reading=False).plain.splitlines()
    assert all(len(line) <= room for line in lines)
    verdict, kinds, bar = lines
    assert "! 10,880 with warnings" in verdict
    assert f"✗ {62640 - uncertain:,} failed" in verdict
    assert ("12 not certain" in verdict) == bool(uncertain)
    for text in ("█ 62,150 no", "▓ 10,140 legacy", "▒ 13,870 platform", "░ 13,970 customer"):
        assert text in kinds
    assert set(bar) == {"█", "▓", "▒", "░"}


def test_while_reading_the_bar_shows_how_far_that_is() -> None:
    fleet = Fleet(tally=Tally(passed=4, failed=9, kinds=Counter({"none": 9, "customer-managed": 4})))
    fleet.progress.expected, fleet.progress.clusters = 52, 13
    assert totals(fleet, 80, reading=True).plain.splitlines()[2] == "━" * 20 + "─" * 60
    fleet.progress.expected = None
    assert totals(fleet, 80, reading=True).plain.splitlines()[2] == "─" * 80


def test_totals_of_a_small_fleet() -> None:
    tally = Tally(passed=4, failed=9, kinds=Counter({"none": 9, "customer-managed": 4}))
    assert totals(Fleet(tally=tally), 77, reading=False).plain.splitlines()[:2] == [
        "Verdict     ✓ 4 verified   ✗ 9 failed",
        "Encryption  █ 9 not encrypted   ░ 4 customer-managed key",
    ]


LONGEST = {"name": 19, "resource_group": 21, "subscription_name": 19, "reason": 33}


@pytest.mark.parametrize("longest", [{}, LONGEST], ids=["before reading", "read"])
@pytest.mark.parametrize("room", range(76, 200, 10))
def test_columns_fill_the_room(room: int, longest: dict[str, int]) -> None:
    widths = columns(room, longest)
    assert sum(widths.values()) + 2 * len(widths) == room - 1
    assert {"sign", "name", "encryption", "reason"} <= widths.keys()
    if longest and room > 110:
        assert widths["name"] == 19, "no wider than its longest name, and not cut"

"""The totals of a fleet, in any width."""

from collections import Counter

import pytest

from screens.pages.fleet_text import totals
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
    assert len(lines) == 3 if room == 77 else len(lines) <= 3
    words = "\n".join(lines[1:])
    for text in (
        "10,880 with warnings",
        "█ 62,150 no",
        "▓ 10,140 legacy",
        "▒ 13,870 platform",
        "░ 13,970 customer",
    ):
        assert text in words


def test_totals_of_a_small_fleet_take_one_line_below_the_bar() -> None:
    tally = Tally(passed=4, failed=9, kinds=Counter({"none": 9, "customer-managed": 4}))
    words = totals(Fleet(tally=tally), 77, reading=False).plain.splitlines()[1:]
    assert words == ["✗ 9 failed   █ 9 not encrypted   ░ 4 customer-managed key"]

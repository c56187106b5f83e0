"""What many clusters amount to, in as many columns as there are."""

from collections import Counter

import pytest

from screens.pages.fleet_words import amounts
from screens.session.fleet import Fleet
from screens.session.watch import Watch
from wizard.cloud.encryption import EncryptionKind
from wizard.fleet.tally import Tally

KINDS: Counter[EncryptionKind] = Counter(
    {"none": 62150, "legacy-kms": 10140, "platform-managed": 13870, "customer-managed": 13970}
)


@pytest.mark.parametrize("room", [77, 93, 140])
@pytest.mark.parametrize("uncertain", [0, 12])
def test_every_number_of_a_large_fleet_is_seen_whole(room: int, uncertain: int) -> None:
    tally = Tally(passed=37490, warned=10880, failed=62640, uncertain=uncertain, kinds=KINDS)
    lines = amounts(Fleet(tally=tally), room, reading=False).plain.splitlines()
    assert all(len(line) <= room for line in lines)
    assert len(lines) == 3 if room == 77 else len(lines) <= 3
    words = "\n".join(lines[1:])
    for said in ("10,880 warn", "█ 62,150 no", "▓ 10,140 legacy", "▒ 13,870 platform", "░ 13,970 customer"):
        assert said in words


def test_a_small_fleet_is_said_in_one_line_below_its_bar() -> None:
    tally = Tally(passed=4, failed=9, kinds=Counter({"none": 9, "customer-managed": 4}))
    words = amounts(Fleet(tally=tally), 77, reading=False).plain.splitlines()[1:]
    assert words == ["✗ 9 fail   █ 9 not encrypted   ░ 4 customer-managed key"]


def test_a_watch_says_when_it_looks_next_however_little_room_there_is() -> None:
    watch = Watch("verified", seconds=30.5)
    assert watch.words(54) == f"watching since {watch.since} · 0 looks · again in 0:30"
    for _ in range(1234):
        watch.looked(30.5)
    narrow = watch.words(44)
    assert narrow == f"since {watch.since[:5]} · 1,234 looks · next in 0:30"
    assert len(narrow) <= 44

"""The digest that confirms a plan: how much of it is enough, and how a wrong one is shown."""

import pytest

from screens.cli.digest import digest_mistake

DIGEST = "2df5033456857c234e9328405bf0bab3af6e20f832c22ab9ff144d3d5ceb0c35"


@pytest.mark.parametrize("given", [DIGEST, DIGEST[:12], DIGEST[:40].upper(), f" {DIGEST[:13]}\n"])
def test_a_prefix_of_twelve_digits_or_more_confirms(given: str) -> None:
    assert digest_mistake(given, DIGEST) == ("", "")


@pytest.mark.parametrize(
    ("given", "shown"), [("2df50334568", "2df50334568"), ("", "(empty)"), (" ", "(empty)")]
)
def test_a_shorter_prefix_is_too_short_even_if_it_is_right(given: str, shown: str) -> None:
    sentence, _ = digest_mistake(given, DIGEST)
    assert sentence == f"--confirm {shown} is too short: give at least 12 hex digits."


def test_the_first_difference_is_marked() -> None:
    sentence, lines = digest_mistake("2df503345686", DIGEST)
    assert sentence == "--confirm is not the digest of the current plan: digit 12 differs."
    assert lines.splitlines() == [
        "given  2df503345686",
        "  plan   2df503345685",
        "                    ^",
    ]


def test_a_digest_with_more_digits_than_there_are_differs_after_the_last() -> None:
    sentence, lines = digest_mistake(f"{DIGEST}0", DIGEST)
    assert "digit 65 differs" in sentence
    assert lines.splitlines()[2] == f"{' ' * (2 + 7 + 64)}^"


def test_a_given_text_does_not_break_the_lines() -> None:
    _, lines = digest_mistake("2df5033\n45685\x1b[31m", DIGEST)
    assert len(lines.splitlines()) == 3
    assert "\x1b" not in lines

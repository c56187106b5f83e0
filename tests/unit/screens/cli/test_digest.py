"""The digest that confirms a plan: how much of it is enough, and how a wrong one is shown."""

import click
import pytest

from screens.cli.digest import digest_mistake, given_digest

DIGEST = "2df5033456857c234e9328405bf0bab3af6e20f832c22ab9ff144d3d5ceb0c35"


def given(text: str) -> str | None:
    return given_digest(click.Context(click.Command("apply")), click.Option(["--confirm"]), text)


@pytest.mark.parametrize("text", [DIGEST, DIGEST[:12], DIGEST[:40].upper(), f" {DIGEST[:13]}\n"])
def test_a_prefix_of_twelve_digits_or_more_confirms(text: str) -> None:
    assert digest_mistake(given(text) or "", DIGEST) == ("", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DIGEST[:11], "too short: give at least 12 hex digits"),
        (" ", "too short"),
        ("2df50334568g", "other than hex digits"),
        ("2df5033\x1b[31m4", "other than hex digits"),
        (f"{DIGEST}0", "too long"),
    ],
)
def test_what_no_plan_can_have_is_refused(text: str, says: str) -> None:
    with pytest.raises(click.BadParameter, match=says):
        given(text)


def test_the_first_difference_is_marked() -> None:
    sentence, lines = digest_mistake("2df503345686", DIGEST)
    assert sentence == "--confirm is not the digest of the current plan: digit 12 differs."
    assert lines.splitlines() == [
        "given  2df503345686",
        "  plan   2df503345685",
        "                    ^",
    ]

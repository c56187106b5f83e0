"""The texts of the page of the run."""

import pytest

from screens.pages.run_text import time_bar


@pytest.mark.parametrize(
    ("elapsed", "drawn"),
    [(0, "░░░░"), (300, "██░░"), (599, "███░"), (600, "████"), (900, "████")],
)
def test_the_bar_shows_time_and_is_full_only_at_the_usual_maximum(elapsed: float, drawn: str) -> None:
    assert time_bar(elapsed, 600, width=4) == drawn


def test_a_run_that_usually_takes_no_time_has_a_full_bar() -> None:
    assert time_bar(0, 0, width=4) == "████"

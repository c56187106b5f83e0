"""How far a sweep has come, in a line."""

from screens.cli.progress_line import progress_text, summary, throttled
from wizard.cloud.throttling import Throttling, retry_after
from wizard.fleet.progress import Progress
from wizard.reports.wording import sweep_notes


def test_a_line_says_how_much_is_left() -> None:
    progress = Progress(subscriptions=42, listed=14, expected=10_013, clusters=3_200)
    text = progress_text(progress)
    assert text.startswith("3,200 of 10,013 clusters · 14 of 42 subscriptions · ")
    assert "a second · about 0:0" in text
    progress.end()
    assert summary(progress).startswith("3,200 clusters in 14 subscriptions read in 0.0 s, ")


def test_without_graph_nobody_knows_how_many_there_are() -> None:
    text = progress_text(Progress(subscriptions=1, clusters=7))
    assert text.startswith("7 clusters · 0 of 1 subscription · ")
    assert "left" not in text


def test_one_is_one() -> None:
    progress = Progress(subscriptions=1, listed=1, clusters=1)
    assert progress_text(progress).startswith("1 cluster · 1 of 1 subscription · ")
    assert summary(progress).startswith("1 cluster in 1 subscription read in ")
    assert sweep_notes(progress, ["a"]) == ["1 cluster that Resource Graph still shows exists no more."]
    progress.cut_off = True
    assert sweep_notes(progress, ["a", "b"]) == [
        "Resource Graph looked at the first 10,000 subscriptions only; the others were listed without it.",
        "2 clusters that Resource Graph still shows exist no more.",
    ]


def test_it_says_why_nothing_goes_on() -> None:
    progress = Progress(throttling=Throttling())
    assert throttled(progress) == ""
    progress.throttling.hold(4)
    assert throttled(progress) == "Resource Graph's quota is used up, 4 s to wait"
    progress.throttling.heard(30)
    assert throttled(progress) == "Azure asked to wait 1 time (429), 30 s left"
    progress.throttling.hold(2)
    assert "30 s left" in throttled(progress), "a shorter wait takes nothing from a longer one"


def test_how_long_an_answer_asks_to_wait() -> None:
    assert retry_after({"Retry-After": "17"}) == 17
    assert retry_after({"x-ms-retry-after-ms": "1500", "Retry-After": "17"}) == 1.5
    assert retry_after({}) == 5
    assert retry_after({"Retry-After": "Wed, 25 Nov 2026 00:00:00 GMT"}) == 5

"""The progress of a sweep, as a line."""

from screens.cli.progress_line import progress_text, summary, throttling_text
from wizard.cloud.throttling import Throttling, retry_after
from wizard.fleet.progress import Progress
from wizard.reports.wording import sweep_notes


def test_the_line_shows_the_remaining_time() -> None:
    progress = Progress(subscriptions=42, listed=14, expected=10_013, clusters=3_200)
    text = progress_text(progress)
    assert text.startswith("3,200 of 10,013 clusters · 14 of 42 subscriptions · ")
    assert "a second · about 0:0" in text
    progress.end()
    assert summary(progress).startswith("3,200 clusters in 14 subscriptions read in 0.0 s, ")


def test_without_resource_graph_the_total_is_unknown() -> None:
    text = progress_text(Progress(subscriptions=1, clusters=7))
    assert text.startswith("7 clusters · 0 of 1 subscription · ")
    assert "left" not in text


def test_a_count_of_one_is_singular() -> None:
    progress = Progress(subscriptions=1, listed=1, clusters=1)
    assert progress_text(progress).startswith("1 cluster · 1 of 1 subscription · ")
    assert summary(progress).startswith("1 cluster in 1 subscription read in ")
    assert sweep_notes(progress, ["a"]) == ["1 cluster listed by Resource Graph no longer exists."]
    progress.cut_off = True
    assert sweep_notes(progress, ["a", "b"]) == [
        "Resource Graph covered the first 10,000 subscriptions only; the others were listed without it.",
        "2 clusters listed by Resource Graph no longer exist.",
    ]


def test_throttling_is_shown() -> None:
    progress = Progress(throttling=Throttling())
    assert throttling_text(progress) == ""
    progress.throttling.hold(4)
    assert throttling_text(progress) == "Resource Graph quota used up, waiting 4 s"
    progress.throttling.record(30)
    assert throttling_text(progress) == "throttled by Azure 1 time (429), waiting 30 s"
    progress.throttling.hold(2)
    assert "waiting 30 s" in throttling_text(progress), "a shorter wait does not shorten a longer one"


def test_the_retry_delay_is_read_from_the_headers() -> None:
    assert retry_after({"Retry-After": "17"}) == 17
    assert retry_after({"x-ms-retry-after-ms": "1500", "Retry-After": "17"}) == 1.5
    assert retry_after({}) == 5
    assert retry_after({"Retry-After": "Wed, 25 Nov 2026 00:00:00 GMT"}) == 5

"""The texts of the page of the run."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from screens.pages.run_text import (
    heading,
    log_title,
    outcome,
    outcome_title,
    shortened,
    step_row,
    step_rows,
    time_axis,
)
from screens.session.active_run import ActiveRun
from tests.facts import empty_snapshot, target
from tests.support import ManualClock, answers
from wizard.errors import Problem
from wizard.procedure.events import HEARTBEAT, Event, RunStatus
from wizard.procedure.planning import plan_from


def test_the_axis_shows_time_with_the_usual_minimum_and_maximum() -> None:
    assert time_axis(252, 480, 720, 60).plain.splitlines() == [
        "━" * 21 + "─" * 19 + "┊" + "─" * 18 + "┊",
        "4:12 elapsed                        8 min             12 min",
    ]


def test_the_axis_is_full_only_at_the_usual_maximum_and_says_how_late_it_is() -> None:
    assert "─" not in time_axis(820, 480, 720, 60).plain
    assert time_axis(820, 480, 720, 60).plain.endswith("\n13:40 elapsed, 1:40 longer than the usual 8–12 min")
    assert time_axis(719, 480, 720, 60).plain.splitlines()[0][-1] == "┊"


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 12), (5, 60), (3, 7200)])
@pytest.mark.parametrize("elapsed", [0, 1, 40])
@pytest.mark.parametrize("width", [30, 78])
def test_the_axis_fits_its_width(low: float, high: float, elapsed: float, width: int) -> None:
    lines = time_axis(elapsed, low, high, width).plain.splitlines()
    assert len(lines) == 2
    assert len(lines[0]) == width


def finished(status: RunStatus, **changes: Any) -> ActiveRun:
    chosen = answers("customer-managed-private")
    active = ActiveRun(chosen, plan_from(target(chosen), empty_snapshot(chosen)), ManualClock())
    active.end(status)
    return replace(active, **changes)


def test_failed_run_shows_first_whether_the_secrets_are_encrypted_and_offers_verify_first() -> None:
    problem = Problem("azure", "Not updated.", "A cause.", "A remedy.", "Code", "Said.", "c0ffee")
    active = finished("failed", problem=problem, cluster_now="Failed. Not certain.")
    active.status, active.steps["cluster"].status = "failed", "failed"
    lines = outcome(active, 90).plain.splitlines()
    assert lines[0] == "State now      Failed. Not certain."
    assert next(line for line in lines if line.startswith("Next")).startswith("Next           v  verify")
    assert "Azure said     Code: Said." in lines
    assert outcome_title(active) == "✗ Encrypt the managed cluster"
    steps = len(active.steps)
    assert heading(active)[0] == f"✗ aks-demo: failed at step {steps - 1} of {steps}"


def test_successful_run_shows_what_to_keep_and_what_is_left_to_do() -> None:
    active = finished("succeeded")
    text = " ".join(outcome(active, 90).plain.split())
    assert "! Keep kv-demo/aks-kms (all versions), the key vault kv-demo, and id-aks-demo" in text
    assert "! To do Assign the new identity the roles" in text
    assert outcome_title(active) == "✓ Done in 0:00"
    assert "Portal" not in text
    assert outcome(active, 90, lambda each: f"https://portal/{each}").plain.splitlines()[-1] == (
        "Portal         aks-demo ↗  kv-demo ↗  id-aks-demo ↗"
    )


def test_completed_steps_share_a_row_on_a_small_terminal_until_they_are_asked_for() -> None:
    active = finished("succeeded")
    for number, progress in enumerate(active.steps.values()):
        progress.status = "succeeded" if number < 8 else "already" if number == 8 else "waiting"
    small, opened, large = (
        step_rows(active, width, width, 0, opened=width == 79).plain.splitlines() for width in (78, 79, 120)
    )
    assert small[0] == "   ✓ Steps 1 to 9: 8 done, 1 no change   a shows them"
    steps = len(active.steps)
    assert (len(small), len(opened), len(large)) == (steps - 8, steps, steps)


def test_path_of_the_log_keeps_its_end_and_the_title_says_that_lines_are_longer() -> None:
    path = "/home/me/.local/state/aks-kms/runs/20261128-223736-orders-prod/run.log"
    assert shortened(path, 80, Path("/home/me")) == f"~{path[8:]}"
    cut = shortened(path, 40, Path("/home/me"))
    assert (cut, len(cut)) == ("~/.local/stat…223736-orders-prod/run.log", 40)
    title = log_title(following=True, only="vault", words="kv", level=1, scrolls=True)
    assert title == "log: requests, following · only vault · with “kv” · ←→ scroll"


def updating(*reports: tuple[float, str, float | None, float | None]) -> ActiveRun:
    """Return a run that updates the cluster. Of each report: after how many seconds, message, time of the wait, usual time."""
    active = finished("succeeded")
    assert isinstance(active.clock, ManualClock)
    active(Event(datetime.now(UTC), "step-started", "cluster"))
    for after, message, seconds, expected in reports:
        active.clock.passed.append(after)
        active(
            Event(
                datetime.now(UTC),
                "step-progress",
                "cluster",
                seconds=seconds,
                expected_seconds=expected,
                message=message,
            )
        )
    return active


def tree(active: ActiveRun, width: int = 94) -> list[str]:
    return step_row(
        active, 10, active.steps["cluster"], width, 80 if width < 80 else 120, 0
    ).plain.splitlines()[1:]


PROPAGATING = [
    (0.0, "role assignments are propagating", 140.0, 300.0),
    (20.0, "role assignments are propagating", 160.0, 300.0),
]


@pytest.mark.parametrize(("width", "room"), [(94, 42), (78, 36)])
def test_each_wait_of_the_running_step_has_a_clock_and_its_usual_time(width: int, room: int) -> None:
    """A wait ends when the next begins, or before: when the step logs what it does next."""
    active = updating(*PROPAGATING)
    assert isinstance(active.clock, ManualClock)
    active.clock.passed.append(10.0)
    active(Event(datetime.now(UTC), "log", "cluster", message="sending the update", audience="detail"))
    for after in (7.0, 10.0):
        active.clock.passed.append(after)
        spent = active.clock.elapsed() - 31.0
        active(
            Event(
                datetime.now(UTC),
                "step-progress",
                "cluster",
                seconds=spent,
                expected_seconds=660,
                message="cluster is being updated: InProgress",
            )
        )
    active.clock.passed.append(4.0)
    rows = tree(active, width)
    assert rows[0] == f"     ├ · {'role assignments are propagating':<{room}}  2:50 of 5:00"
    assert rows[1].startswith(
        f"     └ ◐ {'cluster is being updated: InProgress':<{room}}  0:20 of 11:00  seen 4 s ago"
    )
    assert rows[1].endswith(", next in 6 s") is (width == 94)
    assert all(len(row) <= width for row in rows)


def test_a_wait_that_takes_longer_than_usual_says_so_first() -> None:
    active = updating((0.0, "propagating", 400.0, 300.0))
    assert tree(active) == [f"     └ ◐ {'propagating':<42}  6:40 of 5:00  longer than usual"]
    assert tree(active, 78)[0].endswith("  6:40 of 5:00  longer than usual")


def test_waits_are_drawn_before_the_page_has_a_width() -> None:
    assert len(tree(updating(*PROPAGATING, (5.0, f"{HEARTBEAT}something else", 9.0, None)), 0)) == 2


def test_a_heartbeat_neither_begins_nor_ends_a_wait() -> None:
    """It repeats what the step said last: of the present wait, or something else, whose time is not known."""
    same = updating(*PROPAGATING, (10.0, f"{HEARTBEAT}role assignments are propagating", 99.0, None))
    assert len(tree(same)) == 1
    assert "2:50 of 5:00  seen 10 s ago" in tree(same)[0]
    other = updating(*PROPAGATING, (10.0, f"{HEARTBEAT}sending the update", 99.0, None))
    assert tree(other) == [
        tree(same)[0].replace("└", "├"),
        "     └ · waiting for Azure; last status: sending the update",
    ]


def test_only_the_last_waits_are_shown_and_long_ones_are_cut() -> None:
    active = updating(*((1.0, f"{'very ' * number}long wait", 0.0, None) for number in range(20)))
    rows = tree(active, 78)
    assert [row[7] for row in rows] == ["·", "·", "◐"]
    assert all(len(row) <= 78 for row in rows)
    assert "…" in rows[-1]


def test_a_step_shows_how_long_it_usually_takes_before_and_after_it_runs() -> None:
    active = finished("succeeded")
    row = step_row(active, 10, active.steps["cluster"], 94, 120, 0).plain
    assert "waits for " in row
    assert row.endswith(" · usually 8–11 min")
    active.steps["cluster"].status = "running"
    assert step_row(active, 10, active.steps["cluster"], 94, 120, 0).plain.endswith(
        "in progress · usually 8–11 min"
    )
    active.steps["cluster"].started = -700.0
    assert step_row(active, 10, active.steps["cluster"], 94, 120, 0).plain.endswith("longer than 8–11 min")
    active.steps["cluster"].status, active.steps["cluster"].seconds = "succeeded", 573.0
    assert step_row(active, 10, active.steps["cluster"], 94, 120, 0).plain.endswith(
        "9:33  done · usually 8–11 min"
    )


def test_log_lines_have_a_level() -> None:
    active = finished("succeeded")
    for event in (
        Event(datetime.now(UTC), "log", "vault", message="created"),
        Event(datetime.now(UTC), "log", "vault", message="PUT", correlation_id="c0ffee"),
        Event(datetime.now(UTC), "log", "vault", message="detail", audience="detail"),
    ):
        active(event)
    assert [line.level for line in active.log] == [0, 1, 2]

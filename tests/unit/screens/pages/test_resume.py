"""What the first page says of runs and answers that can be resumed, and the history of all of them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from screens.pages import history_text
from screens.pages.resume import how_far_it_came, offer, offer_title, resume_task
from screens.pages.welcome import ENCRYPT, TASKS, prompt
from screens.session.draft import NewClusterForm, VaultForm
from screens.session.saved_drafts import SavedDraft
from tests.support import answers
from wizard.cloud.arm import Json
from wizard.runs.journal import RecordedRun, RunSummary
from wizard.runs.resume import ResumableRun

SUMMARY = RunSummary(
    "20260101-120000-aks-demo",
    Path("/runs/20260101-120000-aks-demo"),
    datetime(2026, 1, 1, 12, tzinfo=UTC),
    "aks-demo",
    "Encrypt aks-demo with a customer-managed key in a private vault",
    "failed",
    605.0,
    {"described": "simulated Azure at https://localhost:1", "simulated": True},
)
PLAN: Json = {
    "steps": [{"key": "key", "title": "Create the key"}, {"key": "cluster", "title": "Encrypt the cluster"}]
}
DRAFT = SavedDraft(
    SUMMARY.started or datetime.now(UTC), "", "", "", NewClusterForm("aks-new"), None, VaultForm(), ()
)


def event(kind: str, step: str, status: str = "") -> Json:
    return {"type": f"step-{kind}", "step": step, "status": status}


def run(*events: Json, **changes: object) -> ResumableRun:
    summary = replace(SUMMARY, **changes)  # type: ignore[arg-type]
    return ResumableRun(RecordedRun(summary, answers("platform-managed"), PLAN, events, None, ""))


DONE = event("finished", "key", "succeeded")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            run(DONE, event("started", "cluster"), event("finished", "cluster", "failed")),
            "aks-demo failed at step 2 of 2, Encrypt the cluster; 1 step completed",
        ),
        (
            run(event("started", "key"), status="interrupted"),
            "aks-demo was interrupted at step 1 of 2, Create the key",
        ),
        (run(status="unfinished"), "aks-demo ended unexpectedly"),
        (run(event("started", "of-an-older-version")), "aks-demo failed"),
    ],
)
def test_end_of_a_run_names_its_step_and_what_is_complete(found: ResumableRun, says: str) -> None:
    assert how_far_it_came(found) == says


def test_offer_has_labels_and_never_says_more_than_was_read() -> None:
    text = offer([run(DONE), run()], [DRAFT], "reading…", 90).plain
    assert "what it does      Encrypt aks-demo with a customer-managed key" in text
    assert "now in Azure      reading…" in text
    assert "also              1 other run can be resumed" in text
    assert "also not applied  your answers for aks-new, saved" in text
    narrow = offer([run(DONE)], [], "Updating", 76, narrow=True).plain
    assert narrow.startswith("! Unfinished run  aks-demo failed")
    assert "what it does" not in narrow


@pytest.mark.parametrize(
    ("runs", "drafts", "name", "title"),
    [
        ([run()], [], "Resume aks-demo", "! Unfinished run"),
        ([], [DRAFT], "Resume aks-new", "! Answers that were not applied"),
        ([run(), run()], [DRAFT], "Resume…", "! 2 unfinished runs"),
    ],
)
def test_first_entry_names_what_it_resumes(
    runs: list[ResumableRun], drafts: list[SavedDraft], name: str, title: str
) -> None:
    assert resume_task(runs, drafts)[0] == name
    assert offer_title(runs) == title


def test_ways_to_start_fit_on_a_line_and_have_a_letter_each() -> None:
    tasks = [ENCRYPT, *TASKS]
    assert len({task.key for task in tasks}) == len(tasks)
    assert all(prompt(task, narrow=True).cell_length <= 75 for task in tasks)
    assert all(prompt(task, narrow=False).cell_length <= 112 for task in tasks)


@pytest.mark.parametrize("width", [77, 116, 196])
def test_history_fits_and_says_how_each_run_ended(width: int) -> None:
    columns = history_text.columns(width)
    assert sum(columns.values()) + 2 * len(columns) <= width
    cells = history_text.cells(SUMMARY)
    assert (cells["sign"].plain, cells["status"].plain, cells["took"].plain) == ("✗", "failed", "10:05")
    assert cells["what"].plain == "Encrypt: customer, private · sim"
    assert "press r on the first page" in history_text.description(SUMMARY, can_resume=True).plain
    assert "press r" not in history_text.description(SUMMARY, can_resume=False).plain

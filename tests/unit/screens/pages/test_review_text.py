"""What the review shows of a plan: one grid, what is irreversible first, and a gate that says what was typed."""

import re
from dataclasses import replace

import pytest

from screens.pages.review_text import (
    all_checks,
    checked,
    checks_not_read,
    gate,
    more_below,
    problem,
    refusal,
    sections,
    summary,
    title,
)
from tests.facts import empty_snapshot, target
from tests.support import answers
from wizard.procedure.plan import Plan
from wizard.procedure.planning import plan_from
from wizard.rules import CHECKS, Finding

REFUSED = Finding(
    "error", "cluster-stopped", "aks-demo is stopped.", "Start it first: az aks start -n aks-demo"
)


def plan(*errors: Finding) -> Plan:
    chosen = answers("customer-managed-private")
    made = plan_from(target(chosen), empty_snapshot(chosen))
    return replace(made, findings=(*errors, *made.findings))


def test_every_name_and_every_detail_of_the_plan_starts_at_the_same_column() -> None:
    shown = sections(plan(), 94, opened=True)
    lines = [line for key in ("create", "change", "keep") for line in shown[key].plain.splitlines()[1:]]
    assert sum(line[0] in "+~=" for line in lines) >= 8
    for line in lines:
        started = [at for at in (0, 2, 26, 50) if line[at : at + 1].strip() and not line[at - 1 : at].strip()]
        assert started, line
        assert len(line) <= 94


def test_with_little_room_the_detail_is_below_the_name() -> None:
    lines = sections(plan(), 76)["create"].plain.splitlines()
    at = next(i for i, line in enumerate(lines) if "kv-demo" in line)
    assert lines[at].rstrip() == "+ key vault         kv-demo"
    assert lines[at + 1].startswith(" " * 20 + "westus2")


def test_order_of_the_sections() -> None:
    assert list(sections(plan(), 94, [("resumed", "run 1.")])) == [
        "resumed",
        "irreversible",
        "create",
        "change",
        "keep",
        "never-delete",
        "warnings",
        "passed",
    ]
    assert "passed" not in sections(plan(REFUSED), 94)


def test_what_stays_unchanged_is_closed_at_first() -> None:
    assert "\n" not in sections(plan(), 94)["keep"].plain
    assert "▾ Unchanged" in sections(plan(), 94, opened=True)["keep"].plain


def test_summary_says_from_what_to_what_and_how_much() -> None:
    move, size = summary(plan(), 94).plain.splitlines()
    assert move == "not encrypted → kv-demo/aks-kms (Private), identity id-aks-demo"
    assert size.startswith("5 to create · ")
    assert size.endswith("min")
    assert len(size) == 94
    same = ("kv-demo/aks-kms (Private), identity id-aks-demo",) * 2
    repair = summary(replace(plan(), moves=same), 76).plain.splitlines()
    assert repair[:-1] == [f"unchanged: {same[0]}"]


@pytest.mark.parametrize(
    ("of_plan", "shown"),
    [
        ("Encrypt a with a customer-managed key in a private vault", "Review: encrypt a"),
        ("Create a, encrypted with a platform-managed key", "Review: create a"),
        ("Change the network access of a to kv-a to Private", "Review: change the network access of a"),
        ("Prod is already encrypted with a platform-managed key", "Review: Prod is already encrypted"),
    ],
)
def test_title_leaves_out_what_the_line_below_it_says(of_plan: str, shown: str) -> None:
    assert title(replace(plan(), title=of_plan)) == shown


def test_problems_come_with_their_fix_and_close_the_gate() -> None:
    assert refusal(plan(REFUSED)).plain == "✗ This plan cannot be applied: 1 problem"
    assert refusal(plan()).plain == ""
    assert problem(REFUSED).plain == "aks-demo is stopped.\nFix  Start it first: az aks start -n aks-demo"
    long = replace(REFUSED, remedy=f"Start it first: az aks start -n aks-demo -g {'r' * 60}")
    assert problem(long).plain.endswith("\nFix  Start it first. ^y copies the command, F3 shows it.")
    assert gate(plan(REFUSED), "aks-demo", "aks-demo")[0].startswith("✗ Not applicable: 1 problem.")


@pytest.mark.parametrize(
    ("typed", "focused", "said"),
    [
        ("", False, "Press Enter, then type aks-demo."),
        ("", True, "Type aks-demo, then press Enter."),
        ("aks", True, "3 of 8 letters match."),
        ("aks-demo", True, "✓ Name matches. Enter applies this plan."),
        (" aks-demo ", True, "✓ Name matches."),
        ("aks-prod", True, "✗ Not aks-demo: only the first 4 letters match."),
        ("aks-demo-2", True, "✗ Not aks-demo: only the first 8 letters match."),
        ("x", True, "✗ Not aks-demo."),
    ],
)
def test_gate_says_how_much_of_the_name_matches(typed: str, focused: bool, said: str) -> None:
    assert gate(plan(), "aks-demo", typed, focused=focused)[0].startswith(said)
    assert gate(None, "aks-demo")[0] == "The plan is being made. Then type aks-demo."
    assert gate(plan(), "aks-demo", seen=False)[0].startswith("Read the plan to its end with Enter")


def test_number_of_checks_and_what_they_found() -> None:
    assert checked(plan()) == f"{CHECKS} preflight checks, 2 warnings"
    assert checked(plan(REFUSED)) == f"{CHECKS} preflight checks, 1 problem, 2 warnings"
    assert checked(replace(plan(), findings=())) == f"{CHECKS} preflight checks, no findings"


def test_all_checks_are_listed_by_group_with_those_that_passed() -> None:
    text = all_checks(plan().findings)
    by_group = re.sub(r"\n +(?=\w)", " ", text.split("\n\n")[-1])  # without its wrapping
    assert sum(len(line[14:].split(", ")) for line in by_group.splitlines()) == CHECKS
    assert text.startswith(f"{CHECKS} preflight checks: {CHECKS - 2} passed, 2 warnings.\n\n")
    assert "\nvault       ✓ name available, permission model," in text
    assert re.search(r"\nkey         ! \w+.*\n +✓ ", text)
    refused = all_checks((replace(REFUSED, check="cluster.state"), *plan().findings))
    assert f"{CHECKS - 3} passed, 1 problem, 2 warnings." in refused
    assert "\ncluster     ✗ state\n            ✓ exists, version," in refused


def test_no_check_is_called_passed_if_its_facts_are_not_read() -> None:
    unread = Finding("info", "quota-unknown", "The quota could not be read.", check="unread.everything_read")
    text = all_checks((*plan().findings, unread))
    assert f"{CHECKS - 3} found nothing, 2 warnings, 1 note. Not everything could be read" in text
    assert "✓" not in text
    text = checks_not_read("They are running.", [REFUSED])
    assert text.startswith(f"{CHECKS} preflight checks, not yet read. They are running.\n\n")
    assert "Found before the last change:\n\n" in text
    assert "\nvault       ? not yet read: name available," in text
    assert "✓" not in text


def test_more_below_names_the_sections_that_fit_on_the_line() -> None:
    keys = {"irreversible", "create", "change", "keep", "never-delete", "warnings"}
    wide, narrow = (more_below(keys, plan(), width).plain for width in (94, 60))
    assert "more below: 5 to create" in wide
    assert "never delete, 2 warnings" in narrow
    assert (len(wide), len(narrow)) == (94, 60)
    assert "1 problem, never delete, 2 warnings" in more_below({*keys, "problems"}, plan(REFUSED), 72).plain
    assert more_below([], plan(), 94).plain == ""


def test_what_is_there_already_is_linked_to_the_portal() -> None:
    urls = {"aks-demo": "https://portal/aks-demo", "kv-demo": "https://portal/kv-demo"}
    texts = sections(plan(), 90, urls=urls)
    assert "aks-demo ↗" in texts["change"].plain
    assert "↗" not in texts["create"].plain

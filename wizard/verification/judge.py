"""One check, made of what holds and what does not; every text in it from outside is cleaned here."""

import json

from wizard.cloud.arm import Json
from wizard.errors import Problem
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, Group, Outcome

GONE = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "KeyNotFound", "VaultNotFound"})
"""Azure's codes for a thing that does not exist."""


def make_check(
    code: str, group: Group, holds: bool | Outcome, good: str, bad: str, evidence: str = "", remedy: str = ""
) -> Check:
    """A check that passes with the sentence `good`, or else says `bad` and what to do about it."""
    outcome: Outcome = holds if isinstance(holds, str) else "passed" if holds else "failed"
    fine = outcome in {"passed", "note"}
    message = sanitize(good if fine else bad)
    return Check(code, group, outcome, message, sanitize(evidence), "" if fine else sanitize(remedy))


def unknown_check(code: str, group: Group, what: str, problem: Problem | None, remedy: str = "") -> Check:
    """A check that could not be made, and why. What is wrong with the operator's own rights has the role as its remedy."""
    why = problem.azure_said or problem.summary if problem else "it was not found from here"
    if not remedy and problem is not None and problem.kind != "input":
        remedy = problem.remedy
    remedy = remedy or f"Sign in as somebody who may read {what} (the role Reader on it)."
    return make_check(code, group, "unknown", "", f"{what.capitalize()} could not be looked at.", why, remedy)


def shown(body: Json, name: str) -> str:
    """One property as JSON writes it."""
    return f"{name}: {json.dumps(body[name]) if name in body else 'not set'}"

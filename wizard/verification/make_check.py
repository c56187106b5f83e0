"""Makes checks from what was read. Text from outside is sanitized here."""

import json

from wizard.cloud.arm import Json
from wizard.errors import Problem
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, Group, Outcome
from wizard.verification.verdict import CODES, TRANSIENT

GONE = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "KeyNotFound", "VaultNotFound"})
"""Azure's codes for something that does not exist."""


def make_check(
    code: str,
    group: Group,
    holds: bool | Outcome,
    good: str,
    bad: str,
    evidence: str = "",
    remedy: str = "",
    *,
    unread: str = "",
    transient: bool = False,
) -> Check:
    """Return a check with the message `good` if it passes, or else `bad` and the remedy.

    Raise LookupError if wizard/verification/verdict.py does not say how the check affects the verdict.
    """
    if code not in CODES:
        raise LookupError(f"{code} has to be entered in wizard/verification/verdict.py.")
    outcome: Outcome = holds if isinstance(holds, str) else "passed" if holds else "failed"
    fine = outcome in {"passed", "note"}
    message = sanitize(good if fine else bad)
    remedy = "" if fine else sanitize(remedy)
    return Check(
        code,
        group,
        outcome,
        message,
        sanitize(evidence),
        remedy,
        unread=sanitize(unread),
        transient=transient,
    )


def unknown_check(code: str, group: Group, what: str, problem: Problem | None, remedy: str = "") -> Check:
    """Return a check that could not be made because `what` could not be read, with the reason as evidence.

    The remedy is that of the problem, unless the signed-in identity lacks a permission: then it is the role Reader.
    """
    why = "It was not found."
    if problem is not None:
        why = problem.azure_said or " ".join(filter(None, (problem.summary, problem.cause)))
    if not remedy and problem is not None and problem.kind != "input":
        remedy = problem.remedy
    remedy = remedy or f"Sign in with an identity that can read {what} (role Reader)."
    reason = f" ({problem.code})" if problem is not None and problem.code else ""
    message = f"{what[0].upper()}{what[1:]} could not be read{reason}."
    transient = problem is not None and problem.kind in TRANSIENT
    return make_check(code, group, "unknown", "", message, why, remedy, unread=what, transient=transient)


def shown(body: Json, name: str) -> str:
    """Return one property as JSON writes it."""
    return f"{name}: {json.dumps(body[name]) if name in body else 'not set'}"

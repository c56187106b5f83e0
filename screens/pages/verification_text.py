"""What the verification shows: the verdict, each check, and what must not be deleted. Pure functions."""

import json
from collections import Counter

from textual.content import Content

from wizard.reports.wording import KINDS, OUTCOMES, STYLES, VERDICTS, details, hanging
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, ClusterReport

GROUPS = {
    "cluster": "The cluster",
    "key": "The key",
    "vault": "The vault",
    "identity": "The identity",
    "access": "Access to the key",
    "code": "Infrastructure code",
    "expectation": "Compared with your answers",
    "inside": "Inside the cluster",
}


def verdict(report: ClusterReport) -> Content:
    """Return the verdict, how many checks passed, and the facts about the cluster."""
    outcomes = Counter(check.outcome for check in report.checks if check.outcome != "note")
    failed, other = outcomes["failed"], outcomes["warning"] + outcomes["unknown"]
    words = [f"{outcomes['passed']} of {outcomes.total()} checks passed"]
    words += [f"{failed} failed"] if failed else []
    words += [f"{other} to review"] if other else []
    sign, _, tone = VERDICTS["passed" if report.passed else report.outcome]
    facts = f"{KINDS[report.encryption]} · Kubernetes {report.kubernetes_version} · {report.resource_group}"
    return Content.assemble(
        (f"{sign}  {report.headline}", f"bold {STYLES[tone]}"),
        (f"\n   {', '.join(words)} · {facts}", "$quiet"),
    )


def keep(report: ClusterReport, heading: Content, indent: str = "") -> Content:
    """Return what must never be deleted below a heading; empty if there is nothing."""
    if not report.keep:
        return Content("")
    return Content("\n").join([heading, *(Content(f"{indent}{text}") for text in report.keep)])


def profile(report: ClusterReport) -> str:
    """Return the security profile as Azure returned it, as JSON."""
    return sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))


def check_text(check: Check, width: int, *, opened: bool) -> Content:
    """Return a check in `width` columns; if it is open, with its evidence, what it proves and its remedy."""
    sign, word, tone = OUTCOMES[check.outcome]
    outcome = "" if check.outcome == "passed" else f"{word}: "
    text = Content.assemble(
        (f"  {sign} ", STYLES[tone]),
        (outcome, STYLES[tone]),
        hanging(sanitize(check.message), 4, width - len(outcome)),
    )
    if not opened:
        return text
    for label, words in details(check):
        text += Content.assemble(
            (f"\n      {label}: ", "$quiet"), hanging(sanitize(words), 8, width - len(label))
        )
    return text + Content.assemble((f"\n      check {check.code}", "$quiet"))

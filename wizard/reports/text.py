"""A verification as plain text, the verdict first. The more detail is asked for, the more of what passed is shown."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from wizard.fleet.tally import Tally
from wizard.reports.infrastructure_code import TITLE as CODE
from wizard.reports.infrastructure_code import code_lines
from wizard.reports.table import table
from wizard.reports.wording import KEEP, OUTCOMES, SEVERITY, SHORT_KINDS, VERDICTS, count, details
from wizard.system.sanitize import one_line, sanitize
from wizard.verification.reasons import joined, reasons
from wizard.verification.report import CENTRAL, Check, ClusterReport

Detail = Literal[0, 1, 2]
"""0: the verdict, a line for each group, and what did not pass. 1: all checks with evidence. 2: IDs and provenance as well."""

_SYMPTOMS = {CENTRAL, "cluster-healthy"}
"""Checks that often fail because of another one."""


def report_text(report: ClusterReport, detail: Detail = 2) -> str:
    """Return the report on one cluster."""
    lines = [verdict(report)]
    if cause := cause_of(report):
        lines.append(f"  Cause: {one_line(cause)}")
    lines += [f"  {line}" for line in _about(report, detail)]
    lines.append("")
    lines += _all_checks(report, detail) if detail else _groups(report)
    if report.keep and detail:
        lines += ["", KEEP, *(f"  ! {one_line(sentence)}" for sentence in report.keep)]
    if detail and (said := code_lines(report.encryption, report.resource_group, report.name)):
        lines += ["", CODE, *(f"  {one_line(sentence)}" for sentence in said)]
    if detail > 1:
        profile = sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))
        lines += [
            "",
            "Security profile, as returned by Azure",
            *(f"  {line}" for line in profile.splitlines()),
        ]
    return "\n".join([*lines, "", summary(report, detail)])


def verdict(report: ClusterReport) -> str:
    """Return the headline with the sign of the verdict."""
    sign = "✓" if report.passed and not report.left_out else VERDICTS[report.outcome][0]
    return f"{sign} {one_line(report.headline)}"


def problems_text(report: ClusterReport) -> list[str]:
    """Return the checks that did not pass, with evidence and remedy."""
    problems = problems_of(report)
    return list(_problem_lines(problems, 0, _code_width(problems)))


def _problem_lines(problems: Sequence[Check], detail: Detail, code_width: int) -> Iterator[str]:
    """Return the lines of checks that did not pass; what to do about several is said once."""
    first: dict[str, str] = {}
    for check in problems:
        other = first.setdefault(check.remedy, check.code)
        shown = check if other == check.code or not check.remedy else replace(check, remedy=f"as for {other}")
        yield from _check(shown, detail, code_width)


def summary(report: ClusterReport, detail: Detail = 0) -> str:
    """Return the verdict in two words, and how many checks passed: `Verified: 28 of 28 checks passed.`"""
    outcomes = Counter(check.outcome for check in report.checks)
    words = VERDICTS[report.outcome][1]
    parts = [f"{outcomes['passed']} of {count(outcomes.total() - outcomes['note'], 'check')} passed"]
    parts += [f"{outcomes['failed']} failed"] if outcomes["failed"] else []
    parts += [f"{outcomes['unknown']} unknown"] if outcomes["unknown"] else []
    parts += [count(outcomes["warning"], "warning")] if outcomes["warning"] else []
    more = "" if detail else " All checks: -v"
    return f"{words[0].upper()}{words[1:]}: {', '.join(parts)}.{more}"


def overview(reports: Sequence[ClusterReport], tally: Tally, detail: Detail = 0) -> str:
    """Return one line for each cluster with the reason of its verdict, failures first, and the tally.

    With more detail, the messages of checks take the place of the reasons.
    """
    rows = [
        (
            VERDICTS[report.outcome][0],
            report.name,
            report.resource_group,
            SHORT_KINDS[report.encryption],
            "; ".join(check.message for check in causes_first(report))
            if detail
            else joined(reasons_of(report)),
        )
        for report in sorted(reports, key=lambda each: SEVERITY[each.outcome])
    ]
    return table(("", "CLUSTER", "RESOURCE GROUP", "ENCRYPTION", "REASON"), rows) + f"\n\n{tally}"


def causes_first(report: ClusterReport) -> list[Check]:
    """Return the checks against a cluster, causes before symptoms. That it is not encrypted is a cause."""
    bare = report.encryption == "none"
    return sorted(report.against, key=lambda each: each.code != CENTRAL if bare else each.code in _SYMPTOMS)


def reasons_of(report: ClusterReport) -> tuple[str, ...]:
    """Return why a cluster is not verified, or what the warnings are about, each in a few words."""
    found = reasons(causes_first(report))
    return found or (("not certain: not every check was made",) if report.outcome == "unknown" else ())


def cause_of(report: ClusterReport) -> str:
    """Return why the cluster is not verified, if the headline does not say it: a check that is more than a symptom."""
    if report.passed:
        return ""
    causes = [check for check in report.against if check.code not in _SYMPTOMS]
    more = f" ({len(causes) - 1} more below)" if len(causes) > 1 else ""
    return causes[0].message + more if causes else ""


def _about(report: ClusterReport, detail: Detail) -> Iterator[str]:
    provenance = report.provenance
    if detail > 1:
        yield report.id
        yield f"Kubernetes {report.kubernetes_version}"
        yield from (f"{what}: {words}" for what, words in (provenance.rows if provenance else ()))
        return
    parts = [f"Kubernetes {report.kubernetes_version}", report.resource_group]
    if provenance:
        parts.append(f"read {provenance.read_at:%Y-%m-%d %H:%M} UTC by {provenance.signed_in['name']}")
    yield one_line(" · ".join(parts))


def _groups(report: ClusterReport) -> Iterator[str]:
    """Return one line for each group, then the checks that did not pass."""
    for group in dict.fromkeys(check.group for check in report.checks):
        checks = [check for check in report.checks if check.group == group]
        yield f"  {_worst(checks)} {group:<11}  {_outcomes(checks)}"
    if report.encryption != "none" and all(check.group != "inside" for check in report.checks):
        yield f"  ○ {'inside':<11}  not checked: --in-cluster checks it"
    if problems := problems_text(report):
        yield ""
        yield from problems


def _all_checks(report: ClusterReport, detail: Detail) -> Iterator[str]:
    """Return the checks that did not pass, then the others by group."""
    width, problems = _code_width(report.checks), problems_of(report)
    blocks = [list(_problem_lines(problems, detail, width))] if problems else []
    for group in dict.fromkeys(check.group for check in report.checks):
        checks = [check for check in report.checks if check.group == group]
        lines = [line for check in checks if check not in problems for line in _check(check, detail, width)]
        if lines:
            blocks.append([f"{group.capitalize()}: {_outcomes(checks)}", *lines])
    for number, block in enumerate(blocks):
        yield from [""] * (number > 0) + block


def problems_of(report: ClusterReport) -> list[Check]:
    """Return the checks that did not pass: failed ones first, and among these, causes before symptoms."""
    order = {"failed": 0, "unknown": 1, "warning": 2}
    problems = [check for check in report.checks if check.outcome in order]
    return sorted(problems, key=lambda check: (order[check.outcome], check.code in _SYMPTOMS))


def _code_width(checks: Iterable[Check]) -> int:
    return max((len(check.code) for check in checks), default=0)


def _worst(checks: Iterable[Check]) -> str:
    found = {check.outcome for check in checks}
    worst = next((each for each in ("failed", "unknown", "warning", "passed") if each in found), "note")
    return OUTCOMES[worst][0]


def _outcomes(checks: Iterable[Check]) -> str:
    """Return `6 passed, 2 warnings`."""
    found = Counter[str](check.outcome for check in checks)
    nouns = {"warning", "note"}
    return ", ".join(
        count(found[each], word) if each in nouns else f"{found[each]} {word}"
        for each, (_, word, _) in OUTCOMES.items()
        if found[each]
    )


def _check(check: Check, detail: Detail, code_width: int) -> Iterator[str]:
    """Return a check that passed on one line with its evidence; another one with all that is to be known."""
    start = f"  {OUTCOMES[check.outcome][0]} {check.code:<{code_width}}  "
    if check.outcome in {"passed", "note"} and detail < 2:
        yield start + one_line(" · ".join(filter(None, (check.message, check.evidence))))
        return
    yield start + one_line(check.message)
    rows = [(label, text) for label, text in details(check) if detail or not label.endswith("prove")]
    width = max((len(label) for label, _ in rows), default=0)
    for label, text in rows:
        yield f"{'':<{len(start)}}{label:<{width}}  {one_line(text)}"

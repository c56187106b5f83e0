"""What the verification shows: the verdict with its cause, what did not pass, the groups of what did, one check in full.

Pure functions.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass

from textual.content import Content

from screens.widgets.frame import NARROW
from screens.widgets.grid import row, rows
from screens.widgets.infrastructure_code import code_section
from screens.widgets.links import Link, portal
from wizard.cloud.arm import dig
from wizard.cloud.encryption import Encryption
from wizard.reports.text import cause_of, problems_of, summary
from wizard.reports.wording import (
    KEEP,
    KINDS,
    OUTCOMES,
    STYLES,
    VERDICTS,
    command_in,
    count,
    hanging,
)
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
PROBLEMS = {"failed": "Failed", "unknown": "Unknown", "warning": "Warnings"}
"""Outcomes of checks that did not pass, with the heading of their rows."""
_LABEL = 8
"""The width of a label in the description of a check."""


def verdict(report: ClusterReport, width: int) -> Content:
    """Return the verdict in capitals with the number of checks, the sentence that explains it, its cause, and facts."""
    sign, words, tone = VERDICTS[report.outcome]
    if report.passed:
        sign, _, tone = VERDICTS["passed"]
    facts = f"{KINDS[report.encryption]} · Kubernetes {report.kubernetes_version} · {report.resource_group}"
    because = cause_of(report)
    first = f"{sign} {words.upper()}"
    below = ["", sanitize(report.headline), f"Cause: {sanitize(because)}" if because else ""]
    below += [sanitize(facts)] if width >= NARROW - 22 else []
    styles = ("", "", "bold", "$quiet")
    number = f"   {counts(report)}"
    return Content.assemble(
        (first, f"bold {STYLES[tone]}"),
        (number if len(first) + len(number) <= width else f"\n  {counts(report)}", ""),
        *(
            (f"\n  {hanging(text, 2, width)}", style)
            for text, style in zip(below, styles, strict=False)
            if text
        ),
    )


def counts(report: ClusterReport) -> str:
    """Return how many checks passed: `22 of 27 checks passed, 2 failed, 1 unknown, 2 warnings`."""
    return summary(report, 2).partition(": ")[2].rstrip(".")


@dataclass(frozen=True)
class Row:
    """One row of the list."""

    key: str
    """Of a check its code; of a group `group-` and its key."""
    text: Content
    check: Check | None = None
    enabled: bool = True


def listed(
    report: ClusterReport,
    width: int,
    *,
    opened: Collection[str] = (),
    only_problems: bool = False,
    inside_at: str = "",
) -> list[Row]:
    """Return the rows of the list: what failed, what is unknown, warnings, then the groups of what passed.

    `opened`: the keys of the groups whose checks are shown; `inside_at`: the time of the checks inside the cluster.
    """
    found: list[Row] = []
    wrong = problems_of(report)
    for outcome, heading in PROBLEMS.items():
        these = [check for check in wrong if check.outcome == outcome]
        if these:
            found.append(_heading(f"head-{outcome}", heading, len(these)))
            found += [Row(check.code, _line(check, width), check) for check in these]
    if only_problems:
        return found
    found.append(_heading("head-passed", "Passed", sum(check.outcome == "passed" for check in report.checks)))
    for group in dict.fromkeys(check.group for check in report.checks):
        checks = [check for check in report.checks if check.group == group]
        key = f"group-{group}"
        when = f", at {inside_at}" if group == "inside" and inside_at else ""
        found.append(Row(key, _group(group, checks, when, opened=key in opened)))
        if key in opened:
            found += [
                Row(check.code, _line(check, width, indent=4), check)
                for check in checks
                if check.outcome in {"passed", "note"}
            ]
    if report.keep:
        found.append(Row("keep", keep(report, width), enabled=False))
    if report.encryption != "none":
        found.append(Row("code", code_section(report.encryption, width), enabled=False))
    return found


def _heading(key: str, words: str, number: int) -> Row:
    return Row(key, Content.assemble((words, "bold"), (f"  {number}", "$quiet")), enabled=False)


def _group(group: str, checks: list[Check], when: str, *, opened: bool) -> Content:
    """Return the row of a group: whether it is open, and how many of its checks passed."""
    passed = sum(check.outcome == "passed" for check in checks)
    made = sum(check.outcome != "note" for check in checks)
    sign, tone = ("✓", STYLES["good"]) if made and passed == made else ("·", "$quiet")
    said = f"{passed} of {count(made, 'check')}" if made else count(len(checks), "note")
    return Content.assemble(
        ("▾ " if opened else "▸ ", STYLES["busy"]),
        (f"{sign} ", tone),
        f"{GROUPS.get(group, group):<27}",
        (f"{said}{when}", "$quiet"),
    )


def _line(check: Check, width: int, indent: int = 2) -> Content:
    sign, _, tone = OUTCOMES[check.outcome]
    return Content.assemble(
        " " * indent, (f"{sign} ", STYLES[tone]), hanging(sanitize(check.message), indent + 2, width)
    )


def keep(report: ClusterReport, width: int) -> Content:
    """Return what must never be deleted; empty if there is nothing."""
    if not report.keep:
        return Content("")
    lines = [[("  !", STYLES["warn"]), (sanitize(sentence), "")] for sentence in report.keep]
    return Content("\n").join([Content.assemble((KEEP, "bold")), rows(lines, (0, 4), width)])


def next_problem(listed_rows: list[Row], here: int | None) -> int | None:
    """Return the place of the next row that did not pass; after the last comes the first; None if there is none."""
    places = [at for at, each in enumerate(listed_rows) if each.check and each.check.outcome in PROBLEMS]
    after = [at for at in places if here is not None and at > here]
    return next(iter(after or places), None)


def detail(check: Check, width: int, *, brief: bool = False, links: Content | None = None) -> Content:
    """Return everything about one check: what was found, what it proves, how to fix it.

    `brief`: without its message; `links`: to the portal, see `portal_of`.
    """
    sign, word, tone = OUTCOMES[check.outcome]
    head = Content.assemble((f"{sign} {word}", f"bold {STYLES[tone]}"), (f"  {check.code}", "$quiet"))
    said = [] if brief else [Content(f"{sanitize(check.message)}\n")]
    seen = "Seen" if check.group == "inside" else "Found"
    lines = [
        row([(label, "$quiet"), (sanitize(words), "")], (0, _LABEL), width)
        for label, words in (
            (seen, check.evidence),
            ("Proves" if check.outcome == "passed" else "A pass proves", check.proves),
            ("Fix", _fix(check.remedy, width - _LABEL)),
            ("Verdict", "left out, as requested" if check.left_out else ""),
        )
        if words
    ]
    return Content("\n").join([head, *said, *lines, *([Content("\n") + links] if links else [])])


def _fix(remedy: str, width: int) -> str:
    """Return a remedy; of a command that would be broken within a word, only its first words."""
    command = command_in(remedy)
    if max(map(len, command.split()), default=0) <= width:
        return remedy
    short = command.partition(" -")[0]
    return f"{remedy.replace(command, f'{short} …')}; c copies it in full"


def portal_of(report: ClusterReport, link: Link) -> Content:
    """Return links to the cluster and its vault in the portal; empty if there is no portal."""
    vault = str(dig(report.security_profile, "azureKeyVaultKms", "keyVaultResourceId") or "")
    return portal([each for each in (report.id, vault) if each], link, _LABEL)


def about(report: ClusterReport, width: int, link: Link) -> Content:
    """Return how the cluster is encrypted. `link`: returns the URL of a resource in the portal, or nothing."""
    found = Encryption.of({"properties": {"securityProfile": report.security_profile}})
    facts = [
        ("by", KINDS[report.encryption]),
        ("key", found.key_name),
        ("version", found.key_version),
        ("vault", f"{found.network_access} access" if found.network_access else ""),
    ]
    table = [[(label, "$quiet"), (sanitize(text), "")] for label, text in facts if text]
    head = Content.assemble(("Encryption in the cluster's settings", "bold"))
    more = Content.assemble(("\np shows them as Azure returned them", "$quiet"))
    links = portal_of(report, link)
    return Content("\n").join([head, rows(table, (0, _LABEL), width), *([links] if links else []), more])


def profile(report: ClusterReport) -> str:
    """Return the security profile as Azure returned it, as JSON."""
    return sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))

"""Reports to be saved, as plain Markdown."""

import json

from screens.running import ActiveRun
from screens.words import OUTCOMES, STEP_STATES, duration
from wizard.verification.report import ClusterReport


def run_report(active: ActiveRun) -> str:
    """What a run did, what failed, and its whole log."""
    lines = [
        f"# {active.plan.title}",
        "",
        f"- cluster: `{active.plan.cluster_id}`",
        f"- plan: `{active.plan.digest}`",
        f"- outcome: {active.status or 'under way'}, after {duration(active.elapsed)}",
        "",
        "## Steps",
        "",
    ]
    for key, progress in active.steps.items():
        sign, word, _ = STEP_STATES[progress.status]
        spent = active.spent(progress)
        took = f" ({duration(spent)})" if spent is not None else ""
        lines.append(f"- {sign} `{key}` {progress.step.title}: {word or progress.status}{took}")
    if problem := active.problem:
        lines += ["", "## What failed", "", problem.summary]
        for label, text in (
            ("Azure said", " ".join(filter(None, (problem.code, problem.azure_said)))),
            ("likely cause", problem.cause),
            ("what to do", problem.remedy),
            ("correlation id", problem.correlation_id),
        ):
            if text:
                lines.append(f"- {label}: {text}")
    lines += ["", "## Log", "", "```", *(str(line) for line in active.log), "```", ""]
    return "\n".join(lines)


def verification_report(report: ClusterReport) -> str:
    """A verification for people."""
    lines = [
        f"# {report.verdict}",
        "",
        f"- cluster: `{report.id}`",
        f"- Kubernetes {report.kubernetes_version}",
        "",
    ]
    for group in dict.fromkeys(check.group for check in report.checks):
        lines += [f"## {group.capitalize()}", ""]
        for check in (c for c in report.checks if c.group == group):
            sign, word, _ = OUTCOMES[check.outcome]
            lines.append(f"- {sign} {word}: {check.message}")
            if check.evidence:
                lines.append(f"  - evidence: {check.evidence}")
            if check.remedy:
                lines.append(f"  - what to do: {check.remedy}")
        lines.append("")
    if report.keep:
        lines += ["## Keep for ever", "", *(f"- {text}" for text in report.keep), ""]
    profile = json.dumps(report.security_profile, indent=2)
    return "\n".join([*lines, "## securityProfile, as Azure returned it", "", "```json", profile, "```", ""])

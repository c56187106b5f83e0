"""Advisory reads that did not succeed: what is not known, why, and what they would have shown."""

from collections.abc import Iterable, Iterator

from wizard.cloud.reads import Unknown
from wizard.rules.finding import Finding, rule
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import one_line, sanitize


@rule
def everything_read(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report each kind of advisory read that did not succeed, once: a plan does without it, but never silently."""
    del target
    yield from of_reads((*snapshot.unknown, *snapshot.code.unread))


def of_reads(unknown: Iterable[Unknown]) -> Iterator[Finding]:
    """Yield a finding for each kind of read among these."""
    by_kind: dict[str, list[Unknown]] = {}
    for each in unknown:
        by_kind.setdefault(each.read.name, []).append(each)
    for name, (first, *others) in by_kind.items():
        yield Finding(
            first.read.level,
            f"{name}-unknown",
            f"{_what([first, *others])} {_why(first)} {first.read.absence}",
            sanitize(first.problem.remedy) if _helps(first) else "",
        )


def _helps(unknown: Unknown) -> bool:
    """Whether the operator has a reason to follow the problem's remedy: the read matters, or may succeed the next time."""
    return unknown.read.level == "warning" or unknown.problem.kind in {"transient", "unreachable"}


def _what(found: list[Unknown]) -> str:
    """Return what could not be read: of each resource, if there are few."""
    summaries = list(dict.fromkeys(each.problem.summary for each in found))
    more = f" {len(summaries) - 2} more could not be read." if len(summaries) > 2 else ""
    return sanitize(" ".join(summaries[:2])) + more


def _why(unknown: Unknown) -> str:
    """Return the reason: Azure's own words, or else the cause."""
    problem = unknown.problem
    if problem.kind == "unreachable" or not problem.azure_said:
        return sanitize(problem.cause)
    said = one_line(problem.azure_said)
    short = said if len(said) <= 200 else f"{said[:199]}…"
    return f"Azure said: {problem.code}: {short}" + ("" if short.endswith((".", "…")) else ".")

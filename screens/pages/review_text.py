"""What the review shows of a plan: its size, its problems, its resources on one grid, what is irreversible. Pure functions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from textual.content import Content

from screens.widgets.form_words import for_form
from screens.widgets.frame import NARROW
from screens.widgets.grid import PROSE, Cell, row, rows, section
from screens.widgets.links import linked_cell
from wizard.procedure.plan import Plan
from wizard.reports.wording import (
    AFTERWARDS,
    FOLLOWS,
    KEEP,
    LEVELS,
    STYLES,
    Tone,
    command_in,
    count,
    hanging,
    usually,
    without_command,
)
from wizard.rules import CHECKS, NAMES, Finding, Level

_TITLES = {"Assign", "Change", "Create", "Encrypt", "Follow", "Migrate", "Repair"}
"""The verbs with which the title of a plan begins."""

_VERBS: dict[str, tuple[str, Tone]] = {"create": ("+", "good"), "change": ("~", "warn"), "keep": ("=", "dim")}


def title(plan: Plan) -> str:
    """Return the title of a plan without the part that the line below it says: `Review: encrypt orders-prod`."""
    short = plan.title.split(", ")[0].split(" with ")[0].split("; ")[0].split(" from ")[0].split(" to ")[0]
    verb, _, rest = short.partition(" ")
    return f"Review: {verb.lower()} {rest}" if verb in _TITLES else f"Review: {short}"


def summary(plan: Plan, width: int) -> Content:
    """Return from what to what the plan changes the encryption, if it does, and how much it changes."""
    before, after = plan.moves
    move = f"{before} → {after}" if before != after else f"unchanged: {after}"
    if before != after and len(move) > width:
        move = f"{hanging(before, 2, width)}\n→ {hanging(after, 2, width)}"
    return Content.assemble(move, "\n", _size(plan, width))


def _size(plan: Plan, width: int) -> Content:
    verbs = Counter(effect.verb for effect in plan.effects)
    left = f"{verbs['create']} to create · {verbs['change']} to change · {verbs['keep']} unchanged"
    left += f" · {count(len(plan.warnings), 'warning')}" if plan.warnings else ""
    right = f"usually {usually(*plan.usually)}" if plan.writes else ""
    return Content.assemble((left, "bold"), " " * max(2, width - len(left) - len(right)), (right, "$quiet"))


def refusal(plan: Plan) -> Content:
    """Return that the plan has problems; empty if it has none."""
    if not plan.errors:
        return Content("")
    problems = count(len(plan.errors), "problem")
    return Content.assemble((f"✗ This plan cannot be applied: {problems}", f"bold {STYLES['bad']}"))


def problem(finding: Finding) -> Content:
    """Return a finding that prevents the run, with its remedy. A long command is left to be copied, or to be read with F3."""
    message, remedy = for_form(finding.message), for_form(finding.remedy)
    if not remedy:
        return Content(message)
    if len(command_in(remedy)) > _LONG:
        remedy = f"{without_command(remedy)} ^y copies the command, F3 shows it."
    return Content.assemble(message, ("\nFix  ", "$quiet"), remedy)


_LONG = 60
"""Characters of a command that is shown in a remedy."""


def sections(
    plan: Plan,
    width: int,
    resumed: Sequence[tuple[str, str]] = (),
    *,
    opened: bool = False,
    urls: Mapping[str, str] | None = None,
) -> dict[str, Content]:
    """Return the sections of the review by their keys, in their order; an empty one is left out.

    `resumed`: labels and sentences about the run that is resumed; `opened`: show what stays unchanged; `urls`: of resources
    in the portal, by their names.
    """
    urls = urls or {}
    starts = _starts(width)
    found = {
        "resumed": section("Since the last run", _since(resumed, starts, width)),
        "irreversible": section("Irreversible", _sentences(plan.irreversible, width, "!")),
        "create": _block(plan, "create", width, {}),  # nothing is there yet
        "change": _block(plan, "change", width, urls),
        "keep": _unchanged(plan, width, urls, opened=opened),
    }
    for heading, key in AFTERWARDS:
        found[key if key != "keep" else "never-delete"] = section(
            heading, _sentences(getattr(plan, key), width, "·" if key == "clean_up" else "!")
        )
    found["warnings"] = section("Warnings", *(_finding(each, starts, width) for each in plan.warnings))
    if not plan.errors:
        found["passed"] = Content.assemble(
            ("✓ ", STYLES["good"]), f"No blocking problems: {checked(plan)}.", ("  F3", "$quiet")
        )
    return {key: text for key, text in found.items() if text.plain}


def checked(plan: Plan) -> str:
    """Return how many preflight checks were made, and what they found: `39 preflight checks, 2 warnings, 1 note`."""
    notes = len(plan.findings) - len(plan.warnings) - len(plan.errors)
    words = [f"{CHECKS} preflight checks"]
    for number, thing in ((len(plan.errors), "problem"), (len(plan.warnings), "warning"), (notes, "note")):
        words += [count(number, thing)] if number else []
    return ", ".join(words if len(words) > 1 else [*words, "no findings"])


def all_checks(findings: Sequence[Finding]) -> str:
    """Return what the preflight checks found, with remedies, and below it every check by group, with those that passed.

    A check that found nothing is not called passed if something could not be read.
    """
    unread = any(finding.code.endswith("-unknown") for finding in findings)
    passed = "found nothing" if unread else "passed"
    levels = Counter(finding.level for finding in findings)
    words = [f"{len({*NAMES} - {finding.check for finding in findings})} {passed}"]
    for level, thing in _THINGS.items():
        words += [count(levels[level], thing)] if levels[level] else []
    head = f"{CHECKS} preflight checks: {', '.join(words)}."
    head += " Not everything could be read, see the findings." if unread else ""
    return "\n\n".join(
        [
            head,
            *map(_finding_text, findings),
            _by_group(findings, *(("·", "found nothing: ") if unread else ("✓", ""))),
        ]
    )


def checks_not_read(reason: str, earlier: Sequence[Finding]) -> str:
    """Return why the preflight checks are not made yet for what the form says, and each of them by group.

    `earlier`: what they found before the last change, as far as it is about something else.
    """
    head = f"{CHECKS} preflight checks, not yet read. {reason}"
    kept = ["Found before the last change:", *map(_finding_text, earlier)] if earlier else []
    return "\n\n".join([head, *kept, _by_group((), "?", "not yet read: ")])


_THINGS: dict[Level, str] = {"error": "problem", "warning": "warning", "info": "note"}


def _finding_text(finding: Finding) -> str:
    """Return a finding as lines: what is wrapped stays beside its sign, and a command is whole on a line of its own."""
    sign, word, _ = LEVELS[finding.level]
    message, remedy = for_form(finding.message), for_form(finding.remedy)
    command = command_in(remedy)
    lines = [hanging(f"{sign} {word}: {message}", 2, _DIALOG)]
    if remedy and (text := without_command(remedy) if command else remedy):
        lines.append(f"  {hanging(text, 2, _DIALOG)}")
    lines += [f"  {command}"] if command else []
    return "\n".join([*lines, f"  ({finding.code})"])


def _by_group(findings: Sequence[Finding], sign: str, said: str = "") -> str:
    """Return the names of all preflight checks by group: those with findings first, then, after `sign`, the others."""
    worst = {finding.check: finding.level for finding in reversed(findings)}  # errors are first
    groups: dict[str, dict[Level | None, list[str]]] = {}
    for check in NAMES:
        group, _, name = check.partition(".")
        by_level = groups.setdefault(group, {**{level: [] for level in _THINGS}, None: []})
        by_level[worst.get(check)].append(name.replace("_", " "))
    lines = []
    for group, by_level in groups.items():
        label = group
        for level, names in by_level.items():
            if names:
                text = f"{LEVELS[level][0]} " if level else f"{sign} {said}"
                text = hanging(text + ", ".join(names), _GROUP + 2, _DIALOG)
                lines.append(f"{label:<{_GROUP}}{text}")
                label = ""
    return "\n".join(lines)


_GROUP = 12
"""The column of the checks, after their group."""
_DIALOG = 64
"""Columns of the text in a dialog on a small terminal."""


def more_below(keys: Collection[str], plan: Plan, width: int) -> Content:
    """Return the line below the plan: which of these sections are further down; empty if there is none."""
    verbs = Counter(effect.verb for effect in plan.effects)
    words: Mapping[str, str] = {
        "problems": count(len(plan.errors), "problem"),
        "irreversible": "irreversible",
        "create": f"{verbs['create']} to create",
        "change": f"{verbs['change']} to change",
        "keep": f"{verbs['keep']} unchanged",
        "never-delete": KEEP.lower(),
        "still_needed": "still needed",
        "clean_up": "delete later",
        "warnings": count(len(plan.warnings), "warning"),
    }
    room = width - len("── more below:  ── pgdn ──")
    names = [words[key] for key in words if key in keys]
    kept = int("problems" in keys)
    while len(names) > kept and len(", ".join(names)) > room:  # the nearest is on the screen in part
        del names[kept]
    if not names:
        return Content("")
    text = f"── more below: {', '.join(names)} "
    return Content.assemble((f"{text}{'─' * (width - len(text) - 8)} pgdn ──", "$quiet"))


def gate(
    plan: Plan | None, cluster: str, typed: str = "", *, focused: bool = False, seen: bool = True
) -> tuple[str, str]:
    """Return the text below the cluster name that is to be typed, and its style.

    `focused`: it can be typed now; `seen`: the end of the plan has been on the screen.
    """
    if plan is None:
        return f"The plan is being made. Then type {cluster}.", "$quiet"
    if plan.errors:
        problems = count(len(plan.errors), "problem")
        return f"✗ Not applicable: {problems}. Fix them, then F5 plans again.", STYLES["bad"]
    if not plan.writes:
        if plan.follows:
            return f"· {FOLLOWS}: verify it when that has ended.", "$quiet"
        return "✓ No changes. The cluster already matches your configuration.", "$quiet"
    if not seen:
        return f"Read the plan to its end with Enter, then type {cluster}.", "$quiet"
    typed = typed.strip()
    if typed == cluster:
        return "✓ Name matches. Enter applies this plan.", STYLES["good"]
    if typed and cluster.startswith(typed):
        return f"{len(typed)} of {len(cluster)} letters match.", "$quiet"
    if typed:
        same = next(
            (at for at, pair in enumerate(zip(typed, cluster, strict=False)) if pair[0] != pair[1]),
            len(cluster),
        )
        return (
            f"✗ Not {cluster}: only the first {count(same, 'letter')} match."
            if same
            else f"✗ Not {cluster}.",
            STYLES["bad"],
        )
    if focused:
        return f"Type {cluster}, then press Enter. Nothing is changed before that.", "$quiet"
    return f"Press Enter, then type {cluster}. Nothing is changed before that.", "$quiet"


def _starts(width: int) -> tuple[int, ...]:
    """Return the columns of sign, kind, name and detail. With little room the detail is below the name."""
    return (0, 2, 20, 20) if width < NARROW - 22 else (0, 2, 26, 50)


def _block(plan: Plan, verb: str, width: int, urls: Mapping[str, str]) -> Content:
    """Return the resources that are created, changed or kept, on the grid."""
    sign, tone = _VERBS[verb]
    table: list[list[Cell]] = [
        [
            (sign, STYLES[tone]),
            (effect.what, "$quiet"),
            linked_cell(effect.name, "" if verb == "keep" else "bold", urls.get(effect.name, "")),
            (effect.detail, ""),
        ]
        for effect in plan.effects
        if effect.verb == verb
    ]
    heading = {"create": "Create", "change": "Change", "keep": ""}[verb]
    return (
        section(heading, rows(table, _starts(width), width))
        if heading
        else rows(table, _starts(width), width)
    )


def _unchanged(plan: Plan, width: int, urls: Mapping[str, str], *, opened: bool) -> Content:
    number = sum(effect.verb == "keep" for effect in plan.effects)
    if not number:
        return Content("")
    sign, does = ("▾", "hides") if opened else ("▸", "shows")
    head = Content.assemble(
        (f"{sign} ", STYLES["busy"]), ("Unchanged", "bold"), f"  {number}", (f"   F4 {does} them", "$quiet")
    )
    return Content("\n").join([head, _block(plan, "keep", width, urls)]) if opened else head


def _sentences(sentences: Sequence[str], width: int, sign: str) -> Content:
    tone = STYLES["warn"] if sign == "!" else "$quiet"
    table: list[list[Cell]] = [[(sign, tone), (sentence, "")] for sentence in sentences]
    return rows(table, (0, 2), min(width, PROSE + 2))


_SIGNS = ("!", "✓", "~", "=")


def _since(resumed: Sequence[tuple[str, str]], starts: Sequence[int], width: int) -> Content:
    table: list[list[Cell]] = []
    for label, text in resumed:
        sign, _, words = label.partition(" ") if label[:1] in _SIGNS else ("", "", label)
        tone = {"!": STYLES["warn"], "~": STYLES["warn"], "✓": STYLES["good"]}.get(sign, "$quiet")
        table.append([(sign, tone), (words, "$quiet"), (text, "")])
    return rows(table, starts[:3], width)


def _finding(finding: Finding, starts: Sequence[int], width: int) -> Content:
    sign, _, tone = LEVELS[finding.level]
    width = min(width, starts[2] + PROSE)
    first = row(
        [(sign, STYLES[tone]), (finding.code, "$quiet"), (for_form(finding.message), "")], starts[:3], width
    )
    if not finding.remedy:
        return first
    return Content("\n").join(
        [first, row([("", ""), ("", ""), (for_form(finding.remedy), "$quiet")], starts[:3], width)]
    )

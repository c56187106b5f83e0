"""What the review shows of a plan: its resources, what is irreversible, how long it takes, the findings. Pure functions."""

from textual.content import Content

from screens.widgets.frame import NARROW
from wizard.procedure.plan import Effect, Plan, PlannedStep
from wizard.reports.wording import FOLLOWS, LEVELS, STYLES, VERBS, count, hanging, usually


def gate(plan: Plan | None, cluster: str) -> tuple[str, str]:
    """Return the text below the cluster name that is to be typed, and its style."""
    if plan and plan.errors:
        errors = count(len(plan.errors), "error")
        return (
            f"✗ {errors}: this plan cannot be applied. The remedies are above; press F3 to copy them.",
            STYLES["bad"],
        )
    if plan and not plan.writes:
        if plan.follows:
            return f"· {FOLLOWS}: verify it when that has ended.", "$quiet"
        return "✓ No changes. The cluster already matches your configuration.", "$quiet"
    return f"Press Enter, then type {cluster}. Nothing is changed before that.", "$quiet"


def rows(plan: Plan, width: int, resumed: list[tuple[str, str]]) -> Content:
    """Return what the plan does, in `width` columns. `resumed`: labels and sentences about the run that is resumed."""
    effects = [effect for step in plan.steps for effect in step.effects]
    blocks = [_labelled(resumed, width)] if resumed else []
    if plan.now != "none":
        blocks.append(_labelled([("from", plan.moves[0]), ("to", plan.moves[1])], width))
    for verb, words in VERBS.items():
        if rows := [effect for effect in effects if effect.verb == verb]:
            blocks.append(_block(verb, words, rows, width))
    if plan.writes:
        blocks.append(_time_line(plan, width))
    return Content("\n\n").join(blocks)


def irreversible(plan: Plan, width: int) -> Content:
    """Return what is irreversible, and what must never be deleted."""
    sentences = [("! irreversible", text) for text in plan.irreversible]
    sentences += [("! never delete", text) for text in plan.keep]
    return _labelled(sentences, width)


def notes(plan: Plan, width: int) -> Content:
    """Return what is still needed, what you can clean up later, and the findings."""
    sentences = [("! still needed", text) for text in plan.still_needed]
    sentences += [("· clean up later", text) for text in plan.clean_up]
    blocks = [_labelled(sentences, width)] if sentences else []
    return Content("\n\n").join([*blocks, _findings(plan, width)])


_MARGIN = 20
"""The width of a label."""


def _labelled(rows: list[tuple[str, str]], width: int) -> Content:
    """Return sentences with their labels. Only warnings are coloured."""
    return Content("\n").join(
        Content.assemble(
            (f"{label:<{_MARGIN}}", STYLES["warn"] if label.startswith("!") else "$quiet"),
            hanging(text, _MARGIN, width),
        )
        for label, text in rows
    )


def _block(verb: str, words: str, rows: list[Effect], width: int) -> Content:
    """Return the resources that are created, changed or kept, a line each; with little room, the detail is below it."""
    tone = {"create": STYLES["good"], "change": STYLES["warn"], "keep": "$quiet"}[verb]
    what = min(24, max(len(row.what) for row in rows))
    name = min(32, max(len(row.name) for row in rows))
    narrow = width < NARROW - 22
    lines = [Content.assemble((words, tone))]
    for row in rows:
        begin = 6 if narrow else 6 + max(what, len(row.what)) + max(name, len(row.name))
        lines.append(
            Content.assemble(
                (f"  {row.what:<{what}}  ", "$quiet"),
                (f"{row.name:<{name}}  ", "bold" if verb != "keep" else ""),
                ("\n      " if narrow and row.detail else "", ""),
                (hanging(row.detail, begin, width), "$quiet"),
            )
        )
    return Content("\n").join(lines)


def _time_line(plan: Plan, width: int) -> Content:
    """Return how long the run usually takes, and the steps that take most of it. A step is never wrapped."""
    head = f"{'usually ' + usually(*plan.usually):<{_MARGIN}}"
    parts: list[tuple[str, str]] = [(head, "bold")]
    column = len(head)
    for step in _longest(plan):
        timing = f" {step.key} {usually(*step.usually)} "
        if column > _MARGIN and column + len(timing) + 2 > width:
            parts.append((f"\n{'':<{_MARGIN}}", ""))
            column = _MARGIN
        parts += [("▕", "$quiet"), (timing, STYLES["busy"]), ("▏", "$quiet")]
        column += len(timing) + 2
    return Content.assemble(*parts)


def _longest(plan: Plan) -> list[PlannedStep]:
    """Return the steps along the longest chain that take 20 seconds or more."""
    steps = {step.key: step for step in plan.steps}
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for step in plan.steps:
        last = max((n for n in step.needs if n in ends), key=lambda n: ends[n], default="")
        before[step.key] = last
        ends[step.key] = ends.get(last, 0.0) + (step.usually[1] if step.action != "none" else 0.0)
    here = max(ends, key=lambda key: ends[key], default="")
    chain = []
    while here:
        chain.append(steps[here])
        here = before[here]
    return [step for step in reversed(chain) if step.action != "none" and step.usually[1] >= 20]


def _findings(plan: Plan, width: int) -> Content:
    lines = []
    for finding in (*plan.errors, *plan.warnings):
        sign, word, tone = LEVELS[finding.level]
        lines.append(
            Content.assemble(
                (f"{f'{sign} {word}':<{_MARGIN}}", STYLES[tone]),
                hanging(finding.message, _MARGIN, width),
                (
                    f"\n{'':<{_MARGIN}}{hanging(finding.remedy, _MARGIN, width)}" if finding.remedy else "",
                    "$quiet",
                ),
            )
        )
    if not plan.errors:
        infos = len(plan.findings) - len(plan.warnings)
        text = "no warnings" if not plan.warnings else count(len(plan.warnings), "warning")
        extra = f", {count(infos, 'note')} (F3)" if infos else ""
        lines.append(Content.assemble(("✓ ", STYLES["good"]), f"preflight checks passed; {text}{extra}"))
    return Content("\n").join(lines)

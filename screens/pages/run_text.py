"""What the page of the run shows: its steps, where the log is, and how the run ended. Pure functions."""

from textual.content import Content

from screens.session.active_run import ActiveRun, StepProgress
from screens.widgets.dialogs import problem_content
from screens.widgets.frame import NARROW
from wizard.reports.wording import LEVELS, SPINNER, STEP_STATES, STYLES, duration, usually


def heading(active: ActiveRun, *, narrow: bool) -> tuple[str, str]:
    """Return the title of the page and its note: the progress, and the time it has taken."""
    total, done = len(active.steps), active.finished_steps
    title = f"{active.answers.cluster.name} · {active.status or f'{done} of {total} done'}"
    note = f"{duration(active.elapsed)} elapsed"
    if active.in_flight:
        low, high = active.plan.usually
        late = active.elapsed - high
        note += f" · {duration(late)} longer than usual" if late > 0 else f" · usually {usually(low, high)}"
        note += "" if narrow else f"  {time_bar(active.elapsed, high)}"
    return title, note


def time_bar(elapsed: float, high: float, width: int = 12) -> str:
    """Return how much of the usual maximum has passed, both in seconds. The number of steps would mislead: one of eleven
    takes most of the time."""
    full = int(width * elapsed / high) if elapsed < high else width
    return "█" * full + "░" * (width - full)


def log_title(*, following: bool, only: str, words: str) -> str:
    """Return the title of the log. `only`: the step whose lines are shown; `words`: the filter."""
    state = "following" if following else "paused; end follows"
    return f"log, {state}{f' · only {only}' if only else ''}{f' · with “{words}”' if words else ''}"


def log_path(active: ActiveRun) -> Content:
    """Return where the complete log is, or why there is none."""
    journal = active.journal
    if journal is None:
        return Content.assemble(("! ", STYLES["warn"]), "this log is not saved")
    if journal.write_error:
        return Content.assemble(("! ", STYLES["warn"]), f"this log is incomplete: {journal.write_error}")
    return Content(f"full log: {journal.log_path}")


def step_row(
    active: ActiveRun, number: int, progress: StepProgress, width: int, columns: int, beat: int
) -> Content:
    """Return the row of a step: its state, its title, how long it took, and its last message.

    `width`: of the list of steps; `columns`: of the terminal; `beat`: increases, to turn the spinner.
    """
    sign, word, tone = STEP_STATES.get(progress.status, ("?", progress.status, "warn"))
    spent = active.spent(progress)
    if progress.status == "running":
        sign = SPINNER[beat % 4]
        word = progress.message or "in progress"
        if progress.expected:
            word += f", about {duration(progress.expected)} in total"
    elif progress.status == "waiting":
        waits = active.waits_for(progress)
        word = f"waits for {', '.join(waits)}" if waits else "next"
    time = duration(spent) if spent is not None else ""
    style = STYLES[tone] if progress.status in {"running", "failed"} else "$quiet"
    room = 39 if columns < NARROW else 46
    title = progress.step.title
    title = title if len(title) <= room else f"{title[: room - 1]}…"
    left = width - room - 15
    return Content.assemble(
        (f"{number:>2} ", "$quiet"),
        (f"{sign} ", STYLES[tone]),
        (f"{title:<{room}}", style if progress.status == "waiting" else ""),
        (f"{time:>6}  ", ""),
        (f"\n     {word}" if progress.status == "running" and len(word) > left else word, style),
    )


def outcome(active: ActiveRun) -> Content:
    """Return how the run ended, and what can be done next."""
    if active.status == "succeeded":
        over = Content.assemble(
            ("✓ ", STYLES["good"]),
            (f"Done in {duration(active.elapsed)}. ", "bold"),
            f"{active.answers.cluster.name} was read back. Press Enter to verify it again and see each check.",
        )
        return Content("\n").join([over, *_afterwards(active)])
    if active.drifted:
        return Content.assemble(
            ("! ", STYLES["warn"]),
            ("Run not started: the state in Azure has changed since the plan was created.\n", "bold"),
            "\n".join(f"  {line}" for line in active.drifted),
            ("\nr  review the new plan", STYLES["busy"]),
        )
    if active.refused:
        lines = [Content.assemble(("Run not started: preflight checks failed.", "bold"))]
        for finding in active.refused:
            sign, _, tone = LEVELS[finding.level]
            lines.append(Content.assemble((f"{sign} ", STYLES[tone]), f"{finding.message} {finding.remedy}"))
        return Content("\n").join(
            [*lines, _keys({"r": "plan again", "m": "change answers", "s": "save report"})]
        )
    return Content("\n").join(_failed(active))


def _failed(active: ActiveRun) -> list[Content]:
    """Return why a run failed or was interrupted, what is completed, and the state of the cluster."""
    parts: list[Content] = []
    if active.problem:
        parts.append(problem_content(active.problem))
    elif active.status == "interrupted":
        parts.append(Content.assemble(("! ", STYLES["warn"]), ("The run was interrupted.", "bold")))
    done = [s.step.key for s in active.steps.values() if s.status in {"succeeded", "already"}]
    parts.append(Content.assemble(("Completed  ", "$quiet"), ", ".join(done) or "no step"))
    if active.problem:
        now = active.cluster_now or "not read yet"
        parts.append(Content.assemble(("The cluster now  ", "$quiet"), now))
    if active.plan.now != "none":
        before, then = active.plan.moves
        parts.append(Content.assemble(("Changing from  ", "$quiet"), before, (" to ", "$quiet"), then))
        parts += _afterwards(active)
    keys = {
        "r": "plan again and retry",
        "m": "change answers",
        "s": "save report",
        "^q": "quit and resume later",
    }
    return [*parts, _keys(keys)]


def _afterwards(active: ActiveRun) -> list[Content]:
    """Return what is still needed, and what you can clean up later."""
    rows = [("! still needed  ", STYLES["warn"], text) for text in active.plan.still_needed]
    if active.status == "succeeded":
        rows += [("· clean up later  ", "$quiet", text) for text in active.plan.clean_up]
    return [Content.assemble((label, style), text) for label, style, text in rows]


def _keys(does: dict[str, str]) -> Content:
    """Return keys and what they do, in one line."""
    return Content("   ").join(
        Content.assemble((key, STYLES["busy"]), f" {words}") for key, words in does.items()
    )

"""What the page of the run shows: its steps, where the log is, and how the run ended. Pure functions."""

import itertools
import os
from pathlib import Path

from textual.content import Content

from screens.pages.verification_text import counts
from screens.pages.wait_text import wait_rows
from screens.session.active_run import ActiveRun, StepProgress
from screens.widgets.form_words import for_form
from screens.widgets.frame import NARROW
from screens.widgets.grid import PROSE, Cell, rows
from screens.widgets.links import Link, no_link, portal, resources
from wizard.reports.follow_up import follow_ups, keep_line
from wizard.reports.infrastructure_code import TITLE as CODE
from wizard.reports.infrastructure_code import code_advice
from wizard.reports.table import cut
from wizard.reports.wording import LEVELS, SPINNER, STEP_STATES, STYLES, VERDICTS, duration, usually
from wizard.system.sanitize import sanitize


def heading(active: ActiveRun) -> tuple[str, str]:
    """Return the title of the page and its note: the progress, and the time it has taken."""
    total, done, name = len(active.steps), active.finished_steps, active.answers.cluster.name
    note = f"{duration(active.elapsed)} elapsed"
    if active.status == "succeeded":
        verified = active.report is not None and active.report.passed
        return f"✓ {name} {'is encrypted' if verified else 'succeeded'}", note
    if active.status is not None:
        bad = next((n for n, each in enumerate(active.steps.values(), 1) if each.status == "failed"), None)
        where = f" at step {bad} of {total}" if bad else ""
        return f"{'✗' if active.status == 'failed' else '!'} {name}: {active.status}{where}", note
    low, high = active.plan.usually
    late = active.elapsed - high
    note = f"{duration(late)} longer than usual" if late > 0 else f"on time · usually {usually(low, high)}"
    return f"{name} · {done} of {total} done", note


AXIS = 94
"""Columns of the time axis at most."""


def time_axis(elapsed: float, low: float, high: float, width: int) -> Content:
    """Return how much of the usual time has passed, in two lines: a bar with a mark at the usual minimum and one at the usual
    maximum, all in seconds, and below them what they are. The number of steps would mislead: one of eleven takes most of it.
    """
    late = elapsed >= high
    full = width if late else int(width * elapsed / high)
    marks = {int(width * low / high) if high else 0, width - 1}
    rest = "".join("┊" if at in marks else "─" for at in range(full, width))
    words = f"{duration(elapsed)} elapsed"
    if late:
        over = f", {duration(elapsed - high)} longer than the usual {usually(low, high)}"
        return Content.assemble(("━" * full, STYLES["warn"]), f"\n{words}{over}")
    first, last = (usually(each, each).removeprefix("about ") for each in (low, high))
    end = int(width * low / high) + 1
    left = f"{words:<{max(0, end - len(first))}}{first}" if end - len(first) > len(words) + 1 else words
    right = f"usually {last}" if left == words else last
    gap = " " * max(2, width - len(left) - len(right))
    return Content.assemble(
        ("━" * full, STYLES["busy"]),
        (rest, "$quiet"),
        f"\n{words}",
        (f"{left[len(words) :]}{gap}{right}", "$quiet"),
    )


LEVELS_OF_LOG = ("events", "requests", "all")
"""What the log shows: events; requests to Azure as well; every detail as well."""


def log_title(*, following: bool, only: str, words: str, level: int = 0, scrolls: bool = False) -> str:
    """Return the title of the log.

    `only`: the step whose lines are shown; `words`: the filter; `scrolls`: there are lines longer than the log is wide.
    """
    state = "following" if following else "paused; end follows"
    more = [f"only {only}"] * bool(only) + [f"with “{words}”"] * bool(words) + ["←→ scroll"] * scrolls
    return " · ".join([f"log: {LEVELS_OF_LOG[level]}, {state}", *more])


def log_path(active: ActiveRun, width: int) -> Content:
    """Return where the complete log is, in `width` columns, or why there is none."""
    journal = active.journal
    if journal is None:
        return Content.assemble(("! ", STYLES["warn"]), "this log is not saved")
    if journal.write_error:
        return Content.assemble(("! ", STYLES["warn"]), f"this log is incomplete: {journal.write_error}")
    return Content(f"full log: {shortened(str(journal.log_path), width - len('full log: '), Path.home())}")


def shortened(path: str, width: int, home: Path) -> str:
    """Return a path with `~` for the home directory, and without its middle if it is wider than `width`."""
    if path.startswith(f"{home}{os.sep}"):
        path = f"~{path[len(str(home)) :]}"
    left = (width - 1) // 3
    return path if len(path) <= width else f"{path[:left]}…{path[-(width - 1 - left) :]}"


_FEW = 3
"""Completed steps, of which each has a row of its own on a small terminal."""


def step_rows(active: ActiveRun, width: int, columns: int, beat: int, *, opened: bool = False) -> Content:
    """Return the rows of the steps. On a small terminal the first steps have one row once they are completed.

    `opened`: each of them has its own row nevertheless; the rest as in `step_row`.
    """
    steps = list(enumerate(active.steps.values(), 1))
    done = list(itertools.takewhile(lambda each: each[1].status in _DONE, steps))
    rows = []
    if columns < NARROW and len(done) > _FEW and not opened:
        unchanged = sum(progress.status == "already" for _, progress in done)
        said = ", ".join(
            f"{number} {word}"
            for number, word in ((len(done) - unchanged, "done"), (unchanged, "no change"))
            if number
        )
        rows.append(
            Content.assemble(
                "   ",
                ("✓ ", STYLES["good"]),
                f"Steps 1 to {len(done)}: {said}",
                ("   a shows them", "$quiet"),
            )
        )
        del steps[: len(done)]
    rows += [step_row(active, number, progress, width, columns, beat) for number, progress in steps]
    return Content("\n").join(rows)


_DONE = {"succeeded", "already"}


def step_row(
    active: ActiveRun, number: int, progress: StepProgress, width: int, columns: int, beat: int
) -> Content:
    """Return the row of a step: its state, its title, how long it took and usually takes; below a running one its waits.

    `width`: of the list of steps; `columns`: of the terminal; `beat`: increases, to turn the spinner.
    """
    sign, word, tone = STEP_STATES.get(progress.status, ("?", progress.status, "warn"))
    spent = active.spent(progress)
    if progress.status == "running":
        sign = SPINNER[beat % 4]
        word = "" if progress.message else "in progress"
    elif progress.status == "waiting":
        waits = active.waits_for(progress)
        word = f"waits for {', '.join(waits)}" if waits else "next"
    word = " · ".join(filter(None, (word, _usual(progress, spent))))
    time = duration(spent) if spent is not None and progress.status != "skipped" else ""
    style = STYLES["bad"] if progress.status == "failed" else "$quiet"
    style = STYLES["warn"] if word.startswith(_LATE) else style
    room = 39 if columns < NARROW else 46
    title = cut(progress.step.title, room)
    row = Content.assemble(
        (f"{number:>2} ", "$quiet"),
        (f"{sign} ", STYLES[tone]),
        (f"{title:<{room}}", style if progress.status == "waiting" else ""),
        (f"{time:>6}  ", ""),
        (word, style),
    )
    if progress.status != "running":
        return row
    tree = wait_rows(progress.waits, progress.message, active.clock.elapsed(), room, width, beat)
    return Content("\n").join([row, *tree])


def _usual(progress: StepProgress, spent: float | None) -> str:
    """Return how long a step usually takes, and whether it takes longer, if it writes and that is more than a moment."""
    low, high = progress.step.usually
    if (
        progress.status not in {"waiting", "running", "succeeded"}
        or progress.step.action == "none"
        or high < 20
    ):
        return ""
    if progress.status == "running" and spent is not None and spent > high:
        return f"{_LATE} {usually(low, high)}"
    return f"usually {usually(low, high)}"


_LATE = "longer than"


def outcome_title(active: ActiveRun) -> str:
    """Return the title of the panel that shows how the run ended."""
    if active.status == "succeeded":
        verified = f", {VERDICTS[active.report.outcome][1]}" if active.report else ""
        return f"✓ Done in {duration(active.elapsed)}{verified}"
    if active.drifted or active.refused:
        return "! Run not started"
    failed = next((each.step.title for each in active.steps.values() if each.status == "failed"), "")
    return f"✗ {failed or 'The run failed'}" if active.status == "failed" else "! The run was interrupted"


def outcome(active: ActiveRun, width: int, link: Link = no_link) -> Content:
    """Return how the run ended, and what can be done next, in `width` columns. `link`: as in `portal`."""
    if active.status == "succeeded":
        links = portal(resources(active.answers), link, _LABEL)
        return Content("\n").join(filter(bool, (_labelled(_succeeded(active), width), links)))
    if active.drifted:
        return Content.assemble(
            ("Run not started: the state in Azure has changed since the plan was created.\n", "bold"),
            "\n".join(f"  {line}" for line in active.drifted),
            ("\nr  review the new plan", STYLES["busy"]),
        )
    if active.refused:
        lines = [Content.assemble(("Run not started: preflight checks failed.", "bold"))]
        for finding in active.refused:
            sign, _, tone = LEVELS[finding.level]
            lines.append(
                Content.assemble((f"{sign} ", STYLES[tone]), for_form(f"{finding.message} {finding.remedy}"))
            )
        return Content("\n").join(
            [*lines, _keys({"r": "plan again", "m": "change answers", "s": "save report"})]
        )
    links = portal(resources(active.answers), link, _LABEL)
    return Content("\n").join(filter(bool, (_labelled(_failed(active), width), links)))


def _labelled(lines: list[tuple[str, str]], width: int) -> Content:
    """Return labels and texts in `width` columns at most; a label that begins with a sign is a warning."""
    table: list[list[Cell]] = [
        [(label, STYLES["warn"] if label[:1] == "!" else "$quiet"), (text, "bold" if label == _BOLD else "")]
        for label, text in lines
        if text
    ]
    return rows(table, (0, _LABEL), min(width, _LABEL + PROSE))


_LABEL = 15
_BOLD = "State now"
"""The label of what must be read first."""


def _succeeded(active: ActiveRun) -> list[tuple[str, str]]:
    """Return the verdict, what the secrets depend on, and what is left to do, as labels and texts."""
    report, plan = active.report, active.plan
    checked = f"{counts(report)}, read from Azure" if report else "the cluster was read back"
    to_do = [*follow_ups(each.code for each in plan.warnings)]
    after = [("! Still needed", text) for text in plan.still_needed] + [
        ("Delete later", text) for text in plan.clean_up
    ]
    return [
        ("Key", plan.moves[1]),
        ("Checks", checked),
        ("Not yet seen", "a secret being encrypted inside the cluster; i checks it"),
        ("! Keep", keep_line(active.answers)),
        *(("! To do", text) for text in to_do),
        *after,
        ("Next", "v  show all checks   s  save a report   e  encrypt another"),
        ("Code", f"{CODE}: {code_advice(active.answers.key_option)} x shows what it must say."),
    ]


def _failed(active: ActiveRun) -> list[tuple[str, str]]:
    """Return in which state the cluster is, why the run failed, and what to do next, as labels and texts."""
    found: list[tuple[str, str]] = []
    if problem := active.problem:
        said = ": ".join(filter(None, (sanitize(problem.code), sanitize(problem.azure_said))))
        found = [
            (_BOLD, active.cluster_now or "reading the cluster…"),
            ("Problem", sanitize(problem.summary)),
            ("Azure said", said),
            ("Likely cause", sanitize(problem.cause)),
        ]
    before, after = active.plan.moves
    if active.plan.now != "none":
        found += [("Changing", f"from {before} to {after}")] * (before != after)
        found += [("! Still needed", text) for text in active.plan.still_needed]
    found += [
        ("Next", "v  verify: shows whether key, vault or identity fails"),
        (" ", "r  plan again and retry; completed steps are kept"),
        (" ", "m  change answers   s  save a report   ^q  quit for now"),
    ]
    if problem:
        correlation = sanitize(problem.correlation_id)
        found += [
            ("What to do", sanitize(problem.remedy)),
            ("Support", f"correlation ID {correlation}" if correlation else ""),
        ]
    return found


def _keys(does: dict[str, str]) -> Content:
    """Return keys and what they do, in one line."""
    return Content("   ").join(
        Content.assemble((key, STYLES["busy"]), f" {words}") for key, words in does.items()
    )

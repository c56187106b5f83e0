"""`aks-kms` without a command: the wizard, on a terminal that can display it."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from screens.cli import gc_startup
from screens.cli.connection import connect, speed_note
from screens.cli.options import DEFAULT_SCENARIO, Settings, settings_of
from screens.exit_codes import INTERRUPTED, USAGE
from wizard.errors import JournalError

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from screens.app import WizardApp
    from wizard.cloud.azure import Azure


def run_wizard(ctx: click.Context) -> int:
    """Run the wizard and return its exit code. Without a terminal, print the commands to use instead."""
    settings = settings_of(ctx)
    if reason := no_terminal():
        from screens.cli.outcome import write_stderr  # not before the first frame

        write_stderr(
            f"✗ The wizard needs a terminal: {reason}.\n"
            "  What to do: use the command line instead, which has the same functions:\n"
            "    aks-kms answers example customer-managed-private > answers.yaml    create an answers file, then edit it\n"
            "    aks-kms plan -f answers.yaml                                       show the changes and the plan digest\n"
            "    aks-kms apply -f answers.yaml --confirm DIGEST                     apply them, and verify the cluster"
        )
        return USAGE
    if settings.simulate is not None:
        _check_scenario(settings.simulate)
    if settings.color == "never":
        os.environ["NO_COLOR"] = "1"  # which Textual reads
    theme = _chosen_theme()
    if wrong := wrong_driver(os.environ.get("TEXTUAL_DRIVER", "")):
        raise click.UsageError(wrong)
    from screens.app import WizardApp  # Textual, which only the wizard needs
    from screens.widgets.theme import resolve

    def connected(notify: Callable[[str], None]) -> "AbstractAsyncContextManager[Azure]":
        gc_startup.end(gc_startup.WIZARD)  # after the first frame
        return connect(settings, notify, to="change")

    app = WizardApp(
        connected,
        environment=os.environ,
        speed_note=speed_note(settings),
        can_resume=settings.simulate is None,  # a new simulated Azure has no earlier runs
        theme=resolve(theme, _terminal_is_light),
    )
    code = app.run()
    if code is None:
        code = app.return_code or INTERRUPTED  # Textual's own code after a crash; none if the app was closed
    try:
        print_interruption_notice(app, settings)
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # the terminal is gone; the interpreter must not fail on its streams at exit
        from screens.cli.outcome import discard_stream

        discard_stream(sys.stdout.fileno())
        discard_stream(sys.stderr.fileno())
    return code


def print_interruption_notice(app: "WizardApp", settings: Settings) -> None:
    """Print what is kept, which operations continue and how to resume, if the last run failed or was interrupted."""
    from screens.cli.interruption_notice import notice_lines
    from screens.cli.outcome import write_stderr

    if app.kept:
        write_stderr(f"Your answers for {app.kept} are kept. The wizard offers them when it starts.")
    active = app.session.active
    if active is None or active.status in {None, "succeeded"} or active.journal is None:
        return
    if active.drifted or active.refused:  # no step was started
        return
    from wizard.runs.resume import resumable_run

    ended = "was interrupted" if active.status == "interrupted" else "failed"
    write_stderr(f"The run on {active.answers.cluster.name} {ended}.")
    try:
        in_flight = resumable_run(app.session.journal_root, active.journal.id).in_flight.sentences
    except JournalError as error:
        write_stderr(f"! {error}")
        in_flight = ()
    for line in notice_lines(in_flight, active.journal.id, settings):
        write_stderr(line)


def no_terminal() -> str:
    """Return why no full-screen program can run here, or an empty string."""
    streams = (
        (sys.stdin, "stdin"),
        (sys.stdout, "stdout"),
        (sys.stderr, "stderr"),
    )  # Textual draws on stderr
    for stream, name in streams:
        if not stream.isatty():
            return f"{name} is not a terminal"
    term = os.environ.get("TERM", "")
    return (
        f"TERM is {term!r}, which cannot display full-screen programs" if term in {"dumb", "unknown"} else ""
    )


def _terminal_is_light() -> bool:
    from screens.widgets.terminal_background import terminal_is_light  # only for `auto`

    return terminal_is_light()


def _chosen_theme() -> str:
    """Return the theme that the user has chosen. Raise click.UsageError for a setting that is not valid."""
    from screens.session.preferences import chosen_theme

    try:
        return chosen_theme(os.environ)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def wrong_driver(name: str) -> str:
    """Return why Textual cannot use the driver that the environment names; empty if it can, or if there is none."""
    if not name:
        return ""
    module, _, symbol = name.partition(":")
    try:
        from textual.driver import Driver

        if issubclass(getattr(importlib.import_module(module), symbol), Driver):
            return ""
    except (ImportError, AttributeError, TypeError, ValueError):
        pass
    return f"TEXTUAL_DRIVER is {name!r}, which is no driver of Textual. Unset it."


def _check_scenario(name: str) -> None:
    """Raise click.UsageError for an unknown or invalid scenario, before the wizard takes over the screen."""
    if (
        name == DEFAULT_SCENARIO
    ):  # loading the scenarios takes as long as everything else before the first frame
        return
    from wizard.simulator import ScenarioError, Simulator, scenarios

    if name in scenarios():
        return
    try:
        Simulator(name)  # reads and checks the scenario; nothing is served until it starts
    except ScenarioError as error:
        raise click.UsageError(str(error)) from error

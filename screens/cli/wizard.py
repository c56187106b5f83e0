"""`aks-kms` alone: the wizard, on a terminal that can show it."""

import os
import sys
from typing import TYPE_CHECKING

import click

from screens.cli import gc_startup
from screens.cli.connection import opened, speed_note
from screens.cli.interruption_notice import going_on
from screens.cli.options import DEFAULT_SCENARIO, Settings, settings_of
from screens.cli.outcome import say
from screens.exit_codes import INTERRUPTED, USAGE

if TYPE_CHECKING:
    from screens.app import WizardApp


def run_wizard(ctx: click.Context) -> int:
    """Run the wizard to its end; its exit code. Where there is no terminal, say what to use instead."""
    settings = settings_of(ctx)
    if why_not := _no_terminal():
        say(
            f"✗ The wizard needs a terminal: {why_not}.\n"
            "  What to do: without one, everything the wizard does is done by\n"
            "    aks-kms answers example customer-managed-private > answers.yaml    then edit it\n"
            "    aks-kms plan -f answers.yaml                                       what would be done\n"
            "    aks-kms apply -f answers.yaml --confirm DIGEST                     do it, with the digest plan printed\n"
            "    aks-kms verify --expect answers.yaml                               prove it"
        )
        return USAGE
    if settings.simulate is not None:
        _check_scenario(settings.simulate)
    from screens.app import WizardApp  # Textual, only for who sees it

    gc_startup.is_over()

    app = WizardApp(
        lambda tell: opened(settings, tell),
        environment=os.environ,
        speed_note=speed_note(settings),
        can_resume=settings.simulate
        is None,  # a simulated Azure that begins now knows nothing of earlier runs
    )
    code = app.run()
    if code is None:
        code = (
            app.return_code or INTERRUPTED
        )  # Textual's own code after a crash; none where it was simply ended
    try:
        tell_how_to_go_on(app, settings)
        sys.stdout.flush()
        sys.stderr.flush()
    except (
        OSError
    ):  # the terminal is gone, and with it whoever could read this; Python must not stumble over it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
    return code


def tell_how_to_go_on(app: "WizardApp", settings: Settings) -> None:
    """Where a run did not come to a good end: what still goes on, and how to carry on."""
    active = app.session.active
    if active is None or active.status in {None, "succeeded"} or active.journal is None:
        return
    if active.drifted or active.refused:  # nothing was begun
        return
    from wizard.errors import JournalError
    from wizard.runs.resume import recorded

    ended = "was interrupted" if active.status == "interrupted" else "failed"
    say(f"The run on {active.answers.cluster.name} {ended}.")
    try:
        in_flight = recorded(app.session.journal_root, active.journal.id).in_flight.sentences
    except JournalError as error:
        say(f"! {error}")
        in_flight = ()
    for line in going_on(in_flight, active.journal.id, settings):
        say(line)


def _no_terminal() -> str:
    """Why no full-screen program can run here, in words; empty where one can."""
    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout")):
        if not stream.isatty():
            return f"{name} is not a terminal"
    term = os.environ.get("TERM", "")
    return f"TERM is {term!r}, which can show no screens" if term in {"dumb", "unknown"} else ""


def _check_scenario(name: str) -> None:
    """Refuse a world that there is not, or that is none, before the screen is taken over. Raises click.UsageError."""
    if name == DEFAULT_SCENARIO:  # reading the worlds takes as long as all else before the first frame
        return
    from wizard.simulator import ScenarioError, Simulator, scenarios

    if name in scenarios():
        return
    try:
        Simulator(name)  # reads and checks the scenario; nothing is served until it starts
    except ScenarioError as error:
        raise click.UsageError(str(error)) from error

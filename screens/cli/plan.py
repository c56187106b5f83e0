"""`aks-kms plan`: the changes that an answers file requires, from the live state."""

import json
import sys

import click

from screens.cli.connection import cloud_note, connect
from screens.cli.digest import SHORTEST
from screens.cli.help import Command
from screens.cli.name_links import link_names
from screens.cli.options import Settings, answers_option, azure_options, output_option, settings_of
from screens.cli.outcome import read_answers, run_command, write_result, write_stdout
from screens.cli.render import columns
from screens.exit_codes import FAILURE, SUCCESS


@click.command(
    "plan",
    cls=Command,
    examples=(
        ("Show what would be changed", "aks-kms plan -f answers.yaml"),
        ("The same with the simulator", "aks-kms plan -f answers.yaml --simulate"),
        ("Print the digest for a pipeline", "aks-kms plan -f answers.yaml -o json | jq -r .digest"),
    ),
)
@answers_option
@output_option("text", "json")
@azure_options
@click.pass_context
def command(ctx: click.Context, path: str, output: str) -> int:
    """Show the changes required by an answers file. Makes no changes.

    Prints the digest for `apply --confirm`. Exits with code 1 if a preflight check fails.
    """
    return run_command(_plan(settings_of(ctx), path, output))


async def _plan(settings: Settings, path: str, output: str) -> int:
    from screens.cli.plan_text import plan_text
    from wizard.procedure.planning import make_plan
    from wizard.state.target import Target

    answers = read_answers(path)
    async with connect(settings) as azure:
        plan = await make_plan(azure, answers)
        note = cloud_note(azure)
        link_names(azure, Target(answers, "").resources)
    if output == "json":
        write_stdout(json.dumps(plan.to_json(), indent=2))
    else:
        write_result(plan_text(plan, note, width=columns(sys.stdout), verbose=settings.verbose > 0))
        if plan.writes and not plan.errors:
            if settings.verbose:
                write_result(f"Plan digest: {plan.digest}")
            write_result("To apply exactly this plan:")
            write_result(f"  {settings.command('apply', '-f', path, '--confirm', plan.digest[:SHORTEST])}")
    return FAILURE if plan.errors else SUCCESS

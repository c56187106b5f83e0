"""`aks-kms plan`: what would be done, from the live state; changes nothing."""

import json

import click

from screens.cli.connection import cloud_note, opened
from screens.cli.options import Settings, answers_option, azure_options, output_option, settings_of
from screens.cli.outcome import carry_out, read_answers, show
from screens.exit_codes import DONE, NO


@click.command("plan")
@answers_option
@output_option("text", "json")
@azure_options
@click.pass_context
def command(ctx: click.Context, path: str, output: str) -> int:
    """What would be done, from the live state. Changes nothing.

    Exit code 1 where something speaks against it. The digest it prints is what `apply --confirm` takes.
    """
    return carry_out(_plan(settings_of(ctx), path, output))


async def _plan(settings: Settings, path: str, output: str) -> int:
    from screens.cli.plan_text import plan_text
    from wizard.procedure.planning import make_plan

    answers = read_answers(path)
    async with opened(settings) as azure:
        plan = await make_plan(azure, answers)
        note = cloud_note(azure)
    if output == "json":
        show(json.dumps(plan.to_json(), indent=2))
    else:
        show(plan_text(plan, note))
        if plan.writes and not plan.errors:
            show(f"\nThe digest of this plan: {plan.digest}")
            show(f"To carry it out: {settings.command('apply', '-f', path, '--confirm', plan.digest)}")
    return NO if plan.errors else DONE

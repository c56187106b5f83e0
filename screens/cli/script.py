"""`aks-kms script`: the same procedure as an Azure CLI shell script."""

import click

from screens.cli.connection import opened
from screens.cli.options import DEFAULT_CLOUD, Settings, answers_option, azure_options, settings_of
from screens.cli.outcome import DONE, NO, carry_out, read_answers, say, show


@click.command("script")
@answers_option
@click.option(
    "--live",
    is_flag=True,
    help="Fit the script to what exists now: what is there is only looked up, and a cluster that is encrypted already is moved.",
)
@azure_options
@click.pass_context
def command(ctx: click.Context, path: str, *, live: bool) -> int:
    """The same procedure as an Azure CLI shell script, as the how-to writes it.

    Without --live nothing is asked of Azure (--cloud says for which it is): it is the how-to's own road, for a cluster that
    is not encrypted and with nothing else there. The script needs the Azure CLI with its aks-preview extension (`aks-kms check`).
    """
    settings = settings_of(ctx)
    if settings.arm_endpoint is not None and not live:
        raise click.UsageError(
            "What is at --arm-endpoint is asked with --live only. Add --live, or leave --arm-endpoint out."
        )
    return carry_out(_live(settings, path) if live else _how_to(settings, path))


async def _how_to(settings: Settings, path: str) -> int:
    from wizard.cloud.endpoints import CLOUDS
    from wizard.procedure.script import script

    suffix = CLOUDS[settings.cloud or DEFAULT_CLOUD].vault_suffix
    show(script(read_answers(path), suffix).rstrip("\n"))
    return DONE


async def _live(settings: Settings, path: str) -> int:
    from screens.cli.plan_text import findings_text
    from wizard.procedure.planning import plan_from, read_snapshot
    from wizard.procedure.script import script
    from wizard.state.target import Target

    answers = read_answers(path)
    async with opened(settings) as azure:
        target = Target(answers, azure.cloud.vault_suffix)
        snapshot = await read_snapshot(azure, target)
    plan = plan_from(target, snapshot)
    for line in findings_text(plan.findings):
        say(line)
    if plan.errors:
        say("✗ No script: mend what is marked ✗, then ask again.")
        return NO
    show(script(answers, azure.cloud.vault_suffix, snapshot).rstrip("\n"))
    return DONE

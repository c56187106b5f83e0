"""`aks-kms script`: export the plan as an Azure CLI shell script."""

import click

from screens.cli.connection import connect
from screens.cli.help import Command
from screens.cli.options import DEFAULT_CLOUD, Settings, answers_option, azure_options, settings_of
from screens.cli.outcome import read_answers, run_command, write_stderr, write_stdout
from screens.exit_codes import FAILURE, SUCCESS


@click.command(
    "script",
    cls=Command,
    examples=(
        ("Print the script of Microsoft's how-to", "aks-kms script -f answers.yaml > encrypt.sh"),
        ("Reuse the resources that exist", "aks-kms script -f answers.yaml --live > encrypt.sh"),
    ),
)
@answers_option
@click.option(
    "--live",
    is_flag=True,
    help="Generate the script for the current state: existing resources are reused, and an encrypted cluster is migrated.",
)
@azure_options
@click.pass_context
def command(ctx: click.Context, path: str, *, live: bool) -> int:
    """Export the plan as an Azure CLI shell script.

    Without --live, Azure is not contacted: the script follows Microsoft's how-to for a cluster that is not encrypted and creates
    all other resources; --cloud selects its cloud. The script needs the Azure CLI with the extension aks-preview (`aks-kms check`).
    """
    settings = settings_of(ctx)
    if settings.arm_endpoint is not None and not live:
        raise click.UsageError("--arm-endpoint requires --live. Add --live or remove --arm-endpoint.")
    return run_command(_live(settings, path) if live else _how_to(settings, path))


async def _how_to(settings: Settings, path: str) -> int:
    from wizard.cloud.endpoints import CLOUDS
    from wizard.procedure.script import script

    suffix = CLOUDS[settings.cloud or DEFAULT_CLOUD].vault_suffix
    write_stdout(script(read_answers(path), suffix).rstrip("\n"))
    return SUCCESS


async def _live(settings: Settings, path: str) -> int:
    from screens.cli.plan_text import findings_text
    from wizard.procedure.planning import plan_from, read_snapshot
    from wizard.procedure.script import script
    from wizard.state.target import Target

    answers = read_answers(path)
    async with connect(settings) as azure:
        target = Target(answers, azure.cloud.vault_suffix)
        snapshot = await read_snapshot(azure, target)
    plan = plan_from(target, snapshot)
    for line in findings_text(plan.findings):
        write_stderr(line)
    if plan.errors:
        write_stderr("✗ No script was generated. Fix the errors marked ✗ and try again.")
        return FAILURE
    write_stdout(script(answers, azure.cloud.vault_suffix, snapshot).rstrip("\n"))
    return SUCCESS

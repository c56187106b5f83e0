"""`aks-kms rotate`: rotate a cluster's customer-managed key."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from screens.cli.apply import YES_HELP
from screens.cli.cluster_option import ClusterName, cluster_options, named_cluster, resolve_cluster_id
from screens.cli.connection import connect
from screens.cli.help import Command
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import (
    CommandExit,
    optional_output,
    problem_text,
    read_line,
    run_command,
    write_result,
    write_stderr,
    write_stdout,
)
from screens.exit_codes import FAILURE, SUCCESS, USAGE
from wizard.answers.naming import how_often
from wizard.errors import AzureError
from wizard.reports.wording import count
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.procedure.key_rotation import Rotation


def _interval(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from wizard.answers.naming import rotation_interval

        if mistake := rotation_interval(value):
            raise click.BadParameter(mistake, ctx, param)
    return value


@click.command(
    "rotate",
    cls=Command,
    examples=(
        ("Create a new version of the key", "aks-kms rotate -g rg-prod -n aks-prod"),
        ("Let the vault rotate the key every year", "aks-kms rotate -g rg-prod -n aks-prod --every P1Y"),
    ),
)
@cluster_options
@click.option("--yes", is_flag=True, help=YES_HELP)
@click.option(
    "--again", is_flag=True, help="Rotate even if AKS might not have picked up the previous version yet."
)
@click.option(
    "--every",
    metavar="DURATION",
    callback=_interval,
    help="Set a rotation policy instead of rotating now: the vault rotates the key automatically at this interval, "
    "an ISO 8601 duration (P90D, P1Y).",
)
@output_option("text", "json")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    cluster_id: str | None,
    group: str | None,
    name: str | None,
    subscription: str | None,
    *,
    yes: bool,
    again: bool,
    every: str | None,
    output: str,
) -> int:
    """Rotate a cluster's customer-managed key.

    AKS picks up the new version within 6 hours and re-encrypts every secret. The old versions must stay enabled. This command
    needs network access to the vault and a role such as Key Vault Crypto Officer. Platform-managed keys need no rotation.
    """
    cluster = named_cluster(cluster_id, group, name, subscription)
    return run_command(
        _rotate(
            settings_of(ctx), cluster, yes=yes, again=again or every is not None, every=every, output=output
        )
    )


async def _rotate(
    settings: Settings, cluster: ClusterName, *, yes: bool, again: bool, every: str | None, output: str
) -> int:
    from wizard.procedure import key_rotation as rotating

    async with connect(settings) as azure:
        rotation = await rotating.read_rotation(azure, await resolve_cluster_id(azure, cluster), again=again)
        version = ""
        if rotation.needed and not rotation.errors:
            await _confirm(rotation, every, yes=yes)
            try:
                if every:
                    await rotating.rotate_every(azure, rotation, every)
                else:
                    version = await rotating.rotate(azure, rotation)
            except AzureError as error:
                if error.problem.kind != "transient":
                    raise
                write_stderr(problem_text(error.problem))
                return FAILURE  # not UNREACHABLE: the rotation was tried and failed
            except asyncio.CancelledError:
                write_stderr(
                    f"The rotation of {rotation.vault}/{rotation.key} may still take effect. You can safely run the same command "
                    "again: it finds a version that was created, and creates another one only with --again."
                )
                raise
        with optional_output(
            f"To see the newest version of the key: {settings.command('verify', '--id', rotation.cluster_id)}"
        ):
            _print_result(rotation, version, every, output, settings)
    return FAILURE if rotation.errors else SUCCESS


async def _confirm(rotation: "Rotation", every: str | None, *, yes: bool) -> None:
    """Ask for confirmation unless `yes`. Raise CommandExit if it is declined or there is no terminal."""
    if yes:
        return
    action = (
        f"rotate {rotation.vault}/{rotation.key} automatically {how_often(every)}"
        if every
        else f"rotate {rotation.vault}/{rotation.key}"
    )
    if not sys.stdin.isatty():
        raise CommandExit(
            USAGE, f"Error: Cannot {action} without confirmation: stdin is not a terminal. Add --yes."
        )
    write_stderr("\n".join([f"{action[0].upper()}{action[1:]}", *_consequences(rotation, every)]))
    click.echo(sanitize(f"Type the cluster name ({rotation.cluster}) to confirm: "), nl=False, err=True)
    if (await read_line()).strip() != rotation.cluster:
        raise CommandExit(
            FAILURE, f"✗ No changes were made: the confirmation does not match {rotation.cluster}."
        )


def _consequences(rotation: "Rotation", every: str | None) -> list[str]:
    """Return what a rotation does and to what, for the confirmation."""
    key, cluster = f"{rotation.vault}/{rotation.key}", rotation.cluster
    now = how_often(rotation.every) if rotation.every else "no policy"
    if every:
        return [
            f"  ~ rotation policy of {key}: {now} → {how_often(every)}",
            f"    The vault then creates each new version, and AKS uses it in {cluster} automatically.",
        ]
    return [
        f"  + a new version of {key}, which has {count(rotation.versions, 'version')} now",
        f"    AKS uses it in {cluster} within 6 hours, and re-encrypts every secret automatically.",
        "  ! The old versions must stay enabled: the cluster reads with them until then, and backups need them.",
    ]


def _print_result(
    rotation: "Rotation", version: str, every: str | None, output: str, settings: Settings
) -> None:
    done = bool(rotation.needed and not rotation.errors)
    if output == "json":
        write_stdout(
            json.dumps(
                rotation.to_json()
                | {"new_version": version or None, "rotation_policy_set": every if done else None},
                indent=2,
            )
        )
        return
    for finding in rotation.findings:
        write_stderr(f"{'✗' if finding.level == 'error' else '·'} {finding.message} [{finding.code}]")
        if finding.remedy:
            write_stderr(f"  what to do: {finding.remedy}")
    if not done:
        return
    if every:
        write_result(
            f"✓ {rotation.vault} rotates {rotation.key} {how_often(every)}; AKS picks up each new version automatically."
        )
        return
    write_result(f"✓ {rotation.vault}/{rotation.key} has a new version, {version}.")
    write_result(
        f"  AKS uses it in {rotation.cluster} within 6 hours, and re-encrypts every secret automatically."
    )
    write_result(
        "  Keep the old versions enabled: the cluster reads with them until then, and backups need them."
    )
    set_one = settings.command("rotate", "--id", rotation.cluster_id, "--every", "P1Y")
    policy = how_often(rotation.every) if rotation.every else f"none. To set one: {set_one}"
    write_result(f"  Rotation policy: {policy}")

"""`aks-kms rotate`: a new version of a cluster's customer-managed key."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from screens.cli.cluster_option import cluster_id_of, cluster_options, named_cluster
from screens.cli.connection import opened
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import (
    DONE,
    NO,
    USAGE,
    Ended,
    carry_out,
    problem_text,
    say,
    show,
    typed,
    whoever_reads,
)
from wizard.answers.naming import how_often
from wizard.cloud.problems import AzureError
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.procedure.key_rotation import Rotation


def _interval(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from wizard.answers.naming import rotation_interval

        if why_not := rotation_interval(value):
            raise click.BadParameter(why_not, ctx, param)
    return value


@click.command("rotate")
@cluster_options
@click.option("--yes", is_flag=True, help="Rotate without asking.")
@click.option("--again", is_flag=True, help="Even though the last rotation may not have been taken up yet.")
@click.option(
    "--every",
    metavar="DURATION",
    callback=_interval,
    help="Instead of a new version now: have the vault make one so often by itself, as an ISO 8601 duration (P90D, P1Y).",
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
    """A new version of the cluster's customer-managed key, which AKS takes up by itself within 6 hours.

    AKS then encrypts every secret anew; nothing has to be written by hand, and old versions must stay. It needs a way
    into the vault and a role such as Key Vault Crypto Officer there. Platform-managed keys need none of this.
    """
    where = named_cluster(cluster_id, group, name, subscription)
    return carry_out(
        _rotate(
            settings_of(ctx), where, yes=yes, again=again or every is not None, every=every, output=output
        )
    )


async def _rotate(
    settings: Settings, where: tuple[str, str, str], *, yes: bool, again: bool, every: str | None, output: str
) -> int:
    from wizard.procedure import key_rotation as rotating

    async with opened(settings) as azure:
        rotation = await rotating.read_rotation(azure, await cluster_id_of(azure, where), again=again)
        version = ""
        if rotation.needed and not rotation.errors:
            await _agree(rotation, every, yes=yes)
            try:
                if every:
                    await rotating.rotate_every(azure, rotation, every)
                else:
                    version = await rotating.rotate(azure, rotation)
            except AzureError as error:
                if error.problem.kind != "transient":
                    raise
                say(problem_text(error.problem))
                return NO  # what was asked for was tried and failed, whatever Azure's state
            except asyncio.CancelledError:
                say(
                    f"Azure may have carried it out for {rotation.vault}/{rotation.key}, or may yet. The same command again "
                    "is safe: a new version that was made is seen, and no other is made without --again."
                )
                raise
        with whoever_reads("aks-kms verify tells the key's newest version."):
            _tell(rotation, version, every, output)
    return NO if rotation.errors else DONE


async def _agree(rotation: "Rotation", every: str | None, *, yes: bool) -> None:
    """Go on where the operator wants it. Raises Ended where not, or where nobody can be asked."""
    if yes:
        return
    what = (
        f"have {rotation.vault} rotate {rotation.key} {how_often(every)}"
        if every
        else f"rotate {rotation.vault}/{rotation.key}"
    )
    if not sys.stdin.isatty():
        raise Ended(USAGE, f"Error: to {what}, give --yes; there is no terminal to ask on.")
    click.echo(sanitize(f"{what[0].upper()}{what[1:]}? [y/N]: "), nl=False, err=True)
    if (await typed()).strip().casefold() not in {"y", "yes"}:
        raise Ended(NO, "Nothing was changed.")


def _tell(rotation: "Rotation", version: str, every: str | None, output: str) -> None:
    done = bool(rotation.needed and not rotation.errors)
    if output == "json":
        show(
            json.dumps(
                rotation.to_json()
                | {"new_version": version or None, "rotation_policy_set": every if done else None},
                indent=2,
            )
        )
        return
    for finding in rotation.findings:
        say(f"{'✗' if finding.level == 'error' else '·'} {finding.message} [{finding.code}]")
        if finding.remedy:
            say(f"  what to do: {finding.remedy}")
    if not done:
        return
    if every:
        show(
            f"✓ {rotation.vault} makes a new version of {rotation.key} {how_often(every)}; AKS takes it up by itself."
        )
        return
    show(f"✓ {rotation.vault}/{rotation.key} has a new version, {version}.")
    show(f"  AKS takes it up in {rotation.cluster} within 6 hours, and encrypts every secret anew by itself.")
    show("  Keep the old versions enabled: until then the cluster reads with them, and backups need them.")
    show(
        f"  Rotation policy: {how_often(rotation.every) if rotation.every else 'none; `aks-kms rotate --every P1Y` has the vault do it by itself'}"
    )

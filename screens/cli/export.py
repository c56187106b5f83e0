"""`aks-kms export`: what the infrastructure code of a cluster must say, so that its next run keeps the encryption."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from screens.cli.cluster_option import Where, cluster_id_of, cluster_options, named_cluster
from screens.cli.connection import opened
from screens.cli.options import Settings, azure_options, settings_of
from screens.cli.outcome import Ended, carry_out, say, show
from screens.exit_codes import DONE, USAGE


@click.command("export")
@cluster_options
@click.option(
    "--format",
    "kind",
    type=click.Choice(("terraform", "bicep", "arm")),
    default="terraform",
    show_default=True,
    help="The language of the code.",
)
@click.option("--manage", is_flag=True, help="Terraform: the code owns the encryption and writes it back.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write files to this directory instead of stdout.",
)
@click.option("--force", is_flag=True, help="With --out: overwrite existing files.")
@azure_options
@click.pass_context
def command(
    ctx: click.Context,
    cluster_id: str | None,
    group: str | None,
    name: str | None,
    subscription: str | None,
    *,
    kind: str,
    manage: bool,
    out: Path | None,
    force: bool,
) -> int:
    r"""Print the infrastructure code that keeps a cluster's encryption: it is imported, and not reverted.

    The code is read from the live cluster, its key vault, key, identity and role assignments. Nothing is written to Azure.
    By default the code leaves the encryption alone and reports drift.

    \b
    Examples:
      aks-kms export -g rg-prod -n aks-prod > aks-kms.tf
      aks-kms export -g rg-prod -n aks-prod --format bicep --out infra
      aks-kms export -g rg-prod -n aks-prod --format arm | jq '."aks-kms.json"'
    """
    if manage and kind != "terraform":
        raise click.UsageError(
            "--manage is for Terraform: a Bicep or ARM template owns what its fragment says. Leave --manage out."
        )
    if force and out is None:
        raise click.UsageError("--force is for --out. Add --out DIR, or leave --force out.")
    where = named_cluster(cluster_id, group, name, subscription)
    return carry_out(_export(settings_of(ctx), where, kind, out, manage=manage, force=force))


async def _export(
    settings: Settings, where: Where, kind: str, out: Path | None, *, manage: bool, force: bool
) -> int:
    from wizard.cloud.arm import ResourceId
    from wizard.export.read import read_setup

    async with opened(settings) as azure:
        setup = await read_setup(azure, ResourceId.parse(await cluster_id_of(azure, where)))
    if kind == "terraform":
        from wizard.export.terraform import terraform

        files: Mapping[str, str] = {"aks-kms.tf": terraform(setup, manage=manage)}
    elif kind == "bicep":
        from wizard.export.bicep import bicep

        files = bicep(setup)
    else:
        from wizard.export.arm_template import arm

        files = arm(setup)
    if out is not None:
        _write(out, files, force=force)
    elif kind == "arm":  # JSON has no place for two files, nor for comments
        show(json.dumps({name: json.loads(text) for name, text in files.items()}, indent=2))
    elif kind == "bicep":
        show("\n".join(f"// ---- {name}\n{text}" for name, text in files.items()).rstrip("\n"))
    else:
        show(next(iter(files.values())).rstrip("\n"))
    return DONE


def _write(directory: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all files, or none if one exists. Raise Ended."""
    existing = [name for name in files if (directory / name).exists()]
    if existing and not force:
        raise Ended(
            USAGE,
            f"✗ {', '.join(existing)} already exists in {directory}, and nothing was written.\n"
            "  What to do: add --force to overwrite, or choose another directory.",
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).write_text(text, "utf-8")
            say(f"✓ {directory / name}")
    except OSError as error:
        raise Ended(USAGE, f"✗ The files could not be written: {error}.") from None

"""`aks-kms export`: print infrastructure code that keeps a cluster's encryption."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from screens.cli.cluster_option import ClusterName, cluster_options, named_cluster, resolve_cluster_id
from screens.cli.connection import connect
from screens.cli.help import Choice, Command
from screens.cli.options import Settings, azure_options, settings_of
from screens.cli.outcome import CommandExit, run_command, write_stderr, write_stdout
from screens.exit_codes import SUCCESS, USAGE


@click.command(
    "export",
    cls=Command,
    examples=(
        ("Print Terraform code", "aks-kms export -g rg-prod -n aks-prod > aks-kms.tf"),
        ("Write Bicep files", "aks-kms export -g rg-prod -n aks-prod --format bicep --out infra"),
        (
            "Print an ARM template",
            "aks-kms export -g rg-prod -n aks-prod --format arm | jq '.\"aks-kms.json\"'",
        ),
    ),
)
@cluster_options
@click.option(
    "--format",
    "kind",
    type=Choice(("terraform", "bicep", "arm")),
    default="terraform",
    show_default=True,
    help="Language of the code.",
)
@click.option(
    "--manage", is_flag=True, help="Terraform: the code owns the encryption and restores it after drift."
)
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
    """Print infrastructure code that keeps a cluster's encryption.

    The code is generated from the live cluster, its key vault, key, identity and role assignments. Nothing is written to Azure.
    By default, the code imports these resources, does not change the encryption, and reports drift.
    """
    if manage and kind != "terraform":
        raise click.UsageError(
            "--manage requires Terraform: a Bicep or ARM template always owns its properties. Remove --manage."
        )
    if force and out is None:
        raise click.UsageError("--force requires --out. Add --out DIR or remove --force.")
    cluster = named_cluster(cluster_id, group, name, subscription)
    return run_command(_export(settings_of(ctx), cluster, kind, out, manage=manage, force=force))


async def _export(
    settings: Settings, cluster: ClusterName, kind: str, out: Path | None, *, manage: bool, force: bool
) -> int:
    from wizard.cloud.arm import ResourceId
    from wizard.export.read import read_setup

    async with connect(settings, to="read") as azure:
        setup = await read_setup(azure, ResourceId.parse(await resolve_cluster_id(azure, cluster)))
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
    elif kind == "arm":  # two files in one JSON document, which has no comments
        write_stdout(json.dumps({name: json.loads(text) for name, text in files.items()}, indent=2))
    elif kind == "bicep":
        write_stdout("\n".join(f"// ---- {name}\n{text}" for name, text in files.items()).rstrip("\n"))
    else:
        write_stdout(next(iter(files.values())).rstrip("\n"))
    return SUCCESS


def _write(directory: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all files, or none if one exists. Raise CommandExit."""
    existing = [name for name in files if (directory / name).exists()]
    if existing and not force:
        raise CommandExit(
            USAGE,
            f"✗ Files already exist in {directory}: {', '.join(existing)}. Nothing was written.\n"
            "  What to do: add --force to overwrite them, or choose another directory.",
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).write_text(text, "utf-8", newline="\n")
            write_stderr(f"✓ {directory / name}")
    except OSError as error:
        raise CommandExit(USAGE, f"✗ The files could not be written: {error}.") from None

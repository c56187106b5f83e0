"""Azure Cloud Shell: what is different there. The facts: docs/azure.md#cloud-shell."""

from collections.abc import Mapping
from pathlib import Path

VARIABLES = ("ACC_CLOUD", "AZUREPS_HOST_ENVIRONMENT", "MSI_ENDPOINT")
"""The environment variables with which `az` gets the user's tokens there. None is a secret."""


def in_cloud_shell(environment: Mapping[str, str]) -> bool:
    """Return whether this is a session of Azure Cloud Shell."""
    host = environment.get("AZUREPS_HOST_ENVIRONMENT", "")
    return bool(environment.get("ACC_CLOUD")) or host.startswith("cloud-shell/")


def notice(environment: Mapping[str, str], home: Path | None = None) -> str:
    """Return what to know before a run in Cloud Shell; empty elsewhere. `home` is the home directory, if not the user's own."""
    if not in_cloud_shell(environment):
        return ""
    ends = "Azure Cloud Shell ends a session after 20 minutes without input, so press a key now and then during a run."
    if ((home or Path.home()) / "clouddrive").exists():
        return f"{ends} If it ends, run aks-kms in a new session and resume: the journal is kept in your home directory."
    return (
        f"{ends} This session has no storage, so the journal is lost with it. Then run the same plan again: completed "
        "steps are skipped."
    )

"""The subscription that the Azure CLI uses by default, from its profile (`az account set`). It is only a proposal here."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_LARGEST = 10_000_000
"""Bytes of a profile that is read; one of a thousand subscriptions has 300,000."""


def default_subscription(environment: Mapping[str, str]) -> str:
    """Return the ID of the Azure CLI's default subscription; empty if there is none, or no profile that can be read."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    folder = environment.get("AZURE_CONFIG_DIR") or (f"{home}/.azure" if home else "")
    if not folder:
        return ""
    with suppress(OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        with (Path(folder) / "azureProfile.json").open("rb") as file:
            profile = json.loads(file.read(_LARGEST).decode("utf-8-sig"))
        return next(
            (
                str(each["id"]).lower()
                for each in profile["subscriptions"]
                if each.get("isDefault") is True and "id" in each
            ),
            "",
        )
    return ""

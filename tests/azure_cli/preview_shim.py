"""An `az` that hands every command through to the real one, but for what only the extension aks-preview can do.

`az aks create|update` with KMS flags is written down ($AKS_CALLS, a JSON array a line, for the real parser to judge) and
carried out as the extension would: everything else by the real command, the documented body by `az rest`
(docs/azure.md#clients: the core lacks --kms-infrastructure-encryption and refuses versionless keys). The bodies are those of
aks-preview 19.0.0b13 and later (docs/azure.md#request-bodies).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

API = "2026-08-01"
ONLY_PREVIEW = {
    "--kms-infrastructure-encryption": 1,
    "--enable-azure-keyvault-kms": 0,
    "--disable-azure-keyvault-kms": 0,
    "--azure-keyvault-kms-key-id": 1,
    "--azure-keyvault-kms-key-vault-resource-id": 1,
    "--azure-keyvault-kms-key-vault-network-access": 1,
}
"""The flags, and how many values each has."""


def split(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments for the real command, and the KMS flags with their values."""
    rest, flags, left = [], {}, iter(arguments)
    for word in left:
        if word in ONLY_PREVIEW:
            flags[word] = next(left) if ONLY_PREVIEW[word] else ""
        else:
            rest.append(word)
    return rest, flags


def az(*arguments: str) -> str:
    return subprocess.run(
        [os.environ["REAL_AZ"], *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def profile_of(present: dict[str, Any], flags: dict[str, str]) -> dict[str, Any]:
    """The security profile that the flags ask for, in the place of the present one.

    An update ignores `--kms-infrastructure-encryption Disabled`.
    """
    profile = dict(present)
    if flags.get("--kms-infrastructure-encryption", "Disabled") != "Disabled":
        profile["kubernetesResourceObjectEncryptionProfile"] = {
            "infrastructureEncryption": flags["--kms-infrastructure-encryption"]
        }
    if "--enable-azure-keyvault-kms" in flags:
        profile["azureKeyVaultKms"] = {
            "enabled": True,
            "keyId": flags["--azure-keyvault-kms-key-id"],
            "keyVaultNetworkAccess": flags["--azure-keyvault-kms-key-vault-network-access"],
            "keyVaultResourceId": flags["--azure-keyvault-kms-key-vault-resource-id"],
        }
    elif "--disable-azure-keyvault-kms" in flags:
        # Key id, network access and vault id are sent back unchanged.
        profile["azureKeyVaultKms"] = {**(present.get("azureKeyVaultKms") or {}), "enabled": False}
    return profile


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["version"] and "aks-preview" in str(arguments):
        print("19.0.0b15")
        return 0
    rest, flags = split(arguments)
    if arguments[:2] not in (["aks", "create"], ["aks", "update"]) or not flags:
        os.execv(os.environ["REAL_AZ"], ["az", *arguments])
    with Path(os.environ["AKS_CALLS"]).open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    if {"--enable-azure-keyvault-kms", "--disable-azure-keyvault-kms"} <= set(flags):
        return 1
    name, group = (rest[rest.index(option) + 1] for option in ("--name", "--resource-group"))
    if rest[1] == "create":
        az(*rest)
    url = (
        f"/subscriptions/{os.environ['SUBSCRIPTION_ID']}/resourceGroups/{group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{name}?api-version={API}"
    )
    body = json.loads(az("rest", "--method", "get", "--url", url))
    body["properties"]["storageProfile"] = {}
    body["properties"]["securityProfile"] = profile_of(body["properties"].get("securityProfile") or {}, flags)
    if rest[1] == "update" and "--assign-identity" in rest:
        if not {"--enable-managed-identity", "--yes"} <= set(
            rest
        ):  # the real one refuses, or asks (docs/azure.md#what-az-aks-update-requires)
            return 1
        identity = rest[rest.index("--assign-identity") + 1]
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    az("rest", "--method", "put", "--url", url, "--body", json.dumps(body))
    az("aks", "wait", "--name", name, "--resource-group", group, "--updated", "--interval", "1")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Verifying one managed cluster: read it and what it depends on, then judge."""

import asyncio
from typing import Any

from wizard.answers import Answers
from wizard.cloud.arm import MANAGED_CLUSTER, Json, ResourceId, dig, same
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.clean import clean
from wizard.cloud.diagnose import problem_from
from wizard.cloud.encryption import Encryption
from wizard.cloud.problems import AzureError, Problem
from wizard.cloud.roles import Grant, grants
from wizard.verification.checks import Evidence, checks
from wizard.verification.report import ClusterReport


async def verify(azure: Azure, cluster_id: str, *, expect: Answers | None = None) -> ClusterReport:
    """What can be said of a cluster's encryption, from what Azure returns now; held against `expect` if given.

    Raises AzureError where the cluster cannot be read or does not exist; what else cannot be read is a check whose
    outcome is unknown.
    """
    from azure.core.exceptions import AzureError as SdkError

    try:
        target = ResourceId.parse(cluster_id)
    except ValueError as error:
        raise AzureError(
            Problem("input", f"{error}.", "", "Give the id that `az aks show --query id` prints.")
        ) from None
    if not same(target.type, MANAGED_CLUSTER):
        raise AzureError(
            Problem(
                "input",
                f"{target.name} is not a managed cluster; its id says {target.type}.",
                "",
                "Give the id that `az aks show --query id` prints.",
            )
        )
    try:
        model = await azure.containers(target.subscription).managed_clusters.get(
            target.resource_group, target.name
        )
    except SdkError as error:
        raise AzureError(problem_from(error, f"The cluster {target.name} could not be read.")) from error
    cluster = as_json(model)
    evidence = await _gather(azure, target, cluster, expect)
    profile = dig(cluster, "properties", "securityProfile") or {}
    return ClusterReport(
        id=clean(str(cluster.get("id") or target)),
        name=clean(str(cluster.get("name") or target.name)),
        resource_group=target.resource_group,
        subscription=target.subscription,
        kubernetes_version=clean(str(dig(cluster, "properties", "currentKubernetesVersion") or "")),
        encryption=evidence.encryption.kind,
        checks=checks(evidence),
        security_profile=profile,
        keep=_keep(evidence.encryption),
    )


async def _gather(azure: Azure, cluster_id: ResourceId, cluster: Json, expect: Answers | None) -> Evidence:
    """Everything the checks look at. What cannot be read is left None, with the reason kept."""
    encryption = Encryption.of(cluster)
    evidence = Evidence(cluster, encryption, expect, azure.cloud.vault_suffix)
    if not encryption.kms_enabled:
        return evidence
    vault_id = _named_vault(encryption) or await _find_vault(azure, cluster_id.subscription, encryption)
    if not vault_id:
        return evidence
    vault, key, identity_grants = await asyncio.gather(
        _vault(azure, vault_id), _key(azure, vault_id, encryption), _grants(azure, vault_id, cluster)
    )
    return Evidence(
        cluster,
        encryption,
        expect,
        azure.cloud.vault_suffix,
        vault=_body(vault),
        key=_body(key),
        identity_grants=None if isinstance(identity_grants, Problem) else identity_grants,
        unreadable={
            name: found
            for name, found in (("vault", vault), ("key", key), ("roles", identity_grants))
            if isinstance(found, Problem)
        },
    )


def _body(found: Json | Problem) -> Json | None:
    return None if isinstance(found, Problem) else found


async def _vault(azure: Azure, vault_id: str) -> Json | Problem:
    from azure.core.exceptions import AzureError as SdkError

    vault = ResourceId.parse(vault_id)
    try:
        return as_json(await azure.vaults(vault.subscription).vaults.get(vault.resource_group, vault.name))
    except SdkError as error:
        return problem_from(error, f"The key vault {vault.name} could not be read.")


async def _key(azure: Azure, vault_id: str, encryption: Encryption) -> Json | Problem:
    from azure.core.exceptions import AzureError as SdkError

    vault = ResourceId.parse(vault_id)
    name = encryption.key_name.partition("/")[2]
    try:
        return as_json(
            await azure.vaults(vault.subscription).keys.get(vault.resource_group, vault.name, name)
        )
    except SdkError as error:
        return problem_from(error, f"The key {encryption.key_name} could not be read.")


async def _grants(azure: Azure, vault_id: str, cluster: Json) -> tuple[Grant, ...] | Problem:
    principals = [
        str(dig(value, "principalId") or "")
        for value in (dig(cluster, "identity", "userAssignedIdentities") or {}).values()
    ]
    try:
        found = await asyncio.gather(
            *(grants(azure, vault_id, principal) for principal in principals if principal)
        )
    except AzureError as error:
        return error.problem
    return tuple(grant for some in found for grant in some)


def _named_vault(encryption: Encryption) -> str:
    """The vault's id that the cluster names; empty where it names none, or something that is no id."""
    try:
        return str(ResourceId.parse(encryption.vault_id))
    except ValueError:
        return ""


async def _find_vault(azure: Azure, subscription: str, encryption: Encryption) -> str:
    """The resource id of the vault that a key identifier points to, where the cluster does not name it."""
    from azure.core.exceptions import AzureError as SdkError

    host = encryption.key_id.removeprefix("https://").partition("/")[0]
    try:
        async for vault in azure.vaults(subscription).vaults.list_by_subscription():
            body: dict[str, Any] = as_json(vault)
            uri = str(dig(body, "properties", "vaultUri") or "").removeprefix("https://").strip("/")
            if same(uri, host):
                return str(body["id"])
    except SdkError:
        return ""  # the checks on vault and key then say that they could not look
    return ""


def _keep(encryption: Encryption) -> tuple[str, ...]:
    if not encryption.kms_enabled:
        return ()
    vault = encryption.key_name.partition("/")[0]
    return (
        f"The key {encryption.key_name}, all its versions, enabled and unexpired: losing it loses the cluster's secrets.",
        f"The key vault {vault}, and the way for the cluster to reach it.",
        "The cluster's user-assigned identity and its roles on the key vault.",
    )

"""Everything that is read of Azure before a plan is made: what exists, as it exists."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from wizard.cloud.arm import Json, dig
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.clean import clean
from wizard.cloud.credential import SignedIn
from wizard.cloud.diagnose import problem_from
from wizard.cloud.features import feature_state, provider_state
from wizard.cloud.inventory import VersionRow, kubernetes_versions
from wizard.cloud.locks import Lock, locks
from wizard.cloud.problems import AzureError
from wizard.cloud.roles import Grant, Permission, grants, permissions
from wizard.target import Target


@dataclass(frozen=True)
class Snapshot:
    """What there was at one moment. A body is as Azure returned it; None where the thing does not exist."""

    signed_in: SignedIn
    feature: str | None
    provider: str
    groups: dict[str, Json | None]
    """By name in lower case."""
    cluster: Json | None
    versions: tuple[VersionRow, ...] = ()
    """What the region offers; read only for a cluster that is to be created."""
    vault: Json | None = None
    vault_name_taken: str | None = None
    """Why a vault that does not exist cannot be created under its name; in Azure's words."""
    key: Json | None = None
    identity: Json | None = None
    identity_grants: tuple[Grant, ...] = ()
    """What the user-assigned identity holds on the vault."""
    operator_grants: tuple[Grant, ...] = ()
    """What whoever is signed in holds on the vault."""
    rights: dict[str, tuple[Permission, ...] | None] = field(default_factory=dict)
    """What whoever is signed in may do, by resource group in lower case; None where it cannot be known."""
    unregistered: tuple[str, ...] = ()
    """Resource providers that a customer-managed key needs and that the subscription has never registered."""
    locks: tuple[Lock, ...] | None = ()
    """Every lock in the subscription; None where they may not be read."""

    @property
    def identity_principal(self) -> str:
        """The object id of the user-assigned identity; empty where it does not exist yet."""
        return str(dig(self.identity, "properties", "principalId") or "")


async def take(azure: Azure, target: Target) -> Snapshot:
    """Read it all, as much at the same time as possible. Raises AzureError."""
    answers = target.answers
    subscription = answers.subscription
    (groups, rights), (feature, provider, held), (cluster, versions, own) = await asyncio.gather(
        asyncio.gather(
            asyncio.gather(*(_group(azure, subscription, name) for name in target.groups)),
            asyncio.gather(*(permissions(azure, subscription, name) for name in target.groups)),
        ),
        asyncio.gather(
            feature_state(azure, subscription),
            provider_state(azure, subscription),
            locks(azure, subscription),
        ),
        asyncio.gather(read_cluster(azure, target), _versions(azure, target), _own(azure, target)),
    )
    names = [name.casefold() for name in target.groups]
    return Snapshot(
        signed_in=azure.signed_in,
        feature=feature,
        provider=provider,
        groups=dict(zip(names, groups, strict=True)),
        rights=dict(zip(names, rights, strict=True)),
        locks=held,
        cluster=cluster,
        versions=versions,
        **own,
    )


async def read(request: Awaitable[Any], summary: str) -> Json | None:
    """One resource's body, or None where it (or its group) does not exist. Raises AzureError; `summary` heads it."""
    from azure.core.exceptions import AzureError as SdkError
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return as_json(await request)
    except ResourceNotFoundError as error:
        if error.error and error.error.code == "SubscriptionNotFound":
            raise AzureError(problem_from(error, summary)) from error
        return None
    except SdkError as error:
        raise AzureError(problem_from(error, summary)) from error


async def read_cluster(azure: Azure, target: Target) -> Json | None:
    """The managed cluster. Raises AzureError."""
    answers = target.answers
    client = azure.containers(answers.subscription).managed_clusters
    name = answers.cluster.name
    return await read(client.get(answers.resource_group, name), f"The cluster {name} could not be read.")


async def read_vault(azure: Azure, target: Target) -> Json | None:
    """The key vault. Raises AzureError."""
    client = azure.vaults(target.answers.subscription).vaults
    name = target.own.vault.name
    return await read(
        client.get(target.answers.vault_group, name), f"The key vault {name} could not be read."
    )


async def read_key(azure: Azure, target: Target) -> Json | None:
    """The key, through the management plane, where no firewall stands in the way. Raises AzureError."""
    client = azure.vaults(target.answers.subscription).keys
    own = target.own
    request = client.get(target.answers.vault_group, own.vault.name, own.key.name)
    return await read(request, f"The key {own.key.name} of {own.vault.name} could not be read.")


async def read_identity(azure: Azure, target: Target) -> Json | None:
    """The user-assigned identity. Raises AzureError."""
    client = azure.identities(target.answers.subscription).user_assigned_identities
    name = target.own.identity.name
    request = client.get(target.answers.identity_group, name)
    return await read(request, f"The user-assigned identity {name} could not be read.")


async def _group(azure: Azure, subscription: str, name: str) -> Json | None:
    client = azure.resources(subscription).resource_groups
    return await read(client.get(name), f"The resource group {name} could not be read.")


async def _versions(azure: Azure, target: Target) -> tuple[VersionRow, ...]:
    if target.answers.cluster.create is False:
        return ()
    return tuple(await kubernetes_versions(azure, target.answers.subscription, target.answers.location))


async def _own(azure: Azure, target: Target) -> dict[str, Any]:
    """The part of the snapshot that only a customer-managed key needs."""
    if target.answers.customer_managed is None:
        return {}
    vault, identity, unregistered = await asyncio.gather(
        read_vault(azure, target), read_identity(azure, target), _unregistered(azure, target)
    )
    facts = {"vault": vault, "identity": identity, "unregistered": unregistered}
    if vault is None:
        return facts | {"vault_name_taken": await _name_taken(azure, target)}
    principal = str(dig(identity, "properties", "principalId") or "")
    key, operator_grants, identity_grants = await asyncio.gather(
        read_key(azure, target),
        grants(azure, target.vault_id, azure.signed_in.object_id),
        grants(azure, target.vault_id, principal) if principal else _nothing(),
    )
    return facts | {"key": key, "operator_grants": operator_grants, "identity_grants": identity_grants}


async def _unregistered(azure: Azure, target: Target) -> tuple[str, ...]:
    names = ("Microsoft.KeyVault", "Microsoft.ManagedIdentity")
    states = await asyncio.gather(
        *(provider_state(azure, target.answers.subscription, name) for name in names)
    )
    return tuple(name for name, state in zip(names, states, strict=True) if state == "NotRegistered")


async def _nothing() -> tuple[Grant, ...]:
    return ()


async def _name_taken(azure: Azure, target: Target) -> str | None:
    from azure.core.exceptions import AzureError as SdkError
    from azure.mgmt.keyvault.models import VaultCheckNameAvailabilityParameters

    name = target.own.vault.name
    body = VaultCheckNameAvailabilityParameters(name=name)
    try:
        answer = await azure.vaults(target.answers.subscription).vaults.check_name_availability(body)
    except SdkError as error:
        raise AzureError(
            problem_from(error, f"Whether the name {name} is free could not be asked.")
        ) from error
    return None if answer.name_available else clean(str(answer.message or answer.reason))

"""User-assigned identities (docs/azure.md#cluster-identities)."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.simulated.simulator.clients import TENANT, Cloud


async def test_an_identity_and_its_principal(cloud: Cloud) -> None:
    made = await cloud.make_identity()
    assert made.tenant_id == TENANT
    assert made.principal_id != made.client_id
    again = await cloud.make_identity()
    assert (again.principal_id, again.id) == (made.principal_id, made.id)
    assert (await cloud.identities.user_assigned_identities.get("RG-DEMO", "ID-AKS-DEMO")).id == made.id
    assert made.id in [
        entry.id async for entry in cloud.identities.user_assigned_identities.list_by_subscription()
    ]
    assert [
        entry.name
        async for entry in cloud.identities.user_assigned_identities.list_by_resource_group("rg-demo")
    ] == ["id-aks-demo"]
    await cloud.identities.user_assigned_identities.delete("rg-demo", "id-aks-demo")
    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        await cloud.identities.user_assigned_identities.get("rg-demo", "id-aks-demo")


async def test_names_and_groups_are_checked(cloud: Cloud) -> None:
    with pytest.raises(HttpResponseError, match="InvalidResourceName"):
        await cloud.make_identity("-x")
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        await cloud.make_identity("id-x", "rg-none")

"""Managed clusters and the generic commands that reach them: `az aks`, `az resource`, `az rest` (docs/azure.md#managed-clusters)."""

import json
from pathlib import Path

import pytest

from tests.azure_cli.cli import SUBSCRIPTION, AzureCli, cluster_id

GROUP = "rg-clusters"
ONE = f"--name one --resource-group {GROUP}"
ID = cluster_id(GROUP, "one")


@pytest.fixture(scope="module", autouse=True)
def cluster(az: AzureCli) -> None:
    made = az(f"group create --name {GROUP} --location westeurope --tags team=platform")
    assert (made["properties"]["provisioningState"], made["tags"]) == ("Succeeded", {"team": "platform"})
    shown = az(f"aks create {ONE} --kubernetes-version 1.33 --node-count 2 --no-ssh-key --tags env=test")
    assert (shown["kubernetesVersion"], shown["currentKubernetesVersion"]) == ("1.33", "1.33.6")
    assert (shown["identity"]["type"], shown["provisioningState"]) == ("SystemAssigned", "Succeeded")
    assert [(pool["name"], pool["count"]) for pool in shown["agentPoolProfiles"]] == [("nodepool1", 2)]


def test_show_and_list(az: AzureCli) -> None:
    shown = az(f"aks show {ONE}")
    assert (shown["id"].lower(), shown["tags"], shown["powerState"]) == (
        ID.lower(),
        {"env": "test"},
        {"code": "Running"},
    )
    assert shown["identityProfile"]["kubeletidentity"]["objectId"]
    table = az.text("aks list --output table").splitlines()
    assert table[0].split() == ["Name", "Location", "ResourceGroup", "KubernetesVersion", "CurrentKubernetesVersion", "ProvisioningState", "Fqdn"]  # fmt: skip
    assert len(table) == 2 + len(az("aks list --query [].name"))
    assert az(f"aks list --resource-group {GROUP} --query [].name") == ["one"]
    assert az(f"aks nodepool list --cluster-name one --resource-group {GROUP} --query [].mode") == ["System"]
    said = az.refused(f"aks show --name two --resource-group {GROUP}", code=3)
    assert (
        f"The Resource 'Microsoft.ContainerService/managedClusters/two' under resource group '{GROUP}' was not found."
        in said
    )
    assert "(ResourceGroupNotFound)" in az.refused("aks show --name two --resource-group rg-nowhere", code=3)


def test_versions(az: AzureCli) -> None:
    offered = az("aks get-versions --location westeurope --query values[].[version,isDefault]")
    assert ["1.34", True] in offered
    upgrades = az(f"aks get-upgrades {ONE} --query controlPlaneProfile")
    assert upgrades["kubernetesVersion"] == "1.33.6"
    assert [each["kubernetesVersion"] for each in upgrades["upgrades"]] == ["1.34.1", "1.34.2"]
    said = az.refused(
        f"aks create --name old --resource-group {GROUP} --kubernetes-version 1.20.1 --no-ssh-key"
    )
    assert "(K8sVersionNotSupported)" in said


def test_an_update_changes_what_it_names(az: AzureCli) -> None:
    before = az(f"resource show --ids {ID} --api-version 2026-08-01")
    assert az(f"aks update {ONE} --tags env=test owner=me --query tags") == {"env": "test", "owner": "me"}
    after = az(f"resource show --ids {ID} --api-version 2026-08-01")
    assert after["etag"] != before["etag"] if before.get("etag") else after["tags"] != before["tags"]
    assert after["properties"]["securityProfile"] == before["properties"]["securityProfile"]
    assert after["properties"]["networkProfile"] == before["properties"]["networkProfile"]


def test_stop_and_start(az: AzureCli) -> None:
    az.text(f"aks stop {ONE}")
    assert az(f"aks show {ONE} --query powerState.code") == "Stopped"
    said = az.refused(f"aks update {ONE} --tags env=none")
    assert "You can only perform start or delete operations on a stopped AKS cluster" in said
    az.text(f"aks start {ONE}")
    assert az(f"aks show {ONE} --query powerState.code") == "Running"


def test_generic_resources(az: AzureCli) -> None:
    listed = az(f"resource list --resource-group {GROUP} --query [].type")
    assert listed == ["Microsoft.ContainerService/managedClusters"]
    names = az("resource list --resource-type Microsoft.ContainerService/managedClusters --query [].name")
    assert {"one", "aks-demo"} <= set(names)
    shown = az(
        f"resource show --ids {ID} --query properties.currentKubernetesVersion"
    )  # the newest api-version it is offered
    assert shown == "1.33.6"
    updated = az(
        f"resource update --ids {ID} --api-version 2026-06-01 --set tags.owner=you --query tags.owner"
    )
    assert updated == "you"
    got = az(f"rest --method get --url {ID}?api-version=2026-08-01 --query name")
    assert got == "one"


def test_refusals_of_the_resource_manager(az: AzureCli) -> None:
    def refused(url: str, *more: str, method: str = "get") -> str:
        return az.refused(f"rest --method {method} --url {url}", *more)

    assert "MissingApiVersionParameter" in refused(f"{SUBSCRIPTION}/resourcegroups/{GROUP}")
    assert "NoRegisteredProviderFound" in refused(f"{ID}?api-version=1999-01-01")
    body = {
        "location": "westeurope",
        "properties": {"kubernetesVersion": "1.33.0"},
        "identity": {"type": "None"},
    }
    assert "InvalidParameter" in refused(
        f"{cluster_id(GROUP, 'three')}?api-version=2026-08-01", "--body", json.dumps(body), method="put"
    )


def test_credentials(az: AzureCli, tmp_path: Path) -> None:
    for more, user in (("", "clusterUser"), ("--admin", "clusterAdmin")):
        place = tmp_path / user
        az.text(f"aks get-credentials {ONE} --file {place} {more}")
        written = place.read_text()
        assert "current-context: one" in written
        assert f"{user}_{GROUP}_one" in written
        assert place.stat().st_mode & 0o077 == 0


def test_delete(az: AzureCli) -> None:
    az.text(f"aks create --name two --resource-group {GROUP} --no-ssh-key --node-count 1")
    assert az(f"aks delete --name two --resource-group {GROUP} --yes") is None
    assert az(f"aks list --resource-group {GROUP} --query [].name") == ["one"]
    az.text("group create --name rg-clusters-gone --location westeurope")
    az.text("group delete --name rg-clusters-gone --yes")
    assert az("group exists --name rg-clusters-gone") is False

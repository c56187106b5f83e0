"""The export of what exists: read over HTTPS, deployed to an empty simulated environment, and verified there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import AzureError as AzureCoreError

from tests.support import PRODUCTION, answers, cluster_id, run_plan, scenario_file, signed_in
from tests.unit.export.test_templates import errors, tree
from tests.unit.export.test_terraform import parsed
from wizard.cloud.arm import Json, ResourceId, dig
from wizard.cloud.azure import Azure
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError
from wizard.export.arm_template import arm
from wizard.export.bicep import bicep
from wizard.export.read import read_setup
from wizard.export.terraform import terraform
from wizard.simulator import scenarios
from wizard.verification.verify import verify

CLUSTER = ResourceId.parse(cluster_id())


def plain(it: Any) -> Any:
    """A template's value as Resource Manager reads it: `[[` is `[`. An expression fails the test."""
    match it:
        case str() if it.startswith("[["):
            return it[1:]
        case str():
            assert not it.startswith("["), it
            return it
        case dict():
            return {plain(key): plain(value) for key, value in it.items()}
        case list():
            return [plain(one) for one in it]
    return it


def resource_id(expression: str) -> str:
    """Evaluate `[resourceId('type', 'name', …)]` to the part of the ID below the resource group."""
    found = re.fullmatch(r"\[resourceId\((.*)\)\]", expression)
    assert found, expression
    type_, *names = re.findall(r"'([^']*)'", found[1])
    return below(type_, names)


def below(type_: str, names: list[str]) -> str:
    namespace, *kinds = type_.split("/")
    return "/".join([namespace, *(part for pair in zip(kinds, names, strict=True) for part in pair)])


async def deploy(azure: Azure, group: str, template: Json) -> None:
    """Deploy a template to a resource group as Resource Manager does: what depends on another resource comes after it."""
    client = azure.resources(ResourceId.parse(f"{group}/providers/a/b/c").subscription).resources
    done: set[str] = set()
    waiting: list[Json] = list(template["resources"])
    while waiting:
        ready = [one for one in waiting if {resource_id(each) for each in one.get("dependsOn", ())} <= done]
        assert ready, "a circle of dependencies"
        one = ready[0]
        waiting.remove(one)
        own = below(one["type"], plain(one["name"]).split("/"))
        scope = f"{one['scope']}/providers/" if "scope" in one else ""
        body = {
            key: plain(value)
            for key, value in one.items()
            if key not in {"type", "apiVersion", "name", "scope", "dependsOn"}
        }
        with declared(Repeat.SAFE):
            poller = await client.begin_create_or_update_by_id(
                f"{group}/providers/{scope}{own}", body, api_version=one["apiVersion"]
            )
        made = (await poller.result()).as_dict()
        done.add(own)
        if principal := dig(made, "properties", "principalId") if "identities" in own.casefold() else None:
            # another environment, another principal: the literal one is of the environment it was read from
            waiting = json.loads(
                re.sub(r'("principalId": )"[^"]*"', rf'\1"{principal}"', json.dumps(waiting))
            )


async def merge(azure: Azure, fragment: Json) -> None:
    """Merge the fragment into the cluster's own resource, and write it back whole."""
    client = azure.resources(CLUSTER.subscription).resources
    body = (await client.get_by_id(str(CLUSTER), api_version="2026-08-01")).as_dict()
    body["identity"] = fragment.get("identity", body.get("identity"))
    body["properties"]["securityProfile"] = fragment["properties"]["securityProfile"]
    kept: Json = {
        key: body[key] for key in ("location", "tags", "sku", "identity", "properties") if key in body
    }
    with declared(Repeat.SAFE):
        poller = await client.begin_create_or_update_by_id(str(CLUSTER), kept, api_version="2026-08-01")
    await poller.result()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "key_option", ["customer-managed-private", "customer-managed-public", "platform-managed"]
)
async def test_what_is_exported_can_be_deployed_and_is_then_verified(key_option: Any, tmp_path: Path) -> None:
    chosen = answers(key_option)
    async with signed_in() as (_, azure):
        _, _, status = await run_plan(azure, chosen)
        assert status == "succeeded"
        setup = await read_setup(azure, CLUSTER)
    files = {name: json.loads(text) for name, text in arm(setup).items()}
    registered = {PRODUCTION: {"features": {"Microsoft.ContainerService/KMSPMKPreview": "Registered"}}}
    async with signed_in(scenario_file(tmp_path, subscriptions=registered)) as (_, azure):
        for name, template in files.items():
            if "fragment" not in name:
                await deploy(azure, f"/subscriptions/{CLUSTER.subscription}/resourceGroups/rg-demo", template)
        await merge(azure, plain(files["aks-kms-cluster.fragment.json"]))
        report = await verify(azure, str(CLUSTER), expect=chosen)
    assert [check.code for check in report.checks if check.outcome == "failed"] == []
    assert report.passed


async def test_a_cluster_that_is_not_encrypted_is_refused() -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError, match="nothing to export"):
            await read_setup(azure, CLUSTER)


async def test_what_cannot_be_read_is_an_error_and_never_half_an_export() -> None:
    fault = {
        "match": {"method": "GET", "path": "*/vaults/kv-demo"},
        "answer": {"status": 403, "code": "AuthorizationFailed", "message": "No."},
    }
    async with signed_in("encrypted") as (simulator, azure):
        simulator.inject_faults(fault)
        with pytest.raises(AzureError, match="kv-demo could not be read"):
            await read_setup(azure, CLUSTER)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", sorted(set(scenarios()) - {"fleet", "throttled"}))
async def test_every_cluster_of_every_built_in_scenario_is_exported_or_refused_in_words(
    name: str, tmp_path: Path
) -> None:
    refused: list[str] = []
    async with signed_in(name) as (_, azure):
        for subscription in await azure.subscriptions():
            try:
                client = azure.containers(subscription.id).managed_clusters
                ids = [str(one.id) async for one in client.list()]
            except AzureCoreError:
                continue
            for id_ in ids:
                try:
                    setup = await read_setup(azure, ResourceId.parse(id_))
                except AzureError as refusal:
                    refused.append(refusal.problem.summary)
                    continue
                parsed(tmp_path, terraform(setup))
                parsed(tmp_path, terraform(setup, manage=True))
                assert [errors(tree(text)) for text in bicep(setup).values() if errors(tree(text))] == []
                assert bicep(setup).keys() == {name.replace(".json", ".bicep") for name in arm(setup)}
    assert all(refused)

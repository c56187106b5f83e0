"""Responses that say little: an empty object says nothing, a missing state means Succeeded, and 202 is followed."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import PRODUCTION, answers, run_plan, scenario_file, signed_in
from wizard.cloud.encryption import provisioning_state, settings_state
from wizard.cloud.features import feature_state, provider_state
from wizard.cloud.reads import Unknown
from wizard.cloud.rights import in_subscription
from wizard.errors import AzureError

PRIVATE = answers("customer-managed-private")


def empty(path: str, text: str = "{}") -> dict[str, Any]:
    return {"match": {"method": "GET", "path": path}, "raw": {"text": text}}


@pytest.mark.parametrize("text", ["{}", '{"properties": {}}', '{"name": "x"}'])
async def test_empty_object_is_not_a_registration_state(text: str, tmp_path: Path) -> None:
    faults = [empty("*/features/*", text), empty("*/providers/Microsoft.ContainerService", text)]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        for read in (feature_state, provider_state):
            with pytest.raises(AzureError) as refused:
                await read(azure, PRODUCTION)
            assert refused.value.problem.retryable


async def test_empty_role_definitions_are_not_missing_permissions(tmp_path: Path) -> None:
    faults = [empty("*/roleDefinitions/*")]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        assert isinstance(await in_subscription(azure, PRODUCTION), Unknown)


@pytest.mark.parametrize(
    ("state", "canonical", "effect"),
    [
        (None, "Succeeded", "effective"),
        ("", "Succeeded", "effective"),
        ("succeeded", "Succeeded", "effective"),
        ("FAILED", "Failed", "failed"),
        ("canceled", "Canceled", "failed"),
        ("Updating", "Updating", "pending"),
        ("Migrating", "Migrating", "pending"),
    ],
)
def test_provisioning_state_may_be_missing_or_in_another_letter_case(
    state: str | None, canonical: str, effect: str
) -> None:
    cluster = {"properties": {} if state is None else {"provisioningState": state}}
    assert provisioning_state(cluster) == canonical
    assert settings_state(cluster) == effect


@pytest.mark.parametrize("resource", ["managedclusters", "vaults", "userassignedidentities"])
async def test_put_that_is_answered_with_202_is_followed(resource: str, tmp_path: Path) -> None:
    fault = {
        "match": {"method": "PUT", "path": f"*/{resource}/*", "nth": 1},
        "page": {"status": 202, "body": "", "content_type": "application/json"},
        "after": True,
    }
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (simulator, azure):
        _, events, status = await run_plan(azure, PRIVATE)
    puts = [
        each for each in simulator.requests if each.method == "PUT" and f"/{resource}/" in each.path.lower()
    ]
    assert status == "succeeded", [e.problem for e in events if e.problem]
    assert puts

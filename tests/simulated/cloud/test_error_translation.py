"""Whatever asking Azure something ends in is told in one way: as Azure's refusal, or as an answer that cannot be read."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core import exceptions
from azure.core.exceptions import ODataV4Format

from tests.support import PRODUCTION, answers, cluster_id, signed_in, vault_id, world
from wizard.cloud.arm import Json
from wizard.cloud.error_translation import none_if_forbidden, none_if_missing, translate_errors
from wizard.cloud.features import feature_state
from wizard.cloud.inventory import vaults
from wizard.cloud.problems import AzureError, Problem
from wizard.cloud.roles import grants
from wizard.state.snapshot import read_cluster, read_resources
from wizard.state.target import Target

SUMMARY = "The cluster aks-demo could not be read."
HERE = f"/subscriptions/{PRODUCTION}"
UNKNOWN_VERSION = {
    "status": 404,
    "code": "InvalidResourceType",
    "message": "The resource type could not be found in the namespace for api version '2026-08-01'.",
}


def told(error: BaseException) -> Problem:
    """The problem that an error within the block becomes."""
    with pytest.raises(AzureError) as raised, translate_errors(SUMMARY):
        raise error
    assert raised.value.__cause__ is error
    return raised.value.problem


@pytest.mark.parametrize(
    "error",
    [
        exceptions.DeserializationError("s3cret"),
        KeyError("s3cret"),
        IndexError("s3cret"),
        TypeError("s3cret"),
        AttributeError("s3cret"),
        ValueError("s3cret"),
        OverflowError("s3cret"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_that_cannot_be_read_is_azures_and_none_of_its_values_is_shown(
    error: BaseException,
) -> None:
    problem = told(error)
    assert (problem.kind, problem.summary, problem.code) == ("azure", SUMMARY, "UnknownShape")
    assert type(error).__name__ in problem.cause
    assert problem.remedy
    assert "s3cret" not in repr(problem)


def test_a_refusal_stays_one_and_what_is_no_answer_is_not_touched() -> None:
    assert told(exceptions.ServiceRequestError("no way")).kind == "unreachable"
    ours = AzureError(Problem("input", "Of ours."))
    for error in (ours, asyncio.CancelledError(), RuntimeError("a fault")):
        with pytest.raises(type(error)) as raised, translate_errors(SUMMARY):
            raise error
        assert raised.value is error


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("ResourceNotFound", True),
        ("ResourceGroupNotFound", True),
        ("ParentResourceNotFound", True),
        ("KeyNotFound", True),
        ("FeatureNotFound", True),
        ("NotFound", True),
        ("SubscriptionNotFound", False),
        ("ResourceProviderNotFound", False),
        ("InvalidResourceType", False),
        ("InvalidResourceNamespace", False),
        ("NoRegisteredProviderFound", False),
        ("", False),
    ],
)
async def test_which_404_says_that_a_thing_does_not_exist(code: str, absent: bool) -> None:
    error = exceptions.ResourceNotFoundError("gone")
    error.status_code, error.response = 404, SimpleNamespace(headers={})
    error.error = ODataV4Format({"code": code, "message": "m"})

    async def ask() -> Json:
        raise error

    async def listed() -> Any:
        raise error
        yield

    if absent:
        assert await none_if_missing(ask()) is None
        assert await none_if_forbidden(listed()) is None
    else:
        for asked in (none_if_missing(ask()), none_if_forbidden(listed())):
            with pytest.raises(exceptions.ResourceNotFoundError):
                await asked


@pytest.mark.parametrize(
    "path", [cluster_id(), f"{HERE}/providers/Microsoft.Features/*", vault_id()], ids=["cluster", "feature", "vault"]
)  # fmt: skip
async def test_a_cloud_that_does_not_know_the_api_version_yet_is_not_an_empty_one(
    path: str, tmp_path: Path
) -> None:
    faults = [{"match": {"method": "GET", "path": path}, "answer": UNKNOWN_VERSION}]
    async with signed_in(world(tmp_path, faults=faults)) as (_, azure):
        target = Target(answers("customer-managed-private"), azure.cloud.vault_suffix)
        with pytest.raises(AzureError) as refusal:
            await read_resources(azure, target)
    problem = refusal.value.problem
    assert problem.code == "InvalidResourceType"
    assert "does not offer" in problem.cause
    assert "az provider show" in problem.remedy


async def test_a_moment_that_is_none_is_told_as_an_odd_answer(tmp_path: Path) -> None:
    odd = {"id": "/x", "properties": {"createdOn": "yesterday", "scope": HERE}}
    match = {"method": "GET", "path": "*/roleAssignments"}
    faults = [{"match": match, "raw": {"text": json.dumps({"value": [odd]})}}]
    async with signed_in(world(tmp_path, faults=faults)) as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await grants(azure, vault_id(), "p")
    problem = refusal.value.problem
    assert problem.summary == f"The role assignments on {vault_id()} could not be listed."
    assert "DeserializationError in wizard.cloud.roles, line " in problem.cause
    assert "yesterday" not in repr(problem)


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "https://127.0.0.1:1/x", "http://127.0.0.1/x", "/x"]
)
async def test_the_next_page_of_a_list_is_looked_for_where_the_first_one_came_from(
    link: str, tmp_path: Path
) -> None:
    page = {"text": json.dumps({"value": [], "nextLink": link})}
    async with signed_in(
        world(tmp_path, faults=[{"match": {"method": "GET", "path": "*/vaults"}, "raw": page}])
    ) as (simulator, azure):
        with pytest.raises(AzureError) as refusal:
            await vaults(azure, PRODUCTION)
        assert {r.path for r in simulator.requests if "/vaults" in r.path} == {
            f"{HERE}/providers/Microsoft.KeyVault/vaults"
        }
    assert "its next page is said to be on" in refusal.value.problem.azure_said


async def test_a_cluster_of_an_odd_shape_is_no_fault_of_ours(tmp_path: Path) -> None:
    body = {"id": cluster_id(), "identity": {"userAssignedIdentities": []}, "properties": {}}
    faults = [{"match": {"method": "GET", "path": cluster_id()}, "raw": {"text": json.dumps(body)}}]
    async with signed_in(world(tmp_path, faults=faults)) as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await read_cluster(azure, Target(answers("platform-managed"), azure.cloud.vault_suffix))
        assert await feature_state(azure, PRODUCTION) == "NotRegistered"
    assert "its userAssignedIdentities is a list, not an object" in refusal.value.problem.azure_said

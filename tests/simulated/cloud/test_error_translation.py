"""Errors of the SDKs become a refusal of Azure, or a response that cannot be read."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.core import exceptions

from tests.support import PRODUCTION, answers, cluster_id, scenario_file, signed_in, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.error_translation import none_if_missing, translate_errors
from wizard.cloud.features import feature_state
from wizard.cloud.inventory import vaults
from wizard.cloud.roles import grants
from wizard.errors import AzureError, Problem
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
    """Return the problem of an error in the block."""
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
def test_unreadable_response_is_azures_fault_and_is_not_quoted(
    error: BaseException,
) -> None:
    problem = told(error)
    assert (problem.kind, problem.summary, problem.code) == ("unreachable", SUMMARY, "UnknownShape")
    assert type(error).__name__ in problem.cause
    assert problem.remedy
    assert "s3cret" not in repr(problem)


def test_azure_error_and_other_exceptions_pass_unchanged() -> None:
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
        ("resourcenotfound", True),
        ("SubscriptionNotFound", False),
        ("ResourceProviderNotFound", False),
        ("InvalidResourceType", False),
        ("InvalidResourceNamespace", False),
        ("NoRegisteredProviderFound", False),
        ("", False),
    ],
)
async def test_only_some_404s_mean_that_a_resource_does_not_exist(code: str, absent: bool) -> None:
    error = exceptions.ResourceNotFoundError("gone")
    body = json.dumps({"error": {"code": code, "message": "m"}})
    error.status_code, error.response = 404, SimpleNamespace(headers={}, text=lambda: body)

    async def ask() -> Json:
        raise error

    if absent:
        assert await none_if_missing(ask()) is None
    else:
        with pytest.raises(exceptions.ResourceNotFoundError):
            await none_if_missing(ask())


@pytest.mark.parametrize(
    "path", [cluster_id(), f"{HERE}/providers/Microsoft.Features/*", vault_id()], ids=["cluster", "feature", "vault"]
)  # fmt: skip
async def test_unsupported_api_version_is_not_an_empty_list(path: str, tmp_path: Path) -> None:
    faults = [{"match": {"method": "GET", "path": path}, "answer": UNKNOWN_VERSION}]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        target = Target(answers("customer-managed-private"), azure.cloud.vault_suffix)
        with pytest.raises(AzureError) as refusal:
            await read_resources(azure, target)
    problem = refusal.value.problem
    assert problem.code == "InvalidResourceType"
    assert "does not offer" in problem.cause
    assert problem.remedy.startswith("Check --cloud.")


async def test_invalid_time_is_an_unexpected_response(tmp_path: Path) -> None:
    odd = {"id": "/x", "properties": {"createdOn": "yesterday", "scope": HERE}}
    match = {"method": "GET", "path": "*/roleAssignments"}
    faults = [{"match": match, "raw": {"text": json.dumps({"value": [odd]})}}]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await grants(azure, vault_id(), "p")
    problem = refusal.value.problem
    assert problem.summary == f"The role assignments on {vault_id()} could not be listed."
    assert "DeserializationError in wizard.cloud.roles, line " in problem.cause
    assert "yesterday" not in repr(problem)


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "https://127.0.0.1:1/x", "http://127.0.0.1/x", "/x"]
)
async def test_next_page_on_another_host_is_not_read(link: str, tmp_path: Path) -> None:
    page = {"text": json.dumps({"value": [], "nextLink": link})}
    async with signed_in(
        scenario_file(tmp_path, faults=[{"match": {"method": "GET", "path": "*/vaults"}, "raw": page}])
    ) as (simulator, azure):
        with pytest.raises(AzureError) as refusal:
            await vaults(azure, PRODUCTION)
        assert {r.path for r in simulator.requests if "/vaults" in r.path} == {
            f"{HERE}/providers/Microsoft.KeyVault/vaults"
        }
    assert "the link to its next page leads to" in refusal.value.problem.azure_said


async def test_cluster_in_an_unexpected_format_is_not_our_fault(tmp_path: Path) -> None:
    body = {"id": cluster_id(), "identity": {"userAssignedIdentities": []}, "properties": {}}
    faults = [{"match": {"method": "GET", "path": cluster_id()}, "raw": {"text": json.dumps(body)}}]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await read_cluster(azure, Target(answers("platform-managed"), azure.cloud.vault_suffix))
        assert await feature_state(azure, PRODUCTION) == "NotRegistered"
    assert "its userAssignedIdentities is a list, not an object" in refusal.value.problem.azure_said

"""An advisory read never raises, blocks or loops, whatever Azure answers: it is unknown, and says why."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support import PRODUCTION, signed_in
from wizard.cloud import quota, reads
from wizard.cloud.arm import KEY_VAULT, GroupId
from wizard.cloud.azure import Azure
from wizard.cloud.compute import vcpus
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.features import cluster_regions
from wizard.cloud.policies import Request, denials
from wizard.cloud.reads import Read, Unknown, advisory, known, needed
from wizard.cloud.rights import in_subscription
from wizard.cloud.roles import eligible
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem

TABLE = [each for each in vars(reads).values() if isinstance(each, Read)]
WITHIN = 1.0


def error(status: int) -> dict[str, Any]:
    return {"answer": {"status": status, "code": "NeverHeardOf", "message": "No."}}


FAULTS: dict[str, dict[str, Any]] = {
    **{str(status): error(status) for status in (400, 401, 403, 404, 405, 429, 500, 501, 503)},
    "reset": {"reset": True},
    "hang": {"hang": True},
    "half": {"truncate": True},
    "garbage": {"malformed": True},
    "page of a proxy": {"page": {}},
    "empty object": {"raw": {"text": "{}"}},
    "list of texts": {"raw": {"text": '{"value": ["x"]}'}},
    "too long": {"raw": {"text": "x" * 1000, "times": 40_000}},
    "lying encoding": {"raw": {"text": "{}", "headers": {"Content-Encoding": "gzip"}}},
}


def _denials(azure: Azure) -> Awaitable[Any]:
    vault = {"location": "westeurope", "properties": {}}
    return denials(azure, Request(GroupId(PRODUCTION, "rg-demo"), KEY_VAULT, "kv", vault, "2024-11-01"))


ADVISORY: dict[str, tuple[str, Callable[[Azure], Awaitable[Any]]]] = {
    "aks-regions": (
        "*/providers/Microsoft.ContainerService",
        lambda azure: cluster_regions(azure, PRODUCTION),
    ),
    "quota": (
        "*/quotas",
        lambda azure: quota.clusters_in_region(azure, PRODUCTION, "westeurope"),
    ),
    "vcpu-quotas": ("*/usages", lambda azure: vcpus(azure, PRODUCTION, "westus2")),
    "permissions": ("*/roleAssignments", lambda azure: in_subscription(azure, PRODUCTION)),
    "eligible-roles": (
        "*/roleEligibilityScheduleInstances",
        lambda azure: eligible(azure, f"/subscriptions/{PRODUCTION}"),
    ),
    "policies": ("*/checkPolicyRestrictions", _denials),
}


@pytest.mark.parametrize("read", ADVISORY)
async def test_advisory_read_is_unknown_after_any_fault(read: str) -> None:
    path, ask = ADVISORY[read]
    async with signed_in(environment={"AKS_KMS_TIMEOUTS": f"advisory-read={WITHIN}"}) as (simulator, azure):
        assert not isinstance(await ask(azure), Unknown), "it succeeds without a fault"
        for name, fault in FAULTS.items():
            simulator.inject_faults({"match": {"path": path}, **fault})
            started = time.monotonic()
            found = await ask(azure)
            assert isinstance(found, Unknown), (name, found)
            assert found.read.name == read
            assert found.problem.kind != "ours", name
            assert str(found).endswith(found.read.absence)
            assert time.monotonic() - started < WITHIN + 2, name


async def test_advisory_read_that_is_too_slow_says_how_to_wait_longer() -> None:
    found = await advisory(reads.LOCKS, asyncio.sleep(60), Timeouts(advisory_read=0.01))
    assert isinstance(found, Unknown)
    assert found.transient
    assert "--timeout advisory-read=" in found.problem.remedy
    assert known(found, "otherwise") == "otherwise"
    assert known("found", "otherwise") == "found"


async def test_advisory_read_is_cancelled_with_its_caller() -> None:
    reading = asyncio.create_task(advisory(reads.LOCKS, asyncio.sleep(60), Timeouts()))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_advisory_read_keeps_the_reason_of_an_azure_error() -> None:
    problem = Problem("azure", "The locks could not be read.", "No.", code="AuthorizationFailed")

    async def refused() -> int:
        with translate_errors("unused"):
            raise AzureError(problem)

    found = await advisory(reads.LOCKS, refused(), Timeouts())
    assert found == Unknown(reads.LOCKS, problem)
    with pytest.raises(AzureError) as raised:
        await needed(reads.CLUSTER, refused())
    assert raised.value.problem == problem


def test_table_of_reads_has_a_sentence_for_each() -> None:
    assert len({each.name for each in TABLE}) == len(TABLE)
    assert {each.needed for each in TABLE} == {True, False}
    for each in TABLE:
        assert each.failure.endswith(".")
        assert each.absence.endswith(".")

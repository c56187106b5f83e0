"""Checks inside simulated clusters with the real kubectl."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.in_cluster.kubectl import NEEDED, on_path
from tests.simulated.simulator.kubernetes.test_credentials import ENTRA
from tests.support import PRODUCTION, cluster_id, scenario_file, signed_in, wait_until
from wizard.cloud.azure import Azure
from wizard.in_cluster.verify import check_inside
from wizard.simulator import Simulator
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

pytestmark = NEEDED
WEB, LEDGER = cluster_id("web-stage", "rg-web"), cluster_id("bank-ledger", "rg-bank")
BATCH = cluster_id("batch-eu", "rg-batch")
SECRETS = "/api/v1/namespaces/default/secrets"


@asynccontextmanager
async def there(tmp_path: Path, scenario: Any = "contoso", path: str | None = None) -> AsyncIterator[tuple[Simulator, Azure]]:  # fmt: skip
    async with signed_in(scenario, environment={"PATH": on_path(tmp_path) if path is None else path}) as both:
        yield both


async def looked(azure: Azure, id_: str, **options: Any) -> dict[str, Check]:
    report = await verify(azure, id_)
    found = await check_inside(azure, report, **options)
    assert len({check.code for check in found}) == len(found), "a code is there once"
    assert {check.group for check in found} == {"inside"}
    assert all(check.message for check in found)
    assert all(bool(check.remedy) == (check.outcome != "passed") for check in found)
    return {check.code.removeprefix("inside-"): check for check in found}


def outcomes(found: dict[str, Check]) -> dict[str, str]:
    return {code: check.outcome for code, check in found.items() if check.outcome != "passed"}


def secrets_of(simulator: Simulator, id_: str) -> list[str]:
    return sorted(key for key in simulator.etcd(id_) if key.startswith("/registry/secrets/"))


def inside(simulator: Simulator) -> list[tuple[str, str, str]]:
    return [
        (entry.method, entry.path, entry.query)
        for entry in simulator.requests
        if entry.host.endswith("azmk8s.io")
    ]


ALL = [
    *("reached", "kms-providers", "metrics", "canary-written", "canary-read", "canary-removed"),
    *("canary-encrypted", "plain-reads", "one-key", "kms-errors"),
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("id_", [WEB, LEDGER, BATCH])
async def test_encryption_of_a_canary_is_observed_and_the_canary_is_deleted(tmp_path: Path, id_: str) -> None:
    async with there(tmp_path) as (simulator, azure):
        before = secrets_of(simulator, id_)
        told: list[str] = []
        found = await looked(azure, id_, on_check=lambda check: told.append(check.code))
        assert list(found) == ALL
        assert told == [f"inside-{code}" for code in found], "each is told as it is made"
        assert outcomes(found) == {}
        assert "2 API servers" in found["canary-encrypted"].evidence
        assert all(check.proves for check in found.values() if check.code != "inside-canary-removed")
        assert secrets_of(simulator, id_) == before
        assert simulator.unknown == ()
        asked = inside(simulator)
    one = found["one-key"].message
    assert ("key version in the cluster's settings" in one) == (id_ == BATCH)
    no_other_secret_is_read(asked)


def no_other_secret_is_read(asked: list[tuple[str, str, str]]) -> None:
    canaries = {path for _, path, _ in asked if path.startswith(f"{SECRETS}/")}
    assert len(canaries) == 1
    assert "/secrets/aks-kms-canary-" in next(iter(canaries))
    others = {(method, path) for method, path, _ in asked} - {
        *((method, path) for path in canaries for method in ("GET", "DELETE")),
        *(("GET", path) for path in ("/readyz", "/metrics")),
        ("POST", SECRETS),
    }
    assert others == {("GET", SECRETS)}, "only the list of canaries:"
    assert {query.removesuffix("timeout=30s").strip("&") for _, path, query in asked if path == SECRETS} == {
        "",
        "labelSelector=app.kubernetes.io/managed-by%3Daks-kms,app.kubernetes.io/component%3Dcanary",
    }


async def test_a_cluster_without_encryption_fails_although_its_provider_is_healthy(
    tmp_path: Path,
) -> None:
    async with there(tmp_path) as (simulator, azure):
        found = await looked(azure, cluster_id())
        assert not [key for key in secrets_of(simulator, cluster_id()) if "canary" in key]
    assert outcomes(found) == {"canary-encrypted": "failed"}
    assert found["kms-providers"].outcome == "passed"
    assert "This alone proves nothing" in found["kms-providers"].proves


def encrypted_with(tmp_path: Path, **key: Any) -> Path:
    vaults = {"kv-demo": {"keys": {"aks-kms": key}}}
    subscriptions = {PRODUCTION: {"groups": {"rg-demo": {"vaults": vaults}}}}
    return scenario_file(tmp_path, extends="encrypted", subscriptions=subscriptions)


async def test_a_key_that_stops_working_fails_inside(tmp_path: Path) -> None:
    async with there(tmp_path, encrypted_with(tmp_path, enabled=False)) as (simulator, azure):
        await looked(azure, cluster_id())  # the API servers notice at their next look
        found = await looked(azure, cluster_id())
        assert not [key for key in secrets_of(simulator, cluster_id()) if "canary" in key]
    wrong = outcomes(found)
    assert wrong["kms-providers"] == "failed"
    assert wrong["kms-errors"] == "failed"
    assert wrong["canary-written"] == "failed"
    assert wrong["canary-encrypted"] == "failed"
    assert "reason withheld" in found["kms-providers"].evidence


async def test_secrets_in_plain_text_show_the_progress_of_the_migration(tmp_path: Path) -> None:
    clusters = {"aks-demo": {"secrets": {"default/theirs": {"data": {"a": "b"}}}}}
    slow = scenario_file(
        tmp_path,
        durations={"secret_migration": 100000},
        subscriptions={PRODUCTION: {"groups": {"rg-demo": {"clusters": clusters}}}},
    )
    async with signed_in(slow, 1.0, environment={"PATH": on_path(tmp_path)}) as (simulator, azure):
        await looked(azure, cluster_id())
        on = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
        simulator.change(cluster_id(), {"properties": {"securityProfile": on}})
        found = await looked(azure, cluster_id())
    assert found["canary-encrypted"].outcome == "passed"
    assert found["plain-reads"].outcome == "unknown"
    assert found["plain-reads"].evidence.startswith("1 reads of plain text since")
    assert "kubectl replace" in found["plain-reads"].remedy


# -- what cannot be checked -------------------------------------------------------------------------------------


def demo(tmp_path: Path, properties: str, roles: dict[str, Any] | None = None) -> Path:
    from ruamel.yaml import YAML

    body = YAML(typ="safe", pure=True).load(properties)
    clusters = {"aks-demo": {"body": {"properties": body}}}
    changes: dict[str, Any] = {"subscriptions": {PRODUCTION: {"groups": {"rg-demo": {"clusters": clusters}}}}}
    if roles is not None:
        changes["principals"] = {"operator": {"roles": roles}}
    return scenario_file(tmp_path, extends="encrypted", **changes)


async def only(azure: Azure, id_: str = "", **options: Any) -> Check:
    report = await verify(azure, id_ or cluster_id())
    found = await check_inside(azure, report, **options)
    assert [check.code for check in found] == ["inside-reached"]
    assert found[0].outcome == "unknown"
    assert report.with_more(found).passed == report.passed, "the verdict from outside is unchanged"
    return found[0]


async def test_a_missing_kubectl_is_unknown(tmp_path: Path) -> None:
    async with there(tmp_path, path=str(tmp_path)) as (simulator, azure):
        check = await only(azure, WEB)
        assert "az aks install-cli" in check.remedy
        assert "az aks command invoke" in check.remedy
        assert not any("Credential" in entry.path for entry in simulator.requests), "no credential is fetched"


async def test_a_private_cluster_is_unknown(tmp_path: Path) -> None:
    private = demo(tmp_path, "{apiServerAccessProfile: {enablePrivateCluster: true}}")
    async with there(tmp_path, private) as (_, azure):
        check = await only(azure)
    assert "is not reachable from this computer" in check.message
    assert "az aks command invoke --subscription" in check.remedy


async def test_a_stopped_cluster_is_unknown(tmp_path: Path) -> None:
    async with there(tmp_path) as (_, azure):
        check = await only(azure, cluster_id("web-night", "rg-web"))
    assert (
        check.remedy
        == "az aks start -n web-night -g rg-web --subscription 22222222-2222-2222-2222-222222222222"
    )


async def test_no_permission_for_a_kubeconfig_is_unknown(tmp_path: Path) -> None:
    reader = {f"/subscriptions/{PRODUCTION}": ["Reader"]}
    async with there(tmp_path, demo(tmp_path, "{}", reader)) as (_, azure):
        check = await only(azure)
    assert "AuthorizationFailed" in check.evidence
    assert "Azure Kubernetes Service Cluster User Role" in check.remedy


async def test_disabled_local_accounts_are_unknown(tmp_path: Path) -> None:
    async with there(tmp_path, demo(tmp_path, "{disableLocalAccounts: true}")) as (_, azure):
        check = await only(azure)
    assert "disable local accounts" in check.evidence
    assert "--enable-aad" in check.remedy


async def test_an_entra_cluster_accepts_the_signed_in_identity_without_kubelogin(tmp_path: Path) -> None:
    roles = {cluster_id(): ["Azure Kubernetes Service RBAC Cluster Admin"]}
    async with there(tmp_path, demo(tmp_path, ENTRA, roles)) as (_, azure):
        found = await looked(azure, cluster_id())
    assert outcomes(found) == {}
    assert "who is signed in to Azure" in found["reached"].message


async def test_an_entra_cluster_without_permissions_is_unknown(tmp_path: Path) -> None:
    async with there(tmp_path, demo(tmp_path, ENTRA)) as (_simulator, azure):
        report = await verify(azure, cluster_id())
        found = await check_inside(azure, report)
        assert [(check.code, check.outcome) for check in found] == [
            ("inside-reached", "passed"),
            ("inside-kms-providers", "passed"),
            ("inside-metrics", "unknown"),
            ("inside-canary-written", "unknown"),
        ]
        assert report.with_more(found).passed
    assert "Azure Kubernetes Service RBAC Cluster Admin" in found[2].remedy
    assert "Azure Kubernetes Service RBAC Writer" in found[3].remedy


async def test_an_api_server_that_times_out_is_unknown(tmp_path: Path) -> None:
    hangs = [{"match": {"path": "/readyz"}, "hang": True}]
    async with there(tmp_path, scenario_file(tmp_path, faults=hangs)) as (_, azure):
        check = await only(azure, WEB, time_limit=1)
    assert "no response within 1 s" in check.evidence


# -- the canary is deleted in every case ------------------------------------------------------------------------


async def test_a_canary_that_cannot_be_read_is_deleted(tmp_path: Path) -> None:
    hangs = [{"match": {"method": "GET", "path": f"{SECRETS}/aks-kms-canary-*"}, "hang": True}]
    async with there(tmp_path, scenario_file(tmp_path, faults=hangs)) as (simulator, azure):
        found = await looked(azure, WEB, time_limit=2)
        assert not [key for key in secrets_of(simulator, WEB) if "canary" in key]
    assert outcomes(found) == {"canary-read": "unknown"}


@pytest.mark.matrix
async def test_a_cancelled_check_deletes_its_canary(tmp_path: Path) -> None:
    hangs = [{"match": {"method": "GET", "path": f"{SECRETS}/aks-kms-canary-*"}, "hang": True}]
    async with there(tmp_path, scenario_file(tmp_path, faults=hangs)) as (simulator, azure):
        report = await verify(azure, WEB)
        task = asyncio.create_task(check_inside(azure, report))
        await wait_until(lambda: [key for key in secrets_of(simulator, WEB) if "canary" in key])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [key for key in secrets_of(simulator, WEB) if "canary" in key]


@pytest.mark.matrix
async def test_a_canary_deleted_by_another_run_is_unknown(tmp_path: Path) -> None:
    gone = [{"match": {"method": "GET", "path": f"{SECRETS}/aks-kms-canary-*"},
             "answer": {"status": 404, "code": "NotFound", "message": "gone"}}]  # fmt: skip
    async with there(tmp_path, scenario_file(tmp_path, faults=gone)) as (_, azure):
        found = await looked(azure, WEB)
    assert outcomes(found) == {"canary-read": "unknown"}


@pytest.mark.matrix
async def test_metrics_that_stop_responding_keep_the_earlier_checks(tmp_path: Path) -> None:
    fails = [{"match": {"path": "/metrics", "skip": 4}, "answer": {"status": 503, "code": "X", "message": "later"}}]  # fmt: skip
    async with there(tmp_path, scenario_file(tmp_path, faults=fails)) as (_, azure):
        found = await looked(azure, WEB)
    assert outcomes(found) == {"canary-encrypted": "unknown"}


def test_newer_checks_from_inside_replace_older_ones() -> None:
    outside = Check("cluster-healthy", "cluster", "passed", "It is well.")
    first = Check("inside-reached", "inside", "unknown", "Not reached.")
    second = Check("inside-reached", "inside", "passed", "Reached.")
    report = ClusterReport("i", "n", "g", "s", "1.34", "platform-managed", (outside,), {})
    again = report.with_more([first]).with_more([second])
    assert again.checks == (outside, second)

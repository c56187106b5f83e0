"""Each check from inside passes with one reading, and fails, warns or is unknown with another."""

from typing import Any

import pytest

from tests.facts import CUSTOMER_MANAGED, LEGACY, cluster
from wizard.cloud.encryption import Encryption
from wizard.errors import KubectlError
from wizard.in_cluster import checks
from wizard.in_cluster.metrics import Readings, parse
from wizard.verification.report import Check

KMS = "k8s:enc:kms:v2:some:"
KEY = "sha256:" + "ab" * 32
ILL = "Internal error occurred: failed to encrypt DEK, error: rpc error: code = Unknown desc = it is gone"
EXPIRED = 'Internal error occurred: EDEK with keyID hash "sha256:ab" expired at 2026-01-01'
UNREADABLE = (
    'Internal error occurred: unable to transform key "/registry/secrets/default/x": no matching prefix found'
)
WEBHOOK = (
    'Internal error occurred: failed calling webhook "kms.kyverno.svc-fail": failed to call webhook: no endpoints '
    'available for service "kyverno-svc"'
)
OURS, OLD = (Encryption.of(cluster(profile)) for profile in (CUSTOMER_MANAGED, LEGACY))


def known(text: str) -> Readings:
    """Return the readings of these metrics, by API server."""
    reading = parse(text)
    return {reading.server: reading}


def server(
    started: int = 1,
    *,
    kms: int = 0,
    plain: int = 0,
    ill: int = 0,
    reads: int = 0,
    others: int = 99,
    bad_calls: int = 0,
    key: str = KEY,
) -> Readings:
    """Return the metrics of one API server."""
    storage = "apiserver_storage_transformation_operations_total"
    label = 'transformation_type="to_storage",resource="secrets"'
    envelope = "apiserver_envelope_encryption"
    text = f"""\
# HELP {storage} [ALPHA] Total number of transformations.
# TYPE {storage} counter
{storage}{{{label},transformer_prefix="{KMS}",status="OK"}} {kms}
{storage}{{{label},transformer_prefix="",status="OK"}} {plain}
{storage}{{{label},transformer_prefix="{KMS}",status="Unknown"}} {ill}
{storage}{{transformation_type="to_storage",resource="configmaps",transformer_prefix="",status="OK"}} 99
{storage}{{transformation_type="from_storage",resource="secrets",transformer_prefix="identity",status="OK"}} {reads}
{storage}{{transformation_type="from_storage",resource="configmaps",transformer_prefix="identity",status="OK"}} {others}
{envelope}_kms_operations_latency_seconds_count{{method_name="/v2.KeyManagementService/Status",grpc_status_code="OK"}} 7
{envelope}_kms_operations_latency_seconds_count{{method_name="/v2.KeyManagementService/Encrypt",grpc_status_code="Unknown"}} {bad_calls}
process_start_time_seconds {started}
no metric at all {{
"""
    if key:
        name = f"{envelope}_key_id_hash_status_last_timestamp_seconds"
        text += f'{name}{{key_id_hash="{key}",apiserver_id_hash="sha256:{started}"}} 1.7e9\n'
    return known(text)


def empty_snapshot(started: int = 1) -> Readings:
    """Return the metrics of an API server without a KMS provider, which lack these series (docs/azure.md#proof-from-inside-a-cluster)."""
    return known(f"process_start_time_seconds {started}\n")


def error(reason: str = "Forbidden", said: str = "no") -> KubectlError:
    return KubectlError(reason, said)


def two(first: Readings, second: Readings) -> Readings:
    return {**first, **second}


CASES: list[tuple[str, str, Check]] = [
    ("kms-providers", "passed", checks.health("[+]etcd ok\n[+]kms-providers ok\n")),
    ("kms-providers", "passed", checks.health("[+]kms-provider-0 ok\n")),
    ("kms-providers", "failed", checks.health("[+]etcd ok\n[-]kms-providers failed: reason withheld\n")),
    ("kms-providers", "failed", checks.health("[+]kms-provider-0 ok\n[-]kms-provider-1 failed: reason withheld\n")),
    ("kms-providers", "unknown", checks.health("[+]kms-provider-0 ok\nkms-provider-1 is what?\n")),
    ("kms-providers", "unknown", checks.health("[+]etcd ok\n")),
    ("kms-providers", "unknown", checks.unseen_health(error())),
    ("metrics", "passed", checks.seen_metrics(server())),
    ("metrics", "unknown", checks.unseen_metrics(error())),
    ("canary-written", "passed", checks.written(None, "x")),
    ("canary-written", "failed", checks.written(error("InternalError", ILL), "x")),
    ("canary-written", "failed", checks.written(error("InternalError", EXPIRED), "x")),
    ("canary-written", "unknown", checks.written(error("InternalError"), "x")),
    ("canary-written", "unknown", checks.written(error("InternalError", WEBHOOK), "x")),
    ("canary-written", "unknown", checks.written(error(), "x")),
    ("canary-written", "unknown", checks.written(error("Denied", "admission webhook denied the request"), "x")),
    ("canary-read", "passed", checks.read_back(True)),
    ("canary-read", "failed", checks.read_back(False)),
    ("canary-read", "failed", checks.read_back(error("InternalError", UNREADABLE))),
    ("canary-read", "unknown", checks.read_back(error("InternalError"))),
    ("canary-read", "unknown", checks.read_back(error("NotFound"))),
    ("canary-read", "unknown", checks.read_back(error("TimeLimit"))),
    ("canary-removed", "passed", checks.removed(None, "x", 2)),
    ("canary-removed", "passed", checks.removed(None, "x", 0, was_made=False)),
    ("canary-removed", "warning", checks.removed(None, "x", 0, was_made=None)),
    ("canary-removed", "warning", checks.removed(error("TimeLimit"), "x", 0)),
    ("canary-encrypted", "passed", checks.encrypted(server(kms=3), server(kms=4), KMS)),
    ("canary-encrypted", "passed", checks.encrypted(two(server(1), server(2)), two(server(1), server(2, kms=1)), KMS)),
    ("canary-encrypted", "failed", checks.encrypted(empty_snapshot(), empty_snapshot(), "")),
    ("canary-encrypted", "failed", checks.encrypted(two(server(1), empty_snapshot(2)), two(server(1), empty_snapshot(2)), KMS)),
    ("canary-encrypted", "failed", checks.encrypted(server(kms=3), server(kms=4, plain=1), KMS)),
    ("canary-encrypted", "failed", checks.encrypted(server(), server(ill=1), KMS)),
    ("canary-encrypted", "unknown", checks.encrypted(two(server(1), server(2)), server(1), KMS)),
    ("canary-encrypted", "unknown", checks.encrypted(server(1), server(2, kms=5), KMS)),
    ("canary-encrypted", "unknown", checks.encrypted(server(kms=3), server(kms=3), KMS)),
    ("canary-encrypted", "unknown", checks.encrypted(server(1), two(server(1), server(2, kms=5)), KMS)),
    ("canary-encrypted", "unknown", checks.unseen_growth(error("TimeLimit"))),
    ("plain-reads", "passed", checks.plain_reads(server(), server())),
    ("plain-reads", "warning", checks.plain_reads(server(reads=4), server(reads=5))),
    ("plain-reads", "unknown", checks.plain_reads(server(reads=4), server(reads=4))),
    ("one-key", "passed", checks.one_key(two(server(1), server(2)), OURS)),
    ("one-key", "passed", checks.one_key(server(key=checks.legacy_hash(OLD)), OLD)),
    ("one-key", "warning", checks.one_key(two(server(1), server(2, key="sha256:cd")), OURS)),
    ("one-key", "warning", checks.one_key(server(), OLD)),
    ("one-key", "unknown", checks.one_key(server(key=""), OURS)),
    ("kms-errors", "passed", checks.kms_errors(server(), server())),
    ("kms-errors", "warning", checks.kms_errors(server(bad_calls=2), server(bad_calls=2))),
    ("kms-errors", "failed", checks.kms_errors(server(), server(bad_calls=1))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "outcome", "check"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_each_check_has_the_outcome_of_its_case(code: str, outcome: str, check: Check) -> None:
    assert (check.code, check.outcome, check.group) == (f"inside-{code}", outcome, "inside")
    assert check.message
    assert bool(check.remedy) == (outcome != "passed")


def test_every_check_has_a_passing_and_a_failing_case() -> None:
    every = {code for code, _, _ in CASES}
    assert every == {code for code, outcome, _ in CASES if outcome == "passed"}
    assert every == {code for code, outcome, _ in CASES if outcome != "passed"}


def test_every_check_says_what_it_proves() -> None:
    assert [code for code, _, check in CASES if not check.proves and code != "canary-removed"] == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (error(said="User does not have access to the resource in Azure."), "Azure Kubernetes Service RBAC Writer"),
        (error("Denied", 'admission webhook "x" denied the request'), "from the policy that is named above"),
        (error(), "Ask an administrator of the cluster for the permission to create secrets"),
        (error("TimeLimit"), "Verify again"),
        (error(said="exceeded quota: objects, requested: secrets=1"), "Raise the resource quota"),
        (error("InternalError", WEBHOOK), "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
    ],
)  # fmt: skip
def test_a_refused_request_has_a_remedy(refusal: KubectlError, said: str) -> None:
    assert said in checks.written(refusal, "x").remedy


def test_other_resources_are_not_counted_as_secrets() -> None:
    check = checks.encrypted(server(kms=1), server(kms=2), KMS)
    assert check.evidence == f"1 API server: 1 written by KMS ({KMS}), 0 otherwise, 0 failed"
    reads = checks.plain_reads(server(reads=1, others=99), server(reads=1, others=120))
    assert reads.evidence.startswith("1 reads of plain text since")
    assert "0 of them during this check" in reads.evidence


def test_a_canary_written_by_an_unseen_api_server_is_unknown() -> None:
    check = checks.encrypted(server(kms=3), server(kms=3), KMS)
    assert "Another one, which did not respond, has" in check.message
    assert check.remedy == "Verify again."
    assert "without encryption" in checks.encrypted(empty_snapshot(), empty_snapshot(), "").message


def test_metrics_of_older_versions_without_the_resource_label_count() -> None:
    line = (
        "apiserver_storage_transformation_operations_total"
        '{{transformation_type="to_storage",transformer_prefix="k8s:enc:kms:v2:x:",status="OK"}} {0}\n'
        "process_start_time_seconds 1\n"
    )
    before, after = (known(line.format(number)) for number in (1, 2))
    assert checks.encrypted(before, after, KMS).outcome == "passed"


@pytest.mark.parametrize("text", ["", "\x00\xff", "x" * 100000, "apiserver_storage_transformation{", "{}"])
def test_invalid_metrics_are_left_out(text: Any) -> None:
    assert parse(text).samples == ()

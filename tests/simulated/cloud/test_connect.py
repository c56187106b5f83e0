"""Signing in with the real credentials, and each way in which that can fail: the kind of problem and its remedy."""

import base64
import contextlib
import json
import math
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest
import truststore

from tests.support import PRODUCTION, TENANT, approving, child_environment, scenario_file, signed_in
from wizard.cloud import trust
from wizard.cloud.azure import connect
from wizard.cloud.credential import CredentialKind, identity_of
from wizard.cloud.retry_notices import RetryNotice, listener
from wizard.errors import AzureError, Problem
from wizard.simulator import Simulator

NOBODY: dict[str, str | None] = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"))


async def refused(environment: dict[str, str], **options: object) -> Problem:
    """Return the problem of connecting with these settings."""
    with pytest.raises(AzureError) as refusal:
        async with connect(environment, **options):  # type: ignore[arg-type]
            pass
    problem = refusal.value.problem
    assert problem.summary
    assert problem.remedy
    return problem


async def test_connect_reports_the_identity_and_the_cloud() -> None:
    async with signed_in() as (simulator, azure):
        assert azure.signed_in.name == "application 44444444-4444-4444-4444-444444444444"
        assert azure.signed_in.principal_type == "ServicePrincipal"
        assert azure.signed_in.tenant_id == TENANT
        assert azure.signed_in.object_id == "44444444-4444-4444-4444-4444444444aa"
        assert azure.cloud.arm == simulator.arm_endpoint
        assert azure.cloud.title == "simulated Azure"
        assert azure.clock.speed == math.inf
        assert azure.vault_uri("KV-Demo") == "https://kv-demo.vault.local.test"
        names = [(subscription.name, subscription.state) for subscription in await azure.subscriptions()]
        assert names == [("Contoso Development", "Enabled"), ("Contoso Production", "Enabled")]


async def test_token_is_requested_once_for_all_clients() -> None:
    async with signed_in() as (simulator, azure):
        await azure.subscriptions()
        for service in (
            azure.resources(PRODUCTION).resource_groups,
            azure.containers(PRODUCTION).managed_clusters,
        ):
            assert [item async for item in service.list()]
        asked = [request for request in simulator.requests if request.path.endswith("/token")]
        assert len(asked) == 1
        assert simulator.unknown == ()


async def test_managed_identity_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Simulator(speed=math.inf) as simulator:
        for name, value in simulator.managed_identity_environment.items():
            monkeypatch.setenv(name, value)
        environment = child_environment(simulator, {**NOBODY, **simulator.managed_identity_environment})
        async with connect(environment) as azure:
            assert azure.signed_in.name == "application 77777777-7777-7777-7777-777777777777"
            assert len(await azure.subscriptions()) == 2


def unaware(environment: dict[str, str]) -> dict[str, str]:
    """An environment that names no certificates."""
    return {
        name: value
        for name, value in environment.items()
        if name not in {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
    }


@pytest.mark.parametrize("system", ["linux", "darwin"])
async def test_a_certificate_that_the_system_does_not_trust_is_refused(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "sys", SimpleNamespace(platform=system))
    async with Simulator(speed=math.inf) as simulator:
        problem = await refused(unaware(simulator.environment))
    assert problem.kind == "unreachable"
    assert "certificate" in problem.cause.casefold()


def test_a_python_that_does_not_know_the_places_of_certificates_finds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not isinstance(trust.tls_of({}), truststore.SSLContext)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile=None, capath=None))
    assert isinstance(trust.tls_of({}), truststore.SSLContext)


@pytest.mark.parametrize("system", ["", "linux", "darwin"])
async def test_device_code_sign_in_shows_its_instructions(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `system`, no variable of the command names the certificates: they are those of the system."""
    told: list[str] = []
    async with Simulator(speed=math.inf) as simulator, contextlib.AsyncExitStack() as stack:
        environment = child_environment(simulator, NOBODY)
        if system:
            monkeypatch.setattr(trust, "sys", SimpleNamespace(platform=system))
            monkeypatch.setenv("SSL_CERT_FILE", environment["SSL_CERT_FILE"])  # where OpenSSL looks
            environment = unaware(environment)
        azure = await stack.enter_async_context(
            connect(environment, credential="device-code", on_instruction=approving(simulator, told))
        )
        assert azure.signed_in.name == "ops@contoso.example"
        assert azure.signed_in.principal_type == "User"
        assert len(await azure.subscriptions()) == 2
    assert len(told) == 1
    assert "enter the code SIMULATED" in told[0]


async def test_wrong_secret_is_a_sign_in_problem() -> None:
    async with Simulator(speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator, {"AZURE_CLIENT_SECRET": "not-the-s3cret"}))
    assert problem.kind == "sign-in"
    assert problem.summary == "Signing in to simulated Azure failed."
    assert "AADSTS7000215" in problem.azure_said
    assert "not-the-s3cret" not in repr(problem)


async def test_unexpected_response_of_the_sign_in_is_not_quoted(tmp_path: Path) -> None:
    """It may contain a token."""
    for number, text in enumerate(('{"access_token":"eyJsentinel","expires_in":', '["eyJsentinel"]')):
        folder = tmp_path / str(number)
        folder.mkdir()
        faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": {"text": text}}]
        heard: list[RetryNotice] = []
        token = listener.set(heard.append)
        async with Simulator(scenario_file(folder, faults=faults), speed=math.inf) as simulator:
            problem = await refused(child_environment(simulator))
        listener.reset(token)
        assert "is not from Azure" in problem.azure_said
        assert "eyJsentinel" not in repr(problem)
        assert heard
        assert "eyJsentinel" not in repr(heard)


@pytest.mark.parametrize("lifetime", ["x", [], None, 10**30])
async def test_token_in_an_unexpected_format(lifetime: object, tmp_path: Path) -> None:
    text = json.dumps({"access_token": "eyJsentinel", "token_type": "Bearer", "expires_in": lifetime})
    faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": {"text": text}}]
    async with Simulator(scenario_file(tmp_path, faults=faults), speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator))
    assert problem.kind in {"azure", "sign-in", "unreachable"}
    assert "eyJsentinel" not in repr(problem)


@pytest.mark.parametrize("claims", ["[]", '"x"', "5", "null", "{"])
def test_token_without_valid_claims(claims: str) -> None:
    payload = base64.urlsafe_b64encode(claims.encode()).decode()
    with pytest.raises(AzureError) as refusal:
        identity_of(f"h.{payload}.s")
    assert refusal.value.problem.kind == "sign-in"


async def test_tenant_that_does_not_exist() -> None:
    async with Simulator(speed=math.inf) as simulator:
        elsewhere = "99999999-9999-9999-9999-999999999999"
        problem = await refused(child_environment(simulator, {"AZURE_TENANT_ID": elsewhere}))
    assert problem.kind == "sign-in"
    assert "AZURE_TENANT_ID" in problem.remedy
    assert elsewhere in problem.azure_said


async def test_endpoint_that_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{taken.getsockname()[1]}"
        problem = await refused({"AKS_KMS_ARM_ENDPOINT": endpoint})
    assert problem.kind == "unreachable"
    assert problem.retryable
    assert endpoint in problem.summary


async def test_untrusted_certificate() -> None:
    async with Simulator(speed=math.inf) as simulator:
        untrusting: dict[str, str | None] = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
        problem = await refused(child_environment(simulator, untrusting))
    assert problem.kind == "unreachable"
    assert "certificate" in problem.cause.lower()
    assert "SSL_CERT_FILE" in problem.remedy


async def test_endpoint_without_tls() -> None:
    problem = await refused({}, arm_endpoint="http://localhost:8080")
    assert problem.kind == "input"
    assert "http://localhost:8080" in problem.summary
    assert "https://" in problem.remedy


async def test_endpoint_that_is_not_a_url() -> None:
    assert (await refused({}, arm_endpoint="management.azure.com")).kind == "input"


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
async def test_ca_bundle_that_cannot_be_read(content: str | None, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    problem = await refused({"SSL_CERT_FILE": str(bundle)})
    assert problem.kind == "input"
    assert str(bundle) in problem.summary
    assert "SSL_CERT_FILE" in problem.remedy


async def test_unknown_cloud() -> None:
    problem = await refused({}, cloud="AzureMoon")
    assert problem.kind == "input"
    assert "'AzureMoon'" in problem.summary
    assert "AzureUSGovernment" in problem.remedy


async def test_invalid_speed() -> None:
    problem = await refused({"AKS_KMS_SPEED": "warp"})
    assert problem.kind == "input"
    assert "'warp'" in problem.summary


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("environment", "AZURE_CLIENT_ID"),
        ("workload-identity", "AZURE_FEDERATED_TOKEN_FILE"),
        ("azure-cli", "Azure CLI is not installed"),
        ("auto", "Azure CLI is not installed"),
    ],
)
async def test_missing_variables_of_a_credential_are_named(
    kind: CredentialKind, lacks: str, tmp_path: Path
) -> None:
    problem = await refused({"PATH": str(tmp_path)}, credential=kind)
    assert problem.kind == "sign-in"
    assert lacks in problem.cause
    assert "az login" in problem.remedy


async def test_missing_secret_is_named() -> None:
    known = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "4"}
    problem = await refused(known, credential="environment")
    assert "AZURE_CLIENT_SECRET" in problem.cause


async def test_missing_permissions_are_not_a_sign_in_failure() -> None:
    async with Simulator("no-rights", speed=math.inf) as simulator, connect(simulator.environment) as azure:
        assert len(await azure.subscriptions()) == 2

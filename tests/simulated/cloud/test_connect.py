"""Signing in with the real credentials, and every way in which that can fail: whose fault it is, and what to do."""

import base64
import json
import math
import socket
from pathlib import Path

import pytest

from tests.support import PRODUCTION, TENANT, child_environment, signed_in, world
from wizard.cloud.azure import connect
from wizard.cloud.credential import CredentialKind, who
from wizard.cloud.retry_notices import RetryNotice, listener
from wizard.errors import AzureError, Problem
from wizard.simulator import Simulator

NOBODY: dict[str, str | None] = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"))


async def refused(environment: dict[str, str], **options: object) -> Problem:
    """Why nobody can be signed in with these settings."""
    with pytest.raises(AzureError) as refusal:
        async with connect(environment, **options):  # type: ignore[arg-type]
            pass
    problem = refusal.value.problem
    assert problem.summary
    assert problem.remedy
    return problem


async def test_who_is_signed_in_and_where() -> None:
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


async def test_a_token_is_asked_for_once_whichever_client_wants_it() -> None:
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


async def test_a_host_with_a_managed_identity_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Simulator(speed=math.inf) as simulator:
        for name, value in simulator.managed_identity_environment.items():
            monkeypatch.setenv(name, value)
        environment = child_environment(simulator, {**NOBODY, **simulator.managed_identity_environment})
        async with connect(environment) as azure:
            assert azure.signed_in.name == "application 77777777-7777-7777-7777-777777777777"
            assert len(await azure.subscriptions()) == 2


async def test_signing_in_with_a_device_code_tells_what_to_do() -> None:
    told: list[str] = []
    async with signed_in(environment=NOBODY, credential="device-code", tell=told.append) as (_, azure):
        assert azure.signed_in.name == "ops@contoso.example"
        assert azure.signed_in.principal_type == "User"
        assert len(await azure.subscriptions()) == 2
    assert len(told) == 1
    assert "enter the code SIMULATED" in told[0]


async def test_a_wrong_secret() -> None:
    async with Simulator(speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator, {"AZURE_CLIENT_SECRET": "not-the-s3cret"}))
    assert problem.kind == "sign-in"
    assert problem.summary == "Signing in to simulated Azure did not succeed."
    assert "AADSTS7000215" in problem.azure_said
    assert "not-the-s3cret" not in repr(problem)


async def test_an_odd_answer_of_the_sign_in_is_not_quoted(tmp_path: Path) -> None:
    """A token may be in it."""
    for number, text in enumerate(('{"access_token":"eyJsentinel","expires_in":', '["eyJsentinel"]')):
        folder = tmp_path / str(number)
        folder.mkdir()
        faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": {"text": text}}]
        heard: list[RetryNotice] = []
        token = listener.set(heard.append)
        async with Simulator(world(folder, faults=faults), speed=math.inf) as simulator:
            problem = await refused(child_environment(simulator))
        listener.reset(token)
        assert "is not Azure's" in problem.azure_said
        assert "eyJsentinel" not in repr(problem)
        assert heard
        assert "eyJsentinel" not in repr(heard)


@pytest.mark.parametrize("lifetime", ["x", [], None, 10**30])
async def test_a_token_of_an_odd_shape(lifetime: object, tmp_path: Path) -> None:
    text = json.dumps({"access_token": "eyJsentinel", "token_type": "Bearer", "expires_in": lifetime})
    faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": {"text": text}}]
    async with Simulator(world(tmp_path, faults=faults), speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator))
    assert problem.kind in {"azure", "sign-in", "unreachable"}
    assert "eyJsentinel" not in repr(problem)


@pytest.mark.parametrize("claims", ["[]", '"x"', "5", "null", "{"])
def test_claims_that_are_none(claims: str) -> None:
    payload = base64.urlsafe_b64encode(claims.encode()).decode()
    with pytest.raises(AzureError) as refusal:
        who(f"h.{payload}.s")
    assert refusal.value.problem.kind == "sign-in"


async def test_a_tenant_that_does_not_exist() -> None:
    async with Simulator(speed=math.inf) as simulator:
        elsewhere = "99999999-9999-9999-9999-999999999999"
        problem = await refused(child_environment(simulator, {"AZURE_TENANT_ID": elsewhere}))
    assert problem.kind == "sign-in"
    assert "AZURE_TENANT_ID" in problem.remedy
    assert elsewhere in problem.azure_said


async def test_nothing_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{taken.getsockname()[1]}"
        problem = await refused({"AKS_KMS_ARM_ENDPOINT": endpoint})
    assert problem.kind == "unreachable"
    assert problem.retryable
    assert endpoint in problem.summary


async def test_a_certificate_that_nobody_vouches_for() -> None:
    async with Simulator(speed=math.inf) as simulator:
        untrusting: dict[str, str | None] = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
        problem = await refused(child_environment(simulator, untrusting))
    assert problem.kind == "unreachable"
    assert "certificate" in problem.cause.lower()
    assert "SSL_CERT_FILE" in problem.remedy


async def test_an_endpoint_without_tls() -> None:
    problem = await refused({}, arm_endpoint="http://localhost:8080")
    assert problem.kind == "input"
    assert "http://localhost:8080" in problem.summary
    assert "https://" in problem.remedy


async def test_an_address_that_is_none() -> None:
    assert (await refused({}, arm_endpoint="management.azure.com")).kind == "input"


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
async def test_a_bundle_of_certificates_that_cannot_be_read(content: str | None, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    problem = await refused({"SSL_CERT_FILE": str(bundle)})
    assert problem.kind == "input"
    assert str(bundle) in problem.summary
    assert "SSL_CERT_FILE" in problem.remedy


async def test_a_cloud_that_nobody_knows() -> None:
    problem = await refused({}, cloud="AzureMoon")
    assert problem.kind == "input"
    assert "'AzureMoon'" in problem.summary
    assert "AzureUSGovernment" in problem.remedy


async def test_a_speed_that_is_none() -> None:
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
async def test_what_a_credential_lacks_is_named(kind: CredentialKind, lacks: str, tmp_path: Path) -> None:
    problem = await refused({"PATH": str(tmp_path)}, credential=kind)
    assert problem.kind == "sign-in"
    assert lacks in problem.cause
    assert "az login" in problem.remedy


async def test_a_secret_that_is_missing_is_named() -> None:
    known = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "4"}
    problem = await refused(known, credential="environment")
    assert "AZURE_CLIENT_SECRET" in problem.cause


async def test_a_client_without_rights_is_no_failure_of_the_sign_in() -> None:
    async with Simulator("no-rights", speed=math.inf) as simulator, connect(simulator.environment) as azure:
        assert len(await azure.subscriptions()) == 2

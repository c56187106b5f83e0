"""Certificates are always verified: no variable and no option switches that off, and nothing is sent without TLS."""

import asyncio
import math
import re
from pathlib import Path

import click
import pytest

from screens.cli.main import cli
from tests.support import TENANT, answers, child_environment, run_plan
from wizard.cloud.azure import connect
from wizard.cloud.credential import CredentialKind
from wizard.errors import AzureError, Problem
from wizard.simulator import Simulator

SWITCHES = {
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "1",
    "ADAL_PYTHON_SSL_NO_VERIFY": "1",
    "PYTHONHTTPSVERIFY": "0",
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "SSL_CERT_FILE": "",
    "SSL_NO_VERIFY": "1",
    "GIT_SSL_NO_VERIFY": "1",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
}
"""What switches verification off, or is said to, in one tool or another."""


async def refused(environment: dict[str, str], **options: str) -> Problem:
    with pytest.raises(AzureError) as refusal:
        async with connect(environment, **options):  # type: ignore[arg-type]
            pass
    return refusal.value.problem


@pytest.fixture(params=[*SWITCHES, "all"])
def switched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """One of the switches thrown, or all of them, and nothing that names the simulated Azure's own CA."""
    chosen = SWITCHES if request.param == "all" else {request.param: SWITCHES[request.param]}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return {**dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")), **chosen}


async def test_an_untrusted_certificate_is_never_accepted(
    switched: dict[str, str | None],
) -> None:
    async with Simulator(speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator, switched))
        assert simulator.requests == ()
    assert problem.kind == "unreachable"
    assert "certificate verify failed" in problem.cause.lower()


@pytest.mark.parametrize("credential", ["environment", "device-code"])
async def test_an_untrusted_certificate_of_the_sign_in_is_never_accepted(
    credential: CredentialKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    switches = {name: value for name, value in SWITCHES.items() if value}
    async with Simulator(speed=math.inf) as simulator:
        simulator.inject_faults({"match": {"path": f"/{TENANT}/*"}, "untrusted": True})
        problem = await refused(child_environment(simulator, switches), credential=credential)
        heard = [request for request in simulator.requests if request.path != "/metadata/endpoints"]
    assert len(heard) == 1, "the one that was cut off while the certificate changed"
    assert problem.kind in {"unreachable", "sign-in"}
    assert "certificate verify failed" in f"{problem.cause} {problem.azure_said}".lower()


async def test_the_azure_cli_is_not_told_to_skip_certificate_validation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given, az = tmp_path / "given", tmp_path / "az"
    az.write_text(f"#!/bin/sh\n/usr/bin/env > {given}\nexit 1\n")
    az.chmod(0o755)
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    switches = {name: value for name, value in SWITCHES.items() if value}
    async with Simulator(speed=math.inf) as simulator:
        nobody = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"))
        await refused(child_environment(simulator, {**nobody, **switches, "PATH": str(tmp_path)}))
    told = {line.partition("=")[0] for line in given.read_text().splitlines()}
    assert not told & set(switches)
    assert "REQUESTS_CA_BUNDLE" in told


@pytest.mark.parametrize(
    "address", ["http://management.azure.com", "http://localhost:8080", "http://127.0.0.1", "ftp://x"]
)
async def test_an_address_without_tls_is_refused_in_every_setting(address: str) -> None:
    for problem in (
        await refused({"AKS_KMS_ARM_ENDPOINT": address}),
        await refused({}, arm_endpoint=address),
    ):
        assert problem.kind == "input"
        assert address in problem.summary


@pytest.mark.parametrize(
    "authority", ["http://login.microsoftonline.com", "http://localhost:8080", "https://"]
)
async def test_no_secret_is_sent_without_tls(authority: str) -> None:
    assert (await refused({"AZURE_AUTHORITY_HOST": authority})).kind == "input"
    async with Simulator(speed=math.inf) as simulator:
        problem = await refused(child_environment(simulator, {"AZURE_AUTHORITY_HOST": authority}))
    assert problem.kind == "input"
    assert authority in problem.summary
    assert "AZURE_AUTHORITY_HOST" in problem.remedy


@pytest.mark.parametrize(
    "path", ["/metadata/endpoints", "*/oauth2/v2.0/token", "/subscriptions", "/keys/aks-kms/create"]
)
async def test_no_redirect_to_an_address_without_tls_is_followed(path: str) -> None:
    """Neither by what finds the cloud, nor by the sign-in, nor by the clients of Resource Manager and of a vault."""
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}/"
        async with Simulator(speed=math.inf) as simulator:
            simulator.inject_faults(
                {"match": {"path": path}, "raw": {"status": 302, "headers": {"Location": location}}}
            )
            try:
                async with connect(child_environment(simulator)) as azure:
                    await azure.subscriptions()
                    _, _, ended = await run_plan(azure, answers("customer-managed-public"))
            except AzureError as error:
                ended = error.problem.kind
            assert simulator.fault_counts() != [0]
    if not path.startswith("/keys"):  # a key that was made all the same is looked for, and found
        assert ended in {"unreachable", "sign-in", "azure", "failed"}
    assert heard == []


def test_no_option_disables_certificate_validation() -> None:
    names = {name for command in every_command(cli) for option in command.params for name in option.opts}
    assert "--arm-endpoint" in names
    assert not [name for name in names if re.search("insecure|verify|tls|ssl|cert", name)]


def every_command(command: click.Command) -> list[click.Command]:
    found = [command]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += every_command(below)
    return found


def test_no_code_disables_certificate_validation() -> None:
    off = re.compile(
        r"verify=False|CERT_NONE|check_hostname\s*=\s*False|ssl=False|_create_unverified|insecure_skip"
    )
    rooms = [Path(folder).rglob("*.py") for folder in ("wizard", "screens")]
    lines = [(path, line) for room in rooms for path in room for line in path.read_text().splitlines()]
    assert len(lines) > 1000
    assert not [found for found in lines if off.search(found[1])]

"""Signing in with the Azure CLI: a stand-in for `az` records how it was run, and answers as the real one does."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import TENANT, child_environment, gone, signed_in
from wizard.cloud.azure import connect
from wizard.cloud.azure_cli import AzureCliCredential, AzureCliError
from wizard.cloud.credential import CredentialKind
from wizard.errors import AzureError, Problem
from wizard.simulator import Simulator

SECRETS = {
    "AZURE_CLIENT_SECRET": "do-not-tell",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "do-not-tell",
    "IDENTITY_HEADER": "do-not-tell",
    "KUBECONFIG": "/do-not-tell",
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "1",
}
SCOPE = "https://management.azure.com/.default"


class StandIn:
    """An `az` in a folder of its own, and what it recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self._runs = folder / "runs"

    def does(self, body: str) -> None:
        path = self.folder / "az"
        path.write_text(
            f"#!{sys.executable} -S\nimport json, os, sys\n"
            f"with open({str(self._runs)!r}, 'a') as file:\n"
            "    print(json.dumps([sys.argv, dict(os.environ), os.getcwd()]), file=file)\n"
            f"{body}\n"
        )
        path.chmod(0o755)

    def answers(self, **body: Any) -> None:
        self.does(f"print({json.dumps(body)!r})")

    def refuses(self, said: str, code: int = 1) -> None:
        self.does(f"print({said!r}, file=sys.stderr)\nsys.exit({code})")

    @property
    def runs(self) -> list[tuple[list[str], dict[str, str], str]]:
        return [tuple(json.loads(line)) for line in self._runs.read_text().splitlines()]

    def credential(self, tenant: str = "", *, time_limit: float = 30) -> AzureCliCredential:
        environment = {"PATH": str(self.folder), "HOME": str(self.folder)}
        return AzureCliCredential(str(self.folder / "az"), environment, tenant, time_limit=time_limit)

    async def problem(self, *, time_limit: float = 30, **options: str) -> Problem:
        with pytest.raises(AzureCliError) as refused:
            await self.credential(time_limit=time_limit).get_token_info(SCOPE, options=options)
        problem = refused.value.problem
        assert problem.cause
        assert problem.remedy
        return problem


@pytest.fixture
def az(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


@pytest.mark.parametrize("kind", ["auto", "azure-cli"])
async def test_user_of_az_login_is_signed_in(kind: CredentialKind, az: StandIn) -> None:
    async with signed_in() as (simulator, door):
        token = await door.token(door.cloud.arm_scope)
        az.answers(accessToken=token, expires_on=int(time.time()) + 3600, tokenType="Bearer")
        at_home: dict[str, str | None] = {
            "AZURE_CLIENT_ID": None,
            "HOME": str(az.folder / "home"),
            "PATH": f"{az.folder}:.:",
            "AZURE_CONFIG_DIR": str(az.folder / "home" / "az"),
            "https_proxy": "http://proxy.example:3128",
            "ACC_CLOUD": "PROD",
            "MSI_ENDPOINT": "http://localhost:50342/oauth2/token",
            **SECRETS,
        }
        async with connect(child_environment(simulator, at_home), credential=kind) as azure:
            assert azure.signed_in == door.signed_in
            assert len(await azure.subscriptions()) == 2
        [(argv, environment, folder)] = az.runs  # once for all clients
        assert argv == [
            str(az.folder / "az"),
            *("account", "get-access-token", "--output", "json"),
            *("--resource", f"{simulator.arm_endpoint}/", "--tenant", TENANT),
        ]
        assert not set(SECRETS) & set(environment)
        assert "do-not-tell" not in environment.values()
        assert folder == "/"
        kept = ("HOME", "AZURE_CONFIG_DIR", "https_proxy", "ACC_CLOUD", "MSI_ENDPOINT")
        assert {name: environment[name] for name in kept} == {name: at_home[name] for name in kept}
        assert environment["REQUESTS_CA_BUNDLE"] == simulator.environment["REQUESTS_CA_BUNDLE"]
        assert environment["AZURE_CORE_INSTANCE_DISCOVERY"] == "false"
        assert environment["PATH"] == str(az.folder)


async def test_az_in_an_untrusted_folder_is_not_run(az: StandIn, tmp_path: Path) -> None:
    stranger = tmp_path / "open"
    stranger.mkdir()
    (stranger / "az").write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    (stranger / "az").chmod(0o755)
    stranger.chmod(0o777)
    az.refuses("ERROR: Please run 'az login' to setup account.")
    with pytest.raises(AzureError, match="Signing in to Azure failed"):
        async with connect({"PATH": f"{stranger}:{az.folder}"}, credential="azure-cli"):
            pass
    assert len(az.runs) == 1
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("said", "code", "cause", "remedy"),
    [
        ("ERROR: Please run 'az login' to setup account.", 1, "The Azure CLI is not signed", "`az login`"),
        (
            "ERROR: AADSTS70043: expired. Please run: az login",
            1,
            "has expired or was revoked",
            "`az login` again",
        ),
        (
            "ERROR: AADSTS53003: blocked. Please run: az login",
            1,
            "Conditional Access",
            "Ask the Microsoft Entra administrator",
        ),
        (
            "ERROR: AADSTS500011: not in the tenant. Please run:\naz login --scope x",
            1,
            "another cloud or tenant",
            "`az cloud show --query name`",
        ),
        (
            "ERROR: AADSTS700082: \x1b[2Jthe token eyJabc.def.ghi has expired",
            1,
            "has expired or was revoked",
            "`az login`",
        ),
        ("ERROR: cannot proxy by http://me:eyJabc@h:1", 1, "could not be reached", "`az login` again"),
        ("ERROR: unrecognized arguments: --resource", 2, "too old", "`az upgrade`"),
        ("", 1, "could not be reached", "`az login` again"),
    ],
)
async def test_refusal_of_az_has_cause_and_remedy(
    az: StandIn, said: str, code: int, cause: str, remedy: str
) -> None:
    az.refuses(said, code)
    problem = await az.problem()
    assert problem.kind == "sign-in"
    assert cause in problem.cause
    assert remedy in problem.remedy
    assert ("--credential" in problem.remedy) is ("AADSTS" not in said), "Entra refuses the user, not the way"
    assert problem.azure_said[:20] == said[:20]
    assert not {"eyJabc", "\x1b"} & {problem.azure_said[at : at + 6] for at in range(99)}


async def test_az_without_sign_in_names_the_login_command(az: StandIn, tmp_path: Path) -> None:
    az.refuses("ERROR: Please run 'az login' to setup account.")
    async with Simulator() as simulator:
        nobody: dict[str, str | None] = {"AZURE_CLIENT_ID": None, "PATH": str(az.folder)}
        with pytest.raises(AzureError) as refused:
            async with connect(child_environment(simulator, nobody)):
                pass
    problem = refused.value.problem
    assert problem.summary == "Signing in to simulated Azure failed."
    assert problem.cause == "The Azure CLI is not signed in."
    assert f"`az login --tenant {TENANT}`" in problem.remedy


@pytest.mark.parametrize(
    "body",
    [
        "print('no JSON')",
        "print('[]')",
        "print('null')",
        "print('[' * 100000)",
        "print('{}')",
        """print('{"accessToken": 7, "expires_on": 1}')""",
        """print('{"accessToken": "eyJ.secret", "expires_on": "soon"}')""",
        """print('{"accessToken": "eyJ.secret", "expiresOn": "tomorrow"}')""",
        """print('{"accessToken": "eyJ.secret", "expires_on": 1e999}')""",
        "sys.stdout.buffer.write(bytes(range(256)))",
    ],
)
async def test_output_that_is_not_a_token_is_refused(az: StandIn, body: str) -> None:
    az.does(body)
    problem = await az.problem()
    assert "did not print a token" in problem.cause
    assert "secret" not in repr(problem)


async def test_older_az_gives_the_expiry_in_local_time(az: StandIn) -> None:
    az.answers(accessToken="t", expiresOn="2031-05-06 07:08:09.123456")
    token = await az.credential().get_token_info(SCOPE)
    assert time.localtime(token.expires_on)[:6] == (2031, 5, 6, 7, 8, 9)


async def test_az_with_endless_output_is_stopped(az: StandIn) -> None:
    az.does("while True: sys.stdout.write('x' * 65536)")
    assert "printed too much" in (await az.problem()).cause
    az.does("print('x' * 10**7, file=sys.stderr)\nsys.exit(1)")
    assert len((await az.problem()).azure_said) < 300_000


async def test_az_that_hangs_is_ended_with_all_its_processes(az: StandIn) -> None:
    az.does(
        "import subprocess\nchild = subprocess.Popen(['/bin/cat'], stdin=subprocess.PIPE)\n"
        "open(sys.argv[0] + '.pids', 'w').write(f'{os.getpid()} {child.pid}')\nchild.wait()"
    )
    assert "did not answer within 2 s" in (await az.problem(time_limit=2)).cause
    for pid in (az.folder / "az.pids").read_text().split():
        await gone(int(pid))


async def test_az_that_cannot_be_run(az: StandIn) -> None:
    (az.folder / "az").write_text("this is no program")
    (az.folder / "az").chmod(0o755)
    assert "cannot be run" in (await az.problem()).cause


async def test_challenge_with_claims_or_another_tenant(az: StandIn) -> None:
    az.answers(accessToken="t", expires_on=1)
    await az.credential().get_token_info("https://vault.azure.net/.default", options={"tenant_id": TENANT})
    assert az.runs[-1][0][-3:] == ["https://vault.azure.net", "--tenant", TENANT]
    asked = len(az.runs)
    assert "az login --claims-challenge" in (await az.problem(claims='{"a": 1}')).remedy
    assert "has characters" in (await az.problem(tenant_id="x & calc")).cause
    assert "has characters" in (await az.problem(tenant_id="--help")).cause
    with pytest.raises(AzureCliError, match="AZURE_TENANT_ID is"):
        await az.credential(TENANT).get_token_info(SCOPE, options={"tenant_id": "another"})
    assert len(az.runs) == asked

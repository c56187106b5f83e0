"""The standard variables decide which requests go through a proxy."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from azure.core.rest import HttpRequest

from tests.support import PRODUCTION, TENANT, scenario_file, signed_in
from tests.survival.test_drift import CLOSED, PRIVATE, REGISTERED
from wizard.cloud.azure import connect
from wizard.cloud.pipeline import Transport
from wizard.cloud.proxies import Proxies, Proxy, ca_bundle
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.runs.journal import Journal
from wizard.simulator import Simulator
from wizard.system.sanitize import sanitize, without_secret

SECRET = "s3cr3t-of-the-proxy"
PROXY = "http://proxy.example:3128"
ARM = "management.azure.com"


def test_password_of_a_proxy_is_masked_wherever_it_is_echoed() -> None:
    Proxies({"HTTPS_PROXY": "http://me:pass%40word@proxy.example:3128", "ALL_PROXY": "me:another-one@p"})
    assert sanitize("pass%40word pass@word another-one me") == "(secret) (secret) (secret) me"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_proxy_by_each_variable(name: str) -> None:
    assert Proxies({name: PROXY}).for_host(ARM) == Proxy(PROXY)


def test_https_proxy_wins_and_http_proxy_is_ignored() -> None:
    assert Proxies({"ALL_PROXY": "http://other.example", "HTTPS_PROXY": PROXY}).for_host(ARM) == Proxy(PROXY)
    assert Proxies({"HTTP_PROXY": PROXY}).for_host(ARM) is None
    assert Proxies({"HTTPS_PROXY": ""}).for_host(ARM) is None
    assert Proxies({}).for_host(ARM) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("*", ARM, True),
        (ARM, ARM, True),
        ("MANAGEMENT.azure.com", ARM, True),
        ("azure.com", ARM, True),
        (".azure.com", ARM, True),
        ("zure.com", ARM, False),
        ("example.com, .azure.com", ARM, True),
        ("example.com,localhost", ARM, False),
        ("localhost,127.0.0.1", "localhost", True),
        ("localhost,127.0.0.1", "127.0.0.1", True),
        ("vault.azure.net", "kv-demo.vault.azure.net", True),
        ("", ARM, False),
        ("*.azure.com", ARM, True),
        ("*.azure.com", "azure.com", True),
        (".azure.com:443 localhost", ARM, True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", ARM, False),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("[::1],fd00::/8", "::1", True),
        ("[::1]:443,fd00::/8", "fd12::3", True),
        ("azure.com", "10.1.2.3", False),
        (".", ARM, False),
    ],
)
def test_no_proxy_matches_hosts_and_domains(no_proxy: str, host: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        assert Proxies({"HTTPS_PROXY": PROXY, name: no_proxy}).for_host(host) == (
            None if direct else Proxy(PROXY)
        )


def test_ca_bundle_variables() -> None:
    assert ca_bundle({}) is None
    assert ca_bundle({"REQUESTS_CA_BUNDLE": "/b.pem"}) == "/b.pem"
    assert ca_bundle({"SSL_CERT_FILE": "/a.pem", "REQUESTS_CA_BUNDLE": "/b.pem"}) == "/a.pem"
    assert ca_bundle({"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}) is None


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("proxy.example:3128", Proxy("http://proxy.example:3128")),
        ("https://proxy.example/", Proxy("https://proxy.example")),
        ("http://[::1]:3128", Proxy("http://[::1]:3128")),
        ("http://me:p%40ss@proxy.example:3128", Proxy("http://proxy.example:3128", "me", "p@ss")),
        ("me:pass@proxy.example", Proxy("http://proxy.example", "me", "pass")),
    ],
)
def test_proxy_credentials_are_kept_apart_from_the_url(text: str, proxy: Proxy) -> None:
    assert Proxies({"HTTPS_PROXY": text}).for_host(ARM) == proxy
    assert "pass" not in repr(proxy)


def test_whole_url_has_the_credentials() -> None:
    proxy = Proxies({"HTTPS_PROXY": "http://me:p%40ss@proxy.example:3128"}).for_host(ARM)
    assert proxy is not None
    assert proxy.whole == "http://me:p%40ss@proxy.example:3128"
    assert Proxy(PROXY).whole == PROXY


@pytest.mark.parametrize(
    "text",
    [
        f"socks5://me:{SECRET}@proxy",
        f"http://me:{SECRET}@",
        f"http://{SECRET}:x",
        f"http://h:{SECRET}",
        f"h/{SECRET}",
    ],
)
def test_invalid_proxy_url_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(AzureError) as refused:
        Proxies({"HTTPS_PROXY": text}).for_host(ARM)
    assert SECRET not in repr(refused.value.problem)
    assert "http://HOST:PORT" in refused.value.problem.remedy


@pytest.mark.parametrize("variable", ["AKS_KMS_ARM_ENDPOINT", "AZURE_AUTHORITY_HOST"])
async def test_password_in_an_azure_url_is_refused_and_not_shown(variable: str) -> None:
    async with Simulator() as simulator:
        environment = simulator.environment
        place = environment["AKS_KMS_ARM_ENDPOINT"].removeprefix("https://")
        with pytest.raises(AzureError) as refused:
            async with connect(environment | {variable: f"https://me:{SECRET}@{place}"}):
                pass
    assert refused.value.problem.kind == "input"
    assert SECRET not in repr(refused.value.problem)


@pytest.mark.parametrize("text", ["x://a:b@c", "url='http://a:b@c:1/d'", "//a@b", "https://a:b@c@d/e"])
def test_without_secret_removes_credentials(text: str) -> None:
    assert without_secret(text) == text[: text.index("//") + 2] + "…" + text[text.rindex("@") :]


@pytest.fixture
async def refusing() -> AsyncIterator[str]:
    """The host and port of a proxy that requires authentication and always refuses it."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert b"Proxy-Authorization: Basic " in asked
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("offered", "cause", "remedy"),
    [
        (("NTLM", "Negotiate"), "authentication with NTLM, Negotiate, which", "px or cntlm"),
        (
            ("NTLM", 'Basic realm="x"'),
            "requires a user name and a password",
            "http://USER:PASSWORD@HOST:PORT",
        ),
        ((), "requires a user name and a password", "http://USER:PASSWORD@HOST:PORT"),
    ],
)
async def test_a_proxy_that_requires_authentication_is_named_with_what_it_offers(
    offered: tuple[str, ...], cause: str, remedy: str
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"Proxy-Authenticate: {scheme}\r\n" for scheme in offered]
        writer.write(f"HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n{''.join(lines)}\r\n".encode())
        await writer.drain()
        writer.close()

    identity = dict.fromkeys(("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"), TENANT)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(AzureError) as refused:
            async with connect({**identity, "HTTPS_PROXY": proxy, "AKS_KMS_SPEED": "max"}):
                pass
    problem = refused.value.problem
    assert (problem.kind, problem.code) == ("unreachable", "HTTP 407")
    assert cause in problem.cause
    assert remedy in problem.remedy


async def test_a_managed_identity_is_asked_without_the_proxy() -> None:
    """Its endpoint is on this computer or beside it, and no proxy reaches it."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        aiohttp.ClientSession() as session,
    ):
        endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/msi/token"
        transport = Transport(session, Proxies({"HTTPS_PROXY": PROXY}), Timeouts())
        await transport.send(HttpRequest("GET", endpoint))
    assert asked == [b"GET /msi/token HTTP/1.1\r\n"]


async def test_proxy_password_is_never_shown(
    refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    environment: dict[str, str | None] = {"NO_PROXY": None, "no_proxy": None}
    async with signed_in(
        scenario_file(tmp_path, subscriptions={PRODUCTION: there}), environment=environment
    ) as (
        _,
        azure,
    ):
        plan = await make_plan(azure, PRIVATE)
        journal = Journal.begin(PRIVATE, plan, root=tmp_path / "runs")
        seen: list[Event] = []

        def behind_a_proxy(event: Event) -> None:
            seen.append(event)
            if event.type == "step-started" and event.step == "cluster":
                proxy = Proxies({"HTTPS_PROXY": f"http://me:{SECRET}@{refusing}"}).for_host(ARM)
                monkeypatch.setattr(Proxies, "for_host", lambda *_: proxy)

        run = Run(azure, PRIVATE, plan, listeners=[journal, behind_a_proxy])
        assert await run.execute(plan.digest) == "failed"
        journal.close()
    assert "407" in run.problems["cluster"].azure_said
    assert SECRET not in repr([run.problems, seen])
    for path in journal.path.iterdir():
        assert SECRET not in path.read_text("utf-8"), path

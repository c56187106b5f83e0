"""A cloud is discovered by its metadata document, in both formats; errors name what is missing."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from wizard.cloud.endpoints import CLOUDS, Cloud, discover
from wizard.errors import AzureError, Problem

DOCUMENT: dict[str, Any] = {
    "name": "AzureStack",
    "resourceManager": "https://management.stack.example",
    "authentication": {
        "loginEndpoint": "https://login.stack.example/",
        "audiences": ["https://management.stack.example/1234", "https://other.example"],
    },
    "suffixes": {"keyVaultDns": "vault.stack.example"},
}


class Metadata:
    """A server with the metadata document of a test."""

    def __init__(self) -> None:
        self.document: object = DOCUMENT
        self.status = 200
        self.asked: list[str] = []
        self.url = ""
        self.trust = ssl.create_default_context()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        if isinstance(self.document, str):
            return web.Response(text=self.document, content_type="text/html", status=self.status)
        return web.json_response(self.document, status=self.status)

    async def discovered(self, environment: dict[str, str] | None = None) -> Cloud:
        connector = aiohttp.TCPConnector(ssl=self.trust)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await discover(self.url, session, environment or {}, None)

    async def refused(self) -> Problem:
        with pytest.raises(AzureError) as refusal:
            await self.discovered()
        return refusal.value.problem


@pytest.fixture
async def metadata() -> AsyncIterator[Metadata]:
    authority, here = trustme.CA(), Metadata()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(here.trust)
    app = web.Application()
    app.router.add_get("/{path:.*}", here.answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    here.url = str(server.make_url("/"))
    yield here
    await server.close()


async def test_discover_reads_the_metadata_document(metadata: Metadata) -> None:
    cloud = await metadata.discovered()
    assert cloud == Cloud(
        name="AzureStack",
        arm=metadata.url.rstrip("/"),
        arm_scope="https://management.stack.example/1234/.default",
        authority="https://login.stack.example",
        vault_suffix=".vault.stack.example",
    )
    assert cloud.title == "AzureStack"
    assert metadata.asked == ["/metadata/endpoints?api-version=2022-09-01"]


async def test_discover_reads_the_older_format_of_the_public_cloud(metadata: Metadata) -> None:
    metadata.document = [{"name": "nothing"}, DOCUMENT]
    assert (await metadata.discovered()).name == "AzureStack"


async def test_authority_host_of_the_environment_takes_precedence(metadata: Metadata) -> None:
    cloud = await metadata.discovered({"AZURE_AUTHORITY_HOST": "login.here.example"})
    assert cloud.authority == "https://login.here.example"


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ("authentication", "authentication.audiences, authentication.loginEndpoint"),
        ("suffixes", "suffixes.keyVaultDns"),
    ],
)
async def test_missing_parts_of_the_document_are_named(metadata: Metadata, without: str, named: str) -> None:
    metadata.document = {name: part for name, part in DOCUMENT.items() if name != without}
    problem = await metadata.refused()
    assert problem.kind == "input"
    assert named in problem.summary
    assert "--arm-endpoint" in problem.remedy


@pytest.mark.parametrize("audiences", [{}, {"0": "x"}, "https://x", [], [5], [None]])
async def test_discover_refuses_audiences_in_another_format(metadata: Metadata, audiences: object) -> None:
    metadata.document = {**DOCUMENT, "authentication": {**DOCUMENT["authentication"], "audiences": audiences}}
    assert "authentication.audiences" in (await metadata.refused()).summary


@pytest.mark.parametrize("document", [[], {}, "text", [None], 5, None])
async def test_discover_refuses_a_document_in_another_format(metadata: Metadata, document: object) -> None:
    metadata.document = [document]
    assert (await metadata.refused()).kind == "input"
    metadata.document = document
    assert (await metadata.refused()).kind in {"input", "unreachable"}


@pytest.mark.parametrize(
    ("status", "document"), [(404, DOCUMENT), (503, DOCUMENT), (200, "<html>Log in</html>")]
)
async def test_discover_refuses_a_response_that_is_not_a_document(
    metadata: Metadata, status: int, document: object
) -> None:
    metadata.status, metadata.document = status, document
    problem = await metadata.refused()
    assert problem.kind == "unreachable"
    assert metadata.url.rstrip("/") in problem.summary
    assert problem.cause


@pytest.mark.parametrize(
    ("name", "title", "suffix"),
    [
        ("AzureCloud", "Azure", ".vault.azure.net"),
        ("AzureUSGovernment", "Azure Government", ".vault.usgovcloudapi.net"),
        ("AzureChinaCloud", "Azure China", ".vault.azure.cn"),
    ],
)
def test_built_in_clouds(name: str, title: str, suffix: str) -> None:
    cloud = CLOUDS[name]
    assert (cloud.title, cloud.vault_suffix) == (title, suffix)
    assert cloud.arm.startswith("https://")
    assert cloud.arm_scope.endswith("/.default")

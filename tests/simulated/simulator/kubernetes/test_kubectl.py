"""The documented kubectl commands work with the real kubectl."""

import json
from pathlib import Path

import pytest

from tests.simulated.simulator.clients import Cloud
from tests.simulated.simulator.kubernetes.api import KUBECTL, OPERATIONS, kubeconfig, kubectl, parse_metrics

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


async def test_kubectl_creates_reads_and_deletes_a_secret(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud, "web-stage", "rg-web")

    async def run(*command: str, stdin: str = "") -> str:
        code, printed, said = await kubectl(text, tmp_path, *command, stdin=stdin)
        assert code == 0, said
        return printed

    assert "Server Version: v1.34.2" in await run("version")
    assert "[+]kms-providers ok" in await run("get", "--raw", "/readyz?verbose")
    created = await run("create", "secret", "generic", "proof", "--from-literal=a=b")
    assert created == "secret/proof created\n"
    assert await run("get", "secret", "proof", "-o", "jsonpath={.data.a}") == "Yg=="
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "two", "namespace": "web", "labels": {"x": "y"}},
        "stringData": {"x": "y"},
    }
    assert await run("create", "-f", "-", stdin=json.dumps(manifest)) == "secret/two created\n"
    assert await run("get", "secrets", "-A", "-l", "x=y", "-o", "name") == "secret/two\n"
    assert "web " in await run("get", "secrets", "-A", "-l", "x=y")
    metrics = parse_metrics(await run("get", "--raw", "/metrics"))
    assert any(name == OPERATIONS for name, _ in metrics)
    assert await run("--namespace", "default", "delete", "secret", "proof") == 'secret "proof" deleted\n'
    assert "proof" not in await run("get", "secrets", "-A", "-o", "name")
    assert "namespace/web\n" in await run("get", "namespaces", "-o", "name")


async def test_the_documented_command_rewrites_all_secrets(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud, "batch-eu", "rg-batch")
    code, every, said = await kubectl(text, tmp_path, "get", "secrets", "--all-namespaces", "-o", "json")
    assert code == 0, said
    code, printed, said = await kubectl(text, tmp_path, "replace", "-f", "-", stdin=every)
    assert code == 0, said
    assert printed.count(" replaced\n") == len(json.loads(every)["items"]) >= 4


async def test_kubectl_reports_what_the_api_server_refuses(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud)
    manifest = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "datum": {}}'
    code, _, said = await kubectl(text, tmp_path, "create", "-f", "-", stdin=manifest)
    assert (code, 'strict decoding error: unknown field "datum"' in said) == (1, True), said
    code, _, said = await kubectl(text, tmp_path, "get", "secret", "none")
    assert (code, said) == (1, 'Error from server (NotFound): secrets "none" not found\n')
    for missing in ("pods", "validatingwebhookconfigurations", "constraints"):
        code, _, said = await kubectl(text, tmp_path, "get", missing)
        assert (code, said) == (1, f'error: the server doesn\'t have a resource type "{missing}"\n')
    code, _, said = await kubectl(text, tmp_path, "create", "namespace", "canary")
    assert (code, "does not allow this method" in said) == (1, True), said
    code, _, said = await kubectl(text.replace("token: ", "token: x"), tmp_path, "get", "secrets")
    assert (code, "You must be logged in" in said) == (1, True), said
    await cloud.raw("POST", f"{cloud.cluster()['id']}/stop")
    code, _, said = await kubectl(
        text, tmp_path, "get", "--raw", "/api/v1/secrets"
    )  # without --raw, kubectl sends five requests
    assert (code, "Unable to connect" in said) == (1, True), said

"""The real kubectl accepts the simulated cluster."""

import json
import re
from pathlib import Path

import pytest

from tests.simulated.simulator.clients import Cloud
from tests.simulated.simulator.kubernetes.api import KUBECTL, OPERATIONS, kubeconfig, kubectl, parse_metrics

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


async def test_a_canary_with_kubectl(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud, "web-stage", "rg-web")

    async def run(*command: str, stdin: str = "") -> str:
        code, printed, said = await kubectl(text, tmp_path, *command, stdin=stdin)
        assert code == 0, said
        return printed

    assert "Server Version: v1.34.2" in await run("version")
    assert "[+]kms-providers ok" in await run("get", "--raw", "/readyz?verbose")
    assert await run("create", "namespace", "canary") == "namespace/canary created\n"
    created = await run("-n", "canary", "create", "secret", "generic", "proof", "--from-literal=a=b")
    assert created == "secret/proof created\n"
    assert await run("-n", "canary", "get", "secret", "proof", "-o", "jsonpath={.data.a}") == "Yg=="
    assert await run("-n", "canary", "label", "secret", "proof", "x=y") == "secret/proof labeled\n"
    await run("-n", "canary", "patch", "secret", "proof", "-p", '{"stringData":{"c":"d"}}')
    table = await run("get", "secrets", "-A", "-l", "x=y")
    assert re.search(r"^NAMESPACE +NAME +TYPE +DATA +AGE\ncanary +proof +Opaque +2 ", table)
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "two", "namespace": "canary"},
        "stringData": {"x": "y"},
    }
    assert await run("apply", "-f", "-", stdin=json.dumps(manifest)) == "secret/two created\n"
    assert await run("apply", "-f", "-", stdin=json.dumps(manifest)) == "secret/two configured\n"
    assert await run("auth", "can-i", "create", "secrets") == "yes\n"
    assert "masterclient" in await run("auth", "whoami")
    metrics = parse_metrics(await run("get", "--raw", "/metrics"))
    assert any(name == OPERATIONS for name, _ in metrics)
    assert await run("-n", "canary", "delete", "secret", "proof") == 'secret "proof" deleted\n'
    assert await run("delete", "namespace", "canary") == 'namespace "canary" deleted\n'
    assert "canary" not in await run("get", "namespaces", "-o", "name")


async def test_the_documented_way_to_rewrite_all_secrets(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud, "batch-eu", "rg-batch")
    code, every, said = await kubectl(text, tmp_path, "get", "secrets", "--all-namespaces", "-o", "json")
    assert code == 0, said
    code, printed, said = await kubectl(text, tmp_path, "replace", "-f", "-", stdin=every)
    assert code == 0, said
    assert printed.count(" replaced\n") == len(json.loads(every)["items"]) >= 4


async def test_kubectl_says_what_the_api_server_refuses(cloud: Cloud, tmp_path: Path) -> None:
    text = await kubeconfig(cloud)
    manifest = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "datum": {}}'
    code, _, said = await kubectl(text, tmp_path, "create", "-f", "-", stdin=manifest)
    assert (code, 'strict decoding error: unknown field "datum"' in said) == (1, True), said
    code, _, said = await kubectl(text, tmp_path, "get", "secret", "none")
    assert (code, said) == (1, 'Error from server (NotFound): secrets "none" not found\n')
    code, _, said = await kubectl(text, tmp_path, "get", "pods")
    assert (code, said) == (1, 'error: the server doesn\'t have a resource type "pods"\n')
    code, _, said = await kubectl(text.replace("token: ", "token: x"), tmp_path, "get", "secrets")
    assert (code, "You must be logged in" in said) == (1, True), said
    await cloud.raw("POST", f"{cloud.cluster()['id']}/stop")
    code, _, said = await kubectl(
        text, tmp_path, "get", "--raw", "/api/v1/secrets"
    )  # otherwise it asks five times
    assert (code, "Unable to connect" in said) == (1, True), said

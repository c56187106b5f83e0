"""Admission webhooks and policies of a cluster (docs/azure.md#proof-from-inside-a-cluster)."""

from pathlib import Path
from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Start
from tests.simulated.simulator.kubernetes.api import KUBECTL, api_server, kubeconfig, kubectl

KYVERNO = (
    "validate.kyverno.svc-fail: {unless_label: owner, message: 'resource Secret/default/proof was blocked'}"
)
MANIFEST = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "proof"}}'


def with_admission(rules: str) -> str:
    return f"""
subscriptions:
  {PRODUCTION}: {{groups: {{rg-demo: {{clusters: {{aks-demo: {{admission: {{{rules}}}}}}}}}}}}}
"""


async def test_a_webhook_denies_secrets_without_the_label(start: Start) -> None:
    cloud = await start(with_admission(KYVERNO))
    async with api_server(cloud) as server:
        status, body = await server.secret()
        assert (status, body.get("reason")) == (400, None), "kyverno#1336: no reason"
        assert body["message"].startswith(
            'admission webhook "validate.kyverno.svc-fail" denied the request: resource Secret'
        )
        labelled = {"metadata": {"name": "proof", "labels": {"owner": "web"}}}
        status, _ = await server.ask("POST", "/api/v1/namespaces/default/secrets", labelled)
        assert status == 201
        assert (await server.ask("DELETE", "/api/v1/namespaces/default/secrets/proof"))[0] == 200


async def test_a_rule_applies_to_its_operations_and_namespaces(start: Start) -> None:
    cloud = await start(with_admission("w: {operations: [DELETE], namespaces: [default]}"))
    async with api_server(cloud) as server:
        for namespace, expected in (("default", 400), ("apps", 200)):
            assert (await server.secret(namespace=namespace))[0] == 201
            url = f"/api/v1/namespaces/{namespace}/secrets/proof"
            assert (await server.ask("DELETE", url))[0] == expected


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
@pytest.mark.parametrize(
    ("rules", "printed"),
    [
        (KYVERNO, 'Error from server: error when creating "STDIN": admission webhook "validate.kyverno.svc-fail" denied the request: resource'),
        ("g: {status: 403, message: no}", 'Error from server (Forbidden): error when creating "STDIN": admission webhook "g" denied the request: no'),
        ("w.example: {unreachable: true}", 'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook "w.example"'),
        ("p: {kind: policy, message: 'failed expression: x'}", "The secrets \"proof\" is invalid: : ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed expression: x"),
    ],
)  # fmt: skip
async def test_kubectl_prints_denials_as_in_the_field(
    start: Start, tmp_path: Path, rules: str, printed: str
) -> None:
    cloud = await start(with_admission(rules))
    code, _, said = await kubectl(await kubeconfig(cloud), tmp_path, "create", "-f", "-", stdin=MANIFEST)
    assert code == 1
    assert said.startswith(printed), said


async def test_updates_are_denied_too(start: Start) -> None:
    cloud = await start(with_admission("w: {operations: [UPDATE]}"))
    async with api_server(cloud) as server:
        assert (await server.secret())[0] == 201
        place = "/api/v1/namespaces/default/secrets/proof"
        held: Any = (await server.ask("GET", place))[1]
        assert (await server.ask("PUT", place, held))[0] == 400

"""A kubeconfig is reduced to what is needed, and no program in it is run."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import cluster_id, scenario_file, signed_in
from wizard.cloud.arm import ResourceId
from wizard.cloud.azure import Azure
from wizard.errors import AzureError
from wizard.in_cluster.kubeconfig import AKS_SERVER, Kubeconfig, kubeconfig, reduced

TOKEN = "sentinel-token"


def config(user: dict[str, Any], **cluster: Any) -> str:
    return json.dumps({
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "theirs"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://there", **cluster}}],
        "users": [{"name": "u", "user": user}, {"name": "v", "user": {"token": "another"}}],
    })  # fmt: skip


async def made(azure: Azure, text: str) -> tuple[Kubeconfig, dict[str, Any]]:
    found = await reduced(azure, text)
    return found, json.loads(found.text)


async def test_a_local_account_is_copied_and_local_files_are_not() -> None:
    given = config(
        {"token": TOKEN, "client-certificate-data": "Y2VydA==", "client-key": "/etc/passwd", "tokenFile": "/etc/shadow"},
        **{"certificate-authority-data": "Y2E=", "certificate-authority": "/etc/ca", "insecure-skip-tls-verify": True,
           "proxy-url": "http://127.0.0.1:1"},
    )  # fmt: skip
    async with signed_in() as (_, azure):
        found, whole = await made(azure, given)
    assert whole["users"] == [{"name": "me", "user": {"token": TOKEN, "client-certificate-data": "Y2VydA=="}}]
    assert whole["clusters"][0]["cluster"] == {
        "server": "https://there",
        "certificate-authority-data": "Y2E=",
        "proxy-url": "http://127.0.0.1:1",
    }
    assert found.how == "with the cluster's local account"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "kubelogin", "args": ["get-token", "--server-id", AKS_SERVER]}},
        {"auth-provider": {"name": "azure", "config": {"apiserver-id": AKS_SERVER}}},
    ],
)
async def test_a_token_replaces_kubelogin(user: dict[str, Any]) -> None:
    async with signed_in() as (_, azure):
        found, whole = await made(azure, config(user))
        token = await azure.token(f"{AKS_SERVER}/.default")
    assert whole["users"][0]["user"] == {"token": token}
    assert token in found.secrets


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"exec": {"command": "rm", "args": ["-rf", "/"]}},
        {"exec": {"command": "kubelogin", "args": ["--server-id", "somebody-else"]}},
        {"exec": {"command": "kubelogin", "args": ["--server-id"]}},
        {"exec": {"command": "kubelogin", "args": 5}},
        {"exec": "kubelogin"},
    ],
)
async def test_other_exec_plugins_are_refused(user: dict[str, Any]) -> None:
    async with signed_in() as (simulator, azure):
        asked = len(simulator.requests)
        with pytest.raises(AzureError) as refused:
            await reduced(azure, config(user))
        assert len(simulator.requests) == asked, "no token is asked for"
    assert "kubectl get --raw" in refused.value.problem.remedy


@pytest.mark.parametrize("text", ["", "[", "- a", "a: &a [*a]", '{"current-context": [], "contexts": 5}', config({"token": TOKEN}).replace("contexts", "others"), config({"token": TOKEN}, server="http://there"),
                                  config({"token": TOKEN}).replace('"c"', '"d"', 1)])  # fmt: skip
async def test_an_invalid_kubeconfig_is_not_quoted(text: str) -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refused:
            await reduced(azure, text)
    assert TOKEN not in str(refused.value.problem.to_json())


@pytest.mark.parametrize(
    "answer",
    [f'{{"kubeconfigs": "{TOKEN}"', f'["{TOKEN}"]', f'{{"kubeconfigs": ["{TOKEN}"]}}',
     f'{{"kubeconfigs": [{{"name": "a", "value": "{TOKEN}!"}}]}}'],
)  # fmt: skip
async def test_an_unexpected_response_is_not_quoted(answer: str, tmp_path: Path) -> None:
    match = {"method": "POST", "path": "*/listClusterUserCredential"}
    async with signed_in(scenario_file(tmp_path, faults=[{"match": match, "raw": {"text": answer}}])) as (
        _,
        azure,
    ):
        with pytest.raises(AzureError) as refused:
            await kubeconfig(azure, ResourceId.parse(cluster_id()))
    assert refused.value.problem.kind in {"azure", "unreachable"}
    assert TOKEN not in str(refused.value.problem.to_json())

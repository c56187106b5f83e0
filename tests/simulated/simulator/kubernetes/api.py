"""Clients of a cluster's API server: plain HTTPS with the kubeconfig from ARM, and the real kubectl."""

import asyncio
import base64
import os
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from ruamel.yaml import YAML

from tests.simulated.simulator.clients import Cloud, cluster_path

KUBECTL = shutil.which("kubectl")
PREFIX = b"k8s:enc:kms:v2:azurekmsprovider:"
OPERATIONS = "apiserver_storage_transformation_operations_total"
Metrics = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def kubeconfig(
    cloud: Cloud, name: str = "aks-demo", group: str = "rg-demo", role: str = "clusterUser"
) -> str:
    """Return the kubeconfig of a cluster, from the real SDK."""
    clusters = cloud.aks.managed_clusters
    answer = await (
        clusters.list_cluster_admin_credentials(group, name)
        if role == "clusterAdmin"
        else clusters.list_cluster_user_credentials(group, name)
    )
    assert [entry.name for entry in answer.kubeconfigs] == [role]
    return bytes(answer.kubeconfigs[0].value).decode()


class ApiServer:
    """Plain requests to one cluster."""

    def __init__(self, session: aiohttp.ClientSession, text: str) -> None:
        document = YAML(typ="safe", pure=True).load(text)
        cluster = document["clusters"][0]["cluster"]
        self.server, self.proxy = cluster["server"], cluster["proxy-url"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        self.token = document["users"][0]["user"].get("token", "")
        self._session = session

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Return status and answer: parsed if it is JSON, otherwise text."""
        sent = {"Authorization": f"Bearer {self.token if token is None else token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        async with self._session.request(
            method, self.server + path, json=body, headers=sent, proxy=self.proxy, ssl=self._tls
        ) as response:
            parsed = "json" in response.headers.get("Content-Type", "")
            return response.status, await (response.json() if parsed else response.text())

    async def metrics(self) -> list[Metrics]:
        """Return the metrics of both API servers, in the order of their start."""
        found = {}
        for _ in range(2):
            status, text = await self.ask("GET", "/metrics")
            assert status == 200
            parsed = parse_metrics(text)
            found[started(parsed)] = parsed
        assert len(found) == 2
        return [found[moment] for moment in sorted(found)]

    async def total(self, name: str = OPERATIONS, **labels: str) -> float:
        """Return the sum of a metric over both API servers and all series with these labels."""
        return sum(
            value
            for metrics in await self.metrics()
            for (series, having), value in metrics.items()
            if series == name and set(labels.items()) <= having
        )

    async def hashes(self) -> set[str]:
        """Return the key id hashes in the metrics."""
        return {
            dict(labels)["key_id_hash"]
            for metrics in await self.metrics()
            for name, labels in metrics
            if name.endswith("key_id_hash_status_last_timestamp_seconds")
        }

    async def secret(self, name: str = "proof", namespace: str = "default", **data: str) -> tuple[int, Any]:
        """Create a secret."""
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "stringData": data or {"a": "b"},
        }
        return await self.ask("POST", f"/api/v1/namespaces/{namespace}/secrets", body)


def parse_metrics(text: str) -> Metrics:
    """Parse Prometheus' text format."""
    found: Metrics = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            assert match, line
            labels = frozenset(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
            found[match[1], labels] = float(match[3])
    return found


def started(metrics: Metrics) -> float:
    """Return when the API server that answered started; each has its own time."""
    return metrics["process_start_time_seconds", frozenset()]


@asynccontextmanager
async def api_server(
    cloud: Cloud, name: str = "aks-demo", group: str = "rg-demo"
) -> AsyncIterator[ApiServer]:
    """Connect to the API server of a cluster with the credentials of its users."""
    text = await kubeconfig(cloud, name, group)
    async with aiohttp.ClientSession() as session:
        yield ApiServer(session, text)


def etcd(cloud: Cloud, name: str = "aks-demo", group: str = "rg-demo") -> dict[str, bytes]:
    """Return the secrets as etcd holds them."""
    stored = cloud.simulator.etcd(cluster_path(name, group))
    return {key: value for key, value in stored.items() if key.startswith("/registry/secrets/")}


async def kubectl(text: str, folder: Path, *command: str, stdin: str = "") -> tuple[int, str, str]:
    """Run the real kubectl with a kubeconfig that only its owner can read. Return exit code, stdout and stderr."""
    assert KUBECTL is not None
    file = folder / "kubeconfig"
    file.touch(0o600)
    file.write_text(text, "utf-8")
    child_environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(file)}
    process = await asyncio.create_subprocess_exec(
        KUBECTL, *command, env=child_environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )  # fmt: skip
    printed, said = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, printed.decode(), said.decode()

"""The kubeconfig of a cluster, from Azure Resource Manager, reduced to what is needed and kept in memory only.

AKS returns a local account (a token or a client certificate) or, for a cluster with Microsoft Entra integration, a
kubeconfig that runs the program kubelogin. No program in a kubeconfig is ever run: the identity that is signed in to
Azure requests the token that kubelogin would request.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.cloud.arm import Json, ResourceId, dig
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.errors import AzureError, Problem
from wizard.state.target import cli_args
from wizard.system import yaml_loader
from wizard.system.sanitize import sanitize, shell_word

AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The Entra application of the API servers of all AKS clusters: Azure/kubelogin, docs/book. UNCONFIRMED for clouds other
than Azure's public one. A kubeconfig with another application is refused."""

_CLUSTER = ("server", "certificate-authority-data", "proxy-url", "tls-server-name")
_USER = ("token", "client-certificate-data", "client-key-data")
"""What is copied. File paths are not, because a kubeconfig must not read local files."""
_LOGIN = "Azure Kubernetes Service Cluster User Role"


@dataclass(frozen=True)
class Kubeconfig:
    """Credentials for one cluster."""

    text: str = field(repr=False)
    """For kubectl: JSON, which is also YAML."""
    server: str
    how: str
    """The account: `with the cluster's local account`, `as ops@contoso.example`."""
    secrets: tuple[str, ...] = field(repr=False)
    """The values in it that must never be shown."""


async def kubeconfig(azure: Azure, cluster: ResourceId) -> Kubeconfig:
    """Return the kubeconfig of the cluster's users. Raise AzureError with a remedy if it cannot be read."""
    client = azure.containers(cluster.subscription).managed_clusters
    try:
        with translate_errors("The kubeconfig could not be read."):
            answer = await client.list_cluster_user_credentials(cluster.resource_group, cluster.name)
            configs = answer.kubeconfigs or []
            text = bytes(configs[0].value or b"").decode("utf-8", "replace") if configs else ""
    except AzureError as error:
        raise AzureError(_refused(error.problem, azure, cluster)) from error
    return await reduced(azure, text)


async def reduced(azure: Azure, text: str) -> Kubeconfig:
    """Return a kubeconfig reduced to what is needed, with a token in place of kubelogin. Raise AzureError."""
    document = _parsed(text)
    name = str(document.get("current-context") or "")
    context = _named(document, "context", name)
    given = _named(document, "cluster", str(context.get("cluster") or ""))
    user = _named(document, "user", str(context.get("user") or ""))
    server = str(given.get("server") or "")
    if not server.startswith("https://"):
        raise AzureError(_odd("It names no server with an https URL."))
    credential: Json = {key: str(user[key]) for key in _USER if user.get(key)}
    how = "with the cluster's local account"
    if not credential:
        credential = {"token": await azure.token(f"{_server_application(user)}/.default")}
        how = f"as {azure.signed_in.name}, who is signed in to Azure"
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {key: str(given[key]) for key in _CLUSTER if given.get(key)}}],
        "users": [{"name": "me", "user": credential}],
        "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me"}}],
        "current-context": "here",
    }
    secrets = tuple(value for key, value in credential.items() if key != "client-certificate-data")
    return Kubeconfig(json.dumps(whole), sanitize(server), how, secrets)


def _parsed(text: str) -> Json:
    try:
        document = yaml_loader.load(text)
    except Exception:  # noqa: BLE001 - the library raises many kinds of errors, and each quotes the text, which is secret
        document = None
    if not isinstance(document, dict):
        raise AzureError(_odd("It is not a kubeconfig."))
    return document


def _named(document: Json, kind: str, name: str) -> Mapping[str, Any]:
    """Return the context, cluster or user of that name, or an empty mapping."""
    entries = document.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(kind)
            return found if isinstance(found, dict) else {}
    return {}


def _server_application(user: Mapping[str, Any]) -> str:
    """Return the application for which the kubeconfig's exec plugin (or older auth provider) would request a token.

    Raise AzureError if it is not that of AKS.
    """
    older = str(dig(user, "auth-provider", "config", "apiserver-id") or "")
    given = dig(user, "exec", "args")
    arguments = " ".join(map(str, given if isinstance(given, list) else ())).replace("=", " ").split()
    wanted = dict(itertools.pairwise(arguments)).get("--server-id", older)
    if wanted.casefold() != AKS_SERVER:
        command = sanitize(str(dig(user, "exec", "command") or "nothing"))
        raise AzureError(
            Problem(
                "input",
                "The cluster's kubeconfig gets its credentials in an unsupported way.",
                f"It runs {command}, and aks-kms never runs a program from a kubeconfig.",
                "Check manually, with your own kubeconfig: `kubectl get --raw '/readyz?verbose'` and `kubectl get --raw /metrics`.",
            )
        )
    return AKS_SERVER


def _odd(why: str) -> Problem:
    return Problem(
        "azure",
        "Azure returned a kubeconfig that cannot be used.",
        why,
        "Check it with your own kubeconfig: kubectl config view",
    )


def _refused(problem: Problem, azure: Azure, cluster: ResourceId) -> Problem:
    """Return the same problem with a remedy for this request."""
    remedy = problem.remedy
    if problem.code == "AuthorizationFailed":
        remedy = (
            "Ask an owner of the cluster to assign you the role: "
            f'az role assignment create --role "{_LOGIN}" --assignee {azure.signed_in.object_id} --scope {cluster}'
        )
    elif "disable local accounts" in problem.azure_said.casefold():
        remedy = (
            f"Enable Microsoft Entra integration (`az aks update {cli_args(str(cluster))} --enable-aad`), or check through Azure: "
            + invoke(cluster)
        )
    return Problem(
        problem.kind,
        problem.summary,
        problem.cause,
        remedy,
        code=problem.code,
        azure_said=problem.azure_said,
        correlation_id=problem.correlation_id,
    )


def invoke(cluster: ResourceId) -> str:
    """Return the command that checks from inside through Azure, from any network."""
    return (
        f"az aks command invoke --subscription {cluster.subscription} --resource-group {shell_word(cluster.resource_group)} "
        f"--name {cluster.name} --command \"kubectl get --raw '/readyz?verbose'\""
    )

"""The way into a cluster: a kubeconfig from Azure Resource Manager, reduced to what is needed, and never written down.

AKS hands out a local account (a token, a client certificate), or, where the cluster is integrated with Microsoft
Entra, a kubeconfig that names the program kubelogin. Nothing that a kubeconfig names is ever run here: whoever is signed
in to Azure asks for the token that kubelogin would ask for.
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
from wizard.system import yaml_loader
from wizard.system.sanitize import sanitize, shell_word

AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The Entra application that stands for the API servers of all AKS clusters: Azure/kubelogin, docs/book. UNCONFIRMED for
other clouds than Azure's public one; where it is another one, the kubeconfig says so and is not obeyed."""

_CLUSTER = ("server", "certificate-authority-data", "proxy-url", "tls-server-name")
_USER = ("token", "client-certificate-data", "client-key-data")
"""What is taken over. Paths of files are not: this machine's files are none of the cluster's business."""
_LOGIN = "Azure Kubernetes Service Cluster User Role"


@dataclass(frozen=True)
class Kubeconfig:
    """Credentials for one cluster."""

    text: str = field(repr=False)
    """As kubectl reads it: JSON, which is YAML."""
    server: str
    how: str
    """As whom: `with the cluster's local account`, `as ops@contoso.example`."""
    secrets: tuple[str, ...] = field(repr=False)
    """What in it must never be shown."""


async def kubeconfig(azure: Azure, cluster: ResourceId) -> Kubeconfig:
    """The kubeconfig of the cluster's users. Raises AzureError with what to do where none can be had."""
    client = azure.containers(cluster.subscription).managed_clusters
    try:
        with translate_errors("No kubeconfig could be had."):
            answer = await client.list_cluster_user_credentials(cluster.resource_group, cluster.name)
            configs = answer.kubeconfigs or []
            text = bytes(configs[0].value or b"").decode("utf-8", "replace") if configs else ""
    except AzureError as error:
        raise AzureError(_refused(error.problem, azure, cluster)) from error
    return await reduced(azure, text)


async def reduced(azure: Azure, text: str) -> Kubeconfig:
    """A kubeconfig with only what is needed of it, and a token in the place of kubelogin. Raises AzureError."""
    document = _parsed(text)
    name = str(document.get("current-context") or "")
    context = _named(document, "context", name)
    given = _named(document, "cluster", str(context.get("cluster") or ""))
    user = _named(document, "user", str(context.get("user") or ""))
    server = str(given.get("server") or "")
    if not server.startswith("https://"):
        raise AzureError(_odd("It names no server that is spoken to over TLS."))
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
    except Exception:  # noqa: BLE001 - the library lets out errors of many kinds, and each quotes the text, which is secret
        document = None
    if not isinstance(document, dict):
        raise AzureError(_odd("It is no kubeconfig."))
    return document


def _named(document: Json, kind: str, name: str) -> Mapping[str, Any]:
    """The context, cluster or user of that name; empty where there is none."""
    entries = document.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(kind)
            return found if isinstance(found, dict) else {}
    return {}


def _server_application(user: Mapping[str, Any]) -> str:
    """The application that the kubeconfig's exec plugin (or the auth provider before it) would ask a token for.

    Raises AzureError for any other one.
    """
    older = str(dig(user, "auth-provider", "config", "apiserver-id") or "")
    given = dig(user, "exec", "args")
    arguments = [str(argument) for argument in given] if isinstance(given, list) else []
    wanted = dict(itertools.pairwise(arguments)).get("--server-id", older)
    if wanted.casefold() != AKS_SERVER:
        command = sanitize(str(dig(user, "exec", "command") or "nothing"))
        raise AzureError(
            Problem(
                "input",
                "The cluster's kubeconfig gets its credentials in a way that is not known here.",
                f"It asks {command} for them, and nothing that a kubeconfig names is run from here.",
                "Look inside by hand: `az aks get-credentials`, then `kubectl get --raw '/readyz?verbose'` and "
                "`kubectl get --raw /metrics`.",
            )
        )
    return AKS_SERVER


def _odd(why: str) -> Problem:
    return Problem(
        "azure",
        "Azure answered with a kubeconfig that cannot be used.",
        why,
        "Look at it: `az aks get-credentials --file -`.",
    )


def _refused(problem: Problem, azure: Azure, cluster: ResourceId) -> Problem:
    """The same problem, with what to do about it in this place."""
    remedy = problem.remedy
    if problem.code == "AuthorizationFailed":
        remedy = (
            f'az role assignment create --role "{_LOGIN}" --assignee {azure.signed_in.object_id} --scope {cluster}'
            "   (by an owner of the cluster)"
        )
    elif "disable local accounts" in problem.azure_said.casefold():
        remedy = (
            "Give the cluster Microsoft Entra integration (`az aks update --enable-aad`), or look inside from Azure: "
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
    """The command that looks inside from within Azure, whatever network this machine is in."""
    return (
        f"az aks command invoke --subscription {cluster.subscription} --resource-group {shell_word(cluster.resource_group)} "
        f"--name {cluster.name} --command \"kubectl get --raw '/readyz?verbose'\""
    )

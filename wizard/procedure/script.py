"""The procedure as an Azure CLI shell script, as in the how-to."""

from wizard.answers.model import Answers
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.tools import AKS_PREVIEW, AZURE_CLI
from wizard.procedure.order import applicable_steps
from wizard.procedure.role_propagation import propagation_time
from wizard.procedure.variables import declared, quoted
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import one_line

_WAIT_FOR_FEATURE = """\
tries=0
until [ "$(az feature show --namespace Microsoft.ContainerService --name KMSPMKPreview \\
    --query properties.state -o tsv)" = Registered ]; do
    if [ "$((tries += 1))" -gt 120 ]; then
        echo "The feature is not registered after an hour. Run this script again later, or contact Azure support." >&2
        exit 1
    fi
    echo "Waiting for the feature to be registered; this usually takes 5 to 15 minutes." >&2
    sleep 30
done"""

_WAIT_FOR_ROLE = """\
# Wait until your new role assignment has propagated, which takes some minutes.
tries=0
until az keyvault key list --vault-name $KEY_VAULT_NAME -o none 2>/dev/null; do
    if [ "$((tries += 1))" -gt 120 ]; then
        echo "After 30 minutes you still cannot list the keys of the key vault. Run az keyvault key list to see why." >&2
        exit 1
    fi
    echo "Waiting for your role assignment on the key vault to propagate; this usually takes up to 10 minutes." >&2
    sleep 15
done"""

_CHECK_VERSIONS = f"""\
# Check the Azure CLI and its extension before anything is changed
at_least() {{ # MINIMUM VERSION
    case $2 in
        '') return 1 ;;
        *[a-z]*) ;;
        *) set -- "$1" "$2z" ;; # a release is newer than its previews
    esac
    [ "$(printf '%s\\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}}
stop() {{
    echo "$1" >&2
    exit 1
}}
command -v az >/dev/null || stop "The Azure CLI is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli"
at_least {AZURE_CLI} "$(az version --query '"azure-cli"' -o tsv)" ||
    stop "The Azure CLI {AZURE_CLI} or later is required: az upgrade"
PREVIEW=$(az version --query 'extensions."aks-preview"' -o tsv)
[ -n "$PREVIEW" ] || stop "The extension aks-preview is not installed: az extension add --name aks-preview"
at_least {AKS_PREVIEW} "$PREVIEW" ||
    stop "The extension aks-preview {AKS_PREVIEW} or later is required: az extension update --name aks-preview\""""

_CHECK_USER = """\
# Check that you are signed in as a user, whose role this script assigns, before anything is changed
[ "$(az account show --query user.type -o tsv)" = user ] ||
    stop "You are signed in as an application. Sign in as a user, or export a script for the application: aks-kms script --live"
az ad signed-in-user show --query id -o none"""
_NEEDS_USER = "az ad signed-in-user show"

_ON_FAILURE = r"""trap 'echo "Stopped in line $LINENO: $BASH_COMMAND" >&2
echo "Fix the cause. Then run aks-kms script --live to print the remaining steps." >&2' ERR"""
"""bash reports where the script stopped; the Azure CLI has reported why."""

_ALWAYS = ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "LOCATION", "CLUSTER_NAME")
"""The how-to's variables, which are set in every script."""

_LOOKED_UP = {
    "vault": "Look up the existing key vault",
    "key": "Look up the existing key",
    "identity": "Look up the existing user-assigned identity",
}
"""The comment for a step whose commands only look up an existing resource."""


def script(answers: Answers, vault_suffix: str = ".vault.azure.net", snapshot: Snapshot | None = None) -> str:
    """Return the whole procedure for these answers: the variables first, then the how-to's commands in its order.

    With a snapshot: given what exists. Existing resources are only looked up, and an encrypted cluster is migrated.
    Without one: as in the how-to, in which only an unencrypted cluster exists.
    """
    target = Target(answers, vault_suffix)
    body = _body(target, snapshot)
    lines = [
        "#!/usr/bin/env bash",
        f"# Encrypt the Kubernetes secrets of {one_line(answers.cluster.name)} with a {one_line(answers.key_option)} key.",
        f"# Requires Azure CLI {AZURE_CLI} or later, signed in, with the extension aks-preview {AKS_PREVIEW} or later.",
        "# This encryption cannot be disabled once it is enabled.",
        "set -euo pipefail",
        _ON_FAILURE,
        "",
        _CHECK_VERSIONS,
        "",
        "# Set environment variables",
        *declared(target, body, _ALWAYS),
        "",
        "# Set subscription",
        'az account set --subscription "$SUBSCRIPTION_ID"',
        *(("", _CHECK_USER) if _NEEDS_USER in body else ()),
        *_version_lines(answers),
    ]
    return "\n".join(lines) + "\n" + body


def _body(target: Target, snapshot: Snapshot | None) -> str:
    """Return the commands, step by step, with the waits that Azure requires between them."""
    lines: list[str] = []
    granted = False
    for step in applicable_steps(target, snapshot):
        commands = step.commands(target, snapshot)
        if step.key == "feature" and snapshot is not None and snapshot.feature in {"Registering", "Pending"}:
            lines += [
                "",
                "# Wait for the feature, whose registration was already requested",
                _WAIT_FOR_FEATURE,
            ]
        if not commands:
            continue
        if step.key == "cluster" and granted:
            lines += [
                "",
                "# Wait until the identity's role assignments have propagated.",
                f"sleep {propagation_time(Timeouts(), target.answers):.0f}",
            ]
        there = (
            snapshot is not None and step.inspect(target, snapshot).action == "none" and not step.read_only
        )
        lines += ["", f"# {_LOOKED_UP.get(step.key, step.title) if there else step.title}"]
        for command in commands:
            lines.append(quoted(command, target))
        if step.key == "feature":
            lines.append(_WAIT_FOR_FEATURE)
        if step.key == "operator-role":
            lines.append(quoted(_WAIT_FOR_ROLE, target))
        granted = granted or step.key in {"crypto-role", "contributor-role"}
    return "\n".join(lines) + "\n"


def _version_lines(answers: Answers) -> list[str]:
    """Return the lines that read the region's newest version when the script runs, if no version is configured."""
    new = answers.cluster.create
    if new is False or new.kubernetes_version:
        return []
    query = "values[?!isPreview && contains(capabilities.supportPlan, 'KubernetesOfficial')].version"
    return [
        "",
        "# Use the newest version in the region",
        f'KUBERNETES_VERSION=$(az aks get-versions --location "$LOCATION" --query "{query}" -o tsv | sort -V | tail -n 1)',
        "export KUBERNETES_VERSION",
    ]

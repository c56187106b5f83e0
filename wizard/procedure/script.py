"""The same procedure as an Azure CLI shell script, as the how-to writes it."""

from wizard.answers.model import Answers
from wizard.cloud.timeouts import Timeouts
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
        echo "The feature is not registered after an hour. Run this again later, or ask Azure support." >&2
        exit 1
    fi
    echo "Waiting for the feature to be registered; this usually takes 5 to 15 minutes." >&2
    sleep 30
done"""

_WAIT_FOR_ROLE = """\
# Your new role takes some minutes to take effect.
tries=0
until az keyvault key list --vault-name $KEY_VAULT_NAME -o none 2>/dev/null; do
    if [ "$((tries += 1))" -gt 120 ]; then
        echo "You still cannot list the keys of the key vault after half an hour; az keyvault key list says why." >&2
        exit 1
    fi
    echo "Waiting for your new rights on the key vault; this usually takes up to 10 minutes." >&2
    sleep 15
done"""

_ON_FAILURE = r"""trap 'echo "Stopped in line $LINENO: $BASH_COMMAND" >&2
echo "Mend the cause; then aks-kms script --live prints what is left to do." >&2' ERR"""
"""bash says where it stopped; the Azure CLI has said why."""

_ALWAYS = ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "LOCATION", "CLUSTER_NAME")
"""The how-to's own variables, which stand at the top of every script."""

_LOOKED_UP = {
    "vault": "Look up the key vault, which exists",
    "key": "Look up the key, which exists",
    "identity": "Look up the user-assigned identity, which exists",
}
"""What the comment says where a step's commands only look up what is there."""


def script(answers: Answers, vault_suffix: str = ".vault.azure.net", snapshot: Snapshot | None = None) -> str:
    """The whole procedure for these answers: variables on top, then the how-to's commands in its order.

    With a snapshot, from what exists: what is there already is only looked up, and a cluster that is encrypted already
    is moved. Without one, the how-to's own road: a cluster that is not encrypted, and nothing else.
    """
    target = Target(answers, vault_suffix)
    body = _body(target, snapshot)
    lines = [
        "#!/usr/bin/env bash",
        f"# Encrypt the Kubernetes secrets of {one_line(answers.cluster.name)} with a {one_line(answers.key_option)} key.",
        "# Needs the Azure CLI 2.73.0 or later, signed in, with the extension aks-preview 19.0.0b13 or later.",
        "# Once on, this encryption cannot be turned off again.",
        "set -euo pipefail",
        _ON_FAILURE,
        "",
        "# Set environment variables",
        *declared(target, body, _ALWAYS),
        "",
        "# Set subscription",
        'az account set --subscription "$SUBSCRIPTION_ID"',
        *_version_lines(answers),
    ]
    return "\n".join(lines) + "\n" + body


def _body(target: Target, snapshot: Snapshot | None) -> str:
    """The commands, step by step, with the waits that Azure needs between them."""
    lines: list[str] = []
    granted = False
    for step in applicable_steps(target, snapshot):
        commands = step.commands(target, snapshot)
        if step.key == "feature" and snapshot is not None and snapshot.feature in {"Registering", "Pending"}:
            lines += ["", "# Wait for the feature, which was asked for already", _WAIT_FOR_FEATURE]
        if not commands:
            continue
        if step.key == "cluster" and granted:
            lines += [
                "",
                "# The identity's new roles take some minutes to take effect.",
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
    """The newest version the region offers, asked of Azure when the script runs, where none was chosen."""
    new = answers.cluster.create
    if new is False or new.kubernetes_version:
        return []
    query = "values[?!isPreview && contains(capabilities.supportPlan, 'KubernetesOfficial')].version"
    return [
        "",
        "# Choose the newest version that the region offers",
        f'KUBERNETES_VERSION=$(az aks get-versions --location "$LOCATION" --query "{query}" -o tsv | sort -V | tail -n 1)',
        "export KUBERNETES_VERSION",
    ]

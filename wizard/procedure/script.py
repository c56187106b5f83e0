"""The same procedure as an Azure CLI shell script, as the how-to writes it."""

import json
import re
import shlex

from wizard.answers import Answers
from wizard.procedure.step import Patience
from wizard.procedure.steps import STEPS
from wizard.procedure.steps.key import key_body
from wizard.target import Target

_WAIT_FOR_FEATURE = """\
until [ "$(az feature show --namespace Microsoft.ContainerService --name KMSPMKPreview \\
    --query properties.state -o tsv)" = Registered ]; do
    echo "Waiting for the feature to be registered; this usually takes 5 to 15 minutes." >&2
    sleep 30
done"""

_WAIT_FOR_ROLE = """\
# Your new role takes some minutes to take effect.
until az keyvault key list --vault-name $KEY_VAULT_NAME -o none 2>/dev/null; do sleep 15; done"""


def variables(target: Target) -> dict[str, str]:
    """The how-to's environment variables that the answers give a value to, in its order."""
    answers = target.answers
    values = {
        "SUBSCRIPTION_ID": answers.subscription,
        "RESOURCE_GROUP": answers.resource_group,
        "LOCATION": answers.location,
        "CLUSTER_NAME": answers.cluster.name,
    }
    if answers.customer_managed is not None:
        own = target.own
        values |= {
            "KEY_VAULT_NAME": own.vault.name,
            "KEY_NAME": own.key.name,
            "IDENTITY_NAME": own.identity.name,
        }
        if answers.vault_group.casefold() != answers.resource_group.casefold():
            values["KEY_VAULT_RESOURCE_GROUP"] = answers.vault_group
        if answers.identity_group.casefold() != answers.resource_group.casefold():
            values["IDENTITY_RESOURCE_GROUP"] = answers.identity_group
        if own.create_through == "resource-manager":
            values["KEY_BODY"] = json.dumps(key_body(target))
    new = answers.cluster.create
    if new is not False:
        if new.kubernetes_version:
            values["KUBERNETES_VERSION"] = new.kubernetes_version
        if new.node_vm_size:
            values["NODE_VM_SIZE"] = new.node_vm_size
    return values


def spelled_out(command: str, target: Target) -> str:
    """A command with every variable that is known beforehand replaced by its value, quoted for a shell."""
    known = variables(target)
    if target.answers.customer_managed is not None:
        known |= {
            "KEY_VAULT_RESOURCE_ID": target.vault_id,
            "KEY_ID_NO_VERSION": target.key_id,
            "IDENTITY_RESOURCE_ID": target.identity_id,
        }

    def value(match: re.Match[str]) -> str:
        text = match.group(1) or match.group(2)
        names = re.findall(r"\$([A-Z_]+)", text)
        if not all(name in known for name in names):
            return match.group(0)
        return shlex.quote(re.sub(r"\$([A-Z_]+)", lambda name: known[name.group(1)], text))

    return re.sub(r'"(\$[A-Z_]+[^"]*)"|(\$[A-Z_]+)', value, command)


def script(answers: Answers, vault_suffix: str = ".vault.azure.net") -> str:
    """The whole procedure for these answers: variables on top, then the how-to's commands in its order."""
    target = Target(answers, vault_suffix)
    lines = [
        "#!/usr/bin/env bash",
        f"# Encrypt the Kubernetes secrets of {answers.cluster.name} with a {answers.key_option} key.",
        "# Needs the Azure CLI 2.73.0 or later, signed in, with the extension aks-preview 19.0.0b13 or later.",
        "# Once on, this encryption cannot be turned off again.",
        "set -euo pipefail",
        "",
        "# Set environment variables",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables(target).items()),
        "",
        "# Set subscription",
        'az account set --subscription "$SUBSCRIPTION_ID"',
        *_version_lines(answers),
    ]
    for step in STEPS:
        commands = step.commands(target) if step.applies(answers) else ()
        if not commands:
            continue
        lines += ["", f"# {step.title}"]
        for command in commands:
            lines.append(_quoted(command))
        if step.key == "feature":
            lines.append(_WAIT_FOR_FEATURE)
        if step.key == "operator-role":
            lines.append(_quoted(_WAIT_FOR_ROLE))
        if step.key == "contributor-role":
            lines += [
                "# The identity's new roles take some minutes to take effect.",
                f"sleep {Patience().settle(answers):.0f}",
            ]
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


def _quoted(command: str) -> str:
    """The command with its bare variables quoted, and declared apart from a command's output (shellcheck)."""
    match = re.fullmatch(r"export ([A-Z_]+)=(\$\(.*\))", command, re.DOTALL)
    text = re.sub(r'(?<!["\w/])\$([A-Z_]+)\b', r'"$\1"', match.group(2) if match else command)
    return f"{match.group(1)}={text}\nexport {match.group(1)}" if match else text

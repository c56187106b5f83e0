"""The how-to's environment variables, and their form in a command: shell variables, or values."""

import json
import re
import shlex

from wizard.cloud.arm import Json, same
from wizard.procedure import tags
from wizard.procedure.steps.key import key_body, rotation_policy
from wizard.state.target import Target

_PART = re.compile(r"""'[^']*'|"(?P<quoted>[^"]*)"|\$(?P<bare>[A-Z_]+)\b""")
"""The parts of a command: literal (single quotes), with variables (double quotes), or a bare variable."""
_OPTION = re.compile(r"(--[a-z-]+) (?=\$([A-Z_]+)\b)")
_PLAIN = re.compile(r"[\w\s./:,;\"{}()\[\]@=+-]*")
_TAGS = "${TAGS[@]}"


def variables(target: Target) -> dict[str, str]:
    """Return the how-to's environment variables that the answers set, in its order."""
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
        for prefix, group in (("KEY_VAULT", answers.vault_group), ("IDENTITY", answers.identity_group)):
            if not same(group.name, answers.resource_group):
                values[f"{prefix}_RESOURCE_GROUP"] = group.name
            if not same(group.subscription, answers.subscription):
                values[f"{prefix}_SUBSCRIPTION_ID"] = group.subscription
        if own.create_through == "resource-manager":
            values["KEY_BODY"] = _as_json(key_body(target))
        elif own.key.rotate_every:
            values["ROTATION_POLICY"] = _as_json(rotation_policy(own.key.rotate_every))
    new = answers.cluster.create
    if new is not False:
        if new.kubernetes_version:
            values["KUBERNETES_VERSION"] = new.kubernetes_version
        if new.node_vm_size:
            values["NODE_VM_SIZE"] = new.node_vm_size
    if answers.tags:
        values["TAGS_JSON"] = _as_json(answers.tags)
    return values


def declared(target: Target, body: str, always: tuple[str, ...] = ()) -> list[str]:
    """Return the lines that set the variables that a script's body uses, and those that are always set."""
    lines: list[str] = []
    for name, value in variables(target).items():
        if name in always or re.search(rf"\${name}\b", body):
            lines += [*_shellcheck_directive(value), f"export {name}={shlex.quote(value)}"]
    if _TAGS in body:  # an array, which cannot be exported
        lines += [
            *_shellcheck_directive("".join(tags.words(target.answers.tags))),
            f"TAGS=({_words(target)})",
        ]
    return lines


def _shellcheck_directive(value: str) -> tuple[str, ...]:
    """Return the directive that stops shellcheck from reporting a text that looks like shell (`$`, backticks, quotes)."""
    return () if _PLAIN.fullmatch(value) else ("# shellcheck disable=SC1003,SC1112,SC2016",)


def quoted(command: str, target: Target) -> str:
    """Return a command with quoted variables; an export is separated from its assignment (shellcheck SC2155)."""
    match = re.fullmatch(r"export ([A-Z_]+)=(\$\(.*\))", command, re.DOTALL)
    text = _PART.sub(
        lambda part: f'"${part["bare"]}"' if part["bare"] else part.group(),
        _joined(match.group(2) if match else command, variables(target)),
    )
    return f"{match.group(1)}={text}\nexport {match.group(1)}" if match else text


def spelled_out(command: str, target: Target) -> str:
    """Return a command with every known variable replaced by its value, quoted for a shell."""
    known = variables(target)
    if target.answers.customer_managed is not None:
        known |= {
            "KEY_VAULT_RESOURCE_ID": target.vault_id,
            "KEY_ID_NO_VERSION": target.key_id,
            "IDENTITY_RESOURCE_ID": target.identity_id,
        }

    def value(part: re.Match[str]) -> str:
        text = part["quoted"] if part["bare"] is None else f"${part['bare']}"
        if text == _TAGS:
            return _words(target)
        names = re.findall(r"\$([A-Z_]+)", text or "")
        if not names or not all(name in known for name in names):
            return part.group()
        return shlex.quote(re.sub(r"\$([A-Z_]+)", lambda name: known[name.group(1)], text))

    return _PART.sub(value, _joined(command, known))


def _joined(command: str, values: dict[str, str]) -> str:
    """Return `--name=$KEY_NAME` for a value that starts with a hyphen, which the Azure CLI would parse as an option."""

    def option(match: re.Match[str]) -> str:
        return f"{match[1]}=" if values.get(match[2], "").startswith("-") else match.group()

    return _OPTION.sub(option, command)


def _words(target: Target) -> str:
    return " ".join(shlex.quote(word) for word in tags.words(target.answers.tags))


def _as_json(body: Json | dict[str, str]) -> str:
    """Return JSON without `=`: the Azure CLI may read what follows the first one as a file name (`=@name`)."""
    return json.dumps(body).replace("=", "\\u003d")

"""Bicep for a cluster's encryption: vault, key, identity and role assignments, and the cluster's part as a fragment to merge."""

import re
from collections.abc import Mapping
from typing import Any

from wizard.export.model import Setup
from wizard.export.template import Resource, Template, fragment, notes, templates
from wizard.system.sanitize import one_line

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def bicep(setup: Setup) -> dict[str, str]:
    """Return the files, by name: a module for each resource group, and the cluster's fragment."""
    files = {}
    for number, template in enumerate(templates(setup)):
        files["aks-kms.bicep" if not number else "aks-kms-identity.bicep"] = _module(setup, template)
    return {**files, "aks-kms-cluster.fragment.bicep": _fragment(setup)}


def quoted(text: str) -> str:
    """Return a string literal that means exactly this text."""
    text = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return "'" + re.sub(r"[\x00-\x1f\x7f]", lambda c: f"\\u{{{ord(c[0]):x}}}", text) + "'"


def value(it: Any, indent: int = 0) -> str:
    """Return a JSON value as Bicep writes it."""
    pad = "  " * indent
    match it:
        case None:
            return "null"
        case bool():
            return "true" if it else "false"
        case int():
            return str(it)
        case str():
            return quoted(it)
        case Mapping():
            if not it:
                return "{}"
            lines = [f"{pad}  {_key(name)}: {value(one, indent + 1)}" for name, one in it.items()]
            return "\n".join(["{", *lines, f"{pad}}}"])
        case _:
            if not it:
                return "[]"
            return "\n".join(["[", *(f"{pad}  {value(one, indent + 1)}" for one in it), f"{pad}]"])


def _module(setup: Setup, template: Template) -> str:
    deploy = f"az deployment group create --subscription {template.group.subscription} --resource-group {template.group.name}"
    head = [
        *notes(setup),
        f"Deploy to the resource group {template.group.name} ({deploy} --mode Incremental).",
    ]
    parts = ["\n".join(f"// {one_line(sentence)}" for sentence in head), "targetScope = 'resourceGroup'"]
    return "\n\n".join([*parts, *(_resource(each) for each in template.resources)]) + "\n"


def _resource(it: Resource) -> str:
    lines = [f"resource {it.symbol} '{it.type}@{it.api}' = {{"]
    lines += [f"  parent: {it.parent}"] if it.parent else []
    lines += [f"  name: {quoted(it.name)}"]
    lines += [f"  scope: {it.scope}"] if it.scope else []
    lines += [f"  {_key(name)}: {value(one, 1)}" for name, one in it.body.items()]
    return "\n".join([*lines, "}"])


def _fragment(setup: Setup) -> str:
    """An object literal, so that Bicep's own parser reads it: `var` holds it, and its content is what is merged."""
    head = "\n".join(f"// {one_line(sentence)}" for sentence in notes(setup)[:4])
    return f"{head}\n\nvar mergeIntoManagedCluster = {value(fragment(setup))}\n"


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else quoted(name)

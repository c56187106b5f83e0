"""ARM JSON for a cluster's encryption: templates to deploy, and the cluster's part as a fragment to merge."""

import json
from typing import Any

from wizard.cloud.arm import Json
from wizard.export.model import Setup
from wizard.export.template import Resource, Template, fragment, notes, templates

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def arm(setup: Setup) -> dict[str, str]:
    """Return the files, by name: a template for each resource group, and the cluster's fragment."""
    files = {}
    for number, template in enumerate(templates(setup)):
        files["aks-kms.json" if not number else "aks-kms-identity.json"] = _text(_template(setup, template))
    return {**files, "aks-kms-cluster.fragment.json": _text(_escaped(fragment(setup)))}


def _text(body: Json) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _template(setup: Setup, template: Template) -> Json:
    by_symbol = {each.symbol: each for each in template.resources}
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"description": _escaped(" ".join(notes(setup)))},
        "resources": [_resource(each, by_symbol) for each in template.resources],
    }


def _resource(it: Resource, by_symbol: dict[str, Resource]) -> Json:
    body: Json = {"type": it.type, "apiVersion": it.api, "name": _escaped(_name(it, by_symbol))}
    if it.scope:
        body["scope"] = _path(by_symbol[it.scope], by_symbol)
    above = it.parent or it.scope
    if above:
        body["dependsOn"] = [_resource_id(by_symbol[above], by_symbol)]
    return {**body, **_escaped(it.body)}


def _name(it: Resource, by_symbol: dict[str, Resource]) -> str:
    return f"{by_symbol[it.parent].name}/{it.name}" if it.parent else it.name


def _path(it: Resource, by_symbol: dict[str, Resource]) -> str:
    """The resource as `scope` names it: type and name in turn, from the resource group on."""
    if it.parent:
        return f"{_path(by_symbol[it.parent], by_symbol)}/{it.type.rpartition('/')[2]}/{it.name}"
    return f"{it.type}/{it.name}"


def _resource_id(it: Resource, by_symbol: dict[str, Resource]) -> str:
    names = ", ".join(f"'{name}'" for name in _name(it, by_symbol).split("/"))
    return f"[resourceId('{it.type}', {names})]"


def _escaped(it: Any) -> Any:
    """The same with every string that begins like an expression made text: `[` becomes `[[`."""
    match it:
        case str():
            return f"[{it}" if it.startswith("[") else it
        case dict():
            return {_escaped(name): _escaped(one) for name, one in it.items()}
        case list():
            return [_escaped(one) for one in it]
        case _:
            return it

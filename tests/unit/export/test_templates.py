"""The Bicep and ARM exports: parsed, and compared with each other through one model."""

import json
from typing import Any

import pytest
import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.unit.export.setups import (
    ELSEWHERE,
    GOLDEN,
    HOSTILE,
    HOSTILE_TEXT,
    KEY_ID,
    LEGACY,
    POLICIES,
    PRIVATE,
    SETUPS,
)
from tests.unit.reports.golden import holds
from wizard.cloud.arm import Json
from wizard.export.arm_template import arm
from wizard.export.bicep import bicep
from wizard.export.template import fragment, templates

PARSER = Parser(Language(tree_sitter_bicep.language()))
BROKEN = {
    "unclosed": "resource a 'b@1' = {\n",
    "no value": "resource a 'b@1' = {\n  name:\n}\n",
    "quote": "var a = 'b\n",
    "equals": "var a == 'b'\n",
    "no name": "resource 'b@1' = {\n}\n",
}


def tree(text: str) -> Node:
    return PARSER.parse(text.encode()).root_node


def errors(node: Node) -> list[str]:
    """What the grammar does not know, and what it misses."""
    own = [str(node)] if node.is_error or node.is_missing else []
    return own + [found for child in node.children for found in errors(child)]


def literal(node: Node) -> Any:
    """The value of an expression made of literals, as JSON has it."""
    match node.type:
        case "object":
            return {
                key: value for child in node.named_children if (pair := entry(child)) for key, value in [pair]
            }
        case "array":
            return [literal(child) for child in node.named_children]
        case "string":
            return string(node)
        case "number":
            return int(text_of(node))
        case "boolean":
            return text_of(node) == "true"
        case "null":
            return None
    return text_of(node)


def entry(node: Node) -> tuple[str, Any] | None:
    if node.type != "object_property":
        return None
    key, value = node.named_children[0], node.named_children[-1]
    return string(key) if key.type == "string" else text_of(key), literal(value)


def string(node: Node) -> str:
    """What a string literal means; an interpolation in it fails the test."""
    raw, said = text_of(node)[1:-1], ""
    assert "interpolation" not in {child.type for child in node.named_children}, raw
    place = 0
    while place < len(raw):
        if raw[place] != "\\":
            said, place = said + raw[place], place + 1
        elif raw[place + 1] == "u":
            end = raw.index("}", place)
            said, place = said + chr(int(raw[place + 3 : end], 16)), end + 1
        else:
            said, place = said + raw[place + 1], place + 2
    return said


def text_of(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def declared(text: str) -> dict[str, Json]:
    """Every resource of a module by its symbol."""
    found = {}
    for child in tree(text).named_children:
        if child.type == "resource_declaration":
            symbol, type_ = text_of(child.named_children[0]), string(child.named_children[1])
            found[symbol] = {"type": type_, **literal(child.named_children[-1])}
    return found


@pytest.mark.parametrize("name", SETUPS)
def test_every_bicep_file_is_parsed(name: str) -> None:
    for file, text in bicep(SETUPS[name]).items():
        assert errors(tree(text)) == [], file
        holds(f"{name}-{file}", text, GOLDEN)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_bicep_is_refused_by_the_parser(name: str) -> None:
    assert errors(tree(BROKEN[name]))


@pytest.mark.parametrize("name", SETUPS)
def test_bicep_and_arm_say_the_same(name: str) -> None:
    setup = SETUPS[name]
    modules, files = bicep(setup), arm(setup)
    for number, template in enumerate(templates(setup)):
        stem = "aks-kms-identity" if number else "aks-kms"
        told = declared(modules[f"{stem}.bicep"])
        written = json.loads(files[f"{stem}.json"])["resources"]
        assert len(told) == len(written) == len(template.resources)
        for resource, body in zip(template.resources, written, strict=True):
            one = told[resource.symbol]
            assert one["type"] == f"{body['type']}@{body['apiVersion']}" == f"{resource.type}@{resource.api}"
            assert one["name"] == resource.name
            assert body["name"].split("/")[-1] == resource.name
            assert {key: one[key] for key in resource.body} == resource.body
            assert {key: unescaped(body[key]) for key in resource.body} == resource.body


@pytest.mark.parametrize("name", SETUPS)
def test_the_fragment_is_the_same_in_both(name: str) -> None:
    setup = SETUPS[name]
    (variable,) = (
        child
        for child in tree(bicep(setup)["aks-kms-cluster.fragment.bicep"]).named_children
        if child.type == "variable_declaration"
    )
    assert literal(variable.named_children[-1]) == fragment(setup)
    assert unescaped(json.loads(arm(setup)["aks-kms-cluster.fragment.json"])) == fragment(setup)


def unescaped(it: Any) -> Any:
    """What Resource Manager reads: `[[` is `[`; an expression fails the test."""
    match it:
        case str() if it.startswith("["):
            assert it.startswith("[["), it
            return it[1:]
        case dict():
            return {unescaped(key): unescaped(value) for key, value in it.items()}
        case list():
            return [unescaped(one) for one in it]
    return it


def test_the_fragment_names_no_key_version_but_that_of_legacy_kms() -> None:
    assert fragment(PRIVATE)["properties"]["securityProfile"]["azureKeyVaultKms"]["keyId"] == KEY_ID
    assert fragment(LEGACY)["properties"]["securityProfile"]["azureKeyVaultKms"]["keyId"] != KEY_ID
    assert (
        "kubernetesResourceObjectEncryptionProfile" not in fragment(LEGACY)["properties"]["securityProfile"]
    )


def test_an_identity_of_another_group_has_a_template_of_its_own() -> None:
    assert [str(each.group) for each in templates(ELSEWHERE)] == [
        "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-keys",
        "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo",
    ]
    assert set(arm(ELSEWHERE)) == {"aks-kms.json", "aks-kms-identity.json", "aks-kms-cluster.fragment.json"}


def test_all_access_policies_are_named_because_a_deployment_replaces_them() -> None:
    told = declared(bicep(POLICIES)["aks-kms.bicep"])["vault"]["properties"]
    assert len(told["accessPolicies"]) == 2
    assert told["enableRbacAuthorization"] is False


def test_the_network_rules_are_always_named() -> None:
    told = declared(bicep(PRIVATE)["aks-kms.bicep"])["vault"]["properties"]
    assert told["networkAcls"]["defaultAction"] == "Deny"
    assert told["publicNetworkAccess"] == "Enabled"


def test_hostile_names_stay_text() -> None:
    written = json.loads(arm(HOSTILE)["aks-kms.json"])
    (vault,) = (each for each in written["resources"] if each["type"] == "Microsoft.KeyVault/vaults")
    assert vault["tags"]["[[concat('x')]"] == "[[parameters('y')]"
    assert unescaped(vault["tags"])[HOSTILE_TEXT] == HOSTILE_TEXT
    assert declared(bicep(HOSTILE)["aks-kms.bicep"])["vault"]["tags"][HOSTILE_TEXT] == HOSTILE_TEXT

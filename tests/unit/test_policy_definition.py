"""The policy definition in the documents: which clusters it counts as compliant, and that it is one by Microsoft's schema.

It was validated with https://schema.management.azure.com/schemas/2020-10-01/policyDefinition.json (Azure/azure-resource-manager-schemas
at a1454431). The tests hold the parts of that schema that it uses.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.facts import CUSTOMER_MANAGED, LEGACY, PLATFORM_MANAGED, cluster
from wizard.cloud.arm import Json, dig

FILE = Path(__file__).parents[2] / "docs" / "azure-policy-either-key.json"
DEFINITION = json.loads(FILE.read_text("utf-8"))["properties"]
TYPE = "Microsoft.ContainerService/managedClusters"
TEXT = {"type": "string"}
CONDITION = {
    "type": "object",
    "properties": {"field": TEXT, "equals": {"type": ["number", "string"]}, "notEquals": {"type": ["number", "string"]}},
    "required": ["field"],
    "additionalProperties": False,
    "oneOf": [{"required": ["equals"]}, {"required": ["notEquals"]}],
}  # fmt: skip
RULE = {
    "type": "object",
    "properties": {
        "if": {"type": "object", "properties": {"allOf": {"type": "array", "minItems": 1, "items": CONDITION}}, "required": ["allOf"], "additionalProperties": False},
        "then": {"type": "object", "properties": {"effect": {"type": "string", "pattern": r"^\[([^\[].*)?\]$"}}, "required": ["effect"], "additionalProperties": False},
    },
    "required": ["if", "then"],
    "additionalProperties": False,
}  # fmt: skip


def flagged(body: Json) -> bool:
    """Return whether the rule applies to a cluster, by Azure Policy's comparison: any letter case, and a missing value equals nothing."""

    def meets(condition: dict[str, Any]) -> bool:
        path = condition["field"].removeprefix(f"{TYPE}/").split(".")
        found = TYPE if path == ["type"] else dig(body, "properties", *path)
        text = "" if found is None else json.dumps(found).strip('"').casefold()
        wanted = condition.get("equals", condition.get("notEquals", "")).casefold()
        return bool((text == wanted) == ("equals" in condition))

    return all(meets(each) for each in DEFINITION["policyRule"]["if"]["allOf"])


def test_it_is_a_policy_rule_by_the_parts_of_the_schema_that_it_uses() -> None:
    jsonschema.validate(DEFINITION["policyRule"], RULE)
    effect = DEFINITION["parameters"]["effect"]
    assert effect["defaultValue"] in effect["allowedValues"]
    assert set(effect["allowedValues"]) <= {"audit", "deny", "disabled"}, "as the schema writes them"
    broken = json.loads(json.dumps(DEFINITION["policyRule"]))
    broken["if"]["allOf"][1]["notEquals"] = True  # what the built-in definition has, and the schema refuses
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, RULE)


def test_both_keys_and_legacy_kms_are_compliant() -> None:
    assert flagged(cluster({}))
    assert flagged(cluster({"azureKeyVaultKms": {"enabled": False}}))
    for profile in (PLATFORM_MANAGED, CUSTOMER_MANAGED, LEGACY):
        assert not flagged(cluster(profile))
